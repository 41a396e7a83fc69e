/** Guarantees of the turns of a connection: the common bound, the order, the first word, and that slow readers cost others nothing. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { BATCH_MESSAGES, CONNECTION_MESSAGES, type Sender, STANDSTILL_MS, Turns } from '../../../src/rpc/turns.ts';

/** Batches that fit under the common bound. */
const PLACES = CONNECTION_MESSAGES / BATCH_MESSAGES;

/** A stream with ever more to send. */
class Stream implements Sender {
  share = 0;
  handedOverAt = 0;
  isSlow = false;
  underWay = 0;
  isWaiting = false;
  sent = 0;
  readonly name: string;
  readonly #turns: Turns;
  /** Told each batch. */
  readonly #log: string[];

  constructor(turns: Turns, name: string, log: string[] = []) {
    this.#turns = turns;
    this.name = name;
    this.#log = log;
  }

  /** As a stream does that has nothing under way and does not wait; `messages` is all that it has to say. */
  send(messages = Number.POSITIVE_INFINITY): void {
    this.#batch(Math.min(messages, this.#turns.begin(this)));
  }

  turnCame(messages: number): void {
    this.isWaiting = false;
    this.#batch(messages);
  }

  take(hasMore = true): void {
    if (this.underWay === 0) throw new Error(`${this.name} has nothing under way`);
    this.underWay = 0;
    this.isWaiting = hasMore;
    this.#turns.taken(this, hasMore);
  }

  leave(): void {
    this.underWay = 0;
    this.isWaiting = false;
    this.#turns.leave(this);
  }

  #batch(messages: number): void {
    this.underWay = messages;
    this.sent += messages;
    this.#log.push(`${this.name} ${messages}`);
    this.#turns.handedOver(this, messages);
  }
}

function streams(count: number) {
  const turns = new Turns();
  const log: string[] = [];
  const all = Array.from({ length: count }, (_, index) => new Stream(turns, `s${index}`, log));
  return { turns, log, all, last: all[count - 1] ?? new Stream(turns, 'none', log) };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('Turns 1 to 3', () => {
  test('a stream alone always has a full batch', () => {
    const { log, last } = streams(1);
    last.send();
    last.take();
    last.take();
    expect(log).toEqual(['s0 8', 's0 8', 's0 8']);
  });

  test('the bound is common; who comes to a full house says one word at once, and then waits', () => {
    const { log, all, last } = streams(PLACES + 1);
    for (const each of all) each.send();
    expect(log).toEqual([...all.slice(0, PLACES).map(({ name }) => `${name} 8`), `${last.name} 1`]);
    last.take();
    expect(last).toMatchObject({ isWaiting: true, underWay: 0 });
    all[0]?.take();
    expect(last).toMatchObject({ isWaiting: false, underWay: BATCH_MESSAGES });
    expect(all[0]).toMatchObject({ isWaiting: true });
  });

  test('turns come in the order in which they were asked for', () => {
    const { log, all } = streams(PLACES + 3);
    for (const each of all) each.send();
    const late = all.slice(PLACES);
    for (const each of late) each.take();
    log.length = 0;
    for (const each of all.slice(0, 3)) each.take();
    expect(log).toEqual(late.map(({ name }) => `${name} 8`));
  });

  test("what a turn leaves over is the next one's", () => {
    const { all, last } = streams(PLACES + 1);
    for (const each of all.slice(0, PLACES)) each.send(1);
    last.send();
    expect(last.underWay).toBe(BATCH_MESSAGES);
  });

  test('for any course: never more under way than the bound, one batch, and a word of each that was not waiting', () => {
    const step = fc.record({ stream: fc.nat(11), act: fc.constantFrom('go', 'leave') });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const { all } = streams(12);
        for (const { stream, act } of steps) {
          const each = all[stream];
          if (each === undefined) continue;
          if (act === 'leave') each.leave();
          else if (each.underWay > 0) each.take();
          else if (!each.isWaiting) each.send();
          const counted = all.filter(({ isSlow }) => !isSlow);
          const words = counted.filter(({ underWay }) => underWay === 1).length;
          const messages = counted.reduce((sum, { underWay }) => sum + underWay, 0);
          expect(messages - words).toBeLessThanOrEqual(CONNECTION_MESSAGES);
          // Nobody waits while there is room for a batch.
          if (messages <= CONNECTION_MESSAGES - BATCH_MESSAGES)
            expect(all.some(({ isWaiting }) => isWaiting)).toBe(false);
        }
      }),
    );
  });
});

describe('Turns 4: a reader that does not read', () => {
  test('that stands still with all others holds a newcomer up once, however many of them there are', () => {
    const { all, last } = streams(500);
    for (const each of all) each.send();
    // Nobody reads but the last one.
    last.take();
    expect(last.isWaiting).toBe(true);
    vi.advanceTimersByTime(STANDSTILL_MS);
    expect(last).toMatchObject({ isWaiting: false, underWay: BATCH_MESSAGES });
    for (let batch = 0; batch < 100; batch += 1) last.take();
    expect(last.sent).toBe(1 + 101 * BATCH_MESSAGES);
    // The others have what one stream may have, and no more.
    for (const each of all.slice(0, -1)) expect(each.underWay).toBeLessThanOrEqual(BATCH_MESSAGES);
  });

  test('is overtaken, and from then on takes no place; nor when it reads a little, slower than the others', () => {
    const { all } = streams(PLACES + 2);
    const stalled = all.slice(0, PLACES - 1);
    const [first, second, third] = all.slice(PLACES - 1);
    for (const each of all.slice(0, PLACES)) each.send();
    for (let batch = 0; batch < 20; batch += 1) first?.take();
    second?.send();
    third?.send();
    expect([second?.underWay, third?.underWay]).toEqual([BATCH_MESSAGES, BATCH_MESSAGES]);
    for (let round = 0; round < 5; round += 1) {
      for (const each of stalled) each.take();
      for (const each of stalled) expect(each).toMatchObject({ isSlow: true, underWay: BATCH_MESSAGES });
      for (let batch = 0; batch < 20; batch += 1) for (const each of [first, second, third]) each?.take();
      expect([first, second, third].some((each) => each?.isWaiting)).toBe(false);
    }
    expect(vi.getTimerCount()).toBe(0);
  });

  test('takes a place again once it reads as fast as the others', () => {
    const { all } = streams(2);
    const [slow, quick] = all;
    slow?.send();
    quick?.send();
    for (let batch = 0; batch < 20; batch += 1) quick?.take();
    slow?.take();
    expect(slow?.isSlow).toBe(true);
    slow?.take();
    expect(slow).toMatchObject({ isSlow: false, share: BATCH_MESSAGES });
  });

  test('keeps nothing alive where nobody waits, and is watched as long as somebody does', () => {
    const { all, last } = streams(PLACES + 1);
    for (const each of all) each.send();
    expect(vi.getTimerCount()).toBe(0);
    last.take();
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(STANDSTILL_MS);
    expect(vi.getTimerCount()).toBe(0);
  });
});

test('Turns 5: what a stream has under way is given back when it leaves, and its wish is forgotten', () => {
  const { all, last } = streams(PLACES + 2);
  for (const each of all) each.send();
  const waiting = all[PLACES];
  waiting?.take();
  last.take();
  waiting?.leave();
  all[0]?.leave();
  expect(last).toMatchObject({ isWaiting: false, underWay: BATCH_MESSAGES });
  for (const each of all.slice(1)) each.leave();
  for (const each of all.slice(0, PLACES)) each.send();
  for (const each of all.slice(0, PLACES)) expect(each.underWay).toBe(BATCH_MESSAGES);
});
