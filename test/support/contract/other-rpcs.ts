/** Calls of GenerateWelcomeAudio and ReportUsage, and what came of them. */
import { type ClientReadableStream, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import type { UsageRequest } from '../../../src/rpc/generated/streaming/UsageRequest.ts';
import type { WelcomeRequest } from '../../../src/rpc/generated/streaming/WelcomeRequest.ts';
import type { WelcomeResponse__Output } from '../../../src/rpc/generated/streaming/WelcomeResponse.ts';
import type { TestClient } from '../client.ts';
import { inShort } from './stream-rules.ts';

interface Ended {
  readonly code: string;
  readonly details: string;
  readonly errorType: string | null;
  readonly trailers: Metadata;
}

export interface WelcomeOutcome extends Ended {
  readonly responses: readonly WelcomeResponse__Output[];
  /** `metadata audio×3 end`. */
  readonly frames: string;
  readonly audioBytes: number;
  readonly sessionId: string | null;
}

export interface RunningWelcome {
  readonly call: ClientReadableStream<WelcomeResponse__Output>;
  readonly firstFrame: Promise<WelcomeResponse__Output>;
  /** Never rejects: a failed call is an outcome. */
  readonly outcome: Promise<WelcomeOutcome>;
}

export interface UsageOutcome extends Ended {
  /** null = the call failed. */
  readonly success: boolean | null;
  readonly message: string;
}

function endedWith(error: Pick<ServiceError, 'code' | 'details' | 'metadata'> | null): Ended {
  const trailers = error?.metadata ?? new Metadata();
  const errorType = trailers.get('error-type')[0]?.toString() ?? null;
  return { code: status[error?.code ?? status.OK], details: error?.details ?? 'OK', errorType, trailers };
}

/** Starts a welcome and collects it. */
export function startWelcome(client: TestClient, request: WelcomeRequest): RunningWelcome {
  const call = client.GenerateWelcomeAudio(request);
  const responses: WelcomeResponse__Output[] = [];
  let sessionId: string | null = null;
  let error: ServiceError | null = null;
  call.on('metadata', (metadata) => {
    sessionId = metadata.get('x-session-id')[0]?.toString() ?? null;
  });
  const firstFrame = new Promise<WelcomeResponse__Output>((resolve) => call.once('data', resolve));
  call.on('data', (response: WelcomeResponse__Output) => responses.push(response));
  call.on('error', (failed: ServiceError) => {
    error = failed;
  });
  const outcome = new Promise<WelcomeOutcome>((resolve) => {
    call.on('status', () => {
      // 'error' follows 'status' in the same tick.
      setImmediate(() =>
        resolve({
          ...endedWith(error),
          responses,
          frames: inShort(responses.map(({ content }) => content ?? 'nothing')),
          audioBytes: responses.reduce((bytes, { audio_chunk }) => bytes + (audio_chunk?.audio_data.length ?? 0), 0),
          sessionId,
        }),
      );
    });
  });
  return { call, firstFrame, outcome };
}

/** One welcome from its start to its end. */
export function welcome(client: TestClient, request: WelcomeRequest): Promise<WelcomeOutcome> {
  return startWelcome(client, request).outcome;
}

/** ReportUsage; never rejects. */
export function reportUsage(client: TestClient, request: UsageRequest): Promise<UsageOutcome> {
  return new Promise((resolve) => {
    client.ReportUsage(request, (error, response) => {
      resolve({ ...endedWith(error), success: response?.success ?? null, message: response?.message ?? '' });
    });
  });
}
