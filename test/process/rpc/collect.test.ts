/**
 * COLLECT and COMMIT on the wire (CONTRACT §1): what the COMMIT is asked with, when what was collected is used up and when it is
 * kept, and every bound. The scripted model echoes the prompt that it was given.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StreamRequest } from '../../../src/rpc/generated/streaming/StreamRequest.ts';
import { ask, type CallOutcome, connect, interrupt, start, type TestClient } from '../../support/client.ts';
import { eventually } from '../../support/eventually.ts';
import { startServer } from '../../support/server.ts';
import type { TestServer } from '../../support/test-server.ts';
import { endOf, expectErrorBeforeData, expectGoodEnd } from './outcomes.ts';

const MIB = 1024 * 1024;
const COLLECT = 1;
const COMMIT = 2;
const onePixel = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
const scenario = {
  answers: [
    { when: '^hang', steps: [{ say: 'One is here. Two' }, { hang: true }] },
    { when: '^x+$', steps: [{ say: 'That was long.' }] },
    { when: '', steps: [{ echo: true }] },
  ],
  speech: { chunks_per_sentence: 1 },
};

/** A client's words under one pair of ids, chunk by chunk. */
function utterance(client: TestClient, session_id: string, hardware_id = 'device-1') {
  let chunk_seq = -1;
  const send = (phase: 1 | 2, fields: StreamRequest) => ask(client, { session_id, hardware_id, phase, ...fields });
  return {
    /** A COLLECT with the next number, unless it brings its own. */
    collect: (fields: StreamRequest) => {
      chunk_seq += 1;
      return send(COLLECT, { chunk_seq, ...fields });
    },
    commit: (fields: StreamRequest = {}) => send(COMMIT, fields),
  };
}

function expectAccepted(outcome: CallOutcome): void {
  expect(endOf(outcome)).toEqual({ kinds: ['end_message'], code: 'OK', details: 'OK', errorType: null });
  expect(outcome.frames[0]?.end_message).toBe('COLLECT_ACCEPTED');
}

/** What the model was asked. */
async function promptOf(committed: Promise<CallOutcome>): Promise<string> {
  const outcome = await committed;
  expectGoodEnd(outcome);
  return outcome.text;
}

/** A PNG of that many bytes. */
function pngOf(bytes: number): string {
  return Buffer.concat([onePixel, Buffer.alloc(bytes - onePixel.byteLength)]).toString('base64');
}

describe('a server with room', () => {
  let server: TestServer;
  let client: TestClient;
  let sessions = 0;
  const fresh = () => {
    sessions += 1;
    return utterance(client, `session-${sessions}`);
  };
  beforeAll(async () => {
    server = await startServer({ scenario, env: { LOG_LEVEL: 'debug' } });
    client = connect(server.grpcPort);
  });
  afterAll(() => client.close());

  test('a COLLECT is answered by one end_message, OK and the session id', async () => {
    const outcome = await ask(client, { session_id: 'mine', phase: COLLECT, chunk_text: 'What' });
    expectAccepted(outcome);
    expect(outcome.sessionId).toBe('mine');
    expect(outcome.trailers.get('error-type')).toEqual([]);
  });

  describe('words', () => {
    const cases: readonly [string, readonly StreamRequest[], StreamRequest, string][] = [
      ['a COMMIT without words takes the collected ones', [{ chunk_text: 'What is it?' }], {}, 'What is it?'],
      ['empty words of a COMMIT keep them', [{ chunk_text: 'What?' }], { prompt: '', chunk_text: '' }, 'What?'],
      ['the newest hypothesis wins', [{ chunk_text: 'Watt' }, { chunk_text: 'What is' }], {}, 'What is'],
      [
        'a tail is appended',
        [{ chunk_text: 'What' }, { chunk_text: ' is' }, { chunk_text: '\tit' }],
        {},
        'What is\tit',
      ],
      ['no words keep what is there', [{ chunk_text: 'What' }, { chunk_text: '' }, {}], {}, 'What'],
      ['a prompt replaces them', [{ chunk_text: 'Watt' }], { prompt: 'What is it?' }, 'What is it?'],
      ['a prompt that is a tail is appended', [{ chunk_text: 'What' }], { prompt: ' is it?' }, 'What is it?'],
      ['the chunk_text of a COMMIT replaces them', [{ chunk_text: 'Watt' }], { chunk_text: 'What?' }, 'What?'],
      ['or is appended', [{ chunk_text: 'What' }], { chunk_text: ' else?' }, 'What else?'],
      ['prompt counts before chunk_text', [{ chunk_text: 'A' }], { prompt: ' b', chunk_text: 'C' }, 'A b'],
      ['the prompt of a COLLECT is no chunk', [{ chunk_text: 'What', prompt: 'No' }, { prompt: 'No' }], {}, 'What'],
      ['a number of 0 is a first number', [{ chunk_seq: 0, chunk_text: 'What' }], {}, 'What'],
      [
        'so is a negative one',
        [
          { chunk_seq: -3, chunk_text: 'What' },
          { chunk_seq: -2, chunk_text: ' is' },
        ],
        {},
        'What is',
      ],
      [
        'old and repeated numbers change nothing',
        [
          { chunk_seq: 2, chunk_text: 'What is' },
          { chunk_seq: 1, chunk_text: 'What' },
          { chunk_seq: 2, chunk_text: ' is' },
          { chunk_seq: 7, chunk_text: ' it' },
          { chunk_seq: 6, chunk_text: 'Watt' },
        ],
        {},
        'What is it',
      ],
    ];
    test.each(cases)('%s', async (_title, chunks, committed, expected) => {
      const { collect, commit } = fresh();
      for (const chunk of chunks) expectAccepted(await collect(chunk));
      expect(await promptOf(commit(committed))).toBe(expected);
    });

    test('an unspecified phase is a COMMIT here, too', async () => {
      await ask(client, { session_id: 'old', hardware_id: 'device-1', phase: COLLECT, chunk_text: 'What' });
      expect(await promptOf(ask(client, { session_id: 'old', hardware_id: 'device-1', prompt: ' is it?' }))).toBe(
        'What is it?',
      );
    });
  });

  describe('a buffer', () => {
    test('is used up by the COMMIT that is admitted, and numbers begin anew', async () => {
      const { collect, commit } = fresh();
      await collect({ chunk_seq: 9, chunk_text: 'Once.' });
      expect(await promptOf(commit())).toBe('Once.');
      expectErrorBeforeData(await commit(), { code: 'INVALID_ARGUMENT', errorType: 'empty_prompt' });
      expectAccepted(await collect({ chunk_seq: 0, chunk_text: 'Twice.' }));
      expect(await promptOf(commit())).toBe('Twice.');
    });

    test('is used up also when its stream fails or is cancelled later', async () => {
      const { collect, commit } = utterance(client, 'cancelled');
      await collect({ chunk_text: 'hang on' });
      const running = start(client, { session_id: 'cancelled', hardware_id: 'device-1', phase: COMMIT });
      await running.firstFrame;
      running.call.cancel();
      await running.outcome;
      expectErrorBeforeData(await commit(), { code: 'INVALID_ARGUMENT', errorType: 'empty_prompt' });
    });

    test('stays when its COMMIT has no words at all, or is invalid', async () => {
      const { collect, commit } = fresh();
      await collect({ screen_width: 800 });
      expectErrorBeforeData(await commit(), { code: 'INVALID_ARGUMENT', errorType: 'empty_prompt' });
      expectErrorBeforeData(await commit({ prompt: ' \n' }), { code: 'INVALID_ARGUMENT', errorType: 'empty_prompt' });
      await collect({ chunk_text: 'Still here.' });
      for (const invalid of [{ screenshot: 'no image' }, { screen_width: -1 }, { prompt: 'x'.repeat(16 * MIB) }]) {
        expect((await commit(invalid)).kinds).toEqual(['error_message']);
      }
      expect(await promptOf(commit())).toBe('Still here.');
    });

    test('belongs to a device and a session: no other gets it', async () => {
      const [mine, theirs] = [utterance(client, 'shared', 'device-a'), utterance(client, 'shared', 'device-b')];
      await mine.collect({ chunk_text: 'Mine.' });
      expectErrorBeforeData(await theirs.commit(), { code: 'INVALID_ARGUMENT', errorType: 'empty_prompt' });
      await theirs.collect({ chunk_text: 'Theirs.' });
      expect(await promptOf(theirs.commit())).toBe('Theirs.');
      expect(await promptOf(mine.commit())).toBe('Mine.');
    });

    test.each([undefined, '', ' ', 'unknown', 'Unknown', 'UNKNOWN'])(
      'with the session_id %j could never be committed: missing_session_id, and nothing is kept',
      async (session_id) => {
        const before = (await server.status()).collect_buffers;
        const outcome = await ask(client, {
          phase: COLLECT,
          chunk_text: 'Who',
          ...(session_id !== undefined && { session_id }),
        });
        expectErrorBeforeData(outcome, {
          code: 'INVALID_ARGUMENT',
          errorType: 'missing_session_id',
          details: `session_id is required, not ${JSON.stringify(session_id ?? '')}: what is collected without one could never be committed`,
        });
        expect(outcome.sessionId).toBeNull();
        expect((await server.status()).collect_buffers).toBe(before);
      },
    );

    test('takes chunks for the next utterance while a stream of its id runs', async () => {
      const { collect, commit } = utterance(client, 'busy');
      const running = start(client, { session_id: 'busy', hardware_id: 'device-1', prompt: 'hang' });
      await running.firstFrame;
      expectAccepted(await collect({ chunk_text: 'The next one.' }));
      expectErrorBeforeData(await commit(), {
        code: 'RESOURCE_EXHAUSTED',
        errorType: 'concurrent_request',
        details: 'Concurrent request for session_id=busy is not allowed',
      });
      expect((await interrupt(client, 'device-1')).interrupted_sessions).toEqual(['busy']);
      await running.outcome;
      expect(await promptOf(commit())).toBe('The next one.');
    });
  });

  test('a screenshot may come in a COLLECT of its own; a bad one is refused and the words stay', async () => {
    const { collect, commit } = fresh();
    await collect({ chunk_text: 'Look.' });
    expectAccepted(await collect({ screenshot: pngOf(200), screen_width: 1920, screen_height: 1080 }));
    expectAccepted(await collect({ screenshot: '' }));
    expectErrorBeforeData(await collect({ screenshot: Buffer.from('nothing').toString('base64'), chunk_text: 'No.' }), {
      code: 'INVALID_ARGUMENT',
      errorType: 'invalid_screenshot',
    });
    expect(await promptOf(commit())).toBe('Look.');
  });

  test('clients that cancel their COLLECT at once harm nothing', async () => {
    const calls = Array.from({ length: 50 }, (_, index) => {
      const running = start(client, {
        session_id: `gone-${index}`,
        phase: COLLECT,
        chunk_text: 'Gone.',
        screenshot: pngOf(50_000),
      });
      if (index % 2 === 0) running.call.cancel();
      else setImmediate(() => running.call.cancel());
      return running.outcome;
    });
    for (const { code } of await Promise.all(calls)) expect(['CANCELLED', 'OK']).toContain(code);
    const { collect, commit } = fresh();
    expectAccepted(await collect({ chunk_text: 'Still there?' }));
    expect(await promptOf(commit())).toBe('Still there?');
    expect(server.logsOf('fault')).toEqual([]);
  });

  test('a kept chunk is a line at debug, with its numbers; words are in no line', async () => {
    const { collect, commit } = utterance(client, 'logged');
    await collect({ chunk_seq: 4, chunk_text: 'Secret-1' });
    await collect({ chunk_seq: 4, chunk_text: 'Secret-2' });
    await commit({ prompt: 'Secret-3' });
    const lines = () => server.logs.filter(({ ctx }) => ctx?.session_id === 'logged');
    await eventually(lines, (found) => found.some(({ decision }) => decision === 'end'));
    const ids = { session_id: 'logged', hardware_id: 'device-1', stream_id: expect.any(String) };
    const numbers = { chunk_seq: 4, text_chars: 8, screenshot_bytes: 0, collect_buffers: expect.any(Number) };
    expect(lines().map(({ level, scope, decision }) => `${level} ${scope} ${decision}`)).toEqual([
      '20 workflow collect',
      '20 workflow collect_dropped',
      '30 backpressure stream_acquired',
      '30 backpressure stream_released',
      '30 workflow end',
    ]);
    expect(lines()[0]?.ctx).toEqual({ ...ids, ...numbers });
    expect(JSON.stringify(server.logs)).not.toContain('Secret');
  });
});

describe('a server with one slot and small buffers', () => {
  let server: TestServer;
  let client: TestClient;
  beforeAll(async () => {
    const env = { BACKPRESSURE_MAX_STREAMS: '1', COLLECT_MAX_BUFFERS: '2', COLLECT_MAX_CHARS: '10' };
    server = await startServer({ scenario, env });
    client = connect(server.grpcPort);
  });
  afterAll(() => client.close());

  test('COLLECT takes no slot, and its COMMIT that finds none keeps what was collected', async () => {
    const running = start(client, { session_id: 'running', prompt: 'hang' });
    await running.firstFrame;
    const { collect, commit } = utterance(client, 'waiting');
    expectAccepted(await collect({ chunk_text: 'My turn?' }));
    expect(await server.status()).toMatchObject({ active_streams: 1, in_flight: 1, collect_buffers: 1 });
    expectErrorBeforeData(await commit(), { code: 'RESOURCE_EXHAUSTED', errorType: 'stream_limit_exceeded' });
    running.call.cancel();
    await running.outcome;
    await eventually(
      () => server.status(),
      ({ active_streams }) => active_streams === 0,
    );
    expect(await promptOf(commit())).toBe('My turn?');
    expect((await server.status()).collect_buffers).toBe(0);
  });

  test('COLLECT_MAX_CHARS: a longer text is overloaded, what was there stays, and its number may come again', async () => {
    const { collect, commit } = utterance(client, 'long');
    expectAccepted(await collect({ chunk_seq: 1, chunk_text: '🙂🙂🙂🙂🙂🙂🙂🙂' }));
    const tooLong = await collect({ chunk_seq: 2, chunk_text: ' and' });
    expectErrorBeforeData(tooLong, {
      code: 'RESOURCE_EXHAUSTED',
      errorType: 'overloaded',
      details: 'The collected text would have 12 characters; at most 10 are kept (COLLECT_MAX_CHARS)',
    });
    expect(tooLong.sessionId).toBe('long');
    expectAccepted(await collect({ chunk_seq: 2, chunk_text: ' &' }));
    expect(await promptOf(commit())).toBe('🙂🙂🙂🙂🙂🙂🙂🙂 &');
    // The words of the COMMIT itself have no such bound.
    expect(await promptOf(commit({ prompt: 'x'.repeat(11) }))).toBe('That was long.');
  });

  test('COLLECT_MAX_BUFFERS: one more is overloaded until one is used up; those that are there go on', async () => {
    const [first, second, third] = ['one', 'two', 'three'].map((id) => utterance(client, id));
    if (first === undefined || second === undefined || third === undefined) throw new Error('three were made');
    expectAccepted(await first.collect({ chunk_text: 'One' }));
    expectAccepted(await second.collect({ chunk_text: 'Two' }));
    expectErrorBeforeData(await third.collect({ chunk_text: 'Three' }), {
      code: 'RESOURCE_EXHAUSTED',
      errorType: 'overloaded',
      details: '2 utterances are being collected; at most 2 are kept at once (COLLECT_MAX_BUFFERS)',
    });
    expectAccepted(await first.collect({ chunk_text: ' more' }));
    expect((await server.status()).collect_buffers).toBe(2);
    expect(await promptOf(first.commit())).toBe('One more');
    expectAccepted(await third.collect({ chunk_text: 'Three' }));
    expect(await promptOf(third.commit())).toBe('Three');
    expect(await promptOf(second.commit())).toBe('Two');
    const { rejected } = await server.status();
    expect(rejected.overloaded).toBe(2);
    expect(server.logsOf('reject').filter(({ ctx }) => ctx?.reason === 'overloaded')).toHaveLength(2);
  });
});

describe('screenshots', () => {
  test('of all utterances are 256 MiB at most; one that is replaced or used up makes room', async () => {
    const server = await startServer({ scenario });
    const client = connect(server.grpcPort);
    const large = pngOf(10 * MIB);
    for (let index = 0; index < 25; index += 1) {
      expectAccepted(await utterance(client, `large-${index}`).collect({ chunk_text: 'Look.', screenshot: large }));
    }
    const { collect, commit } = utterance(client, 'one-more');
    expectAccepted(await collect({ chunk_text: 'Look here.' }));
    const refusal = {
      code: 'RESOURCE_EXHAUSTED',
      errorType: 'overloaded',
      details: `All collected screenshots together would have ${260 * MIB} bytes; at most ${256 * MIB} are kept`,
    };
    expectErrorBeforeData(await collect({ screenshot: large }), refusal);
    const known = utterance(client, 'large-0');
    expectAccepted(await known.collect({ chunk_seq: 1, screenshot: large }));
    expectErrorBeforeData(await collect({ screenshot: large }), refusal);
    expect(await promptOf(known.commit())).toBe('Look.');
    expectAccepted(await collect({ screenshot: large }));
    expect(await promptOf(commit())).toBe('Look here.');
    client.close();
    await server.stop();
  }, 60_000);
});

describe('time', () => {
  test('COLLECT_TTL: what waits longer is gone by itself, and its place is free', async () => {
    const env = { COLLECT_TTL: '0.5', COLLECT_MAX_BUFFERS: '1' };
    const server = await startServer({ scenario, env });
    const client = connect(server.grpcPort);
    const { collect, commit } = utterance(client, 'slow');
    expectAccepted(await collect({ chunk_text: 'Too late.', screenshot: pngOf(MIB) }));
    expect((await server.status()).collect_buffers).toBe(1);
    await eventually(
      () => server.status(),
      ({ collect_buffers }) => collect_buffers === 0,
    );
    expectErrorBeforeData(await commit(), { code: 'INVALID_ARGUMENT', errorType: 'empty_prompt' });
    expectAccepted(await utterance(client, 'next').collect({ chunk_text: 'Mine now.' }));
    client.close();
  });
});

describe('a server that drains', () => {
  test('refuses a COLLECT and keeps running streams; it stops with buffers left', async () => {
    const server = await startServer({ scenario, env: { BACKPRESSURE_GRACE_PERIOD: '20' } });
    const client = connect(server.grpcPort);
    const { collect } = utterance(client, 'left');
    expectAccepted(await collect({ chunk_text: 'Never committed.' }));
    const running = start(client, { prompt: 'hang' });
    await running.firstFrame;
    server.shutDown();
    await eventually(
      () => server.logsOf('drain').length,
      (drains) => drains === 1,
    );
    expectErrorBeforeData(await collect({ chunk_text: ' More.' }), { code: 'UNAVAILABLE', errorType: 'draining' });
    const wordless = await utterance(client, 'nothing-collected').commit();
    expectErrorBeforeData(wordless, { code: 'UNAVAILABLE', errorType: 'draining' });
    running.call.cancel();
    await running.outcome;
    expect(await server.exited).toBe(0);
    client.close();
  });
});
