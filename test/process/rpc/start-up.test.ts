/** Start-up: a ready line one can rely on, or an exit code and a text that says what is wrong. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, connect } from '../../support/client.ts';
import { startServer } from '../../support/server.ts';
import { checkHealth, createHealthClient } from './health-client.ts';
import { expectGoodEnd } from './outcomes.ts';

const cli = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url));
const scenario = {
  answers: [
    { when: '', steps: [{ say: 'Opening.' }, { command: { command: 'open_app', args: { app_name: 'Safari' } } }] },
  ],
  speech: { chunks_per_sentence: 1 },
};

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a server that is expected to give up by itself. */
function runToEnd(env: Readonly<Record<string, string>>): Promise<Ended> {
  const child = spawn(process.execPath, [cli, 'serve'], {
    env: { PATH: process.env.PATH, GRPC_PORT: '0', HTTP_PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })));
}

describe('the ready line', () => {
  test('comes at LOG_LEVEL=silent, alone, with the ports that were bound', async () => {
    const server = await startServer({ scenario, env: { LOG_LEVEL: 'silent' } });
    expect(server.logs).toHaveLength(1);
    expect(server.logs[0]).toMatchObject({ scope: 'server', method: 'serve', decision: 'ready' });
    expect(server.grpcPort).toBeGreaterThan(0);
    const client = connect(server.grpcPort);
    expectGoodEnd(await ask(client, { prompt: 'hi' }));
    client.close();
    expect(await server.stop()).toBe(0);
    expect(server.logs).toHaveLength(1);
  });
});

describe('a port that is taken', () => {
  const holder = createServer();
  let port = 0;
  beforeAll(
    () =>
      new Promise<void>((resolve) => {
        holder.listen(0, '127.0.0.1', () => {
          const address = holder.address();
          port = typeof address === 'object' && address !== null ? address.port : 0;
          resolve();
        });
      }),
  );
  afterAll(() => holder.close());

  test.each(['GRPC', 'HTTP'])('of %s: exit code 1, and the text names the setting and the port', async (name) => {
    const { code, stdout } = await runToEnd({ [`${name}_PORT`]: String(port) });
    expect(code).toBe(1);
    expect(stdout).toContain(`${name}_PORT`);
    expect(stdout).toContain(`127.0.0.1:${port}`);
    expect(stdout).not.toContain('"decision":"ready"');
  });
});

describe('a fault in the configuration: exit code 2, nothing started, every fault named at once', () => {
  const dir = mkdtempSync(join(tmpdir(), 'recital-start-'));
  afterAll(() => rmSync(dir, { recursive: true }));
  const file = (name: string, content: string): string => {
    writeFileSync(join(dir, name), content);
    return join(dir, name);
  };

  test.each([
    {
      title: 'three bad values',
      env: { GRPC_PORT: 'seven', BACKPRESSURE_MAX_STREAMS: '0', IDENTITY_POLICY: 'odd' },
      named: ['GRPC_PORT', 'seven', 'BACKPRESSURE_MAX_STREAMS', 'IDENTITY_POLICY', 'odd', 'lenient, device, strict'],
    },
    { title: 'scripted engines without a scenario', env: { ANSWER_ENGINE: 'scripted' }, named: ['SCENARIO_FILE'] },
    {
      title: 'a scenario that is not there',
      env: { ANSWER_ENGINE: 'scripted', SCENARIO_FILE: join(dir, 'nowhere.json') },
      named: ['SCENARIO_FILE', 'nowhere.json'],
    },
    {
      title: 'a faulty scenario',
      env: {
        ANSWER_ENGINE: 'scripted',
        SCENARIO_FILE: file('faulty.json', '{"answers":[{"when":"(","steps":[{"shout":"x"}]}]}'),
      },
      named: ['SCENARIO_FILE', 'answers[0].when', 'answers[0].steps[0]'],
    },
    {
      title: 'an unknown key in the file',
      env: { CONFIG_FILE: file('unknown.yaml', 'GRPC_PROT: 1\n') },
      named: ['GRPC_PROT'],
    },
  ])('$title', async ({ env, named }) => {
    const { code, stdout, stderr } = await runToEnd(env);
    expect(code).toBe(2);
    for (const name of named) expect(stderr).toContain(name);
    expect(stdout).toBe('');
  });
});

describe('an engine that does not come up', () => {
  const key = 'sk-secret-4711-abcdef';
  const missing = `/nowhere/piper-${key}`;
  const voice = { SPEECH_ENGINE: 'command', SPEECH_COMMAND: missing, SPEECH_API_KEY: key };
  const reason = 'SPEECH_COMMAND: the program "/nowhere/piper-[secret]" is not there, or may not be run';

  test('is replaced by the embedded one, that engine alone, and every probe says which and why', async () => {
    const server = await startServer({ scenario, env: voice });
    const lastError = `speech engine "command" did not start, the embedded one is in its place: ${reason}`;
    const health = await fetch(`http://127.0.0.1:${server.httpPort}/health`);
    expect([health.status, await health.json()]).toEqual([
      200,
      { health: 'degraded', last_error: lastError, replaced: { speech: reason } },
    ]);
    expect(await server.status()).toMatchObject({
      state: 'ready',
      health: 'degraded',
      last_error: lastError,
      replaced: { speech: reason },
      answer_engine: 'scripted',
      speech_engine: 'embedded',
    });
    expect(server.logsOf('ready')).toMatchObject([
      {
        ctx: {
          health: 'degraded',
          replaced: { speech: reason },
          answer_engine: 'scripted',
          data_dir: server.dataDir,
          grpc_host: '127.0.0.1',
          version: expect.stringMatching(/^\d+\.\d+\.\d+/),
        },
      },
    ]);
    expect(server.logsOf('emergency_profile')).toMatchObject([{ level: 50, ctx: { replaced: { speech: reason } } }]);
    expect((await fetch(`http://127.0.0.1:${server.httpPort}/ready`)).status).toBe(200);
    const client = connect(server.grpcPort);
    const outcome = await ask(client, { prompt: 'hi' });
    client.close();
    expectGoodEnd(outcome);
    expect(outcome.text).toBe('Opening.');
    // A tone of the scenario would be one chunk.
    expect(outcome.audioBytes).toBeGreaterThan(4096);
    expect(JSON.stringify(server.logs)).not.toContain(key);
  });

  test('that may not be replaced (START_FAILURE=fail) ends the server with the reason', async () => {
    const { code, stdout, stderr } = await runToEnd({ ...voice, START_FAILURE: 'fail' });
    expect(code).toBe(1);
    expect(stderr).toBe(`Recital could not start: speech engine "command" did not start: ${reason}\n`);
    expect(stdout).not.toContain('"decision":"ready"');
  });

  test.each([
    ['a folder', '/tmp'],
    ['a file that may not be run', fileURLToPath(new URL('../../../package.json', import.meta.url))],
    ['a name that is in no folder of PATH', 'no-such-program-here --x'],
  ])('is also one whose program is %s', async (_, command) => {
    const env = { SPEECH_ENGINE: 'command', SPEECH_COMMAND: command, START_FAILURE: 'fail', LOG_LEVEL: 'silent' };
    const { code, stderr } = await runToEnd(env);
    expect(code).toBe(1);
    expect(stderr).toContain(`the program "${command.split(' ')[0]}" is not there, or may not be run`);
  });
});

describe('kill switches', () => {
  test('disable_module_coordinator: ready in the emergency profile, health degraded, loudly', async () => {
    const server = await startServer({ scenario, env: { KILL_SWITCHES: 'disable_module_coordinator' } });
    const status = await server.status();
    const reason = 'KILL_SWITCHES=disable_module_coordinator';
    expect(status).toMatchObject({
      state: 'ready',
      health: 'degraded',
      answer_engine: 'embedded',
      speech_engine: 'embedded',
      replaced: { answer: reason, speech: reason },
    });
    expect(status.last_error).toContain('disable_module_coordinator');
    expect(server.logsOf('emergency_profile')).toHaveLength(1);
    const [client, health] = [connect(server.grpcPort), createHealthClient(server.grpcPort)];
    const outcome = await ask(client, { prompt: 'What time is it?' });
    expectGoodEnd(outcome);
    expect(outcome.audioBytes).toBeGreaterThan(48_000);
    expect(await checkHealth(health, '')).toBe('SERVING');
    client.close();
    health.close();
  });

  test('disable_forward_assistant_actions: the command is dropped, the text still goes out', async () => {
    const server = await startServer({ scenario, env: { KILL_SWITCHES: 'disable_forward_assistant_actions' } });
    const client = connect(server.grpcPort);
    const outcome = await ask(client, { prompt: 'hi' });
    client.close();
    expectGoodEnd(outcome);
    expect(outcome.kinds).toEqual(['text_chunk', 'audio_chunk', 'end_message']);
    expect(outcome.text).toBe('Opening.');
    expect((await server.status()).commands_sent).toBe(0);
    expect(server.logsOf('dropped').map(({ scope, ctx }) => ({ scope, command: ctx?.command }))).toEqual([
      { scope: 'command', command: 'open_app' },
    ]);
  });
});
