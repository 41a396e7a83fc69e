import { expect, it } from 'vitest';
import { and, not, or } from 'xstate';
import { nameOfGuard } from '../../../src/analysis/chart/transition-words.ts';

/** As a bundler does it, which gives functions shorter names. */
function renamed<G extends object>(guard: G): G {
  return Object.defineProperty(guard, 'name', { value: 't' });
}

it('names a combined guard by what it combines, whatever a bundler called its function', () => {
  const combined = renamed(and([renamed(or(['isAnswered', 'hasCommand'])), renamed(not('isHeadFailed'))]));
  expect(nameOfGuard(combined)).toBe('and(or(isAnswered, hasCommand), not(isHeadFailed))');
});
