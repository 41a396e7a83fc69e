import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { ask, connect } from '../../support/client.ts';

const cli = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url));
/** About 1 KB of log lines each: several times what a pipe and its reader's buffer hold. */
const CALLS = 400;

test('a server whose log nobody reads goes on serving, and stops when it is told to', { timeout: 60_000 }, async () => {
  const dir = mkdtempSync(join(tmpdir(), 'recital-test-'));
  const scenario = join(dir, 'scenario.json');
  writeFileSync(scenario, JSON.stringify({ answers: [{ when: '', steps: [{ say: 'A short answer.' }] }] }));
  const server = spawn(process.execPath, [cli, 'serve'], {
    env: {
      PATH: process.env.PATH,
      GRPC_PORT: '0',
      HTTP_PORT: '0',
      ANSWER_ENGINE: 'scripted',
      SPEECH_ENGINE: 'scripted',
      SCENARIO_FILE: scenario,
      DATA_DIR: dir,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise<number | null>((resolve) => server.once('exit', resolve));
  try {
    const ready = await new Promise<string>((resolve) => server.stdout.once('data', (text) => resolve(String(text))));
    server.stdout.pause();
    const client = connect(JSON.parse(ready).ctx.grpc_port);
    for (let call = 0; call < CALLS; call += 1) {
      const { code } = await ask(client, { prompt: 'go' }, { deadlineMs: 5_000 });
      expect(code, `call ${call}`).toBe('OK');
    }
    client.close();
    server.kill('SIGTERM');
    expect(await exited).toBe(0);
  } finally {
    server.kill('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  }
});
