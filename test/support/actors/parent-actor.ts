/** A parent for one actor under test: it starts it, keeps what it is told and stops it; an error of the child is kept too. */
import { type AnyActorLogic, type AnyEventObject, createActor, setup } from 'xstate';
import type { SessionEvent } from '../../../src/machines/session/session.types.ts';

export interface HostedActor {
  /** What the actor told its parent, in order. */
  readonly heard: readonly SessionEvent[];
  /** What the actor ended with, if it threw. */
  readonly errors: readonly unknown[];
  send(event: AnyEventObject): void;
  stop(): void;
}

/** `onHeard` is called within the turn in which the parent is told: what it sends to the child is there at once. */
export function hostActor(
  logic: AnyActorLogic,
  input: unknown,
  onHeard: (event: SessionEvent, child: HostedActor) => void = () => {},
): HostedActor {
  const heard: SessionEvent[] = [];
  const errors: unknown[] = [];
  const machine = setup({
    types: { events: {} as SessionEvent | { type: 'leave' } },
    actors: { child: logic },
    actions: {
      keep: ({ event }) => {
        if (event.type === 'leave') return;
        heard.push(event);
        onHeard(event, hosted);
      },
      keepError: ({ event }) => {
        errors.push('error' in event ? event.error : null);
      },
    },
  }).createMachine({
    initial: 'hosting',
    states: {
      hosting: {
        invoke: { id: 'child', src: 'child', input: () => input, onError: { actions: 'keepError' } },
        on: { leave: 'left', '*': { actions: 'keep' } },
      },
      left: {},
    },
  });
  const actor = createActor(machine);
  const hosted: HostedActor = {
    heard,
    errors,
    send: (event) => actor.getSnapshot().children.child?.send(event),
    stop: () => actor.send({ type: 'leave' }),
  };
  actor.start();
  return hosted;
}
