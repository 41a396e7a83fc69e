/**
 * Who calls (CONTRACT §1, "Identity"): odd ids that are taken, ids that are refused, and the words of a refusal. The sentences of the
 * contract themselves stand in ../contract/identity.test.ts.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, connect, type TestClient } from '../../support/client.ts';
import { startServer } from '../../support/server.ts';
import { expectErrorBeforeData, expectGoodEnd } from './outcomes.ts';

const BOUND = 'must be 1 to 128 characters of 0x21 to 0x7E';
const scenario = { answers: [{ when: '', steps: [{ say: 'Good day.' }] }], speech: { chunks_per_sentence: 1 } };

const good = [
  { title: 'the last printable one', id: '~' },
  { title: 'a UUID in capitals', id: 'A2B4C6D8-1234-4ABC-8DEF-1234567890AB' },
  { title: 'names that objects have', id: '__proto__' },
  { title: 'quotes and commas', id: `"'\\,;:{}[]` },
];
const bad = [
  { title: '129 characters', id: 'a'.repeat(129) },
  { title: '16,000 characters', id: 'a'.repeat(16_000) },
  { title: 'a space inside', id: 'a b' },
  { title: 'only spaces', id: '   ' },
  { title: 'a leading space', id: ' a' },
  { title: 'a tab', id: 'a\tb' },
  { title: 'a line end', id: 'a\n' },
  { title: 'a zero', id: 'a\0b' },
  { title: 'DEL', id: 'a\x7f' },
  { title: 'Cyrillic', id: 'сессия' },
  { title: 'emoji', id: '🙂' },
];

describe('IDENTITY_POLICY=lenient', () => {
  let client: TestClient;
  beforeAll(async () => {
    client = connect((await startServer({ scenario })).grpcPort);
  });
  afterAll(() => client.close());

  test.each(good)('a session_id of $title is taken and sent back', async ({ id }) => {
    const outcome = await ask(client, { prompt: 'hi', session_id: id, hardware_id: id });
    expectGoodEnd(outcome);
    expect(outcome.sessionId).toBe(id);
  });

  test.each(bad)(
    'a session_id with $title is refused, and the text says which field, value and bound',
    async ({ id }) => {
      const outcome = await ask(client, { prompt: 'hi', session_id: id });
      expectErrorBeforeData(outcome, {
        code: 'INVALID_ARGUMENT',
        errorType: 'invalid_session_id',
        details: `session_id ${shown(id)} ${BOUND}`,
      });
    },
  );

  test.each(bad)(
    'a hardware_id with $title is refused, and the text says which field, value and bound',
    async ({ id }) => {
      const outcome = await ask(client, { prompt: 'hi', hardware_id: id });
      expectErrorBeforeData(outcome, {
        code: 'INVALID_ARGUMENT',
        errorType: 'invalid_hardware_id',
        details: `hardware_id ${shown(id)} ${BOUND}`,
      });
    },
  );
});

describe('IDENTITY_POLICY=strict', () => {
  let client: TestClient;
  beforeAll(async () => {
    client = connect((await startServer({ scenario, env: { IDENTITY_POLICY: 'strict' } })).grpcPort);
  });
  afterAll(() => client.close());

  test.each(['', 'unknown', 'UnKnown', '  '])('a session_id of "%s" is missing', async (session_id) => {
    const outcome = await ask(client, { prompt: 'hi', session_id, hardware_id: 'device-1' });
    expectErrorBeforeData(outcome, { code: 'INVALID_ARGUMENT', errorType: 'missing_session_id' });
    expect(outcome.details).toMatch(/^session_id is required/);
    expect(outcome.details).toContain(shown(session_id));
    expect(outcome.sessionId).toBeNull();
  });

  test.each([
    { title: 'a name', id: 'session-1' },
    { title: 'a UUID of version 1', id: 'a2b4c6d8-1234-1abc-8def-1234567890ab' },
    { title: 'a UUID of the wrong variant', id: 'a2b4c6d8-1234-4abc-7def-1234567890ab' },
    { title: 'a UUID with one more character', id: 'a2b4c6d8-1234-4abc-8def-1234567890abc' },
    { title: 'a UUID in braces', id: '{a2b4c6d8-1234-4abc-8def-1234567890ab}' },
  ])('a session_id that is $title is refused', async ({ id }) => {
    const outcome = await ask(client, { prompt: 'hi', session_id: id, hardware_id: 'device-1' });
    expectErrorBeforeData(outcome, {
      code: 'INVALID_ARGUMENT',
      errorType: 'invalid_session_id',
      details: `session_id "${id}" must be a UUID v4`,
    });
  });
});

/** A value as an error text shows it: quoted, escaped, bounded. */
function shown(value: string): string {
  return JSON.stringify(value.length > 140 ? `${value.slice(0, 140)}…` : value);
}
