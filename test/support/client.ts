/** A plain client for tests: one call in, everything that came back out. */
import { type ClientReadableStream, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import type { InterruptResponse__Output } from '../../src/rpc/generated/streaming/InterruptResponse.ts';
import type { StreamRequest } from '../../src/rpc/generated/streaming/StreamRequest.ts';
import type { StreamResponse__Output } from '../../src/rpc/generated/streaming/StreamResponse.ts';
import type { WelcomeRequest } from '../../src/rpc/generated/streaming/WelcomeRequest.ts';
import type { WelcomeResponse__Output } from '../../src/rpc/generated/streaming/WelcomeResponse.ts';
import { StreamingServiceClient } from '../../src/rpc/proto.ts';
import { startStopwatch } from './stopwatch.ts';

export type TestClient = InstanceType<typeof StreamingServiceClient>;

/** A message of either streaming rpc. */
export type AnyFrame = StreamResponse__Output | WelcomeResponse__Output;

export interface CallOutcome<TFrame extends AnyFrame = StreamResponse__Output> {
  readonly frames: readonly TFrame[];
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
  /** The same without the time in which this process had no processor: for bounds that a busy machine must not break. */
  readonly endedWithinMs: number;
}

export interface RunningCall<TFrame extends AnyFrame = StreamResponse__Output> {
  readonly call: ClientReadableStream<TFrame>;
  readonly outcome: Promise<CallOutcome<TFrame>>;
  /** Resolves when the first frame came. */
  readonly firstFrame: Promise<TFrame>;
}

interface CallOptions {
  readonly deadlineMs?: number;
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
export function start(client: TestClient, request: StreamRequest, options: CallOptions = {}): RunningCall {
  return collected(client.StreamAudio(request, new Metadata(), deadlineOf(options)));
}

/** The same for GenerateWelcomeAudio. */
export function startWelcome(
  client: TestClient,
  request: WelcomeRequest,
  options: CallOptions = {},
): RunningCall<WelcomeResponse__Output> {
  return collected(client.GenerateWelcomeAudio(request, new Metadata(), deadlineOf(options)));
}

function deadlineOf({ deadlineMs }: CallOptions) {
  return deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
}

function collected<TFrame extends AnyFrame>(call: ClientReadableStream<TFrame>): RunningCall<TFrame> {
  const startedAtMs = performance.now();
  const elapsedMs = startStopwatch();
  const frames: TFrame[] = [];
  const frameTimesMs: number[] = [];
  let sessionId: string | null = null;
  let trailers = new Metadata();
  let error: ServiceError | null = null;
  call.on('metadata', (metadata) => {
    sessionId = metadata.get('x-session-id')[0]?.toString() ?? null;
  });
  const firstFrame = new Promise<TFrame>((resolve) => call.once('data', resolve));
  call.on('data', (frame: TFrame) => {
    frames.push(frame);
    frameTimesMs.push(performance.now() - startedAtMs);
  });
  call.on('error', (failed: ServiceError) => {
    error = failed;
  });
  const outcome = new Promise<CallOutcome<TFrame>>((resolve) => {
    call.on('status', (ended) => {
      trailers = ended.metadata;
      // 'error' follows 'status' in the same tick.
      setImmediate(() =>
        resolve({
          frames,
          kinds: frames.map((frame) => frame.content ?? 'nothing'),
          text: frames.map((frame) => ('text_chunk' in frame ? (frame.text_chunk ?? '') : '')).join(''),
          audioBytes: frames.reduce((bytes, frame) => bytes + (frame.audio_chunk?.audio_data.length ?? 0), 0),
          code: status[error?.code ?? ended.code] ?? String(ended.code),
          details: error?.details ?? ended.details,
          errorType: trailers.get('error-type')[0]?.toString() ?? null,
          trailers,
          sessionId,
          frameTimesMs,
          endedAfterMs: performance.now() - startedAtMs,
          endedWithinMs: elapsedMs(),
        }),
      );
    });
  });
  return { call, outcome, firstFrame };
}

/** One call from its start to its end. */
export function ask(client: TestClient, request: StreamRequest, options: CallOptions = {}) {
  return start(client, request, options).outcome;
}

/** One welcome call from its start to its end. */
export function welcome(client: TestClient, request: WelcomeRequest, options: CallOptions = {}) {
  return startWelcome(client, request, options).outcome;
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
