/** CONTRACT §2, "Configuration": where settings come from, and how a faulty one is told. */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { makeFolder } from '../../support/end-of-file.ts';
import { startServer } from '../../support/server.ts';

const cli = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url));
const dir = makeFolder('recital-config-');
const file = (name: string, content: string): string => {
  writeFileSync(join(dir, name), content);
  return join(dir, name);
};
const scenario = { answers: [{ when: '', steps: [{ echo: true }] }] };

type Env = Readonly<Record<string, string>>;

/** Runs a server that gives up by itself. */
function runFaulty(env: Env): Promise<{ code: number | null; stderr: string }> {
  const child = spawn(process.execPath, [cli, 'serve'], {
    env: { PATH: process.env.PATH, GRPC_PORT: '0', HTTP_PORT: '0', DATA_DIR: join(dir, 'data'), ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stderr })));
}

describe('a fault: exit code 2', () => {
  const scripted = { ANSWER_ENGINE: 'scripted', SPEECH_ENGINE: 'scripted' };
  test.concurrent.each<[string, Env, readonly string[]]>([
    [
      'Every fault is reported at once',
      { GRPC_PORT: 'many', BACKPRESSURE_MAX_STREAMS: '-1', SPEECH_FAILURE: 'maybe', COMMANDS: 'open_app,fly' },
      ['GRPC_PORT', 'BACKPRESSURE_MAX_STREAMS', 'SPEECH_FAILURE', 'fly'],
    ],
    ['Unknown keys are refused in the file', { CONFIG_FILE: file('unknown.yaml', 'GRPC_PROT: 1\n') }, ['GRPC_PROT']],
    ['[a file that is not there]', { CONFIG_FILE: join(dir, 'nowhere.yaml') }, ['nowhere.yaml']],
    ['SCENARIO_FILE … missing', scripted, ['SCENARIO_FILE']],
    ['SCENARIO_FILE … missing [on disk]', { ...scripted, SCENARIO_FILE: join(dir, 'none.json') }, ['none.json']],
    [
      'SCENARIO_FILE … faulty',
      { ...scripted, SCENARIO_FILE: file('faulty.json', '{"answers": [{"when": "(", "steps": [{"shout": 1}]}]}') },
      ['answers[0].when', 'answers[0].steps[0]'],
    ],
  ])('%s', async (_, env, named) => {
    const { code, stderr } = await runFaulty(env);
    expect(code).toBe(2);
    for (const name of named) expect(stderr).toContain(name);
  });
});

describe('what is good', () => {
  test.concurrent.each<[string, Env, object]>([
    [
      'the same keys in a YAML file named by `CONFIG_FILE`',
      { CONFIG_FILE: file('seven.yaml', 'BACKPRESSURE_MAX_STREAMS: 7\n') },
      { max_streams: 7 },
    ],
    [
      'the environment wins',
      { CONFIG_FILE: file('eight.yaml', 'BACKPRESSURE_MAX_STREAMS: 8\n'), BACKPRESSURE_MAX_STREAMS: '9' },
      { max_streams: 9 },
    ],
    ['an empty value counts as not set', { BACKPRESSURE_MAX_STREAMS: '', COMMANDS: '' }, { max_streams: 50 }],
    ['in the environment only the names above … are read', { GRPC_PROT: 'x', STREAMS: '3' }, { max_streams: 50 }],
    [
      'Durations are seconds and may be fractions',
      { BACKPRESSURE_IDLE_TIMEOUT: '0.25', SPEECH_TIMEOUT: '1.5' },
      { state: 'ready', health: 'ok' },
    ],
  ])('%s', async (_, env, expected) => {
    const server = await startServer({ scenario, env });
    expect(await server.status()).toMatchObject(expected);
    await server.stop();
  });
});
