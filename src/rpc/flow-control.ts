/**
 * Flow control of one call, as a server interceptor. grpc-js takes the next message only after the transport took the last one; one
 * message at a time costs a socket write each. Here up to MAX_IN_FLIGHT messages are in flight, which lets http2 write them together
 * (0.64 of the CPU of a bare handler, docs/decisions/0002), and every real acceptance is told to the call's sink.
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

/** 8 frames of sound: 32 KiB, half of HTTP/2's initial window. */
const MAX_IN_FLIGHT = 8;

/** Told what happens to the messages of one call. */
export interface CallFlowListener {
  /** The transport took a message: the client's flow control let it through. */
  messageAccepted(): void;
  /** `canSend()` was false and is true again. */
  roomFreed(): void;
}

/** The messages of one call that are with the transport and not yet taken by it. */
export class CallFlow {
  readonly #send: (message: unknown) => void;
  readonly #stopStream: () => void;
  #inFlight = 0;
  #listener: CallFlowListener | null = null;

  constructor(send: (message: unknown) => void, stopStream: () => void) {
    this.#send = send;
    this.#stopStream = stopStream;
  }

  attach(listener: CallFlowListener): void {
    this.#listener = listener;
  }

  canSend(): boolean {
    return this.#inFlight < MAX_IN_FLIGHT;
  }

  /**
   * Hands one message to the transport, past the call's own Writable, which would only count it once more. The call
   * still ends the ordinary way: what was handed over here leaves before its status.
   */
  send(message: unknown): void {
    this.#inFlight += 1;
    this.#send(message);
  }

  messageTaken(): void {
    const wasFull = !this.canSend();
    this.#inFlight -= 1;
    this.#listener?.messageAccepted();
    if (wasFull) this.#listener?.roomFreed();
  }

  /**
   * Resets the HTTP/2 stream: the last resort for a reader that takes neither frames nor the status. It reads RESOURCE_EXHAUSTED without
   * trailers, which no cancel of its own is.
   */
  reset(): void {
    this.#stopStream();
  }
}

const flows = new WeakMap<Metadata, CallFlow>();

/** The flow of the call that carries this metadata object; undefined if the interceptor did not see it. */
export function flowOf(metadata: Metadata): CallFlow | undefined {
  return flows.get(metadata);
}

/** Puts a CallFlow beside every server-streaming call. */
export const flowControlInterceptor: ServerInterceptor = (method, nextCall) => {
  if (!method.responseStream) return new ServerInterceptingCall(nextCall);
  const flow: CallFlow = new CallFlow(
    (message) => call.sendMessage(message, () => flow.messageTaken()),
    () => closeStreamOf(nextCall),
  );
  const call = new ServerInterceptingCall(nextCall, {
    start: (next) =>
      next({
        onReceiveMetadata: (metadata, nextMetadata) => {
          flows.set(metadata, flow);
          nextMetadata(metadata);
        },
      }),
  });
  return call;
};

/**
 * The one guarded use of a private field: grpc-js has no public way to reset a stream whose reader has stalled (docs/decisions/0002).
 * If a future version hides it, the stream stays until its connection ages out.
 */
function closeStreamOf(call: ServerInterceptingCallInterface): void {
  const stream: unknown = Reflect.get(call, 'stream');
  if (typeof stream !== 'object' || stream === null) return;
  const close: unknown = Reflect.get(stream, 'close');
  // HTTP/2's CANCEL would be CANCELLED to it, as if it had asked for the end itself.
  if (typeof close === 'function') close.call(stream, constants.NGHTTP2_ENHANCE_YOUR_CALM);
}
