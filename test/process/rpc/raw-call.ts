/**
 * A StreamAudio call without a gRPC library: what really stands on the wire, and requests that no library would send.
 * Every connection is one's own, so that it can be cut, stalled or fed with rubbish.
 */
import { type ClientHttp2Session, type ClientHttp2Stream, connect, type IncomingHttpHeaders } from 'node:http2';
import { streamingService } from '../../../src/rpc/proto.ts';

export const STREAM_AUDIO_PATH = '/streaming.StreamingService/StreamAudio';

export interface RawOutcome {
  /** Bodies of the messages. */
  readonly messages: readonly Buffer[];
  /** Header blocks with a grpc-status, in order: a call has exactly one. */
  readonly statuses: readonly IncomingHttpHeaders[];
  readonly httpStatus: number | undefined;
  /** The HTTP/2 error code the stream closed with; 0 = none. */
  readonly resetCode: number;
}

export interface RawCall {
  readonly session: ClientHttp2Session;
  readonly stream: ClientHttp2Stream;
  readonly outcome: Promise<RawOutcome>;
}

/** A message with its gRPC prefix; `declaredBytes` lies about its length. */
export function framed(body: Uint8Array, declaredBytes = body.byteLength): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(declaredBytes, 1);
  return Buffer.concat([prefix, body]);
}

/** The bytes of a StreamRequest. */
export function requestBytes(request: { readonly prompt: string; readonly session_id?: string }): Buffer {
  return streamingService.StreamAudio.requestSerialize(request);
}

/** Sends `body` to `path` and collects what comes back; never rejects. */
export function rawCall(
  port: number,
  body: Uint8Array,
  { path = STREAM_AUDIO_PATH, headers = {}, windowBytes = 65_535 } = {},
): RawCall {
  const session = connect(`http://127.0.0.1:${port}`, { settings: { initialWindowSize: windowBytes } });
  session.on('error', () => {});
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  });
  return { session, stream, outcome: collect(session, stream, body) };
}

function collect(session: ClientHttp2Session, stream: ClientHttp2Stream, body: Uint8Array): Promise<RawOutcome> {
  const statuses: IncomingHttpHeaders[] = [];
  const chunks: Buffer[] = [];
  let httpStatus: number | undefined;
  const note = (headers: IncomingHttpHeaders): void => {
    if (headers['grpc-status'] !== undefined) statuses.push(headers);
  };
  stream.on('response', (headers) => {
    httpStatus = headers[':status'];
    note(headers);
  });
  stream.on('trailers', note);
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.on('error', () => {});
  const outcome = new Promise<RawOutcome>((resolve) => {
    stream.on('close', () => {
      session.close();
      resolve({ messages: messagesIn(Buffer.concat(chunks)), statuses, httpStatus, resetCode: stream.rstCode ?? 0 });
    });
  });
  stream.end(body);
  return outcome;
}

function messagesIn(bytes: Buffer): Buffer[] {
  const messages: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 5 + bytes.readUInt32BE(at + 1);
    messages.push(bytes.subarray(at + 5, end));
    at = end;
  }
  return messages;
}
