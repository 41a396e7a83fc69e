/**
 * Assertions that stay on in production. A failed one is a bug of ours: it ends the actor it happens in,
 * never the process and never another session.
 */

/** Thrown by the assertions below; always a bug, never bad input. */
export class AssertionFailure extends Error {
  override readonly name = 'AssertionFailure';
}

/** Throws AssertionFailure with `message` unless `condition` holds. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionFailure(message);
}

/** Ends an exhaustive switch: the compiler refuses a case that was forgotten, the run time names it. */
export function assertNever(value: never): never {
  throw new AssertionFailure(`unexpected case: ${JSON.stringify(value)}`);
}
