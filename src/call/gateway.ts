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
  | { readonly kind: 'end'; readonly message: string }
  /** First in a welcome stream and nowhere else: who speaks. */
  | { readonly kind: 'metadata'; readonly method: string };

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

/** The rpc a call belongs to, as the log names it. */
export type RpcMethod = 'StreamAudio' | 'GenerateWelcomeAudio' | 'InterruptSession' | 'ReportUsage';

/** An image that rpc/ has checked. It travels beside the charts and never enters an event, a context or a log. */
export interface Screenshot {
  readonly bytes: Uint8Array;
  /** By its magic bytes, whatever the client called it. */
  readonly mediaType: 'image/png' | 'image/jpeg' | 'image/webp';
  readonly widthPixels: number;
  readonly heightPixels: number;
}

/** What was asked, after rpc/ has checked it and made the ids. */
export interface StreamRequest {
  /** One call; unique in the process. The slot belongs to it. */
  readonly streamId: string;
  readonly sessionId: string;
  readonly hardwareId: string;
  readonly prompt: string;
  readonly screenshot?: Screenshot;
  readonly screenWidth?: number;
  readonly screenHeight?: number;
}

/** The text that a welcome stream speaks, after rpc/ has checked it and made the session id. */
export interface WelcomeRequest {
  readonly streamId: string;
  readonly sessionId: string;
  /** Blank = a greeting in the language. */
  readonly text: string;
  /** A speech engine's own name of a voice; absent = the engine chooses. */
  readonly voice?: string;
  /** A BCP 47 tag; absent = by the text's script. */
  readonly language?: string;
}

/** Whose utterance is being collected. */
export interface UtteranceKey {
  readonly hardwareId: string;
  readonly sessionId: string;
}

/** One COLLECT, checked; absent fields leave what is kept as it is. */
export interface CollectedChunk extends UtteranceKey {
  readonly streamId: string;
  readonly sequence: number;
  /** Not empty. A newer whole hypothesis; or, if it starts with white space, the tail of the one before. */
  readonly text?: string;
  readonly screenshot?: Screenshot;
  readonly screenWidth?: number;
  readonly screenHeight?: number;
}

/** What was collected of an utterance so far. */
export interface CollectedUtterance {
  /** '' = no words yet. */
  readonly text: string;
  readonly screenshot?: Screenshot;
  readonly screenWidth?: number;
  readonly screenHeight?: number;
}

/** A stream that was admitted, as its call sees it. */
export interface OpenStream {
  /** The client cancelled, vanished, or its deadline passed; idempotent, harmless after the end. */
  cancel(): void;
}

/** A call and whose it is; '' = an id that is not known. */
export interface IdentifiedCall extends UtteranceKey {
  readonly streamId: string;
}

/** The supervisor as rpc/ sees it. */
export interface StreamGateway {
  /**
   * Admits and starts a stream, or says why not; decided before it returns. What was collected for its utterance is used up
   * when it is admitted, and kept when it is refused.
   */
  open(request: StreamRequest, sink: FrameSink): OpenStream | Failure;
  /** The same for a welcome stream: it takes a slot, but its session id may be in flight. */
  openWelcome(request: WelcomeRequest, sink: FrameSink): OpenStream | Failure;
  /** Keeps a chunk for the COMMIT to come, without a slot; null = accepted, also when it was old and is dropped. */
  collect(chunk: CollectedChunk): Failure | null;
  /** What was collected for this utterance and is not used up; null = nothing. */
  collected(key: UtteranceKey): CollectedUtterance | null;
  /**
   * Why a stream would be refused now whatever it says: the server is not open, or its session is in flight. Only asks: nothing is
   * taken, counted or logged. Null = not for such a reason.
   */
  refusalOf(call: IdentifiedCall): Failure | null;
  /** Counts and logs a call that was refused when its request was checked. */
  noteInvalid(call: IdentifiedCall & { readonly method: RpcMethod }, failure: Failure): void;
  /** Ends every stream of the device, and the welcome streams of its sessions in flight; returns their session ids, each once. */
  interrupt(hardwareId: string): readonly string[];
}
