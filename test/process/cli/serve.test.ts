/** `recital serve` as a process: its configuration faults, its ready line and its exit codes. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { binPath, runBin, startBin } from '../../support/run-bin.ts';
import { runCli } from '../../support/run-cli.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'recital-serve-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

test('every fault of the configuration is printed on stderr, nothing is started, and the exit code is 2', async () => {
  const file = join(folder, 'faulty.yaml');
  writeFileSync(file, 'HTTP_PORT: 70000\nGRPC_PRT: 1\n');
  const env = { CONFIG_FILE: file, GRPC_PORT: 'x', ANSWER_ENGINE: 'scripted' };
  expect(await runBin(['serve'], { env, cwd: folder })).toEqual({
    exitCode: 2,
    signal: null,
    stdout: '',
    stderr: [
      'The configuration has 4 faults:',
      `  "GRPC_PRT" (${file} line 2) is not a setting`,
      '  GRPC_PORT "x" (environment) must be a whole number from 0 to 65535',
      `  HTTP_PORT "70000" (${file} line 1) must be a whole number from 0 to 65535`,
      '  ANSWER_ENGINE "scripted" (environment) needs SCENARIO_FILE, which is not set',
      '',
    ].join('\n'),
  });
});

test.each([
  ['silent', 'SIGTERM'],
  ['info', 'SIGINT'],
] as const)(
  'at LOG_LEVEL=%s the ready line names the ports that ask can use, and %s ends with exit code 0',
  async (level, signal) => {
    const scenario = join(folder, 'scenario.json');
    writeFileSync(scenario, JSON.stringify({ answers: [{ when: '', steps: [{ echo: true }] }] }));
    const env = {
      GRPC_PORT: '0',
      HTTP_PORT: '0',
      ANSWER_ENGINE: 'scripted',
      SPEECH_ENGINE: 'scripted',
      SCENARIO_FILE: scenario,
      DATA_DIR: join(folder, level),
      LOG_LEVEL: level,
    };
    const server = startBin(['serve'], { env, cwd: folder });
    await server.printed('"decision":"ready"');
    const ports = /"decision":"ready","ctx":\{"grpc_port":(\d+),"http_port":(\d+)/.exec(server.stdoutSoFar());
    const [, grpcPort, httpPort] = ports ?? [];
    const answer = await runCli(['ask', 'Hello there.', '--server', `127.0.0.1:${grpcPort}`]);
    expect(answer).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^Hello there\.\nsound: /), stderr: '' });
    expect((await fetch(`http://127.0.0.1:${httpPort}/ready`)).status).toBe(200);
    server.child.kill(signal);
    expect(await server.result).toMatchObject({ exitCode: 0, signal: null, stderr: '' });
  },
);

test('what a build makes can be run by itself, as npx does', () => {
  expect(statSync(binPath).mode & 0o111).toBe(0o111);
});

test('SIGTERM to npm start reaches the server: it drains, and nobody stays behind', async () => {
  const child = spawn('npm', ['start', '--silent'], {
    cwd: root,
    env: { PATH: process.env.PATH, GRPC_PORT: '0', HTTP_PORT: '0', DATA_DIR: join(folder, 'npm') },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let stdout = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  const ended = new Promise<void>((resolve) => child.stdout.once('close', resolve));
  await eventually(
    () => stdout,
    (text) => text.includes('"decision":"ready"'),
    // It may have to be built first.
    60_000,
  );
  child.kill('SIGTERM');
  // Whoever lives holds the pipe open.
  await ended;
  const decisions = [...stdout.matchAll(/"decision":"(ready|drain|stopped)"/g)].map(([, decision]) => decision);
  expect(decisions).toEqual(['ready', 'drain', 'stopped']);
});
