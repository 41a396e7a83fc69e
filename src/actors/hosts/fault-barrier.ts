/**
 * Turns a bug in a chart into an ordinary transition. XState leaves invoked children running when an action, guard or
 * assign throws (xstate #5153); behind this barrier the chart goes on to an end of its own. It does not hide the bug.
 *
 * Invariants, cited as "Fault barrier N"; the stream host and the collector rely on all of them:
 *  1. A step that throws is forgotten as if it had not begun: its context is the one before, none of its effects happens.
 *  2. In its place the chart processes `session.faulted`, which leads to `error` and stops every child.
 *  3. The error is reported once, under the id of the actor, which is the id that the client sees.
 *  4. The effects of a good step all happen, in order, as without the barrier.
 *  5. A second throw, while the fault itself is processed, goes on to XState: the actor ends in status 'error', and its host must stop its
 *     children.
 *  6. No other actor of the same machine notices.
 */
import type { AnyActorLogic, AnyActorScope, AnyMachineSnapshot, AnyStateMachine } from 'xstate';

export interface FaultReport {
  readonly error: unknown;
  readonly eventType: string;
}

/**
 * The same logic behind a barrier. `report` gets the error and the actor's id, which is the fault id.
 * A second throw, while the fault itself is processed, goes on to XState: the actor ends in status 'error'.
 */
export function withFaultBarrier<TLogic extends AnyStateMachine>(
  logic: TLogic,
  report: (actorId: string, fault: FaultReport) => void,
): TLogic {
  const guarded: TLogic = Object.create(logic);
  const transition: AnyActorLogic['transition'] = (snapshot, event, scope: AnyActorScope) => {
    // The scope is the actor's own, and its alone: a second one for each step would be one more object a turn, of a shape of its own.
    const { defer } = scope;
    const held: (() => void)[] = [];
    scope.defer = (effect) => {
      held.push(effect);
    };
    let next: AnyMachineSnapshot;
    try {
      next = logic.transition(snapshot, event, scope);
    } catch (error) {
      scope.defer = defer;
      report(scope.id, { error, eventType: event.type });
      return logic.transition(snapshot, { type: 'session.faulted', faultId: scope.id }, scope);
    }
    scope.defer = defer;
    for (const effect of held) defer(effect);
    return next;
  };
  Object.defineProperty(guarded, 'transition', { value: transition });
  return guarded;
}
