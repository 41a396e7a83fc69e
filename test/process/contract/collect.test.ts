/** CONTRACT §1, "COLLECT / COMMIT": what a sequence of chunks makes of the prompt that is answered; each row one utterance. */
import { describe, expect, test } from 'vitest';
import type { StreamRequest } from '../../../src/rpc/generated/streaming/StreamRequest.ts';
import { ask, start, type TestClient } from '../../support/client.ts';
import { expectSeen, type StreamRow, says } from '../../support/contract/contract-rows.ts';
import { served } from '../../support/contract/served.ts';
import { eventually } from '../../support/eventually.ts';
import { pngHeader } from '../../support/images.ts';

const scenario = {
  answers: [
    { when: '^hang', steps: [...says('One is here. Two'), { hang: true }] },
    { when: '', steps: [{ echo: true }] },
  ],
  speech: { chunks_per_sentence: 1 },
};
const accepted = { frames: 'end', code: 'OK', text: '' };
const answered = (text: string) => ({ frames: 'text audio end', code: 'OK', text });
const [COLLECT, COMMIT] = [1, 2] as const;

/** chunk_seq and what comes with it. */
type Chunk = readonly [seq: number, fields: string | StreamRequest];

async function collect(client: TestClient, ids: StreamRequest, [chunk_seq, given]: Chunk) {
  const fields = typeof given === 'string' ? { chunk_text: given } : given;
  return ask(client, { ...ids, ...fields, chunk_seq, phase: COLLECT });
}

interface UtteranceRow {
  readonly sentence: string;
  readonly chunks: readonly Chunk[];
  readonly commit: StreamRequest;
  readonly expect: StreamRow['expect'];
}

const utterances: readonly UtteranceRow[] = [
  {
    sentence: 'A non-empty chunk_text … is a newer whole hypothesis and replaces the older text',
    chunks: [
      [1, 'What'],
      [2, 'What is the'],
      [3, 'What is the time'],
    ],
    commit: {},
    expect: answered('What is the time'),
  },
  {
    sentence: 'A non-empty … COMMIT prompt is a newer whole hypothesis and replaces the older text',
    chunks: [
      [1, 'What is the'],
      [2, 'What is the thyme'],
    ],
    commit: { prompt: 'What is the time?' },
    expect: answered('What is the time?'),
  },
  {
    sentence: 'unless it starts with white space: then it is a tail and is appended [, in a COLLECT]',
    chunks: [
      [1, 'What'],
      [2, ' is the'],
      [3, '\ttime'],
    ],
    commit: {},
    expect: answered('What is the\ttime'),
  },
  {
    sentence: 'unless it starts with white space: then it is a tail and is appended [, in a COMMIT’s prompt]',
    chunks: [[1, 'What is']],
    commit: { prompt: ' the time?' },
    expect: answered('What is the time?'),
  },
  {
    sentence: 'unless it starts with white space: then it is a tail and is appended [, in a COMMIT’s chunk_text]',
    chunks: [[1, 'What is']],
    commit: { chunk_text: ' the time?' },
    expect: answered('What is the time?'),
  },
  {
    sentence: '[a COMMIT’s chunk_text is a hypothesis as any other]',
    chunks: [[1, 'What is']],
    commit: { chunk_text: 'Who is it?' },
    expect: answered('Who is it?'),
  },
  {
    sentence: 'An empty one keeps what is there',
    chunks: [
      [1, 'What is it?'],
      [2, ''],
    ],
    commit: { prompt: '', chunk_text: '' },
    expect: answered('What is it?'),
  },
  {
    sentence: '[a chunk without chunk_text keeps what is there, too]',
    chunks: [
      [1, 'What is it?'],
      [2, { screen_width: 800, screen_height: 600 }],
    ],
    commit: {},
    expect: answered('What is it?'),
  },
  {
    sentence: 'When a COMMIT carries both, prompt counts and chunk_text does not',
    chunks: [[1, 'One']],
    commit: { prompt: 'Two it is.', chunk_text: 'Three it is.' },
    expect: answered('Two it is.'),
  },
  {
    sentence: 'a chunk_seq not greater than the last is acknowledged and dropped [: smaller]',
    chunks: [
      [5, 'New'],
      [4, 'Old'],
      [6, ' and newer.'],
      [1, ' Oldest'],
    ],
    commit: {},
    expect: answered('New and newer.'),
  },
  {
    sentence: 'a chunk_seq not greater than the last is acknowledged and dropped [: the same again]',
    chunks: [
      [1, 'Once'],
      [2, ' only.'],
      [2, ' only.'],
      [1, 'Once'],
    ],
    commit: {},
    expect: answered('Once only.'),
  },
  {
    sentence: '[the first chunk may be number 0]',
    chunks: [
      [0, 'Zero'],
      [1, ' and one.'],
    ],
    commit: {},
    expect: answered('Zero and one.'),
  },
  {
    sentence: 'COLLECT stores chunk_text, screenshot and size',
    chunks: [
      [
        1,
        {
          screenshot: pngHeader({ width: 800, height: 600 }).toString('base64'),
          screen_width: 800,
          screen_height: 600,
        },
      ],
      [2, 'What do you see?'],
    ],
    commit: {},
    expect: answered('What do you see?'),
  },
  {
    sentence: 'an empty screenshot counts as absent',
    chunks: [[1, { chunk_text: 'What do you see?', screenshot: '' }]],
    commit: { screenshot: '' },
    expect: answered('What do you see?'),
  },
  {
    sentence: 'REQUEST_PHASE_UNSPECIFIED 0 (= COMMIT)',
    chunks: [[1, 'What is it?']],
    commit: { phase: 0 },
    expect: answered('What is it?'),
  },
  {
    sentence: '[a COMMIT without any COLLECT is an utterance of its own]',
    chunks: [],
    commit: { chunk_text: 'Hello there.' },
    expect: answered('Hello there.'),
  },
  {
    sentence: '[nothing was said in all: empty_prompt]',
    chunks: [
      [1, ' '],
      [2, ''],
    ],
    commit: { prompt: ' ' },
    expect: { frames: 'error', code: 'INVALID_ARGUMENT', errorType: 'empty_prompt' },
  },
];

describe('an utterance', () => {
  const its = served({ scenario });

  test.concurrent.each(utterances.map((row, n) => [row.sentence, row, n] as const))('%s', async (_, row, n) => {
    const ids = { session_id: `utterance-${n}`, hardware_id: 'pc' };
    for (const chunk of row.chunks) {
      expectSeen(await collect(its.client, ids, chunk), { ...accepted, sessionId: ids.session_id });
    }
    expectSeen(await ask(its.client, { phase: COMMIT, ...ids, ...row.commit }), row.expect);
  });

  test('answers one `end_message` "COLLECT_ACCEPTED"', async () => {
    const { frames, code } = await collect(its.client, { session_id: 'end' }, [1, 'Hi']);
    expect({ frames: frames.map(({ end_message }) => end_message), code }).toEqual({
      frames: ['COLLECT_ACCEPTED'],
      code: 'OK',
    });
  });

  test.each([
    { session_id: 'mine', hardware_id: 'other' },
    { session_id: 'other', hardware_id: 'pc' },
    { session_id: 'MINE', hardware_id: 'pc' },
  ])('under (hardware_id, session_id) [: $hardware_id, $session_id has nothing]', async (ids) => {
    await collect(its.client, { session_id: 'mine', hardware_id: 'pc' }, [1, 'Mine.']);
    expectSeen(await ask(its.client, { ...ids, phase: COMMIT }), { errorType: 'empty_prompt' });
  });

  test('The buffer is used up when the call is admitted [, and numbers begin anew]', async () => {
    const ids = { session_id: 'used' };
    await collect(its.client, ids, [7, 'First.']);
    expectSeen(await ask(its.client, { ...ids, phase: COMMIT }), answered('First.'));
    expectSeen(await ask(its.client, { ...ids, phase: COMMIT }), { errorType: 'empty_prompt' });
    await collect(its.client, ids, [1, 'Second.']);
    expectSeen(await ask(its.client, { ...ids, phase: COMMIT }), answered('Second.'));
  });

  test('a COLLECT during a running stream of that id is for the next one', async () => {
    const ids = { session_id: 'running' };
    const running = start(its.client, { ...ids, prompt: 'hang' });
    await running.firstFrame;
    expectSeen(await collect(its.client, ids, [1, 'The next one.']), accepted);
    running.call.cancel();
    await running.outcome;
    await eventually(its.server.status, ({ in_flight }) => in_flight === 0);
    expectSeen(await ask(its.client, { ...ids, phase: COMMIT }), answered('The next one.'));
  });
});

describe('with one slot and small bounds', () => {
  const env = { COLLECT_MAX_CHARS: '10', COLLECT_MAX_BUFFERS: '3', COLLECT_TTL: '2', BACKPRESSURE_MAX_STREAMS: '1' };
  const its = served({ scenario, env });
  const overloaded = { frames: 'error', code: 'RESOURCE_EXHAUSTED', errorType: 'overloaded' };

  test('with no slot taken; the buffer is … kept when it is refused', async () => {
    const running = start(its.client, { prompt: 'hang', session_id: 'house' });
    await running.firstFrame;
    const ids = { session_id: 'full' };
    expectSeen(await collect(its.client, ids, [1, 'Kept.']), accepted);
    expectSeen(await ask(its.client, { ...ids, phase: COMMIT }), { errorType: 'stream_limit_exceeded' });
    await collect(its.client, { session_id: 'house' }, [1, 'Too.']);
    expectSeen(await ask(its.client, { session_id: 'house', phase: COMMIT }), { errorType: 'concurrent_request' });
    running.call.cancel();
    await running.outcome;
    await eventually(its.server.status, ({ in_flight }) => in_flight === 0);
    expectSeen(await ask(its.client, { ...ids, phase: COMMIT }), answered('Kept.'));
    expectSeen(await ask(its.client, { session_id: 'house', phase: COMMIT }), answered('Too.'));
  });

  test('over the bound: RESOURCE_EXHAUSTED/overloaded [: COLLECT_MAX_CHARS]', async () => {
    const ids = { session_id: 'long' };
    expectSeen(await collect(its.client, ids, [1, '1234567890']), accepted);
    expectSeen(await collect(its.client, ids, [2, ' 1']), overloaded);
    expectSeen(await ask(its.client, { ...ids, phase: COMMIT }), answered('1234567890'));
  });

  test('over the bound: RESOURCE_EXHAUSTED/overloaded [: COLLECT_MAX_BUFFERS]', async () => {
    for (const session_id of ['a', 'b', 'c'])
      expectSeen(await collect(its.client, { session_id }, [1, 'Hi']), accepted);
    expectSeen(await collect(its.client, { session_id: 'd' }, [1, 'Hi']), overloaded);
    expectSeen(await collect(its.client, { session_id: 'c' }, [2, 'Hi c.']), accepted);
    expectSeen(await ask(its.client, { session_id: 'c', phase: COMMIT }), answered('Hi c.'));
    expectSeen(await collect(its.client, { session_id: 'd' }, [1, 'Hi d.']), accepted);
    expectSeen(await ask(its.client, { session_id: 'd', phase: COMMIT }), answered('Hi d.'));
    for (const session_id of ['a', 'b']) await ask(its.client, { session_id, phase: COMMIT });
  });

  test('Buffers expire [, and their room is free]', async () => {
    const startedAtMs = performance.now();
    for (const session_id of ['x', 'y', 'z']) {
      expectSeen(await collect(its.client, { session_id }, [1, 'Late.']), accepted);
    }
    expectSeen(await collect(its.client, { session_id: 'late' }, [1, 'Late.']), overloaded);
    await eventually(
      () => collect(its.client, { session_id: 'late' }, [1, 'Late.']),
      ({ code }) => code === 'OK',
    );
    expect(performance.now() - startedAtMs).toBeGreaterThan(1_990);
    expectSeen(await ask(its.client, { session_id: 'x', phase: COMMIT }), { errorType: 'empty_prompt' });
  });
});
