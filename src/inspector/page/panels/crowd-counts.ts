/** How many rows are in each state, the states around their leaves included, and how many wait for what. */
import type { WaitName } from '../../waits.ts';

/** By the state's path. Rows in the same state are counted together: there are a few dozen, however many rows. */
export function countsByState(rows: readonly { readonly state: string }[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const [state, count] of tally(rows.map(({ state }) => state))) {
    for (const path of pathsOf(state)) counts.set(path, (counts.get(path) ?? 0) + count);
  }
  return counts;
}

export function countsByWait(rows: readonly { readonly wait: WaitName | null }[]): ReadonlyMap<WaitName, number> {
  return tally(rows.flatMap(({ wait }) => wait ?? []));
}

function tally<T>(values: readonly T[]): Map<T, number> {
  const counts = new Map<T, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

/** Of `a.b | a.c`: a, a.b and a.c. */
function pathsOf(state: string): ReadonlySet<string> {
  const paths = new Set<string>();
  for (const leaf of state.split(' | ')) {
    const parts = leaf.split('.');
    for (let length = 1; length <= parts.length; length += 1) paths.add(parts.slice(0, length).join('.'));
  }
  return paths;
}
