/**
 * The writer thread of the event logs: a slow disk makes nobody wait but the logs. It carries out orders as they come, and between them, in
 * small steps, deletes what is no longer to be kept.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../assert.ts';
import { LogFilesOut } from './log-files-out.ts';
import type { FromWriter, ToWriter, WriteOrder, WriterThreadData } from './log-writer-protocol.ts';
import { type SweepResult, sweepLogs } from './retention.ts';

/** How long a sweep goes on before orders are looked at. */
const STEP_MS = 4;
/** A sweep may take this share of the thread's time: the next one waits accordingly. */
const SWEEP_SHARE = 0.05;
const MIN_SWEEP_PAUSE_MS = 1_000;
const MAX_SWEEP_PAUSE_MS = 600_000;
/** Logs are looked through for age so many times within it. */
const SWEEPS_PER_AGE = 10;

assert(parentPort !== null, 'log-writer-thread runs in a worker thread only');
const port = parentPort;
const { retention, doneChars }: WriterThreadData = workerData;
const files = new LogFilesOut();
let isFailing = false;

const sweeps = {
  running: null as Generator<void, SweepResult> | null,
  busyMs: 0,
  nextAtMs: 0,
  totalBytes: 0,
};
const agePauseMs = Math.min(MAX_SWEEP_PAUSE_MS, Math.max(MIN_SWEEP_PAUSE_MS, retention.maxAgeMs / SWEEPS_PER_AGE));

port.on('message', (message: ToWriter) => {
  if (message.kind === 'stop') {
    files.closeAll();
    clearInterval(clock);
    sweeps.running = null;
    tell({ kind: 'stopped' });
    port.close();
    return;
  }
  for (const order of message.orders) carryOut(order);
  if (sweeps.totalBytes > retention.maxTotalBytes && performance.now() >= sweeps.nextAtMs) startSweep();
});

const clock = setInterval(startSweep, agePauseMs);
startSweep();

function carryOut(order: WriteOrder): void {
  const result = files.carryOut(order);
  // Always one by one: who waits for room learns of it at once.
  Atomics.add(doneChars, 0, order.lines.length);
  if ('why' in result) {
    isFailing = true;
    tell({ kind: 'fileFailed', path: order.path, turns: order.turns, why: result.why });
  } else {
    sweeps.totalBytes += result.bytes;
    if (isFailing && result.bytes > 0) {
      isFailing = false;
      tell({ kind: 'recovered' });
    }
  }
}

function startSweep(): void {
  if (sweeps.running !== null || performance.now() < sweeps.nextAtMs) return;
  sweeps.running = sweepLogs({ ...retention, nowMs: Date.now(), isOpen: (path) => files.isOpen(path) });
  sweeps.busyMs = 0;
  setImmediate(sweepOn);
}

function sweepOn(): void {
  const { running } = sweeps;
  if (running === null) return;
  const startedAtMs = performance.now();
  for (;;) {
    const step = running.next();
    const busyMs = performance.now() - startedAtMs;
    if (step.done === true) {
      finishSweep(step.value, sweeps.busyMs + busyMs);
      return;
    }
    if (busyMs < STEP_MS) continue;
    sweeps.busyMs += busyMs;
    setImmediate(sweepOn);
    return;
  }
}

function finishSweep({ deletedFiles, keptBytes, failures, why }: SweepResult, busyMs: number): void {
  sweeps.running = null;
  sweeps.nextAtMs = performance.now() + Math.max(MIN_SWEEP_PAUSE_MS, busyMs / SWEEP_SHARE);
  sweeps.totalBytes = keptBytes;
  if (deletedFiles > 0 || failures > 0) tell({ kind: 'swept', deletedFiles, failures, why });
}

function tell(message: FromWriter): void {
  port.postMessage(message);
}
