/** The client by itself: nothing lost, bounded, and every call ends. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AnswerCall, type AnswerFrame, connect, type StreamingClient } from '../../../src/cli/ask/client.ts';
import { defaultServerText, parseServerAddress, type ServerAddress } from '../../../src/cli/ask/server-address.ts';
import { type CannedServer, startCannedServer, text } from './canned-server.ts';

const manyFrames = 1000;
/** Far more than the windows and buffers of HTTP/2, the kernel and grpc-js hold by themselves. */
const largeFrames = { count: 64, chars: 512 * 1024 } as const;
const small = { queueBytes: 1024 * 1024 } as const;

let server: CannedServer;
let address: ServerAddress;
let sentLargeFrames = 0;
let cancelled: Promise<void> | undefined;
const clients: StreamingClient[] = [];

beforeAll(async () => {
  server = await startCannedServer(async (stream) => {
    const { prompt } = stream.request;
    if (prompt === 'many, then fail') {
      for (let index = 0; index < manyFrames; index += 1) await stream.send(text(`${index},`));
      stream.fail('INTERNAL', 'broken', 'processing_error');
    }
    if (prompt === 'large') {
      for (let index = 0; index < largeFrames.count; index += 1) {
        await stream.send(text('x'.repeat(largeFrames.chars)));
        sentLargeFrames += 1;
      }
      stream.end();
    }
    if (prompt === 'hang') {
      cancelled = stream.cancelled;
      await stream.send(text('first'));
    }
  });
  const parsed = parseServerAddress(server.address);
  if (parsed === undefined) throw new Error(`not an address: ${server.address}`);
  address = parsed;
});

afterAll(() => {
  for (const client of clients) client.close();
  server.close();
});

function ask(prompt: string, options?: { readonly queueBytes: number }): AnswerCall {
  const client = connect(address, options);
  clients.push(client);
  return client.ask({ prompt });
}

async function all(frames: AsyncIterable<AnswerFrame>): Promise<readonly AnswerFrame[]> {
  const seen: AnswerFrame[] = [];
  for await (const frame of frames) seen.push(frame);
  return seen;
}

test('a reader that reads nothing before the call has failed still gets every frame', async () => {
  const call = ask('many, then fail');
  expect(await call.end).toEqual({ code: 'INTERNAL', details: 'broken', errorType: 'processing_error' });
  const frames = await all(call.frames);
  expect(frames.map((frame) => (frame.kind === 'text_chunk' ? frame.text : frame.kind)).join('')).toBe(
    Array.from({ length: manyFrames }, (_, index) => `${index},`).join(''),
  );
});

test('a reader that stops reading stops the server, and gets everything once it goes on', async () => {
  const call = ask('large', small);
  const reader = call.frames[Symbol.asyncIterator]();
  await reader.next();
  // Stalled: the count has stopped growing well before all is sent.
  let last = -1;
  await expect
    .poll(
      () => {
        const isStill = sentLargeFrames === last;
        last = sentLargeFrames;
        return isStill;
      },
      { interval: 300 },
    )
    .toBe(true);
  expect(sentLargeFrames).toBeLessThan(largeFrames.count / 2);
  let chars = largeFrames.chars;
  for (let item = await reader.next(); item.done !== true; item = await reader.next()) {
    if (item.value.kind === 'text_chunk') chars += item.value.text.length;
  }
  expect(chars).toBe(largeFrames.count * largeFrames.chars);
  expect((await call.end).code).toBe('OK');
});

test('leaving the loop cancels the call on the server', async () => {
  const call = ask('hang');
  for await (const frame of call.frames) {
    expect(frame).toEqual({ kind: 'text_chunk', text: 'first' });
    break;
  }
  expect((await call.end).code).toBe('CANCELLED');
  await cancelled;
});

test('a cancelled call ends its frames and its end, and may be cancelled again', async () => {
  const call = ask('hang');
  call.cancel();
  call.cancel();
  await all(call.frames);
  expect((await call.end).code).toBe('CANCELLED');
  call.cancel();
});

test.each([
  ['127.0.0.1:50051', true],
  ['localhost:1', true],
  ['[::1]:65535', true],
  ['example.com:443', false],
  ['10.0.0.1:80', false],
])('%s is an address; on this machine: %s', (given, isLoopback) => {
  expect(parseServerAddress(given)).toEqual({ text: given, isLoopback });
});

test.each(['', 'host', 'host:', ':1', 'host:0', 'host:65536', '::1:80', 'a b:1', 'http://host:1', 'host:1/x'])(
  '%j is not an address',
  (given) => {
    expect(parseServerAddress(given)).toBeUndefined();
  },
);

test.each<[Readonly<Record<string, string>>, string]>([
  [{}, '127.0.0.1:50051'],
  [{ GRPC_PORT: '6000' }, '127.0.0.1:6000'],
  [{ GRPC_HOST: '0.0.0.0', GRPC_PORT: '6000' }, '127.0.0.1:6000'],
  [{ GRPC_HOST: '::' }, '[::1]:50051'],
  [{ GRPC_HOST: 'box', GRPC_PORT: ' ' }, 'box:50051'],
  [{ GRPC_HOST: 'box', GRPC_PORT: '0' }, '127.0.0.1:50051'],
])('the environment %j means the server %s', (env, expected) => {
  expect(defaultServerText(env)).toBe(expected);
});
