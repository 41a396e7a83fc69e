/**
 * What requests may hold in memory before a handler has them: their bytes as they come, and what comes of unpacking those that were
 * compressed. grpc-js gathers and unpacks each up to its largest size and bounds no sum, so that one connection could pin gigabytes with
 * requests that never end, and fifty small compressed ones could become as much.
 *
 * Guarantees: a message is refused while it is unpacked, at the byte that is too many, never afterwards; what all requests together hold
 * stays within two bounds, one for the bytes that came and one for those that were unpacked, so that who sends little that unpacks to much
 * takes room from his like alone. Over a bound the oldest is reset: an honest request takes a second, one that was made to stay is older
 * than all others. Large ones go before small ones: a server under such an attack still answers who sends words only.
 * A request counts until it is complete, which is when its handler takes it over, or until its stream is closed.
 */
import { constants, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import { createGunzip, createInflate } from 'node:zlib';
import type { ServerInterceptingCallInterface, ServerInterceptor } from '@grpc/grpc-js';
import { MAX_RECEIVED_BYTES } from './request-size.ts';
import { type MessageRefusal, refusedMessage } from './status.ts';

/** The larger ones are reset first: one window of the protocol. */
const SMALL_BYTES = 64 * 1024;
/** What it takes to unpack anything: the window and the state of zlib, and room for what comes of it. */
const UNPACKER_BYTES = 64 * 1024;
/** Of a message on the wire, before its content: whether it is compressed, and its length. */
const PREFIX_BYTES = 5;

export interface RequestBudgetOptions {
  /** All requests together; larger than the largest request. */
  readonly maxBytes: number;
  /** Told of each that was reset, with the bytes that it held. */
  readonly onReset: (heldBytes: number) => void;
}

/** As much of an HTTP/2 stream as a budget needs. */
export type HoldingStream = Pick<ServerHttp2Stream, 'closed' | 'close' | 'on' | 'once' | 'off'>;

/** What one request holds, and what is called when it is whole or its stream closed; of both, nothing stays afterwards. */
interface Held {
  bytes: number;
  readonly forget: () => void;
}

/** The bytes that requests hold together. */
export class RequestBudget {
  readonly #options: RequestBudgetOptions;
  /** By what each holds, oldest first. */
  readonly #small = new Map<HoldingStream, Held>();
  readonly #large = new Map<HoldingStream, Held>();
  #heldBytes = 0;

  constructor(options: RequestBudgetOptions) {
    this.#options = options;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  get maxBytes(): number {
    return this.#options.maxBytes;
  }

  /** Counts what the requests of a server hold while they come. */
  watch(http2Server: Http2Server): void {
    http2Server.on('stream', (stream) => {
      // grpc-js reads already, and has paused: another listener changes nothing about when it comes.
      const count = (chunk: Buffer): void => this.hold(stream, chunk.length);
      stream.on('data', count);
      stream.once('end', () => stream.off('data', count));
    });
  }

  /** The request of this stream holds so many bytes more. */
  hold(stream: HoldingStream, bytes: number): void {
    if (stream.closed) return;
    const held = this.#small.get(stream) ?? this.#large.get(stream) ?? this.#begin(stream);
    const wasSmall = held.bytes <= SMALL_BYTES;
    held.bytes += bytes;
    this.#heldBytes += bytes;
    if (wasSmall && held.bytes > SMALL_BYTES) {
      this.#small.delete(stream);
      this.#large.set(stream, held);
    }
    if (this.#heldBytes > this.#options.maxBytes) this.#makeRoom();
  }

  /** It holds nothing any more. */
  release(stream: HoldingStream): void {
    const held = this.#small.get(stream) ?? this.#large.get(stream);
    if (held === undefined) return;
    this.#heldBytes -= held.bytes;
    if (!this.#small.delete(stream)) this.#large.delete(stream);
    stream.off('end', held.forget);
    stream.off('close', held.forget);
  }

  #begin(stream: HoldingStream): Held {
    const held = { bytes: 0, forget: () => this.release(stream) };
    this.#small.set(stream, held);
    stream.on('end', held.forget);
    stream.on('close', held.forget);
    return held;
  }

  #makeRoom(): void {
    for (const streams of [this.#large, this.#small]) {
      for (const [oldest, { bytes }] of streams) {
        if (this.#heldBytes <= this.#options.maxBytes) return;
        this.release(oldest);
        // gRPC clients take this code for RESOURCE_EXHAUSTED.
        oldest.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
        this.#options.onReset(bytes);
      }
    }
  }
}

/** Makes a stream of what a compressed message unpacks to; the encodings that grpc-js offers to its clients. */
const unpackers = { gzip: createGunzip, deflate: createInflate } as const;

function isKnown(encoding: string): encoding is keyof typeof unpackers {
  return Object.hasOwn(unpackers, encoding);
}

/**
 * Lets a call unpack its messages within the budget, and none beyond the one that a request with one message has. grpc-js has no option for
 * it: the method with which the call unpacks is replaced. One that has no such method unpacks as grpc-js does, each message within its
 * largest size.
 */
export function unpackWithin(
  budget: RequestBudget,
  method: Parameters<ServerInterceptor>[0],
  call: ServerInterceptingCallInterface,
): void {
  const stream: unknown = Reflect.get(call, 'stream');
  if (typeof Reflect.get(call, 'decompressMessage') !== 'function' || !isStream(stream)) return;
  let messages = 0;
  Reflect.set(call, 'decompressMessage', (message: Buffer, encoding: string): Buffer | Promise<Buffer> => {
    messages += 1;
    if (messages > 1 && !method.requestStream) {
      return refused('unimplemented', `A request of ${method.path} is one message; a second one came`);
    }
    const packed = message.subarray(PREFIX_BYTES);
    if (encoding === 'identity') return packed;
    if (!isKnown(encoding)) {
      const known = `identity, ${Object.keys(unpackers).join(', ')}`;
      return refused('unimplemented', `grpc-encoding ${JSON.stringify(encoding.slice(0, 32))} must be one of ${known}`);
    }
    const unpacked = unpack({ packed, encoding, stream, budget });
    // What a call of many messages holds is handed on one by one.
    return method.requestStream ? unpacked.finally(() => budget.release(stream)) : unpacked;
  });
}

function isStream(stream: unknown): stream is HoldingStream {
  return (
    typeof stream === 'object' &&
    stream !== null &&
    'once' in stream &&
    'off' in stream &&
    'close' in stream &&
    'closed' in stream
  );
}

interface Unpacking {
  readonly packed: Buffer;
  readonly encoding: keyof typeof unpackers;
  readonly stream: HoldingStream;
  readonly budget: RequestBudget;
}

function unpack({ packed, encoding, stream, budget }: Unpacking): Promise<Buffer> {
  return new Promise((resolve, reject: (why: MessageRefusal) => void) => {
    const unpacker = unpackers[encoding]();
    const parts: Buffer[] = [];
    let bytes = 0;
    const give = (refusal: MessageRefusal): void => {
      parts.length = 0;
      unpacker.destroy();
      reject(refusal);
    };
    const closed = (): void => give(refusedMessage('cancelled', 'The call is over'));
    stream.once('close', closed);
    budget.hold(stream, UNPACKER_BYTES);
    unpacker.on('error', () => give(refusedMessage('broken', 'Failed to decompress message')));
    unpacker.on('data', (part: Buffer) => {
      bytes += part.length;
      if (bytes > MAX_RECEIVED_BYTES) {
        const details = `Received message that decompresses to a size larger than ${MAX_RECEIVED_BYTES}`;
        give(refusedMessage('tooLarge', details));
        return;
      }
      parts.push(part);
      budget.hold(stream, part.length);
    });
    unpacker.on('end', () => {
      stream.off('close', closed);
      resolve(Buffer.concat(parts, bytes));
    });
    unpacker.end(packed);
  });
}

function refused(...why: Parameters<typeof refusedMessage>): Promise<never> {
  return Promise.reject(refusedMessage(...why));
}
