/**
 * Bounds what requests that are not complete hold in memory. grpc-js gathers each up to its largest size, however slowly it comes, so that
 * one connection could pin gigabytes. Over the bound the oldest of them is reset: an honest upload takes a second, one that was made
 * to stay is older than all others.
 *
 * Small requests are not counted and not reset: a server under such an attack still answers who sends words only.
 */
import { constants, type Http2Server, type ServerHttp2Stream } from 'node:http2';

/** What every stream may hold anyway: one window of the protocol. */
const UNCOUNTED_BYTES = 64 * 1024;

export interface UploadBoundOptions {
  /** All unfinished requests together; larger than the largest request. */
  readonly maxBytes: number;
  /** Told of each that was reset, with the bytes that had come of it. */
  readonly onReset: (receivedBytes: number) => void;
}

/** Makes one bound; the returned function puts a server under it. Several servers may share it. */
export function createUploadBound({ maxBytes, onReset }: UploadBoundOptions): (http2Server: Http2Server) => void {
  /** The larger ones that are not complete, oldest first. */
  const unfinished = new Map<ServerHttp2Stream, number>();
  let heldBytes = 0;

  const forget = (stream: ServerHttp2Stream): void => {
    heldBytes -= unfinished.get(stream) ?? 0;
    unfinished.delete(stream);
  };
  const count = (stream: ServerHttp2Stream, receivedBytes: number): void => {
    heldBytes += receivedBytes - (unfinished.get(stream) ?? 0);
    unfinished.set(stream, receivedBytes);
    for (const [oldest, bytes] of unfinished) {
      if (heldBytes <= maxBytes) return;
      forget(oldest);
      // gRPC clients take this code for RESOURCE_EXHAUSTED.
      oldest.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
      onReset(bytes);
    }
  };
  return (http2Server) => {
    http2Server.on('stream', (stream) => {
      let receivedBytes = 0;
      // grpc-js reads already, and has paused: another listener changes nothing about when it comes.
      stream.on('data', (chunk: Buffer) => {
        receivedBytes += chunk.length;
        if (receivedBytes > UNCOUNTED_BYTES && !stream.closed) count(stream, receivedBytes);
      });
      stream.once('end', () => forget(stream));
      stream.once('close', () => forget(stream));
    });
  };
}
