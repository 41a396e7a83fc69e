/**
 * Frames as wire messages. The one place that knows the fields of StreamResponse. A full chunk of sound, nine tenths of all frames, is
 * encoded here by filling a template that proto-loader's own encoder made: the bytes are the same (a test compares them), at a fifth of
 * the cost.
 */
import { assertNever } from '../assert.ts';
import type { Frame } from '../machines/stream-port.ts';
import type { StreamResponse } from './generated/streaming/StreamResponse.ts';
import { streamingService } from './proto.ts';

/** CONTRACT §1: raw PCM, 48000 Hz, mono, signed 16-bit little-endian. */
const audioFields = { dtype: 'int16', shape: [], sample_rate: 48_000, channels: 1 };

const FULL_CHUNK_BYTES = 4096;
const fullChunkTemplate = templateOf(FULL_CHUNK_BYTES);

/** The wire message of `frame` for the session with the given id; a Buffer is already encoded. */
export function messageOf(frame: Frame, sessionId: string): StreamResponse | Buffer {
  switch (frame.kind) {
    case 'text':
      return { text_chunk: frame.text };
    case 'audio':
      if (frame.bytes.byteLength === FULL_CHUNK_BYTES) return fillTemplate(fullChunkTemplate, frame.bytes);
      return audioMessage(bufferOf(frame.bytes));
    case 'action': {
      const { command, args } = frame;
      const action_json = JSON.stringify({ command, args, session_id: sessionId });
      return { action_message: { action_json, session_id: sessionId } };
    }
    case 'end':
      return { end_message: frame.message };
    default:
      return assertNever(frame);
  }
}

/** The one frame of a call that failed before any other was sent. */
export function errorMessageOf(details: string): StreamResponse {
  return { error_message: details };
}

/** Encodes what `messageOf` returned. */
export function encodeMessage(message: StreamResponse | Buffer): Buffer {
  return Buffer.isBuffer(message) ? message : streamingService.StreamAudio.responseSerialize(message);
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

function fillTemplate({ encoded, soundAt }: ChunkTemplate, sound: Uint8Array): Buffer {
  const message = Buffer.allocUnsafe(encoded.byteLength);
  encoded.copy(message, 0, 0, soundAt);
  message.set(sound, soundAt);
  encoded.copy(message, soundAt + sound.byteLength, soundAt + sound.byteLength);
  return message;
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
