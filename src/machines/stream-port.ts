/**
 * What passes between a session and the wire, as types only: frames on their way out, the two ends a stream can have,
 * and the port through which rpc/ asks for a stream. Both sides import it, so neither knows the other.
 */
import type { Failure } from '../errors.ts';

/** One frame for the client, still without any wire format. */
export type Frame =
  | { readonly kind: 'text'; readonly text: string }
  /** PCM in `audioFormat`, 1 to 4096 bytes, an even number. Read-only: engines may share the memory. */
  | { readonly kind: 'audio'; readonly bytes: Uint8Array }
  | { readonly kind: 'action'; readonly command: string; readonly args: Readonly<Record<string, unknown>> }
  | { readonly kind: 'end'; readonly message: string };

/** How a stream ended. */
export type StreamEnd = { readonly ok: true } | { readonly ok: false; readonly failure: Failure };

/** What a sink tells its outbox. */
export interface SinkListener {
  /** The transport passed a frame on to the client's side (its flow control let it through). */
  frameAccepted(): void;
  /** The sink can take a frame again after `canWrite()` was false. */
  roomFreed(): void;
}

/** The way out of one call; made by rpc/, written to by the session's outbox alone. */
export interface FrameSink {
  /** Names the one listener; called once, before the first write. */
  attach(listener: SinkListener): void;
  /** False while as many frames are in flight as the transport should hold. */
  canWrite(): boolean;
  /** Hands one frame to the transport. Only while `canWrite()`. */
  write(frame: Frame): void;
  /** Ends the call with its one status; idempotent, nothing can be written afterwards. */
  finish(end: StreamEnd): void;
}

/** What was asked, after rpc/ has checked it and made the ids. */
export interface StreamRequest {
  /** One call; unique in the process. The slot belongs to it. */
  readonly streamId: string;
  readonly sessionId: string;
  readonly hardwareId: string;
  readonly prompt: string;
  /** Base64 as the client sent it. */
  readonly screenshot?: string;
  readonly screenWidth?: number;
  readonly screenHeight?: number;
}

/** A stream that was admitted, as its call sees it. */
export interface OpenStream {
  /** The client cancelled, vanished, or its deadline passed; idempotent, harmless after the end. */
  cancel(): void;
}

/** The supervisor as rpc/ sees it. */
export interface StreamGateway {
  /** Admits and starts a stream, or says why not; decided before it returns. */
  open(request: StreamRequest, sink: FrameSink): OpenStream | Failure;
  /** Counts and logs a call that never reached the supervisor because its request was bad. */
  noteInvalid(streamId: string, failure: Failure): void;
  /** Ends every stream of the device; returns their session ids. */
  interrupt(hardwareId: string): readonly string[];
}
