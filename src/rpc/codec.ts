/**
 * Frames as wire messages. The one place that knows the fields of StreamResponse. A full chunk of sound, nine tenths of all frames, is
 * encoded here by filling a template that proto-loader's own encoder made: the bytes are the same (a test compares them), without a walk
 * over the fields and without memory of its own.
 */
import { assertNever } from '../assert.ts';
import type { Frame } from '../machines/stream-port.ts';
import type { StreamResponse } from './generated/streaming/StreamResponse.ts';
import { streamingService } from './proto.ts';

/** CONTRACT §1: raw PCM, 48000 Hz, mono, signed 16-bit little-endian. */
const audioFields = { dtype: 'int16', shape: [], sample_rate: 48_000, channels: 1 };

const FULL_CHUNK_BYTES = 4096;

/** A chunk of FULL_CHUNK_BYTES of sound; stands for its StreamResponse. */
export interface FullChunk {
  readonly fullChunk: Uint8Array;
}

/** The wire message of `frame` for the session with the given id. */
export function messageOf(frame: Frame, sessionId: string): StreamResponse | FullChunk {
  switch (frame.kind) {
    case 'text':
      // A model may write half a surrogate pair; a proto3 string must be valid UTF-8 or clients drop the stream.
      return { text_chunk: frame.text.toWellFormed() };
    case 'audio':
      if (frame.bytes.byteLength === FULL_CHUNK_BYTES) return { fullChunk: frame.bytes };
      return audioMessage(bufferOf(frame.bytes));
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
}

/** The one frame of a call that failed before any other was sent. */
export function errorMessageOf(details: string): StreamResponse {
  return { error_message: details };
}

/**
 * Makes an encoder of what `messageOf` returns. What it returns for a full chunk is overwritten by the next one: grpc-js copies a
 * message behind its header before it asks for another.
 */
export function createMessageEncoder(): (message: StreamResponse | FullChunk) => Buffer {
  const { responseSerialize } = streamingService.StreamAudio;
  const template = templateOf(FULL_CHUNK_BYTES);
  return (message) => {
    if (!('fullChunk' in message)) return responseSerialize(message);
    template.encoded.set(message.fullChunk, template.soundAt);
    return template.encoded;
  };
}

function audioMessage(audio_data: Buffer): StreamResponse {
  return { audio_chunk: { audio_data, ...audioFields } };
}

/** An encoded chunk of silence, and where its sound stands. */
interface ChunkTemplate {
  readonly encoded: Buffer;
  readonly soundAt: number;
}

function templateOf(soundBytes: number): ChunkTemplate {
  const MARK = 0xa5;
  const encoded = streamingService.StreamAudio.responseSerialize(audioMessage(Buffer.alloc(soundBytes, MARK)));
  return { encoded, soundAt: encoded.indexOf(Buffer.alloc(soundBytes, MARK)) };
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
