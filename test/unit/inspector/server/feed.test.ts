/** The feed: what a viewer gets, what one that does not read costs, and when each is let go; the four things that its header says hold. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Totals } from '../../../../src/inspector/feed-format.ts';
import { Feed, type FeedSink } from '../../../../src/inspector/server/feed.ts';
import { SessionList } from '../../../../src/inspector/server/session-list.ts';
import { sessionRecording } from '../../../../src/record/chart-recordings.ts';
import { turn } from './recorded-turns.ts';

const totals: Omit<Totals, 'live' | 'ended' | 'failed'> = {
  slots: 0,
  maxStreams: 50,
  refused: 0,
  refusedBy: {},
  state: 'ready',
  health: 'ok',
};

/** Takes what is written, or nothing more, as its reader does. */
class TestSink implements FeedSink {
  readonly written: string[] = [];
  isReading = true;
  isEnded = false;
  isDestroyed = false;
  readonly #listeners = { drain: () => {}, close: () => {} };

  write(text: string): boolean {
    this.written.push(text);
    return this.isReading;
  }
  end(): void {
    this.isEnded = true;
  }
  destroy(): void {
    this.isDestroyed = true;
    this.#listeners.close();
  }
  on(event: 'drain' | 'close', listener: () => void): void {
    this.#listeners[event] = listener;
  }
  drain(): void {
    this.isReading = true;
    this.#listeners.drain();
  }
  close(): void {
    this.#listeners.close();
  }
  /** Every line since the last call. */
  take(): string[] {
    return this.written.splice(0).join('').split('\n').slice(0, -1);
  }
}

const lineCounts = new Map([['live', 7]]);

function make(options: { readonly maxWaitingChars?: number } = {}) {
  const list = new SessionList({ now: () => Date.now(), date: () => new Date(Date.now()) });
  const feed = new Feed({
    list,
    linesOf: (id) => lineCounts.get(id) ?? null,
    totals: () => ({ ...totals, ...list.counts }),
    now: () => Date.now(),
    ...options,
  });
  return { list, feed };
}

function lines(actorId: string, from: number, texts: readonly string[]) {
  return { actorId, text: texts.map((text) => `${text}\n`).join(''), from, count: texts.length };
}

beforeEach(
  () =>
    void vi.useFakeTimers({
      now: Date.UTC(2026, 0, 31),
      toFake: ['setTimeout', 'setInterval', 'clearTimeout', 'clearInterval', 'setImmediate', 'Date'],
    }),
);
afterEach(() => void vi.useRealTimers());

describe('the lines of a log', () => {
  test('come as they are, behind whose they are, from which place and how many, some 50 ms later', () => {
    const { feed } = make();
    const sink = new TestSink();
    feed.add(sink, { list: false, logs: ['live'] }, []);
    expect(sink.take()).toEqual(['{"kind":"lines","log":"live","from":7,"count":0}']);
    feed.linesMade(lines('live', 7, ['{"a":1}', '{"b":2}']));
    feed.linesMade(lines('other', 0, ['{"c":3}']));
    feed.linesMade(lines('live', 9, ['{"d":4}']));
    expect(sink.take()).toEqual([]);
    vi.advanceTimersByTime(50);
    expect(sink.take()).toEqual([
      '{"kind":"lines","log":"live","from":7,"count":2}',
      '{"a":1}',
      '{"b":2}',
      '{"kind":"lines","log":"live","from":9,"count":1}',
      '{"d":4}',
    ]);
  });

  test('of a log that is over stand in its file: nothing is promised before its first', () => {
    const { feed } = make();
    const sink = new TestSink();
    feed.add(sink, { list: false, logs: ['over'] }, []);
    expect(sink.take()).toEqual(['{"kind":"lines","log":"over","from":0,"count":0}']);
  });

  test('that can not be written are said to be lost', () => {
    const { feed } = make();
    const sink = new TestSink();
    feed.add(sink, { list: false, logs: ['live'] }, []);
    sink.take();
    feed.logLost('live');
    expect(sink.take().map((line) => JSON.parse(line))).toEqual([
      { kind: 'no-log', log: 'live', why: expect.stringContaining('could not be written') },
    ]);
  });
});

describe('a viewer that does not read', () => {
  test('holds no more than its bound; what is dropped is counted and told before the next line, and lines are never torn', () => {
    const { feed } = make({ maxWaitingChars: 1_000 });
    const [slow, quick] = [new TestSink(), new TestSink()];
    for (const sink of [slow, quick]) feed.add(sink, { list: false, logs: ['live'] }, []);
    slow.isReading = false;
    feed.linesMade(lines('live', 7, ['first']));
    vi.advanceTimersByTime(50);
    slow.take();
    quick.take();
    const sent = Array.from({ length: 100 }, (_, index) => `${index}:${'x'.repeat(100)}`);
    for (const [index, text] of sent.entries()) {
      feed.linesMade(lines('live', 8 + index, [text]));
      vi.advanceTimersByTime(50);
    }
    expect(slow.take()).toEqual([]);
    expect(quick.take().filter((line) => !line.startsWith('{'))).toEqual(sent);
    slow.drain();
    const [gap = '', ...rest] = slow.take();
    const { kind, lines: missing } = JSON.parse(gap);
    expect(kind).toBe('gap');
    expect(missing + rest.length / 2).toBe(100);
    expect(rest.length).toBeGreaterThan(2);
    expect(rest.join('').length).toBeLessThanOrEqual(1_000);
    expect(rest.filter((line) => !line.startsWith('{'))).toEqual(sent.slice(missing));
    expect(JSON.parse(rest[0] ?? '')).toEqual({ kind: 'lines', log: 'live', from: 8 + missing, count: 1 });
  });

  test('is cut off after its time, and never one that reads', () => {
    const { feed } = make();
    const [slow, quick] = [new TestSink(), new TestSink()];
    for (const sink of [slow, quick]) feed.add(sink, { list: false, logs: ['live'] }, []);
    slow.isReading = false;
    feed.linesMade(lines('live', 7, ['first']));
    vi.advanceTimersByTime(29_000);
    expect(slow.isDestroyed).toBe(false);
    vi.advanceTimersByTime(10_000);
    expect([slow.isDestroyed, quick.isDestroyed]).toEqual([true, false]);
    expect(feed.viewers).toBe(1);
  });
});

describe('the list', () => {
  test('comes whole first, then what has changed, and not what is as it was', async () => {
    const { list, feed } = make();
    const recorder = list.recorderFor('s1', sessionRecording, () => null);
    recorder.record(turn({ type: 'xstate.init', input: { sessionId: 'one', hardwareId: 'd' } }, 'idle'));
    const sink = new TestSink();
    feed.add(sink, { list: true, logs: [] }, []);
    const [whole = ''] = sink.take();
    expect(JSON.parse(whole)).toMatchObject({
      kind: 'list',
      isWhole: true,
      rows: [{ id: 's1', machine: 'session', session: 'one', device: 'd', state: 'idle', turns: 1, isLive: true }],
      totals: { live: 1, ended: 0, state: 'ready' },
    });
    vi.advanceTimersByTime(2_000);
    expect(sink.take()).toEqual([]);
    recorder.record(turn({ type: 'request.received' }, { streaming: 'waiting' }));
    vi.advanceTimersByTime(250);
    const [change = '', ...others] = sink.take();
    expect(others).toEqual([]);
    expect(JSON.parse(change)).toMatchObject({
      isWhole: false,
      rows: [{ id: 's1', state: 'streaming.waiting', turns: 2 }],
    });
  });

  test('of ten thousand comes in parts, with other work between them', () => {
    const { list, feed } = make();
    for (let index = 0; index < 10_000; index += 1) {
      const recorder = list.recorderFor(`s${index}`, sessionRecording, () => null);
      recorder.record(turn({ type: 'xstate.init', input: {} }, 'idle'));
    }
    const sink = new TestSink();
    feed.add(sink, { list: true, logs: [] }, []);
    let rounds = 0;
    const seen = new Set<string>();
    for (; seen.size < 10_000 && rounds < 1_000; rounds += 1) {
      for (const line of sink.take()) {
        const { rows, isWhole } = JSON.parse(line);
        expect(isWhole).toBe(seen.size === 0);
        expect(rows.length).toBeLessThanOrEqual(250);
        for (const { id } of rows) seen.add(id);
      }
      vi.advanceTimersToNextTimer();
    }
    expect(seen.size).toBe(10_000);
    expect(rounds).toBeGreaterThanOrEqual(40);
  });

  test('waits for a viewer that does not read, which then gets the newest', () => {
    const { list, feed } = make();
    const recorder = list.recorderFor('s1', sessionRecording, () => null);
    recorder.record(turn({ type: 'xstate.init', input: {} }, 'idle'));
    const sink = new TestSink();
    sink.isReading = false;
    feed.add(sink, { list: true, logs: [] }, []);
    sink.take();
    for (const state of ['a', 'b', 'c']) {
      recorder.record(turn({ type: 'x' }, state));
      vi.advanceTimersByTime(250);
    }
    expect(sink.take()).toEqual([]);
    sink.drain();
    expect(sink.take().map((line) => JSON.parse(line).rows)).toEqual([[expect.objectContaining({ state: 'c' })]]);
  });
});

test('a sign of life comes within 15 s, and nothing at all once nobody watches', () => {
  const { feed } = make();
  const sink = new TestSink();
  feed.add(sink, { list: true, logs: ['live'] }, []);
  sink.take();
  vi.advanceTimersByTime(15_000);
  expect(sink.take()).toEqual(['']);
  sink.close();
  feed.linesMade(lines('live', 7, ['late']));
  vi.advanceTimersByTime(1_000);
  expect(vi.getTimerCount()).toBe(0);
  expect(sink.take()).toEqual([]);
});

test('a server that stops sends what waits and ends every answer', () => {
  const { feed } = make();
  const sink = new TestSink();
  feed.add(sink, { list: false, logs: ['live'] }, []);
  feed.linesMade(lines('live', 7, ['last']));
  feed.close();
  expect(sink.take().at(-1)).toBe('last');
  expect([sink.isEnded, feed.viewers, vi.getTimerCount()]).toEqual([true, 0, 0]);
});

test('a server that stops says of each in the list how it ended', () => {
  const { list, feed } = make();
  const recorder = list.recorderFor('s1', sessionRecording, () => null);
  recorder.record(turn({ type: 'xstate.init', input: { sessionId: 'one', hardwareId: 'd' } }, 'idle'));
  const sink = new TestSink();
  feed.add(sink, { list: true, logs: [] }, []);
  sink.take();
  recorder.record(turn({ type: 'answer.ended' }, 'done', { status: 'done' }));
  feed.close();
  const [change = ''] = sink.take();
  expect(JSON.parse(change)).toMatchObject({ rows: [{ id: 's1', isLive: false }], totals: { live: 0, ended: 1 } });
  expect([sink.isEnded, feed.viewers, vi.getTimerCount()]).toEqual([true, 0, 0]);
});
