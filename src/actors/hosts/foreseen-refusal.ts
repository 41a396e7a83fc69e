/**
 * Whether the supervisor would refuse a call whatever it says: asked before its words and before its quota are looked at. The chart itself is
 * asked, so that it stays the only judge; nothing is taken.
 */
import { type SnapshotFrom, transition } from 'xstate';
import type { Failure } from '../../errors.ts';
import {
  type SupervisorEmitted,
  type SupervisorEvent,
  supervisorMachine,
} from '../../machines/supervisor/supervisor.machine.ts';

/** What a full house lets wait may as well be told that it has no words, or that its quota is used up. */
const dueFirst = ['starting', 'draining', 'concurrent_request'] as const;

/** Why the call is refused now; null = not for such a reason. */
export function foreseenRefusal(
  snapshot: SnapshotFrom<typeof supervisorMachine>,
  request: Extract<SupervisorEvent, { readonly type: 'stream.requested' }>,
): Failure | null {
  // The snapshot that comes out is thrown away.
  const [, actions]: readonly [unknown, readonly Action[]] = transition(supervisorMachine, snapshot, request);
  const verdict = actions.find(isEmission)?.params.event;
  if (verdict?.type !== 'stream.refused') return null;
  return dueFirst.some((errorType) => errorType === verdict.failure.errorType) ? verdict.failure : null;
}

interface Action {
  readonly type: string;
  readonly params: unknown;
}

/** XState's types leave out what a chart emits from the actions of a transition. */
function isEmission(action: Action): action is Action & { readonly params: { readonly event: SupervisorEmitted } } {
  return action.type === 'xstate.emit';
}
