/**
 * How often a property is tried. Each run tries other examples, so that a fifth of them in every run adds up to more than all of them now
 * and then. fast-check prints the seed and the path of an example that fails; `{ seed, path }` among its options tries that one again.
 */
const isFull = process.env.FULL === '1';

/** Below this a property says little. */
const FEWEST = 50;

/** `count` (of examples, or of what makes up a long one) in `npm run test:full`, else a fifth of it, but no less than 50 of them. */
export function runs(count: number): number {
  return isFull ? count : Math.max(Math.min(count, FEWEST), Math.ceil(count / 5));
}
