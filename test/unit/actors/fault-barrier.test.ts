/**
 * Guarantees of the fault barrier: a bug in an action, a guard or an assign ends its own session with session_fault, stops its
 * children, carries out nothing of the failed step, is reported once, and no other session notices.
 */

import { beforeEach, describe, expect, test } from 'vitest';
import { type AnyStateMachine, assign, createActor, emit, fromCallback, raise, sendTo, setup } from 'xstate';
import { type FaultReport, withFaultBarrier } from '../../../src/actors/hosts/fault-barrier.ts';

const log: string[] = [];
const reports: { id: string; eventType: string; message: string }[] = [];

beforeEach(() => {
  log.length = 0;
  reports.length = 0;
});

function report(id: string, { error, eventType }: FaultReport): void {
  reports.push({ id, eventType, message: error instanceof Error ? error.message : String(error) });
}

const boom = (): never => {
  throw new Error('boom');
};

type BuggyEvent =
  | { type: 'step' }
  | { type: 'raised' }
  | { type: 'fine' }
  | { type: 'session.faulted'; faultId: string };

/** A chart with two children whose step can go wrong in every way; what it does is written to `log`. */
function buggyMachine(bug: 'action' | 'assign' | 'guard' | 'late' | 'entry' | 'always' | 'twice'): AnyStateMachine {
  const child = (name: string) =>
    fromCallback(({ receive }) => {
      log.push(`${name} started`);
      receive((event) => log.push(`${name} heard ${event.type}`));
      return () => log.push(`${name} disposed`);
    });
  const machine = setup({
    types: {
      events: {} as BuggyEvent,
      context: {} as { count: number; faultId: string },
      emitted: {} as { type: 'said'; what: string },
    },
    actors: { first: child('first'), second: child('second'), third: child('third') },
    guards: { isFine: () => (bug === 'guard' || bug === 'always' ? boom() : true) },
    actions: {
      throwNow: boom,
      count: assign({ count: ({ context }) => context.count + 1 }),
      countBadly: assign({ count: boom }),
      say: emit({ type: 'said', what: 'step' }),
      sayFault: emit({ type: 'said', what: 'fault' }),
      tellFirst: sendTo('first', { type: 'told' }),
      keepFault: assign({
        faultId: ({ event }) => (event.type === 'session.faulted' ? event.faultId : ''),
      }),
      keepFaultBadly: assign({ faultId: boom }),
    },
  }).createMachine({
    id: 'buggy',
    context: { count: 0, faultId: '' },
    initial: 'working',
    on: {
      'session.faulted': { target: '.failed', actions: [bug === 'twice' ? 'keepFaultBadly' : 'keepFault', 'sayFault'] },
    },
    states: {
      working: {
        invoke: [
          { id: 'first', src: 'first' },
          { id: 'second', src: 'second' },
        ],
        on: {
          fine: { actions: ['count', 'say'] },
          step:
            bug === 'guard'
              ? { guard: 'isFine', actions: 'count' }
              : bug === 'late'
                ? { actions: ['count', 'say', 'tellFirst', raise({ type: 'raised' })] }
                : bug === 'entry' || bug === 'always'
                  ? { target: 'next', actions: ['count', 'say'] }
                  : {
                      actions: ['count', 'say', 'tellFirst', bug === 'assign' ? 'countBadly' : 'throwNow'],
                    },
          raised: { actions: 'throwNow' },
        },
      },
      next: {
        invoke: { id: 'third', src: 'third' },
        entry: bug === 'entry' ? 'throwNow' : [],
        always: bug === 'always' ? { guard: 'isFine', target: 'working' } : [],
      },
      failed: { type: 'final' },
    },
  });
  return machine;
}

function startBehindBarrier(bug: Parameters<typeof buggyMachine>[0], id: string) {
  const actor = createActor(withFaultBarrier(buggyMachine(bug), report), { id });
  const seen: string[] = [];
  actor.on('*', (event) => log.push(`${id} said ${event.what}`));
  actor.subscribe({ complete: () => seen.push('complete'), error: () => seen.push('error') });
  actor.start();
  return { actor, seen };
}

describe.each(['action', 'assign', 'guard', 'late', 'entry', 'always'] as const)(
  'Fault barrier 1: a throw in: %s',
  (bug) => {
    test('Fault barrier 2, 3: ends the session as an ordinary transition, its children stopped, nothing of the step carried out', () => {
      const { actor, seen } = startBehindBarrier(bug, 'session-7');
      actor.send({ type: 'step' });

      const snapshot = actor.getSnapshot();
      expect({ value: snapshot.value, status: snapshot.status, context: snapshot.context, seen }).toEqual({
        value: 'failed',
        status: 'done',
        // The step's own assign is forgotten with the rest of it.
        context: { count: 0, faultId: 'session-7' },
        seen: ['complete'],
      });
      // Neither "said step" nor "first heard told", and the child of the state that was entered never started.
      expect(log.toSorted()).toEqual([
        'first disposed',
        'first started',
        'second disposed',
        'second started',
        'session-7 said fault',
      ]);
      // XState puts a sentence of its own before what a guard threw.
      const message = expect.stringMatching(/boom$/);
      expect(reports).toEqual([{ id: 'session-7', eventType: 'step', message }]);
    });

    test('Fault barrier 6: is not noticed by another session of the same machine', () => {
      const machine = withFaultBarrier(buggyMachine(bug), report);
      const [broken, other] = ['broken', 'other'].map((id) => createActor(machine, { id }).start());
      other?.on('*', (event) => log.push(`other said ${event.what}`));
      broken?.send({ type: 'step' });
      other?.send({ type: 'fine' });
      expect(broken?.getSnapshot().status).toBe('done');
      expect(other?.getSnapshot()).toMatchObject({ status: 'active', value: 'working', context: { count: 1 } });
      expect(log.filter((line) => line.includes('disposed'))).toEqual(['first disposed', 'second disposed']);
      expect(log).toContain('other said step');
    });
  },
);

test('Fault barrier 4: effects of a good step are carried out, in order', () => {
  const { actor } = startBehindBarrier('action', 'session-1');
  actor.send({ type: 'fine' });
  actor.send({ type: 'fine' });
  expect(log).toEqual(['first started', 'second started', 'session-1 said step', 'session-1 said step']);
  expect(reports).toEqual([]);
});

test('Fault barrier 5: a second throw, while the fault is processed, ends the actor in status error and is not swallowed', () => {
  const { actor, seen } = startBehindBarrier('twice', 'session-2');
  actor.send({ type: 'step' });
  expect(actor.getSnapshot().status).toBe('error');
  expect(seen).toEqual(['error']);
  expect(reports).toEqual([{ id: 'session-2', eventType: 'step', message: 'boom' }]);
});

test('without the barrier XState leaves the children running: the reason it exists (xstate #5153)', () => {
  const actor = createActor(buggyMachine('action'), { id: 'bare' });
  actor.subscribe({ error: () => log.push('error') });
  actor.start();
  actor.send({ type: 'step' });
  expect(log).toContain('error');
  expect(log.filter((line) => line.includes('disposed'))).toEqual([]);
});
