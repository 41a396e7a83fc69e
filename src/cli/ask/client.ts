/**
 * A client of the streaming service, for the command line, the demo and tests. One question is one call: its frames as
 * they come, then how it ended. Every call ends; an end never rejects. Frames are drained from the transport into a
 * queue of our own, because a slow grpc-js reader loses what is buffered when a call fails (grpc-node #2764).
 */
import { ReadableStream } from 'node:stream/web';
import { fileURLToPath } from 'node:url';
import { Client, type ClientReadableStream, credentials, Metadata, status } from '@grpc/grpc-js';
import { loadSync, type MethodDefinition } from '@grpc/proto-loader';
import { z } from 'zod';
import type { ServerAddress } from './server-address.ts';

/** What the queue may hold before the transport has to wait; ten minutes of sound are 58 MB. */
const defaultQueueBytes = 64 * 1024 * 1024;

/** The same path from src/ and from dist/. */
const protoPath = fileURLToPath(new URL('../../../proto/streaming.proto', import.meta.url));

export interface Question {
  readonly prompt: string;
  /** Absent = the server makes one, unless its policy is strict. */
  readonly sessionId?: string;
  readonly hardwareId?: string;
  /** Base64 of an image. */
  readonly screenshot?: string;
}

export type AnswerFrame =
  | { readonly kind: 'text_chunk'; readonly text: string }
  | {
      readonly kind: 'audio_chunk';
      readonly audio: Uint8Array;
      readonly dtype: string;
      readonly sampleRateHz: number;
      readonly channels: number;
    }
  /** `command` is null when the server sent something that is not a command; `json` is what it sent. */
  | {
      readonly kind: 'action_message';
      readonly command: string | null;
      readonly args: unknown;
      readonly json: string;
    }
  | { readonly kind: 'browser_progress'; readonly progress: Readonly<Record<string, unknown>> }
  | { readonly kind: 'end_message'; readonly text: string }
  | { readonly kind: 'error_message'; readonly text: string };

/** How a call ended. */
export interface CallEnd {
  /** The name of the gRPC status. */
  readonly code: string;
  readonly details: string;
  /** From the trailing metadata; null when the server named none, or never answered. */
  readonly errorType: string | null;
}

export interface AnswerCall {
  /** In order, ending after the last one; never throws. Leaving the loop early cancels the call. */
  readonly frames: AsyncIterable<AnswerFrame>;
  readonly end: Promise<CallEnd>;
  /** Idempotent. */
  cancel(): void;
}

export interface StreamingClient {
  ask(question: Question): AnswerCall;
  close(): void;
}

/**
 * A client of the server at `address`; it connects with its first call. A call holds at most about `queueBytes` that
 * nobody has read yet, then the server has to wait; what is held survives a call that fails.
 */
export function connect(address: ServerAddress, { queueBytes = defaultQueueBytes } = {}): StreamingClient {
  const method = streamAudioMethod();
  const client = new Client(address.text, credentials.createInsecure(), {
    // A proxy of the environment must not be asked for this very machine.
    'grpc.enable_http_proxy': address.isLoopback ? 0 : 1,
  });
  return {
    ask: (question) => readAnswer(startCall(client, method, question), queueBytes),
    close: () => client.close(),
  };
}

function streamAudioMethod(): MethodDefinition<object, object> {
  const definition = loadSync(protoPath, {
    keepCase: true,
    longs: Number,
    enums: String,
    defaults: true,
    oneofs: true,
  });
  const service = definition['streaming.StreamingService'];
  const method = service === undefined || 'format' in service ? undefined : service.StreamAudio;
  if (method === undefined) throw new Error(`${protoPath} does not declare StreamAudio`);
  return method;
}

function startCall(client: Client, method: MethodDefinition<object, object>, question: Question) {
  const { prompt, sessionId, hardwareId, screenshot } = question;
  const request = {
    prompt,
    session_id: sessionId ?? '',
    hardware_id: hardwareId ?? '',
    ...(screenshot !== undefined && { screenshot }),
  };
  const { path, requestSerialize, responseDeserialize } = method;
  return client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request, new Metadata());
}

function readAnswer(call: ClientReadableStream<object>, queueBytes: number): AnswerCall {
  const { promise: end, resolve: resolveEnd } = deferred<CallEnd>();
  const frames = new ReadableStream<AnswerFrame>(
    {
      start(queue) {
        call.on('data', (message: object) => {
          const frame = frameOf(message);
          if (frame !== undefined) queue.enqueue(frame);
          if ((queue.desiredSize ?? 0) <= 0) call.pause();
        });
        call.on('end', () => queue.close());
      },
      pull: () => {
        call.resume();
      },
      cancel: () => {
        call.cancel();
        // Nobody reads the rest, and only a drained call ends.
        call.removeAllListeners('data').removeAllListeners('end').resume();
      },
    },
    { highWaterMark: queueBytes, size: sizeOf },
  );
  // The same facts come with 'status'; without a listener 'error' would end the process.
  call.on('error', () => undefined);
  call.on('status', ({ code, details, metadata }) => {
    const [errorType] = metadata.get('error-type');
    resolveEnd({ code: status[code] ?? String(code), details, errorType: errorType?.toString() ?? null });
  });
  return { frames, end, cancel: () => call.cancel() };
}

/** Promise.withResolvers came with Node 22. */
function deferred<Value>(): { readonly promise: Promise<Value>; readonly resolve: (value: Value) => void } {
  let resolve: (value: Value) => void = () => undefined;
  const promise = new Promise<Value>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

function sizeOf(frame: AnswerFrame): number {
  const overheadBytes = 64;
  if (frame.kind === 'audio_chunk') return overheadBytes + frame.audio.length;
  return overheadBytes + ('text' in frame ? frame.text.length * 2 : 0);
}

const wireFrame = z.discriminatedUnion('content', [
  z.object({ content: z.literal('text_chunk'), text_chunk: z.string() }),
  z.object({
    content: z.literal('audio_chunk'),
    audio_chunk: z.object({
      audio_data: z.instanceof(Uint8Array),
      dtype: z.string(),
      sample_rate: z.number(),
      channels: z.number(),
    }),
  }),
  z.object({ content: z.literal('action_message'), action_message: z.object({ action_json: z.string() }) }),
  z.object({ content: z.literal('browser_progress'), browser_progress: z.record(z.string(), z.unknown()) }),
  z.object({ content: z.literal('end_message'), end_message: z.string() }),
  z.object({ content: z.literal('error_message'), error_message: z.string() }),
]);

const wireCommand = z.object({ command: z.string(), args: z.unknown().optional() });

/** undefined for content that this client does not know: a newer server may send it. */
function frameOf(message: object): AnswerFrame | undefined {
  const parsed = wireFrame.safeParse(message);
  if (!parsed.success) return undefined;
  const frame = parsed.data;
  switch (frame.content) {
    case 'text_chunk':
      return { kind: 'text_chunk', text: frame.text_chunk };
    case 'audio_chunk': {
      const { audio_data: audio, dtype, sample_rate: sampleRateHz, channels } = frame.audio_chunk;
      return { kind: 'audio_chunk', audio, dtype, sampleRateHz, channels };
    }
    case 'action_message':
      return commandOf(frame.action_message.action_json);
    case 'browser_progress':
      return { kind: 'browser_progress', progress: frame.browser_progress };
    case 'end_message':
      return { kind: 'end_message', text: frame.end_message };
    case 'error_message':
      return { kind: 'error_message', text: frame.error_message };
  }
}

function commandOf(json: string): AnswerFrame {
  try {
    const { command, args } = wireCommand.parse(JSON.parse(json));
    return { kind: 'action_message', command, args: args ?? {}, json };
  } catch {
    return { kind: 'action_message', command: null, args: null, json };
  }
}
