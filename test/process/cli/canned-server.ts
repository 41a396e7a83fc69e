/** A bare gRPC server that plays canned answers by prompt, so that the command line is tested against the wire alone. */
import { fileURLToPath } from 'node:url';
import { Metadata, Server, ServerCredentials, type ServerWritableStream, status } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { z } from 'zod';

const protoPath = fileURLToPath(new URL('../../../proto/streaming.proto', import.meta.url));

/** The fields of a request that the tests look at. */
const requestSchema = z.object({
  prompt: z.string(),
  session_id: z.string(),
  hardware_id: z.string(),
  screenshot: z.string().optional(),
});
type SeenRequest = z.infer<typeof requestSchema>;

export interface CannedStream {
  readonly request: SeenRequest;
  /** Writes one StreamResponse as proto-loader takes it; resolves once the transport takes more. */
  send(frame: object): Promise<void>;
  end(): void;
  fail(code: keyof typeof status, details: string, errorType?: string): void;
  /** Resolves when the client has cancelled. */
  readonly cancelled: Promise<void>;
}

export interface CannedServer {
  readonly address: string;
  readonly requests: readonly SeenRequest[];
  close(): void;
}

/** Starts on a free port; `play` is called for each StreamAudio call. */
export async function startCannedServer(play: (stream: CannedStream) => Promise<void>): Promise<CannedServer> {
  const definition = loadSync(protoPath, { keepCase: true, defaults: true, oneofs: true });
  const service = definition['streaming.StreamingService'];
  if (service === undefined || 'format' in service) throw new Error('the proto has no StreamingService');
  const requests: SeenRequest[] = [];
  const server = new Server();
  server.addService(service, {
    StreamAudio: (call: ServerWritableStream<object, object>) => {
      const request = requestSchema.parse(call.request);
      requests.push(request);
      void play(streamOf(call, request));
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  return { address: `127.0.0.1:${port}`, requests, close: () => server.forceShutdown() };
}

function streamOf(call: ServerWritableStream<object, object>, request: SeenRequest): CannedStream {
  return {
    request,
    send: (frame) =>
      new Promise((resolve) => {
        if (call.write(frame)) resolve();
        else call.once('drain', resolve);
      }),
    end: () => call.end(),
    fail(code, details, errorType) {
      const metadata = new Metadata();
      if (errorType !== undefined) metadata.set('error-type', errorType);
      call.emit('error', { code: status[code], details, metadata });
    },
    cancelled: new Promise((resolve) => {
      call.once('cancelled', resolve);
    }),
  };
}

export function text(words: string): object {
  return { text_chunk: words };
}

/** A chunk in the one format of the wire, filled with `sample`. */
export function audio(options: { readonly bytes: number; readonly sample?: number; readonly dtype?: string }): object {
  const pcm = Buffer.alloc(options.bytes, options.sample ?? 1);
  return { audio_chunk: { audio_data: pcm, dtype: options.dtype ?? 'int16', sample_rate: 48_000, channels: 1 } };
}

export function action(json: string): object {
  return { action_message: { action_json: json, session_id: 's' } };
}
