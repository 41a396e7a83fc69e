/** Finds a turn by what happened in it. */
import type { LogTurn } from '../../log/log-format.ts';
import { contextChanges, pathParts, valueAt } from './context-view.ts';
import type { Execution } from './execution.ts';
import type { Question, TurnMark } from './messages.ts';

export interface SoughtLog {
  readonly turns: readonly LogTurn[];
  /** null = its chart is not known: only moments can be sought. */
  readonly execution: Execution | null;
}

type Seek = Extract<Question, { readonly kind: 'seek' }>;

/** The nearest turn in the direction in which the mark is true, without the one that is begun at; null = there is none. */
export function seekTurn({ turn, direction, mark }: Seek, log: SoughtLog): number | null {
  const step = direction === 'before' ? -1 : 1;
  const is = markTest(mark, log);
  const first = direction === 'before' ? Math.min(turn, log.turns.length) - 1 : Math.max(turn, -1) + 1;
  for (let at = first; at >= 0 && at < log.turns.length; at += step) if (is(at)) return at;
  return null;
}

function markTest(mark: TurnMark, { turns, execution }: SoughtLog): (turn: number) => boolean {
  switch (mark.kind) {
    case 'by':
      return (turn) => (turns[turn]?.atMs ?? 0) <= mark.atMs;
    case 'led':
      return (turn) => execution?.history.lastLed(turn) === turn;
    case 'entered': {
      const place = execution?.chart.states.indexOf(mark.state) ?? -1;
      return (turn) => place >= 0 && execution?.history.enteredIn(turn).includes(place) === true;
    }
    case 'changed':
      return changeTest(mark.path, { turns, execution });
  }
}

/** Which fields changed is recorded: only those turns are looked into. */
function changeTest(path: string, { turns, execution }: SoughtLog): (turn: number) => boolean {
  const parts = pathParts(path);
  const [field] = parts ?? [];
  if (parts === null || execution === null) return () => false;
  return (turn) => {
    const isDiverged = execution.divergence !== null && execution.divergence.turn <= turn;
    if (field !== undefined && !isDiverged && !Object.hasOwn(turns[turn]?.changes ?? {}, field)) return false;
    const { before, after } = execution.around(turn);
    if (after === null) return false;
    return contextChanges(valueAt(before?.context, parts), valueAt(after.context, parts)).changes.length > 0;
  };
}
