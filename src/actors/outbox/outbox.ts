/**
 * The one way out of a session: frames in order, at the reader's pace.
 *
 * Guarantees: frames leave in the order they came; what waits here is bounded (a sentence's text, QUEUE_FULL_BYTES
 * of sound and, when a sentence's turn comes, what was synthesised ahead for it);
 * the (max+1)th frame within one second is never handed over; after `discard` nothing leaves any more. Sound does not pass
 * through the chart: the chart hears only of what matters (room, flushed, rate). It does not end the call: the session's
 * host does, with the chart's reason.
 */
import type { Frame, FrameSink } from '../../call/gateway.ts';
import { SentFrames, type SentTally } from './sent-frames.ts';

/** A third of a second of sound: enough to keep the transport busy, little to lose when a stream ends early. */
const QUEUE_FULL_BYTES = 32 * 1024;
const RATE_WINDOW_MS = 1_000;

/** What a stream sent, for its end line and for the idle check. Times in ms of the given clock. */
export interface OutboxStats extends SentTally {
  readonly openedAtMs: number;
  /** When the client last took a frame; equals openedAtMs before the first. */
  readonly lastAcceptedAtMs: number;
}

/** Facts for the chart. */
export type OutboxEvent =
  | { readonly type: 'outbox.rateExceeded'; readonly framesInLastSecond: number }
  | { readonly type: 'outbox.roomFound' }
  | { readonly type: 'outbox.flushed' };

export interface OutboxOptions {
  readonly sink: FrameSink;
  /** 0 = off. */
  readonly maxFramesPerSecond: number;
  /** Makes the frame that goes ahead of the first one, whatever that is; absent = none does. */
  readonly opening?: () => Frame;
  /** A monotonic clock in ms. */
  readonly now: () => number;
  readonly notify: (event: OutboxEvent) => void;
  /** These words were handed to the transport; absent = nobody asks. */
  readonly textSent?: (text: string) => void;
  /** The command was handed to the transport. */
  readonly commandSent: (command: string) => void;
  /** Handing over a frame threw: a bug. Nothing leaves any more. */
  readonly handoverFailed: (error: unknown) => void;
}

export interface Outbox {
  /** Queues a frame; an `end` frame is the last one. */
  push(frame: Frame): void;
  /** False when sound should wait; text and the end never do. */
  hasRoom(): boolean;
  /** Calls back once, when there is room (perhaps at once). The returned function withdraws the wish. */
  onceRoom(callback: () => void): () => void;
  /** `outbox.roomFound` is notified when there is room. */
  askRoom(): void;
  /** `outbox.flushed` is notified when nothing waits here. */
  askFlushed(): void;
  /** How long ago the client last took a frame (or the stream opened), in ms. */
  idleMs(): number;
  /** Drops what waits; later pushes are dropped too. */
  discard(): void;
  stats(): OutboxStats;
}

/** Opens the outbox of one stream over its sink. */
export function createOutbox(options: OutboxOptions): Outbox {
  return new FlowControlledOutbox(options);
}

class FlowControlledOutbox implements Outbox {
  readonly #sink: FrameSink;
  readonly #now: () => number;
  readonly #notify: (event: OutboxEvent) => void;
  readonly #textSent: (text: string) => void;
  readonly #commandSent: (command: string) => void;
  readonly #handoverFailed: (error: unknown) => void;
  readonly #rate: RateWindow | null;
  readonly #sent: SentFrames;
  readonly #openedAtMs: number;
  readonly #roomCallbacks = new Set<() => void>();
  #opening: (() => Frame) | undefined;
  #queue: Frame[] = [];
  #queuedBytes = 0;
  #lastAcceptedAtMs: number;
  #isClosed = false;
  #isFlushAsked = false;

  constructor(options: OutboxOptions) {
    this.#sink = options.sink;
    this.#now = options.now;
    this.#notify = options.notify;
    this.#textSent = options.textSent ?? (() => {});
    this.#commandSent = options.commandSent;
    this.#handoverFailed = options.handoverFailed;
    this.#rate = options.maxFramesPerSecond > 0 ? new RateWindow(options.maxFramesPerSecond) : null;
    this.#sent = new SentFrames(options.now);
    this.#opening = options.opening;
    this.#openedAtMs = options.now();
    this.#lastAcceptedAtMs = this.#openedAtMs;
    options.sink.attach({
      frameAccepted: () => {
        this.#lastAcceptedAtMs = this.#now();
      },
      roomFreed: () => this.#pump(),
    });
  }

  push(frame: Frame): void {
    if (this.#isClosed) return;
    const opening = this.#opening;
    if (opening !== undefined) {
      this.#opening = undefined;
      this.#queue.push(opening());
    }
    this.#queue.push(frame);
    this.#queuedBytes += bytesOf(frame);
    this.#pump();
  }

  hasRoom(): boolean {
    return this.#queuedBytes < QUEUE_FULL_BYTES;
  }

  onceRoom(callback: () => void): () => void {
    if (this.hasRoom() || this.#isClosed) {
      callback();
      return () => {};
    }
    this.#roomCallbacks.add(callback);
    return () => this.#roomCallbacks.delete(callback);
  }

  askRoom(): void {
    this.onceRoom(() => this.#notify({ type: 'outbox.roomFound' }));
  }

  askFlushed(): void {
    this.#isFlushAsked = true;
    this.#offerFlush();
  }

  idleMs(): number {
    return this.#now() - this.#lastAcceptedAtMs;
  }

  discard(): void {
    this.#isClosed = true;
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#roomCallbacks.clear();
  }

  stats(): OutboxStats {
    return {
      openedAtMs: this.#openedAtMs,
      lastAcceptedAtMs: this.#lastAcceptedAtMs,
      ...this.#sent.tally(),
    };
  }

  #pump(): void {
    while (!this.#isClosed && this.#sink.canWrite()) {
      const frame = this.#queue.shift();
      if (frame === undefined) break;
      if (this.#rate !== null && !this.#rate.admit(this.#now())) {
        this.discard();
        this.#notify({ type: 'outbox.rateExceeded', framesInLastSecond: this.#rate.limit + 1 });
        return;
      }
      this.#queuedBytes -= bytesOf(frame);
      this.#sent.count(frame);
      if (!this.#handOver(frame)) return;
      if (frame.kind === 'end') {
        this.discard();
        this.#notify({ type: 'outbox.flushed' });
      }
    }
    this.#offerRoom();
    this.#offerFlush();
  }

  /** False if it threw; whoever made us write (the chart, a voice, the transport) must not suffer for it. */
  #handOver(frame: Frame): boolean {
    try {
      this.#sink.write(frame);
      if (frame.kind === 'text') this.#textSent(frame.text);
      if (frame.kind === 'action') this.#commandSent(frame.command);
      return true;
    } catch (error) {
      this.discard();
      this.#handoverFailed(error);
      return false;
    }
  }

  #offerRoom(): void {
    while (this.#roomCallbacks.size > 0 && this.hasRoom()) {
      const [callback] = this.#roomCallbacks;
      if (callback === undefined) return;
      this.#roomCallbacks.delete(callback);
      callback();
    }
  }

  #offerFlush(): void {
    if (!this.#isFlushAsked || this.#isClosed || this.#queue.length > 0) return;
    this.#isFlushAsked = false;
    this.#notify({ type: 'outbox.flushed' });
  }
}

/** A sliding second: remembers when the last `limit` frames left. */
class RateWindow {
  readonly limit: number;
  readonly #leftAtMs: Float64Array;
  #next = 0;

  constructor(limit: number) {
    this.limit = limit;
    this.#leftAtMs = new Float64Array(limit).fill(Number.NEGATIVE_INFINITY);
  }

  /** True, and the frame is counted, if fewer than `limit` left within the second before `atMs`. */
  admit(atMs: number): boolean {
    const oldestAtMs = this.#leftAtMs[this.#next] ?? Number.NEGATIVE_INFINITY;
    if (atMs - oldestAtMs < RATE_WINDOW_MS) return false;
    this.#leftAtMs[this.#next] = atMs;
    this.#next = (this.#next + 1) % this.limit;
    return true;
  }
}

function bytesOf(frame: Frame): number {
  switch (frame.kind) {
    case 'text':
      return frame.text.length * 2;
    case 'audio':
      return frame.bytes.byteLength;
    case 'action':
    case 'end':
    case 'metadata':
      return 0;
  }
}
