import type { AnyEventObject, StateValue } from 'xstate';
import type { RecordedTurn } from '../../../../src/record/recorded-logic.ts';

export interface TurnOptions {
  readonly status?: 'active' | 'done' | 'error';
  readonly failure?: { readonly errorType: string } | null;
}

/** A turn as the recorder of a chart is told of it. */
export function turn(event: AnyEventObject, value: StateValue, options: TurnOptions = {}): RecordedTurn {
  const { status = 'active', failure = null } = options;
  return { event, after: { value, context: { failure }, status }, actions: [] };
}
