/** A parent for one actor under test: it starts it, keeps what it is told and stops it; an error of the child is kept too. */
import { type AnyActorLogic, type AnyEventObject, createActor, setup } from 'xstate';
import type { SessionEvent } from '../../../src/machines/session.types.ts';

export interface HostedActor {
  /** What the actor told its parent, in order. */
  readonly heard: readonly SessionEvent[];
  /** What the actor ended with, if it threw. */
  readonly errors: readonly unknown[];
  send(event: AnyEventObject): void;
  stop(): void;
}

export function hostActor(logic: AnyActorLogic, input: unknown): HostedActor {
  const heard: SessionEvent[] = [];
  const errors: unknown[] = [];
  const machine = setup({
    types: { events: {} as SessionEvent | { type: 'toChild'; event: AnyEventObject } | { type: 'leave' } },
    actors: { child: logic },
    actions: {
      keep: ({ event }) => {
        if (event.type !== 'toChild' && event.type !== 'leave') heard.push(event);
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
  const actor = createActor(machine).start();
  return {
    heard,
    errors,
    send: (event) => actor.getSnapshot().children.child?.send(event),
    stop: () => actor.send({ type: 'leave' }),
  };
}
