/** A chart as plain data: all that it says, in one way only, and nothing that can't be said. */

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type AnyStateMachine, and, createMachine, not, or, stateIn } from 'xstate';
import { chartDefinition, type Json } from '../../../src/log/chart-definition.ts';
import { bootstrapMachine } from '../../../src/machines/bootstrap.machine.ts';
import { collectMachine } from '../../../src/machines/collect.machine.ts';
import { sessionMachine } from '../../../src/machines/session/session.machine.ts';
import { supervisorMachine } from '../../../src/machines/supervisor/supervisor.machine.ts';
import { supervisorMachineV1 } from '../../../src/machines/supervisor/supervisor-v1.machine.ts';
import { welcomeMachine } from '../../../src/machines/welcome/welcome.machine.ts';
import { replay } from '../../../src/replay/replayer.ts';
import { goodLog } from '../../support/replay/hand-recording.ts';

type Config = Parameters<typeof createMachine>[0];

const textOf = (config: Config) => JSON.stringify(chartDefinition(createMachine(config)));

/** A door with one of everything, in the shortest way to write it. */
const door = {
  id: 'door',
  version: '1',
  context: { visitors: 0, rooms: ['hall', 'yard'] },
  initial: 'closed',
  states: {
    closed: {
      tags: ['quiet', 'dark'],
      entry: 'lock',
      on: { knocked: 'open', pushed: { guard: 'isUnlocked', target: 'open' } },
    },
    open: {
      invoke: { id: 'bell', src: 'bell', input: { tone: 'low', times: 2 }, onDone: 'closed', onError: 'closed' },
      after: { closingDue: 'closed', 1000: { actions: 'creak' } },
      exit: { type: 'ring', params: { where: 'hall', loud: true } },
    },
  },
} satisfies Config;

const openWith = (pushed: object) =>
  textOf({ ...door, states: { ...door.states, closed: { ...door.states.closed, on: { knocked: 'open', pushed } } } });
const openOn = (open: object) =>
  textOf({ ...door, states: { ...door.states, open: { ...door.states.open, ...open } } });

/** Two regions, one of them with an end and a memory. */
const house = {
  id: 'house',
  type: 'parallel',
  states: {
    light: { initial: 'off', states: { off: { on: { pressed: 'on' } }, on: {} } },
    party: {
      initial: 'loud',
      states: { loud: { on: { tired: 'over' } }, over: { type: 'final' }, again: { type: 'history' } },
      onDone: { actions: 'sweep' },
    },
  },
} satisfies Config;

/** JSON as XState reads it: the one thing it has no JSON for is a combined guard. */
function revived(json: Json): Json | object {
  if (typeof json !== 'object' || json === null) return json;
  if (Array.isArray(json)) return json.map(revived);
  const { type, guards } = { type: '', guards: [], ...json };
  const parts = Array.isArray(guards) ? guards.map(nameOf) : [];
  if (type === 'xstate.and') return and(parts);
  if (type === 'xstate.or') return or(parts);
  return Object.fromEntries(Object.entries(json).map(([name, value]) => [name, revived(value)]));
}

function nameOf(part: unknown): string {
  if (typeof part !== 'string') throw new Error('our charts combine names only');
  return part;
}

const machines = [
  sessionMachine,
  welcomeMachine,
  supervisorMachineV1,
  supervisorMachine,
  collectMachine,
  bootstrapMachine,
];

describe('the definition of a chart', () => {
  test.each(machines.map((machine) => [`${machine.id} ${machine.version}`, machine] as const))(
    'of ours says all of it: %s, read back by XState, has the same',
    (_id, machine) => {
      const definition = chartDefinition(machine);
      const again = createMachine({ ...Object(revived(JSON.parse(JSON.stringify(definition)))) });
      expect(chartDefinition(again)).toEqual(definition);
    },
  );

  test('is enough to do what the chart did: a session chart built from it replays every recording', () => {
    const folder = new URL('../../recordings/session/', import.meta.url);
    const logs = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
    const machine: AnyStateMachine = sessionMachine;
    const { context, output } = machine.config;
    const { guards, actions, delays } = machine.implementations;
    const again = createMachine(
      { ...Object(revived(chartDefinition(machine))), context, output },
      { guards, actions, delays, actors: Object(machine.implementations.actors) },
    );
    expect(logs.length).toBeGreaterThan(20);
    for (const name of logs) {
      const log = goodLog(readFileSync(new URL(name, folder), 'utf8'));
      expect(replay(log, again).divergence, name).toEqual(replay(log, machine).divergence);
    }
  });

  test('reads like a config, with names resolved and lists where there may be several', () => {
    expect(chartDefinition(createMachine(door))).toEqual({
      id: 'door',
      version: '1',
      context: { rooms: ['hall', 'yard'], visitors: 0 },
      initial: 'closed',
      states: {
        closed: {
          tags: ['dark', 'quiet'],
          entry: ['lock'],
          on: { knocked: [{ target: '#door.open' }], pushed: [{ guard: 'isUnlocked', target: '#door.open' }] },
        },
        open: {
          exit: [{ type: 'ring', params: { loud: true, where: 'hall' } }],
          invoke: [
            {
              id: 'bell',
              src: 'bell',
              input: { times: 2, tone: 'low' },
              onDone: [{ target: '#door.closed' }],
              onError: [{ target: '#door.closed' }],
            },
          ],
          after: { 1000: [{ actions: ['creak'] }], closingDue: [{ target: '#door.closed' }] },
        },
      },
    });
  });

  test('writes combined guards out, however deep, with their params', () => {
    const guard = and([
      'isDay',
      or([not('isLocked'), { type: 'isOlder', params: { than: 7, by: 'year' } }]),
      stateIn('#a'),
    ]);
    const definition = chartDefinition(
      createMachine({ id: 'a', initial: 'b', states: { b: { on: { pushed: { guard, target: 'b' } } } } }),
    );
    expect(definition.states).toEqual({
      b: {
        on: {
          pushed: [
            {
              guard: {
                type: 'xstate.and',
                guards: [
                  'isDay',
                  {
                    type: 'xstate.or',
                    guards: [
                      { type: 'xstate.not', guards: ['isLocked'] },
                      { type: 'isOlder', params: { by: 'year', than: 7 } },
                    ],
                  },
                  { type: 'xstate.stateIn', stateValue: '#a' },
                ],
              },
              target: '#a.b',
            },
          ],
        },
      },
    });
  });
});

describe('a definition is the same', () => {
  const { closed, open } = door.states;
  test.each<[string, Config]>([
    [
      'a string and a list of one object',
      { ...door, states: { closed: { ...closed, entry: [{ type: 'lock' }] }, open } },
    ],
    [
      'a target and a list of transitions',
      {
        ...door,
        states: { closed: { ...closed, on: { knocked: [{ target: 'open' }], pushed: closed.on.pushed } }, open },
      },
    ],
    [
      'a relative target and an id',
      { ...door, states: { closed: { ...closed, on: { knocked: '#door.open', pushed: closed.on.pushed } }, open } },
    ],
    [
      'another order of events',
      { ...door, states: { closed: { ...closed, on: { pushed: closed.on.pushed, knocked: 'open' } }, open } },
    ],
    ['another order of states that exclude each other', { ...door, states: { open, closed } }],
    [
      'another order of params',
      { ...door, states: { closed, open: { ...open, exit: { params: { loud: true, where: 'hall' }, type: 'ring' } } } },
    ],
    [
      'another order of fields',
      {
        states: { open, closed },
        initial: 'closed',
        context: { rooms: ['hall', 'yard'], visitors: 0 },
        version: '1',
        id: 'door',
      },
    ],
    [
      'another order of tags, one twice',
      { ...door, states: { closed: { ...closed, tags: ['dark', 'quiet', 'dark'] }, open } },
    ],
    [
      'a default that is written out',
      {
        ...door,
        type: 'compound',
        states: { closed: { ...closed, id: 'door.closed' }, open: { ...open, type: 'atomic' } },
      },
    ],
    [
      'words for people',
      { ...door, description: 'A door.', states: { closed: { ...closed, description: 'Locked.' }, open } },
    ],
  ])('for %s', (_what, written) => {
    expect(textOf(written)).toBe(textOf(door));
  });
});

describe('a definition differs', () => {
  const guarded = (guard: object | string) => openWith({ guard, target: 'open' });
  test.each<[string, string, string]>([
    ['a part of a combined guard', guarded(and(['isDay', 'isUnlocked'])), guarded(and(['isNight', 'isUnlocked']))],
    ['a part deep inside of one', guarded(or(['isDay', not('isLocked')])), guarded(or(['isDay', not('isShut')]))],
    ['how guards are combined', guarded(and(['isDay', 'isUnlocked'])), guarded(or(['isDay', 'isUnlocked']))],
    ['a guard turned round', guarded('isDay'), guarded(not('isDay'))],
    [
      "a guard's params",
      guarded({ type: 'isOlder', params: { than: 7 } }),
      guarded({ type: 'isOlder', params: { than: 8 } }),
    ],
    ['the state that a guard asks for', guarded(stateIn('#door.open')), guarded(stateIn('#door.closed'))],
    ['a guard', guarded('isDay'), guarded('isNight')],
    ['no guard', guarded('isDay'), openWith({ target: 'open' })],
    [
      'the order of candidates',
      openWith([{ guard: 'a', target: 'open' }, { guard: 'b' }]),
      openWith([{ guard: 'b' }, { guard: 'a', target: 'open' }]),
    ],
    ['the order of actions', openWith({ actions: ['a', 'b'] }), openWith({ actions: ['b', 'a'] })],
    ['a target', openWith({ target: 'open' }), openWith({ target: 'closed' })],
    ['entering anew', openWith({ target: 'closed' }), openWith({ target: 'closed', reenter: true })],
    ['a transition that is forbidden', openWith({}), openWith([])],
    ["an action's params", openOn({}), openOn({ exit: { type: 'ring', params: { where: 'yard', loud: true } } })],
    ['an action on entry', openOn({}), openOn({ entry: 'creak' })],
    ['a delay', openOn({}), openOn({ after: { leavingDue: 'closed', 1000: { actions: 'creak' } } })],
    ['a time', openOn({}), openOn({ after: { closingDue: 'closed', 1001: { actions: 'creak' } } })],
    [
      'the order of timers',
      openOn({ after: { a: 'closed', b: 'closed' } }),
      openOn({ after: { b: 'closed', a: 'closed' } }),
    ],
    ['what is always taken', openOn({}), openOn({ always: { guard: 'isDay', target: 'closed' } })],
    ['an actor', openOn({ invoke: { id: 'bell', src: 'bell' } }), openOn({ invoke: { id: 'bell', src: 'gong' } })],
    ["an actor's id", openOn({ invoke: { id: 'bell', src: 'bell' } }), openOn({ invoke: { id: 'gong', src: 'bell' } })],
    [
      "an actor's input",
      openOn({ invoke: { id: 'b', src: 'b', input: 1 } }),
      openOn({ invoke: { id: 'b', src: 'b', input: 2 } }),
    ],
    [
      'an input that is computed',
      openOn({ invoke: { id: 'b', src: 'b' } }),
      openOn({ invoke: { id: 'b', src: 'b', input: () => 1 } }),
    ],
    [
      'the end of an actor',
      openOn({ invoke: { id: 'b', src: 'b', onDone: 'open' } }),
      openOn({ invoke: { id: 'b', src: 'b', onDone: 'closed' } }),
    ],
    [
      'a snapshot of an actor',
      openOn({ invoke: { id: 'b', src: 'b' } }),
      openOn({ invoke: { id: 'b', src: 'b', onSnapshot: 'closed' } }),
    ],
    ['a tag', openOn({}), openOn({ tags: ['light'] })],
    ['meta', openOn({ meta: { floor: 1 } }), openOn({ meta: { floor: 2 } })],
    ['an id', openOn({}), openOn({ id: 'open-door' })],
    [
      'the kind of a state',
      openOn({ invoke: undefined, after: undefined }),
      openOn({ invoke: undefined, after: undefined, type: 'final' }),
    ],
    ['the first state', textOf(door), textOf({ ...door, initial: 'open' })],
    ['the version', textOf(door), textOf({ ...door, version: '2' })],
    ['the context', textOf(door), textOf({ ...door, context: { visitors: 1, rooms: ['hall', 'yard'] } })],
    [
      'the order in a list of data',
      textOf(door),
      textOf({ ...door, context: { visitors: 0, rooms: ['yard', 'hall'] } }),
    ],
    ['the bound of steps', textOf(door), textOf({ ...door, options: { maxIterations: 7 } })],
    ['the output', textOf({ ...door, output: 1 }), textOf({ ...door, output: 2 })],
    [
      'the order of regions',
      textOf(house),
      textOf({ ...house, states: { party: house.states.party, light: house.states.light } }),
    ],
    [
      'what follows the end of a region',
      textOf(house),
      textOf({ ...house, states: { ...house.states, party: { ...house.states.party, onDone: 'light' } } }),
    ],
    [
      'the depth of a memory',
      textOf(house),
      textOf({
        ...house,
        states: {
          ...house.states,
          party: {
            ...house.states.party,
            states: { ...house.states.party.states, again: { type: 'history', history: 'deep' } },
          },
        },
      }),
    ],
  ])('with %s', (_what, one, other) => {
    expect(one).not.toBe(other);
  });
});

describe('a chart has no definition', () => {
  const inline = () => true;
  test.each<[string, () => string, string]>([
    [
      'an inline guard',
      () => openWith({ guard: inline }),
      "the guard of a transition of door.closed for 'pushed' is written into the chart",
    ],
    [
      'one inside of a combined guard',
      () => openWith({ guard: and(['isDay', not(inline)]) }),
      'written into the chart',
    ],
    ['an inline action', () => openOn({ entry: inline }), 'an action of entry of door.open is written into the chart'],
    ['one among names', () => openWith({ actions: ['creak', inline] }), 'written into the chart'],
    [
      'an inline actor',
      () => openOn({ invoke: { id: 'b', src: createMachine({}) } }),
      'an actor of door.open is written into the chart',
    ],
    ['params that are computed', () => openOn({ exit: { type: 'ring', params: inline } }), 'no data'],
    ['params with a function', () => openOn({ exit: { type: 'ring', params: { a: [inline] } } }), 'no data'],
    [
      'params with an object of a class',
      () => openOn({ exit: { type: 'ring', params: { at: new Date(0) } } }),
      'hold a Date, which is no data',
    ],
    [
      'params with no number',
      () => openOn({ exit: { type: 'ring', params: { n: Number.NaN } } }),
      'hold a number (NaN), which is no data',
    ],
    [
      'a property that has no place in one',
      () => openOn({ route: {} }),
      "the definition can't tell 'route' of door.open",
    ],
    [
      'one of a transition',
      () => openWith({ target: 'open', in: '#door' }),
      "the definition can't tell 'in' of a transition of door.closed",
    ],
    [
      'one of an actor',
      () => openOn({ invoke: { id: 'b', src: 'b', timeout: 1 } }),
      "the definition can't tell 'timeout'",
    ],
  ])('with %s', (_what, define, fault) => {
    expect(define).toThrow(fault);
  });
});
