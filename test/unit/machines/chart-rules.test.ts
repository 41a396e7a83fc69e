/** The rules of the charts, by a walk over machine.root: everything named, every id explicit, a timed exit from every wait. */
import { describe, expect, test } from 'vitest';
import { type AnyStateMachine, and, assign, createMachine, fromPromise, not, raise, setup, stateIn } from 'xstate';
import { statesOf } from '../../../src/analysis/chart/transition-words.ts';
import { bootstrapMachine } from '../../../src/machines/bootstrap.machine.ts';
import { collectMachine } from '../../../src/machines/collect.machine.ts';
import { sessionMachine } from '../../../src/machines/session/session.machine.ts';
import { supervisorMachine } from '../../../src/machines/supervisor/supervisor.machine.ts';
import { welcomeMachine } from '../../../src/machines/welcome/welcome.machine.ts';
import { invokeIdFaults, namingFaults, timedExits } from '../../support/machines/chart-rules.ts';

/** Where the machine may rest without a timed exit, and why. */
const untimed: Readonly<Record<string, string>> = {
  'supervisor.closed': 'the bootstrap chart opens or drains it, and every starting state of that chart is timed',
  'supervisor.open': 'serving: it waits for calls, not for anything that is due',
  'supervisor.drained': 'the end of the supervisor; it stays to refuse late calls until the process exits',
  'bootstrap.ready.ok': 'serving: it waits for the shutdown, not for anything that is due',
  'bootstrap.ready.degraded': 'serving: it waits for the shutdown, not for anything that is due',
};

const machines: readonly AnyStateMachine[] = [
  sessionMachine,
  welcomeMachine,
  supervisorMachine,
  collectMachine,
  bootstrapMachine,
];

describe.each(machines)('the chart $id', (machine) => {
  test('is seen as a whole', () => {
    expect(statesOf(machine).length).toBeGreaterThan(5);
  });

  test('names its actions, guards, actors and delays, and has an implementation for each', () => {
    expect(namingFaults(machine)).toEqual([]);
  });

  test('gives every invoked actor an id', () => {
    expect(invokeIdFaults(machine)).toEqual([]);
  });

  test('has a timed exit from every state in which it waits, but for those with a reason', () => {
    const without = Object.entries(timedExits(machine)).filter(([, exits]) => exits.length === 0);
    const allowed = Object.keys(untimed).filter((name) => name.startsWith(`${machine.id}.`));
    expect(without.map(([state]) => `${machine.id}.${state}`).toSorted()).toEqual(allowed.toSorted());
  });
});

test('the timed exits of a session, apart from its total time, are these', () => {
  expect(timedExits(sessionMachine)).toEqual({
    'idle.attentive': ['idleCheck'],
    'idle.questioned': ['replyDue'],
    'streaming.answer.running.awaitingFirstToken': ['firstTokenTimeout', 'by reader'],
    'streaming.answer.running.receiving': ['stallCheck', 'by reader'],
    'streaming.answer.running.held': ['by reader'],
    'streaming.answer.running.resuming': ['answerStallTimeout', 'by reader'],
    'streaming.answer.answered': ['by reader'],
    'streaming.voice.silent': ['by reader'],
    'streaming.voice.speaking.listening': ['speechCheck', 'by reader'],
    'streaming.voice.speaking.questioned': ['replyDue', 'by reader'],
    'streaming.voice.speaking.unvoiced': ['by reader'],
    'streaming.voice.failing': ['by reader'],
    'streaming.voice.closing': ['by reader'],
    'streaming.reader.attentive': ['idleCheck'],
    'streaming.reader.questioned': ['replyDue'],
    'commandSent.attentive': ['idleCheck'],
    'commandSent.questioned': ['replyDue'],
  });
});

test('the timed exits of a welcome stream, apart from its total time, are these', () => {
  expect(timedExits(welcomeMachine)).toEqual({
    'idle.attentive': ['idleCheck'],
    'idle.questioned': ['replyDue'],
    'streaming.voice.reading': ['nextSlice', 'by reader'],
    'streaming.voice.speaking.listening': ['speechCheck', 'by reader'],
    'streaming.voice.speaking.questioned': ['replyDue', 'by reader'],
    'streaming.voice.failing': ['by reader'],
    'streaming.voice.closing': ['by reader'],
    'streaming.reader.attentive': ['idleCheck'],
    'streaming.reader.questioned': ['replyDue'],
  });
});

test.each([sessionMachine, welcomeMachine])('the total time is over all states of a $id stream', (machine) => {
  expect(Object.keys(machine.root.config.after ?? {})).toEqual(['sessionTimeout']);
});

test('what is collected always has the same time to live', () => {
  expect(timedExits(collectMachine)).toEqual({ empty: ['collectTtl'], collecting: ['collectTtl'] });
});

describe('the walk itself', () => {
  const named = setup({
    actors: { work: fromPromise(async () => {}) },
    actions: { note: () => {} },
    guards: { isFine: () => true },
    delays: { soon: 10 },
  });

  test('finds functions among actions, guards, actors and params', () => {
    const machine = createMachine({
      id: 'bad',
      initial: 'a',
      states: {
        a: {
          entry: () => {},
          exit: assign({}),
          invoke: { id: 'work', src: fromPromise(async () => {}) },
          on: {
            x: { guard: () => true, actions: raise({ type: 'y' }), target: 'a' },
            y: { guard: not(() => true) },
            z: { actions: { type: 'note', params: () => ({}) } },
          },
          after: { 10: 'a' },
        },
      },
    });
    expect(namingFaults(machine)).toEqual([
      'bad.a: an action on entry or exit is written into the chart',
      'bad.a: an action on entry or exit is written into the chart',
      expect.stringMatching(/^bad\.a: x \[.*\] → bad\.a: an action is written into the chart$/),
      expect.stringMatching(/^bad\.a: x \[.*\] → bad\.a: a guard is written into the chart$/),
      expect.stringMatching(/^bad\.a: y \[not.*\] → no target: a guard is written into the chart$/),
      'bad.a: z → no target: an action, note, has params that are a function',
      'bad.a: an invoked actor is written into the chart',
      'bad.a: a delay, 10, has no implementation',
    ]);
  });

  test('finds names without an implementation and lets the combinations of names be', () => {
    const machine = named.createMachine({
      id: 'good',
      initial: 'a',
      states: {
        a: {
          entry: ['note', { type: 'note' }],
          invoke: { id: 'work', src: 'work' },
          on: { x: { guard: and(['isFine', not('isFine'), stateIn('#b')]), actions: 'note' } },
          after: { soon: 'b' },
        },
        b: { id: 'b', type: 'final' },
      },
    });
    expect(namingFaults(machine)).toEqual([]);
    expect(namingFaults(createMachine({ id: 'typo', entry: 'nota' }))).toEqual([
      'typo: an action on entry or exit, nota, has no implementation',
    ]);
  });

  test('finds an invoked actor without an id', () => {
    const machine = named.createMachine({ id: 'bad', initial: 'a', states: { a: { invoke: { src: 'work' } } } });
    expect(invokeIdFaults(machine)).toEqual(['bad.a: an invoked actor without an id']);
  });

  test('finds a state without a timed exit, also where only one region or only the root has one', () => {
    const machine = named.createMachine({
      id: 'bad',
      after: { soon: '.end' },
      initial: 'both',
      states: {
        both: {
          type: 'parallel',
          states: {
            waiting: {},
            // Its delay never leaves the region: nobody is helped by it.
            spinning: { initial: 'a', states: { a: { after: { soon: 'b' } }, b: { after: { soon: 'a' } } } },
          },
        },
        timed: {
          type: 'parallel',
          states: {
            waiting: {},
            watching: { initial: 'a', states: { a: { after: { soon: 'b' } }, b: { after: { soon: '#bad.end' } } } },
          },
        },
        passing: { always: 'end' },
        end: { type: 'final' },
      },
    });
    expect(timedExits(machine)).toEqual({
      'both.waiting': [],
      'both.spinning.a': ['soon'],
      'both.spinning.b': ['soon'],
      'timed.waiting': ['by watching'],
      'timed.watching.a': ['soon'],
      'timed.watching.b': ['soon'],
    });
  });
});
