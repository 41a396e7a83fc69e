/** The error table: its own rules, the rule of declared failures, and that docs/ERRORS.md says the same. */
import { readFileSync } from 'node:fs';
import { status } from '@grpc/grpc-js';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { errorWords } from '../src/error-words.ts';
import {
  EngineFailure,
  type ErrorCode,
  errorCodes,
  errorTable,
  type FailureLevel,
  failure,
  failureOfDeclared,
  failureOfUnexpected,
  isErrorCode,
  isErrorType,
  retryAfterMsOf,
} from '../src/errors.ts';
import { errorTypesOfCode } from './support/contract/stream-rules.ts';

const rows = Object.keys(errorTable)
  .filter(isErrorType)
  .map((errorType) => ({
    errorType,
    ...errorTable[errorType],
    ...errorWords[errorType],
    retryAfterMs: retryAfterMsOf(errorType),
  }));

/** What the contract says of each declared code. */
const declared: readonly (readonly [ErrorCode, string])[] = [
  ['INVALID_ARGUMENT', 'invalid_request'],
  ['RESOURCE_EXHAUSTED', 'overloaded'],
  ['DEADLINE_EXCEEDED', 'answer_stalled'],
  ['UNAVAILABLE', 'answer_failed'],
  ['CANCELLED', 'client_cancelled'],
  ['PERMISSION_DENIED', 'access_denied'],
  ['NOT_FOUND', 'not_found'],
  ['UNAUTHENTICATED', 'unauthenticated'],
  ['INTERNAL', 'processing_error'],
];

describe('the table', () => {
  test('holds the error types of the contract, each under its status', () => {
    const byCode = Object.fromEntries(
      errorCodes.map((code) => [
        code,
        rows
          .filter((row) => row.code === code)
          .map((row) => row.errorType)
          .sort(),
      ]),
    );
    const published = Object.entries(errorTypesOfCode).map(([code, types]) => [code, [...types].sort()]);
    expect(byCode).toEqual(Object.fromEntries(published));
  });

  test.each(errorCodes)('%s is the name of a gRPC status', (code) => {
    expect(Object.keys(status)).toContain(code);
  });

  test.each(rows)('$errorType says when it happens and how to fix it, in whole sentences', ({ when, fix }) => {
    expect(when).toMatch(/^\w.* .*\.$/);
    expect(fix).toMatch(/^\w.* .*\.$/);
  });

  test.each(rows)('a failure of $errorType carries the status of its row', ({ errorType, code }) => {
    expect(failure(errorType, 'text')).toEqual({ errorCode: code, errorType, message: 'text' });
  });

  test('stands in the log as loud as it matters: what was asked for, what a caller or a bound is to blame for, the rest', () => {
    const typesAt = (level: FailureLevel) =>
      rows.flatMap(({ errorType, logLevel }) => (logLevel === level ? [errorType] : [])).sort();
    const {
      RESOURCE_EXHAUSTED: refusals = [],
      INVALID_ARGUMENT: faults = [],
      CANCELLED: wishes = [],
    } = errorTypesOfCode;
    expect(typesAt('info')).toEqual([...wishes, 'draining', 'starting'].sort());
    expect(typesAt('warn')).toEqual(
      [...refusals, ...faults, 'stream_idle_timeout', 'access_denied', 'not_found'].sort(),
    );
  });

  test('trying a malformed request again is never advised', () => {
    expect(rows.filter((row) => row.code === 'INVALID_ARGUMENT' && row.retryAfterMs !== undefined)).toEqual([]);
  });

  test.each(['', 'toString', '__proto__', 'INTERNAL', 7, null, undefined, {}])('%j is not an error type', (value) => {
    expect(isErrorType(value)).toBe(false);
  });
});

describe('failures that an engine declares', () => {
  test.each(declared)('%s becomes %s with the message of the engine', (errorCode, errorType) => {
    expect(failureOfDeclared({ errorCode, message: 'the words' })).toEqual({
      errorCode,
      errorType,
      message: 'the words',
    });
  });

  test('a missing or unknown code becomes INTERNAL/processing_error, whatever it is', () => {
    const unknownCode = fc.oneof(
      fc.constantFrom(undefined, '', 'OK', 'UNKNOWN', 'internal', 'toString', '14', ' UNAVAILABLE'),
      fc.string().filter((text) => !isErrorCode(text)),
    );
    fc.assert(
      fc.property(unknownCode, fc.string({ minLength: 1 }), (errorCode, message) => {
        expect(failureOfDeclared({ errorCode, message })).toEqual({
          errorCode: 'INTERNAL',
          errorType: 'processing_error',
          message,
        });
      }),
    );
  });

  test('an empty message becomes the name of the error type, so that no status is without a text', () => {
    for (const [errorCode, errorType] of declared) {
      expect(failureOfDeclared({ errorCode, message: '' }).message).toBe(errorType);
    }
  });

  test('an EngineFailure keeps its code, its message and its cause', () => {
    const cause = new Error('socket closed');
    const thrown = new EngineFailure({ errorCode: 'UNAVAILABLE', message: 'model is down' }, { cause });
    expect(failureOfDeclared(thrown)).toEqual(failure('answer_failed', 'model is down'));
    expect(thrown.cause).toBe(cause);
  });

  test('an unexpected exception leaves only its id on the wire', () => {
    expect(failureOfUnexpected('session_fault', 'f-1')).toEqual(failure('session_fault', 'Internal error (f-1)'));
  });
});

describe('docs/ERRORS.md', () => {
  const lines = readFileSync(new URL('../docs/ERRORS.md', import.meta.url), 'utf8').split('\n');

  test('has one row for each error type, equal to the table, and no other row', () => {
    expect(lines.filter((line) => /^\| `[a-z_]+` \|/.test(line))).toEqual(
      rows.map(({ errorType, code, when, fix, retryAfterMs, logLevel }) => {
        const retry = retryAfterMs === undefined ? 'no' : `${retryAfterMs / 1000} s`;
        return `| \`${errorType}\` | ${code} | ${when} | ${fix} | ${retry} | ${logLevel} |`;
      }),
    );
  });

  test('says what each declared code becomes', () => {
    expect(lines.filter((line) => /^\| `[A-Z_]+` \|/.test(line))).toEqual(
      declared.map(([code, errorType]) => `| \`${code}\` | \`${errorType}\` |`),
    );
  });
});
