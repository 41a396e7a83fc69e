/** The embedded quota by itself: its windows, its limits, and what becomes of its counts when the store fails or comes late. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LogFields, Logger } from '../../../src/observe/logger.ts';
import { QuotaCounter, type QuotaLimits } from '../../../src/store/quota-counter.ts';
import { type QuotaRecord, windowsAt } from '../../../src/store/quota-record.ts';
import type { StoreAnswer, StoreQuestion } from '../../../src/store/store-process.ts';

/** A Saturday, in the week from Monday 23. */
const SATURDAY_MS = Date.UTC(2026, 10, 28, 15, 30);
const DAY_MS = 86_400_000;

/** A store worked by hand: it keeps the last record of each device, and fails when told so. */
class HandStore {
  readonly records = new Map<string, QuotaRecord>();
  readonly questions: StoreQuestion[] = [];
  isFailing = false;

  async ask(question: StoreQuestion): Promise<StoreAnswer> {
    this.questions.push(question);
    if (this.isFailing) return { kind: 'failed', reason: 'no room' };
    if (question.kind === 'loadQuota') {
      return { kind: 'quotaLoaded', id: 0, records: [...this.records.values()], next: null };
    }
    if (question.kind === 'saveQuota') this.records.set(question.record.hardwareId, question.record);
    return { kind: 'stored', id: 0 };
  }
}

interface Bench {
  readonly store: HandStore;
  readonly clock: { ms: number; monotonicMs: number };
  readonly logged: readonly LogFields[];
  readonly counter: QuotaCounter;
  /** True = the device got a request. */
  ask(hardwareId?: string, isAdmitted?: boolean): boolean;
  refusal(hardwareId?: string): string;
}

function bench(
  limits: Partial<QuotaLimits>,
  options: { store?: HandStore; maxDevices?: number; ms?: number } = {},
): Bench {
  const { store = new HandStore(), maxDevices, ms = SATURDAY_MS } = options;
  const clock = { ms, monotonicMs: 0 };
  const logged: LogFields[] = [];
  const keep = (fields: LogFields): void => {
    logged.push(fields);
  };
  const log: Logger = { debug: keep, info: keep, warn: keep, error: keep, announce: keep };
  const counter = new QuotaCounter({
    store,
    limits: { daily: 0, weekly: 0, monthly: 0, ...limits },
    log,
    timeMs: () => clock.ms,
    now: () => clock.monotonicMs,
    ...(maxDevices !== undefined && { maxDevices }),
  });
  const reserve = (hardwareId: string) => counter.reserve({ hardwareId });
  return {
    store,
    clock,
    logged,
    counter,
    ask: (hardwareId = 'd', isAdmitted = true) => {
      const reserved = reserve(hardwareId);
      if ('errorCode' in reserved) return false;
      reserved.settle(isAdmitted);
      return true;
    },
    refusal: (hardwareId = 'd') => {
      const reserved = reserve(hardwareId);
      return 'errorCode' in reserved ? `${reserved.errorCode} ${reserved.errorType}: ${reserved.message}` : '';
    },
  };
}

/** Lets promises run. */
const settle = () => new Promise((wake) => setImmediate(wake));

describe('the windows', () => {
  test.each([
    ['2026-11-28T15:30:00Z', '2026-11-28', '2026-11-23', '2026-11-01', '2026-11-29', '2026-11-30', '2026-12-01'],
    ['2026-11-30T00:00:00Z', '2026-11-30', '2026-11-30', '2026-11-01', '2026-12-01', '2026-12-07', '2026-12-01'],
    ['2026-11-29T23:59:59.999Z', '2026-11-29', '2026-11-23', '2026-11-01', '2026-11-30', '2026-11-30', '2026-12-01'],
    ['2027-01-01T00:00:00Z', '2027-01-01', '2026-12-28', '2027-01-01', '2027-01-02', '2027-01-04', '2027-02-01'],
    ['1969-12-31T12:00:00Z', '1969-12-31', '1969-12-29', '1969-12-01', '1970-01-01', '1970-01-05', '1970-01-01'],
  ])('at %s are the day, the ISO week and the month of UTC', (at, ...dates) => {
    const { day, week, month } = windowsAt(Date.parse(at));
    const times = [day.startMs, week.startMs, month.startMs, day.endMs, week.endMs, month.endMs];
    expect(times.map((ms) => new Date(ms).toISOString())).toEqual(dates.map((date) => `${date}T00:00:00.000Z`));
  });

  test('hold the moment they are asked about, at any time', () => {
    fc.assert(
      fc.property(fc.integer({ min: -4e12, max: 4e13 }), (ms) => {
        for (const name of ['day', 'week', 'month'] as const) {
          const { startMs, endMs } = windowsAt(ms)[name];
          expect(startMs <= ms && ms < endMs).toBe(true);
          expect(windowsAt(endMs)[name].startMs).toBe(endMs);
          expect(windowsAt(startMs)[name].endMs).toBe(endMs);
        }
        expect(new Date(windowsAt(ms).week.startMs).getUTCDay()).toBe(1);
      }),
    );
  });
});

describe('a limit', () => {
  test('refuses what comes beyond it, with what is used, the bound and the time it ends', () => {
    const { ask, refusal } = bench({ daily: 2 });
    expect([ask(), ask(), ask()]).toEqual([true, true, false]);
    expect(refusal()).toBe(
      'PERMISSION_DENIED access_denied: Daily limit exceeded: 2 of 2 requests used; resets at 2026-11-29T00:00:00Z',
    );
    expect(ask('another')).toBe(true);
  });

  test('that ends last is the one that is told', () => {
    const { ask, refusal, clock } = bench({ daily: 1, weekly: 2, monthly: 3 });
    ask();
    expect(refusal()).toContain('Daily limit exceeded: 1 of 1 requests used; resets at 2026-11-29T00:00:00Z');
    clock.ms += DAY_MS;
    ask();
    expect(refusal()).toContain('Weekly limit exceeded: 2 of 2 requests used; resets at 2026-11-30T00:00:00Z');
    clock.ms += DAY_MS;
    ask();
    expect(refusal()).toContain('Monthly limit exceeded: 3 of 3 requests used; resets at 2026-12-01T00:00:00Z');
    clock.ms += DAY_MS;
    expect(ask()).toBe(true);
  });

  test('opens again with the next window, and not when the clock is set back', () => {
    const { ask, clock } = bench({ daily: 1 });
    clock.ms = Date.UTC(2026, 10, 29, 0, 0, 1);
    expect([ask(), ask()]).toEqual([true, false]);
    clock.ms = Date.UTC(2026, 10, 28, 23, 59, 59);
    expect(ask()).toBe(false);
    clock.ms = Date.UTC(2026, 10, 29, 23, 59, 59, 999);
    expect(ask()).toBe(false);
    clock.ms += 1;
    expect(ask()).toBe(true);
  });

  test('is not used up by calls that got no stream; those that wait for their verdict count', () => {
    const { ask, counter } = bench({ daily: 2 });
    for (let call = 0; call < 10; call += 1) expect(ask('d', false)).toBe(true);
    const held = [counter.reserve({ hardwareId: 'd' }), counter.reserve({ hardwareId: 'd' })];
    expect(ask()).toBe(false);
    for (const each of held) if ('settle' in each) each.settle(false);
    expect([ask(), ask(), ask()]).toEqual([true, true, false]);
  });

  test('holds in any order of calls, refusals and days', () => {
    const step = fc.oneof(
      fc.constantFrom('admitted', 'refused').map((verdict) => ({ verdict, days: 0 })),
      fc.integer({ min: 1, max: 12 }).map((days) => ({ verdict: 'none', days })),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const limits = { daily: 3, weekly: 5, monthly: 8 };
        const { ask, clock } = bench(limits);
        const admittedAt: number[] = [];
        for (const { verdict, days } of steps) {
          clock.ms += days * DAY_MS;
          if (verdict === 'none') continue;
          const { day, week, month } = windowsAt(clock.ms);
          const usedSince = (ms: number) => admittedAt.filter((at) => at >= ms).length;
          const mayAsk =
            usedSince(day.startMs) < limits.daily &&
            usedSince(week.startMs) < limits.weekly &&
            usedSince(month.startMs) < limits.monthly;
          expect(ask('d', verdict === 'admitted')).toBe(mayAsk);
          if (mayAsk && verdict === 'admitted') admittedAt.push(clock.ms);
        }
      }),
    );
  });
});

describe('the counts', () => {
  test('of admitted calls are stored, those of others are not', async () => {
    const { counter, ask, store } = bench({ daily: 5 });
    await counter.load();
    ask();
    ask('d', false);
    ask();
    ask('e', false);
    await settle();
    expect([...store.records.values()].map(({ hardwareId, day }) => [hardwareId, day.requests])).toEqual([['d', 2]]);
    const next = bench({ daily: 3 }, { store });
    await next.counter.load();
    expect([next.ask(), next.ask()]).toEqual([true, false]);
  });

  test('of a store that can not be read begin at 0, and what is stored is added when it can', async () => {
    const { store } = bench({});
    const before = bench({ daily: 5 }, { store });
    await before.counter.load();
    before.ask();
    before.ask();
    await settle();
    const { counter, ask, logged, clock } = bench({ daily: 5 }, { store });
    store.isFailing = true;
    await counter.load();
    expect([ask(), ask()]).toEqual([true, true]);
    expect(logged.map(({ decision }) => decision)).toEqual(['quota_not_loaded']);
    expect(store.records.get('d')?.day.requests).toBe(2);
    store.isFailing = false;
    clock.monotonicMs += 1_000;
    expect(ask()).toBe(true);
    await settle();
    expect(store.records.get('d')?.day.requests).toBe(5);
    expect(ask()).toBe(false);
    expect(counter.status()).toEqual({ daily: 5, weekly: 0, monthly: 0, devices: 1, unsaved: 0, loaded: true });
  });

  test('that could not be stored go on in memory, and are stored with the next one that can', async () => {
    const { store, counter, ask } = bench({ daily: 100 });
    await counter.load();
    store.isFailing = true;
    for (let device = 0; device < 250; device += 1) ask(`d-${device}`);
    await settle();
    expect(counter.status()).toMatchObject({ devices: 250, unsaved: 250 });
    store.isFailing = false;
    ask('d-0');
    await settle();
    expect(counter.status()).toMatchObject({ devices: 250, unsaved: 0 });
    expect(store.records.size).toBe(250);
  });

  test('are those of as many devices as may be; the one that was silent longest is forgotten, on the disk as well', async () => {
    const { store, counter, ask } = bench({ daily: 1 }, { maxDevices: 3 });
    await counter.load();
    for (const device of ['a', 'b', 'c', 'd']) ask(device);
    await settle();
    expect(counter.status()).toMatchObject({ devices: 3 });
    expect(store.records.get('a')?.day.requests).toBe(0);
    expect([ask('b'), ask('a')]).toEqual([false, true]);
  });
});
