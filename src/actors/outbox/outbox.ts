/**
 * The one way out of a stream: frames in order, at the reader's pace. Sound does not pass through the chart, which hears only of what
 * matters (room, flushed, rate). What was sent is counted as each frame is handed to the transport. It does not end the call: the
 * stream's host does, with the chart's reason.
 *
 * Invariants, cited as "Outbox N"; the charts rely on 3 to 5, the voice on 4, the host on 6 and 7:
 *  1. Order. Frames leave in the order they came, each once; the opening, if there is one, goes ahead of the first. Nothing leaves behind
 *     an `end` frame.
 *  2. Pace. A frame is handed to the sink only while that can write.
 *  3. Rate. Within any second (RATE_WINDOW_MS) at most `maxFramesPerSecond` frames leave; 0 = off. The first that would be one too many is
 *     not handed over, nor is anything behind it; the chart hears `outbox.rateExceeded` once.
 *  4. Bound. There is room while less than QUEUE_FULL_BYTES of text and sound wait. Who has sound waits for room, called back once a wish,
 *     in the order of the wishes; text and the end never wait. So what waits is at most that, the text of a sentence, and what was
 *     synthesised ahead when its turn came.
 *  5. Flush. `outbox.flushed` answers each question once, when nothing waits here any more, and follows the `end` frame unasked. It is
 *     never said of frames that were dropped.
 *  6. Silence. After `discard` nothing leaves and nothing is told; wishes for room are granted at once, so that nobody waits for ever.
 *  7. Faults. A write that throws is reported once and discards the rest; who made us write (the chart, a voice, the transport) does not
 *     hear of it.
 */
import type { Frame, FrameSink, SinkListener } from '../../call/gateway.ts';
import { audioFormat } from '../../call/wire.ts';

/** A third of a second of sound: enough to keep the transport busy, little to lose when a stream ends early. */
const QUEUE_FULL_BYTES = 32 * 1024;
const RATE_WINDOW_MS = 1_000;

/** What a stream sent, for its end line. Times in ms of the given clock. */
export interface OutboxStats extends SentTally {
  readonly openedAtMs: number;
  /** As `idleMs()` told at that moment. */
  readonly idleMs: number;
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
  /** A monotonic clock in ms: of the rate, and of what is told. */
  readonly now: () => number;
  /** The time in which this process ran (own-time.ts), by which its reader is judged; absent = `now`. */
  readonly ownNow?: () => number;
  readonly notify: (event: OutboxEvent) => void;
  /** Told of every frame that is handed to the transport; absent = nobody counts. */
  readonly meter?: { sent(kind: Frame['kind']): void };
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
  /** How long ago the client last took a frame (or the stream opened), in ms of the time in which this process ran. */
  idleMs(): number;
  /** How long ago the stream opened, in ms of that time. */
  ageMs(): number;
  /** How long there was no room in all, in whole ms: sound stood ready, and the client did not fetch it. */
  fullMs(): number;
  /** Drops what waits; later pushes are dropped too. */
  discard(): void;
  stats(): OutboxStats;
}

/** How long sound stood ready unfetched, as the charts' events carry it. */
export function unfetchedOf(outbox: Outbox): { readonly fullMs?: number } {
  const fullMs = outbox.fullMs();
  return fullMs > 0 ? { fullMs } : {};
}

/** Opens the outbox of one stream over its sink. */
export function createOutbox(options: OutboxOptions): Outbox {
  return new FlowControlledOutbox(options);
}

class FlowControlledOutbox implements Outbox, SinkListener {
  readonly #sink: FrameSink;
  readonly #now: () => number;
  readonly #ownNow: () => number;
  readonly #notify: (event: OutboxEvent) => void;
  readonly #textSent: ((text: string) => void) | undefined;
  readonly #meter: OutboxOptions['meter'];
  readonly #commandSent: (command: string) => void;
  readonly #handoverFailed: (error: unknown) => void;
  readonly #rate: RateWindow | null;
  readonly #sent: SentFrames;
  readonly #openedAtMs: number;
  readonly #openedAtOwnMs: number;
  /** Made for the first who waits: few streams ever have no room. */
  #roomCallbacks: Set<() => void> | null = null;
  #opening: (() => Frame) | undefined;
  #queue: Frame[] = [];
  #queuedBytes = 0;
  #lastAcceptedAtOwnMs: number;
  /** Since when there has been no room; null while there is some. */
  #fullSinceMs: number | null = null;
  #fullBeforeMs = 0;
  #isClosed = false;
  #isFlushAsked = false;

  constructor(options: OutboxOptions) {
    this.#sink = options.sink;
    this.#now = options.now;
    this.#ownNow = options.ownNow ?? options.now;
    this.#notify = options.notify;
    this.#textSent = options.textSent;
    this.#meter = options.meter;
    this.#commandSent = options.commandSent;
    this.#handoverFailed = options.handoverFailed;
    this.#rate = options.maxFramesPerSecond > 0 ? new RateWindow(options.maxFramesPerSecond) : null;
    this.#sent = new SentFrames(options.now);
    this.#opening = options.opening;
    this.#openedAtMs = options.now();
    this.#openedAtOwnMs = this.#ownNow();
    this.#lastAcceptedAtOwnMs = this.#openedAtOwnMs;
    options.sink.attach(this);
  }

  frameAccepted(): void {
    this.#lastAcceptedAtOwnMs = this.#ownNow();
  }

  roomFreed(): void {
    this.#pump();
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
    const waiting = this.#roomCallbacks ?? new Set();
    this.#roomCallbacks = waiting;
    waiting.add(callback);
    return () => waiting.delete(callback);
  }

  askRoom(): void {
    this.onceRoom(() => this.#notify({ type: 'outbox.roomFound' }));
  }

  askFlushed(): void {
    this.#isFlushAsked = true;
    this.#offerFlush();
  }

  idleMs(): number {
    return this.#ownNow() - this.#lastAcceptedAtOwnMs;
  }

  ageMs(): number {
    return this.#ownNow() - this.#openedAtOwnMs;
  }

  fullMs(): number {
    const sinceMs = this.#fullSinceMs;
    return Math.round(this.#fullBeforeMs + (sinceMs === null ? 0 : this.#now() - sinceMs));
  }

  discard(): void {
    this.#isClosed = true;
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#noteRoom();
    this.#roomCallbacks?.clear();
  }

  stats(): OutboxStats {
    return {
      openedAtMs: this.#openedAtMs,
      idleMs: this.idleMs(),
      ...this.#sent.tally(),
    };
  }

  /** The clock is looked at only where there begins or ceases to be room. */
  #noteRoom(): void {
    if (this.hasRoom() === (this.#fullSinceMs === null)) return;
    const now = this.#now();
    if (this.#fullSinceMs !== null) this.#fullBeforeMs += now - this.#fullSinceMs;
    this.#fullSinceMs = this.#fullSinceMs === null ? now : null;
  }

  #pump(): void {
    // The sink is asked only for a frame that waits: it calls back whom it refused.
    while (!this.#isClosed && this.#queue.length > 0 && this.#sink.canWrite()) {
      const frame = this.#queue.shift();
      if (frame === undefined) break;
      if (this.#rate !== null && !this.#rate.admit(this.#now())) {
        this.discard();
        this.#notify({ type: 'outbox.rateExceeded', framesInLastSecond: this.#rate.limit + 1 });
        return;
      }
      this.#queuedBytes -= bytesOf(frame);
      this.#sent.count(frame);
      this.#meter?.sent(frame.kind);
      if (!this.#handOver(frame)) return;
      if (frame.kind === 'end') {
        this.discard();
        this.#notify({ type: 'outbox.flushed' });
      }
    }
    this.#noteRoom();
    this.#offerRoom();
    this.#offerFlush();
  }

  /** False if it threw; whoever made us write (the chart, a voice, the transport) must not suffer for it. */
  #handOver(frame: Frame): boolean {
    try {
      this.#sink.write(frame);
      if (frame.kind === 'text') this.#textSent?.(frame.text);
      if (frame.kind === 'action') this.#commandSent(frame.command);
      return true;
    } catch (error) {
      this.discard();
      this.#handoverFailed(error);
      return false;
    }
  }

  #offerRoom(): void {
    const waiting = this.#roomCallbacks;
    while (waiting !== null && waiting.size > 0 && this.hasRoom()) {
      const [callback] = waiting;
      if (callback === undefined) return;
      waiting.delete(callback);
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

/** Times in ms of the given clock; null = nothing of the kind was sent. */
interface SentTally {
  readonly frames: number;
  /** UTF-16 units. */
  readonly textChars: number;
  readonly audioBytes: number;
  readonly firstTextAtMs: number | null;
  readonly firstAudioAtMs: number | null;
  /** The frame with the first sample that is heard. */
  readonly firstSoundAtMs: number | null;
  /** Silent sound before that sample. */
  readonly leadingSilenceBytes: number | null;
}

/**
 * What a stream sent: how much of what, and when the first of it. Sound is looked at only until something was heard in it; from then on a
 * frame costs two additions.
 */
export class SentFrames {
  readonly #now: () => number;
  #frames = 0;
  #textChars = 0;
  #audioBytes = 0;
  #firstTextAtMs: number | null = null;
  #firstAudioAtMs: number | null = null;
  #firstSoundAtMs: number | null = null;
  #leadingSilenceBytes: number | null = null;

  constructor(now: () => number) {
    this.#now = now;
  }

  count(frame: Frame): void {
    this.#frames += 1;
    if (frame.kind === 'text') {
      this.#textChars += frame.text.length;
      this.#firstTextAtMs ??= this.#now();
    }
    if (frame.kind === 'audio') {
      if (this.#firstSoundAtMs === null) this.#listen(frame.bytes);
      this.#audioBytes += frame.bytes.byteLength;
      this.#firstAudioAtMs ??= this.#now();
    }
  }

  tally(): SentTally {
    return {
      frames: this.#frames,
      textChars: this.#textChars,
      audioBytes: this.#audioBytes,
      firstTextAtMs: this.#firstTextAtMs,
      firstAudioAtMs: this.#firstAudioAtMs,
      firstSoundAtMs: this.#firstSoundAtMs,
      leadingSilenceBytes: this.#leadingSilenceBytes,
    };
  }

  #listen(sound: Uint8Array): void {
    const silentBytes = silentBytesBefore(sound);
    if (silentBytes === null) return;
    this.#firstSoundAtMs = this.#now();
    this.#leadingSilenceBytes = this.#audioBytes + silentBytes;
  }
}

/** The first sample value above -60 dB of full scale, which is where ffmpeg's silencedetect draws the line, too: 32768 / 1000 = 32.8. */
const AUDIBLE_AMPLITUDE = 33;

/**
 * Where sound begins that people hear: bytes before the first sample that is heard; null if all of it is silence. Voices start with
 * silence, of zeros or of a faint noise, so the first frame of sound says little about when a stream is heard.
 */
export function silentBytesBefore(sound: Uint8Array): number | null {
  const samples = new DataView(sound.buffer, sound.byteOffset, sound.byteLength);
  for (let offset = 0; offset + audioFormat.bytesPerSample <= sound.byteLength; offset += audioFormat.bytesPerSample) {
    const sample = samples.getInt16(offset, true);
    if (sample >= AUDIBLE_AMPLITUDE || sample <= -AUDIBLE_AMPLITUDE) return offset;
  }
  return null;
}
