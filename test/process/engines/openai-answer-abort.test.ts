/** Aborts: wherever an answer is, the provider's server sees its connection close within 100 ms, and the reader is free at once. */
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { askEngine, createEngine, providerAt } from '../../support/providers/asked-engine.ts';
import { type ChatServer, type SeenQuestion, startChatServer } from '../../support/providers/chat-server.ts';

let server: ChatServer;
beforeAll(async () => {
  server = await startChatServer();
  // The first answer of a process loads and compiles; what is measured is the second.
  await askEngine(createEngine([providerAt(server.baseUrl, 'good')]));
});
beforeEach(() => server.forget());

/** CONTRACT: what nobody listens to ends within this. */
const boundMs = 100;

async function lastSeen(isGood: (seen: SeenQuestion) => boolean): Promise<SeenQuestion> {
  await expect.poll(async () => (await server.seen()).some(isGood)).toBe(true);
  const found = (await server.seen()).findLast(isGood);
  if (found === undefined) throw new Error('seen, and not seen');
  return found;
}

describe('an abort reaches the socket', () => {
  test.each([
    ['while the headers are waited for', 'silent'],
    ['while the first word is waited for', 'silent-stream'],
    ['in the middle of the answer', 'stall'],
    ['behind its end', 'lingering'],
    ['while megabytes come', 'huge'],
  ])('%s', async (_when, model) => {
    const delaysMs: number[] = [];
    // A machine that is busy makes one round late, and another one in time; a request that is not aborted is late each time.
    for (let round = 0; round < 6 && !delaysMs.some((delayMs) => delayMs < boundMs); round += 1) {
      delaysMs.push(await abortOnce(model));
    }
    expect(Math.min(...delaysMs)).toBeLessThan(boundMs);
  });

  /** Asks, aborts, and resolves with how long it took until both sides were free, in ms. */
  async function abortOnce(model: string): Promise<number> {
    await server.forget();
    const engine = createEngine([providerAt(server.baseUrl, model)], { retries: 2, attemptTimeoutMs: 10_000 });
    const left = new AbortController();
    const asked = askEngine(engine, {}, left.signal);
    asked.catch(() => {});
    await lastSeen(() => true);
    // Long enough for what was sent to have come; an abort at any other time is as good.
    await new Promise((wake) => setTimeout(wake, 60));
    const abortedAtMs = Date.now();
    left.abort();
    await expect(asked).rejects.toBe(left.signal.reason);
    const readerMs = Date.now() - abortedAtMs;
    const { leftAtMs } = await lastSeen((seen) => seen.leftAtMs !== null);
    expect(await server.seen()).toHaveLength(1);
    return Math.max(readerMs, (leftAtMs ?? 0) - abortedAtMs);
  }

  test('between two tries it ends the wait, and nobody is asked again', async () => {
    const engine = createEngine([providerAt(server.baseUrl, 'broken')], { retries: 10 });
    const left = new AbortController();
    const asked = askEngine(engine, {}, left.signal);
    asked.catch(() => {});
    await lastSeen((seen) => seen.endedAtMs !== null);
    left.abort();
    await expect(asked).rejects.toBe(left.signal.reason);
    const { length } = await server.seen();
    await new Promise((wake) => setTimeout(wake, 300));
    expect(await server.seen()).toHaveLength(length);
  });

  test('before the first pull nobody is asked', async () => {
    const engine = createEngine([providerAt(server.baseUrl, 'good')]);
    await expect(askEngine(engine, {}, AbortSignal.abort('gone'))).rejects.toBe('gone');
    expect(await server.seen()).toEqual([]);
  });
});

describe('a reader that leaves', () => {
  test('ends the request with return(), also while it waits for the next part', async () => {
    const engine = createEngine([providerAt(server.baseUrl, 'stall')]);
    const answer = engine.answer({ prompt: 'Hello', hardwareId: 'd' }, new AbortController().signal);
    const parts = answer[Symbol.asyncIterator]();
    await parts.next();
    await parts.next();
    const pending = parts.next().catch(() => 'ended');
    await parts.return?.();
    await pending;
    await lastSeen((each) => each.leftAtMs !== null);
  });

  test('in the middle of a loop ends it, too', async () => {
    const engine = createEngine([providerAt(server.baseUrl, 'stall')]);
    for await (const part of engine.answer({ prompt: 'Hello', hardwareId: 'd' }, new AbortController().signal)) {
      expect(part.kind).toBe('text');
      break;
    }
    await lastSeen((seen) => seen.leftAtMs !== null);
  });
});

test('what an aborted answer used until then is told once', async () => {
  const engine = createEngine([providerAt(server.baseUrl, 'usage-then-stall')]);
  const usages: unknown[] = [];
  const left = new AbortController();
  const request = { prompt: 'Hello', hardwareId: 'd', noteUsage: (usage: unknown) => usages.push(usage) };
  const parts = engine.answer(request, left.signal)[Symbol.asyncIterator]();
  await parts.next();
  left.abort();
  await expect(parts.next()).rejects.toBe(left.signal.reason);
  expect(usages).toEqual([{ inputTokens: 5, outputTokens: 3, model: 'usage-then-stall' }]);
});
