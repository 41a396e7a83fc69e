/** The embedded quota by itself: its windows, its limits, and what becomes of its counts when the store fails or comes late. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LogFields, Logger } from '../../../src/observe/logger.ts';
import { QuotaCounter } from '../../../src/store/quota-counter.ts';
import {
  type QuotaLimits,
  type QuotaRecord,
  reachedLimit,
  recordIn,
  recordsAdded,
  recordWith,
  unusedRecord,
  windowsAt,
} from '../../../src/store/quota-record.ts';
import type { StoreAnswer, StoreQuestion } from '../../../src/store/store-process.ts';
import { ownTimeOf } from '../../support/own-time.ts';

/** A Saturday, in the week from Monday 23. */
const SATURDAY_MS = Date.UTC(2026, 10, 28, 15, 30);
const DAY_MS = 86_400_000;

/** A store worked by hand: it counts as the real one does, fails or keeps silent when told so. */
class HandStore {
  readonly records = new Map<string, QuotaRecord>();
  readonly questions: StoreQuestion[] = [];
  isFailing = false;
  /** Called for each question that is to wait; null = none is. */
  silence: ((answer: () => void) => void) | null = null;

  async ask(question: StoreQuestion): Promise<StoreAnswer> {
    this.questions.push(question);
    const { silence } = this;
    if (silence !== null) await new Promise<void>((answer) => silence(answer));
    return this.isFailing ? { kind: 'failed', reason: 'no room' } : this.#answer(question);
  }

  #answer(question: StoreQuestion): StoreAnswer {
    if (question.kind === 'takeQuota') {
      const { hardwareId, limits, timeMs, requests } = question;
      const before = this.#recordOf(hardwareId, timeMs);
      const isTaken = reachedLimit(before, limits) === null;
      const record = isTaken ? recordWith(before, requests) : before;
      if (requests > 0) this.records.set(hardwareId, record);
      return { kind: 'quotaTaken', id: 0, isTaken, record, devices: this.records.size };
    }
    if (question.kind === 'returnQuota') {
      const { hardwareId, timeMs } = question;
      this.records.set(hardwareId, recordWith(this.#recordOf(hardwareId, timeMs), -1));
    }
    if (question.kind === 'addQuota') {
      const { record } = question;
      const stored = this.records.get(record.hardwareId);
      this.records.set(record.hardwareId, stored === undefined ? record : recordsAdded(stored, record));
    }
    return { kind: 'stored', id: 0 };
  }

  #recordOf(hardwareId: string, timeMs: number): QuotaRecord {
    const windows = windowsAt(timeMs);
    return recordIn(windows, this.records.get(hardwareId) ?? unusedRecord(hardwareId, windows));
  }

  usedToday(hardwareId: string): number {
    return this.records.get(hardwareId)?.day.requests ?? 0;
  }
}

interface Bench {
  readonly store: HandStore;
  readonly clock: { ms: number };
  readonly logged: readonly LogFields[];
  readonly counter: QuotaCounter;
  /** True = the device got a request. */
  ask(hardwareId?: string, isAdmitted?: boolean): Promise<boolean>;
  refusal(hardwareId?: string): Promise<string>;
}

function bench(
  limits: Partial<QuotaLimits>,
  options: { store?: HandStore; maxDevices?: number; ms?: number; answerDueMs?: number } = {},
): Bench {
  const { store = new HandStore(), ms = SATURDAY_MS, ...bounds } = options;
  const clock = { ms };
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
    ownTime: ownTimeOf(),
    ...bounds,
  });
  const reserve = (hardwareId: string) => counter.reserve({ hardwareId });
  return {
    store,
    clock,
    logged,
    counter,
    ask: async (hardwareId = 'd', isAdmitted = true) => {
      const reserved = await reserve(hardwareId);
      if ('errorCode' in reserved) return false;
      reserved.settle(isAdmitted);
      return true;
    },
    refusal: async (hardwareId = 'd') => {
      const reserved = await reserve(hardwareId);
      return 'errorCode' in reserved ? `${reserved.errorCode} ${reserved.errorType}: ${reserved.message}` : '';
    },
  };
}

/** Asks one after the other. */
async function askAll({ ask }: Bench, times: number): Promise<boolean[]> {
  const outcomes: boolean[] = [];
  for (let time = 0; time < times; time += 1) outcomes.push(await ask());
  return outcomes;
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
  test('refuses what comes beyond it, with what is used, the bound and the time it ends', async () => {
    const its = bench({ daily: 2 });
    expect(await askAll(its, 3)).toEqual([true, true, false]);
    expect(await its.refusal()).toBe(
      'PERMISSION_DENIED access_denied: Daily limit exceeded: 2 of 2 requests used; resets at 2026-11-29T00:00:00Z',
    );
    expect(await its.ask('another')).toBe(true);
  });

  test('that ends last is the one that is told', async () => {
    const { ask, refusal, clock } = bench({ daily: 1, weekly: 2, monthly: 3 });
    await ask();
    expect(await refusal()).toContain('Daily limit exceeded: 1 of 1 requests used; resets at 2026-11-29T00:00:00Z');
    clock.ms += DAY_MS;
    await ask();
    expect(await refusal()).toContain('Weekly limit exceeded: 2 of 2 requests used; resets at 2026-11-30T00:00:00Z');
    clock.ms += DAY_MS;
    await ask();
    expect(await refusal()).toContain('Monthly limit exceeded: 3 of 3 requests used; resets at 2026-12-01T00:00:00Z');
    clock.ms += DAY_MS;
    expect(await ask()).toBe(true);
  });

  test.each([false, true])(
    'is that of the windows of UTC in any order of calls, refusals and days (the store fails: %s)',
    async (isFailing) => {
      const step = fc.oneof(
        fc.constantFrom('admitted', 'refused').map((verdict) => ({ verdict, days: 0 })),
        fc.integer({ min: 1, max: 12 }).map((days) => ({ verdict: 'none', days })),
      );
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
          const limits = { daily: 3, weekly: 5, monthly: 8 };
          const { ask, clock, store } = bench(limits);
          store.isFailing = isFailing;
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
            expect(await ask('d', verdict === 'admitted')).toBe(mayAsk);
            if (mayAsk && verdict === 'admitted') admittedAt.push(clock.ms);
          }
        }),
      );
    },
  );

  test('holds for calls that ask at once, over several servers', async () => {
    const store = new HandStore();
    const servers = [bench({ daily: 7 }, { store }), bench({ daily: 7 }, { store }), bench({ daily: 7 }, { store })];
    const outcomes = await Promise.all(servers.flatMap(({ ask }) => Array.from({ length: 10 }, () => ask())));
    expect(outcomes.filter((isAdmitted) => isAdmitted)).toHaveLength(7);
    expect(store.usedToday('d')).toBe(7);
  });

  test('that is only looked for takes nothing', async () => {
    const { counter, store } = bench({ daily: 1 });
    const look = () => counter.reserve({ hardwareId: 'd' }, 0);
    for (const looked of [await look(), await look()]) {
      if ('settle' in looked) looked.settle(false);
    }
    expect(store.usedToday('d')).toBe(0);
    await counter.reserve({ hardwareId: 'd' });
    expect(await look()).toMatchObject({ errorType: 'access_denied' });
  });

  test('is not used up by calls that got no stream', async () => {
    const its = bench({ daily: 2 });
    for (let call = 0; call < 10; call += 1) expect(await its.ask('d', false)).toBe(true);
    expect(await askAll(its, 3)).toEqual([true, true, false]);
  });
});

describe('while the store fails', () => {
  test('this server counts by itself from what it knows, tells it once, and adds it when the store is back', async () => {
    const its = bench({ daily: 5 });
    const { store, counter, ask, logged } = its;
    expect(await askAll(its, 2)).toEqual([true, true]);
    store.isFailing = true;
    expect(await askAll(its, 2)).toEqual([true, true]);
    await ask('e');
    expect(await ask('d', false)).toBe(true);
    expect(counter.status()).toMatchObject({ unsaved: 2 });
    expect(logged.map(({ decision, ctx }) => [decision, ctx.reason])).toEqual([['quota_counted_here', 'no room']]);
    expect(store.usedToday('d')).toBe(2);
    store.isFailing = false;
    expect(await askAll(its, 2)).toEqual([true, false]);
    await settle();
    expect([store.usedToday('d'), store.usedToday('e')]).toEqual([5, 1]);
    expect(counter.status()).toEqual({ daily: 5, weekly: 0, monthly: 0, devices: 2, unsaved: 0 });
    store.isFailing = true;
    await ask('f');
    expect(logged).toHaveLength(2);
  });

  test('no more than the limit is admitted here', async () => {
    const its = bench({ daily: 3 });
    its.store.isFailing = true;
    expect(await askAll(its, 5)).toEqual([true, true, true, false, false]);
    expect(await its.refusal()).toContain('Daily limit exceeded: 3 of 3 requests used');
  });

  test('what could not be added stays until it can', async () => {
    const its = bench({ daily: 10 });
    const { store, ask, counter } = its;
    store.isFailing = true;
    for (let device = 0; device < 250; device += 1) await ask(`d-${device}`);
    await ask('d-0');
    await settle();
    expect(counter.status()).toMatchObject({ unsaved: 250 });
    store.isFailing = false;
    for (let call = 0; call < 3; call += 1) await ask('another');
    await settle();
    expect(counter.status()).toMatchObject({ unsaved: 0 });
    expect([store.usedToday('d-0'), store.usedToday('d-249')]).toEqual([2, 1]);
  });

  test('never more devices are held than may be', async () => {
    const { store, ask, counter } = bench({ daily: 10 }, { maxDevices: 3 });
    store.isFailing = true;
    for (let device = 0; device < 10; device += 1) await ask(`d-${device}`);
    expect(counter.status()).toMatchObject({ unsaved: 3 });
  });
});

describe('a store that does not answer', () => {
  test('is waited for once and no longer than it may take; what it took after all is counted once', async () => {
    const its = bench({ daily: 3 }, { answerDueMs: 20 });
    const { store, ask, counter, logged } = its;
    const waiting: (() => void)[] = [];
    store.silence = (answer) => waiting.push(answer);
    const startedAtMs = performance.now();
    expect(await ask()).toBe(true);
    expect(performance.now() - startedAtMs).toBeGreaterThan(15);
    // The others do not ask it any more.
    expect([await ask(), await ask(), await ask()]).toEqual([true, true, false]);
    expect([store.questions.length, waiting.length]).toEqual([1, 1]);
    expect(logged.map(({ ctx }) => ctx.reason)).toEqual(['it took longer than 20 ms']);
    store.silence = null;
    for (const answer of waiting) answer();
    await settle();
    expect(store.usedToday('d')).toBe(3);
    expect(counter.status()).toMatchObject({ unsaved: 0 });
    expect(await ask()).toBe(false);
  });

  test('whose late answer is a failure costs no request', async () => {
    const { store, ask, counter } = bench({ daily: 5 }, { answerDueMs: 20 });
    let answerNow = (): void => {};
    store.silence = (answer) => {
      answerNow = answer;
    };
    expect(await ask()).toBe(true);
    store.isFailing = true;
    store.silence = null;
    answerNow();
    await settle();
    expect(counter.status()).toMatchObject({ unsaved: 1 });
    store.isFailing = false;
    expect(await ask()).toBe(true);
    await settle();
    expect(store.usedToday('d')).toBe(2);
  });

  test('gives nothing back for a late look: nothing was taken', async () => {
    const { store, ask, counter } = bench({ daily: 5 }, { answerDueMs: 20 });
    expect([await ask(), await ask()]).toEqual([true, true]);
    let answerNow = (): void => {};
    store.silence = (answer) => {
      answerNow = answer;
    };
    await counter.reserve({ hardwareId: 'd' }, 0);
    store.silence = null;
    answerNow();
    await settle();
    expect(store.usedToday('d')).toBe(2);
  });

  test('keeps no request of a call that got no stream, whether its count waits here, is on its way or is stored', async () => {
    const { store, ask, counter } = bench({ daily: 5 });
    store.isFailing = true;
    const reserved = await counter.reserve({ hardwareId: 'd' });
    store.isFailing = false;
    // Its count is handed over with this call's request.
    expect(await ask()).toBe(true);
    await settle();
    expect(store.usedToday('d')).toBe(2);
    if ('settle' in reserved) reserved.settle(false);
    await settle();
    expect(store.usedToday('d')).toBe(1);
  });

  test('lets a device have no more while counts are on their way to it', async () => {
    const { store, ask, counter } = bench({ daily: 3 }, { answerDueMs: 20 });
    store.isFailing = true;
    expect([await ask(), await ask()]).toEqual([true, true]);
    store.isFailing = false;
    store.silence = () => {};
    // Both are handed over, and nobody answers.
    expect([await ask(), await ask(), await ask()]).toEqual([true, false, false]);
    expect(counter.status()).toMatchObject({ unsaved: 1 });
  });

  test('gets counts of others a hundred at a time, however many calls it answers meanwhile', async () => {
    const { store, ask } = bench({ daily: 3 });
    store.isFailing = true;
    for (let device = 0; device < 250; device += 1) await ask(`d-${device}`);
    store.isFailing = false;
    const added = () => store.questions.slice(failed).filter(({ kind }) => kind === 'addQuota').length;
    const failed = store.questions.length;
    const held: (() => void)[] = [];
    const counted = store.ask.bind(store);
    store.ask = async (question) => {
      if (question.kind === 'addQuota') await new Promise<void>((answer) => held.push(answer));
      return counted(question);
    };
    for (let call = 0; call < 5; call += 1) expect(await ask(`other-${call}`)).toBe(true);
    expect(held).toHaveLength(100);
    for (const answer of held) answer();
    await settle();
    expect(added()).toBe(100);
  });
});
