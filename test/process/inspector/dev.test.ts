/** npm run dev, as a person starts and stops it: the address is there, taken ports are replaced and said, Ctrl-C ends at once. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { settingNames } from '../../../src/config/settings-table.ts';
import { connect, start } from '../../support/client.ts';

const dir = mkdtempSync(join(tmpdir(), 'recital-dev-'));
const holder = createServer();
beforeAll(async () => {
  // Somebody else may hold it already: it is taken all the same.
  await new Promise((resolve) => holder.once('error', resolve).listen(8080, '127.0.0.1', () => resolve(null)));
});
afterAll(() => {
  holder.close();
  rmSync(dir, { recursive: true, force: true });
});

function startDev(settings: Readonly<Record<string, string>>) {
  const others = Object.entries(process.env).filter(([name]) => !settingNames.some((setting) => setting === name));
  const child = spawn(process.execPath, [join('scripts', 'dev.mjs')], {
    env: { ...Object.fromEntries(others), DATA_DIR: dir, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  let said = '';
  const isReady = new Promise<void>((resolve) => {
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk;
      if (said.includes('Ctrl-C')) resolve();
    });
  });
  return { child, exited, stdout: text(child.stdout), said: () => said, ready: Promise.race([isReady, exited]) };
}

test('it serves with the inspector on, says where, and a running stream does not keep it from ending', async () => {
  const dev = startDev({});
  await dev.ready;
  const [, http, port, token] = /(http:\/\/127\.0\.0\.1:(\d+))\/inspect\/#token=([\w-]{22})/.exec(dev.said()) ?? [];
  expect(port).not.toBe('8080');
  expect(dev.said()).toContain(`Port 8080 is taken: HTTP is at ${port}.`);
  expect((await fetch(`${http}/inspect/`)).status).toBe(200);
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const tried = await fetch(`${http}/inspect/api/try`, {
    method: 'POST',
    headers,
    body: '{"prompt":"What time is it?"}',
  });
  expect(await tried.text()).toContain('"kind":"status","code":"OK"');
  const client = connect(Number(/--server 127\.0\.0\.1:(\d+)/.exec(dev.said())?.[1]));
  const running = start(client, { prompt: 'What can you do?' });
  // Its sound is never read to the end.
  running.call.pause();
  await new Promise((resolve) => running.call.once('metadata', resolve));
  const stoppedAt = performance.now();
  // One Ctrl-C comes from the terminal and, once more, from npm.
  dev.child.kill('SIGINT');
  dev.child.kill('SIGTERM');
  expect(await dev.exited).toBe(0);
  expect(performance.now() - stoppedAt).toBeLessThan(10_000);
  running.call.cancel();
  client.close();
  // What the inspector shows is not told here as well.
  expect(await dev.stdout).toBe('');
});

test('a port that was asked for is not replaced, and a fault is told in words', async () => {
  const dev = startDev({ HTTP_PORT: '8080' });
  expect(await dev.exited).toBe(1);
  expect(dev.said()).toContain('cannot listen on 127.0.0.1:8080');
  const faulty = startDev({ LOG_LEVEL: 'loud' });
  expect(await faulty.exited).toBe(2);
  expect(faulty.said()).toContain('LOG_LEVEL "loud" (environment) must be one of');
});
