// The statistics of the benchmarks: medians with their middle half, ratios of pairs, exponents of growth, and a shuffle that a seed repeats.
// Pure. What a figure is made of is told with it: how many samples, and where their middle half lies.

/**
 * The value below which a share of the values lies; those between two values are interpolated.
 * @param {readonly number[]} values
 * @param {number} share 0..1
 */
export function quantile(values, share) {
  if (values.length === 0) throw new RangeError('a quantile of no values');
  const sorted = values.toSorted((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (at - below);
}

/**
 * Median and middle half; null of no values.
 * @param {readonly number[]} values
 * @returns {{ median: number, low: number, high: number, count: number } | null}
 */
export function middle(values) {
  if (values.length === 0) return null;
  return {
    median: quantile(values, 0.5),
    low: quantile(values, 0.25),
    high: quantile(values, 0.75),
    count: values.length,
  };
}

/**
 * One ratio a round, of the rounds that have both: the mood of the machine is nearly the same within a round, so it is no part of their median.
 * @param {readonly (number | null)[]} values
 * @param {readonly (number | null)[]} others of the same rounds, in the same order
 */
export function pairedRatios(values, others) {
  return values.flatMap((value, round) => {
    const other = others[round] ?? null;
    return value === null || other === null || other === 0 ? [] : [value / other];
  });
}

/**
 * The exponent e of cost = c · size^e that fits best (least squares of the logarithms): 1 is linear.
 * @param {readonly { size: number, cost: number }[]} points
 */
export function exponentOf(points) {
  if (new Set(points.map(({ size }) => size)).size < 2) throw new RangeError('an exponent wants two sizes');
  const logs = points.map(({ size, cost }) => {
    if (!(size > 0 && cost > 0)) throw new RangeError(`size ${size} and cost ${cost} must be above 0`);
    return { x: Math.log(size), y: Math.log(cost) };
  });
  return slopeOf(logs);
}

/**
 * The larger one of two exponents: over all sizes, and over the upper half of them (at least three), where a bend upwards would begin.
 * @param {readonly { size: number, cost: number }[]} points
 */
export function steepestExponent(points) {
  const sorted = points.toSorted((a, b) => a.size - b.size);
  const upper = sorted.slice(-Math.max(3, Math.ceil(sorted.length / 2)));
  return Math.max(exponentOf(sorted), exponentOf(upper));
}

/**
 * Random numbers of 0..1 from a seed (mulberry32).
 * @param {number} seed
 */
export function seededRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * The same items in an order of chance (Fisher and Yates).
 * @template T
 * @param {readonly T[]} items
 * @param {() => number} random
 * @returns {T[]}
 */
export function shuffled(items, random) {
  const order = [...items];
  for (let last = order.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [order[last], order[other]] = [order[other], order[last]];
  }
  return order;
}

/**
 * How much `y` grows for one more of `x`, by the line that fits best (least squares).
 * @param {readonly { x: number, y: number }[]} points
 */
export function slopeOf(points) {
  if (new Set(points.map(({ x }) => x)).size < 2) throw new RangeError('a slope wants two places');
  const [meanX, meanY] = ['x', 'y'].map((axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length);
  const across = points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0);
  return across / points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0);
}
