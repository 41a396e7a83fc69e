/** One log executed again: the verdict on it, as plain data. */
import { wordsOf } from '../../errors.ts';
import { type EventLog, endReasonOf, isBadLog } from '../../log/log-reader.ts';
import { type EmittedFrame, replayLive } from '../../replay/live-replay.ts';
import { machineFor } from '../../replay/machine-shelf.ts';
import { type Divergence, replay } from '../../replay/replayer.ts';
import type { NamedLog } from '../log/log-files.ts';

/** What became of one log, as `--json` prints it. */
export interface ReplayResult {
  readonly path: string;
  readonly verdict: 'identical' | 'diverged' | 'bad_log';
  readonly machine: string | null;
  /** The reason code with which the recorded session ended; `no_end`, `abandoned` or `-` where there is none. */
  readonly reason: string | null;
  /** Turns that were compared. */
  readonly turns: number;
  /** The log does not hold the end of its session. */
  readonly is_incomplete: boolean;
  readonly definition_changes: readonly string[];
  readonly divergence: Divergence | null;
  readonly bad: { readonly line: number; readonly turn: number | null; readonly why: string } | null;
  /** Only with `--emit`: what went to the outbox. */
  readonly frames?: readonly EmittedFrame[];
}

/** Executes one log again; `isEmitting` also says its frames again with a live actor. It never throws: the next log is another one. */
export function replayOne({ path, log }: NamedLog, isEmitting: boolean): ReplayResult {
  try {
    if (!isBadLog(log)) return replayGood({ path, log }, isEmitting);
    if (log.disordered === undefined) return badLog(path, log);
    // What the chart does otherwise says more than that a time is odd.
    const result = replayGood({ path, log: log.disordered }, isEmitting);
    return result.verdict === 'identical' ? badLog(path, log) : result;
  } catch (error) {
    return badLog(path, { line: 0, turn: null, why: `it can't be replayed: ${wordsOf(error)}` });
  }
}

function replayGood(
  { path, log }: { readonly path: string; readonly log: EventLog },
  isEmitting: boolean,
): ReplayResult {
  const { machine: id, version } = log.header;
  const machine = machineFor(id, version);
  if (machine === undefined) return badLog(path, { line: 1, turn: null, why: `there is no chart named ${id}` });
  const { divergence, turns, definitionChanges, isIncomplete } = replay(log, machine);
  const live = isEmitting ? replayLive(log, machine) : null;
  const first = earlierOf(divergence, live?.divergence ?? null);
  return {
    path,
    verdict: first === null ? 'identical' : 'diverged',
    machine: id,
    reason: endReasonOf(log.footer),
    turns,
    is_incomplete: isIncomplete,
    definition_changes: definitionChanges,
    divergence: first,
    bad: null,
    ...(live !== null && { frames: live.frames }),
  };
}

function badLog(path: string, { line, turn, why }: NonNullable<ReplayResult['bad']>): ReplayResult {
  const nothing = { machine: null, reason: null, turns: 0, is_incomplete: false, definition_changes: [] };
  return { path, verdict: 'bad_log', ...nothing, divergence: null, bad: { line, turn, why } };
}

function earlierOf(replayed: Divergence | null, emitted: Divergence | null): Divergence | null {
  if (replayed === null || emitted === null) return replayed ?? emitted;
  return emitted.turn < replayed.turn ? emitted : replayed;
}
