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
import type { AnyActorLogic, AnyActorScope, AnyStateMachine } from 'xstate';

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
    const step = openStep(scope);
    try {
      const next = logic.transition(snapshot, event, step.scope);
      step.commit();
      return next;
    } catch (error) {
      report(scope.id, { error, eventType: event.type });
      return logic.transition(snapshot, { type: 'session.faulted', faultId: scope.id }, scope);
    }
  };
  Object.defineProperty(guarded, 'transition', { value: transition });
  return guarded;
}

/** A scope whose deferred effects happen only if the step as a whole succeeds. */
function openStep(scope: AnyActorScope): { scope: AnyActorScope; commit: () => void } {
  const held: (() => void)[] = [];
  let isCommitted = false;
  const defer = (effect: () => void): void => {
    if (isCommitted) scope.defer(effect);
    else held.push(effect);
  };
  return {
    scope: { ...scope, defer },
    commit: () => {
      isCommitted = true;
      for (const effect of held) scope.defer(effect);
    },
  };
}
