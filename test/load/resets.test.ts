/**
 * What a client reads where its stream is cut instead of ended: never a cancel of its own, with either gRPC library. The two ways in which
 * this server cuts: a reader that takes neither frames nor the status, and a process that must stop although somebody does not read.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, start } from '../support/client.ts';
import { makeStubs, requirePython, startPython } from '../support/python/python-client.ts';
import { startServer } from '../support/server.ts';
import type { TestServer } from '../support/test-server.ts';

const lacking = requirePython();

/** Sixteen megabytes of sound: more than all windows and buffers between the server and a reader that waits. */
const scenario = {
  answers: [
    { when: '^words$', steps: [{ say: 'Loud one is here. And' }, { hang: true }] },
    { when: '^good$', steps: [{ say: 'Loud one is here.' }] },
  ],
  speech: { chunks_per_sentence: 4_000 },
};
/** A failed call lingers for ten seconds, a good one too where the idle timeout is shorter. */
const STALL_MS = 11_500;

/** The end of a call whose reader takes one frame and then none for `stallMs`. */
async function stalled(server: TestServer, prompt: string, stallMs: number) {
  const client = connect(server.grpcPort);
  const running = start(client, { prompt });
  await running.firstFrame;
  running.call.pause();
  await new Promise((resolve) => setTimeout(resolve, stallMs));
  running.call.resume();
  const { code, errorType } = await running.outcome;
  client.close();
  return { code, errorType };
}

async function stalledPython(server: TestServer, prompt: string, stallMs: number) {
  const stubsDir = mkdtempSync(join(tmpdir(), 'recital-stubs-'));
  makeStubs(stubsDir);
  const call = { request: { prompt }, stall_after: 1, stall_seconds: stallMs / 1000, deadline: 60 };
  const [outcome] = await startPython(stubsDir, server.grpcPort, [call]).outcomes;
  rmSync(stubsDir, { recursive: true });
  return { code: outcome?.code ?? 'none', errorType: outcome?.trailing['error-type'] ?? null };
}

describe('a reader that takes nothing for longer than the idle timeout, and no status either,', () => {
  const cut = { code: 'RESOURCE_EXHAUSTED', errorType: null };
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer({ scenario, env: { BACKPRESSURE_IDLE_TIMEOUT: '0.5' } });
  });
  afterAll(() => server.stop());

  test.concurrent('reads RESOURCE_EXHAUSTED without an error-type', async () => {
    expect(await stalled(server, 'words', STALL_MS)).toEqual(cut);
  });

  test.concurrent('also where the answer itself was good', async () => {
    expect(await stalled(server, 'good', STALL_MS)).toEqual(cut);
  });

  test.skipIf(lacking !== null).concurrent('reads the same in Python', async () => {
    expect(await stalledPython(server, 'words', STALL_MS)).toEqual(cut);
  });
});

test('one that is still there when the server must stop reads UNAVAILABLE, as of a server that is gone', async () => {
  const server = await startServer({
    scenario,
    env: { BACKPRESSURE_GRACE_PERIOD: '0.5', BACKPRESSURE_IDLE_TIMEOUT: '0' },
  });
  const STOPPED_MS = 4_000;
  const ends = [stalled(server, 'words', STOPPED_MS), stalled(server, 'good', STOPPED_MS)];
  if (lacking === null) ends.push(stalledPython(server, 'words', STOPPED_MS));
  // All three have had their first frame.
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  server.shutDown();
  for (const { code } of await Promise.all(ends)) expect(code).toBe('UNAVAILABLE');
  expect(await server.exited).toBe(0);
});
