/**
 * Wraps a chart so that every turn it really processes is told to a recorder, with what it was given and what it did. At processing time,
 * not at XState's inspection, which tells of events that were sent (docs/REPLAY.md). The recorder is handed references to
 * immutable data and works on them later: nothing is copied, hashed or written inside a turn.
 */
import type { AnyActorLogic, AnyActorScope, AnyEventObject, AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import { type AskedAction, field, type TurnEnd } from './turn-outcome.ts';

/** One turn as it happened: no more than is written of it, so that a turn that waits keeps no actor alive. */
export interface RecordedTurn {
  readonly event: AnyEventObject;
  readonly after: TurnEnd;
  readonly actions: readonly AskedAction[];
}

/** Takes the turns of one actor; never throws. */
export interface TurnRecorder {
  record(turn: RecordedTurn): void;
  /** The chart threw at `event`, and what it had done is forgotten. Unless another turn follows at once, it was the actor's end. */
  noteThrow(event: AnyEventObject): void;
}

/** The same logic; `recorderOf` names the recorder of the actor with the given id, or null for one that is not recorded. */
export function withRecorder<TLogic extends AnyStateMachine>(
  logic: TLogic,
  recorderOf: (actorId: string) => TurnRecorder | null,
): TLogic {
  const recorded: TLogic = Object.create(logic);
  const getInitialSnapshot: AnyActorLogic['getInitialSnapshot'] = (scope: AnyActorScope, input: unknown) =>
    recordTurn(scope, recorderOf(scope.id), { type: 'xstate.init', input }, () =>
      logic.getInitialSnapshot(scope, input),
    );
  const transition: AnyActorLogic['transition'] = (before, event, scope: AnyActorScope) =>
    recordTurn(scope, recorderOf(scope.id), event, () => logic.transition(before, event, scope));
  Object.defineProperty(recorded, 'getInitialSnapshot', { value: getInitialSnapshot });
  Object.defineProperty(recorded, 'transition', { value: transition });
  return recorded;
}

function recordTurn(
  scope: AnyActorScope,
  recorder: TurnRecorder | null,
  event: AnyEventObject,
  step: () => AnyMachineSnapshot,
): AnyMachineSnapshot {
  if (recorder === null) return step();
  const actions: AskedAction[] = [];
  const { actionExecutor } = scope;
  // XState puts an executor of its own into the scope for each step, too; a second scope would be one more object a turn.
  scope.actionExecutor = (action) => {
    actions.push(withoutActor(action));
    actionExecutor(action);
  };
  let after: AnyMachineSnapshot;
  try {
    after = step();
  } catch (error) {
    recorder.noteThrow(event);
    throw error;
  } finally {
    scope.actionExecutor = actionExecutor;
  }
  const { value, context, status } = after;
  recorder.record({ event, after: { value, context, status }, actions });
  return after;
}

/** These three name an actor, and through it a whole stream. */
function withoutActor({ type, params }: AskedAction): AskedAction {
  switch (type) {
    case 'xstate.sendTo':
      return { type, params: { targetId: field(params, 'targetId'), event: field(params, 'event') } };
    case 'xstate.spawnChild':
    case 'xstate.stopChild':
      return { type, params: { id: field(params, 'id') } };
    default:
      return { type, params };
  }
}
