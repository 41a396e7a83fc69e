/** What the page must show of a log, told by the replay in Node: the page has its own, built for a browser. */
import { isBadLog, readLog } from '../../../src/log/log-reader.ts';
import { machineFor } from '../../../src/replay/machine-shelf.ts';
import { replay } from '../../../src/replay/replayer.ts';

export interface LogTold {
  /** For each turn the active states, leaves and their ancestors, sorted: `['streaming', 'streaming.answer', …]`. */
  readonly states: readonly (readonly string[])[];
  /** The turn of the first difference; null = identical. */
  readonly divergedAt: number | null;
  /** Types of the events, by turn. */
  readonly events: readonly string[];
}

/** Reads and replays `text`; throws if it is no good log. */
export function toldByNode(text: string): LogTold {
  const log = readLog(text);
  if (isBadLog(log)) throw new Error(`line ${log.line}: ${log.why}`);
  const machine = machineFor(log.header.machine, log.header.version);
  if (machine === undefined) throw new Error(`no chart ${log.header.machine}`);
  let state = '';
  const states = log.turns.map((turn) => {
    state = turn.state ?? state;
    return activeStates(state);
  });
  const { divergence } = replay(log, machine);
  return { states, divergedAt: divergence?.turn ?? null, events: log.turns.map(({ event }) => event.type) };
}

/** `a.b | c` → `['a', 'a.b', 'c']`. */
export function activeStates(state: string): readonly string[] {
  const paths = state.split(' | ').flatMap((leaf) => {
    const names = leaf.split('.');
    return names.map((_, index) => names.slice(0, index + 1).join('.'));
  });
  return [...new Set(paths)].sort();
}
