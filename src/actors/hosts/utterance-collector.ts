/**
 * Keeps what clients COLLECT until their COMMIT: a buffer for each device and session, each run by a collect chart of its own in a map.
 * The chart decides about a chunk; this holds what no chart may hold, the bytes of screenshots, and counts what all buffers share.
 *
 * Guarantees: never more buffers than COLLECT_MAX_BUFFERS, never more screenshot bytes than their bound; a buffer that is used,
 * has expired or is broken leaves nothing behind, without any traffic; a bug in one touches no other.
 */
import { type Actor, createActor } from 'xstate';
import { assertNever } from '../../assert.ts';
import type { CollectedChunk, CollectedUtterance, Screenshot, UtteranceKey } from '../../call/gateway.ts';
import { type Failure, failure, failureOfUnexpected } from '../../errors.ts';
import type { CollectEmitted, CollectEvent, CollectLimits, CollectMachine } from '../../machines/collect.machine.ts';
import type { Logger } from '../../observe/logger.ts';
import { withFaultBarrier } from './fault-barrier.ts';
import { identityOf } from './stream-host.ts';

/** Bytes that the screenshots of all buffers may have: a few dozen full screens, or one of the largest allowed. */
const MAX_SCREENSHOT_BYTES_IN_ALL = 256 * 1024 * 1024;

export interface UtteranceCollectorOptions {
  /** Built once; the collector puts it behind the fault barrier. */
  readonly machine: CollectMachine;
  readonly limits: {
    readonly ttlMs: number;
    readonly maxBuffers: number;
    readonly maxChars: number;
    /** Of one screenshot. */
    readonly screenshotMaxBytes: number;
  };
  readonly log: Logger;
  /** Reports a bug under the id that the client sees. */
  readonly reportFault: (faultId: string, error: unknown) => void;
}

type Verdict = Exclude<CollectEmitted, { readonly type: 'utterance.expired' }>;

interface UtteranceBuffer {
  readonly key: UtteranceKey;
  /** Named by the call that opened it. */
  readonly actor: Actor<CollectMachine>;
  screenshot: Screenshot | undefined;
  /** What the chart said about the chunk it is being told. */
  verdict: Verdict | null;
}

export class UtteranceCollector {
  readonly #options: UtteranceCollectorOptions;
  readonly #machine: CollectMachine;
  readonly #limits: CollectLimits;
  readonly #buffers = new Map<string, UtteranceBuffer>();
  #screenshotBytes = 0;

  constructor(options: UtteranceCollectorOptions) {
    const { machine, limits, reportFault } = options;
    this.#options = options;
    this.#machine = withFaultBarrier(machine, (id, fault) => reportFault(id, fault.error));
    this.#limits = {
      ttlMs: limits.ttlMs,
      maxChars: limits.maxChars,
      maxScreenshotBytes: Math.max(MAX_SCREENSHOT_BYTES_IN_ALL, limits.screenshotMaxBytes),
    };
  }

  /** Buffers that wait for their COMMIT. */
  get buffers(): number {
    return this.#buffers.size;
  }

  /** Bytes of the screenshots in them. */
  get screenshotBytes(): number {
    return this.#screenshotBytes;
  }

  /** Keeps a chunk, or says why not; null also for an old one, which is dropped. */
  collect(chunk: CollectedChunk): Failure | null {
    const { maxBuffers } = this.#options.limits;
    const known = this.#buffers.get(mapKeyOf(chunk));
    if (known === undefined && this.#buffers.size >= maxBuffers) {
      const message = `${this.#buffers.size} utterances are being collected; at most ${maxBuffers} are kept at once (COLLECT_MAX_BUFFERS)`;
      return failure('overloaded', message);
    }
    const buffer = known ?? this.#open(chunk);
    const verdict = this.#tell(buffer, chunk);
    if (verdict === null) return failureOfUnexpected('session_fault', buffer.actor.id);
    if (verdict.type === 'chunk.refused') return verdict.failure;
    if (verdict.type === 'chunk.kept' && chunk.screenshot !== undefined) this.#exchange(buffer, chunk.screenshot);
    this.#noteChunk(chunk, verdict.type === 'chunk.kept' ? 'collect' : 'collect_dropped');
    return null;
  }

  /** What was collected and is not used up. */
  collected(key: UtteranceKey): CollectedUtterance | null {
    const buffer = this.#buffers.get(mapKeyOf(key));
    if (buffer === undefined) return null;
    const { text, screenWidth, screenHeight } = buffer.actor.getSnapshot().context;
    const { screenshot } = buffer;
    return {
      text,
      ...(screenshot !== undefined && { screenshot }),
      ...(screenWidth !== null && { screenWidth }),
      ...(screenHeight !== null && { screenHeight }),
    };
  }

  /** The COMMIT was admitted: the buffer is used up. Never throws. */
  use(key: UtteranceKey): void {
    this.#buffers.get(mapKeyOf(key))?.actor.send({ type: 'utterance.committed' });
  }

  /** The server stops: no COMMIT will come any more. */
  dropAll(): void {
    for (const buffer of [...this.#buffers.values()]) {
      buffer.actor.stop();
      this.#forget(buffer);
    }
  }

  #open({ hardwareId, sessionId, streamId }: CollectedChunk): UtteranceBuffer {
    const key = { hardwareId, sessionId };
    const actor = createActor(this.#machine, { id: streamId, input: this.#limits });
    const buffer: UtteranceBuffer = { key, actor, screenshot: undefined, verdict: null };
    const { reportFault } = this.#options;
    actor.on('*', (emitted) => {
      try {
        this.#hear(buffer, emitted);
      } catch (error) {
        // Thrown from here it would end the process, and every stream with it.
        reportFault(streamId, error);
      }
    });
    actor.subscribe({
      complete: () => this.#forget(buffer),
      error: (error) => {
        this.#forget(buffer);
        reportFault(streamId, error);
      },
    });
    this.#buffers.set(mapKeyOf(key), buffer);
    actor.start();
    return buffer;
  }

  #tell(buffer: UtteranceBuffer, chunk: CollectedChunk): Verdict | null {
    const { sequence, text, screenshot, screenWidth, screenHeight } = chunk;
    const event: CollectEvent = {
      type: 'chunk.received',
      sequence,
      ...(text !== undefined && { text }),
      ...(screenshot !== undefined && { screenshot: { bytes: screenshot.bytes.byteLength } }),
      ...(screenWidth !== undefined && { screenWidth }),
      ...(screenHeight !== undefined && { screenHeight }),
      otherScreenshotBytes: this.#screenshotBytes - bytesOf(buffer.screenshot),
    };
    buffer.verdict = null;
    buffer.actor.send(event);
    return buffer.verdict;
  }

  #hear(buffer: UtteranceBuffer, emitted: CollectEmitted): void {
    switch (emitted.type) {
      case 'chunk.kept':
      case 'chunk.dropped':
      case 'chunk.refused':
        buffer.verdict = emitted;
        return;
      case 'utterance.expired':
        this.#noteExpired(buffer);
        return;
      default:
        assertNever(emitted);
    }
  }

  #exchange(buffer: UtteranceBuffer, screenshot: Screenshot | undefined): void {
    this.#screenshotBytes += bytesOf(screenshot) - bytesOf(buffer.screenshot);
    buffer.screenshot = screenshot === undefined ? undefined : withOwnMemory(screenshot);
  }

  #forget(buffer: UtteranceBuffer): void {
    const key = mapKeyOf(buffer.key);
    if (this.#buffers.get(key) !== buffer) return;
    this.#buffers.delete(key);
    this.#exchange(buffer, undefined);
  }

  #noteChunk(chunk: CollectedChunk, decision: 'collect' | 'collect_dropped'): void {
    const ctx = {
      ...identityOf(chunk),
      chunk_seq: chunk.sequence,
      text_chars: chunk.text?.length ?? 0,
      screenshot_bytes: bytesOf(chunk.screenshot),
      collect_buffers: this.#buffers.size,
    };
    this.#options.log.debug({ scope: 'workflow', method: 'StreamAudio', decision, ctx }, 'a chunk was collected');
  }

  #noteExpired({ key, actor }: UtteranceBuffer): void {
    const ctx = identityOf({ ...key, streamId: actor.id });
    this.#options.log.debug(
      { scope: 'workflow', method: 'StreamAudio', decision: 'collect_expired', ctx },
      'what was collected of an utterance was dropped: no COMMIT came',
    );
  }
}

/** Ids have no spaces (rpc/identity.ts), so two pairs never share a name. */
function mapKeyOf({ hardwareId, sessionId }: UtteranceKey): string {
  return `${hardwareId} ${sessionId}`;
}

function bytesOf(screenshot: Screenshot | undefined): number {
  return screenshot?.bytes.byteLength ?? 0;
}

/** A small Buffer is a view into a shared slab, which it would keep alive: what is counted must be what it costs. */
function withOwnMemory(screenshot: Screenshot): Screenshot {
  const { bytes } = screenshot;
  return bytes.buffer.byteLength === bytes.byteLength ? screenshot : { ...screenshot, bytes: new Uint8Array(bytes) };
}
