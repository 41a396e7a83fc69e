/**
 * The worker threads of the embedded voice and the queue in front of them: one utterance a job, first come first served,
 * so that many sentences share few workers fairly. The queue is as long as its callers make it: sentence by sentence they
 * are admitted elsewhere, and each has at most one job here.
 */
import { EngineFailure } from '../../errors.ts';
import type { SpeakJob, WorkerSetup, WorkerVoices } from './worker-protocol.ts';
import { type JobListener, WorkerSlot } from './worker-slot.ts';

export interface WorkerPoolOptions {
  readonly entry: URL;
  readonly setup: Omit<WorkerSetup, 'abandoned'>;
  readonly workers: number;
  readonly abandonGraceMs: number;
  readonly onWorkerLost: (reason: string) => void;
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
