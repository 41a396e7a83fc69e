/** The questions of views that look at a whole log, or at two: what if, sequence, comparison, supervisor. */
import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import type { EventLog } from '../../log/log-reader.ts';
import { type Fork, type ForkChange, type ForkFault, type ForkOptions, fork, forkOptions } from './fork.ts';
import { type Sequence, sequenceOf } from './sequence.ts';
import { type Comparison, compareSessions } from './session-comparison.ts';
import { type SupervisorView, supervisorView } from './supervisor-view.ts';

export type ViewQuestion =
  | { readonly kind: 'forkOptions'; readonly log: string; readonly turn: number }
  | { readonly kind: 'fork'; readonly log: string; readonly turn: number; readonly change: ForkChange }
  /** `supervisor`: the log of the server that it ran in; null = none is at hand. */
  | { readonly kind: 'sequence'; readonly log: string; readonly supervisor: string | null }
  | { readonly kind: 'compare'; readonly log: string; readonly other: string }
  | { readonly kind: 'supervisor'; readonly log: string; readonly turn: number };

export interface ViewAnswers {
  readonly forkOptions: ForkOptions;
  readonly fork: Fork;
  readonly sequence: Sequence;
  readonly compare: Comparison;
  readonly supervisor: SupervisorView;
}

/** A log that was read so far without a fault, and the chart that executes it here. */
export interface DebuggedLog {
  readonly log: EventLog;
  readonly machine: AnyStateMachine;
  /** null = before the first turn, or it did not come so far. */
  snapshotAfter(turn: number): AnyMachineSnapshot | null;
}

const kinds: ReadonlySet<string> = new Set(['forkOptions', 'fork', 'sequence', 'compare', 'supervisor']);

/** True for a question that `answerView` answers. */
export function isViewQuestion<Other extends { readonly kind: string }>(
  question: Other | ViewQuestion,
): question is ViewQuestion {
  return kinds.has(question.kind);
}

/** `find` gives a log by its id, or throws why there is none. Throws what a person can do something about. */
export function answerView(question: ViewQuestion, find: (id: string) => DebuggedLog): ViewAnswers[keyof ViewAnswers] {
  const debugged = find(question.log);
  const { log, machine } = debugged;
  switch (question.kind) {
    case 'forkOptions':
      return withoutFault(forkOptions(log, machine, question.turn));
    case 'fork':
      return withoutFault(fork(log, machine, question.turn, question.change));
    case 'sequence':
      return sequenceOf(log, machine, question.supervisor === null ? null : find(question.supervisor).log);
    case 'compare':
      return compareSessions(debugged, find(question.other));
    case 'supervisor':
      return supervisorView(log, machine, {
        turn: question.turn,
        snapshotAfter: (turn) => debugged.snapshotAfter(turn),
      });
  }
}

function withoutFault<Answer extends object>(answer: Answer | ForkFault): Answer {
  if ('fault' in answer) throw new Error(answer.fault);
  return answer;
}
