/** CONTRACT §3, the scripted engines: each word of a scenario, as a client hears it. */
import { describe, expect, test } from 'vitest';
import { ask } from '../../support/client.ts';
import { checkRow, expectSeen, type StreamRow, says, seenIn } from '../../support/contract/contract-rows.ts';
import { served } from '../../support/contract/served.ts';

/** The contract's own example, to the letter (but the two "…" of its speech part), and what else its words allow. */
const example = [
  {
    when: 'weather',
    steps: [
      { say: 'It is ' },
      { wait_ms: 40 },
      { say: 'sunny. ' },
      { command: { command: 'open_app', args: { app_name: 'Safari' } } },
    ],
  },
  { when: 'down', steps: [{ fail: { error_code: 'UNAVAILABLE', message: 'model is down' } }] },
  { when: 'bug', steps: [{ say: 'One. ' }, { throw: 'boom' }] },
  { when: 'hang', steps: [{ say: 'One. ' }, { hang: true }] },
];
const more = [
  { when: '^first', steps: says('The first one.') },
  { when: '^first and second', steps: says('The second one.') },
  { when: '^(a|b)+c$', steps: says('By expression.') },
  { when: 'ПОГОДА', steps: says('По-русски.') },
  { when: '^plainly failing$', steps: [{ fail: { message: 'just so' } }] },
  { when: '^repeat say$', steps: [{ say: 'Ha ha ha. ', repeat: 3 }] },
  { when: '^repeat echo$', steps: [{ echo: true, repeat: 2 }] },
  { when: '^repeat wait$', steps: [{ wait_ms: 100, repeat: 5 }, ...says('Late.')] },
  { when: '^spoken', steps: says('Bad is this one. ', 'Good is this one.') },
  { when: '^hung', steps: says('Hung is this one. ', 'Good is this one.') },
];
const scenario = {
  answers: [...example, ...more, { when: '', steps: [{ echo: true }] }],
  speech: { chunks_per_sentence: 3, chunk_bytes: 4096, ms_per_chunk: 0, fail_when: '^bad', hang_when: 'HUNG' },
};

type Row = readonly [sentence: string, prompt: string, expected: StreamRow['expect']];
const spoken = 'text audio×3 end';
const rows: readonly Row[] = [
  ['`say` is one delta exactly as given', 'weather', { text: 'It is sunny.', frames: 'text audio×3 action end' }],
  ['{"command": …}', 'weather', { action: { command: 'open_app', args: { app_name: 'Safari' } } }],
  [
    '{"fail": {"error_code": …, "message": …}}',
    'down',
    { frames: 'error', code: 'UNAVAILABLE', details: 'model is down' },
  ],
  [
    '`fail` without an error_code is a failure without one',
    'plainly failing',
    { code: 'INTERNAL', errorType: 'processing_error', details: 'just so' },
  ],
  [
    '{"throw": "boom"}',
    'bug',
    { code: 'INTERNAL', errorType: 'processing_error', details: expect.not.stringContaining('boom') },
  ],
  ['`echo` says the prompt back', 'Say  this, please: "é"!', { text: 'Say  this, please: "é"!', frames: spoken }],
  ['`when` is a case-insensitive … expression', 'What WEATHER is it?', { text: 'It is sunny.' }],
  ['`when` is a case-insensitive … expression [, also in Russian]', 'Какая погода?', { text: 'По-русски.' }],
  ['`when` is a … regular expression on the prompt', 'abbac', { text: 'By expression.' }],
  ['[`when` matches anywhere in the prompt]', 'the weather of today', { text: 'It is sunny.' }],
  ['the first that matches answers', 'first and second', { text: 'The first one.' }],
  ['[`when` "" matches what nothing else does]', 'something else', { text: 'something else' }],
  ['Steps may carry `"repeat": n` [: say]', 'repeat say', { text: 'Ha ha ha. Ha ha ha. Ha ha ha.' }],
  ['Steps may carry `"repeat": n` [: echo]', 'repeat echo', { text: 'repeat echorepeat echo' }],
  [
    'The speech part makes a tone of that many chunks for a sentence that does not match `fail_when`',
    'spoken',
    { frames: 'text×2 audio×3 end', code: 'OK' },
  ],
];

const its = served({ scenario, env: { SPEECH_TIMEOUT: '0.5', BACKPRESSURE_IDLE_TIMEOUT: '3' } });

describe('scenarios as data', () => {
  test.concurrent.each(rows)('%s', async (sentence, prompt, expected) => {
    await checkRow(its.client, { sentence, prompt, given: {}, expect: expected });
  });

  test.concurrent('{"hang": true} [says no more]', async () => {
    expectSeen(await ask(its.client, { prompt: 'hang' }), { text: 'One.', errorType: 'stream_idle_timeout' });
  });

  test.concurrent('Steps may carry `"repeat": n` [: wait_ms]', async () => {
    const outcome = await ask(its.client, { prompt: 'repeat wait' });
    expectSeen(outcome, { text: 'Late.', code: 'OK' });
    expect(outcome.frameTimesMs[0]).toBeGreaterThan(480);
  });

  test.concurrent('[a sentence that matches] `hang_when` (expressions on the sentence) [gives no sound]', async () => {
    expectSeen(await ask(its.client, { prompt: 'hung' }), { frames: 'text×2 audio×3 end', code: 'OK' });
  });

  test.concurrent('the same scenario always gives the same stream', async () => {
    const [first, ...others] = await Promise.all(
      Array.from({ length: 5 }, () => ask(its.client, { prompt: 'weather', session_id: '' })),
    );
    const soundOf = (outcome: typeof first) =>
      outcome?.frames.map(({ audio_chunk }) => audio_chunk?.audio_data ?? null);
    for (const other of others) {
      expect({ ...seenIn(other), sessionId: null }).toEqual({ ...(first && seenIn(first)), sessionId: null });
      expect(soundOf(other)).toEqual(soundOf(first));
    }
  });
});

describe('the speech part', () => {
  const slow = served({
    scenario: {
      answers: [{ when: '', steps: [{ echo: true }] }],
      speech: { chunks_per_sentence: 5, chunk_bytes: 1000, ms_per_chunk: 100 },
    },
  });

  test('[chunks_per_sentence × chunk_bytes of sound, ms_per_chunk apart]', async () => {
    const outcome = await ask(slow.client, { prompt: 'Hello there.' });
    expectSeen(outcome, { code: 'OK', frames: 'text audio×2 end' });
    expect(outcome.audioBytes).toBe(5000);
    expect(outcome.endedAfterMs).toBeGreaterThan(450);
  });
});
