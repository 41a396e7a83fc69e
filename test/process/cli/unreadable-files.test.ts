/** What can't be read never passes for what is not there: folders, files, pipes, sockets and devices of logs, and the store. */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openStore } from '../../../src/store/process/embedded-store.ts';
import { goodEvents, madeLog } from '../../support/replay/made-log.ts';
import { type BinOptions, runBin } from '../../support/run-bin.ts';
import { runCliIn } from '../../support/run-cli-in.ts';

const folder = mkdtempSync(join(tmpdir(), 'recital-unreadable-'));
const good = madeLog({ events: goodEvents });
let socket: Server;

beforeAll(async () => {
  for (const name of ['tree/open', 'tree/shut', 'file', 'odd']) mkdirSync(join(folder, name), { recursive: true });
  for (const name of ['tree/open/a', 'tree/shut/b', 'file/a', 'file/shut', 'odd/a']) {
    writeFileSync(join(folder, `${name}.jsonl`), good);
  }
  chmodSync(join(folder, 'tree/shut'), 0);
  chmodSync(join(folder, 'file/shut.jsonl'), 0);
  execFileSync('mkfifo', [join(folder, 'odd/pipe.jsonl')]);
  symlinkSync('/dev/zero', join(folder, 'odd/device.jsonl'));
  symlinkSync('pipe.jsonl', join(folder, 'odd/link.jsonl'));
  socket = createServer().listen(join(folder, 'odd/socket.jsonl'));
  await new Promise((resolve) => socket.once('listening', resolve));
});

afterAll(() => {
  socket.close();
  chmodSync(join(folder, 'tree/shut'), 0o755);
  rmSync(folder, { recursive: true, force: true });
});

const unprivileged: BinOptions = { cwd: folder, isUnprivileged: true };
const readers = [['replay'], ['replay', '--with', 'SESSION_TIMEOUT=20'], ['log', 'list'], ['log', 'stats']];

describe.each(readers)('%s %s %s', (...command) => {
  test('names a folder that may not be read, with what the system says, and looks at the rest', async () => {
    const { exitCode, stdout, stderr } = await runBin([...command, 'tree'], unprivileged);
    expect(stderr).toBe("error: tree/shut can't be read: EACCES: permission denied\n");
    expect(stdout).toMatch(/1 log|a\.jsonl/);
    expect(exitCode).toBe(2);
  });

  test('names a file that may not be read', async () => {
    const { exitCode, stdout, stderr } = await runBin([...command, 'file'], unprivileged);
    expect(stdout + stderr).toMatch(/shut\.jsonl.*bad log: EACCES: permission denied/);
    expect(exitCode).toBe(2);
  });

  test('waits for no pipe, socket or device, and says that it is one', async () => {
    const { exitCode, stdout, stderr } = await runCliIn(folder, [...command, 'odd']);
    for (const [name, kind] of [
      ['pipe', 'named pipe'],
      ['socket', 'socket'],
      ['device', 'device'],
    ]) {
      expect(stdout + stderr).toContain(`odd/${name}.jsonl: bad log: it is no regular file but a ${kind}`);
    }
    expect(exitCode).toBe(2);
  });
});

test('a pattern tells a folder that it could not look into', async () => {
  const { exitCode, stdout, stderr } = await runBin(['replay', 'tree/**/*.jsonl'], unprivileged);
  expect(stderr).toMatch(/^error: .*tree\/shut can't be read: EACCES: permission denied\n$/);
  expect(stdout).toContain('1 log: 1 identical');
  expect(exitCode).toBe(2);
});

test('a file in a folder that may not be entered is an error, and no pattern', async () => {
  const { exitCode, stderr } = await runBin(['log', 'show', 'tree/shut/b.jsonl'], unprivileged);
  expect(stderr).toContain('EACCES: permission denied');
  expect(exitCode).toBe(2);
});

test.each([['show'], ['to-test'], ['to-scenario']])('log %s of a pipe ends at once', async (command) => {
  const { exitCode, stderr } = await runCliIn(folder, [
    'log',
    command,
    'odd/pipe.jsonl',
    ...(command === 'to-test' ? ['--into', 'tests'] : []),
  ]);
  expect(stderr).toContain('odd/pipe.jsonl: bad log: it is no regular file but a named pipe');
  expect(exitCode).toBe(2);
});

describe('the store', () => {
  beforeAll(async () => {
    for (const name of ['shut-data', 'shut-store', 'shut-file']) await openStore(join(folder, name)).close();
    chmodSync(join(folder, 'shut-data'), 0);
    chmodSync(join(folder, 'shut-store/store'), 0);
    chmodSync(join(folder, 'shut-file/store/data.mdb'), 0);
  });
  afterAll(() => {
    for (const name of ['shut-data', 'shut-store/store']) chmodSync(join(folder, name), 0o700);
  });

  test.each([
    ['shut-data', 'EACCES: permission denied'],
    ['shut-store', 'EACCES: permission denied'],
    ['shut-file', 'EACCES: permission denied'],
  ])('in %s that may not be read is no empty one, for usage and forget', async (name, why) => {
    const options = { ...unprivileged, env: { DATA_DIR: name } };
    const usage = await runBin(['usage'], options);
    expect(usage).toMatchObject({ exitCode: 2, stdout: '' });
    expect(usage.stderr).toBe(`error: ${name}/store/data.mdb can't be read: ${why}\n`);
    const forget = await runBin(['forget', '--hardware', 'laptop-7'], options);
    expect(forget).toMatchObject({ exitCode: 2, stdout: '' });
    expect(forget.stderr).toBe(
      `error: Nothing was forgotten: ${name}/store/data.mdb can't be read and written: ${why}\n`,
    );
  });
});

// A file whose reading fails with an error of the device below it.
test.skipIf(!existsSync('/proc/self/mem'))('an error of the disk is told', async () => {
  const dir = join(folder, 'disk');
  mkdirSync(dir);
  symlinkSync('/proc/self/mem', join(dir, 'broken.jsonl'));
  const { exitCode, stdout } = await runCliIn(folder, ['replay', 'disk']);
  expect(stdout).toMatch(/broken\.jsonl: bad log: (EIO|EACCES): /);
  expect(exitCode).toBe(2);
});
