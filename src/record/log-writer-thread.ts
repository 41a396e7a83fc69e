/**
 * The writer thread of the event logs: a slow disk makes nobody wait but the logs. It looks for orders by itself as long as some come, and
 * sleeps when none do; between them, in small steps, it deletes what is no longer to be kept. Whether logs can be written at all it tries
 * when it starts, now and then, and every few seconds while they can't: that is known also while no session ends.
 */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { assert } from '../assert.ts';
import { LogFilesOut } from './log-files-out.ts';
import {
  type FromWriter,
  POLL_MS,
  sharedPlaces,
  type ToWriter,
  type WriteOrder,
  type WriterThreadData,
} from './log-writer.ts';
import { type SweepResult, sweepLogs } from './retention.ts';

/** Without an order for so long it sleeps until it is woken: some fifty looks. */
const SLEEP_AFTER_MS = 1_000;
/** How long a sweep goes on before orders are looked at. */
const STEP_MS = 4;
/** A sweep may take this share of the thread's time: the next one waits accordingly. */
const SWEEP_SHARE = 0.05;
const MIN_SWEEP_PAUSE_MS = 1_000;
const MAX_SWEEP_PAUSE_MS = 600_000;
/** Between two probes of the folder, while it can be written and while it can't. */
const PROBE_PAUSE_MS = 30_000;
const FAILING_PROBE_PAUSE_MS = 2_000;
/** Logs are looked through for age so many times within it. */
const SWEEPS_PER_AGE = 10;

assert(parentPort !== null, 'log-writer-thread runs in a worker thread only');
const port = parentPort;
const { retention, shared, isReplacement }: WriterThreadData = workerData;
const { doneChars, isAsleep } = sharedPlaces;
const files = new LogFilesOut();
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
};

while (takeOrders()) {
  probe();
  sweepOn();
  if (sweeps.running === null && !rest()) break;
}
files.closeAll();
tell({ kind: 'stopped' });

/** False once it is to stop. */
function takeOrders(): boolean {
  for (;;) {
    const received = receiveMessageOnPort(port);
    if (received === undefined) return true;
    const message: ToWriter = received.message;
    if (message.kind === 'stop') return false;
    for (const order of message.orders) carryOut(order);
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
  return Math.max(1, Math.min(sweeps.dueAtMs, probeDueAtMs) - performance.now());
}

/** Whether logs can be written; said only where that has changed. */
function probe(): void {
  if (performance.now() < probeDueAtMs) return;
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

function carryOut(order: WriteOrder): void {
  const result = files.carryOut(order);
  // Always one by one: who waits for room learns of it at once.
  Atomics.add(shared, doneChars, order.lines.length);
  if ('why' in result) {
    tell({ kind: 'fileFailed', path: order.path, turns: result.lostTurns, why: result.why });
    noteWritable(false);
  } else {
    sweeps.totalBytes += result.bytes;
    // A file that is open may have room left where no other finds any: that it goes on does not end a failure, a probe does.
    if (result.bytes > 0 && !isFailing) noteWritable(true);
  }
}

function sweepOn(): void {
  const nowMs = performance.now();
  if (sweeps.running === null) {
    const isOver = sweeps.totalBytes > retention.maxTotalBytes;
    if (nowMs < (isOver ? sweeps.notBeforeMs : sweeps.dueAtMs)) return;
    sweeps.running = sweepLogs({ ...retention, nowMs: Date.now(), isOpen: (path) => files.isOpen(path) });
    sweeps.busyMs = 0;
  }
  for (;;) {
    const step = sweeps.running.next();
    const busyMs = performance.now() - nowMs;
    if (step.done === true) {
      finishSweep(step.value, sweeps.busyMs + busyMs);
      return;
    }
    if (busyMs < STEP_MS) continue;
    sweeps.busyMs += busyMs;
    return;
  }
}

function finishSweep({ deletedFiles, keptBytes, failures, why }: SweepResult, busyMs: number): void {
  sweeps.running = null;
  const nowMs = performance.now();
  sweeps.notBeforeMs = nowMs + Math.max(MIN_SWEEP_PAUSE_MS, busyMs / SWEEP_SHARE);
  sweeps.dueAtMs = Math.max(nowMs + agePauseMs, sweeps.notBeforeMs);
  sweeps.totalBytes = keptBytes;
  if (deletedFiles > 0 || failures > 0) tell({ kind: 'swept', deletedFiles, failures, why });
}

function tell(message: FromWriter): void {
  port.postMessage(message);
}
