/** What arrives on an open port: rubbish, halves, floods. The server lives, leaks nothing, and serves the next good client. */
import { connect as connectHttp2 } from 'node:http2';
import type { Socket } from 'node:net';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { callFrames, cancelFrame, headersFrame, opening, sendBytes } from '../process/rpc/http2-frames.ts';
import { expectGoodEnd } from '../process/rpc/outcomes.ts';
import { framed, rawCall, requestBytes } from '../process/rpc/raw-call.ts';
import { ask, connect, start } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';

const scenario = {
  answers: [
    { when: '^hang', steps: [{ say: 'One is here. And' }, { hang: true }] },
    { when: '', steps: [{ say: 'Good day.' }] },
  ],
  speech: { chunks_per_sentence: 1 },
};
const statuses = { invalidArgument: '3', unimplemented: '12', internal: '13' } as const;

let server: ServerProcess;
beforeAll(async () => {
  server = await startServerProcess({ scenario });
});

afterEach(async () => {
  const client = connect(server.grpcPort);
  expectGoodEnd(await ask(client, { prompt: 'hi' }));
  client.close();
  await eventually(
    () => server.status(),
    (status) => status.active_streams === 0 && status.in_flight === 0 && status.active_answers === 0,
  );
  expect(server.process.exitCode).toBeNull();
  expect(server.logsOf('fault')).toEqual([]);
});

test.each([
  { title: 'zeros', bytes: Buffer.alloc(100_000) },
  { title: 'an HTTP/1.1 request', bytes: Buffer.from('GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n') },
  { title: 'a TLS greeting', bytes: Buffer.from('16030100f1010000ed0303', 'hex') },
  { title: 'half a preface', bytes: opening.subarray(0, 11) },
  { title: 'a preface and then rubbish', bytes: Buffer.concat([opening, Buffer.alloc(1_000, 0xff)]) },
  { title: 'a frame for a stream that never was', bytes: Buffer.concat([opening, cancelFrame(7)]) },
])('$title on the port', async ({ bytes }) => {
  const socket = await sendBytes(server.grpcPort, bytes);
  socket.end();
});

test('a hundred connections that open and say nothing more', async () => {
  const opened = Array.from({ length: 50 }, (_, index) =>
    sendBytes(server.grpcPort, index % 2 === 0 ? opening : Buffer.concat([opening, headersFrame(1)])),
  );
  const sockets: Socket[] = await Promise.all([...opened, ...opened]);
  const client = connect(server.grpcPort);
  expectGoodEnd(await ask(client, { prompt: 'hi' }));
  client.close();
  for (const socket of sockets) socket.destroy();
});

test.each([
  {
    title: 'a message that breaks off in a number',
    body: framed(Buffer.concat([requestBytes({ prompt: 'hi' }), Buffer.of(0x38, 0x80)])),
    code: statuses.internal,
  },
  { title: 'a message of rubbish', body: framed(Buffer.alloc(64, 0xff)), code: statuses.internal },
  { title: 'no message', body: Buffer.alloc(0), code: statuses.unimplemented },
  {
    title: 'two messages',
    body: Buffer.concat([framed(requestBytes({ prompt: 'hang' })), framed(requestBytes({ prompt: 'hang' }))]),
    code: statuses.unimplemented,
  },
])('a call with $title ends with one status', async ({ body, code }) => {
  const { messages, statuses: seen } = await rawCall(server.grpcPort, body).outcome;
  expect(messages).toHaveLength(0);
  expect(seen.map((headers) => headers['grpc-status'])).toEqual([code]);
});

test('a message without words is an utterance without words', async () => {
  const { statuses: seen } = await rawCall(server.grpcPort, framed(Buffer.alloc(0))).outcome;
  expect(seen.map((headers) => [headers['grpc-status'], headers['error-type']])).toEqual([
    [statuses.invalidArgument, 'empty_prompt'],
  ]);
});

test('a message that is shorter than it says takes no slot and ends with its client', async () => {
  const whole = framed(requestBytes({ prompt: 'hang' }), 1_000_000);
  const { session, outcome } = rawCall(server.grpcPort, whole);
  session.setTimeout(300, () => session.destroy());
  await outcome;
  expect((await server.status()).active_streams).toBe(0);
});

test.each(['/streaming.StreamingService/Nothing', '/other.Service/StreamAudio', '/', '/streaming.StreamingService/'])(
  'the unknown method "%s" is UNIMPLEMENTED',
  async (path) => {
    const { statuses: seen } = await rawCall(server.grpcPort, framed(requestBytes({ prompt: 'hi' })), { path }).outcome;
    expect(seen.map((headers) => headers['grpc-status'])).toEqual([statuses.unimplemented]);
  },
);

test.each([
  { title: 'a content type that is no gRPC', headers: { 'content-type': 'application/json' } },
  { title: 'a deadline that is no number', headers: { 'grpc-timeout': 'soon' } },
  { title: 'a deadline that has passed', headers: { 'grpc-timeout': '0n' } },
  { title: 'an encoding nobody knows', headers: { 'grpc-encoding': 'snail' } },
])('a call with $title comes to an end', async ({ headers }) => {
  const outcome = rawCall(server.grpcPort, framed(requestBytes({ prompt: 'hi' })), { headers }).outcome;
  expect((await outcome).statuses.length).toBeLessThanOrEqual(1);
});

test('a thousand calls that are cancelled in the packet they come in', async () => {
  const CALLS = 1_000;
  const calls = Array.from({ length: CALLS }, (_, index) => {
    const streamId = 2 * index + 1;
    return Buffer.concat([callFrames(streamId, 'hang'), cancelFrame(streamId)]);
  });
  const socket = await sendBytes(server.grpcPort, Buffer.concat([opening, ...calls]));
  const client = connect(server.grpcPort);
  expectGoodEnd(await ask(client, { prompt: 'hi' }));
  client.close();
  socket.destroy();
});

test('a thousand calls that are cancelled as soon as they have begun', async () => {
  const ROUNDS = 20;
  const AT_ONCE = 50;
  for (let round = 0; round < ROUNDS; round += 1) {
    // A connection is cut by HTTP/2 itself after about a thousand cancels: that is between it and the client.
    const client = connect(server.grpcPort);
    const calls = Array.from({ length: AT_ONCE }, () => start(client, { prompt: 'hang' }));
    await Promise.all(calls.map((running) => running.firstFrame));
    for (const { call } of calls) call.cancel();
    await Promise.all(calls.map((running) => running.outcome));
    await eventually(
      () => server.status(),
      (status) => status.active_streams === 0,
    );
    client.close();
  }
});

test('a flood of calls over one connection does not keep a good client waiting', async () => {
  const session = connectHttp2(`http://127.0.0.1:${server.grpcPort}`);
  session.on('error', () => {});
  const FLOOD = 2_000;
  for (let index = 0; index < FLOOD; index += 1) {
    const stream = session.request({
      ':method': 'POST',
      ':path': '/streaming.StreamingService/StreamAudio',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    stream.on('error', () => {});
    stream.resume();
    stream.end(framed(requestBytes({ prompt: 'hi' })));
  }
  const client = connect(server.grpcPort);
  const outcome = await ask(client, { prompt: '' }, { deadlineMs: 5_000 });
  expect(outcome.errorType).toBe('empty_prompt');
  client.close();
  session.destroy();
});
