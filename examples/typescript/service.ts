// proto/streaming.proto, read at run time, with types for the part that the client uses.
import { fileURLToPath } from 'node:url';
import {
  type CallOptions,
  type Client,
  type ClientReadableStream,
  credentials,
  loadPackageDefinition,
  type ServiceClientConstructor,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

export interface Request {
  hardware_id: string;
  session_id: string;
  phase: 'REQUEST_PHASE_COLLECT' | 'REQUEST_PHASE_COMMIT';
  prompt?: string;
  chunk_seq?: number;
  chunk_text?: string;
  /** Base64 of an image. */
  screenshot?: string;
}

export interface AudioChunk {
  audio_data: Buffer;
  dtype: string;
  sample_rate: number;
  channels: number;
}

/** `content` names the one field that is there; it may be one that is not listed here. */
export type Frame =
  | { content: 'text_chunk'; text_chunk: string }
  | { content: 'audio_chunk'; audio_chunk: AudioChunk }
  | { content: 'action_message'; action_message: { action_json: string } }
  | { content: 'end_message'; end_message: string }
  | { content: 'error_message'; error_message: string };

export interface StreamingService extends Client {
  StreamAudio(request: Request, options: CallOptions): ClientReadableStream<Frame>;
  InterruptSession(request: { hardware_id: string }, options: CallOptions, done: () => void): unknown;
}

interface Message<T> {
  deserialize(bytes: Buffer): T;
}

const CHANNEL = {
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 10_000,
  // As often as we try again: by itself the channel would soon look for its server every two minutes.
  'grpc.initial_reconnect_backoff_ms': 500,
  'grpc.max_reconnect_backoff_ms': 2000,
};
/** Nobody there, or the connection broke. */
const RECONNECT_AFTER_MS = 1000;
const proto = fileURLToPath(new URL('../../proto', import.meta.url));
const options = { includeDirs: [proto], keepCase: true, longs: Number, defaults: true, oneofs: true };

// What is read at run time has no types of its own: these three lines say what stands in the .proto files.
const streaming = loadPackageDefinition(loadSync('streaming.proto', options)).streaming as {
  StreamingService: ServiceClientConstructor;
};
const rpc = loadSync('google/rpc/status.proto', options) as unknown as {
  'google.rpc.Status': Message<{ details: { type_url: string; value: Buffer }[] }>;
  'google.rpc.RetryInfo': Message<{ retry_delay: { seconds: number; nanos: number } }>;
};

/** One channel for the life of the process. */
export function connect(address: string): StreamingService {
  const client: unknown = new streaming.StreamingService(address, credentials.createInsecure(), CHANNEL);
  return client as StreamingService;
}

/** Milliseconds until another attempt makes sense, as the server says, or for a server to be there; null = it makes none. */
export function retryAfterMs({ code, metadata }: ServiceError): number | null {
  const isFromServer = metadata.get('error-type').length > 0;
  if (!isFromServer) return code === status.UNAVAILABLE ? RECONNECT_AFTER_MS : null;
  const [bytes] = metadata.get('grpc-status-details-bin');
  if (!(bytes instanceof Buffer)) return null;
  const { details } = rpc['google.rpc.Status'].deserialize(bytes);
  const found = details.find(({ type_url }) => type_url.endsWith('/google.rpc.RetryInfo'));
  if (found === undefined) return null;
  const { seconds, nanos } = rpc['google.rpc.RetryInfo'].deserialize(found.value).retry_delay;
  return seconds * 1000 + nanos / 1e6;
}
