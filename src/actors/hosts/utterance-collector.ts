/**
 * Keeps what clients COLLECT until their COMMIT: a buffer for each device and session, each run by a collect chart of its own in a map.
 * The chart decides about a chunk; this holds what no chart may hold, the bytes of screenshots, and counts what all buffers share.
 *
 * Guarantees: never more buffers than COLLECT_MAX_BUFFERS, never more screenshot bytes than their bound; a buffer that is used,
 * has expired or is broken leaves nothing behind, without any traffic; a bug in one touches no other.
 */
import { type Actor, createActor } from 'xstate';
import { type Call, idsOf } from '../../call/call.ts';
import type { CollectedChunk, Screen, Screenshot, StreamRequest } from '../../call/gateway.ts';
import type { OwnTime } from '../../call/own-time.ts';
import { type Failure, failure, failureOfUnexpected } from '../../errors.ts';
import type { CollectEmitted, CollectEvent, CollectLimits, CollectMachine } from '../../machines/collect.machine.ts';
import type { FaultLog } from '../../observe/fault-log.ts';
import type { Logger } from '../../observe/logger.ts';
import { isLongerThan, newerHypothesis, tooLongText } from '../../text/hypothesis.ts';
import { ask } from './ask.ts';
import { withFaultBarrier } from './fault-barrier.ts';

/** Bytes that the screenshots of all buffers may have: a few dozen full screens, or one of the largest allowed. */
const MAX_SCREENSHOT_BYTES_IN_ALL = 256 * 1024 * 1024;

export interface UtteranceCollectorOptions {
  /** Built once; the collector puts it behind the fault barrier. */
  readonly machine: CollectMachine;
  readonly limits: {
    readonly ttlMs: number;
    readonly maxBuffers: number;
    readonly maxChars: number;
    readonly promptMaxChars: number;
    /** Of one screenshot. */
    readonly screenshotMaxBytes: number;
  };
  readonly log: Logger;
  /** Takes bugs, under the id that the client sees. */
  readonly faults: FaultLog;
  readonly ownTime: OwnTime;
}

type Verdict = Exclude<CollectEmitted, { readonly type: 'utterance.expired' }>;

/** A buffer that a call has taken along until it is decided; a newer one may be opened beside it. */
export type SetAside = UtteranceBuffer;

interface UtteranceBuffer {
  /** The call that opened it, whose name the actor has. */
  readonly call: Call;
  readonly actor: Actor<CollectMachine>;
  screenshot: Screenshot | undefined;
}

export class UtteranceCollector {
  readonly #options: UtteranceCollectorOptions;
  readonly #machine: CollectMachine;
  readonly #limits: CollectLimits;
  readonly #buffers = new Map<string, UtteranceBuffer>();
  readonly #setAside = new Set<UtteranceBuffer>();
  #screenshotBytes = 0;

  constructor(options: UtteranceCollectorOptions) {
    const { machine, limits } = options;
    this.#options = options;
    this.#machine = withFaultBarrier(machine, (id, fault) => this.#report(id, fault.error));
    this.#limits = {
      ttlMs: limits.ttlMs,
      maxChars: limits.maxChars,
      promptMaxChars: limits.promptMaxChars,
      maxScreenshotBytes: Math.max(MAX_SCREENSHOT_BYTES_IN_ALL, limits.screenshotMaxBytes),
    };
  }

  /** Buffers that wait for their COMMIT. */
  get buffers(): number {
    return this.#buffers.size + this.#setAside.size;
  }

  /** Bytes of the screenshots in them. */
  get screenshotBytes(): number {
    return this.#screenshotBytes;
  }

  /** Keeps a chunk, or says why not; null also for an old one, which is dropped. */
  collect(chunk: CollectedChunk): Failure | null {
    const { maxBuffers } = this.#options.limits;
    const known = this.#buffers.get(keyOf(chunk.call));
    if (known === undefined && this.buffers >= maxBuffers) {
      const message = `${this.buffers} utterances are being collected; at most ${maxBuffers} are kept at once (COLLECT_MAX_BUFFERS)`;
      return failure('overloaded', message);
    }
    const buffer = known ?? this.#open(chunk.call);
    const verdict = ask(buffer.actor, this.#eventOf(buffer, chunk)).find(isVerdict);
    if (verdict === undefined) return failureOfUnexpected('session_fault', buffer.actor.id);
    if (verdict.type === 'chunk.refused') return verdict.failure;
    const { screenshot } = chunk.screen;
    if (verdict.type === 'chunk.kept' && screenshot !== undefined) this.#exchange(buffer, screenshot);
    this.#noteChunk(chunk, verdict.type === 'chunk.kept' ? 'collect' : 'collect_dropped');
    return null;
  }

  /**
   * The whole utterance of a COMMIT: what was collected, with what the request brings itself; or why that is too long. The buffer is only
   * looked at, so that a COMMIT that is refused can be sent again.
   */
  whole(request: StreamRequest): StreamRequest | Failure {
    const { promptMaxChars } = this.#options.limits;
    const buffer = this.#buffers.get(keyOf(request.call));
    const prompt = newerHypothesis(buffer?.actor.getSnapshot().context.text ?? '', request.prompt);
    if (isLongerThan(prompt, promptMaxChars)) return tooLongText('The prompt', prompt, promptMaxChars);
    if (buffer === undefined) return request;
    return { call: request.call, prompt, screen: { ...screenOf(buffer), ...request.screen } };
  }

  /** The COMMIT was admitted: the buffer is used up. Never throws. */
  use(call: Call): void {
    this.#buffers.get(keyOf(call))?.actor.send({ type: 'utterance.committed' });
  }

  /** The COMMIT waits: what comes from now on is for the next one. Its buffer keeps its time; null = there is none. */
  setAside(call: Call): SetAside | null {
    const buffer = this.#buffers.get(keyOf(call));
    if (buffer === undefined) return null;
    this.#buffers.delete(keyOf(call));
    this.#setAside.add(buffer);
    return buffer;
  }

  /** It was admitted after all: the buffer is used up. */
  useUp(buffer: SetAside | null): void {
    buffer?.actor.send({ type: 'utterance.committed' });
  }

  /** It was refused: the buffer is kept, unless a newer one of the utterance was begun. */
  putBack(buffer: SetAside | null): void {
    if (buffer === null || !this.#setAside.has(buffer)) return;
    const key = keyOf(buffer.call);
    if (this.#buffers.has(key)) {
      this.useUp(buffer);
      return;
    }
    this.#setAside.delete(buffer);
    this.#buffers.set(key, buffer);
  }

  /** The server stops: no COMMIT will come any more. */
  dropAll(): void {
    for (const buffer of [...this.#buffers.values(), ...this.#setAside]) {
      buffer.actor.stop();
      this.#forget(buffer);
    }
  }

  #open(call: Call): UtteranceBuffer {
    const { streamId } = call;
    const actor = createActor(this.#machine, { id: streamId, clock: this.#options.ownTime, input: this.#limits });
    const buffer: UtteranceBuffer = { call, actor, screenshot: undefined };
    actor.on('utterance.expired', () => {
      try {
        this.#noteExpired(call);
      } catch (error) {
        // Thrown from here it would end the process, and every stream with it.
        this.#report(streamId, error);
      }
    });
    actor.subscribe({
      complete: () => this.#forget(buffer),
      error: (error) => {
        this.#forget(buffer);
        this.#report(streamId, error);
      },
    });
    this.#buffers.set(keyOf(call), buffer);
    actor.start();
    return buffer;
  }

  #eventOf(buffer: UtteranceBuffer, { sequence, text, screen }: CollectedChunk): CollectEvent {
    const { screenshot, screenWidth, screenHeight } = screen;
    return {
      type: 'chunk.received',
      sequence,
      ...(text !== undefined && { text }),
      ...(screenshot !== undefined && { screenshot: { bytes: screenshot.bytes.byteLength } }),
      ...(screenWidth !== undefined && { screenWidth }),
      ...(screenHeight !== undefined && { screenHeight }),
      otherScreenshotBytes: this.#screenshotBytes - bytesOf(buffer.screenshot),
    };
  }

  #exchange(buffer: UtteranceBuffer, screenshot: Screenshot | undefined): void {
    this.#screenshotBytes += bytesOf(screenshot) - bytesOf(buffer.screenshot);
    buffer.screenshot = screenshot === undefined ? undefined : withOwnMemory(screenshot);
  }

  #forget(buffer: UtteranceBuffer): void {
    const key = keyOf(buffer.call);
    const isKept = this.#buffers.get(key) === buffer;
    if (!this.#setAside.delete(buffer) && !isKept) return;
    if (isKept) this.#buffers.delete(key);
    this.#exchange(buffer, undefined);
  }

  #noteChunk(chunk: CollectedChunk, decision: 'collect' | 'collect_dropped'): void {
    const ctx = {
      ...idsOf(chunk.call),
      chunk_seq: chunk.sequence,
      text_chars: chunk.text?.length ?? 0,
      screenshot_bytes: bytesOf(chunk.screen.screenshot),
      collect_buffers: this.buffers,
    };
    this.#options.log.debug({ scope: 'workflow', method: 'StreamAudio', decision, ctx }, 'a chunk was collected');
  }

  #noteExpired(call: Call): void {
    this.#options.log.debug(
      { scope: 'workflow', method: 'StreamAudio', decision: 'collect_expired', ctx: idsOf(call) },
      'what was collected of an utterance was dropped: no COMMIT came',
    );
  }

  #report(faultId: string, error: unknown): void {
    this.#options.faults.bug('StreamAudio', faultId, error);
  }
}

/** Ids have no spaces (rpc/identity.ts), so two pairs never share a name. */
function keyOf({ hardwareId, sessionId }: Call): string {
  return `${hardwareId} ${sessionId}`;
}

function isVerdict(emitted: CollectEmitted): emitted is Verdict {
  return emitted.type !== 'utterance.expired';
}

function screenOf({ actor, screenshot }: UtteranceBuffer): Screen {
  const { screenWidth, screenHeight } = actor.getSnapshot().context;
  return {
    ...(screenshot !== undefined && { screenshot }),
    ...(screenWidth !== null && { screenWidth }),
    ...(screenHeight !== null && { screenHeight }),
  };
}

function bytesOf(screenshot: Screenshot | undefined): number {
  return screenshot?.bytes.byteLength ?? 0;
}

/** A small Buffer is a view into a shared slab, which it would keep alive: what is counted must be what it costs. */
function withOwnMemory(screenshot: Screenshot): Screenshot {
  const { bytes } = screenshot;
  return bytes.buffer.byteLength === bytes.byteLength ? screenshot : { ...screenshot, bytes: new Uint8Array(bytes) };
}
