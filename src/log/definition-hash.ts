/**
 * The hash that tells whether a chart's definition is the one that a log was recorded with.
 *
 * Scheme 2, `2:` and 16 hex digits, is over the chart as data (chart-definition.ts). Scheme 1, 16 hex digits alone, was
 * over the JSON of the machine's config: it did not see combined guards, and saw the order of what has none. It is no
 * longer written, but read: the hash in an old header is compared by the scheme that made it.
 */
import { hash } from 'node:crypto';
import type { AnyStateMachine } from 'xstate';
import { chartDefinition } from './chart-definition.ts';

const HASH_CHARS = 16;
const schemeOne = /^[0-9a-f]{16}$/;

/** A machine's definition never changes, and a folder of logs asks for it once a log. */
const known = new WeakMap<AnyStateMachine, string>();

/** The hash of the machine's definition, by the newest scheme; throws where it has something that is no data. */
export function definitionHash(machine: AnyStateMachine): string {
  const before = known.get(machine);
  if (before !== undefined) return before;
  const now = `2:${shortHash(chartDefinition(machine))}`;
  known.set(machine, now);
  return now;
}

/** The same by the scheme of `recorded`: equal to it if the definition is, as far as that scheme sees it. */
export function definitionHashAs(recorded: string, machine: AnyStateMachine): string {
  return schemeOne.test(recorded) ? shortHash(machine.config) : definitionHash(machine);
}

function shortHash(value: object): string {
  return hash('sha256', JSON.stringify(value)).slice(0, HASH_CHARS);
}
