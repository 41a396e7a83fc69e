/** The store's process as the server sees it: only what is on the disk is called stored, and nothing that happens to it spreads. */
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LogFields, Logger } from '../../../src/observe/logger.ts';
import { type RecordOutcome, UsageStore } from '../../../src/store/store-clients.ts';
import { reportUsage } from '../../../src/store/store-errand.ts';
import { storeReplySchema } from '../../../src/store/store-messages.ts';
import { StoreProcess, storeScript } from '../../../src/store/store-process.ts';
import type { UsageEntry } from '../../../src/store/usage-entry.ts';
import { eventually } from '../../support/eventually.ts';
import { ownTimeOf } from '../../support/own-time.ts';

const entry: UsageEntry = {
  timeMs: Date.UTC(2026, 10, 22),
  hardwareId: 'device-1',
  sessionId: '',
  reporter: 'client',
  source: 'stt',
  model: 'm',
  inputTokens: 1,
  outputTokens: 2,
};

let dir: string;
let logged: LogFields[];
let nowMs: number;
const stores: HostedStore[] = [];

/** The process and what is asked of it, as one thing. */
interface HostedStore extends Pick<StoreProcess, 'open' | 'close' | 'failure'> {
  record(reported: UsageEntry): Promise<RecordOutcome>;
}

const memory = { maxExchanges: 20, maxChars: 1_000, ttlMs: 1_000_000, maxDevices: 100 };

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'recital-store-'));
  logged = [];
  nowMs = 0;
});
afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()));
  rmSync(dir, { recursive: true });
});

const log: Logger = {
  debug: () => {},
  info: (fields) => logged.push(fields),
  warn: (fields) => logged.push(fields),
  error: (fields) => logged.push(fields),
  announce: () => {},
};

function storeOf(script?: string, maxWaiting = 1_000): HostedStore {
  const given = script === undefined ? {} : { script };
  const process = new StoreProcess({
    dataDir: dir,
    memory,
    log,
    ownTime: ownTimeOf(() => nowMs),
    maxWaiting,
    ...given,
  });
  const usage = new UsageStore({ store: process, log });
  const store: HostedStore = {
    open: () => process.open(),
    close: () => process.close(),
    get failure() {
      return process.failure;
    },
    record: (reported) => usage.record(reported),
  };
  stores.push(store);
  return store;
}

/** A process that does what `code` says. */
function script(code: string): string {
  const path = join(dir, 'script.mjs');
  writeFileSync(path, code);
  return path;
}

function decisions(): string[] {
  return logged.map(({ decision }) => decision);
}

async function reports(): Promise<number> {
  const report = await reportUsage({ dataDir: dir, sinceMs: 0 });
  if (report.kind !== 'summary') throw new Error(report.kind === 'failed' ? report.reason : report.kind);
  return report.summary.total.reports;
}

describe('a store that works', () => {
  test('keeps what it calls stored, also when all come at once', async () => {
    const store = storeOf();
    await store.open();
    expect(store.failure).toBeNull();
    const outcomes = await Promise.all(Array.from({ length: 500 }, () => store.record(entry)));
    expect(new Set(outcomes)).toEqual(new Set(outcomes.filter(({ stored }) => stored)));
    expect(await reports()).toBe(500);
  });

  test('stores what was handed over before it closes, refuses what comes later, and closes twice', async () => {
    const store = storeOf();
    await store.open();
    const early = Array.from({ length: 20 }, () => store.record(entry));
    await Promise.all([store.close(), store.close()]);
    expect((await Promise.all(early)).filter(({ stored }) => stored)).toHaveLength(20);
    expect(await store.record(entry)).toEqual({ stored: false, reason: 'the server is stopping' });
    expect(await reports()).toBe(20);
    expect(logged).toEqual([]);
  });

  test.each([{ inputTokens: Number.NaN }, { outputTokens: -1 }, { inputTokens: 0.5 }, { model: 'm'.repeat(513) }])(
    'refuses %j, says so once in the log, and goes on',
    async (changes) => {
      const store = storeOf();
      const outcomes = [await store.record({ ...entry, ...changes }), await store.record({ ...entry, ...changes })];
      expect(outcomes.map(({ stored }) => stored)).toEqual([false, false]);
      expect(decisions()).toEqual(['entry_refused']);
      expect(await store.record(entry)).toEqual({ stored: true });
    },
  );
});

describe('a store whose file is no longer where it was', () => {
  const folder = () => join(dir, 'store');
  test.each([
    ['removed', () => rmSync(folder(), { recursive: true })],
    ['moved away', () => renameSync(folder(), join(dir, 'elsewhere'))],
    [
      'replaced',
      () => {
        rmSync(join(folder(), 'data.mdb'));
        writeFileSync(join(folder(), 'data.mdb'), '');
      },
    ],
  ])('(%s) stores nothing and says so, then goes on in a new one', async (_how, spoil) => {
    const store = storeOf();
    await store.open();
    expect(await store.record(entry)).toEqual({ stored: true });
    spoil();
    const reason = 'the store cannot be written (its file was removed or replaced)';
    const outcomes = await Promise.all([store.record(entry), store.record(entry)]);
    expect(outcomes).toEqual([
      { stored: false, reason },
      { stored: false, reason },
    ]);
    expect(store.failure).toBe(reason);
    nowMs += 1_000;
    expect(await store.record(entry)).toEqual({ stored: true });
    expect(store.failure).toBeNull();
    expect(await reports()).toBe(1);
    expect(decisions()).toEqual(['store_failed', 'store_recovered']);
  });

  test('because a file took the place of its folder: nothing is stored until that is mended', async () => {
    const store = storeOf();
    await store.open();
    renameSync(folder(), join(dir, 'elsewhere'));
    writeFileSync(folder(), 'x');
    const why = 'the store cannot be written (ENOTDIR: not a directory)';
    expect(await store.record(entry)).toEqual({ stored: false, reason: why });
    nowMs += 1_000;
    expect(await store.record(entry)).toEqual({ stored: false, reason: store.failure });
    expect(store.failure).toMatch(/^the store cannot be opened/);
    rmSync(folder());
    renameSync(join(dir, 'elsewhere'), folder());
    nowMs += 1_000;
    expect(await store.record(entry)).toEqual({ stored: true });
    expect(await reports()).toBeGreaterThan(0);
  });
});

describe('a process that ends before it has opened the store', () => {
  test('is started ever less often, down to each 8 s, and health says why', async () => {
    const script = join(dir, 'short-lived.mjs');
    const starts = join(dir, 'starts');
    writeFileSync(script, `import { appendFileSync } from 'node:fs'; appendFileSync(${JSON.stringify(starts)}, 'x');`);
    const process = new StoreProcess({ dataDir: dir, memory, log, ownTime: ownTimeOf(() => nowMs), script });
    const began = () => readFileSync(starts, 'utf8').length;
    await process.open();
    const pausesMs: number[] = [];
    for (let startedAtMs = nowMs; pausesMs.length < 7; nowMs += 500) {
      const before = began();
      await process.ask({ kind: 'probe' });
      if (began() === before) continue;
      pausesMs.push(nowMs - startedAtMs);
      startedAtMs = nowMs;
    }
    expect(pausesMs).toEqual([1_000, 1_000, 1_000, 2_000, 4_000, 8_000, 8_000]);
    expect(process.failure).toMatch(/^the store's process ended/);
    await process.close();
  });
});

describe('a store that does not open', () => {
  test.each([
    ['its folder is a file', () => writeFileSync(join(dir, 'store'), 'x')],
    [
      'its file is foreign',
      () => {
        mkdirSync(join(dir, 'store'));
        writeFileSync(join(dir, 'store', 'data.mdb'), 'garbage!'.repeat(3000));
      },
    ],
  ])('because %s: says why, logs it once, and works when that is mended', async (_why, spoil) => {
    spoil();
    const store = storeOf();
    await store.open();
    const { failure } = store;
    expect(failure).toMatch(/^the store/);
    expect(failure).not.toContain(dir);
    expect(await store.record(entry)).toEqual({ stored: false, reason: failure });
    nowMs += 1_000;
    expect(await store.record(entry)).toEqual({ stored: false, reason: failure });
    expect(decisions()).toEqual(['store_failed']);
    expect(logged[0]?.ctx).toEqual({ data_dir: dir, reason: failure });

    rmSync(join(dir, 'store'), { recursive: true });
    nowMs += 999;
    expect(await store.record(entry)).toEqual({ stored: false, reason: failure });
    nowMs += 1;
    expect(await store.record(entry)).toEqual({ stored: true });
    expect(store.failure).toBeNull();
    expect(decisions()).toEqual(['store_failed', 'store_recovered']);
  });

  test('because the folder may not be written: the reason is the words of the system', async (context) => {
    // Nothing is forbidden to root.
    if (process.getuid?.() === 0) context.skip();
    chmodSync(dir, 0o555);
    const store = storeOf();
    await store.open();
    expect(store.failure).toBe('the store cannot be opened (EACCES: permission denied)');
    chmodSync(dir, 0o755);
  });
});

describe('a process that', () => {
  test.each([
    ['ends', `process.on('message', () => process.exit(7))`, 'exit code 7'],
    ['crashes', `process.on('message', () => process.kill(process.pid, 'SIGSEGV'))`, 'SIGSEGV'],
  ])('%s: every entry it had is told not stored, and the next one starts another process', async (_how, code, how) => {
    const store = storeOf(script(`${code}; process.send({ kind: 'opened' })`));
    await store.open();
    const outcomes = await Promise.all([store.record(entry), store.record(entry)]);
    const reason = `the store's process ended with ${how}`;
    expect(outcomes).toEqual([
      { stored: false, reason },
      { stored: false, reason },
    ]);
    script(`process.on('message', ({ id }) => process.send({ kind: 'stored', id })); process.send({ kind: 'opened' })`);
    nowMs += 1_000;
    expect(await store.record(entry)).toEqual({ stored: true });
    expect(decisions()).toEqual(['store_failed', 'store_recovered']);
  });

  test('fails in writing: its words are the reason of all that wait', async () => {
    const store = storeOf(
      script(`process.once('message', ([{ id }]) => {
        process.send({ kind: 'stored', id });
        process.send({ kind: 'failed', reason: 'no room' }, () => process.exit(1));
      });`),
    );
    expect(await Promise.all([store.record(entry), store.record(entry)])).toEqual([
      { stored: true },
      { stored: false, reason: 'no room' },
    ]);
  });

  test('fails in every write though it opens: that is told once, and over only when an entry is stored', async () => {
    const failing = `process.once('message', () => process.send({ kind: 'failed', reason: 'no room' }, () => process.exit(1)));`;
    const opened = `process.send({ kind: 'opened' });`;
    const store = storeOf(script(failing + opened));
    await store.open();
    for (let attempt = 0; attempt < 3; attempt += 1) {
      nowMs += 1_000;
      expect(await store.record(entry)).toEqual({ stored: false, reason: 'no room' });
      expect(store.failure).toBe('no room');
    }
    expect(decisions()).toEqual(['store_failed']);
    script(`process.on('message', ({ id }) => process.send({ kind: 'stored', id }));${opened}`);
    nowMs += 1_000;
    expect(await store.record(entry)).toEqual({ stored: true });
    expect([store.failure, ...decisions()]).toEqual([null, 'store_failed', 'store_recovered']);
  });

  test('says what nobody understands: it is ended, and nobody else', async () => {
    const store = storeOf(
      script(`process.on('message', () => process.send({ kind: 'sotred' })); process.send({ kind: 'opened' })`),
    );
    await store.open();
    const reason = "the store's process said what nobody understands";
    expect(await store.record(entry)).toEqual({ stored: false, reason });
    expect(store.failure).toBe(reason);
  });

  test('does not exist: the reason says so', async () => {
    const store = storeOf(join(dir, 'nothing.mjs'));
    await store.open();
    expect(store.failure).toBe("the store's process ended with exit code 1");
  });

  test('hangs: as many entries wait as may, one more is refused at once, and closing is bounded', async () => {
    const store = storeOf(script(`process.on('message', () => {}); process.send({ kind: 'opened' })`), 10);
    await store.open();
    const waiting = Array.from({ length: 10 }, () => store.record(entry));
    expect(await store.record(entry)).toEqual({ stored: false, reason: '10 requests are waiting for the disk' });
    await store.close();
    expect((await Promise.all(waiting)).map(({ stored }) => stored)).toEqual(waiting.map(() => false));
  });
});

describe('whether anything can be stored is known without a request', () => {
  /** Short waits; what is proven stays proven for 30 s of the clock by hand. */
  function probed(code?: string): StoreProcess {
    const options = code === undefined ? {} : { script: script(code) };
    const process = new StoreProcess({
      dataDir: join(dir, 'data'),
      memory,
      log,
      ownTime: ownTimeOf(() => performance.now() + nowMs),
      answerDueMs: 300,
      probeIntervalMs: 40,
      ...options,
    });
    stores.push({
      open: () => process.open(),
      close: () => process.close(),
      failure: null,
      record: async () => ({ stored: false, reason: '' }),
    });
    return process;
  }

  test('a folder that could not be made is tried again, and found when it can', async () => {
    writeFileSync(join(dir, 'data'), 'in the way');
    const store = probed();
    await store.open();
    expect(store.failure).toMatch(/^the store cannot be opened \(E[A-Z]+/);
    rmSync(join(dir, 'data'));
    await eventually(
      () => store.failure,
      (failure) => failure === null,
    );
    expect(decisions()).toEqual(['store_failed', 'store_recovered']);
  });

  test('a folder that was deleted is made again', async () => {
    const store = probed();
    await store.open();
    expect(store.failure).toBeNull();
    rmSync(join(dir, 'data'), { recursive: true });
    nowMs += 31_000;
    await eventually(decisions, (all) => all.length === 2);
    expect([decisions(), store.failure]).toEqual([['store_failed', 'store_recovered'], null]);
  });

  test('a process that is only slow is told after 3 s, left alone, and found to work again', async () => {
    const store = probed(
      `process.send({ kind: 'opened' });
       process.on('message', ({ id }) => setTimeout(() => process.send({ kind: 'stored', id }), 150));`,
    );
    await store.open();
    nowMs += 31_000;
    await new Promise((resolve) => setTimeout(resolve, 60));
    // A probe is on its way.
    nowMs += 3_000;
    await eventually(
      () => store.failure,
      (failure) => failure !== null,
    );
    expect(store.failure).toBe('it has not answered for 3s');
    await eventually(
      () => store.failure,
      (failure) => failure === null,
    );
    expect(decisions()).toEqual(['store_failed', 'store_recovered']);
  });

  test('a process that opens and then hangs is found, and told once', async () => {
    const store = probed("process.send({ kind: 'opened' }); setInterval(() => {}, 1000);");
    await store.open();
    expect(store.failure).toBeNull();
    nowMs += 31_000;
    await eventually(
      () => store.failure,
      (failure) => failure !== null,
    );
    await eventually(
      () => store.failure,
      (failure) => failure === "the store's process ended with SIGKILL",
    );
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(decisions()).toEqual(['store_failed']);
    expect(store.failure).not.toBeNull();
  });

  test('a process that can open and not write is found, and what it says is the reason', async () => {
    const store = probed(
      `process.send({ kind: 'opened' });
       process.on('message', () => process.send({ kind: 'failed', reason: 'no room' }, () => process.exit(1)));`,
    );
    await store.open();
    nowMs += 31_000;
    await eventually(
      () => store.failure,
      (failure) => failure === 'no room',
    );
    expect(decisions()).toEqual(['store_failed']);
  });
});

test('a file that cannot grow: the writer ends, and what it called stored is there', async () => {
  // What stands in the store from its first day on is larger than what is let grow.
  const made = new StoreProcess({ dataDir: dir, memory, log, ownTime: ownTimeOf() });
  await made.open();
  await made.close();
  const writer = spawn(
    '/bin/sh',
    ['-c', 'ulimit -f 200; exec "$0" "$@"', process.execPath, storeScript('store-writer'), dir, JSON.stringify(memory)],
    { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] },
  );
  let stored = 0;
  let sent = 0;
  const send = () => {
    sent += 1;
    if (writer.connected) writer.send({ kind: 'usage', id: sent, entry }, () => {});
  };
  writer.on('message', (message) => {
    const reply = storeReplySchema.parse(message);
    if (reply.kind === 'stored') stored += 1;
    if (reply.kind !== 'failed') send();
  });
  await new Promise((resolve) => writer.once('close', resolve));
  expect(stored).toBeGreaterThan(10);
  expect(await reports()).toBeGreaterThanOrEqual(stored);
});
