/**
 * Questions to a chart, for who must know its verdict before the next line: `ask` tells it an event, `foresee` only wants to know what it
 * would say. A chart answers by what it emits, and it does so before `send` returns, unless it is in the middle of another event:
 * then nothing is heard here.
 */
import {
  type Actor,
  type AnyStateMachine,
  type EmittedFrom,
  type EventFromLogic,
  type SnapshotFrom,
  transition,
} from 'xstate';
import type { SupervisorEmitted } from '../../machines/supervisor/supervisor.types.ts';

/** Tells a running chart an event; what it emitted meanwhile, in order. Who listens to it anyway has heard that by then. */
export function ask<TMachine extends AnyStateMachine>(
  actor: Actor<TMachine>,
  event: EventFromLogic<TMachine>,
): readonly EmittedFrom<TMachine>[] {
  const emitted: EmittedFrom<TMachine>[] = [];
  const { unsubscribe } = actor.on('*', (each) => {
    emitted.push(each);
  });
  actor.send(event);
  unsubscribe();
  return emitted;
}

/** What the chart would emit; nothing happens, the snapshot that comes out is thrown away. */
export function foresee<TMachine extends AnyStateMachine>(
  machine: TMachine,
  snapshot: SnapshotFrom<TMachine>,
  event: EventFromLogic<TMachine>,
): readonly EmittedFrom<TMachine>[] {
  const [, actions]: readonly [unknown, readonly Action[]] = transition(machine, snapshot, event);
  return actions.filter(isEmission<EmittedFrom<TMachine>>).map(({ params }) => params.event);
}

interface Action {
  readonly type: string;
  readonly params: unknown;
}

/** XState's types leave out what a chart emits from the actions of a transition. */
function isEmission<T>(action: Action): action is Action & { readonly params: { readonly event: T } } {
  return action.type === 'xstate.emit';
}

/** What the supervisor's chart says about one call that asks. */
export type Verdict = Extract<
  SupervisorEmitted,
  {
    readonly type: 'stream.admitted' | 'stream.attached' | 'stream.queued' | 'chunk.admitted' | 'stream.refused';
  }
>;

export function isVerdictOn(emitted: SupervisorEmitted, streamId: string): emitted is Verdict {
  switch (emitted.type) {
    case 'stream.admitted':
    case 'stream.attached':
    case 'stream.queued':
    case 'chunk.admitted':
    case 'stream.refused':
      return emitted.streamId === streamId;
    default:
      return false;
  }
}
