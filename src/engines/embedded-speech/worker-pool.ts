/**
 * The worker threads of the embedded voice and the queue in front of them: one utterance a job, first come first served,
 * so that many sentences share few workers fairly. The queue is as long as its callers make it: sentence by sentence they
 * are admitted elsewhere, and each has at most one job here.
 */
import { Worker } from 'node:worker_threads';
import { assert } from '../../assert.ts';
import { EngineFailure, wordsOf } from '../../errors.ts';
import type { SpeakJob, WorkerMessage, WorkerSetup, WorkerVoices } from './worker-protocol.ts';

export interface WorkerPoolOptions {
  readonly entry: URL;
  readonly setup: Omit<WorkerSetup, 'abandoned'>;
  readonly workers: number;
  readonly abandonGraceMs: number;
  readonly onWorkerLost: (reason: string) => void;
}

/** Hears of one job; after `onEnd`, or after the job was abandoned, nothing more. */
export interface JobListener {
  onSound(pcm: Uint8Array): void;
  onEnd(failure: Error | undefined): void;
}

/** What to speak; the pool numbers the jobs. */
export type Utterable = Omit<SpeakJob, 'jobId'>;

export class WorkerPool {
  readonly #slots: WorkerSlot[];
  readonly #queue: { readonly job: SpeakJob; readonly listener: JobListener }[] = [];
  #lastJobId = 0;

  constructor(options: WorkerPoolOptions) {
    const onChange = () => this.#dispatch();
    this.#slots = Array.from({ length: options.workers }, () => new WorkerSlot({ ...options, onChange }));
  }

  /** Resolves with what the workers that came up have; rejects with the first reason if none did. */
  async start(): Promise<WorkerVoices[]> {
    const outcomes = await Promise.allSettled(this.#slots.map((slot) => slot.start()));
    const up = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (up.length === 0) throw failed?.reason;
    return up;
  }

  /** Runs the job as soon as a worker is free. The result abandons it, whether it waits, runs or is over. */
  submit(utterable: Utterable, listener: JobListener): () => void {
    this.#lastJobId = (this.#lastJobId % 0x7fff_ffff) + 1; // it travels through an Int32
    const job = { ...utterable, jobId: this.#lastJobId };
    this.#queue.push({ job, listener });
    this.#dispatch();
    return () => {
      const at = this.#queue.findIndex((waiting) => waiting.job === job);
      if (at >= 0) this.#queue.splice(at, 1);
      else for (const slot of this.#slots) slot.abandon(job.jobId);
    };
  }

  async stop(): Promise<void> {
    await Promise.all(this.#slots.map((slot) => slot.stop()));
    this.#failQueue('the speech engine was stopped');
  }

  #dispatch(): void {
    for (const slot of this.#slots) {
      if (!slot.isFree) continue;
      const next = this.#queue.shift();
      if (next === undefined) return;
      slot.run(next.job, next.listener);
    }
    if (!this.#slots.some((slot) => slot.isHopeful)) {
      this.#failQueue('no voice worker can be started');
    }
  }

  #failQueue(message: string): void {
    for (const { listener } of this.#queue.splice(0)) {
      listener.onEnd(new EngineFailure({ errorCode: 'UNAVAILABLE', message }));
    }
  }
}

interface WorkerSlotOptions {
  readonly entry: URL;
  readonly setup: Omit<WorkerSetup, 'abandoned'>;
  readonly abandonGraceMs: number;
  /** Called whenever the slot may take a job again, or can't be brought back for now. */
  readonly onChange: () => void;
  readonly onWorkerLost: (reason: string) => void;
}

/** Supervision: a lost worker is replaced at once; if the replacement dies before it is ready, after these waits. */
const restartWaitsMs = [0, 250, 1000, 5000, 30_000] as const;
const startTimeoutMs = 30_000;

interface RunningJob {
  readonly job: SpeakJob;
  /** Absent once abandoned. */
  listener: JobListener | undefined;
  graceTimer: NodeJS.Timeout | undefined;
  /** Its worker is being terminated: what it still says counts no more, and nobody gets it. */
  isEnding: boolean;
}

type SlotState = 'starting' | 'idle' | 'busy' | 'waiting to restart' | 'stopped';

/**
 * One place in the pool: keeps one worker thread alive and gives it one job at a time. Guarantees: a job ends exactly
 * once, with or without a failure; a worker that dies fails its job and is replaced; a job that was abandoned and is not
 * over within `abandonGraceMs` is ended by replacing its worker. Does not queue.
 */
class WorkerSlot {
  readonly #options: WorkerSlotOptions;
  readonly #abandoned = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  #state: SlotState = 'starting';
  #worker: Worker | undefined;
  #running: RunningJob | undefined;
  #failedStarts = 0;
  #timer: NodeJS.Timeout | undefined;
  #lastError = '';

  constructor(options: WorkerSlotOptions) {
    this.#options = options;
  }

  get isFree(): boolean {
    return this.#state === 'idle';
  }

  /** True while a job given to the pool may still be run here, now or after a restart under way. */
  get isHopeful(): boolean {
    return this.#state !== 'stopped' && this.#state !== 'waiting to restart';
  }

  /** Brings the first worker up; rejects if it dies before it is ready (the slot goes on trying by itself). */
  start(): Promise<WorkerVoices> {
    return new Promise((resolve, reject) => this.#spawn(resolve, reject));
  }

  run(job: SpeakJob, listener: JobListener): void {
    assert(this.#state === 'idle' && this.#worker !== undefined, `a job for a slot that is ${this.#state}`);
    this.#state = 'busy';
    this.#running = { job, listener, graceTimer: undefined, isEnding: false };
    this.#worker.postMessage(job);
  }

  /** Ends the job `jobId` if it runs here: its listener hears nothing more, the worker is free or replaced in time. */
  abandon(jobId: number): void {
    const running = this.#running;
    if (running === undefined || running.job.jobId !== jobId || running.listener === undefined) return;
    running.listener = undefined;
    Atomics.store(this.#abandoned, 0, jobId);
    running.graceTimer = setTimeout(() => {
      running.isEnding = true;
      void this.#worker?.terminate();
    }, this.#options.abandonGraceMs);
  }

  async stop(): Promise<void> {
    if (this.#state === 'stopped') return;
    this.#state = 'stopped';
    clearTimeout(this.#timer);
    this.#endJob(new EngineFailure({ errorCode: 'UNAVAILABLE', message: 'the speech engine was stopped' }));
    await this.#worker?.terminate();
  }

  #spawn(onReady?: (voices: WorkerVoices) => void, onFailed?: (error: Error) => void): void {
    this.#state = 'starting';
    this.#lastError = '';
    Atomics.store(this.#abandoned, 0, 0);
    const worker = new Worker(this.#options.entry, {
      workerData: { ...this.#options.setup, abandoned: this.#abandoned.buffer } satisfies WorkerSetup,
      // The parent's flags (a test runner's loader, --inspect) are not the worker's.
      execArgv: [],
    });
    this.#worker = worker;
    this.#timer = setTimeout(() => void worker.terminate(), startTimeoutMs);
    worker.on('error', (error) => {
      this.#lastError = wordsOf(error);
    });
    worker.on('message', (message: WorkerMessage) => {
      if (message.kind === 'ready') onReady?.(message.voices);
      this.#receive(message);
    });
    worker.on('exit', (code) => {
      if (this.#lastError === '') this.#lastError = `exit code ${code}`;
      onFailed?.(new Error(`a voice worker died while it started: ${this.#lastError}`)); // no effect if it was ready
      this.#lost();
    });
  }

  #receive(message: WorkerMessage): void {
    if (this.#state === 'stopped' || this.#running?.isEnding === true) return;
    if (message.kind === 'ready') {
      clearTimeout(this.#timer);
      this.#failedStarts = 0;
      this.#becomeIdle();
      return;
    }
    if (message.kind === 'sound') {
      this.#running?.listener?.onSound(new Uint8Array(message.pcm));
      return;
    }
    this.#endJob(message.kind === 'failed' ? failureOf(message) : undefined);
    this.#becomeIdle();
  }

  #becomeIdle(): void {
    this.#state = 'idle';
    this.#options.onChange();
  }

  #endJob(failure: Error | undefined): void {
    const running = this.#running;
    this.#running = undefined;
    clearTimeout(running?.graceTimer);
    running?.listener?.onEnd(failure);
  }

  #lost(): void {
    clearTimeout(this.#timer);
    this.#worker = undefined;
    if (this.#state === 'stopped') return;
    const wasStarting = this.#state === 'starting';
    const wasEndedByUs = this.#running !== undefined && this.#running.listener === undefined;
    if (wasStarting) this.#failedStarts += 1;
    if (!wasEndedByUs) this.#options.onWorkerLost(this.#lastError);
    const waitMs = restartWaitsMs[Math.min(this.#failedStarts, restartWaitsMs.length - 1)] ?? 0;
    this.#state = waitMs === 0 ? 'starting' : 'waiting to restart';
    this.#endJob(new EngineFailure({ errorCode: 'UNAVAILABLE', message: 'a voice worker died' }));
    if (waitMs === 0) this.#spawn();
    else this.#timer = setTimeout(() => this.#spawn(), waitMs);
    this.#options.onChange();
  }
}

function failureOf({
  errorCode,
  message,
}: {
  readonly errorCode: string | undefined;
  readonly message: string;
}): Error {
  return errorCode === undefined ? new Error(message) : new EngineFailure({ errorCode, message });
}
