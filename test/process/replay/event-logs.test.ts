/** The event logs without a server: what becomes of turns that the writer cannot take, and what a footer says of them. */
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import * as fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { type Actor, createActor } from 'xstate';
import { isBadLog, readLog } from '../../../src/log/log-reader.ts';
import { supervisorMachine } from '../../../src/machines/supervisor/supervisor.machine.ts';
import { ActorLog } from '../../../src/record/actor-log.ts';
import { supervisorRecording } from '../../../src/record/chart-recordings.ts';
import { EventLogs, type EventLogsOptions, FLUSH_MS } from '../../../src/record/event-logs.ts';
import { LogWriter, POLL_MS, SWEEP_STEP_MS } from '../../../src/record/log-writer.ts';
import { type RecordedTurn, withRecorder } from '../../../src/record/recorded-logic.ts';
import { logMaker } from '../../../src/record/redaction.ts';
import { replay } from '../../../src/replay/replayer.ts';
import { eventually } from '../../support/eventually.ts';

const newLog = logMaker(supervisorRecording, { redaction: 'shape', build: 'test' });
const input = { maxStreams: 10, oneStreamPerDevice: false, gracePeriodMs: 0 };
const RESTART_PAUSE_MS = 1_000;

class Bench {
  readonly faults: string[] = [];
  recoveries = 0;
  nowMs = 5_000;
  readonly logs: EventLogs;

  constructor(options: Partial<EventLogsOptions> = {}) {
    this.logs = new EventLogs({
      retention: { dir: '/nowhere', maxAgeMs: 60_000, maxTotalBytes: 1_000_000 },
      now: () => this.nowMs,
      date: () => new Date(0),
      onFault: (why) => this.faults.push(why),
      onRecovery: () => {
        this.recoveries += 1;
      },
      onSweepFault: () => {},
      onKilledFound: () => {},
      files: 'session',
      version: 'test',
      maxDescriptors: 256,
      thread: new URL('../../support/replay/hand-writer-thread.mjs', import.meta.url),
      ...options,
    });
  }

  /** A chart whose log has this name. */
  start(name: string): Actor<typeof supervisorMachine> {
    const machine = withRecorder(supervisorMachine, (id) => this.logs.recorderFor(id, { name }, newLog));
    return createActor(machine, { id: name, input }).start();
  }
}

/** Turns in which nothing changes. */
function interruptTimes(actor: Actor<typeof supervisorMachine>, times: number): void {
  for (let time = 0; time < times; time += 1) {
    actor.send({ type: 'device.interruptRequested', hardwareId: `device ${time}` });
  }
}

test('a disk that takes nothing: a bounded part waits, the rest is dropped and counted, and it is said once', async () => {
  const bench = new Bench({ maxUnwrittenChars: 20_000 });
  const actor = bench.start('stuck');
  let sent = 0;
  await eventually(
    () => {
      interruptTimes(actor, 100);
      sent += 100;
      return bench.logs.counts.turnsDropped;
    },
    (dropped) => dropped > 1_000,
  );
  expect(bench.faults).toEqual(['the disk does not keep up']);
  // A turn is some 150 characters: a flush or two went out, and nothing behind them.
  const { turnsDropped } = bench.logs.counts;
  await eventually(
    () => {
      interruptTimes(actor, 1);
      sent += 1;
      return bench.logs.counts.turnsDropped;
    },
    (dropped) => dropped > turnsDropped,
  );
  expect(sent - bench.logs.counts.turnsDropped).toBeLessThan(sent / 2);
  await bench.logs.close();
});

test('a line is handed over within FLUSH_MS, however turns follow each other; the writer looks in time for 50 ms in all', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate'] });
  const handed: { readonly atMs: number; readonly turns: number }[] = [];
  let nowMs = 0;
  const write = vi.spyOn(LogWriter.prototype, 'write').mockImplementation((orders) => {
    handed.push({ atMs: nowMs, turns: orders.reduce((sum, { turns }) => sum + turns, 0) });
    return true;
  });
  try {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 45 }), { minLength: 1, maxLength: 60 }), async (pauses) => {
        const bench = new Bench();
        const actors = ['one', 'two', 'three'].map((name) => bench.start(name));
        nowMs = 0;
        handed.length = 0;
        // When the turns came, their first ones included; nothing is dropped here.
        const came = actors.map(() => 0);
        const pass = (ms: number) => {
          for (let step = 0; step < ms; step += 1) {
            nowMs += 1;
            vi.advanceTimersByTime(1);
          }
        };
        for (const [index, pause] of pauses.entries()) {
          pass(pause);
          const actor = actors[index % actors.length];
          if (actor === undefined) continue;
          interruptTimes(actor, 1);
          came.push(nowMs);
        }
        pass(100);
        const waits = handed.flatMap(({ atMs, turns }) => came.splice(0, turns).map((cameAtMs) => atMs - cameAtMs));
        expect(came).toEqual([]);
        // A round of the event loop, in which lines are made, is a ms here.
        expect(Math.max(...waits)).toBeLessThanOrEqual(FLUSH_MS + 1);
        await bench.logs.close();
      }),
      { numRuns: 40 },
    );
  } finally {
    write.mockRestore();
    vi.useRealTimers();
  }
  expect(FLUSH_MS + Math.max(POLL_MS, SWEEP_STEP_MS)).toBeLessThan(50);
});

test('a loop that is too busy for its timers hands over what waits by the turns that keep it busy', async () => {
  const handed: { readonly atMs: number; readonly turns: number }[] = [];
  const bench = new Bench();
  const write = vi.spyOn(LogWriter.prototype, 'write').mockImplementation((orders) => {
    handed.push({ atMs: bench.nowMs, turns: orders.reduce((sum, { turns }) => sum + turns, 0) });
    return true;
  });
  const startMs = bench.nowMs;
  const actors = ['one', 'two', 'three'].map((name) => bench.start(name));
  const came = actors.map(() => startMs);
  for (let turn = 0; turn < 1_000; turn += 1) {
    bench.nowMs += 1;
    const actor = actors[turn % actors.length];
    if (actor !== undefined) interruptTimes(actor, 1);
    came.push(bench.nowMs);
  }
  write.mockRestore();
  const waits = handed.flatMap(({ atMs, turns }) => came.splice(0, turns).map((cameAtMs) => atMs - cameAtMs));
  expect(Math.max(...waits)).toBe(FLUSH_MS);
  // One order for each log in so many ms, not one for each turn.
  expect(handed.length).toBe(Math.floor(1_000 / (FLUSH_MS + 1)));
  expect(came.length).toBeLessThanOrEqual(FLUSH_MS + 1);
  await bench.logs.close();
});

test('a log that ended in a busy loop is ended once, however long that goes on', async () => {
  const bench = new Bench();
  const ends: string[] = [];
  const write = vi.spyOn(LogWriter.prototype, 'write').mockImplementation((orders) => {
    for (const order of orders) if (order.isLast && 'path' in order) ends.push(order.path);
    return true;
  });
  const [, other] = [bench.start('ended'), bench.start('other')];
  bench.logs.recorderFor('ended', { name: 'ended' }, newLog)?.noteThrow({ type: 'drain.requested' });
  for (let turn = 0; turn < 10 * FLUSH_MS; turn += 1) {
    bench.nowMs += 1;
    interruptTimes(other, 1);
  }
  await new Promise((wake) => setImmediate(wake));
  await bench.logs.close();
  write.mockRestore();
  expect(ends.map((path) => path.replace(/.*-/, ''))).toEqual(['ended.jsonl', 'other.jsonl']);
});

test('a log whose every turn is dropped has no file and counts as failed', async () => {
  const bench = new Bench({ maxUnwrittenChars: -1 });
  bench.start('never');
  await bench.logs.close();
  expect(bench.logs.counts).toMatchObject({ open: 0, filesFailed: 1, turnsDropped: 1 });
});

test('a writer that dies takes its open files with it, and is replaced after a pause', async () => {
  const bench = new Bench();
  const earlier = bench.start('earlier');
  await eventually(
    () => bench.logs.counts.open,
    (open) => open === 1,
  );
  bench.start('deadly');
  await eventually(
    () => bench.faults.length,
    (faults) => faults === 1,
  );
  expect(bench.faults).toEqual(['the writer of the event logs died: out of order']);
  expect(bench.logs.counts.filesFailed).toBe(2);

  // Too early for another one: this log is lost, the process is not busy with starting threads.
  bench.start('too early');
  await eventually(
    () => bench.logs.counts.filesFailed,
    (failed) => failed === 3,
  );
  expect(bench.recoveries).toBe(0);
  bench.nowMs += RESTART_PAUSE_MS;
  bench.start('later');
  await eventually(
    () => bench.recoveries,
    (recoveries) => recoveries === 1,
  );
  interruptTimes(earlier, 3);
  await bench.logs.close();
  expect(bench.faults).toHaveLength(1);
  // Nobody knows where the earlier file ends: nothing is appended to it.
  expect(bench.logs.counts).toMatchObject({ open: 0, filesFailed: 3 });
  expect(bench.logs.counts.turnsDropped).toBeGreaterThanOrEqual(3);
});

test('a disk that keeps up again is told, once', async () => {
  const bench = new Bench({ maxUnwrittenChars: 400 });
  const actor = bench.start('steady');
  // More than may wait, in one go: the writer cannot take anything in between.
  interruptTimes(actor, 100);
  expect(bench.faults).toEqual(['the disk does not keep up']);
  await eventually(
    () => bench.logs.counts.turnsDropped,
    (dropped) => dropped > 0,
  );
  let next = 0;
  await eventually(
    () => {
      bench.start(`next ${next}`);
      next += 1;
      return bench.recoveries;
    },
    (recoveries) => recoveries === 1,
  );
  expect(bench.faults).toHaveLength(1);
  await bench.logs.close();
});

test('a log that still has room does not end the failure of those that find none', async () => {
  const parent = mkdtempSync(join(tmpdir(), 'recital-room-'));
  const dir = join(parent, 'logs');
  const retention = { dir, maxAgeMs: 60_000, maxTotalBytes: 1_000_000 };
  const thread = new URL('../../../dist/record/log-writer-thread.js', import.meta.url);
  const bench = new Bench({ retention, date: () => new Date(), thread });
  const old = bench.start('old');
  const day = join(dir, new Date().toISOString().slice(0, 10));
  const [name = ''] = await eventually(
    () => (existsSync(day) ? readdirSync(day).filter((file) => statSync(join(day, file)).size > 0) : []),
    (files) => files.length === 1,
  );
  // Its file goes on elsewhere; in the folder no other one can be made.
  const moved = join(parent, 'moved');
  renameSync(dir, moved);
  writeFileSync(dir, '');
  bench.start('new');
  await eventually(
    () => bench.faults.length,
    (faults) => faults === 1,
  );
  const grown = join(moved, basename(day), name);
  const { size } = statSync(grown);
  interruptTimes(old, 3);
  await eventually(
    () => statSync(grown).size,
    (bytes) => bytes > size,
  );
  await setTimeout(200);
  expect([bench.recoveries, bench.logs.failure]).toEqual([0, expect.stringContaining('ENOTDIR')]);
  unlinkSync(dir);
  renameSync(moved, dir);
  await eventually(
    () => bench.recoveries,
    (recoveries) => recoveries === 1,
  );
  expect(bench.faults).toHaveLength(1);
  await bench.logs.close();
  rmSync(parent, { recursive: true });
});

test('nothing is recorded once the logs are closed', async () => {
  const bench = new Bench();
  const actor = bench.start('open');
  await bench.logs.close();
  interruptTimes(actor, 3);
  bench.start('late');
  expect(bench.logs.counts).toMatchObject({ open: 0, filesFailed: 0, turnsDropped: 0 });
});

/** Turns of a chart that was really run. */
function turnsOf(count: number): readonly RecordedTurn[] {
  const turns: RecordedTurn[] = [];
  const recorder = { record: (turn: RecordedTurn) => turns.push(turn), noteThrow: () => {} };
  const actor = createActor(
    withRecorder(supervisorMachine, () => recorder),
    { id: 'run', input },
  ).start();
  interruptTimes(actor, count - 1);
  return turns;
}

function readGood(text: string) {
  const log = readLog(text);
  if (isBadLog(log)) throw new Error(log.why);
  return log;
}

test('behind a dropped turn nothing stands but the footer, which counts them', () => {
  const log = new ActorLog(newLog('2026-01-01T00:00:00.000Z'));
  const [first, second, third, ...rest] = turnsOf(10);
  if (first === undefined || second === undefined || third === undefined) throw new Error('no turns');
  log.add(first, 0);
  log.add(second, 1);
  let text = log.takeLines();
  log.add(third, 2);
  expect(log.dropWaiting()).toBe(1);
  for (const turn of rest) log.add(turn, 3);
  text += log.takeLines();
  text += log.close();
  const read = readGood(text);
  expect(read.footer).toMatchObject({ status: 'abandoned', turns: 10, dropped: 8 });
  expect(replay(read, supervisorMachine)).toMatchObject({ divergence: null, turns: 2, isIncomplete: true });
});

test('a log that reached its size ends there and says so', () => {
  const maxBytes = 2_000;
  const log = new ActorLog({ ...newLog('2026-01-01T00:00:00.000Z'), maxBytes });
  for (const turn of turnsOf(200)) log.add(turn, 0);
  const text = log.takeLines() + log.close();
  expect(text.length).toBeLessThan(maxBytes + 1_000);
  const read = readGood(text);
  expect(read.footer).toMatchObject({ turns: 200, dropped: 200 - read.turns.length });
  expect(replay(read, supervisorMachine)).toMatchObject({ divergence: null, isIncomplete: true });
});

test('a chart that threw for good is told as an error', () => {
  const log = new ActorLog(newLog('2026-01-01T00:00:00.000Z'));
  for (const turn of turnsOf(2)) log.add(turn, 0);
  expect(log.isOver).toBe(false);
  log.noteThrow({ type: 'device.interruptRequested', hardwareId: 'a device' }, 1);
  expect(log.isOver).toBe(true);
  expect(readGood(log.takeLines() + log.close()).footer).toMatchObject({ status: 'error', turns: 3, dropped: 0 });
});

test('a log cut anywhere reads as incomplete: a half line is never taken for a whole one', () => {
  const log = new ActorLog(newLog('2026-01-01T00:00:00.000Z'));
  for (const turn of turnsOf(20)) log.add(turn, 0);
  const text = log.takeLines() + log.close();
  const firstTurnEnd = text.indexOf('\n', text.indexOf('\n') + 1) + 1;
  for (let end = firstTurnEnd; end < text.length; end += 1) {
    const read = readGood(text.slice(0, end));
    const lines = text.slice(0, end).split('\n').length - 1;
    expect(read).toMatchObject({ footer: null });
    expect(read.turns).toHaveLength(lines - 1);
  }
});
