/** What the debugger draws its answers from: the waterfall, rows of the log, changes and levels of the context, turns sought by what happened. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { timersAfter } from '../../../src/inspector/debugger/armed-timers.ts';
import {
  contextChanges,
  contextLevel,
  pathParts,
  shortJson,
  valueAt,
  wholeJson,
} from '../../../src/inspector/debugger/context-view.ts';
import { LogDebugger } from '../../../src/inspector/debugger/log-debugger.ts';
import { logEntries } from '../../../src/inspector/debugger/log-entries.ts';
import type { TurnMark } from '../../../src/inspector/debugger/messages.ts';
import { timelineOf } from '../../../src/inspector/debugger/timeline.ts';
import type { LogTurn } from '../../../src/log/log-format.ts';
import { emptyTable, withEntry } from '../../../src/machines/supervisor/persistent-table.ts';
import { supervisorMachine } from '../../../src/machines/supervisor/supervisor.machine.ts';
import { heard } from '../../support/machines/session-run.ts';
import { goodLog, recordByHand } from '../../support/replay/hand-recording.ts';
import { failedEvents, goodEvents, readMadeLog, type TimedEvent } from '../../support/replay/made-log.ts';

const textOf = (name: string) =>
  readFileSync(fileURLToPath(new URL(`../../recordings/${name}.jsonl`, import.meta.url)), 'utf8');

/** As a turn that changed nothing. */
function withoutOutcome({ kind, turn, atMs, event }: LogTurn): LogTurn {
  return { kind, turn, atMs, event };
}

describe('the waterfall', () => {
  test('shows the model, its sentence in the queue and in the voice, the reader and what went out', () => {
    const timeline = timelineOf(readMadeLog({ events: goodEvents }).turns, () => 'Xx xx.');
    const bars = timeline.lanes.map(({ name, bars, ticks }) => [
      name,
      bars.map(
        ({ fromMs, toMs, label, tone, isWaiting }) => `${fromMs}-${toMs} ${label} ${tone}${isWaiting ? ' waits' : ''}`,
      ),
      ticks,
    ]);
    expect(bars).toEqual([
      ['model', ['2-12 waiting for the first token start waits', '12-40 answers model'], [12]],
      ['sentences', ['40-40 #0 Xx xx. model waits', '40-1640 #0 model'], []],
      ['voice', ['40-1640 #0 voice'], []],
      ['reader', ['1640-1650 all is said: waiting until it is out out waits'], []],
      ['frames out', ['40-1640 4 KiB out', '1640-1640 end out'], []],
    ]);
  });

  test('sums up for whom it waited: all of the time is somebody’s', () => {
    for (const name of ['session/completed-many-v1', 'session/interrupted-v1', 'session/stream-idle-timeout-v1']) {
      const { turns } = goodLog(textOf(name));
      const { waits, endMs } = timelineOf(turns, () => '');
      const sum = Object.values(waits).reduce((all, ms) => all + ms, 0);
      expect(sum).toBeCloseTo(endMs, 5);
    }
  });

  test('tells a reader that did not fetch from a voice: by what the outbox counted, in one bar, and never twice', () => {
    const { turns } = readMadeLog({ events: goodEvents });
    const place = turns.findIndex(({ event }) => event.type === 'speech.finished');
    const told = turns.flatMap((each, index) => {
      if (index !== place) return [each];
      const asked = { ...each, atMs: 900, event: { type: 'speech.progressReported', fullMs: 750 } };
      return [withoutOutcome(asked), { ...each, event: { ...each.event, fullMs: 1_490 } }];
    });
    const { waits, lanes } = timelineOf(told, () => '');
    const before = timelineOf(turns, () => '').waits;
    expect(waits).toEqual({ ...before, voice: before.voice - 1_490, reader: 1_490 });
    const bars = lanes.find(({ name }) => name === 'reader')?.bars.filter(({ tone }) => tone === 'reader');
    expect(bars).toEqual([
      {
        fromMs: 150,
        toMs: 1_640,
        label: 'sound stood ready and was not fetched',
        tone: 'reader',
        isWaiting: true,
        turn: place,
      },
    ]);
  });

  test('marks a long time in which nothing happened, and only such', () => {
    const turns = readMadeLog({ events: goodEvents }).turns;
    expect(timelineOf(turns, () => '').quiet).toEqual([]);
    const late = turns.map((turn) => (turn.turn < 4 ? turn : { ...turn, atMs: turn.atMs + 60_000 }));
    expect(timelineOf(late, () => '').quiet).toEqual([{ fromMs: 40, toMs: 61_640 }]);
  });

  test('of a live log goes on to now: what is waited for grows though nothing happens', () => {
    const { turns } = readMadeLog({ events: goodEvents });
    const live = turns.slice(0, turns.findIndex(({ state }) => state?.includes('answer.running.receiving')) + 1);
    const atMs = live.at(-1)?.atMs ?? 0;
    const before = timelineOf(live, () => '');
    const { endMs, waits, quiet, lanes } = timelineOf(live, () => '', atMs + 20_000);
    expect([endMs, waits.model - before.waits.model]).toEqual([atMs + 20_000, 20_000]);
    expect(quiet).toEqual([{ fromMs: atMs, toMs: atMs + 20_000 }]);
    expect(lanes[0]?.bars.at(-1)).toMatchObject({ tone: 'model', fromMs: atMs, toMs: atMs + 20_000 });
  });

  test('ends with the error that the client saw', () => {
    const { lanes } = timelineOf(readMadeLog({ events: failedEvents }).turns, () => '');
    expect(lanes.at(-1)?.bars.at(-1)).toMatchObject({ label: 'error', tone: 'error', fromMs: 2_500 });
  });

  test('of a supervisor has who came, who was refused and who left', () => {
    const events = [
      { type: 'service.opened' },
      { type: 'stream.requested', streamId: 'a', sessionId: 's', hardwareId: 'd' },
      { type: 'stream.requested', streamId: 'b', sessionId: 's', hardwareId: 'd' },
      { type: 'stream.released', streamId: 'a' },
    ];
    const input = { maxStreams: 5, oneStreamPerDevice: false, gracePeriodMs: 0 };
    const { lanes } = timelineOf(goodLog(recordByHand(supervisorMachine, events, input)).turns, () => '');
    expect(lanes.map(({ name, ticks }) => [name, ticks.length])).toEqual([
      ['admissions', 1],
      ['refusals', 1],
      ['ends', 1],
    ]);
  });
});

describe('rows of the log', () => {
  const [asked, , ...end] = goodEvents;
  const words = Array.from({ length: 9 }, (_, index): TimedEvent => [3 + index, heard('Xx ', 3 + index)]);
  const { turns } = readMadeLog({ events: [...(asked ? [asked] : []), ...words, [12, heard('xx. ', 12)], ...end] });
  const all = { diverged: null, before: [] };

  test('group turns that did the same, and lose none', () => {
    const grouped = logEntries(turns, { ...all, isGrouped: true });
    expect(grouped.length).toBeLessThan(turns.length);
    let next = 0;
    for (const { fromTurn, toTurn } of grouped) {
      expect(fromTurn).toBe(next);
      next = toTurn + 1;
    }
    expect(next).toBe(turns.length);
    expect(grouped.map(({ words }) => words)).toContainEqual(
      expect.stringMatching(/^\d+ × answer\.textReceived, [\d,]+ characters$/),
    );
    expect(logEntries(turns, { ...all, isGrouped: false })).toHaveLength(turns.length);
  });

  test('tell where a turn led, how it ended, and stand alone where it differs', () => {
    const rows = logEntries(turns, { isGrouped: true, diverged: 5, before: [] });
    expect(rows.find(({ fromTurn }) => fromTurn === 5)).toMatchObject({ toTurn: 5, tone: 'bad' });
    expect(rows.at(-1)).toMatchObject({ led: 'done', tone: 'good' });
    const failed = logEntries(readMadeLog({ events: failedEvents }).turns, { ...all, isGrouped: true });
    expect(failed.at(-1)).toMatchObject({ led: 'error', tone: 'bad' });
  });
});

describe('a change of the context', () => {
  const head = { text: 'one' };
  const next = { text: 'two' };

  test.each([
    [{ a: 1 }, { a: 2 }, ['changed a 1 2']],
    [{}, { a: { b: 1 } }, ['created a undefined {b: 1}']],
    [{ a: { b: [1, 2] } }, { a: { b: [1] } }, ['removed a.b[1] 2 undefined']],
    [{ q: [head, next] }, { q: [next] }, ['removed q[0] {text: "one"} undefined']],
    [{ q: [head] }, { q: [head, next] }, ['created q[1] undefined {text: "two"}']],
    [{ q: [head, next] }, { q: [] }, ['removed q[0] {text: "one"} undefined', 'removed q[1] {text: "two"} undefined']],
    [{ a: null }, { a: { b: 1 } }, ['changed a null {b: 1}']],
    [
      { t: withEntry(emptyTable, 'a b', 1) },
      { t: withEntry(withEntry(emptyTable, 'a b', 2), 'c', 3) },
      ['changed t["a b"] 1 2', 'created t.c undefined 3'],
    ],
  ])('%j to %j', (before, after, told) => {
    const { changes, more } = contextChanges(before, after);
    const words = changes.map((each) => `${each.kind} ${each.path} ${each.before} ${each.after}`);
    expect(words.toSorted()).toEqual(told);
    expect(more).toBe(0);
  });

  test('is one of at most 200, and the rest are counted', () => {
    const after = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`f${index}`, index]));
    const { changes, more } = contextChanges({}, after);
    expect([changes.length, more]).toEqual([200, 800]);
  });

  test('of a long text is shown where the texts part', () => {
    const [before, after] = ['a'.repeat(5_000), `${'a'.repeat(4_000)}b`];
    const [change] = contextChanges({ t: before }, { t: after }).changes;
    expect(change?.after).toMatch(/^…"a+b"$/);
    expect(change?.before?.length).toBeLessThan(200);
  });

  test('costs no more than is shown of it, however large the value', () => {
    const large = Array.from({ length: 200_000 }, (_, index) => ({ index, text: 'x'.repeat(100) }));
    expect(shortJson(large).length).toBeLessThan(300);
    expect(wholeJson(large)?.length).toBe(65_537);
  });
});

test.each(['a', 'a.b[0].c', 'streams["x y"].kind', 'q[12]', '["__proto__"]', ''])(
  'the path %j leads back to its value',
  (path) => {
    const parts = pathParts(path);
    expect(parts).not.toBeNull();
    let context: unknown = 'found';
    for (const part of [...(parts ?? [])].reverse()) context = Object.fromEntries([[part, context]]);
    expect(valueAt(context, parts ?? [])).toBe('found');
  },
);

test.each(['.', 'a[', 'a["x', 'a b', '[x]'])('%j is no path', (path) => {
  expect(pathParts(path)).toBeNull();
});

test('a level of the context tells what stands in it, bounded, and where to go on', () => {
  let table = emptyTable as ReturnType<typeof withEntry<number>>;
  for (let row = 0; row < 300; row += 1) table = withEntry(table, `row ${row}`, row);
  const context = { table, list: [{ a: 1 }], text: 'x' };
  expect(contextLevel(context, '').children).toEqual([
    { name: 'table', path: 'table', preview: '{300}', hasChildren: true },
    { name: 'list', path: 'list', preview: '[1]', hasChildren: true },
    { name: 'text', path: 'text', preview: '"x"', hasChildren: false },
  ]);
  expect(contextLevel(context, 'list').children).toEqual([
    { name: '[0]', path: 'list[0]', preview: '{1}', hasChildren: true },
  ]);
  const rows = contextLevel(context, 'table');
  expect([rows.children.length, rows.more]).toEqual([200, 100]);
  for (const { path, preview } of rows.children) expect(String(valueAt(context, pathParts(path) ?? []))).toBe(preview);
  expect(contextLevel(context, 'nowhere')).toEqual({ children: [], more: 0 });
});

test('a timer runs from when it is armed until it fires, is cancelled or set anew; one that is off does not', () => {
  const turn = (effects: readonly string[], type = 'x', atMs = 1) => ({
    kind: 'turn' as const,
    turn: 0,
    atMs,
    event: { type },
    effects,
  });
  const place = (id: string) => id.replace('session.', '');
  const armed = timersAfter(
    new Map(),
    turn(['arm idleCheck@session.idle 300ms', 'arm off@session 2147483647ms']),
    place,
  );
  expect([...armed.values()]).toEqual([{ name: 'idleCheck', state: 'idle', delayMs: 300, armedAtMs: 1 }]);
  expect(timersAfter(armed, turn([]), place)).toBe(armed);
  expect(timersAfter(armed, turn(['cancel idleCheck@session.idle']), place).size).toBe(0);
  expect(timersAfter(armed, turn([], 'xstate.after.idleCheck.session.idle'), place).size).toBe(0);
  const anew = timersAfter(
    armed,
    turn(['cancel idleCheck@session.idle', 'arm idleCheck@session.idle 200ms'], 'x', 9),
    place,
  );
  expect([...anew.values()]).toMatchObject([{ delayMs: 200, armedAtMs: 9 }]);
});

describe('a turn that is sought', () => {
  const log = new LogDebugger({ id: 'x', title: 'x' });
  log.take(textOf('session/completed-command-v1').trimEnd().split('\n'));
  const seek = (turn: number, direction: 'before' | 'after', mark: TurnMark) =>
    log.answer({ kind: 'seek', log: 'x', turn, direction, mark });

  test.each([
    [0, 'after', { kind: 'entered', state: 'streaming.voice.speaking' }, 4],
    [7, 'before', { kind: 'entered', state: 'commandSent' }, 5],
    [0, 'after', { kind: 'entered', state: 'no.such' }, null],
    [7, 'before', { kind: 'changed', path: 'command' }, 5],
    [5, 'before', { kind: 'changed', path: 'command' }, 3],
    [3, 'before', { kind: 'changed', path: 'command' }, 0],
    [7, 'before', { kind: 'changed', path: 'sentences[0].text' }, 5],
    [2, 'after', { kind: 'led' }, 4],
    [99, 'before', { kind: 'by', atMs: 3 }, 3],
    [6, 'after', { kind: 'led' }, null],
  ] as const)('from %i, %s, by %j is %s', async (turn, direction, mark, found) => {
    expect(await seek(turn, direction, mark)).toBe(found);
  });
});
