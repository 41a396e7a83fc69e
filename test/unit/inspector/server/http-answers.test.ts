/** Paths as the inspector's server reads them, and files from a line on. */
import { describe, expect, test } from 'vitest';
import { isApiPath, linesFrom, pathOf } from '../../../../src/inspector/server/http-answers.ts';

describe('a path that anybody could read as one below the API wants the token', () => {
  test.each([
    '/inspect/api/',
    '/inspect/api',
    '/inspect/api/feed',
    '/inspect/api/../../etc/passwd',
    '/inspect//api/feed',
    '//inspect/api/feed',
    '/inspect/./api/feed',
    '/x/../inspect/api/feed',
    '/inspect/%61pi/feed',
    '/inspect%2fapi%2ffeed',
    '/inspect/%2e/api/feed',
    '/Inspect/API/feed',
    '/inspect\\api\\feed',
    'inspect/api/feed',
  ])('%s', (path) => {
    expect(isApiPath(path)).toBe(true);
  });

  test.each([
    '/',
    '',
    '*',
    '/inspect/',
    '/inspect/apis',
    '/inspect/assets/api.js',
    '/status',
    '/%',
    '/inspect/%E0%A4%A',
    '/:80',
    '///',
  ])('%j does not', (path) => {
    expect(isApiPath(path)).toBe(false);
  });
});

test.each([
  ['/a?b#c', '/a'],
  ['http://host:1/a?b', '/a'],
  ['http://host', ''],
  ['/a?http://x/y', '/a'],
  ['*', '*'],
])('the path of %j is %j', (target, path) => {
  expect(pathOf(target)).toBe(path);
});

test.each([0, 1, 2, 3, 4])('what stands behind %i lines comes, wherever the chunks were cut', async (count) => {
  const text = 'one\ntwo\n\nfour\nhalf';
  for (let size = 1; size <= text.length; size += 1) {
    async function* chunks() {
      for (let at = 0; at < text.length; at += size) yield Buffer.from(text.slice(at, at + size));
    }
    let rest = '';
    for await (const chunk of linesFrom(chunks(), count)) rest += Buffer.from(chunk).toString();
    expect(rest).toBe(text.split('\n').slice(count).join('\n'));
  }
});
