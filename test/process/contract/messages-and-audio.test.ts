/** CONTRACT §1, messages, sound and the order of a good stream: each row quotes the sentence it shows. */
import { describe, expect, test } from 'vitest';
import { streamingService } from '../../../src/rpc/proto.ts';
import { ask, start } from '../../support/client.ts';
import {
  answersOf,
  checkRow,
  expectSeen,
  type StreamRow,
  says,
  seenIn,
  titled,
} from '../../support/contract/contract-rows.ts';
import { served } from '../../support/contract/served.ts';
import { eventually } from '../../support/eventually.ts';

const SAFARI = { command: 'open_app', args: { app_name: 'Safari' } };
const MEBIBYTE = 1024 * 1024;

const order: readonly StreamRow[] = [
  {
    sentence: '(text_chunk audio_chunk*)+ action_message? end_message',
    given: { model: [...says('One is here. ', 'Two is here.'), { command: SAFARI }] },
    expect: { frames: 'text audio×2 text audio×2 action end', text: 'One is here. Two is here.', action: SAFARI },
  },
  {
    sentence: '[action_message?: none]',
    given: { model: says('One is here.') },
    expect: { frames: 'text audio×2 end', action: null, code: 'OK' },
  },
  {
    sentence: '`action_message end_message` for a command without words',
    given: { model: [{ command: SAFARI }] },
    expect: { frames: 'action end', text: '', action: SAFARI, code: 'OK' },
  },
  {
    sentence: '[a command in the middle of the words] sent once, after all text and audio',
    given: { model: [...says('One is here. '), { command: SAFARI }, ...says('Two is here.')] },
    expect: { frames: 'text audio×2 text audio×2 action end', text: 'One is here. Two is here.', action: SAFARI },
  },
  {
    sentence: 'audio_chunk* [: a sentence without sound keeps its words]',
    given: { model: says('Mute is this one. ', 'Two is here.') },
    expect: { frames: 'text×2 audio×2 end', text: 'Mute is this one. Two is here.', code: 'OK' },
  },
  {
    sentence: 'Exactly one terminal frame',
    given: { model: [...says('One is here.'), { wait_ms: 300 }] },
    expect: { frames: 'text audio×2 end', code: 'OK' },
  },
];

const lossless: readonly StreamRow[] = [
  ...[
    { what: 'words cut anywhere', deltas: ['Th', 'is is o', 'ne. And thi', 's is t', 'wo.'] },
    { what: 'each letter a delta', deltas: [...'Dr. Smith paid 3.14 $ at 5 p.m. to v2.0.1! Did he?! Yes…'] },
    { what: 'no stop at the end', deltas: ['One is here. ', 'and the tail has no stop'] },
    { what: 'one word', deltas: ['Hello!'] },
    { what: 'line ends, tabs and runs of spaces', deltas: ['One  is\there.\n\n- two\n- three   is.\r\nFour.'] },
    { what: 'apostrophes and quotes', deltas: [`Don't say "it's 'fine'." He said “so.”`] },
    { what: 'emoji cut in two', deltas: ['A smile \ud83d', '\ude00 is here. A family 👨‍👩', '‍👧 too.'] },
    { what: 'Russian with abbreviations', deltas: ['В 1990 г. жил д. ', 'Иванов, т. е. он. ', 'И т. д.'] },
    { what: 'Chinese', deltas: ['你好。今天', '很好！是吗？是。'] },
    { what: 'braces that are no object', deltas: ['The set {1, 2} is ', 'small, {name} is not. {"a": 1} is JSON.'] },
    { what: 'a code block', deltas: ['Use this:\n```js\nconst a = {b: 1};\n', '```\nIt is short.'] },
    { what: 'markdown', deltas: ['**Bold** is [here](https://example.com/a.b?c=d). `code` too.'] },
    { what: 'the word json', deltas: ['Say "json" and json and ```json.'] },
    { what: 'a long run without a stop', deltas: ['word '.repeat(600), 'end'] },
  ].map(({ what, deltas }) => ({
    sentence: `Text joined over all chunks is the answer, lossless (not a character lost, doubled or altered [: ${what}])`,
    given: { model: says(...deltas) },
    expect: { text: deltas.join(''), code: 'OK' },
  })),
  {
    sentence: 'only the ends are trimmed',
    given: { model: says(' \n\t ', ' One is here.  Two', ' is here. ', '\n \t') },
    expect: { text: 'One is here.  Two is here.', code: 'OK' },
  },
  {
    sentence: 'A sentence that the answer really says twice is sent twice',
    given: { model: says('Knock knock. ', 'Knock knock. ', 'Knock knock.') },
    expect: { text: 'Knock knock. Knock knock. Knock knock.', code: 'OK' },
  },
  {
    sentence: 'a segment is never sent twice by accident',
    given: { model: says('One is here. ', 'Two is here. ', 'Three is here.') },
    expect: { frames: 'text audio×2 text audio×2 text audio×2 end', text: 'One is here. Two is here. Three is here.' },
  },
];

const written = [
  { when: '^early plain$', steps: [...says('One is here. Two'), { wait_ms: 1500 }, ...says(' is here.')] },
  {
    when: '^early json$',
    steps: [...says('{"text": "One is here. Two'), { wait_ms: 1500 }, ...says(' is here.", "command": null}')],
  },
  { when: '^lookahead$', steps: says('One is here. Two is here. Three is here. Four is here. Five is here.') },
  { when: '^a+ *$', steps: says('Hello there.') },
];
const its = served({
  scenario: {
    answers: [...answersOf({ order, lossless }), ...written],
    // 3000 bytes: the server's chunks are its own, not the voice's.
    speech: { chunks_per_sentence: 2, chunk_bytes: 3000, fail_when: '^mute' },
  },
});

describe('StreamAudio, the order of a good stream', () => {
  test.concurrent.each(titled('order', order))('%s', async (_, row) => {
    await checkRow(its.client, row);
  });
});

describe('the text', () => {
  test.concurrent.each(titled('lossless', lossless))('%s', async (_, row) => {
    await checkRow(its.client, row);
  });

  test.concurrent.each(['plain', 'json'])(
    'First words arrive while the answer is still being written [, %s]',
    async (form) => {
      const outcome = await ask(its.client, { prompt: `early ${form}` });
      expectSeen(outcome, { text: 'One is here. Two is here.', code: 'OK' });
      // The model is silent for 1.5 s behind its first words.
      expect(outcome.endedAfterMs - (outcome.frameTimesMs[0] ?? Number.POSITIVE_INFINITY)).toBeGreaterThan(1_000);
    },
  );
});

describe('Audio: raw PCM, no header, 48000 Hz, mono, signed 16-bit little-endian', () => {
  test('`dtype` "int16", `shape` empty, `sample_rate` and `channels` always set; 4096 bytes a chunk, the last may be shorter', async () => {
    const outcome = await ask(its.client, { prompt: 'order 1' });
    const chunks = outcome.frames.flatMap(({ audio_chunk }) => audio_chunk ?? []);
    expect(chunks.map(({ audio_data, ...format }) => ({ bytes: audio_data.length, ...format }))).toEqual([
      { bytes: 4096, dtype: 'int16', shape: [], sample_rate: 48_000, channels: 1 },
      { bytes: 1904, dtype: 'int16', shape: [], sample_rate: 48_000, channels: 1 },
    ]);
  });

  test('[the samples are those of the voice, in order: a tone of 440 Hz, no header]', async () => {
    const outcome = await ask(its.client, { prompt: 'order 1' });
    const sound = Buffer.concat(outcome.frames.flatMap(({ audio_chunk }) => audio_chunk?.audio_data ?? []));
    const samples = Array.from({ length: sound.length / 2 }, (_, at) => sound.readInt16LE(2 * at));
    const first = samples.slice(0, 1200);
    // 440 Hz: eleven waves in 1200 samples, so eleven rises through zero.
    expect(first.filter((sample, at) => sample >= 0 && (first[at - 1] ?? 0) < 0)).toHaveLength(10);
    expect(samples.slice(1200, 2400)).toEqual(first);
  });
});

describe('what a call brings along', () => {
  test('The session id is sent back as initial metadata `x-session-id`', async () => {
    const outcome = await ask(its.client, { prompt: 'a', session_id: 'my-session' });
    expect(outcome.sessionId).toBe('my-session');
  });

  test('[a text, audio, action or end frame is one message with one field of `oneof content`]', async () => {
    const outcome = await ask(its.client, { prompt: 'order 0' });
    for (const { content, ...fields } of outcome.frames) {
      expect(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined)).toEqual([
        [content, expect.anything()],
      ]);
    }
  });
});

/** A request whose message has exactly this many bytes, nearly all of them where they do not count: a prompt goes before chunk_text. */
function requestOf(bytes: number): { readonly prompt: string; readonly chunk_text: string } {
  const { requestSerialize } = streamingService.StreamAudio;
  const spare = requestSerialize({ prompt: 'a', chunk_text: 'a'.padEnd(bytes) }).length - bytes;
  const request = { prompt: 'a', chunk_text: 'a'.padEnd(bytes - spare) };
  expect(requestSerialize(request).length).toBe(bytes);
  return request;
}

describe('the size of a request', () => {
  const GOOD = { code: 'OK', frames: 'text audio×2 end' };
  const TOO_LARGE = { code: 'RESOURCE_EXHAUSTED', frames: 'error', errorType: 'request_too_large' };
  test.each([
    ['Requests up to 16 MiB are accepted', 16 * MEBIBYTE, GOOD],
    ['larger ones refused: up to 20 MiB by the handler (`request_too_large`)', 16 * MEBIBYTE + 1, TOO_LARGE],
    ['[20 MiB exactly] by the handler (`request_too_large`)', 20 * MEBIBYTE, TOO_LARGE],
  ] as const)('%s', async (_, bytes, expected) => {
    expectSeen(await ask(its.client, requestOf(bytes)), expected);
  });

  test('beyond that by the transport itself with its own text', async () => {
    const outcome = await ask(its.client, requestOf(20 * MEBIBYTE + 1));
    expect(seenIn(outcome)).toMatchObject({ code: 'RESOURCE_EXHAUSTED', frames: '', errorType: null });
    expect(outcome.details).not.toBe('');
  });
});

describe.each([
  // The one that is being sent, and those ahead of it.
  { sentence: 'at most SPEECH_LOOKAHEAD (2) of them', env: {}, jobs: 3 },
  { sentence: 'at most SPEECH_LOOKAHEAD … of them [: 0]', env: { SPEECH_LOOKAHEAD: '0' }, jobs: 1 },
])('the next sentences are already being synthesised meanwhile, $sentence', ({ env, jobs }) => {
  const its = served({
    scenario: {
      answers: [{ when: '', steps: says('One is here. Two is here. Three is here. Four is here.') }],
      speech: { chunks_per_sentence: 5, ms_per_chunk: 60 },
    },
    env,
  });

  test(`[the voice has ${jobs} of 4 at a time]`, async () => {
    const running = start(its.client, { prompt: 'go' });
    let most = 0;
    await eventually(its.server.status, ({ active_speech, active_answers }) => {
      most = Math.max(most, active_speech);
      return most > 0 && active_speech + active_answers === 0;
    });
    expectSeen(await running.outcome, { frames: 'text audio×5 text audio×5 text audio×5 text audio×5 end' });
    expect(most).toBe(jobs);
  });
});
