/**
 * docs/statecharts is what the machines say. This test is generator and check in one: run with `-u` it writes the files, and
 * where CI is set a difference fails.
 */
import { describe, expect, test } from 'vitest';
import { enqueueActions, setup } from 'xstate';
import { chartOf } from '../src/analysis/chart/chart-content.ts';
import { drawChart } from '../src/analysis/chart/chart-drawing.ts';
import { mermaidOf } from '../src/analysis/chart/mermaid.ts';
import { bootstrapMachine } from '../src/machines/bootstrap.machine.ts';
import { collectMachine } from '../src/machines/collect.machine.ts';
import { sessionMachine } from '../src/machines/session/session.machine.ts';
import { supervisorMachine } from '../src/machines/supervisor/supervisor.machine.ts';
import { welcomeMachine } from '../src/machines/welcome/welcome.machine.ts';
import { bootstrapNotes } from './support/statecharts/bootstrap.notes.ts';
import { collectNotes } from './support/statecharts/collect.notes.ts';
import { documentOf } from './support/statecharts/document.ts';
import { documentedChartOf } from './support/statecharts/effects.ts';
import type { ChartNotes } from './support/statecharts/notes.ts';
import { sessionNotes } from './support/statecharts/session.notes.ts';
import { supervisorNotes } from './support/statecharts/supervisor.notes.ts';
import { welcomeNotes } from './support/statecharts/welcome.notes.ts';

const charts = [
  { file: 'session.md', machine: sessionMachine, notes: sessionNotes },
  { file: 'welcome.md', machine: welcomeMachine, notes: welcomeNotes },
  { file: 'supervisor.md', machine: supervisorMachine, notes: supervisorNotes },
  { file: 'collect.md', machine: collectMachine, notes: collectNotes },
  { file: 'bootstrap.md', machine: bootstrapMachine, notes: bootstrapNotes },
];

describe('docs/statecharts', () => {
  // `$file.md` would be read as a field of the file.
  test.each(charts)('$file is what the machine says', async ({ file, machine, notes }) => {
    const text = documentOf(documentedChartOf(machine), notes);
    await expect(text).toMatchFileSnapshot(`../docs/statecharts/${file}`);
  });

  test.each(charts)('the drawings beside $file are what the layout makes of the machine', async ({ machine }) => {
    await expect(drawChart(machine, 'map')).toMatchFileSnapshot(`../docs/statecharts/images/${machine.id}.svg`);
    await expect(drawChart(machine, 'full')).toMatchFileSnapshot(`../docs/statecharts/images/${machine.id}-full.svg`);
  });

  test('the picture of the README is the map of the session', async () => {
    await expect(drawChart(sessionMachine, 'map')).toMatchFileSnapshot('../docs/images/session-chart.svg');
  });
});

/** A door, the smallest chart with one of everything. */
function doorOf({ openGuard = 'isUnlocked', delayMs = 3000, label = 'hall' } = {}) {
  return setup({
    types: { events: {} as { type: 'handle.turned' }, emitted: {} as { type: 'bell.rung' } },
    guards: { isUnlocked: () => true, isDay: () => true },
    delays: { closingDue: delayMs },
    actions: {
      ring: enqueueActions(({ enqueue }, _params: { where: string }) => {
        enqueue.emit({ type: 'bell.rung' });
      }),
    },
  }).createMachine({
    id: 'door',
    initial: 'closed',
    states: {
      closed: { on: { 'handle.turned': { guard: openGuard === 'isDay' ? 'isDay' : 'isUnlocked', target: 'open' } } },
      open: { entry: { type: 'ring', params: { where: label } }, after: { closingDue: 'closed' } },
    },
  });
}

const doorNotes: ChartNotes = {
  source: 'src/door.ts',
  title: 'The door',
  intro: 'It opens and closes.',
  pictures: [{ title: 'The whole', text: '', picture: { inside: '', closed: [], gathered: [] } }],
  sameInside: {},
  statesText: '',
  states: { closed: 'Waits for a hand.', open: 'Waits for the spring.' },
  events: { 'handle.turned': 'A hand.' },
  guards: { isUnlocked: 'The key was turned.' },
  delays: { closingDue: 'the spring.' },
  facts: { 'bell.rung': 'Somebody looks up.' },
  computedFacts: {},
  messages: {},
  actors: {},
};

const door = documentOf(documentedChartOf(doorOf()), doorNotes);

describe('the generator', () => {
  test('draws states, initial states, guards and timed exits', () => {
    expect(mermaidOf(chartOf(doorOf()), { inside: '', closed: [], gathered: [] })).toBe(
      [
        'stateDiagram-v2',
        '    [*] --> closed_',
        '    closed_: closed',
        '    open_: open',
        '    open_: entry / ring(hall)',
        '    closed_ --> open_: handle.turned [isUnlocked]',
        '    open_ --> closed_: after closingDue',
      ].join('\n'),
    );
  });

  test('tells events, guards, actions, timed exits and emitted facts', () => {
    expect(door).toContain('| `closed` | `handle.turned` | `isUnlocked` | `open` | |');
    expect(door).toContain('| `open` | | Waits for the spring. | entry `ring(hall)` | `closingDue` |');
    expect(door).toContain('| `open` | `closingDue` | 3 s: the spring. | | `closed` | |');
    expect(door).toContain('| `bell.rung` | Somebody looks up. | `ring` |');
  });

  test('gives another document for another guard, delay or parameter', () => {
    const notes = { ...doorNotes, guards: { isDay: 'The sun is up.' } };
    expect(documentOf(documentedChartOf(doorOf({ openGuard: 'isDay' })), notes)).not.toBe(door);
    expect(documentOf(documentedChartOf(doorOf({ delayMs: 4000 })), doorNotes)).not.toBe(door);
    expect(documentOf(documentedChartOf(doorOf({ label: 'yard' })), doorNotes)).not.toBe(door);
  });

  test.each([
    ['states', 'state', 'closed, open'],
    ['events', 'event', 'handle.turned'],
    ['guards', 'guard', 'isUnlocked'],
    ['delays', 'delay', 'closingDue'],
    ['facts', 'fact', 'bell.rung'],
  ])('refuses a chart whose %s have no words', (part, kind, names) => {
    const mute = { ...doorNotes, [part]: {} };
    expect(() => documentOf(documentedChartOf(doorOf()), mute)).toThrow(
      `the notes have no words for the ${kind} ${names}`,
    );
  });

  test.each(['states', 'events', 'guards', 'delays', 'facts', 'messages', 'actors', 'computedFacts'])(
    'refuses words about %s that are not in the chart',
    (part) => {
      const stale = { ...doorNotes, [part]: { ...Reflect.get(doorNotes, part), window: 'A window.' } };
      expect(() => documentOf(documentedChartOf(doorOf()), stale)).toThrow('not in the chart: window');
    },
  );

  test('refuses to list an inside once for two states whose insides differ', () => {
    const notes = { ...sessionNotes, sameInside: { idle: 'streaming.voice' } };
    expect(() => documentOf(documentedChartOf(sessionMachine), notes)).toThrow(
      'the insides of idle and streaming.voice differ',
    );
  });

  test('refuses a label that Mermaid could not read', () => {
    const draw = () => mermaidOf(chartOf(doorOf({ label: 'a: {b}' })), { inside: '', closed: [], gathered: [] });
    expect(draw).toThrow("Mermaid can't read this label");
  });

  test('refuses an inline function in a chart', () => {
    const machine = setup({}).createMachine({ id: 'inline', initial: 'a', states: { a: { entry: () => {} } } });
    expect(() => chartOf(machine)).toThrow('an inline function in a chart has no name');
  });

  test('demands words for a fact whose type an action computes', () => {
    const machine = setup({
      types: { emitted: {} as { type: 'bell.rung' } },
      actions: {
        ring: enqueueActions(({ enqueue }) => {
          const fact: { type: 'bell.rung' } = { type: 'bell.rung' };
          enqueue.emit(fact);
        }),
      },
    }).createMachine({ id: 'bell', initial: 'still', states: { still: { entry: 'ring' } } });
    const notes = { ...doorNotes, states: { still: 'Waits.' }, events: {}, guards: {}, delays: {}, facts: {} };
    expect(() => documentOf(documentedChartOf(machine), notes)).toThrow(
      'no words for the action with computed facts ring',
    );
    const told = { ...notes, facts: { 'bell.rung': 'Somebody looks up.' }, computedFacts: { ring: ['bell.rung'] } };
    expect(documentOf(documentedChartOf(machine), told)).toContain('| `bell.rung` | Somebody looks up. | `ring` |');
  });
});
