/** Guarantees of the session chart about the voice: retry, degrade or fail, silence, and the model held back meanwhile. */

import { describe, expect, test } from 'vitest';
import { failure } from '../../../src/errors.ts';
import {
  askedSession,
  heard,
  type SessionRun,
  saidOf,
  speakingSession,
  toldOf,
} from '../../support/machines/session-run.ts';

const one = 'This is the first one.';
const two = 'Here is the second one.';
const three = 'Then comes the third one.';

const failed = (segment: number, retryable: boolean) =>
  ({ type: 'speech.failed', segment, retryable, failure: failure('speech_failed', 'the voice broke') }) as const;
const finished = (segment: number) => ({ type: 'speech.finished', segment, audioBytes: 4096 }) as const;
const due = (segment: number, speech: string) => ({ type: 'sentence.due', segment, speech });
const turn = (segment: number) => ({ type: 'sentence.turnCame', segment });
const unspoken = (segment: number, reason: string) => ({ type: 'sentence.leftUnspoken', segment, reason });
const speechFailed = (message: string) => ({
  reason: 'speech_failed',
  failure: { errorCode: 'UNAVAILABLE', errorType: 'speech_failed', message },
});
const voiceOf = (run: SessionRun): unknown => {
  const { value } = run;
  const streaming = typeof value === 'object' ? value.streaming : undefined;
  return typeof streaming === 'object' ? streaming.voice : undefined;
};

describe('Speech queue 4: a synthesis that fails before its sound', () => {
  test('is tried once more; the head gets its turn again', () => {
    const run = speakingSession([one]);
    const retried = run.send(failed(0, true));
    expect(retried.effects).toEqual([
      { told: 'speech', event: due(0, one) },
      { told: 'speech', event: turn(0) },
    ]);
    expect(retried.changed).toEqual({ sentences: [{ segment: 0, text: one, speech: one, failedAttempts: 1 }] });
    run.send({ type: 'answer.finished' });
    expect(saidOf(run.send(finished(0)).effects)).toEqual([{ type: 'end.reached' }]);
  });

  test('is tried once more in the look-ahead without getting a turn', () => {
    const run = speakingSession([one, two]);
    expect(toldOf(run.send(failed(1, true)).effects, 'speech')).toEqual([due(1, two)]);
  });

  test('is tried once only: the second failure leaves the sentence unspoken and the stream goes on', () => {
    const run = speakingSession([one, two]);
    run.send(failed(0, true));
    const givenUp = run.send(failed(0, true));
    expect(givenUp.effects).toEqual([{ said: unspoken(0, 'the voice broke') }, { said: { type: 'room.awaited' } }]);
    expect(voiceOf(run)).toEqual({ speaking: 'unvoiced' });
    const next = run.send({ type: 'outbox.roomFound' });
    expect(saidOf(next.effects)).toEqual([{ type: 'sentence.reached', text: ` ${two}` }]);
    expect(toldOf(next.effects, 'speech')).toEqual([turn(1)]);
  });

  test('counts its attempts by sentence', () => {
    const run = speakingSession([one, two]);
    run.send(failed(0, true));
    expect(toldOf(run.send(failed(1, true)).effects, 'speech')).toEqual([due(1, two)]);
  });
});

describe('a synthesis that fails after some of its sound', () => {
  test('is not repeated: nobody hears half a sentence twice', () => {
    const run = speakingSession([one]);
    const broken = run.send(failed(0, false));
    expect(toldOf(broken.effects, 'speech')).toEqual([]);
    expect(saidOf(broken.effects)).toEqual([unspoken(0, 'the voice broke'), { type: 'room.awaited' }]);
  });
});

describe('a look-ahead sentence that was given up', () => {
  test('is said as text when its turn comes, without a word to the voice', () => {
    const run = speakingSession([one, two, three]);
    expect(saidOf(run.send(failed(1, false)).effects)).toEqual([unspoken(1, 'the voice broke')]);
    expect(voiceOf(run)).toEqual({ speaking: 'listening' });
    const next = run.send(finished(0));
    expect(next.effects).toEqual([
      { said: { type: 'sentence.reached', text: ` ${two}` } },
      { said: { type: 'room.awaited' } },
    ]);
    expect(run.send({ type: 'outbox.roomFound' }).effects).toEqual([
      { said: { type: 'sentence.reached', text: ` ${three}` } },
      { told: 'speech', event: turn(2) },
    ]);
  });

  test('is not asked for again', () => {
    const run = speakingSession([one, two, three], { speechLookahead: 1 });
    run.send(failed(1, false));
    run.send(heard('More words come in here.\n'));
    expect(toldOf(run.send(finished(0)).effects, 'speech')).toEqual([due(2, three)]);
  });
});

describe('Speech queue 7: news of a sentence that is over', () => {
  test.each([finished(7), failed(7, true), failed(7, false)])('$type changes nothing', (event) => {
    for (const speechFailure of ['degrade', 'fail'] as const) {
      const run = speakingSession([one], { speechFailure });
      const before = run.value;
      const step = run.send(event);
      expect(step.effects).toEqual([]);
      expect(step.value).toEqual(before);
    }
  });
});

describe('Speech queue 7: the end of a sound', () => {
  test.each([
    ['of the sentence behind the one being said', 1],
    ['of a sentence that was said before', -1],
  ])('%s, which nothing can bring, is not taken for the end of the one being said', (_which, offset) => {
    const run = speakingSession([one, two, three]);
    run.send(finished(0));
    const before = run.context;
    expect(run.send(finished(1 + offset))).toEqual({ value: run.value, effects: [], changed: {} });
    expect(run.context).toEqual(before);
    expect(toldOf(run.send(finished(1)).effects, 'speech')).toEqual([turn(2)]);
  });

  test('that comes twice, as the last one, does not close a stream whose model goes on', () => {
    const run = speakingSession([one]);
    run.send(finished(0));
    run.send(heard(`${two}\n`));
    expect(run.send(finished(0))).toMatchObject({ effects: [], changed: {} });
    expect(voiceOf(run)).toEqual({ speaking: 'listening' });
  });
});

describe('Speech queue 5: with SPEECH_FAILURE=fail', () => {
  const speechFailure = 'fail';
  const abandoned = (segment: number) => ({ told: 'speech', event: { type: 'sentence.abandoned', segment } });
  const awaited = { said: { type: 'flush.awaited' } };

  test('the first failure is still tried again, the second ends the session with the words of the voice', () => {
    const run = speakingSession([one], { speechFailure });
    expect(toldOf(run.send(failed(0, true)).effects, 'speech')).toEqual([due(0, one), turn(0)]);
    expect(run.send(failed(0, true)).effects).toEqual([abandoned(0), awaited]);
    expect(run.isLive).toBe(true);
    run.send({ type: 'outbox.flushed' });
    expect(run.output).toEqual(speechFailed('the voice broke'));
  });

  test('a failure in the look-ahead ends the session when it is its turn, without its text; all before it is said', () => {
    const run = speakingSession([one, two, three], { speechFailure });
    expect(run.send(failed(2, false)).effects).toEqual([abandoned(2)]);
    const next = run.send(finished(0));
    expect(next.effects).toEqual([
      { said: { type: 'sentence.reached', text: ` ${two}` } },
      { told: 'speech', event: turn(1) },
    ]);
    expect(run.send(finished(1)).effects).toEqual([awaited]);
    expect(voiceOf(run)).toBe('failing');
    run.send({ type: 'outbox.flushed' });
    expect(run.output).toEqual(speechFailed('the voice broke'));
  });

  test('nothing is synthesised behind a sentence that failed, nor tried again', () => {
    const run = speakingSession([one, two], { speechFailure });
    run.send(failed(1, false));
    expect(run.send(heard(`${three}\n`)).effects).toEqual([]);
    expect(toldOf(run.send(failed(1, true)).effects, 'speech')).not.toContainEqual(due(1, two));
  });

  test('a sentence that failed behind one without speech ends the session when that one is out', () => {
    const run = speakingSession(['🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂\n', one], { speechFailure });
    expect(voiceOf(run)).toEqual({ speaking: 'unvoiced' });
    run.send(failed(1, false));
    expect(run.send({ type: 'outbox.roomFound' }).effects).toEqual([awaited]);
  });

  test('silence for the timeout ends the session', () => {
    const run = speakingSession([one], { speechFailure });
    run.advance(15_000);
    const answered = run.send({ type: 'speech.progressReported', silences: [{ segment: 0, silentMs: 15_000 }] });
    expect(answered.effects).toEqual([abandoned(0), awaited]);
    run.send({ type: 'outbox.flushed' });
    expect(run.output).toEqual(speechFailed('No sound for 15s'));
  });

  test('silence in the look-ahead ends the session when it is its turn', () => {
    const run = speakingSession([one, two], { speechFailure });
    run.advance(15_000);
    const silences = [
      { segment: 0, silentMs: 6_000 },
      { segment: 1, silentMs: 15_000 },
    ];
    const noted = run.send({ type: 'speech.progressReported', silences });
    expect(noted.effects).toEqual([abandoned(1)]);
    expect(noted.changed).toMatchObject({ watch: { speechCheckInMs: 9_000 } });
    expect(voiceOf(run)).toEqual({ speaking: 'listening' });
    expect(run.send(finished(0)).effects).toEqual([awaited]);
    run.send({ type: 'outbox.flushed' });
    expect(run.output).toEqual(speechFailed('No sound for 15s'));
  });
});

describe('Speech queue 6: a voice that gives no sound', () => {
  test('is asked when the timeout may have passed, and not before', () => {
    const run = speakingSession([one]);
    expect(run.advance(14_999).effects).toEqual([]);
    const asked = run.advance(1);
    expect(asked.effects).toEqual([{ told: 'speech', event: { type: 'progress.questioned' } }]);
    expect(voiceOf(run)).toEqual({ speaking: 'questioned' });
  });

  test('loses the sentence: its work is abandoned and the text goes on', () => {
    const run = speakingSession([one, two]);
    run.advance(15_000);
    const answered = run.send({
      type: 'speech.progressReported',
      silences: [
        { segment: 0, silentMs: 15_000 },
        { segment: 1, silentMs: 0 },
      ],
    });
    expect(answered.effects).toEqual([
      { told: 'speech', event: { type: 'sentence.abandoned', segment: 0 } },
      { said: unspoken(0, 'No sound for 15s') },
      { said: { type: 'room.awaited' } },
    ]);
    expect(saidOf(run.send({ type: 'outbox.roomFound' }).effects)).toEqual([
      { type: 'sentence.reached', text: ` ${two}` },
    ]);
  });

  test('loses a sentence of the look-ahead too, while the one being said goes on', () => {
    const run = speakingSession([one, two]);
    run.advance(15_000);
    const answered = run.send({
      type: 'speech.progressReported',
      silences: [
        { segment: 0, silentMs: 0 },
        { segment: 1, silentMs: 15_000 },
      ],
    });
    expect(answered.effects).toEqual([
      { told: 'speech', event: { type: 'sentence.abandoned', segment: 1 } },
      { said: unspoken(1, 'No sound for 15s') },
    ]);
    expect(voiceOf(run)).toEqual({ speaking: 'listening' });
  });

  test('is asked again exactly when the longest silence would reach the timeout', () => {
    const run = speakingSession([one, two]);
    run.advance(15_000);
    const answered = run.send({
      type: 'speech.progressReported',
      silences: [
        { segment: 0, silentMs: 0 },
        { segment: 1, silentMs: 9_000 },
      ],
    });
    expect(answered).toMatchObject({ effects: [], changed: { watch: { speechCheckInMs: 6_000 } } });
    expect(run.advance(5_999).effects).toEqual([]);
    expect(toldOf(run.advance(1).effects, 'speech')).toEqual([{ type: 'progress.questioned' }]);
  });

  test('is never asked with SPEECH_TIMEOUT=0', () => {
    const run = speakingSession([one], { speechTimeoutMs: 0, answerStallTimeoutMs: 0 });
    expect(Object.keys(run.timers()).filter((name) => name.startsWith('speechCheck'))).toEqual([]);
    expect(run.advance(60_000).effects).toEqual([]);
  });

  test('whose actor does not answer the question for 5 s is a bug and ends the session', () => {
    const run = speakingSession([one]);
    run.advance(15_000);
    run.advance(4_999);
    expect(run.isLive).toBe(true);
    run.advance(1);
    expect(run.output).toEqual({
      reason: 'session_fault',
      failure: { errorCode: 'INTERNAL', errorType: 'session_fault', message: 'Internal error (stream-1)' },
    });
  });

  test('that finishes or breaks while it is asked is heard all the same', () => {
    const run = speakingSession([one, two]);
    run.advance(15_000);
    expect(saidOf(run.send(finished(0)).effects)).toEqual([{ type: 'sentence.reached', text: ` ${two}` }]);
    expect(saidOf(run.send(failed(1, false)).effects)).toEqual([
      unspoken(1, 'the voice broke'),
      { type: 'room.awaited' },
    ]);
    run.send({ type: 'answer.finished' });
    expect(saidOf(run.send({ type: 'outbox.roomFound' }).effects)).toEqual([{ type: 'end.reached' }]);
  });
});

describe('Session 5: the backlog', () => {
  const full = `${Array.from({ length: 64 }, () => one).join(' ')}\n`;

  test('makes the model wait at 64 sentences and lets it go on at 16', () => {
    const run = askedSession();
    const filled = run.send(heard(full));
    expect(run.context.sentences).toHaveLength(64);
    expect(toldOf(filled.effects, 'answer')).toEqual([{ type: 'backlog.filled' }]);
    expect(run.value).toMatchObject({ streaming: { answer: { running: 'held' } } });

    for (let segment = 0; segment < 47; segment += 1) {
      expect(toldOf(run.send(finished(segment)).effects, 'answer')).toEqual([]);
    }
    expect(run.context.sentences).toHaveLength(17);
    expect(toldOf(run.send(finished(47)).effects, 'answer')).toEqual([{ type: 'backlog.drained' }]);
    expect(run.value).toMatchObject({ streaming: { answer: { running: 'resuming' } } });
  });

  test('loses nothing of what was already on its way, nor the end', () => {
    const run = askedSession();
    run.send(heard(full));
    run.send(heard(`${two}\n`));
    expect(run.context.sentences).toHaveLength(65);
    run.send({ type: 'answer.finished' });
    expect(run.value).toMatchObject({ streaming: { answer: 'answered' } });
    for (let segment = 0; segment < 64; segment += 1) run.send(finished(segment));
    expect(saidOf(run.send(finished(64)).effects)).toEqual([{ type: 'end.reached' }]);
  });

  test('stops the stall clock while it is we who make the model wait, and starts it anew when it goes on', () => {
    const run = askedSession({ speechTimeoutMs: 0, idleTimeoutMs: 0 });
    run.send(heard(full));
    run.advance(200_000);
    expect(run.isLive).toBe(true);
    for (let segment = 0; segment < 48; segment += 1) run.send(finished(segment));
    run.advance(39_999);
    expect(run.isLive).toBe(true);
    run.send(heard('Go', 239_999));
    run.advance(39_999);
    expect(run.isLive).toBe(true);
    run.advance(1);
    expect(run.output?.reason).toBe('answer_stalled');
  });

  test('that drained gives the model the whole stall timeout, however little was left of it before', () => {
    const run = askedSession({ speechTimeoutMs: 0, idleTimeoutMs: 0 });
    run.send(heard(`${one}\n`, 0));
    run.advanceTo(25_000);
    run.send(heard(`${one}\n`, 25_000));
    run.advanceTo(40_000);
    // It was looked at, finished sentences, and would be looked at again 25 s later.
    expect(run.context.watch.stallCheckInMs).toBe(25_000);
    run.send(heard(full, 40_000));
    for (let segment = 0; segment < 50; segment += 1) run.send(finished(segment));
    expect(run.value).toMatchObject({ streaming: { answer: { running: 'resuming' } } });
    run.advance(39_999);
    expect(run.isLive).toBe(true);
    run.advance(1);
    expect(run.output?.reason).toBe('answer_stalled');
  });

  test('that drained does not wait for ever for a model that says nothing more', () => {
    const run = askedSession({ speechTimeoutMs: 0, idleTimeoutMs: 0 });
    run.send(heard(full));
    for (let segment = 0; segment < 48; segment += 1) run.send(finished(segment));
    run.advance(40_000);
    expect(run.output?.reason).toBe('answer_stalled');
  });
});

test('a sentence that was synthesised ahead is looked at as soon as a voiceless one before it is out', () => {
  const run = speakingSession([one, two], { speechTimeoutMs: 15_000 });
  run.send({ type: 'speech.failed', segment: 0, retryable: false, failure: failure('speech_failed', 'no voice') });
  expect(voiceOf(run)).toEqual({ speaking: 'unvoiced' });
  run.send({ type: 'outbox.roomFound' });
  expect(voiceOf(run)).toEqual({ speaking: 'listening' });
  run.advance(1);
  expect(voiceOf(run)).toEqual({ speaking: 'questioned' });
});
