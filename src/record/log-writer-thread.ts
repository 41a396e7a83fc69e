/**
 * The writer thread of the event logs: a slow disk makes nobody wait but the logs. It looks for orders by itself as long as some come, and
 * sleeps when none do; between them, in small steps, it deletes what is no longer to be kept. Whether logs can be written at all it tries
 * when it starts, now and then, and every few seconds while they can't: that is known also while no session ends.
 */
import { hostname } from 'node:os';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { assert } from '../assert.ts';
import { digestOf } from './digest.ts';
import { Descriptors, LogFilesOut } from './log-files-out.ts';
import {
  type FileOrder,
  type FromWriter,
  POLL_MS,
  type SegmentOrder,
  SWEEP_STEP_MS,
  sharedPlaces,
  type ToWriter,
  type WriteOrder,
  type WriterThreadData,
} from './log-writer.ts';
import { type SweepResult, sweepLogs } from './retention.ts';
import { SegmentsOut, type SegmentsReport } from './segments-out.ts';

/** Without an order for so long it sleeps until it is woken: some fifty looks. */
const SLEEP_AFTER_MS = 1_000;
/** A sweep may take this share of the thread's time: the next one waits accordingly. */
const SWEEP_SHARE = 0.05;
const MIN_SWEEP_PAUSE_MS = 1_000;
const MAX_SWEEP_PAUSE_MS = 600_000;
/** Between two probes of the folder, while it can be written and while it can't. */
const PROBE_PAUSE_MS = 30_000;
const FAILING_PROBE_PAUSE_MS = 2_000;
/** Logs are looked through for age so many times within it. */
const SWEEPS_PER_AGE = 10;
const RUN_DIGITS = 8;

assert(parentPort !== null, 'log-writer-thread runs in a worker thread only');
const port = parentPort;
const { retention, version, maxDescriptors, shared, isReplacement }: WriterThreadData = workerData;
const { doneChars, isAsleep } = sharedPlaces;
const descriptors = new Descriptors(maxDescriptors);
const host = hostname();
const files = new LogFilesOut(descriptors);
const segments = new SegmentsOut({
  // Two processes may begin a segment in the same millisecond.
  run: digestOf([process.pid, Date.now(), performance.now(), ...Buffer.from(host)]).slice(0, RUN_DIGITS),
  version,
  dir: retention.dir,
  maxTotalBytes: retention.maxTotalBytes,
  host,
  descriptors,
  now: () => performance.now(),
});
let isFailing = isReplacement;
let lastOrderAtMs = performance.now();
let probeDueAtMs = 0;

const agePauseMs = Math.min(MAX_SWEEP_PAUSE_MS, Math.max(MIN_SWEEP_PAUSE_MS, retention.maxAgeMs / SWEEPS_PER_AGE));
const sweeps = {
  running: null as Generator<void, SweepResult> | null,
  busyMs: 0,
  /** For its cost. */
  notBeforeMs: 0,
  /** For age. */
  dueAtMs: 0,
  totalBytes: 0,
  /** Who was killed before this thread began is told by the first of them. */
  isFirst: !isReplacement,
};

while (takeOrders()) {
  if (performance.now() >= segments.dueAtMs) tellOf(segments.sealDue());
  probe();
  sweepOn();
  if (sweeps.running === null && !rest()) break;
}
files.closeAll();
segments.closeAll();
tell({ kind: 'stopped' });

/** False once it is to stop. */
function takeOrders(): boolean {
  for (;;) {
    const received = receiveMessageOnPort(port);
    if (received === undefined) return true;
    const message: ToWriter = received.message;
    if (message.kind === 'stop') return false;
    carryOut(message.orders);
    lastOrderAtMs = performance.now();
  }
}

/** Waits for the next look; false once the thread is to stop. */
function rest(): boolean {
  if (hadOrdersLately()) {
    Atomics.wait(shared, isAsleep, 0, POLL_MS);
    return true;
  }
  Atomics.store(shared, isAsleep, 1);
  // An order may have come before that could be seen; what comes from now on wakes.
  if (!takeOrders()) return false;
  if (!hadOrdersLately()) Atomics.wait(shared, isAsleep, 1, msToNextDuty());
  Atomics.store(shared, isAsleep, 0);
  return true;
}

function msToNextDuty(): number {
  return Math.max(1, Math.min(sweeps.dueAtMs, probeDueAtMs, segments.dueAtMs) - performance.now());
}

/** Whether logs can be written; said only where that has changed. */
function probe(): void {
  if (performance.now() < probeDueAtMs) return;
  segments.touch();
  const why = files.probe(retention.dir);
  if (why !== null && !isFailing) tell({ kind: 'unwritable', why });
  noteWritable(why === null);
}

function noteWritable(isWritable: boolean): void {
  if (isWritable && isFailing) tell({ kind: 'recovered' });
  isFailing = !isWritable;
  probeDueAtMs = performance.now() + (isFailing ? FAILING_PROBE_PAUSE_MS : PROBE_PAUSE_MS);
}

function hadOrdersLately(): boolean {
  return performance.now() - lastOrderAtMs < SLEEP_AFTER_MS;
}

function carryOut(orders: readonly WriteOrder[]): void {
  const forSegments: SegmentOrder[] = [];
  for (const order of orders) {
    if ('path' in order) appendTo(order);
    else forSegments.push(order);
  }
  if (forSegments.length === 0) return;
  const report = segments.carryOut(forSegments);
  Atomics.add(
    shared,
    doneChars,
    forSegments.reduce((chars, { lines }) => chars + lines.length, 0),
  );
  tellOf(report);
}

/** For a log in a file of its own. */
function appendTo(order: FileOrder): void {
  const result = files.carryOut(order);
  // Always one by one: who waits for room learns of it at once.
  Atomics.add(shared, doneChars, order.lines.length);
  if ('why' in result) {
    tell({ kind: 'fileFailed', path: order.path, turns: result.lostTurns, why: result.why });
    noteWritable(false);
  } else {
    noteWritten(result.bytes);
  }
}

function tellOf({ bytes, failed, begun, unsealed }: SegmentsReport): void {
  for (const segment of begun) tell({ kind: 'segmentBegun', ...segment });
  for (const each of failed) tell({ kind: 'logsFailed', ...each });
  if (unsealed !== '' && !isFailing) tell({ kind: 'unwritable', why: unsealed });
  if (failed.length > 0 || unsealed !== '') noteWritable(false);
  else noteWritten(bytes);
}

function noteWritten(bytes: number): void {
  sweeps.totalBytes += bytes;
  // A file that is open may have room left where no other finds any: that it goes on does not end a failure, a probe does.
  if (bytes > 0 && !isFailing) noteWritable(true);
}

function sweepOn(): void {
  const nowMs = performance.now();
  if (sweeps.running === null) {
    const isOver = sweeps.totalBytes > retention.maxTotalBytes;
    if (nowMs < (isOver ? sweeps.notBeforeMs : sweeps.dueAtMs)) return;
    sweeps.running = sweepLogs({
      ...retention,
      nowMs: Date.now(),
      isOpen: (path) => files.isOpen(path) || segments.isOpen(path),
      host,
      countsKilled: sweeps.isFirst,
    });
    sweeps.busyMs = 0;
  }
  for (;;) {
    const step = sweeps.running.next();
    const busyMs = performance.now() - nowMs;
    if (step.done === true) {
      finishSweep(step.value, sweeps.busyMs + busyMs);
      return;
    }
    if (busyMs < SWEEP_STEP_MS) continue;
    sweeps.busyMs += busyMs;
    return;
  }
}

function finishSweep({ deletedFiles, keptBytes, failures, why, killed }: SweepResult, busyMs: number): void {
  sweeps.running = null;
  const nowMs = performance.now();
  sweeps.notBeforeMs = nowMs + Math.max(MIN_SWEEP_PAUSE_MS, busyMs / SWEEP_SHARE);
  sweeps.dueAtMs = Math.max(nowMs + agePauseMs, sweeps.notBeforeMs);
  sweeps.totalBytes = keptBytes;
  if (deletedFiles > 0 || failures > 0) tell({ kind: 'swept', deletedFiles, failures, why });
  if (sweeps.isFirst && killed.segments > 0) tell({ kind: 'killedFound', ...killed });
  sweeps.isFirst = false;
}

function tell(message: FromWriter): void {
  port.postMessage(message);
}
