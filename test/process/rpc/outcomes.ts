/** What outcomes must look like, said once: an error before data, an error after data, a good end. */
import { expect } from 'vitest';
import type { AnyFrame, CallOutcome } from '../../support/client.ts';

type AnyOutcome = CallOutcome<AnyFrame>;

/** The part of an outcome that a client acts on. */
export function endOf({ kinds, code, details, errorType }: AnyOutcome) {
  return { kinds, code, details, errorType };
}

/** The call failed before any data: one error frame with the text of the status, then the status. */
export function expectErrorBeforeData(
  outcome: AnyOutcome,
  expected: { readonly code: string; readonly errorType: string; readonly details?: string },
): void {
  expect(endOf(outcome)).toEqual({
    kinds: ['error_message'],
    code: expected.code,
    details: expected.details ?? outcome.details,
    errorType: expected.errorType,
  });
  expect(outcome.frames[0]?.error_message).toBe(outcome.details);
  expect(outcome.details).not.toBe('');
}

/** The call failed after data: the data, no error frame, no end frame, the status. */
export function expectErrorAfterData(
  outcome: AnyOutcome,
  expected: { readonly code: string; readonly errorType: string; readonly details?: string },
): void {
  expect(endOf(outcome)).toEqual({
    kinds: outcome.kinds,
    code: expected.code,
    details: expected.details ?? outcome.details,
    errorType: expected.errorType,
  });
  expect(outcome.kinds.length).toBeGreaterThan(0);
  expect(outcome.kinds).not.toContain('error_message');
  expect(outcome.kinds).not.toContain('end_message');
}

/** The call ended well: words, then one end frame, and no trace of an error. */
export function expectGoodEnd(outcome: AnyOutcome): void {
  expect({ code: outcome.code, errorType: outcome.errorType }).toEqual({ code: 'OK', errorType: null });
  expect(outcome.kinds.indexOf('end_message')).toBe(outcome.kinds.length - 1);
  expect(outcome.kinds).not.toContain('error_message');
}
