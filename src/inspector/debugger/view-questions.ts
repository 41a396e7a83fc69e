/** The questions of views that look at a whole log, or at two: what if, sequence, comparison, supervisor. Answered in view-answers.ts. */
import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import type { EventLog } from '../../log/log-reader.ts';
import type { Fork, ForkChange, ForkOptions } from './fork.ts';
import type { Sequence } from './sequence.ts';
import type { Comparison } from './session-comparison.ts';
import type { SupervisorView } from './supervisor-view.ts';

/** A sequence is told in stretches: so many turns from a multiple of it on. */
export const STRETCH_TURNS = 2_000;

export type ViewQuestion =
  | { readonly kind: 'forkOptions'; readonly log: string; readonly turn: number }
  | { readonly kind: 'fork'; readonly log: string; readonly turn: number; readonly change: ForkChange }
  /** The stretch of the log in which the turn `around` is. `supervisor`: the log of the server that it ran in; null = none is at hand. */
  | { readonly kind: 'sequence'; readonly log: string; readonly around: number; readonly supervisor: string | null }
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
