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
    const outcome = await ask(client, { chunk_text: 'Say it.', phase: 1, session_id: 'collected' });
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

describe('length', () => {
  const MAX_CHARS = 32_768;
  const refusal = (what: string, characters: number) => ({
    code: 'RESOURCE_EXHAUSTED',
    errorType: 'request_too_large',
    details: `${what} has ${characters} characters; at most ${MAX_CHARS} are accepted (PROMPT_MAX_CHARS)`,
  });

  test.each([
    ['one letter', 'x', MAX_CHARS],
    ['emoji, each one character', '🙂', MAX_CHARS],
  ])('a prompt of PROMPT_MAX_CHARS is answered: %s', async (_, letter, times) => {
    expectGoodEnd(await ask(client, { prompt: `x${letter.repeat(times - 1)}` }));
  });

  test.each([
    ['one more letter', { prompt: 'x'.repeat(MAX_CHARS + 1) }, MAX_CHARS + 1],
    ['one more emoji', { prompt: '🙂'.repeat(MAX_CHARS + 1) }, MAX_CHARS + 1],
    ['Cyrillic words', { prompt: 'слово '.repeat(100_000) }, 600_000],
    ['nothing but spaces', { prompt: ' '.repeat(1_000_000) }, 1_000_000],
    ['12,000,000 × "x"', { prompt: 'x'.repeat(12_000_000) }, 12_000_000],
    ['emoji by the million', { prompt: '🙂'.repeat(2_000_000) }, 2_000_000],
    ['in chunk_text', { chunk_text: 'x'.repeat(MAX_CHARS + 1) }, MAX_CHARS + 1],
  ])('a longer one is request_too_large, named with its length and the bound: %s', async (_, request, characters) => {
    expectErrorBeforeData(await ask(client, request), refusal('The prompt', characters));
  });

  test('a chunk_text that does not count is not measured', async () => {
    expectGoodEnd(await ask(client, { prompt: 'Short.', chunk_text: 'x'.repeat(MAX_CHARS + 1) }));
  });

  test('what is collected has the same bound, by itself and with the tail that its COMMIT brings', async () => {
    const ids = { session_id: 'long', phase: 1 } as const;
    const half = 'x'.repeat(MAX_CHARS / 2);
    const tooLong = { ...ids, chunk_seq: 1, chunk_text: half + half + half };
    expectErrorBeforeData(await ask(client, tooLong), refusal('The collected text', 49_152));
    expectGoodEnd(await ask(client, { ...ids, chunk_seq: 1, chunk_text: half }));
    const grown = { ...ids, chunk_seq: 2, chunk_text: ` ${half}` };
    expectErrorBeforeData(await ask(client, grown), refusal('The collected text', MAX_CHARS + 1));
    const committed = { session_id: 'long', phase: 2, prompt: ` ${half}` } as const;
    expectErrorBeforeData(await ask(client, committed), refusal('The prompt', MAX_CHARS + 1));
    // What was collected is still there.
    expect((await ask(client, { session_id: 'long', phase: 2 })).text).toBe('That was long.');
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
      expectErrorBeforeData(await ask(client, { prompt: 'Look.', session_id: 'looking', phase, [field]: value }), {
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
    // Beside a prompt, chunk_text does not count.
    expectGoodEnd(await ask(client, { prompt: 'x', chunk_text: 'x'.repeat(15.9 * MIB) }));
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
