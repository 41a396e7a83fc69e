/**
 * Frames as wire messages, one codec an rpc. The one place that knows the fields of StreamResponse and WelcomeResponse. A full chunk of
 * sound, nine tenths of all frames, is encoded here by filling a template that proto-loader's own encoder made: the bytes are the
 * same (a test compares them), without a walk over the fields and without memory of its own.
 */
import { assertNever } from '../assert.ts';
import type { Frame } from '../call/gateway.ts';
import { AUDIO_CHUNK_BYTES, audioFormat } from '../call/wire.ts';
import type { AudioChunk } from './generated/streaming/AudioChunk.ts';
import type { StreamResponse } from './generated/streaming/StreamResponse.ts';
import type { WelcomeResponse } from './generated/streaming/WelcomeResponse.ts';
import type { streamingService } from './proto.ts';

const { dtype, sampleRateHz, channels } = audioFormat;
const audioFields = { dtype, sample_rate: sampleRateHz, channels } as const;

/** A chunk of AUDIO_CHUNK_BYTES of sound; stands for the message that has it. */
export interface FullChunk {
  readonly fullChunk: Uint8Array;
}

/** Turns the frames of one rpc into its messages. */
export interface FrameCodec<TMessage> {
  /** The wire message of `frame` for the session with the given id. */
  messageOf(frame: Frame, sessionId: string): TMessage | FullChunk;
  /** The one frame of a call that failed before any other was sent. */
  errorMessageOf(details: string): TMessage;
}

export const answerCodec: FrameCodec<StreamResponse> = {
  messageOf: (frame, sessionId) => {
    switch (frame.kind) {
      case 'text':
        // A model may write half a surrogate pair; a proto3 string must be valid UTF-8 or clients drop the stream.
        return { text_chunk: frame.text.toWellFormed() };
      case 'audio':
        return soundOf(frame.bytes);
      case 'action': {
        const { command, args } = frame;
        const action_json = JSON.stringify({ command, args, session_id: sessionId });
        return { action_message: { action_json, session_id: sessionId } };
      }
      case 'end':
        return { end_message: frame.message };
      case 'metadata':
        throw new Error('a metadata frame in an answer stream');
      default:
        return assertNever(frame);
    }
  },
  errorMessageOf: (details) => ({ error_message: details }),
};

export const welcomeCodec: FrameCodec<WelcomeResponse> = {
  messageOf: (frame) => {
    switch (frame.kind) {
      case 'metadata':
        // The length is not known before the last sentence is spoken.
        return { metadata: { method: frame.method, duration_sec: 0, ...audioFields } };
      case 'audio':
        return soundOf(frame.bytes);
      case 'end':
        return { end_message: frame.message };
      case 'text':
      case 'action':
        throw new Error(`a ${frame.kind} frame in a welcome stream`);
      default:
        return assertNever(frame);
    }
  },
  errorMessageOf: (details) => ({ error_message: details }),
};

/** What encodes messages that carry sound. */
type Encode<TMessage> = (message: TMessage | { readonly audio_chunk: AudioChunk }) => Buffer;

/**
 * Makes an encoder, over that of proto-loader, of what a codec gives. What it returns for a full chunk is overwritten by the next
 * one: grpc-js copies a message behind its header before it asks for another.
 */
export function createMessageEncoder<TMessage extends object>(encode: Encode<TMessage>) {
  const template = templateOf(encode, AUDIO_CHUNK_BYTES);
  return (message: TMessage | FullChunk): Buffer => {
    if (!('fullChunk' in message)) return encode(message);
    template.encoded.set(message.fullChunk, template.soundAt);
    return template.encoded;
  };
}

/** The same service, whose streams also take full chunks. */
export function withFullChunks(service: typeof streamingService): typeof streamingService {
  const { StreamAudio, GenerateWelcomeAudio } = service;
  return {
    ...service,
    StreamAudio: { ...StreamAudio, responseSerialize: createMessageEncoder(StreamAudio.responseSerialize) },
    GenerateWelcomeAudio: {
      ...GenerateWelcomeAudio,
      responseSerialize: createMessageEncoder(GenerateWelcomeAudio.responseSerialize),
    },
  };
}

function soundOf(bytes: Uint8Array): { readonly audio_chunk: AudioChunk } | FullChunk {
  return bytes.byteLength === AUDIO_CHUNK_BYTES ? { fullChunk: bytes } : audioMessage(bufferOf(bytes));
}

function audioMessage(audio_data: Buffer): { readonly audio_chunk: AudioChunk } {
  return { audio_chunk: { audio_data, shape: [], ...audioFields } };
}

/** An encoded chunk of silence, and where its sound stands. */
interface ChunkTemplate {
  readonly encoded: Buffer;
  readonly soundAt: number;
}

function templateOf<TMessage>(encode: Encode<TMessage>, soundBytes: number): ChunkTemplate {
  const MARK = 0xa5;
  const encoded = encode(audioMessage(Buffer.alloc(soundBytes, MARK)));
  return { encoded, soundAt: encoded.indexOf(Buffer.alloc(soundBytes, MARK)) };
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
