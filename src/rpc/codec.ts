/** Frames as wire messages. The one place that knows the fields of StreamResponse. */
import { assertNever } from '../assert.ts';
import type { Frame } from '../machines/stream-port.ts';
import type { StreamResponse } from './generated/streaming/StreamResponse.ts';

/** CONTRACT §1: raw PCM, 48000 Hz, mono, signed 16-bit little-endian. */
const audioFields = { dtype: 'int16', shape: [], sample_rate: 48_000, channels: 1 };

/** The wire message of `frame` for the session with the given id. */
export function messageOf(frame: Frame, sessionId: string): StreamResponse {
  switch (frame.kind) {
    case 'text':
      return { text_chunk: frame.text };
    case 'audio':
      return { audio_chunk: { audio_data: bufferOf(frame.bytes), ...audioFields } };
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

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
