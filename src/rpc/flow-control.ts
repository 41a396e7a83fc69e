/**
 * Flow control of each streaming call, as a server interceptor. grpc-js takes the next message only after the transport took the last one, and
 * each costs a write and memory of its own. Here messages go in batches: what came of a stream before the event loop goes on is one write,
 * from memory that is used again when the transport took it. Whose turn it is on a connection, turns.ts decides.
 *
 * "Taken" is a batch that the client's flow control let through; that is all that is ever known of a reader.
 *
 * The interceptor meets the handler's call through the metadata object that both see.
 */
import { constants } from 'node:http2';
import {
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
} from '@grpc/grpc-js';
import type { SinkListener } from '../call/gateway.ts';
import { type Sender, Turns } from './turns.ts';

const nobody: SinkListener = Object.freeze({ frameAccepted: () => {}, roomFreed: () => {} });

/** Room for a full batch of sound, with the headers of its messages. */
const BATCH_BYTES = 36 * 1024;
/** Buffers kept for the next batches, 2.3 MB: more are only in use at once where many readers are slow. */
const MAX_SPARE_BUFFERS = 64;
/** Of each message: a flag that it is not compressed, and its length. */
const HEADER_BYTES = 5;

/** Buffers of BATCH_BYTES, used again: 4 KiB a frame, left to the garbage collector, are most of its work. */
export class BatchBuffers {
  readonly #spare: Buffer[] = [];

  take(): Buffer {
    return this.#spare.pop() ?? Buffer.allocUnsafeSlow(BATCH_BYTES);
  }

  /** Only what nobody will read or write any more. */
  giveBack(buffer: Buffer): void {
    if (this.#spare.length < MAX_SPARE_BUFFERS) this.#spare.push(buffer);
  }
}

/** The call of grpc-js, as far as it is needed here. */
type MessageWriter = Pick<ServerInterceptingCallInterface, 'sendMessage'>;

/** What the flows of one server, or of one connection, share. */
interface FlowSurroundings {
  readonly buffers: BatchBuffers;
  readonly turns: Turns;
  readonly encode: (message: unknown) => Buffer;
}

/** The HTTP/2 stream of a call, as far as it is needed here. */
export interface WireStream {
  readonly session?: object | undefined;
  readonly destroyed: boolean;
  readonly writableEnded: boolean;
  write(bytes: Uint8Array, taken: (error?: Error | null) => void): boolean;
  cork(): void;
  uncork(): void;
  close(code: number): void;
}

/** The messages of one call that are with the transport and not yet taken by it. */
export class CallFlow implements Sender {
  share = 0;
  handedOverAt = 0;
  isSlow = false;
  readonly #call: MessageWriter;
  readonly #stream: WireStream | null;
  readonly #turns: Turns;
  readonly #buffers: BatchBuffers;
  readonly #encode: (message: unknown) => Buffer;
  #listener = nobody;
  /** A batch is being put together, until the event loop goes on. */
  #isOpen = false;
  /** How many messages it may still take. */
  #allowed = 0;
  #underWay = 0;
  /** grpc-js writes the first message, and the headers before it. */
  #isBegun = false;
  /** Messages that are not written yet, one behind the other. */
  #buffer: Buffer | null = null;
  #bufferedBytes = 0;
  #bufferedMessages = 0;
  /** A message waits for `roomFreed`. */
  #hasMore = false;
  #isWaiting = false;
  #isOver = false;

  constructor(call: MessageWriter, stream: WireStream | null, { turns, buffers, encode }: FlowSurroundings) {
    this.#call = call;
    this.#stream = stream;
    this.#turns = turns;
    this.#buffers = buffers;
    this.#encode = encode;
  }

  /** It is told when the transport took what was under way, and when `canSend()` was false and is true again. */
  attach(listener: SinkListener): void {
    this.#listener = listener;
  }

  /** Whether a message may be sent; one that may not waits for `roomFreed`. */
  canSend(): boolean {
    const isFree = this.#isOpen ? this.#allowed > 0 : this.#underWay === 0 && !this.#isWaiting;
    if (!isFree) this.#hasMore = true;
    return isFree && !this.#isOver;
  }

  /**
   * Hands one message to the transport, past the call's own Writable, which would only count it once more. The call
   * still ends the ordinary way: what was handed over here leaves before its status.
   */
  send(message: unknown): void {
    if (!this.#isOpen) this.#open(this.#turns.begin(this));
    this.#allowed -= 1;
    this.#underWay += 1;
    if (this.#stream !== null && this.#isBegun) this.#append(this.#stream, this.#encode(message));
    else this.#call.sendMessage(message, () => this.#messagesTaken(1));
    this.#isBegun = true;
  }

  /** The last message of a call that fails before any other: it goes whatever is under way. */
  sendLast(message: unknown): void {
    this.#call.sendMessage(message, () => {});
  }

  /** Nothing more will be sent, and nobody listens. What was sent is written ahead of the end that follows. */
  finish(): void {
    this.#writeBuffer();
    this.#listener = nobody;
    this.#hasMore = false;
    this.#turns.stopWaiting(this);
  }

  /**
   * Resets the HTTP/2 stream: the last resort for a reader that takes neither frames nor the status. It reads RESOURCE_EXHAUSTED without
   * trailers, which no cancel of its own is.
   */
  reset(): void {
    // HTTP/2's CANCEL would be CANCELLED to it, as if it had asked for the end itself.
    this.#stream?.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  }

  turnCame(allowed: number): void {
    this.#isWaiting = false;
    this.#open(allowed);
    this.#listener.roomFreed();
  }

  /** The call is over: nothing that it has under way will be told of. */
  leave(): void {
    this.#isOver = true;
    this.#listener = nobody;
    this.#turns.leave(this);
  }

  #open(allowed: number): void {
    this.#isOpen = true;
    this.#allowed = allowed;
    this.#stream?.cork();
    process.nextTick(handOver, this);
  }

  /** The batch is complete. */
  handOver(): void {
    this.#isOpen = false;
    this.#writeBuffer();
    this.#stream?.uncork();
    this.#turns.handedOver(this, this.#underWay);
  }

  #append(stream: WireStream, message: Buffer): void {
    const bytes = HEADER_BYTES + message.byteLength;
    if (bytes > BATCH_BYTES - this.#bufferedBytes) this.#writeBuffer();
    if (bytes > BATCH_BYTES) {
      const large = Buffer.allocUnsafe(bytes);
      frame(message, large, 0);
      this.#write(stream, large, 1, null);
      return;
    }
    this.#buffer ??= this.#buffers.take();
    frame(message, this.#buffer, this.#bufferedBytes);
    this.#bufferedBytes += bytes;
    this.#bufferedMessages += 1;
  }

  #writeBuffer(): void {
    const buffer = this.#buffer;
    if (buffer === null || this.#stream === null) return;
    this.#write(this.#stream, buffer.subarray(0, this.#bufferedBytes), this.#bufferedMessages, buffer);
    this.#buffer = null;
    this.#bufferedBytes = 0;
    this.#bufferedMessages = 0;
  }

  /**
   * A buffer is used again only when its write is over for certain. A failed one may still be read by the socket, in part; and so may one of
   * a stream that was destroyed, which http2 tells of as if it had gone well.
   */
  #write(stream: WireStream, bytes: Uint8Array, messages: number, buffer: Buffer | null): void {
    if (stream.destroyed || stream.writableEnded) return;
    stream.write(bytes, (error) => {
      if (error !== null && error !== undefined) return;
      if (buffer !== null && !stream.destroyed) this.#buffers.giveBack(buffer);
      this.#messagesTaken(messages);
    });
  }

  #messagesTaken(messages: number): void {
    this.#underWay -= messages;
    if (this.#underWay > 0 || this.#isOver) return;
    this.#listener.frameAccepted();
    const hasMore = this.#hasMore;
    this.#hasMore = false;
    this.#isWaiting = hasMore;
    this.#turns.taken(this, hasMore);
  }
}

function frame(message: Buffer, target: Buffer, at: number): void {
  target[at] = 0;
  target.writeUInt32BE(message.byteLength, at + 1);
  message.copy(target, at + HEADER_BYTES);
}

function handOver(flow: CallFlow): void {
  flow.handOver();
}

const flows = new WeakMap<Metadata, CallFlow>();

/** The flow of the call that carries this metadata object, for who asks first; undefined if the interceptor did not see it. */
export function takeFlowOf(metadata: Metadata): CallFlow | undefined {
  const flow = flows.get(metadata);
  flows.delete(metadata);
  return flow;
}

/** What a call tells to who stands behind it; grpc-js does not export its name. */
type CallListener = Parameters<ServerInterceptingCallInterface['start']>[0];

/** grpc-js's own way to listen between two makes a dozen objects a call, for listeners that answer later; these answer at once. */
class FlowedCall extends ServerInterceptingCall {
  readonly #call: ServerInterceptingCallInterface;
  readonly #flow: CallFlow;

  constructor(call: ServerInterceptingCallInterface, flow: CallFlow) {
    super(call);
    this.#call = call;
    this.#flow = flow;
  }

  override start(listener: CallListener): void {
    this.#call.start(new FlowListener(listener, this.#flow));
  }
}

/** Passes on what comes of a call, and nothing once it is cancelled. */
class FlowListener implements CallListener {
  readonly #next: CallListener;
  readonly #flow: CallFlow;
  #isCancelled = false;

  constructor(next: CallListener, flow: CallFlow) {
    this.#next = next;
    this.#flow = flow;
  }

  onReceiveMetadata(metadata: Metadata): void {
    if (this.#isCancelled) return;
    flows.set(metadata, this.#flow);
    this.#next.onReceiveMetadata(metadata);
  }

  onReceiveMessage(message: unknown): void {
    if (!this.#isCancelled) this.#next.onReceiveMessage(message);
  }

  onReceiveHalfClose(): void {
    if (!this.#isCancelled) this.#next.onReceiveHalfClose();
  }

  onCancel(): void {
    this.#isCancelled = true;
    this.#flow.leave();
    this.#next.onCancel();
  }
}

/** Makes the interceptor of one server: it puts a CallFlow beside every server-streaming call. */
export function createFlowControl(): ServerInterceptor {
  const buffers = new BatchBuffers();
  const turnsOf = new WeakMap<object, Turns>();
  const turnsOn = (connection: object): Turns => {
    const known = turnsOf.get(connection);
    if (known !== undefined) return known;
    const turns = new Turns();
    turnsOf.set(connection, turns);
    return turns;
  };
  return (method, nextCall) => {
    if (!method.responseStream) return new ServerInterceptingCall(nextCall);
    const stream = streamOf(nextCall);
    const turns = stream?.session === undefined ? new Turns() : turnsOn(stream.session);
    const flow = new CallFlow(nextCall, stream, { turns, buffers, encode: method.responseSerialize });
    return new FlowedCall(nextCall, flow);
  };
}

/**
 * The one guarded use of a private field: grpc-js has no public way to the HTTP/2 stream of a call, to write batches to it or to reset it
 * when its reader has stalled (docs/decisions/0002, 0019). If a future version hides it, messages leave one by one, streams of a connection don't take
 * turns, and a stalled one stays until its connection ages out.
 */
function streamOf(call: ServerInterceptingCallInterface): WireStream | null {
  const stream: unknown = Reflect.get(call, 'stream');
  return isWireStream(stream) ? stream : null;
}

function isWireStream(stream: unknown): stream is WireStream {
  return typeof stream === 'object' && stream !== null && 'cork' in stream && 'write' in stream && 'close' in stream;
}
