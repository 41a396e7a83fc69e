/** What a request may be: phases, prompts and sizes. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StreamRequest } from '../../../src/rpc/generated/streaming/StreamRequest.ts';
import { ask, connect, type TestClient } from '../../support/client.ts';
import { startServer } from '../../support/server.ts';
import type { TestServer } from '../../support/test-server.ts';
import { expectErrorBeforeData, expectGoodEnd } from './outcomes.ts';

const MIB = 1024 * 1024;
const scenario = {
  answers: [
    { when: '^x', steps: [{ say: 'That was long.' }] },
    { when: '', steps: [{ echo: true }] },
  ],
  speech: { chunks_per_sentence: 1 },
};

let server: TestServer;
let client: TestClient;
beforeAll(async () => {
  server = await startServer({ scenario });
  client = connect(server.grpcPort);
});
afterAll(() => client.close());

describe('phase', () => {
  test.each([0, 2] as const)('%i is an utterance to be answered', async (phase) => {
    const outcome = await ask(client, { prompt: 'Say it.', phase });
    expectGoodEnd(outcome);
    expect(outcome.text).toBe('Say it.');
  });

  test('1 is collected and not answered', async () => {
    const outcome = await ask(client, { chunk_text: 'Say it.', phase: 1 });
    expectGoodEnd(outcome);
    expect(outcome.frames.map(({ end_message }) => end_message)).toEqual(['COLLECT_ACCEPTED']);
  });

  test.each([3, 7, 1_000_000, -1])('%i is INVALID_ARGUMENT/invalid_phase', async (phase) => {
    // A typed client could not send it; one of another version can.
    const request: StreamRequest = JSON.parse(JSON.stringify({ prompt: 'Say it.', phase }));
    expectErrorBeforeData(await ask(client, request), {
      code: 'INVALID_ARGUMENT',
      errorType: 'invalid_phase',
      details: `phase ${phase} must be 0 (unspecified), 1 (COLLECT) or 2 (COMMIT)`,
    });
  });
});

describe('prompt', () => {
  test.each([{}, { prompt: '' }, { prompt: ' \n\t' }, { chunk_text: '  ' }, { prompt: '', chunk_text: '' }])(
    '%j has no words: INVALID_ARGUMENT/empty_prompt',
    async (request) => {
      expectErrorBeforeData(await ask(client, request), { code: 'INVALID_ARGUMENT', errorType: 'empty_prompt' });
    },
  );

  test('chunk_text alone is the prompt', async () => {
    expect((await ask(client, { chunk_text: 'Only a chunk.' })).text).toBe('Only a chunk.');
  });

  test('prompt counts when both are there', async () => {
    expect((await ask(client, { prompt: 'The prompt.', chunk_text: 'A chunk.' })).text).toBe('The prompt.');
  });

  test('a refused request takes no slot and is counted', async () => {
    const before = await server.status();
    await ask(client, { prompt: '' });
    const after = await server.status();
    expect(after.rejected.empty_prompt).toBe((before.rejected.empty_prompt ?? 0) + 1);
    expect(after.active_streams).toBe(0);
  });
});

describe('screen size', () => {
  test.each([
    ['screen_width', -1],
    ['screen_width', 65_536],
    ['screen_height', -2_147_483_648],
    ['screen_height', 65_536],
  ])('%s %i is INVALID_ARGUMENT/invalid_request, in a COLLECT as in a COMMIT', async (field, value) => {
    for (const phase of [1, 2] as const) {
      expectErrorBeforeData(await ask(client, { prompt: 'Look.', phase, [field]: value }), {
        code: 'INVALID_ARGUMENT',
        errorType: 'invalid_request',
        details: `${field} ${value} must be 0 (not told) to 65535 pixels`,
      });
    }
  });

  test.each([0, 1, 65_535])('%i is a width and a height', async (pixels) => {
    expectGoodEnd(await ask(client, { prompt: 'Look.', screen_width: pixels, screen_height: pixels }));
  });
});

describe('size', () => {
  test('15.9 MiB are accepted', async () => {
    expectGoodEnd(await ask(client, { prompt: 'x'.repeat(15.9 * MIB) }));
  });

  test.each([16, 19.9])('%f MiB of prompt are RESOURCE_EXHAUSTED/request_too_large', async (mebibytes) => {
    const outcome = await ask(client, { prompt: 'x'.repeat(mebibytes * MIB) });
    expectErrorBeforeData(outcome, { code: 'RESOURCE_EXHAUSTED', errorType: 'request_too_large' });
    expect(outcome.details).toContain(String(16 * MIB));
  });

  test('more than 20 MiB are refused by the transport itself', async () => {
    const outcome = await ask(client, { prompt: 'x'.repeat(20 * MIB) });
    expect(outcome.code).toBe('RESOURCE_EXHAUSTED');
    expect(outcome.kinds).toEqual([]);
    expect(outcome.errorType).toBeNull();
  });

  test('the connection serves the next call after all of them', async () => {
    expectGoodEnd(await ask(client, { prompt: 'Still there?' }));
  });
});
