/**
 * Guarantees of the end line, over real charts and actors: whatever ends a stream, it says what was synthesised and never sent; it has
 * every field that docs/LOGS.md names, in that order, and null exactly where that says so.
 */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { EngineFailure } from '../../../src/errors.ts';
import { HandSink } from '../../support/actors/hand-sink.ts';
import { settle } from '../../support/actors/hand-stream.ts';
import {
  type HostBench,
  type HostBenchOptions,
  openHost,
  requestOf,
  welcomeOf,
} from '../../support/actors/hosted-supervisor.ts';
import { readDocument } from '../../support/docs/markdown.ts';

afterEach(() => {
  vi.useRealTimers();
});

const chunk = (): Uint8Array => new Uint8Array(4096).fill(1);

/** The ctx of the one end line. */
function endOf(bench: HostBench): Readonly<Record<string, unknown>> {
  const lines = bench.linesOf('end');
  expect(lines).toHaveLength(1);
  return lines[0]?.ctx ?? {};
}

/**
 * A stream whose first sentence is being heard (two of its three chunks are out), whose second is synthesised to its end, whose third
 * has some sound and whose fourth is cut and waits; a fifth is not whole.
 */
async function midway(options: HostBenchOptions = {}): Promise<HostBench> {
  const bench = openHost(options);
  // Text, two chunks of sound; the third waits in the outbox.
  bench.host.open(requestOf('call-1', 'session-1'), new HandSink(3));
  bench.answers.say('One is here now. Two is here now. Three is here now. Four is here now. Five');
  await settle();
  bench.voice.at(0).give(chunk(), chunk(), chunk());
  bench.voice.at(1).give(chunk(), chunk());
  bench.voice.at(1).end();
  bench.voice.at(2).give(new Uint8Array(100));
  await settle();
  expect(bench.voice.syntheses).toHaveLength(3);
  return bench;
}

describe('sentences that were synthesised and never sent are counted when a stream ends early', () => {
  const wasted = {
    sentences: 4,
    sentences_spoken: 1,
    sentences_wasted: 2,
    audio_bytes: 2 * 4096,
    // A chunk of the first, two of the second, 100 bytes of the third.
    wasted_audio_seconds: Math.round(((3 * 4096 + 100) / 96_000) * 1000) / 1000,
  };

  test('by its client', async () => {
    const bench = openHost();
    const open = bench.host.open(requestOf('call-1', 'session-1'), new HandSink(0));
    if (!('cancel' in open)) throw new Error('the stream was refused');
    bench.answers.say('One is here now. Two is here now. Three');
    await settle();
    bench.voice.at(0).give(chunk());
    bench.voice.at(1).give(chunk());
    await settle();
    open.cancel();
    expect(endOf(bench)).toMatchObject({
      reason: 'client_cancelled',
      frames: 0,
      sentences: 2,
      // The sound of the first waited for the reader.
      sentences_spoken: 0,
      sentences_wasted: 2,
      text_chars: 0,
      speech_chars: 'One is here now.Two is here now.'.length,
    });
  });

  test('by an interrupt', async () => {
    const bench = await midway();
    await bench.host.interrupt('device-1');
    expect(endOf(bench)).toMatchObject({ reason: 'interrupted', ...wasted });
  });

  test('by a failure of the model', async () => {
    const bench = await midway();
    bench.answers.last.fail(new EngineFailure({ errorCode: 'UNAVAILABLE', message: 'gone' }));
    await settle();
    expect(endOf(bench)).toMatchObject({ reason: 'answer_failed', ...wasted });
  });

  test.each([
    ['session_timeout', { sessionTimeoutMs: 5_000 }],
    ['answer_stalled', { answerStallTimeoutMs: 5_000 }],
  ])('by a timeout: %s', async (reason, limits) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const bench = await midway({ limits: { speechTimeoutMs: 0, idleTimeoutMs: 0, ...limits } });
    bench.clock.ms += 5_000;
    vi.advanceTimersByTime(5_000);
    expect(endOf(bench)).toMatchObject({ reason, ...wasted });
  });

  test('by a voice that may not fail: what was synthesised behind the sentence that failed', async () => {
    const bench = openHost({ limits: { speechFailure: 'fail' } });
    bench.host.open(requestOf('call-1', 'session-1'), new HandSink());
    bench.answers.say('One is here now. Two is here now. Three is here now. Four');
    await settle();
    bench.voice.at(2).give(chunk());
    await settle();
    const down = new EngineFailure({ errorCode: 'UNAVAILABLE', message: 'down' });
    bench.voice.at(1).fail(down);
    await settle();
    bench.voice.at(3).fail(down);
    await settle();
    bench.voice.at(0).give(chunk());
    bench.voice.at(0).end();
    await settle();
    expect(endOf(bench)).toMatchObject({
      reason: 'speech_failed',
      sentences: 3,
      sentences_spoken: 1,
      sentences_wasted: 1,
      speech_retries: 1,
      speech_provider: 'hand',
    });
  });

  test('by the end of a welcome stream', async () => {
    const bench = openHost();
    const open = bench.host.openWelcome(welcomeOf('call-1', 'session-1', 'One is here. Two is here.'), new HandSink());
    if (!('cancel' in open)) throw new Error('the stream was refused');
    bench.voice.at(0).give(chunk());
    bench.voice.at(1).give(chunk());
    await settle();
    open.cancel();
    expect(endOf(bench)).toMatchObject({
      reason: 'client_cancelled',
      sentences: 2,
      sentences_spoken: 1,
      sentences_wasted: 1,
      answer_chars: null,
      first_sentence_seconds: 0,
    });
  });

  test('and none when it ends well, nor for a sentence that its voice could not say', async () => {
    const bench = openHost();
    bench.host.open(requestOf('call-1', 'session-1'), new HandSink());
    bench.answers.say('One is here now. Two is here now.');
    bench.answers.last.end();
    await settle();
    for (const index of [0, 2]) {
      bench.voice.at(index).fail(new EngineFailure({ errorCode: 'UNAVAILABLE', message: 'down' }));
      await settle();
    }
    bench.voice.at(1).give(chunk());
    bench.voice.at(1).end();
    await settle();
    expect(endOf(bench)).toMatchObject({
      reason: 'completed',
      sentences: 2,
      sentences_spoken: 1,
      sentences_unspoken: 1,
      sentences_wasted: 0,
      speech_retries: 1,
      wasted_audio_seconds: 0,
    });
  });
});

test('the end line says who answered and spoke and after how many tries, as the engines tell it', async () => {
  const bench = openHost();
  bench.host.open(requestOf('call-1', 'session-1'), new HandSink());
  const [{ request } = { request: undefined }] = bench.answers.answers;
  request?.noteProvider?.({ provider: 'cloud', retries: 0 });
  request?.noteProvider?.({ provider: 'local', retries: 2 });
  request?.noteUsage?.({ inputTokens: 40, outputTokens: 3, model: 'm' });
  bench.answers.say('One is here now. Two is here now.');
  bench.answers.last.end();
  await settle();
  for (const [index, provider] of ['azure', 'piper'].entries()) {
    bench.voice.syntheses[index]?.request.noteProvider?.({ provider, retries: index });
    bench.voice.at(index).give(chunk());
    bench.voice.at(index).end();
    await settle();
  }
  request?.noteUsage?.({ inputTokens: 1_000, outputTokens: 1_000, model: 'too late' });
  expect(endOf(bench)).toMatchObject({
    answer_provider: 'local',
    answer_retries: 2,
    input_tokens: 40,
    output_tokens: 3,
    speech_provider: 'azure, piper',
    speech_retries: 1,
  });
});

describe('docs/LOGS.md', () => {
  const { text } = readDocument('docs/LOGS.md');
  const [endLine = '', totals = ''] = text.split(/^## (?=The same, added up$|The ready line$)/m);
  const rows = [...endLine.matchAll(/^\| `(\w+)` \| (.+) \| (.*)\|$/gm)].map(([, field = '', , nullIf = '']) => {
    return { field, isNullable: nullIf.trim() !== '' };
  });

  /** The end line of a call of which nothing came. */
  async function barren(open: (bench: HostBench) => void): Promise<Readonly<Record<string, unknown>>> {
    const bench = openHost();
    open(bench);
    await bench.host.interrupt('device-1');
    await settle();
    return endOf(bench);
  }

  test('has a row for each field of the end line, in its order', async () => {
    const ctx = await barren(({ host }) => host.open(requestOf('call-1', 'session-1'), new HandSink()));
    expect(rows.map(({ field }) => field)).toEqual(Object.keys(ctx));
  });

  test('says of each field whether it may be null', async () => {
    const session = await barren(({ host }) => host.open(requestOf('call-1', 'session-1'), new HandSink()));
    const bench = openHost();
    const open = bench.host.openWelcome(welcomeOf('call-2', 'session-2', 'Hello there.'), new HandSink());
    if ('cancel' in open) open.cancel();
    const nulls = [session, endOf(bench)].map((ctx) => Object.keys(ctx).filter((field) => ctx[field] === null));
    expect(new Set(nulls.flat())).toEqual(new Set(rows.flatMap((row) => (row.isNullable ? [row.field] : []))));
  });

  test('of which none is null in a stream that had everything', async () => {
    const bench = openHost();
    bench.host.open(requestOf('call-1', 'session-1'), new HandSink());
    bench.answers.answers[0]?.request.noteUsage?.({ inputTokens: 1, outputTokens: 1, model: 'm' });
    bench.answers.say('One is here now.');
    bench.answers.last.end();
    await settle();
    bench.voice.at(0).give(new Uint8Array(4096).fill(1));
    bench.voice.at(0).end();
    await settle();
    expect(Object.values(endOf(bench))).not.toContain(null);
  });

  test('has a row for each field of the totals', () => {
    const named = [...totals.matchAll(/^\| (`.+`) \|/gm)].flatMap(([, names = '']) => names.match(/\w+/g) ?? []);
    expect(named.toSorted()).toEqual(Object.keys(openHost().counters.totals.report()).toSorted());
  });
});

test('the totals are the sums of the end lines, and the count, sum and maximum of their times', async () => {
  const bench = openHost();
  for (const [index, waitMs] of [200, 700].entries()) {
    bench.host.open(requestOf(`call-${index}`, `session-${index}`), new HandSink());
    bench.answers.answers.at(-1)?.request.noteUsage?.({ inputTokens: 10, outputTokens: 4, model: 'm' });
    bench.clock.ms += waitMs;
    bench.answers.say('One is here now. Two is here now. Three');
    await settle();
    bench.voice.at(-2).give(chunk());
    bench.voice.at(-1).give(chunk());
    await settle();
    await bench.host.interrupt('device-1');
  }
  const end = bench.linesOf('end').map(({ ctx }) => ctx);
  expect(end).toMatchObject([{ sentences_wasted: 1 }, { sentences_wasted: 1 }]);
  expect(bench.counters.totals.report()).toEqual({
    streams_ended: 2,
    first_token_seconds: { count: 2, sum: 0.9, max: 0.7 },
    first_text_seconds: { count: 2, sum: 0.9, max: 0.7 },
    first_sound_seconds: { count: 2, sum: 0.9, max: 0.7 },
    answer_retries: 0,
    input_tokens: 20,
    output_tokens: 8,
    sentences: 4,
    sentences_spoken: 2,
    sentences_unspoken: 0,
    sentences_wasted: 2,
    speech_retries: 0,
    speech_chars: 2 * 'One is here now.Two is here now.'.length,
    audio_seconds: 0.085,
    wasted_audio_seconds: 0.085,
  });
});
