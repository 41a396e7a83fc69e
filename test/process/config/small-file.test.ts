/** Whatever a setting's path leads to: its text, or words that say what is there, in little time and memory. */
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, openSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readSmallFile } from '../../../src/config/small-file.ts';
import { makeFolder } from '../../support/end-of-file.ts';

const dir = makeFolder('recital-small-file-');
const MAX_BYTES = 1_000;
const PIPE_DUE_MS = 300;

function read(path: string): string {
  return readSmallFile(path, MAX_BYTES, PIPE_DUE_MS);
}

function fileOf(name: string, content: string | Buffer): string {
  const path = join(dir, name);
  writeFileSync(path, content);
  return path;
}

function pipeOf(name: string): string {
  const path = join(dir, name);
  execFileSync('mkfifo', [path]);
  return path;
}

test.each([
  ['an empty file', ''],
  ['a file up to the bound', 'x'.repeat(MAX_BYTES)],
  ['text in any alphabet, with a byte order mark', '\ufeffключ: значение\r\n'],
])('%s is its text', (name, content) => {
  expect(read(fileOf(name, content))).toBe(content);
});

test('a link to a file, as a mounted secret is one, and a file of the system without a size are their texts', () => {
  symlinkSync(fileOf('secret', 'sk-1'), join(dir, 'link'));
  expect(read(join(dir, 'link'))).toBe('sk-1');
  expect(read('/proc/self/comm')).toMatch(/^\S+\n$/);
  expect(read('/dev/null')).toBe('');
});

test.each([
  ['/dev/zero', 'it has more bytes, but may have at most 1000'],
  ['/dev/urandom', 'it has more bytes, but may have at most 1000'],
  ['/proc/self/status', 'it has more bytes, but may have at most 1000'],
])('%s takes no more than the bound', (path, words) => {
  expect(() => read(path)).toThrow(words);
});

test('what is too large is told with its size, and not read', () => {
  const path = fileOf('film', 'x');
  truncateSync(path, 50_000_000_000);
  expect(() => read(path)).toThrow('it has 50000000000 bytes, but may have at most 1000');
});

test.each([
  [
    'a byte more than may be',
    () => fileOf('more', 'x'.repeat(MAX_BYTES + 1)),
    'it has 1001 bytes, but may have at most 1000',
  ],
  ['a folder', () => makeFolder('recital-folder-'), 'it is a folder, not a file'],
  ['a program', () => fileOf('program', Buffer.from('\x7fELF\0\0')), 'it is no text: there are zero bytes in it'],
  ['UTF-16', () => fileOf('wide', Buffer.from('\ufeffA: 1', 'utf16le')), 'it is no text: there are zero bytes in it'],
  ['Latin-1', () => fileOf('latin', Buffer.from('na\xefve', 'latin1')), 'it is no UTF-8 text'],
  ['nothing', () => join(dir, 'nowhere'), 'ENOENT'],
])('%s is told in words', (_, make, words) => {
  expect(() => read(make())).toThrow(words);
});

test('a pipe that nobody writes to is given up', () => {
  const startedAtMs = performance.now();
  expect(read(pipeOf('silent'))).toBe('');
  expect(performance.now() - startedAtMs).toBeLessThan(10 * PIPE_DUE_MS);
});

test('a pipe whose writer does not finish is given up, and told', () => {
  const path = pipeOf('unfinished');
  const writer = openSync(path, 'r+');
  try {
    expect(() => read(path)).toThrow('its other end has not finished within 0.3s');
  } finally {
    closeSync(writer);
  }
});

test('a pipe is read to its end, however slowly it comes', () => {
  const path = pipeOf('slow');
  const writer = spawn('sh', ['-c', `exec >"$0"; printf one; sleep 0.1; printf two`, path]);
  expect(readSmallFile(path, MAX_BYTES, 20_000)).toBe('onetwo');
  writer.unref();
});

test('<(…) of a shell is a pipe, too', () => {
  const code = `import { readSmallFile } from '${new URL('../../../dist/config/small-file.js', import.meta.url).href}';
    process.stdout.write(readSmallFile(process.argv[1], 1000));`;
  const command = `exec "$0" --input-type=module -e "$1" <(printf 'A: 1')`;
  expect(execFileSync('bash', ['-c', command, process.execPath, code], { encoding: 'utf8' })).toBe('A: 1');
});
