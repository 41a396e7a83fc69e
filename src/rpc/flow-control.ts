/**
 * Flow control of each streaming call, as a server interceptor. grpc-js takes the next message only after the transport took the last one, and
 * each costs a socket write. Here messages go in batches: behind a cork, which is pulled before the event loop goes on, so that http2
 * writes what came of a stream in one turn of it at once. Whose turn it is on a connection, turns.ts decides.
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
import { type Sender, Turns } from './turns.ts';

/** Told what happens to the messages of one call. */
export interface CallFlowListener {
  /** The transport took what was under way. */
  messagesAccepted(): void;
  /** `canSend()` was false and is true again. */
  roomFreed(): void;
}

const nobody: CallFlowListener = Object.freeze({ messagesAccepted: () => {}, roomFreed: () => {} });

/** The HTTP/2 stream of a call, as far as it is needed here. */
export interface WireStream {
  readonly session?: object | undefined;
  cork(): void;
  uncork(): void;
  close(code: number): void;
}

/** The messages of one call that are with the transport and not yet taken by it. */
export class CallFlow implements Sender {
  share = 0;
  handedOverAt = 0;
  isSlow = false;
  readonly #call: ServerInterceptingCallInterface;
  readonly #stream: WireStream | null;
  readonly #turns: Turns;
  readonly #taken = (): void => this.#messageTaken();
  #listener = nobody;
  /** A batch is being put together, until the event loop goes on. */
  #isOpen = false;
  /** How many messages it may still take. */
  #allowed = 0;
  #underWay = 0;
  /** A message waits for `roomFreed`. */
  #hasMore = false;
  #isWaiting = false;
  #isOver = false;

  constructor(call: ServerInterceptingCallInterface, stream: WireStream | null, turns: Turns) {
    this.#call = call;
    this.#stream = stream;
    this.#turns = turns;
  }

  attach(listener: CallFlowListener): void {
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
    this.#call.sendMessage(message, this.#taken);
  }

  /** The last message of a call that fails before any other: it goes whatever is under way. */
  sendLast(message: unknown): void {
    this.#call.sendMessage(message, () => {});
  }

  /** Nothing more will be sent, and nobody listens. */
  finish(): void {
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
    this.#stream?.uncork();
    this.#turns.handedOver(this, this.#underWay);
  }

  #messageTaken(): void {
    this.#underWay -= 1;
    if (this.#underWay > 0 || this.#isOver) return;
    this.#listener.messagesAccepted();
    const hasMore = this.#hasMore;
    this.#hasMore = false;
    this.#isWaiting = hasMore;
    this.#turns.taken(this, hasMore);
  }
}

function handOver(flow: CallFlow): void {
  flow.handOver();
}

const flows = new WeakMap<Metadata, CallFlow>();

/** The flow of the call that carries this metadata object; undefined if the interceptor did not see it. */
export function flowOf(metadata: Metadata): CallFlow | undefined {
  return flows.get(metadata);
}

/** Makes the interceptor of one server: it puts a CallFlow beside every server-streaming call. */
export function createFlowControl(): ServerInterceptor {
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
    const flow = new CallFlow(nextCall, stream, stream?.session === undefined ? new Turns() : turnsOn(stream.session));
    return new ServerInterceptingCall(nextCall, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, nextMetadata) => {
            flows.set(metadata, flow);
            nextMetadata(metadata);
          },
          onCancel: () => {
            flow.leave();
          },
        }),
    });
  };
}

/**
 * The one guarded use of a private field: grpc-js has no public way to the HTTP/2 stream of a call, to put a cork on it or to reset it when
 * its reader has stalled (docs/decisions/0002). If a future version hides it, messages leave one by one, streams of a connection don't take
 * turns, and a stalled one stays until its connection ages out.
 */
function streamOf(call: ServerInterceptingCallInterface): WireStream | null {
  const stream: unknown = Reflect.get(call, 'stream');
  return isWireStream(stream) ? stream : null;
}

function isWireStream(stream: unknown): stream is WireStream {
  return typeof stream === 'object' && stream !== null && 'cork' in stream && 'uncork' in stream && 'close' in stream;
}
