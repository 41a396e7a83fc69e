/** Gives the recorded events of a session to a chart that may do something else with them, up to its end. Nothing is compared. */
import type { AnyStateMachine } from 'xstate';
import { type LogTurn, THREW } from '../log/log-format.ts';
import type { EventLog } from '../log/log-reader.ts';
import { ChartRun, type ChartTurn } from './pure-chart.ts';

export interface PlayedEvent {
  readonly recorded: LogTurn;
  /** What the chart does now; null = it threw `error`. */
  readonly now: ChartTurn | null;
  readonly error: unknown;
}

/** What becomes of each event, in their order; a chart that is over, or threw where it did not then, takes no more of them. */
export function* playedEvents({ header, turns }: EventLog, machine: AnyStateMachine): Generator<PlayedEvent> {
  const run = new ChartRun(machine);
  let isFaultStale = false;
  for (const recorded of turns) {
    const { turn, event } = recorded;
    // It told of a throw; where nothing is thrown any more it would not have come.
    if (event.type === 'session.faulted' && isFaultStale) continue;
    const played = play(recorded, () => (turn === 0 ? run.start(header.input) : run.take(event)));
    isFaultStale = recorded.status === THREW && played.now !== null;
    yield played;
    if (played.now === null ? recorded.status !== THREW : played.now.after.status !== 'active') return;
  }
}

function play(recorded: LogTurn, step: () => ChartTurn): PlayedEvent {
  try {
    return { recorded, now: step(), error: null };
  } catch (error) {
    return { recorded, now: null, error };
  }
}

/** The reason in the output of a chart that is over; '' if it gives none. */
export function reasonInOutput(output: unknown): string {
  return typeof output === 'object' && output !== null && 'reason' in output ? String(output.reason) : '';
}
