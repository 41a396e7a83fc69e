/** What Stately's tools are told of a session, against what the chart itself says when the same log is executed again. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { StatelyInspectionEvent } from '@statelyai/inspect';
import { describe, expect, test } from 'vitest';
import { type AnyStateNode, and, createMachine, not, or, setup, stateIn } from 'xstate';
import {
  definitionForTools,
  PROTOCOL_VERSION,
  stateValueOf,
  ToldActor,
} from '../../../src/inspector/stately/messages.ts';
import type { LogLine } from '../../../src/log/log-format.ts';
import { sessionMachine } from '../../../src/machines/session/session.machine.ts';
import { supervisorMachine } from '../../../src/machines/supervisor/supervisor.machine.ts';
import { welcomeMachine } from '../../../src/machines/welcome/welcome.machine.ts';
import { machineFor } from '../../../src/replay/machine-shelf.ts';
import { ChartRun } from '../../../src/replay/pure-chart.ts';
import { goodEvents, madeLog } from '../../support/replay/made-log.ts';
import { importsOf, targetOf } from '../../support/tidy/import-rules.ts';
import { sourceFiles } from '../../support/tidy/source-file.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const folder = join(root, 'test/recordings');
const recordings = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.jsonl'));

function linesOf(text: string): LogLine[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line): LogLine => JSON.parse(line));
}

function told(lines: readonly LogLine[], definition: string | null = null) {
  const [header, ...rest] = lines;
  if (header?.kind !== 'header') throw new Error('the log has no header');
  const actor = new ToldActor(header, { id: 'actor-1', rootId: 'root-1', parentId: 'root-1', definition });
  const messages = rest.flatMap((line) => actor.take(line));
  return { header, actor, messages };
}

function snapshotsOf(messages: readonly StatelyInspectionEvent[]) {
  return messages.flatMap((message) => (message.type === '@xstate.snapshot' ? [message] : []));
}

describe.each(recordings)('%s', (name) => {
  const lines = linesOf(readFileSync(join(folder, name), 'utf8'));
  const { header, messages } = told(lines);
  const turns = lines.flatMap((line) => (line.kind === 'turn' ? [line] : []));

  test('each turn is its event and the state that the chart itself is in', () => {
    const machine = machineFor(header.machine, header.version);
    if (machine === undefined) throw new Error(`there is no chart ${header.machine}`);
    const run = new ChartRun(machine);
    // Texts were amended by later lines; a chart that is replayed without is in the same states.
    const states = turns.map(({ turn, event }) => (turn === 0 ? run.start(header.input) : run.take(event)).after);
    expect(messages.map(({ type }) => type).slice(0, 2 * turns.length)).toEqual(
      turns.flatMap(() => ['@xstate.event', '@xstate.snapshot']),
    );
    for (const [index, { value, status }] of states.entries()) {
      expect(snapshotsOf(messages)[index]?.snapshot).toMatchObject({ value, status });
    }
  });

  test('they are plain JSON of the protocol, with the time of each turn', () => {
    expect(messages).not.toEqual([]);
    const startedMs = Date.parse(header.startedAt);
    for (const [index, message] of messages.entries()) {
      expect(JSON.parse(JSON.stringify(message))).toMatchObject({
        type: expect.stringMatching(/^@xstate\.(event|snapshot)$/),
        sessionId: 'actor-1',
        rootId: 'root-1',
        _version: PROTOCOL_VERSION,
        id: expect.any(String),
        createdAt: expect.stringMatching(/^\d{13}$/),
      });
      const turn = turns[Math.min(index >> 1, turns.length - 1)];
      expect(Math.abs(Number(message.createdAt) - startedMs - (turn?.atMs ?? 0))).toBeLessThanOrEqual(1);
    }
  });
});

test('the version of the protocol is that of the package', () => {
  const { version } = JSON.parse(readFileSync(join(root, 'node_modules/@statelyai/inspect/package.json'), 'utf8'));
  expect(PROTOCOL_VERSION).toBe(version);
});

describe('an actor', () => {
  const lines = linesOf(madeLog({ events: goodEvents, sessionId: '9269120c' }));

  test('is introduced with its chart, its name and the state it has now', () => {
    const { actor } = told(lines.slice(0, 3), '{"id":"session"}');
    expect(actor.introduction()).toEqual({
      type: '@xstate.actor',
      name: 'session 9269120c',
      sessionId: 'actor-1',
      rootId: 'root-1',
      parentId: 'root-1',
      id: 'actor-1/actor',
      createdAt: expect.stringMatching(/^\d{13}$/),
      _version: PROTOCOL_VERSION,
      definition: '{"id":"session"}',
      snapshot: {
        status: 'active',
        value: { streaming: { answer: { running: 'awaitingFirstToken' }, reader: 'attentive', voice: 'silent' } },
        context: expect.objectContaining({ nextSegment: 0, request: expect.stringMatching(/^#[0-9a-f]{12}$/) }),
      },
    });
  });

  test('that ended by itself is done once; one that the server stopped is stopped', () => {
    expect(snapshotsOf(told(lines).messages).map(({ snapshot }) => snapshot.status)).toEqual([
      ...Array.from({ length: goodEvents.length }, () => 'active'),
      'done',
    ]);
    const stopped = snapshotsOf(told(linesOf(madeLog({ events: goodEvents.slice(0, 2) }))).messages).at(-1);
    expect(stopped).toMatchObject({ event: { type: 'xstate.stop' }, snapshot: { status: 'stopped' } });
  });

  test('a snapshot that was told does not change with the next turn', () => {
    const { messages } = told(lines);
    const [first, second] = snapshotsOf(messages);
    expect(first?.snapshot).not.toEqual(second?.snapshot);
    expect(snapshotsOf(told(lines.slice(0, 2)).messages)[0]).toEqual(first);
  });

  test('turns that were skipped leave its state, and nothing of the context that may have changed', () => {
    const { actor } = told(lines.slice(0, 3));
    const { value } = actor.introduction().snapshot;
    actor.skip();
    expect(actor.introduction().snapshot).toEqual({ status: 'active', value, context: {} });
  });

  test('a turn in which the chart threw leaves it where it was', () => {
    const [header, init, turn] = lines;
    if (header === undefined || init === undefined || turn?.kind !== 'turn') throw new Error('no turn');
    const { state: _state, changes: _changes, effects: _effects, ...rest } = turn;
    const { messages } = told([header, init, { ...rest, status: 'threw' }]);
    const [before, after] = snapshotsOf(messages);
    expect(after?.snapshot).toEqual(before?.snapshot);
  });
});

test.each([
  ['done', 'done'],
  ['a.b', { a: 'b' }],
  ['a.b | a.c.d', { a: { b: {}, c: 'd' } }],
  ['streaming.answer.receiving | streaming.voice.silent', { streaming: { answer: 'receiving', voice: 'silent' } }],
])('the state %s is the value that XState has of it', (state, value) => {
  expect(stateValueOf(state)).toEqual(value);
});

describe('the chart that a tool is given', () => {
  test.each([
    ['session', sessionMachine],
    ['welcome', welcomeMachine],
    ['supervisor', supervisorMachine],
  ])('%s: createMachine reads it as the same states and transitions, in the same order', (_name, machine) => {
    const again = createMachine(JSON.parse(definitionForTools(machine)));
    const shape = (node: AnyStateNode): unknown => [
      node.id,
      [...node.transitions.entries()]
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([event, transitions]) => [event, transitions.map(({ target }) => target?.map(({ id }) => id))]),
      Object.values(node.states)
        .toSorted((a, b) => (a.id < b.id ? -1 : 1))
        .map(shape),
    ];
    expect(shape(again.root)).toEqual(shape(machine.root));
  });

  test('guards that are put together are named by their parts, and what code computes is left out', () => {
    const machine = setup({ guards: { isA: () => true, isB: () => true, isC: () => true } }).createMachine({
      id: 'guarded',
      context: () => ({}),
      initial: 'x',
      states: {
        x: {
          on: {
            go: { guard: and(['isA', or(['isB', not('isC')])]), target: 'x' },
            not: { guard: not(and(['isA', 'isB'])), target: 'x' },
            in: { guard: stateIn('x'), target: 'x' },
            plain: { guard: 'isA', target: 'x' },
          },
        },
      },
    });
    const { context, states } = JSON.parse(definitionForTools(machine));
    expect(context).toBeUndefined();
    expect(states.x.on).toEqual({
      go: [{ guard: { type: 'isA and (isB or not isC)' }, target: '#guarded.x' }],
      not: [{ guard: { type: 'not (isA and isB)' }, target: '#guarded.x' }],
      in: [{ guard: { type: 'in x' }, target: '#guarded.x' }],
      plain: [{ guard: { type: 'isA' }, target: '#guarded.x' }],
    });
  });
});

test('a server loads none of it until INSPECTOR_EXPORT asks for it', () => {
  const files = new Map(sourceFiles().map((file) => [file.path, file]));
  const loaded = new Set<string>();
  const waiting = ['server/main.ts', 'cli.ts'];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (loaded.has(next)) continue;
    loaded.add(next);
    const file = files.get(next);
    if (file === undefined) continue;
    for (const { specifier, isTypeOnly, at } of importsOf(file)) {
      if (specifier === null || isTypeOnly) continue;
      // What is imported when it is needed is loaded then; commands are loaded so, and a server has this one alone.
      if (at.type === 'ImportExpression' && specifier.includes('stately')) continue;
      waiting.push(targetOf(file, specifier));
    }
  }
  expect([...loaded].filter((path) => /stately|^ws$/.test(path))).toEqual([]);
  expect(loaded.has('server/export-tap.ts')).toBe(true);
});
