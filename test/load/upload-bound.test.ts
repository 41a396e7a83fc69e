/** Requests that never become complete cost bounded memory, and the honest ones among them come through. */
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants, createServer } from 'node:http2';
import { afterEach, expect, test } from 'vitest';
import { RequestBudget } from '../../src/rpc/request-budget.ts';
import { eventually } from '../support/eventually.ts';

const KIB = 1024;
const MAX_BYTES = 1024 * KIB;

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const clean of cleanups.splice(0).toReversed()) clean();
});

interface Upload {
  readonly stream: ClientHttp2Stream;
  /** Bytes that the server read of it. */
  received(): number;
  isReset(): boolean;
}

/** A server that reads every request and answers the complete ones, and uploads to it, each on a connection of its own. */
async function start() {
  const resets: number[] = [];
  const received = new Map<string, number>();
  const server = createServer();
  server.on('stream', (stream, headers) => {
    const path = headers[':path'] ?? '';
    stream.on('error', () => {});
    stream.on('data', (chunk: Buffer) => received.set(path, (received.get(path) ?? 0) + chunk.length));
    stream.once('end', () => stream.respond({ ':status': 200 }, { endStream: true }));
  });
  new RequestBudget({ maxBytes: MAX_BYTES, onReset: (bytes) => resets.push(bytes) }).watch(server);
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
  cleanups.push(() => server.close());
  const sessions: ClientHttp2Session[] = [];
  cleanups.push(() => {
    for (const session of sessions) session.destroy();
  });
  const upload = async (name: string, bytes: number): Promise<Upload> => {
    const session = connect(`http://127.0.0.1:${port}`);
    session.on('error', () => {});
    sessions.push(session);
    const path = `/${name}`;
    const stream = session.request({ ':method': 'POST', ':path': path });
    stream.on('error', () => {});
    stream.resume();
    stream.write(Buffer.alloc(bytes));
    const each: Upload = {
      stream,
      received: () => received.get(path) ?? 0,
      isReset: () => stream.rstCode === constants.NGHTTP2_ENHANCE_YOUR_CALM,
    };
    await eventually(
      () => each.received() === bytes || each.isReset(),
      (isThere) => isThere,
    );
    return each;
  };
  return { resets, upload };
}

function finish({ stream }: Upload): Promise<unknown> {
  return new Promise((resolve) => {
    stream.once('response', (headers) => resolve(headers[':status']));
    stream.once('close', () => resolve(stream.rstCode));
    stream.end();
  });
}

test('over the bound the oldest is reset, and no more than needed; the younger ones come through', async () => {
  const { resets, upload } = await start();
  const oldest = await upload('oldest', 400 * KIB);
  const younger = await upload('younger', 400 * KIB);
  expect(resets).toEqual([]);
  const youngest = await upload('youngest', 400 * KIB);
  await eventually(oldest.isReset, (isReset) => isReset);
  expect(resets).toEqual([400 * KIB]);
  expect(await finish(younger)).toBe(200);
  expect(await finish(youngest)).toBe(200);
});

test('a request that is complete, and one that was given up, count no more', async () => {
  const { resets, upload } = await start();
  for (let round = 0; round < 5; round += 1) {
    expect(await finish(await upload(`complete-${round}`, 600 * KIB))).toBe(200);
    const givenUp = await upload(`given-up-${round}`, 100 * KIB);
    givenUp.stream.close(constants.NGHTTP2_CANCEL);
    await new Promise((resolve) => givenUp.stream.once('close', resolve));
  }
  const last = await upload('last', 700 * KIB);
  expect(await finish(last)).toBe(200);
  expect(resets).toEqual([]);
});

test('small requests are reset when no large one is left, the oldest first, and no more than needed', async () => {
  const { resets, upload } = await start();
  const [first, second, ...others] = await inOrder(15, (index) => upload(`small-${index}`, 60 * KIB));
  const large = await upload('large', 400 * KIB);
  await eventually(large.isReset, (isReset) => isReset);
  // As soon as it was too much.
  expect(resets[0]).toBeGreaterThan(64 * KIB);
  // 17 of them are 1,020 KiB, 19 too many by two.
  const younger = await inOrder(4, (index) => upload(`younger-${index}`, 60 * KIB));
  await eventually(
    () => resets.length,
    (count) => count === 3,
  );
  expect(resets.slice(1)).toEqual([60 * KIB, 60 * KIB]);
  expect([first?.isReset(), second?.isReset()]).toEqual([true, true]);
  for (const each of [...others, ...younger]) expect(await finish(each)).toBe(200);
});

async function inOrder<T>(count: number, make: (index: number) => Promise<T>): Promise<readonly T[]> {
  const made: T[] = [];
  for (let index = 0; index < count; index += 1) made.push(await make(index));
  return made;
}
