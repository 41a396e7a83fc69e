/** Why, and why not: the guards that a turn asked, with their answers, and what it took upon them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { type AnyStateMachine, and, not, or, setup, stateIn } from 'xstate';
import { transitionIdOf, transitionsOf, transitionWordsOf } from '../../../src/analysis/chart/transition-words.ts';
import { Execution } from '../../../src/inspector/debugger/execution.ts';
import { WatchedChart } from '../../../src/inspector/debugger/watched-chart.ts';
import { definitionHash, definitionHashAs } from '../../../src/log/chart-definition.ts';
import { machineFor } from '../../../src/replay/machine-shelf.ts';
import { PureChart } from '../../../src/replay/pure-chart.ts';
import { ReplayRun } from '../../../src/replay/replayer.ts';
import { goodLog, recordByHand } from '../../support/replay/hand-recording.ts';

const folder = fileURLToPath(new URL('../../recordings', import.meta.url));
const recordings = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.jsonl'))
  .sort();

/** Every kind of combination, named and on the spot, and guards that know their params and the event. */
const kettle = setup({
  types: {
    context: {} as { degrees: number },
    events: {} as { type: 'heated'; by: number } | { type: 'poured' },
  },
  guards: {
    isHot: ({ context }) => context.degrees >= 90,
    isOver: ({ context }, { degrees }: { degrees: number }) => context.degrees > degrees,
    isLidOn: stateIn({ lid: 'on' }),
    isReady: and(['isHot', 'isLidOn']),
    isCold: not('isHot'),
  },
}).createMachine({
  id: 'kettle',
  version: '1',
  context: { degrees: 20 },
  type: 'parallel',
  states: {
    lid: { initial: 'on', states: { on: {}, off: {} } },
    water: {
      initial: 'still',
      states: {
        still: {
          on: {
            heated: [
              { guard: 'isReady', target: 'boiling' },
              { guard: or(['isHot', { type: 'isOver', params: { degrees: 50 } }]), target: 'boiling' },
              { guard: and([not(stateIn({ lid: 'off' })), 'isCold']), target: 'still', reenter: true },
            ],
          },
        },
        boiling: {},
      },
    },
  },
});

describe('a chart whose guards are watched', () => {
  test.each(recordings)('%s is replayed as by the chart on the shelf, listened to or not', (name) => {
    const log = goodLog(readFileSync(join(folder, name), 'utf8'));
    const machine = machineFor(log.header.machine, log.header.version);
    if (machine === undefined) expect.fail('no chart');
    const watched = new WatchedChart(machine);
    const divergences = (chart: AnyStateMachine) => {
      const run = new ReplayRun(log.header, chart);
      return log.turns.map((turn) => run.take(turn));
    };
    const plain = divergences(machine);
    expect(divergences(watched.machine)).toEqual(plain);
    let asked = 0;
    const count = () => {
      asked += 1;
    };
    expect(watched.listen(count, () => divergences(watched.machine))).toEqual(plain);
    expect(asked).toBeGreaterThan(0);
    expect(definitionHashAs(log.header.definition, machine)).toBe(log.header.definition);
  });

  test('leaves the chart on the shelf as it is', () => {
    const machine = machineFor('session', '1');
    if (machine === undefined) expect.fail('no chart');
    const guards = transitionsOf(machine).map(({ guard }) => guard);
    const hash = definitionHash(machine);
    new WatchedChart(machine);
    expect(transitionsOf(machine).map(({ guard }) => guard)).toEqual(guards);
    expect(definitionHash(machine)).toBe(hash);
  });

  test('names transitions as the drawn chart does', () => {
    for (const id of ['session', 'welcome', 'supervisor']) {
      const machine = machineFor(id, '');
      if (machine === undefined) expect.fail('no chart');
      const watched = new WatchedChart(machine);
      expect(watched.transitions.map((told) => told.id)).toEqual(transitionWordsOf(machine).map((words) => words.id));
      const known = transitionsOf(watched.machine).map((each) => watched.transition(each)?.told.id);
      expect(known).toEqual(watched.transitions.map((told) => told.id));
    }
  });
});

describe('guards', () => {
  const text = recordByHand(kettle, [{ type: 'heated', by: 1 }]);
  const log = goodLog(text);
  const execution = new Execution(log.header, kettle, log.turns);
  execution.catchUp();

  test('are told in the order asked, the parts of a combined one before it', () => {
    const [step] = execution.watch(1)?.steps ?? [];
    expect(step?.isAlways).toBe(false);
    expect(step?.guards.map(({ name, answer, depth }) => `${'  '.repeat(depth)}${name} ${answer}`)).toEqual([
      '  isHot false',
      'isReady false',
      '  isHot false',
      '  isOver false',
      'or(isHot, isOver) false',
      '    stateIn false',
      '  not(stateIn) true',
      '    isHot false',
      '  isCold true',
      'and(not(stateIn), isCold) true',
    ]);
    expect(step?.taken.map(({ words }) => words)).toEqual([
      'water.still: heated [and(not(stateIn), isCold)] → water.still',
    ]);
  });

  test('are not asked when nobody looks, and a state that is entered again counts again', () => {
    const still = execution.chart.states.indexOf('water.still');
    expect(execution.history.visitsUpTo(0)[still]).toBe(1);
    expect(execution.history.visitsUpTo(1)[still]).toBe(2);
    expect(execution.history.visitsUpTo(1)[execution.chart.states.indexOf('lid.on')]).toBe(1);
  });
});

test.each(recordings)('%s: transitions are counted as XState takes them', (name) => {
  const log = goodLog(readFileSync(join(folder, name), 'utf8'));
  const machine = machineFor(log.header.machine, log.header.version);
  if (machine === undefined) expect.fail('no chart');
  const execution = new Execution(log.header, machine, log.turns);
  execution.catchUp();
  const counts = new Map<string, number>();
  const chart = new PureChart(machine, ({ transitions }) => {
    for (const each of transitions) counts.set(transitionIdOf(each), (counts.get(transitionIdOf(each)) ?? 0) + 1);
  });
  let { after } = chart.start(log.header.input);
  for (const { event } of log.turns.slice(1)) after = chart.take(after, event).after;
  const taken = execution.history.takenUpTo(log.turns.length - 1);
  for (const [place, { id }] of execution.chart.transitions.entries()) expect(taken[place]).toBe(counts.get(id) ?? 0);
  const visits = execution.history.visitsUpTo(log.turns.length - 1);
  for (const { path } of after._nodes) {
    if (path.length > 0) expect(visits[execution.chart.states.indexOf(path.join('.'))]).toBeGreaterThan(0);
  }
});
