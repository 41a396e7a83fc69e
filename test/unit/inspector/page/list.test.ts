import { describe, expect, test } from 'vitest';
import type { LogOverview } from '../../../../src/inspector/debugger/views.ts';
import type { ListRow } from '../../../../src/inspector/feed-format.ts';
import { readFilter } from '../../../../src/inspector/page/list/filter.ts';
import {
  entryOfFile,
  entryOfRow,
  seenRow,
  shortSession,
  shortState,
  stripOf,
  waitsWords,
} from '../../../../src/inspector/page/list/list-entries.ts';
import {
  heldEntries,
  type ListEntry,
  scrollTopAfter,
  shownEntries,
  windowOf,
} from '../../../../src/inspector/page/list/list-order.ts';
import { noWaits } from '../../../../src/inspector/waits.ts';
import type { LogHeader } from '../../../../src/log/log-format.ts';

const receiving = 'streaming.answer.running.receiving | streaming.voice.silent | streaming.reader.attentive';
const row: ListRow = {
  id: 'log-1',
  machine: 'session',
  session: 's-1',
  device: 'laptop',
  state: receiving,
  startedAt: '2026-11-30T10:00:00.000Z',
  ageMs: 1_000,
  turns: 5,
  quietMs: 0,
  isLive: true,
  reason: '',
  isFailed: false,
  waits: { start: 200, model: 800, voice: 0, reader: 0, out: 0 },
};
const entry = (id: string, changes: Partial<ListEntry> = {}): ListEntry => ({
  ...entryOfRow(seenRow({ ...row, id }, undefined, 0), 0),
  ...changes,
});
const ids = (entries: readonly ListEntry[]) => entries.map(({ id }) => id);

describe('a row between two lines of the server', () => {
  test('ages, and grows the wait that it is in', () => {
    const aged = entryOfRow(seenRow(row, undefined, 5_000), 7_500);
    expect(aged.ageMs).toBe(3_500);
    expect(aged.waits).toEqual({ start: 200, model: 3_300, voice: 0, reader: 0, out: 0 });
    expect(aged.wait).toBe('model');
  });

  test('stays as it was when it has ended', () => {
    const ended = { ...row, isLive: false, reason: 'completed', state: 'done' };
    const aged = entryOfRow(seenRow(ended, undefined, 5_000), 7_500);
    expect([aged.ageMs, aged.waits, aged.wait, aged.isStuck]).toEqual([1_000, row.waits, null, false]);
  });

  test('of a file says why it cannot be read, else which one it is', () => {
    const noteOf = (changes: Partial<ListRow>) => entryOfRow(seenRow({ ...row, ...changes }, undefined, 0), 0).note;
    expect([noteOf({}), noteOf({ file: 'a.jsonl' }), noteOf({ file: 'a.jsonl', why: 'it is empty' })]).toEqual([
      '',
      'a.jsonl',
      'it is empty',
    ]);
  });

  test('is stuck when nothing has happened for ten seconds, whatever else the server tells of it', () => {
    const first = seenRow(row, undefined, 0);
    const again = seenRow({ ...row, ageMs: 9_000, quietMs: 8_000 }, first, 8_000);
    expect(entryOfRow(again, 9_999).isStuck).toBe(false);
    expect(entryOfRow(again, 10_000)).toMatchObject({ isStuck: true, quietMs: 10_000 });
    expect(entryOfRow(seenRow({ ...row, turns: 6 }, again, 10_000), 19_999).isStuck).toBe(false);
  });

  test('is stuck from the first look on, when it was before anybody looked', () => {
    expect(entryOfRow(seenRow({ ...row, quietMs: 12_000 }, undefined, 500), 600)).toMatchObject({
      isStuck: true,
      quietMs: 12_100,
    });
  });

  test('that waits for nobody is never stuck', () => {
    const supervisor = { ...row, machine: 'supervisor', state: 'ready.healthy' };
    expect(entryOfRow(seenRow(supervisor, undefined, 0), 3_600_000).isStuck).toBe(false);
  });
});

test('the log of a server tells which server it was', () => {
  const supervisor = { ...row, machine: 'supervisor', session: '', device: '' };
  const noteOf = (isLive: boolean) => entryOfRow(seenRow({ ...supervisor, isLive }, undefined, 0), 0).note;
  expect([noteOf(true), noteOf(false)]).toEqual(['this server', '2026-11-30 10:00:00']);
});

describe('the order of the list', () => {
  const old = entry('old', { startedAt: '2026-11-30T09:00:00.000Z' });
  const young = entry('young', { startedAt: '2026-11-30T11:00:00.000Z', isLive: false, isFailed: true });
  const supervisor = entry('supervisor', { machine: 'supervisor', startedAt: '2026-11-30T08:00:00.000Z' });
  const file = entry('file:1:a.jsonl', { isFile: true, isLive: false, startedAt: '2020-01-01T00:00:00.000Z' });
  const all = [old, supervisor, young, file];

  test('is files, the supervisor, then what began last', () => {
    expect(ids(shownEntries(all, null, readFilter('')))).toEqual(['file:1:a.jsonl', 'supervisor', 'young', 'old']);
  });

  test('is narrowed by a kind and by the filter', () => {
    expect(ids(shownEntries(all, 'live', readFilter('')))).toEqual(['old']);
    expect(ids(shownEntries(all, 'failed', readFilter('')))).toEqual(['young']);
    expect(ids(shownEntries(all, null, readFilter('machine:session -is:file')))).toEqual(['young', 'old']);
  });

  test('does not move while it is held: rows that came wait, those that went are gone, the rest is up to date', () => {
    const now = new Map([young, { ...old, ageMs: 77 }, entry('new')].map((each) => [each.id, each]));
    const held = heldEntries(['old', 'left', 'young'], now);
    expect(held.map(({ id, ageMs }) => [id, ageMs])).toEqual([
      ['old', 77],
      ['young', 1_000],
    ]);
  });
});

describe('the window of the list', () => {
  test('has the rows in view, and a few beyond its edges', () => {
    expect(windowOf(1_000, { top: 6_100, height: 610, rowHeight: 61 })).toEqual({ from: 96, to: 114 });
    expect(windowOf(1_000, { top: 0, height: 610, rowHeight: 61 })).toEqual({ from: 0, to: 14 });
    expect(windowOf(5, { top: 0, height: 610, rowHeight: 61 })).toEqual({ from: 0, to: 5 });
    expect(windowOf(0, { top: 300, height: 610, rowHeight: 61 })).toEqual({ from: 0, to: 0 });
  });

  test('is never empty where rows were filtered away below it', () => {
    expect(windowOf(10, { top: 50_000, height: 610, rowHeight: 61 })).toEqual({ from: 6, to: 10 });
  });

  test('keeps what is looked at in its place when rows come or go above it', () => {
    const view = { top: 130, rowHeight: 61 };
    expect(scrollTopAfter(['a', 'b', 'c', 'd'], ['n', 'm', 'a', 'b', 'c', 'd'], view)).toBe(252);
    expect(scrollTopAfter(['a', 'b', 'c', 'd'], ['b', 'c', 'd'], view)).toBe(69);
    expect(scrollTopAfter(['a', 'b', 'c', 'd'], ['a', 'b', 'd'], view)).toBe(69);
    expect(scrollTopAfter(['a', 'b', 'c'], ['x', 'y'], view)).toBe(130);
  });

  test('stays at the top, where what is new appears', () => {
    expect(scrollTopAfter(['a', 'b'], ['n', 'a', 'b'], { top: 0, rowHeight: 61 })).toBe(0);
  });
});

describe('the words of a row', () => {
  test('shorten random ids alone', () => {
    expect(shortSession('2e0ce7e1-b1dd-4ebd-b5f0-226ce53078f4')).toBe('2e0ce7e1-b1dd');
    expect(shortSession('my-session')).toBe('my-session');
    expect(shortSession('2e0ce7e1-b1dd-and-more')).toBe('2e0ce7e1-b1dd-and-more');
  });

  test.each([
    [receiving, 'model', 'answer.receiving'],
    ['streaming.answer.answered | streaming.voice.speaking.listening', 'voice', 'voice.listening'],
    ['streaming.answer.running.awaitingFirstToken | streaming.voice.silent', 'start', 'awaitingFirstToken'],
    ['idle.attentive', 'start', 'idle.attentive'],
    ['done', null, 'done'],
    ['', null, ''],
  ] as const)('tell of %j while it waits for %j: %s', (state, wait, words) => {
    expect(shortState(state, wait)).toBe(words);
  });

  test('tell what was waited for', () => {
    expect(waitsWords(row.waits)).toBe('waited for: first word 200 ms · model 800 ms');
    expect(waitsWords(null)).toBe('');
  });

  test('make a strip of shares of the age, with a red end for a failure', () => {
    expect(stripOf({ waits: row.waits, ageMs: 2_000, isFailed: false })).toBe(
      'linear-gradient(90deg,var(--waiting-fill) 0.0% 10.0%,var(--model-fill) 10.0% 50.0%,transparent 50.0% 100%)',
    );
    expect(stripOf({ waits: null, ageMs: 2_000, isFailed: false })).toBe('');
    expect(stripOf({ waits: null, ageMs: 2_000, isFailed: true })).toContain('var(--error-fill)');
    expect(stripOf({ waits: row.waits, ageMs: 0, isFailed: false })).toBe('');
  });
});

const header: LogHeader = {
  kind: 'header',
  format: 1,
  machine: 'session',
  version: '1',
  definition: '',
  build: '',
  redaction: 'shape',
  startedAt: row.startedAt,
  input: {},
};
const nightLog: LogOverview = {
  id: 'file:3:night.jsonl',
  title: 'night.jsonl',
  header,
  isLive: false,
  reason: 'completed',
  turns: 112,
  lines: 112,
  lastMs: 900,
  state: 'done',
  verdict: { kind: 'bad-log', line: 7, turn: 5, why: 'its hash does not follow' },
  definitionChanges: [],
  missingLines: 0,
  isReading: false,
};

test('an opened file is a row with its verdict', () => {
  expect(entryOfFile(nightLog)).toMatchObject({
    session: 'night.jsonl',
    device: '',
    state: 'done',
    isFile: true,
    isFailed: true,
    verdict: '✗ bad log, line 7',
  });
});

test('an opened file of a session is known by its name, too; what is no log has not failed', () => {
  const log = { ...nightLog, header: { ...header, input: { sessionId: 's-1', hardwareId: 'laptop' } } };
  expect(entryOfFile({ ...log, waits: noWaits })).toMatchObject({
    session: 's-1',
    device: 'laptop',
    file: 'night.jsonl',
    waits: noWaits,
  });
  const verdict = { kind: 'bad-log', line: 1, turn: null, why: 'not JSON' } as const;
  expect(entryOfFile({ ...nightLog, header: null, verdict })).toMatchObject({
    isFailed: false,
    verdict: 'no event log',
  });
});

test('a row keeps what its log was found to have waited for, until more has come', () => {
  const untold = { ...row, waits: null };
  const read = { ...seenRow(untold, undefined, 0), waits: row.waits };
  expect(seenRow(untold, read, 1).waits).toBe(row.waits);
  expect(seenRow({ ...untold, turns: 6 }, read, 1).waits).toBeNull();
});
