/** What docs/CLIENTS.md tells a client about errors is what the error table says; so is the table inside the Python example. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type ErrorType, errorTable, isErrorType, retryAfterMsOf } from '../../../src/errors.ts';
import { readDocument } from '../../support/docs/markdown.ts';

const types = Object.keys(errorTable).filter(isErrorType);
const secondsOf = (errorType: ErrorType) => (retryAfterMsOf(errorType) ?? 0) / 1000;

interface Row {
  readonly errorType: string;
  readonly meaning: string;
  readonly retry: string;
  readonly sessionId: string;
}

function rowsOf(text: string): Row[] {
  return [...text.matchAll(/^\| `([a-z_]+)` \| (.+) \| (.+) \| (.+) \|$/gm)].map((found) => {
    const [, errorType = '', meaning = '', retry = '', sessionId = ''] = found;
    return { errorType, meaning, retry, sessionId };
  });
}

const rows = rowsOf(readDocument('docs/CLIENTS.md').text);

test('docs/CLIENTS.md has one row for each error type, in the order of the table, and no other row', () => {
  expect(rows.map(({ errorType }) => errorType)).toEqual(types);
});

test('docs/CLIENTS.md gives each error type the wait that the server gives it', () => {
  expect(rows.map(({ errorType, retry }) => [errorType, retry])).toEqual(
    types.map((errorType) => [errorType, retryAfterMsOf(errorType) === undefined ? 'no' : `${secondsOf(errorType)} s`]),
  );
});

test('docs/CLIENTS.md names a session_id exactly where another attempt makes sense', () => {
  for (const { retry, sessionId } of rows) expect(sessionId).toMatch(retry === 'no' ? /^—$/ : /^same/);
});

test('the Python example waits as long as the server says where it has only its own table', () => {
  const text = readFileSync(new URL('../../../examples/python/client.py', import.meta.url), 'utf8');
  const [, table = ''] = /^RETRY_AFTER_S = \{\n([\s\S]*?)^\}/m.exec(text) ?? [];
  const entries = [...table.matchAll(/"([a-z_]+)": ([\d.]+)/g)].map(([, name = '', seconds]) => [
    name,
    Number(seconds),
  ]);
  const expected = types.filter((errorType) => retryAfterMsOf(errorType) !== undefined);
  expect(Object.fromEntries(entries)).toEqual(
    Object.fromEntries(expected.map((errorType) => [errorType, secondsOf(errorType)])),
  );
});
