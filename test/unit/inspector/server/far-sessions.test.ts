/** What a process where streams run sends to the one that has the tabs, and what those are told: what the headers of feed-branch.ts and feed.ts say holds. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Feed, type FeedInterest, type SentLines } from '../../../../src/inspector/server/feed.ts';
import { FeedBranch } from '../../../../src/inspector/server/feed-branch.ts';
import type { SentRows } from '../../../../src/inspector/server/list-rows.ts';
import { MAX_ENDED, SessionList, unread } from '../../../../src/inspector/server/session-list.ts';
import { sessionRecording } from '../../../../src/record/chart-recordings.ts';
import { turn } from './recorded-turns.ts';

const MAX_WAITING_CHARS = 1024 * 1024;

beforeEach(
  () =>
    void vi.useFakeTimers({
      now: Date.UTC(2026, 0, 31),
      toFake: ['setTimeout', 'setInterval', 'clearTimeout', 'clearInterval', 'setImmediate', 'Date'],
    }),
);
afterEach(() => void vi.useRealTimers());

/** The parts that were sent, of which each is taken by hand. */
class Sent<T> {
  readonly parts: T[] = [];
  #taken: (() => void)[] = [];

  readonly send = (part: T, taken: () => void): void => {
    this.parts.push(part);
    this.#taken.push(taken);
  };

  get underWay(): number {
    return this.#taken.length;
  }

  take(): void {
    for (const taken of this.#taken.splice(0)) taken();
  }
}

function makeBranch(linesOf: (id: string) => number | null = () => null) {
  const [rows, lines] = [new Sent<SentRows>(), new Sent<SentLines>()];
  const branch = new FeedBranch({
    linesOf,
    sendRows: rows.send,
    sendLines: lines.send,
    now: () => Date.now(),
    date: () => new Date(Date.now()),
  });
  const begin = (id: string) => {
    const input = { streamId: id, sessionId: `of ${id}`, hardwareId: 'device' };
    const recorder = branch.recorderFor(id, sessionRecording, () => null);
    recorder.record(turn({ type: 'xstate.init', input }, 'idle'));
    return recorder;
  };
  return { branch, rows, lines, begin };
}

function made(actorId: string, from: number, text = 'a line\n') {
  return { actorId, text, from, count: 1 };
}

describe('a process that nobody watches', () => {
  test('sends nothing and has no timer, before somebody did and after', () => {
    const { branch, rows, lines, begin } = makeBranch();
    begin('s1');
    branch.linesMade(made('s1', 0));
    expect(vi.getTimerCount()).toBe(0);
    branch.watch({ list: true, logs: ['s1'] });
    vi.advanceTimersByTime(1_000);
    rows.take();
    lines.take();
    expect([rows.parts.length, lines.parts.length]).toEqual([1, 1]);
    branch.watch({ list: false, logs: [] });
    begin('s2');
    branch.linesMade(made('s1', 1));
    vi.advanceTimersByTime(60_000);
    expect([rows.parts.length, lines.parts.length, vi.getTimerCount()]).toEqual([1, 1, 0]);
  });
});

describe('a process that is watched', () => {
  test('sends its rows in parts, the next when the one before is taken, and then what changed', () => {
    const { branch, rows, begin } = makeBranch();
    const recorders = Array.from({ length: 300 }, (_, index) => begin(`s${index}`));
    branch.watch({ list: true, logs: [] });
    vi.advanceTimersByTime(60_000);
    expect(rows.parts.map((part) => [part.isWhole, part.rows.length])).toEqual([[true, 250]]);
    rows.take();
    expect(rows.parts.slice(1).map((part) => [part.isWhole, part.rows.length])).toEqual([[false, 50]]);
    rows.take();
    recorders[7]?.record(turn({ type: 'answer.finished' }, 'done', { status: 'done' }));
    vi.advanceTimersByTime(500);
    expect(rows.parts[2]).toMatchObject({
      isWhole: false,
      rows: [{ id: 's7', isLive: false }],
      counts: { live: 299, ended: 1, failed: 0 },
    });
  });

  test('says where the lines of a log begin, and drops what waits as a whole when more comes than may', () => {
    const { branch, lines } = makeBranch((id) => (id === 's1' ? 4 : null));
    branch.watch({ list: false, logs: ['s1', 's2'] });
    expect(lines.parts).toEqual([
      {
        begun: [
          { log: 's1', from: 4 },
          { log: 's2', from: null },
        ],
        dropped: [],
        lines: [],
        lost: [],
      },
    ]);
    // Nothing of it has been taken yet.
    const large = 'x'.repeat(MAX_WAITING_CHARS / 2);
    for (let from = 4; from < 9; from += 1) branch.linesMade(made('s1', from, large));
    branch.linesMade(made('s2', 0, 'x'.repeat(MAX_WAITING_CHARS + 1)));
    branch.logLost('s1');
    vi.advanceTimersByTime(60_000);
    expect(lines.underWay).toBe(1);
    lines.take();
    expect(lines.parts[1]).toEqual({
      begun: [],
      dropped: [
        { log: 's1', lines: 5 },
        { log: 's2', lines: 1 },
      ],
      lines: [],
      lost: ['s1'],
    });
  });

  test('that ends sends what is left, whatever has been taken', () => {
    const { branch, rows, lines, begin } = makeBranch();
    const recorder = begin('s1');
    branch.watch({ list: true, logs: ['s1'] });
    branch.linesMade(made('s1', 0));
    recorder.record(turn({ type: 'answer.finished' }, 'done', { status: 'done' }));
    branch.close();
    expect(rows.parts.flatMap((part) => part.rows).at(-1)).toMatchObject({ id: 's1', isLive: false });
    expect(lines.parts.flatMap((part) => part.lines)).toEqual([made('s1', 0)]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

function sentRows(ids: readonly string[], more: Partial<SentRows> = {}, isLive = true): SentRows {
  const startedAt = '2026-01-31T00:00:00.000Z';
  const rows = ids.map((id) => ({ id, startedAt, isLive, json: JSON.stringify({ id, ageMs: 5, quietMs: 1, isLive }) }));
  return { isWhole: false, rows, gone: [], counts: { live: ids.length, ended: 0, failed: 0 }, leftOut: 0, ...more };
}

describe('the list of all processes', () => {
  function make() {
    const clock = { ms: 0 };
    const list = new SessionList({ now: () => clock.ms, date: () => new Date(0) });
    const rows = () => list.read(unread, 10_000).rows.map((row) => JSON.parse(row));
    return { clock, list, rows };
  }

  test('has the rows of each, as old as they are now', () => {
    const { clock, list, rows } = make();
    list.takeFar(1, sentRows(['a']));
    list.takeFar(2, sentRows(['b']));
    clock.ms = 1_000;
    expect(rows()).toEqual(['a', 'b'].map((id) => ({ id, ageMs: 1_005, quietMs: 1_001, isLive: true })));
    expect([list.isLive('a'), list.counts]).toEqual([true, { live: 2, ended: 0, failed: 0 }]);
  });

  test('begins anew with a process that sends all of it again, and tells no row gone that came back', () => {
    const { list, rows } = make();
    list.takeFar(1, sentRows(['a', 'b']));
    list.takeFar(2, sentRows(['c']));
    const { next } = list.read(unread, 100);
    list.takeFar(1, sentRows(['b'], { isWhole: true }));
    expect(rows().map(({ id }) => id)).toEqual(['c', 'b']);
    expect(list.read(next, 100).gone).toEqual(['a']);
  });

  test('keeps as many ended ones of all processes as of one, and counts the others as left out', () => {
    const { list, rows } = make();
    const ids = (name: string) => Array.from({ length: 300 }, (_, index) => `${name}${index}`);
    for (const [source, name] of ['a', 'b'].entries()) list.takeFar(source, sentRows(ids(name), { leftOut: 2 }, false));
    expect([rows().length, list.leftOut]).toEqual([MAX_ENDED, 600 - MAX_ENDED + 4]);
    list.dropFar(0);
    list.dropFar(1);
    expect([rows().length, list.leftOut, list.oldestEnded]).toEqual([0, 0, null]);
  });

  test('ends what lived in a process that is lost, and keeps its counts beside those of the next one', () => {
    const { list, rows } = make();
    list.takeFar(1, sentRows(['a', 'b'], { counts: { live: 2, ended: 7, failed: 3 } }));
    list.loseFar(1);
    expect(rows()).toMatchObject(['a', 'b'].map((id) => ({ id, isLive: false, reason: 'no_end', isFailed: true })));
    expect(list.counts).toEqual({ live: 0, ended: 9, failed: 5 });
    list.takeFar(1, sentRows(['c'], { isWhole: true, counts: { live: 1, ended: 1, failed: 0 } }));
    expect(rows().map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    expect(list.counts).toEqual({ live: 1, ended: 10, failed: 5 });
  });
});

describe('a tab that watches a log of another process', () => {
  function make(holderOf: (log: string) => number | null) {
    const interests: FeedInterest[] = [];
    const list = new SessionList({ now: () => Date.now(), date: () => new Date(0) });
    const totals = { slots: 0, maxStreams: 1, refused: 0, refusedBy: {}, state: 'ready', health: 'ok' };
    const feed = new Feed({
      list,
      linesOf: () => null,
      totals: () => ({ ...totals, ...list.counts }),
      elsewhere: { watch: (interest) => void interests.push(interest), holderOf },
      now: () => Date.now(),
    });
    const open = (...logs: string[]) => {
      const written: string[] = [];
      let close = () => {};
      const on = (event: string, listener: () => void) => {
        if (event === 'close') close = listener;
      };
      feed.add(
        { write: (text) => written.push(text) > 0, end: () => {}, destroy: () => {}, on },
        { list: false, logs },
        [],
      );
      return { close: () => close(), take: () => written.splice(0).join('').split('\n').slice(0, -1) };
    };
    return { feed, interests, open };
  }

  const nothing = { begun: [], dropped: [], lines: [], lost: [] };
  const head = (log: string, from: number, count = 0) => JSON.stringify({ kind: 'lines', log, from, count });

  test('is told where its lines begin by the process that has it, a later tab at once; then come lines and gaps', () => {
    const { feed, interests, open } = make((log) => (log === 'far' ? 2 : null));
    const first = open('far', 'over');
    expect(interests).toEqual([{ list: false, logs: ['far', 'over'] }]);
    expect(first.take()).toEqual([head('over', 0)]);
    feed.takeFar(1, { ...nothing, begun: [{ log: 'far', from: null }] });
    expect(first.take()).toEqual([]);
    feed.takeFar(2, { ...nothing, begun: [{ log: 'far', from: 7 }] });
    expect(first.take()).toEqual([head('far', 7)]);
    feed.takeFar(2, { ...nothing, lines: [made('far', 7)] });
    const second = open('far');
    expect(second.take()).toEqual([head('far', 8)]);
    feed.takeFar(2, { ...nothing, dropped: [{ log: 'far', lines: 3 }], lines: [made('far', 11)] });
    vi.advanceTimersByTime(60);
    const gap = JSON.stringify({ kind: 'gap', lines: 3 });
    expect(second.take()).toEqual([gap, head('far', 11, 1), 'a line']);
    first.close();
    second.close();
    expect(interests.at(-1)).toEqual({ list: false, logs: [] });
    expect(vi.getTimerCount()).toBe(0);
  });

  test('reads its file where the process is lost before it has said so', () => {
    const { feed, open } = make(() => 2);
    const tab = open('far');
    feed.loseFar(1);
    expect(tab.take()).toEqual([]);
    feed.loseFar(2);
    expect(tab.take()).toEqual([head('far', 0)]);
    tab.close();
  });
});
