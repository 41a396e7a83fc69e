/**
 * What requests hold before a handler has them is bounded, compressed ones included: a small heap lives through bombs, and who asks beside
 * them is answered.
 */
import { type ClientHttp2Session, type ClientHttp2Stream, connect as connectHttp2, constants } from 'node:http2';
import { deflateSync, gzipSync, constants as zlibConstants } from 'node:zlib';
import { compressionAlgorithms, credentials } from '@grpc/grpc-js';
import { beforeAll, expect, test } from 'vitest';
import { StreamingServiceClient, streamingService } from '../../../src/rpc/proto.ts';
import { connect, start } from '../../support/client.ts';
import { eventually } from '../../support/eventually.ts';
import { type ServerProcess, startServerProcess } from '../../support/server-process.ts';
import { rawCall, requestBytes, STREAM_AUDIO_PATH } from './raw-call.ts';

const MIB = 1024 * 1024;
const HEAP_MIB = 128;
const scenario = {
  answers: [{ when: '', steps: [{ echo: true }] }],
  speech: { chunks_per_sentence: 1 },
};

let server: ServerProcess;
beforeAll(async () => {
  const env = { NODE_OPTIONS: `--max-old-space-size=${HEAP_MIB}`, PROMPT_MAX_CHARS: '100000', OVERLOAD: 'off' };
  server = await startServerProcess({ scenario, env });
});

/** A message whose content is compressed. */
function packed(content: Uint8Array): Buffer {
  const message = Buffer.alloc(5 + content.byteLength);
  message.writeUInt8(1, 0);
  message.writeUInt32BE(content.byteLength, 1);
  message.set(content, 5);
  return message;
}

/** About 15 KB on the wire. */
const bomb = packed(
  gzipSync(requestBytes({ prompt: 'a'.repeat(15 * MIB) }), { level: zlibConstants.Z_BEST_COMPRESSION }),
);

interface Bomb {
  readonly stream: ClientHttp2Stream;
  /** The gRPC status, or that of a reset; undefined while there is none. */
  status(): number | undefined;
}

function throwBomb(session: ClientHttp2Session, body: Buffer, isComplete: boolean): Bomb {
  const headers = { 'content-type': 'application/grpc', te: 'trailers', 'grpc-encoding': 'gzip' };
  const stream = session.request({ ':method': 'POST', ':path': STREAM_AUDIO_PATH, ...headers });
  let status: number | undefined;
  const note = (given: unknown): void => {
    if (given !== undefined) status = Number(given);
  };
  stream.on('response', (response) => note(response['grpc-status']));
  stream.on('trailers', (trailers) => note(trailers['grpc-status']));
  stream.on('error', () => {});
  stream.on('close', () => {
    if (stream.rstCode === constants.NGHTTP2_ENHANCE_YOUR_CALM) note(8);
  });
  stream.resume();
  if (isComplete) stream.end(body);
  else stream.write(body);
  return { stream, status: () => status };
}

test.each([true, false])('fifty prompts of 15 KB that unpack to 15 MB, complete: %s', async (isComplete) => {
  const session = connectHttp2(`http://127.0.0.1:${server.grpcPort}`);
  session.on('error', () => {});
  const client = connect(server.grpcPort);
  try {
    let peakBytes = 0;
    const watch = setInterval(() => {
      peakBytes = Math.max(peakBytes, server.residentBytes());
    }, 5);
    const bombs = Array.from({ length: 50 }, () => throwBomb(session, bomb, isComplete));
    const beside = await start(client, { prompt: 'Who asks beside them.' }).outcome;
    expect(beside).toMatchObject({ code: 'OK', text: 'Who asks beside them.' });
    // Those that never end are reset until the others fit; the complete ones end all.
    await eventually(
      () => bombs.filter((each) => each.status() === undefined).length,
      (waiting) => waiting <= (isComplete ? 0 : 2),
    );
    clearInterval(watch);
    expect(new Set(bombs.map((each) => each.status() ?? 8))).toEqual(new Set([8]));
    expect(peakBytes).toBeLessThan((HEAP_MIB + 350) * MIB);
  } finally {
    session.destroy();
    client.close();
  }
  await eventually(
    () => server.status(),
    (status) => status.active_streams === 0,
  );
  expect(server.process.exitCode).toBeNull();
});

test('one that unpacks to more than any request may have is refused while it is unpacked', async () => {
  const zeros = gzipSync(Buffer.alloc(200 * MIB));
  const before = server.residentBytes();
  const { outcome } = rawCall(server.grpcPort, packed(zeros), { headers: { 'grpc-encoding': 'gzip' } });
  const { statuses } = await outcome;
  expect(statuses.map((each) => [each['grpc-status'], each['grpc-message']])).toEqual([
    ['8', expect.stringContaining('decompresses%20to%20a%20size%20larger%20than%2020971520')],
  ]);
  expect(server.residentBytes() - before).toBeLessThan(100 * MIB);
});

test.each([
  ['gzip', gzipSync],
  ['deflate', deflateSync],
])('an ordinary prompt in %s is answered', async (encoding, pack) => {
  const prompt = 'Words. '.repeat(2_000);
  const body = packed(pack(requestBytes({ prompt })));
  const { messages, statuses } = await rawCall(server.grpcPort, body, { headers: { 'grpc-encoding': encoding } })
    .outcome;
  expect(statuses.map((each) => each['grpc-status'])).toEqual(['0']);
  const frames = messages.map((message) => streamingService.StreamAudio.responseDeserialize(message));
  expect(frames.map((frame) => frame.text_chunk ?? '').join('')).toBe(prompt.trim());
});

test("a client of grpc-js's that compresses is answered", async () => {
  const client = new StreamingServiceClient(`127.0.0.1:${server.grpcPort}`, credentials.createInsecure(), {
    'grpc.default_compression_algorithm': compressionAlgorithms.gzip,
    'grpc.use_local_subchannel_pool': 1,
  });
  const prompts = Array.from({ length: 8 }, (_, index) => `${index} ${'Words. '.repeat(500)}`.trim());
  const outcomes = await Promise.all(prompts.map((prompt) => start(client, { prompt }).outcome));
  expect(outcomes.map(({ code, text }) => [code, text])).toEqual(prompts.map((prompt) => ['OK', prompt]));
  client.close();
});

test.each([
  ['an encoding that nobody offered', 'br', packed(gzipSync(requestBytes({ prompt: 'a' }))), '12', 'grpc-encoding'],
  ['what is not compressed as it says', 'gzip', packed(Buffer.from('rubbish')), '13', 'decompress'],
  ['a second message', 'gzip', Buffer.concat([bomb, bomb, bomb]), '12', 'one%20message'],
])('%s is refused', async (_, encoding, body, code, words) => {
  const { statuses } = await rawCall(server.grpcPort, body, { headers: { 'grpc-encoding': encoding } }).outcome;
  expect(statuses.map((each) => each['grpc-status'])).toEqual([code]);
  expect(statuses[0]?.['grpc-message']).toContain(words);
});
