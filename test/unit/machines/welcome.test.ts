/** Guarantees of the welcome chart: order, look-ahead, long texts in slices, failures that end it, the greeting, the ways to end. */
import { describe, expect, test } from 'vitest';
import { type ErrorType, failure } from '../../../src/errors.ts';
import type { StreamLimits } from '../../../src/machines/stream/stream.types.ts';
import { welcomeMachine } from '../../../src/machines/welcome/welcome.machine.ts';
import type { WelcomeEvent } from '../../../src/machines/welcome/welcome.types.ts';
import { greetingFor } from '../../../src/text/text-reading.ts';
import type { Effect } from '../../support/machines/pure-run.ts';
import { PureRun } from '../../support/machines/pure-run.ts';
import { saidOf, testLimits, toldOf, unfoldFacts } from '../../support/machines/session-run.ts';

type WelcomeRun = PureRun<typeof welcomeMachine>;

function admitted(limits: Partial<StreamLimits> = {}): WelcomeRun {
  const { idleTimeoutMs, speechTimeoutMs, sessionTimeoutMs, maxFramesPerSecond, speechLookahead } = testLimits;
  const own = { idleTimeoutMs, speechTimeoutMs, sessionTimeoutMs, maxFramesPerSecond, speechLookahead };
  const input = { streamId: 'stream-1', sessionId: 'session-1', limits: { ...own, ...limits } };
  return new PureRun(welcomeMachine, input, unfoldFacts);
}

const given = (text: string, hints: { voice?: string; language?: string } = {}): WelcomeEvent => ({
  type: 'text.received',
  text,
  voice: '',
  language: '',
  ...hints,
});

function speaking(text: string, limits: Partial<StreamLimits> = {}): WelcomeRun {
  const run = admitted(limits);
  run.send(given(text));
  return run;
}

const one = 'This is the first one.';
const two = 'Here is the second one.';
const three = 'Then comes the third one.';
const four = 'And that is the fourth one.';

const finished = (segment: number): WelcomeEvent => ({ type: 'speech.finished', segment, audioBytes: 4096 });
const failed = (segment: number, errorType: ErrorType = 'answer_failed', retryable = true): WelcomeEvent => ({
  type: 'speech.failed',
  segment,
  retryable,
  failure: failure(errorType, 'the voice broke'),
});
const due = (segment: number, speech: string) => ({ type: 'sentence.due', segment, speech });
const turn = (segment: number) => ({ type: 'sentence.turnCame', segment });
const end = { type: 'end.reached' };
const abandoned = (segment: number) => ({ type: 'sentence.abandoned', segment });
const awaited = { type: 'flush.awaited' };
const silent = (...silences: readonly (readonly [segment: number, silentMs: number])[]): WelcomeEvent => ({
  type: 'speech.progressReported',
  silences: silences.map(([segment, silentMs]) => ({ segment, silentMs })),
});
const told = (effects: readonly Effect[]) => toldOf(effects, 'speech');
const voiceOf = (run: WelcomeRun): unknown => {
  const { value } = run;
  const streaming = typeof value === 'object' ? value.streaming : undefined;
  return typeof streaming === 'object' ? streaming.voice : undefined;
};

describe('a text', () => {
  test('is spoken in its order, the next sentences are synthesised meanwhile, and then it ends well', () => {
    const run = admitted();
    const first = run.send(given([one, two, three, four].join(' ')));
    expect(told(first.effects)).toEqual([due(0, one), due(1, two), due(2, three), turn(0)]);
    expect(told(run.send(finished(0)).effects)).toEqual([due(3, four), turn(1)]);
    expect(told(run.send(finished(1)).effects)).toEqual([turn(2)]);
    expect(told(run.send(finished(2)).effects)).toEqual([turn(3)]);
    expect(saidOf(run.send(finished(3)).effects)).toEqual([end]);
    run.send({ type: 'outbox.flushed' });
    expect(run.output).toEqual({ reason: 'completed', failure: null });
    expect(run.value).toBe('done');
  });

  test.each([0, 1, 5])('has at most %i sentences synthesised ahead, if that is the look-ahead', (speechLookahead) => {
    const run = admitted({ speechLookahead });
    const first = run.send(given(Array(20).fill(one).join(' ')));
    expect(told(first.effects)).toHaveLength(1 + speechLookahead + 1);
    for (let segment = 0; segment < 20 - 1 - speechLookahead; segment += 1) {
      expect(told(run.send(finished(segment)).effects)).toEqual([
        due(segment + 1 + speechLookahead, one),
        turn(segment + 1),
      ]);
    }
  });

  test.each(['🙂🙂🙂', '```\ncode\n```', '| a | b |'])(
    'in which nothing can be spoken ends well at once: %s',
    (text) => {
      const run = admitted();
      const step = run.send(given(text));
      expect(told(step.effects)).toEqual([]);
      expect(saidOf(step.effects)).toEqual([end]);
      expect(voiceOf(run)).toBe('closing');
    },
  );

  test('asks the voice for what the request asked for, and for nothing where it did not', () => {
    const started = (hints: object) =>
      admitted()
        .send(given(one, hints))
        .effects.filter((effect) => 'started' in effect);
    expect(started({ voice: 'tone', language: 'de' })).toEqual([
      { started: 'speech', input: { streamId: 'stream-1', voice: 'tone', language: 'de' } },
    ]);
    expect(started({})).toEqual([{ started: 'speech', input: { streamId: 'stream-1' } }]);
  });
});

describe('a blank text', () => {
  test.each(['', '  \n'])('%j is the greeting, in the language that it is written in', (text) => {
    for (const [asked, language] of [
      ['ru-RU', 'ru'],
      ['de', 'en'],
      ['', 'en'],
    ] as const) {
      const run = admitted();
      const { effects } = run.send(given(text, { language: asked, voice: 'tone' }));
      expect(effects).toContainEqual({ started: 'speech', input: { streamId: 'stream-1', voice: 'tone', language } });
      expect(run.context.reading.text).toBe(greetingFor(asked).text);
    }
  });
});

describe('a long text', () => {
  test('is read as it is spoken: the queue stays short, whatever is still to come', () => {
    const run = speaking(`${one} `.repeat(100_000));
    for (let segment = 0; segment < 1_000; segment += 1) {
      run.send(finished(segment));
      expect(run.context.sentences.length).toBeLessThan(200);
      expect(run.context.sentences.length).toBeGreaterThan(2);
    }
    expect(run.context.reading.readChars).toBeLessThan(30_000);
  });

  test('without a word gives everybody a breath between two slices, and goes on to the words behind', () => {
    const run = admitted();
    const step = run.send(given(`${'🙂'.repeat(4096)}\n${one}`));
    expect(step.effects).toEqual([{ started: 'speech', input: { streamId: 'stream-1' } }]);
    expect(voiceOf(run)).toBe('reading');
    let slices = 1;
    for (; voiceOf(run) === 'reading'; slices += 1) run.advance(1);
    expect(slices).toBe(5);
    expect(voiceOf(run)).toEqual({ speaking: 'listening' });
    expect(run.context.sentences.map(({ speech }) => speech)).toEqual([one]);
  });

  test('can be cancelled while it is read', () => {
    const run = speaking('🙂'.repeat(100_000));
    run.send({ type: 'client.cancelled' });
    expect(run.output).toMatchObject({ reason: 'client_cancelled' });
  });
});

describe('Speech queue 4: a sentence that fails', () => {
  test('is tried once more, with its turn if it had it', () => {
    const run = speaking(`${one} ${two}`);
    expect(told(run.send(failed(1)).effects)).toEqual([due(1, two)]);
    expect(told(run.send(failed(0)).effects)).toEqual([due(0, one), turn(0)]);
    expect(told(run.send(finished(0)).effects)).toEqual([turn(1)]);
  });

  test.each([
    ['answer_failed', 'speech_failed', 'UNAVAILABLE'],
    ['answer_stalled', 'speech_failed', 'UNAVAILABLE'],
    ['processing_error', 'speech_failed', 'UNAVAILABLE'],
    ['client_cancelled', 'speech_failed', 'UNAVAILABLE'],
    ['overloaded', 'overloaded', 'RESOURCE_EXHAUSTED'],
  ] as const)('again with %s ends the stream as %s', (declared, errorType, errorCode) => {
    for (const segment of [0, 1]) {
      const run = speaking(`${one} ${two}`);
      run.send(failed(segment, declared));
      run.send(failed(segment, declared));
      if (segment === 1) run.send(finished(0));
      expect(run.isLive).toBe(true);
      run.send({ type: 'outbox.flushed' });
      expect(run.output).toEqual({ reason: errorType, failure: { errorCode, errorType, message: 'the voice broke' } });
    }
  });

  test.each(['not_found', 'access_denied', 'unauthenticated', 'invalid_request'] as const)(
    'because the voice refuses the request (%s) ends the stream at once, as what it is',
    (errorType) => {
      const run = speaking(one);
      expect(saidOf(run.send(failed(0, errorType)).effects)).toEqual([awaited]);
      run.send({ type: 'outbox.flushed' });
      expect(run.output).toEqual({ reason: errorType, failure: failure(errorType, 'the voice broke') });
    },
  );

  test('after some of its sound is not repeated: the stream ends', () => {
    const run = speaking(one);
    run.send(failed(0, 'answer_failed', false));
    run.send({ type: 'outbox.flushed' });
    expect(run.output).toMatchObject({ reason: 'speech_failed' });
  });

  test('or ends without being the one being said is not taken for that one', () => {
    const run = speaking([one, two, three].join(' '));
    expect(run.send(finished(1))).toEqual({ value: run.value, effects: [], changed: {} });
    expect(told(run.send(finished(0)).effects)).toEqual([turn(1)]);
  });

  test('after it was said changes nothing', () => {
    const run = speaking(`${one} ${two}`);
    run.send(finished(0));
    const before = run.value;
    expect(run.send(failed(0))).toEqual({ value: before, effects: [], changed: {} });
    expect(run.send(finished(0))).toEqual({ value: before, effects: [], changed: {} });
  });
});

describe('Speech queue 5: a sentence that fails before its turn', () => {
  test('ends the stream when it is its turn: all before it is said, nothing behind it is synthesised', () => {
    const run = speaking([one, two, three, four].join(' '));
    expect(told(run.send(failed(2)).effects)).toEqual([due(2, three)]);
    expect(told(run.send(failed(2)).effects)).toEqual([abandoned(2)]);
    expect(told(run.send(finished(0)).effects)).toEqual([turn(1)]);
    expect(run.send(finished(1)).effects).toEqual([{ said: awaited }]);
    expect(voiceOf(run)).toBe('failing');
    expect(JSON.parse(JSON.stringify(run.context))).toEqual(run.context);
    run.send({ type: 'outbox.flushed' });
    expect(run.output).toEqual({ reason: 'speech_failed', failure: failure('speech_failed', 'the voice broke') });
    expect(run.value).toBe('error');
  });

  test('takes those behind it out of synthesis, and they are not tried again', () => {
    const run = speaking([one, two, three, four].join(' '));
    expect(told(run.send(failed(1, 'answer_failed', false)).effects)).toEqual([abandoned(1), abandoned(2)]);
    expect(told(run.send(failed(1)).effects)).not.toContainEqual(due(1, two));
    expect(saidOf(run.send(finished(0)).effects)).toEqual([awaited]);
  });

  test('gives way to one before it that fails later', () => {
    const run = speaking([one, two, three].join(' '));
    run.send(failed(2, 'overloaded', false));
    run.send(failed(1, 'answer_failed', false));
    run.send(finished(0));
    run.send({ type: 'outbox.flushed' });
    expect(run.output).toMatchObject({ reason: 'speech_failed' });
  });

  test('is not waited for by a stream that ends for another reason', () => {
    const run = speaking(`${one} ${two}`);
    run.send(failed(1, 'answer_failed', false));
    run.send(finished(0));
    run.send({ type: 'client.cancelled' });
    expect(run.output).toMatchObject({ reason: 'client_cancelled' });
  });

  test('does not keep a stream whose reader does not take what comes before it', () => {
    const run = speaking(`${one} ${two}`);
    run.send(failed(1, 'answer_failed', false));
    run.send(finished(0));
    run.advance(testLimits.idleTimeoutMs);
    run.send({ type: 'outbox.activityReported', idleMs: testLimits.idleTimeoutMs });
    expect(run.output).toMatchObject({ reason: 'stream_idle_timeout' });
  });
});

describe('Speech queue 6: a voice that gives no sound', () => {
  test('for a sentence ahead ends the stream when it is the turn of that one', () => {
    const run = speaking([one, two, three].join(' '));
    run.advance(testLimits.speechTimeoutMs);
    const noted = run.send(silent([0, 0], [1, 7_000], [2, testLimits.speechTimeoutMs]));
    expect(told(noted.effects)).toEqual([abandoned(2)]);
    expect(run.timers()).toMatchObject({ 'speechCheck@welcome.streaming.voice.speaking.listening': 8_000 });
    expect(told(run.send(finished(0)).effects)).toEqual([turn(1)]);
    expect(saidOf(run.send(finished(1)).effects)).toEqual([awaited]);
    run.send({ type: 'outbox.flushed' });
    expect(run.output).toEqual({ reason: 'speech_failed', failure: failure('speech_failed', 'No sound for 15s') });
  });

  test('is asked when the timeout may have passed, and again when it really may', () => {
    const run = speaking(one);
    expect(told(run.advance(testLimits.speechTimeoutMs).effects)).toEqual([{ type: 'progress.questioned' }]);
    run.send(silent([0, 5_000]));
    expect(run.timers()).toMatchObject({ 'speechCheck@welcome.streaming.voice.speaking.listening': 10_000 });
    run.advance(10_000);
    const ended = run.send(silent([0, testLimits.speechTimeoutMs]));
    expect(told(ended.effects)).toEqual([abandoned(0)]);
    expect(saidOf(ended.effects)).toEqual([awaited]);
    run.send({ type: 'outbox.flushed' });
    expect(run.output).toEqual({ reason: 'speech_failed', failure: failure('speech_failed', 'No sound for 15s') });
  });

  test('does not answer for 5 s: a bug of ours, and the end', () => {
    const run = speaking(one);
    run.advance(testLimits.speechTimeoutMs);
    run.advance(4_999);
    expect(run.isLive).toBe(true);
    run.advance(1);
    expect(run.output).toMatchObject({ reason: 'session_fault' });
  });
});

describe('whatever it is doing', () => {
  const states: readonly [string, () => WelcomeRun][] = [
    ['idle', () => admitted()],
    ['reading', () => speaking('🙂'.repeat(10_000))],
    ['speaking', () => speaking(one)],
    [
      'failing',
      () => {
        const run = speaking(one);
        run.send(failed(0, 'answer_failed', false));
        return run;
      },
    ],
    ['closing', () => speaking('🙂')],
  ];
  const endings: readonly [WelcomeEvent, ErrorType, string][] = [
    [{ type: 'client.cancelled' }, 'client_cancelled', 'Cancelled by the client'],
    [{ type: 'device.interruptRequested' }, 'interrupted', 'Interrupted by the device'],
    [{ type: 'server.graceExpired' }, 'draining', 'The server is shutting down; the grace period is over'],
    [
      { type: 'outbox.rateExceeded', framesInLastSecond: 6 },
      'rate_limit_exceeded',
      'Message rate limit exceeded: 6 messages in last second (limit: 5 msg/s)',
    ],
    [{ type: 'session.faulted', faultId: 'fault-1' }, 'session_fault', 'Internal error (fault-1)'],
  ];

  test.each(states)('(%s) it ends at once for every reason there is', (_name, makeRun) => {
    for (const [event, errorType, message] of endings) {
      const run = makeRun();
      run.send(event);
      expect(run.output).toEqual({ reason: errorType, failure: failure(errorType, message) });
      expect(run.timers()).toEqual({});
    }
  });

  test.each(states)('(%s) it ends when its reader has been idle for the timeout', (name, makeRun) => {
    const run = makeRun();
    const idleTimeoutMs = 2_000;
    const limited = admitted({ idleTimeoutMs, speechTimeoutMs: 0 });
    if (name !== 'idle') limited.send(given(run.context.reading.text));
    expect(saidOf(limited.advanceTo(idleTimeoutMs).effects)).toContainEqual({ type: 'activity.questioned' });
    limited.send({ type: 'outbox.activityReported', idleMs: 500 });
    expect(limited.isLive).toBe(true);
    limited.advance(1_500);
    limited.send({ type: 'outbox.activityReported', idleMs: 2_000 });
    expect(limited.output).toEqual({
      reason: 'stream_idle_timeout',
      failure: failure('stream_idle_timeout', 'Stream closed due to idle timeout: session-1 (idle: 2.0s)'),
    });
  });

  test('with BACKPRESSURE_IDLE_TIMEOUT=0 a reader that is looked at all the same is never too idle', () => {
    const run = admitted({ idleTimeoutMs: 0 });
    run.sendInternal({ type: 'xstate.after.idleCheck.welcome.idle.attentive' });
    run.send({ type: 'outbox.activityReported', idleMs: 1e9 });
    expect(run.isLive).toBe(true);
  });

  test.each(states)('(%s) it ends when its time is up', (_name, makeRun) => {
    const { text } = makeRun().context.reading;
    const limited = admitted({ sessionTimeoutMs: 1_000, idleTimeoutMs: 0, speechTimeoutMs: 0 });
    if (text !== '') limited.send(given(text));
    limited.advance(1_000);
    expect(limited.output).toMatchObject({ failure: { message: 'The session took longer than 1s' } });
  });
});

test('its context is plain JSON with at most twelve fields', () => {
  const { context } = speaking(`${one} ${two}`);
  expect(JSON.parse(JSON.stringify(context))).toEqual(context);
  expect(Object.keys(context).length).toBeLessThanOrEqual(12);
});
