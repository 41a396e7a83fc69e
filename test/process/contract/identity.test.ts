/** CONTRACT §1, "Identity": which ids are taken, which are made, which are refused. */
import { describe, expect, test } from 'vitest';
import type { StreamRequest } from '../../../src/rpc/generated/streaming/StreamRequest.ts';
import { ask, welcome } from '../../support/client.ts';
import { expectSeen, type StreamRow, says } from '../../support/contract/contract-rows.ts';
import { served } from '../../support/contract/served.ts';
import { eventually } from '../../support/eventually.ts';

const scenario = {
  answers: [{ when: '', steps: [{ wait_ms: 150 }, ...says('Hello there.')] }],
  speech: { chunks_per_sentence: 1 },
};
const UUID = '7f0c3a52-4f4e-4c1e-9d2c-0b7b8f1f8a11';
const anyUuidV4 = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
const good = { frames: 'text audio end', code: 'OK' };
const refused = (errorType: string, details: RegExp = /./) => ({
  frames: 'error',
  code: 'INVALID_ARGUMENT',
  errorType,
  details: expect.stringMatching(details),
});

type Row = readonly [sentence: string, request: StreamRequest, expected: StreamRow['expect']];
const everyCharacter = String.fromCharCode(...Array.from({ length: 0x7e - 0x21 + 1 }, (_, at) => 0x21 + at));

const lenient: readonly Row[] = [
  [
    'a missing, empty or "unknown" session_id is made here (UUID v4) [: missing]',
    {},
    { ...good, sessionId: anyUuidV4 },
  ],
  ['a missing, empty … session_id is made here', { session_id: '' }, { ...good, sessionId: anyUuidV4 }],
  ...['unknown', 'Unknown', 'UNKNOWN'].map(
    (session_id): Row => [
      `… or "unknown" session_id is made here [: ${session_id}]`,
      { session_id },
      { ...good, sessionId: anyUuidV4 },
    ],
  ),
  ['A given id is 1–128 characters [: 1]', { session_id: 'a', hardware_id: 'b' }, { ...good, sessionId: 'a' }],
  ['A given id is 1–128 characters [: 128]', { session_id: 'a'.repeat(128), hardware_id: 'b'.repeat(128) }, good],
  [
    'of 0x21–0x7E [: all of them]',
    { session_id: everyCharacter, hardware_id: everyCharacter },
    { ...good, sessionId: everyCharacter },
  ],
  ['[lenient: no UUID is needed]', { session_id: 'session-1' }, { ...good, sessionId: 'session-1' }],
  ...['a'.repeat(129), ' ', 'a b', ' a', 'a\n', 'a\u007f', 'a\u0000', 'сессия', 'é', '😀'].flatMap((id): Row[] => [
    [
      `anything else is INVALID_ARGUMENT [: session_id ${JSON.stringify(id)}]`,
      { session_id: id },
      refused('invalid_session_id'),
    ],
    [
      `anything else is INVALID_ARGUMENT [: hardware_id ${JSON.stringify(id)}]`,
      { hardware_id: id },
      refused('invalid_hardware_id'),
    ],
  ]),
];

const strict: readonly Row[] = [
  ['both are required [: both are there]', { session_id: UUID, hardware_id: 'device' }, { ...good, sessionId: UUID }],
  [
    '[a UUID in capitals is one, and comes back as it was given]',
    { session_id: UUID.replace('7f0c', '7F0C'), hardware_id: 'device' },
    { ...good, sessionId: UUID.replace('7f0c', '7F0C') },
  ],
  ...['', 'unknown', 'Unknown', 'UNKNOWN', ' '].flatMap((id): Row[] => [
    [
      `session_id is required… [: ${JSON.stringify(id)}]`,
      { session_id: id, hardware_id: 'device' },
      refused('missing_session_id', /^session_id is required/),
    ],
    [
      `hardware_id not blank and not "unknown" [: ${JSON.stringify(id)}]`,
      { session_id: UUID, hardware_id: id },
      refused('invalid_hardware_id', /^hardware_id is required/),
    ],
  ]),
  [
    'session_id a UUID v4 [: not any text]',
    { session_id: 'session-1', hardware_id: 'device' },
    refused('invalid_session_id'),
  ],
  [
    'session_id a UUID v4 [: not a v1]',
    { session_id: UUID.replace('-4c1e', '-1c1e'), hardware_id: 'device' },
    refused('invalid_session_id'),
  ],
  [
    'session_id a UUID v4 [: not another variant]',
    { session_id: UUID.replace('-9d2c', '-7d2c'), hardware_id: 'device' },
    refused('invalid_session_id'),
  ],
  [
    'session_id a UUID v4 [: not in braces]',
    { session_id: `{${UUID}}`, hardware_id: 'device' },
    refused('invalid_session_id'),
  ],
];

const device: readonly Row[] = [
  ...['', 'unknown', 'UNKNOWN'].map(
    (session_id): Row => [
      `session ids are made as in lenient [: ${JSON.stringify(session_id)}]`,
      { session_id, hardware_id: 'device' },
      { ...good, sessionId: anyUuidV4 },
    ],
  ),
  [
    '[the smoke test of the desktop: a prompt and a device]',
    { hardware_id: 'device' },
    { ...good, sessionId: anyUuidV4 },
  ],
  [
    '[a given one need be no UUID]',
    { session_id: 'session-1', hardware_id: 'device' },
    { ...good, sessionId: 'session-1' },
  ],
  ...['', 'unknown', 'Unknown', 'UNKNOWN', ' '].map(
    (hardware_id): Row => [
      `but hardware_id is required [: ${JSON.stringify(hardware_id)}]`,
      { session_id: UUID, hardware_id },
      refused('invalid_hardware_id', /^hardware_id is required/),
    ],
  ),
  [
    'A COLLECT without session_id could never be committed',
    { phase: 1, chunk_text: 'hi', hardware_id: 'device' },
    refused('missing_session_id', /^session_id is required/),
  ],
];

describe.each([
  { policy: 'lenient', env: {}, rows: lenient },
  { policy: 'device', env: { IDENTITY_POLICY: 'device' }, rows: device },
  { policy: 'strict', env: { IDENTITY_POLICY: 'strict' }, rows: strict },
])('IDENTITY_POLICY=$policy', ({ env, rows }) => {
  const its = served({ scenario, env });

  test.concurrent.each(rows)('%s', async (_, request, expected) => {
    expectSeen(await ask(its.client, { prompt: 'hi', ...request }), expected);
  });

  test.concurrent.each(['welcome_1796006750.5', 'welcome_1796006750', UUID, ''])(
    "a Welcome's session_id need only be well formed [: %j]",
    async (session_id) => {
      const outcome = await welcome(its.client, { text: 'Good morning.', session_id });
      expect({ code: outcome.code, first: outcome.kinds[0] }).toEqual({ code: 'OK', first: 'metadata' });
      expect(outcome.sessionId).toEqual(session_id === '' ? anyUuidV4 : session_id);
    },
  );
});

describe('the default', () => {
  // Long enough for two calls to be found side by side on a busy machine.
  const its = served({
    scenario: {
      ...scenario,
      answers: [{ when: '^[ab]$', steps: [{ wait_ms: 1_000 }, ...says('Hello there.')] }, ...scenario.answers],
    },
  });

  test('two such calls run in parallel', async () => {
    const calls = Promise.all([
      ask(its.client, { prompt: 'a' }),
      ask(its.client, { prompt: 'b', session_id: 'unknown' }),
    ]);
    await eventually(its.server.status, ({ in_flight }) => in_flight === 2);
    const [one, other] = await calls;
    for (const outcome of [one, other]) expectSeen(outcome, good);
    expect(one.sessionId).not.toBe(other.sessionId);
  });

  test('a missing hardware_id becomes "unknown" [, which it is in any letter case]', async () => {
    for (const hardware_id of ['', 'unknown', 'Unknown', 'UNKNOWN']) {
      const { sessionId } = await ask(its.client, { prompt: 'hi', hardware_id });
      const lines = its.server.logsOf('stream_acquired').filter(({ ctx }) => ctx?.session_id === sessionId);
      expect(lines.map(({ ctx }) => ctx?.hardware_id)).toEqual(['unknown']);
    }
  });
});
