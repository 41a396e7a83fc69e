/** HTTP/2 by hand: bytes that no library sends, in an order that no library keeps. */
import { connect, type Socket } from 'node:net';
import { framed, requestBytes, STREAM_AUDIO_PATH } from './raw-call.ts';

const frameTypes = { data: 0, headers: 1, rst: 3, settings: 4 } as const;
const END_STREAM = 0x1;
const END_HEADERS = 0x4;
const CANCEL = 8;

/** What a client opens a connection with: the preface and empty settings. */
export const opening = Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame('settings', 0, 0)]);

/** The frames of one whole StreamAudio call on `streamId` (odd). */
export function callFrames(streamId: number, prompt: string): Buffer {
  const body = framed(requestBytes({ prompt }));
  return Buffer.concat([headersFrame(streamId), frame('data', END_STREAM, streamId, body)]);
}

/** The headers of a StreamAudio call; its request is still to come. */
export function headersFrame(streamId: number): Buffer {
  const fields = {
    ':method': 'POST',
    ':scheme': 'http',
    ':path': STREAM_AUDIO_PATH,
    ':authority': 'localhost',
    te: 'trailers',
    'content-type': 'application/grpc',
  };
  const literals = Object.entries(fields).flatMap(([name, value]) => [Buffer.of(0), text(name), text(value)]);
  return frame('headers', END_HEADERS, streamId, Buffer.concat(literals));
}

/** A cancel of `streamId`. */
export function cancelFrame(streamId: number): Buffer {
  const code = Buffer.alloc(4);
  code.writeUInt32BE(CANCEL);
  return frame('rst', 0, streamId, code);
}

/** A socket to the server that has sent `bytes` in one write; errors and answers are ignored. */
export function sendBytes(port: number, bytes: Uint8Array): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      socket.on('error', () => {});
      socket.resume();
      socket.write(bytes, () => resolve(socket));
    });
  });
}

function frame(type: keyof typeof frameTypes, flags: number, streamId: number, payload: Uint8Array = Buffer.alloc(0)) {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.byteLength, 0, 3);
  head.writeUInt8(frameTypes[type], 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}

/** A string of HPACK without Huffman coding; shorter than 127 bytes. */
function text(value: string): Buffer {
  return Buffer.concat([Buffer.of(value.length), Buffer.from(value)]);
}
