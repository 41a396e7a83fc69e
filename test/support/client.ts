/** A plain client for tests: one call in, everything that came back out. */
import { type ClientReadableStream, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import type { InterruptResponse__Output } from '../../src/rpc/generated/streaming/InterruptResponse.ts';
import type { StreamRequest } from '../../src/rpc/generated/streaming/StreamRequest.ts';
import type { StreamResponse__Output } from '../../src/rpc/generated/streaming/StreamResponse.ts';
import { StreamingServiceClient } from '../../src/rpc/proto.ts';

export type TestClient = InstanceType<typeof StreamingServiceClient>;

export interface CallOutcome {
  readonly frames: readonly StreamResponse__Output[];
  /** Frame kinds in order, e.g. ['text_chunk', 'audio_chunk', 'end_message']. */
  readonly kinds: readonly string[];
  /** All text chunks joined. */
  readonly text: string;
  readonly audioBytes: number;
  /** Name of the gRPC status. */
  readonly code: string;
  readonly details: string;
  readonly errorType: string | null;
  readonly trailers: Metadata;
  /** x-session-id of the initial metadata. */
  readonly sessionId: string | null;
  /** When each frame came, in ms since the call. */
  readonly frameTimesMs: readonly number[];
  readonly endedAfterMs: number;
}

export interface RunningCall {
  readonly call: ClientReadableStream<StreamResponse__Output>;
  readonly outcome: Promise<CallOutcome>;
  /** Resolves when the first frame came. */
  readonly firstFrame: Promise<StreamResponse__Output>;
}

/** A client on a connection of its own. */
export function connect(port: number): TestClient {
  return new StreamingServiceClient(`127.0.0.1:${port}`, credentials.createInsecure(), {
    'grpc.max_receive_message_length': -1,
    'grpc.max_send_message_length': -1,
    // A channel of its own: tests that cut a connection must not cut each other's.
    'grpc.use_local_subchannel_pool': 1,
  });
}

/** Starts a call and collects it; never rejects: a failed call is an outcome. */
export function start(client: TestClient, request: StreamRequest, options: { deadlineMs?: number } = {}): RunningCall {
  const startedAtMs = performance.now();
  const call = client.StreamAudio(
    request,
    new Metadata(),
    options.deadlineMs === undefined ? {} : { deadline: Date.now() + options.deadlineMs },
  );
  const frames: StreamResponse__Output[] = [];
  const frameTimesMs: number[] = [];
  let sessionId: string | null = null;
  let trailers = new Metadata();
  let error: ServiceError | null = null;
  call.on('metadata', (metadata) => {
    sessionId = metadata.get('x-session-id')[0]?.toString() ?? null;
  });
  const firstFrame = new Promise<StreamResponse__Output>((resolve) => call.once('data', resolve));
  call.on('data', (frame: StreamResponse__Output) => {
    frames.push(frame);
    frameTimesMs.push(performance.now() - startedAtMs);
  });
  call.on('error', (failed: ServiceError) => {
    error = failed;
  });
  const outcome = new Promise<CallOutcome>((resolve) => {
    call.on('status', (ended) => {
      trailers = ended.metadata;
      // 'error' follows 'status' in the same tick.
      setImmediate(() =>
        resolve({
          frames,
          kinds: frames.map((frame) => frame.content ?? 'nothing'),
          text: frames.map((frame) => frame.text_chunk ?? '').join(''),
          audioBytes: frames.reduce((bytes, frame) => bytes + (frame.audio_chunk?.audio_data.length ?? 0), 0),
          code: status[error?.code ?? ended.code] ?? String(ended.code),
          details: error?.details ?? ended.details,
          errorType: trailers.get('error-type')[0]?.toString() ?? null,
          trailers,
          sessionId,
          frameTimesMs,
          endedAfterMs: performance.now() - startedAtMs,
        }),
      );
    });
  });
  return { call, outcome, firstFrame };
}

/** One call from its start to its end. */
export function ask(client: TestClient, request: StreamRequest, options: { deadlineMs?: number } = {}) {
  return start(client, request, options).outcome;
}

/** InterruptSession; rejects with the ServiceError of a refused one. */
export function interrupt(client: TestClient, hardwareId: string): Promise<InterruptResponse__Output> {
  return new Promise((resolve, reject) => {
    client.InterruptSession({ hardware_id: hardwareId }, (error, response) => {
      if (error !== null || response === undefined) reject(error ?? new Error('no response'));
      else resolve(response);
    });
  });
}
