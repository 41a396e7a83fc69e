/**
 * The sound of one sentence, as its reader pulls it: submits the sentence's utterances one after the other, each when the
 * reader has less than a second of sound left, so that a stalled reader holds one utterance's PCM and no worker.
 * Hand-written and not an async generator, whose `return()` would wait for a pending `next()`.
 */
import { assert } from '../../assert.ts';
import { audioFormat } from '../../call/wire.ts';
import type { Utterable } from './worker-pool.ts';
import type { JobListener } from './worker-slot.ts';

/** One second of sound: below it the next utterance is made. */
const lowWaterBytes = audioFormat.sampleRateHz * audioFormat.channels * audioFormat.bytesPerSample;

export interface SentenceSoundOptions {
  /** Called at the first pull; throws EngineFailure if the sentence can't be spoken or there is no room for it. */
  readonly open: () => readonly Utterable[];
  readonly submit: (utterable: Utterable, listener: JobListener) => () => void;
  /** Called exactly once after `open` succeeded. */
  readonly onClosed: () => void;
  readonly signal: AbortSignal;
}

export class SentenceSound implements AsyncIterableIterator<Uint8Array> {
  readonly #options: SentenceSoundOptions;
  readonly #chunks: Uint8Array[] = [];
  readonly #onAbort = () => this.#close();
  #state: 'new' | 'open' | 'closed' = 'new';
  #waiting: Utterable[] = [];
  #heldBytes = 0;
  #abandonJob: (() => void) | undefined;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(options: SentenceSoundOptions) {
    this.#options = options;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    assert(this.#wake === undefined, 'next() before the one before it was answered');
    if (this.#state === 'new') this.#open();
    for (;;) {
      if (this.#state === 'closed') return { done: true, value: undefined };
      const chunk = this.#chunks.shift();
      this.#heldBytes -= chunk?.length ?? 0;
      this.#speakAhead();
      if (chunk !== undefined) return { done: false, value: chunk };
      if (this.#abandonJob === undefined) return this.#end();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#close();
    return { done: true, value: undefined };
  }

  #open(): void {
    if (this.#options.signal.aborted) {
      this.#state = 'closed';
      return;
    }
    try {
      this.#waiting = [...this.#options.open()];
    } catch (error) {
      this.#state = 'closed';
      throw error;
    }
    this.#state = 'open';
    this.#options.signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  #speakAhead(): void {
    if (this.#abandonJob !== undefined || this.#failure !== undefined || this.#heldBytes >= lowWaterBytes) return;
    const utterable = this.#waiting.shift();
    if (utterable === undefined) return;
    let isOver = false;
    const abandon = this.#options.submit(utterable, {
      onSound: (pcm) => {
        this.#chunks.push(pcm);
        this.#heldBytes += pcm.length;
        this.#wake?.();
      },
      onEnd: (failure) => {
        isOver = true;
        this.#failure = failure;
        this.#abandonJob = undefined;
        this.#wake?.();
      },
    });
    // A job may fail while it is submitted, when no worker is left.
    if (!isOver) this.#abandonJob = abandon;
  }

  /** All sound was read and no job runs: the good end, or the failure that ended it. */
  #end(): IteratorResult<Uint8Array, undefined> {
    const failure = this.#failure;
    this.#close();
    if (failure !== undefined) throw failure;
    return { done: true, value: undefined };
  }

  #close(): void {
    const wasOpen = this.#state === 'open';
    this.#state = 'closed';
    if (!wasOpen) return;
    this.#options.signal.removeEventListener('abort', this.#onAbort);
    this.#abandonJob?.();
    this.#abandonJob = undefined;
    this.#waiting = [];
    this.#chunks.length = 0;
    this.#options.onClosed();
    this.#wake?.();
  }
}
