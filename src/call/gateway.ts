/**
 * What passes between a session and the wire, as types only: frames on their way out, the two ends a stream can have,
 * and the port through which rpc/ asks for a stream. Both sides import it, so neither knows the other.
 */
import type { Failure } from '../errors.ts';
import type { Call } from './call.ts';

/** One frame for the client, still without any wire format. */
export type Frame =
  | { readonly kind: 'text'; readonly text: string }
  /** PCM as in wire.ts, 1 to AUDIO_CHUNK_BYTES, an even number. Read-only: engines may share the memory. */
  | { readonly kind: 'audio'; readonly bytes: Uint8Array }
  | { readonly kind: 'action'; readonly command: string; readonly args: Readonly<Record<string, unknown>> }
  | { readonly kind: 'end'; readonly message: string }
  /** First in a welcome stream and nowhere else: who speaks. */
  | { readonly kind: 'metadata'; readonly method: string };

/** How a stream ended. */
export type StreamEnd = { readonly ok: true } | FailedEnd;

export interface FailedEnd {
  readonly ok: false;
  readonly failure: Failure;
  /** It was refused: the supervisor has written the one line that a failed call has. */
  readonly isRefusal?: true;
}

/** What a sink tells its outbox. */
export interface SinkListener {
  /** The transport passed a frame on to the client's side (its flow control let it through). */
  frameAccepted(): void;
  /** The sink can take a frame again after `canWrite()` was false. */
  roomFreed(): void;
}

/** The way out of one call; made by rpc/, written to by the session's outbox alone. */
export interface FrameSink {
  /** Names the connection that the call came over: in a crowd, connections take turns. */
  readonly connection: string;
  /** Names the one listener; called once, before the first write. */
  attach(listener: SinkListener): void;
  /** False while as many frames are in flight as the transport should hold. */
  canWrite(): boolean;
  /** Hands one frame to the transport. Only while `canWrite()`. */
  write(frame: Frame): void;
  /** Ends the call with its one status; idempotent, nothing can be written afterwards. */
  finish(end: StreamEnd): void;
}

/** An image that rpc/ has checked. It travels beside the charts and never enters an event, a context or a log. */
export interface Screenshot {
  readonly bytes: Uint8Array;
  /** By its magic bytes, whatever the client called it. */
  readonly mediaType: 'image/png' | 'image/jpeg' | 'image/webp';
  readonly widthPixels: number;
  readonly heightPixels: number;
}

/** What the screen showed, as one request or all of an utterance tell it; absent = not told. */
export interface Screen {
  readonly screenshot?: Screenshot;
  readonly screenWidth?: number;
  readonly screenHeight?: number;
}

/** What was asked, each field checked. */
export interface StreamRequest {
  readonly call: Call;
  /** The words that this request brings itself; what was collected before goes ahead of them, or is all there is. */
  readonly prompt: string;
  readonly screen: Screen;
}

/** The text that a welcome stream speaks, each field checked. Its call names no device. */
export interface WelcomeRequest {
  readonly call: Call;
  /** Blank = a greeting in the language. */
  readonly text: string;
  /** A speech engine's own name of a voice; absent = the engine chooses. */
  readonly voice?: string;
  /** A BCP 47 tag; absent = by the text's script. */
  readonly language?: string;
}

/** One COLLECT, each field checked; what is absent leaves what is kept as it is. */
export interface CollectedChunk {
  readonly call: Call;
  readonly sequence: number;
  /** Not empty. A newer whole hypothesis; or, if it starts with white space, the tail of the one before. */
  readonly text?: string;
  readonly screen: Screen;
}

/** A stream that was admitted, as its call sees it. */
export interface OpenStream {
  /** The client cancelled, vanished, or its deadline passed; idempotent, harmless after the end. */
  cancel(): void;
}

/** The supervisor as rpc/ sees it. Every failure that it gives has been counted and logged. */
export interface StreamGateway {
  /**
   * Admits and starts a stream, or says why not; decided before it returns, unless a quota or another process is asked: then a call that is
   * refused after all is ended through its sink. What was collected for its utterance is used up when it is admitted, and kept when it is refused.
   */
  open(request: StreamRequest, sink: FrameSink): OpenStream | Failure;
  /** The same for a welcome stream: it takes a slot, but its session id may be in flight. */
  openWelcome(request: WelcomeRequest, sink: FrameSink): OpenStream | Failure;
  /**
   * Keeps a chunk for the COMMIT to come, without a slot; null = accepted, also when it was old and is dropped. Answered before it returns where
   * admissions are decided in this process.
   */
  collect(chunk: CollectedChunk, answer: (refused: Failure | null) => void): void;
  /** Takes note of a call that is refused before it is asked for: for its ids or a field. The failure comes back as it is. */
  refuse(call: Call, failure: Failure): Failure;
  /**
   * Ends every stream of the device, and the welcome streams of its sessions in flight; resolves with their session ids, each
   * once, when the last of them is over.
   */
  interrupt(hardwareId: string): Promise<readonly string[]>;
}
