/**
 * Wraps a chart so that every turn it really processes is told to a recorder, with what it was given and what it did. At processing time,
 * not at XState's inspection, which tells of events that were sent (DESIGN §5). The recorder is handed references to immutable data and
 * works on them later: nothing is copied, hashed or written inside a turn.
 */
import type { AnyActorLogic, AnyActorScope, AnyEventObject, AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import type { AskedAction } from './turn-outcome.ts';

/** One turn as it happened. */
export interface RecordedTurn {
  readonly event: AnyEventObject;
  readonly after: AnyMachineSnapshot;
  readonly actions: readonly AskedAction[];
}

/** Takes the turns of one actor; never throws. */
export type TurnRecorder = (turn: RecordedTurn) => void;

/** The same logic; `recorderOf` names the recorder of the actor with the given id, or null for one that is not recorded. */
export function withRecorder<TLogic extends AnyStateMachine>(
  logic: TLogic,
  recorderOf: (actorId: string) => TurnRecorder | null,
): TLogic {
  const recorded: TLogic = Object.create(logic);
  const getInitialSnapshot: AnyActorLogic['getInitialSnapshot'] = (scope: AnyActorScope, input: unknown) => {
    const record = recorderOf(scope.id);
    if (record === null) return logic.getInitialSnapshot(scope, input);
    const { watched, actions } = watch(scope);
    const after = logic.getInitialSnapshot(watched, input);
    record({ event: { type: 'xstate.init', input }, after, actions });
    return after;
  };
  const transition: AnyActorLogic['transition'] = (before, event, scope: AnyActorScope) => {
    const record = recorderOf(scope.id);
    if (record === null) return logic.transition(before, event, scope);
    const { watched, actions } = watch(scope);
    const after = logic.transition(before, event, watched);
    record({ event, after, actions });
    return after;
  };
  Object.defineProperty(recorded, 'getInitialSnapshot', { value: getInitialSnapshot });
  Object.defineProperty(recorded, 'transition', { value: transition });
  return recorded;
}

function watch(scope: AnyActorScope): { watched: AnyActorScope; actions: readonly AskedAction[] } {
  const actions: AskedAction[] = [];
  const watched: AnyActorScope = {
    ...scope,
    actionExecutor: (action) => {
      actions.push(action);
      scope.actionExecutor(action);
    },
  };
  return { watched, actions };
}
