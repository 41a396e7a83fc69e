/** A whole server whose model refuses requests for what is in them, as clients see it: an answer, as long as there is another way to ask. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, connect, type TestClient } from '../../support/client.ts';
import { png } from '../../support/images.ts';
import {
  answering,
  hasImage,
  refusing,
  type ScriptedEndpoint,
  startScriptedEndpoint,
} from '../../support/providers/scripted-endpoint.ts';
import { startServer } from '../../support/server.ts';
import type { TestServer } from '../../support/test-server.ts';
import { expectErrorBeforeData, expectGoodEnd } from './outcomes.ts';

const scenario = { answers: [], speech: { chunks_per_sentence: 1 } };
const screenshot = png({ width: 2, height: 2 }).toString('base64');

let endpoint: ScriptedEndpoint;
let server: TestServer;
let client: TestClient;

beforeAll(async () => {
  endpoint = await startScriptedEndpoint();
  const model = { ANSWER_ENGINE: 'openai', ANSWER_MODEL: 'x', ANSWER_BASE_URL: endpoint.baseUrl, ANSWER_RETRIES: '0' };
  server = await startServer({ scenario, env: model });
  client = connect(server.grpcPort);
});
afterAll(async () => {
  client.close();
  await server.stop();
});

describe('a picture that is refused', () => {
  test("costs one device's question its picture, and no other device anything", async () => {
    const refused = refusing(400, 'Your input image may contain content that is not allowed by our safety system.');
    endpoint.reply((body, earlier) => (hasImage(body) && earlier === 0 ? refused : answering()));
    for (const hardware_id of ['tablet', 'laptop', 'tablet']) {
      expectGoodEnd(await ask(client, { prompt: 'What is this?', hardware_id, screenshot }));
    }
    expect(endpoint.asked.map(hasImage)).toEqual([true, false, true, true]);
  });
});

describe('what a device said before', () => {
  test('does not stand in the way of what it says now, once it has outgrown the model', async () => {
    const exceeded = refusing(400, 'the request exceeds the available context size', {
      type: 'exceed_context_size_error',
    });
    // System prompt, two exchanges and the question.
    endpoint.reply(({ messages }) => (messages.length > 6 ? exceeded : answering()));
    for (let count = 0; count < 6; count += 1) {
      expectGoodEnd(await ask(client, { prompt: `Question ${count}`, hardware_id: 'talker' }));
    }
    const last = endpoint.asked.at(-1)?.messages.map(({ content }) => content);
    expect(last?.slice(1)).toEqual(['Question 3', 'One is said.', 'Question 4', 'One is said.', 'Question 5']);
  });

  test('is asked without when nothing else helps, and the failure then is not the mistake of the client', async () => {
    endpoint.reply(() => refusing(400, "This model's maximum context length is 512 tokens."));
    expectErrorBeforeData(await ask(client, { prompt: 'Hello', hardware_id: 'talker' }), {
      code: 'UNAVAILABLE',
      errorType: 'answer_failed',
    });
    expect(endpoint.asked.at(-1)?.messages).toHaveLength(2);
  });

  test('but a prompt that no model of this size takes is', async () => {
    endpoint.reply(() => refusing(400, "This model's maximum context length is 512 tokens."));
    expectErrorBeforeData(await ask(client, { prompt: 'word '.repeat(4_000), hardware_id: 'reader' }), {
      code: 'INVALID_ARGUMENT',
      errorType: 'invalid_request',
    });
  });
});

test.each([400, 404, 413, 415, 422])('%i that nothing explains is an error of the server, once', async (status) => {
  endpoint.reply(() => refusing(status, 'no'));
  const outcome = await ask(client, { prompt: 'Hello', hardware_id: `device-${status}`, screenshot });
  expect(outcome.code).not.toBe('INVALID_ARGUMENT');
  expect(outcome.kinds).toEqual(['error_message']);
});
