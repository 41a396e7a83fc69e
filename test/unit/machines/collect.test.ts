/** Guarantees of the collect chart: what a chunk changes, what it does not, and when a buffer is over. */
import { describe, expect, test } from 'vitest';
import { failure } from '../../../src/errors.ts';
import { type CollectEvent, collectMachine } from '../../../src/machines/collect.machine.ts';
import { PureRun } from '../../support/machines/pure-run.ts';

type ChunkFields = Omit<Extract<CollectEvent, { type: 'chunk.received' }>, 'type' | 'otherScreenshotBytes'>;

const ttlMs = 120_000;
const limits = { ttlMs, maxChars: 20, promptMaxChars: 40, maxScreenshotBytes: 100 };
const kept = [{ said: { type: 'chunk.kept' } }];
const dropped = [{ said: { type: 'chunk.dropped' } }];

function refused(message: string) {
  return [{ said: { type: 'chunk.refused', failure: failure('overloaded', message) } }];
}

function chunk(fields: ChunkFields, otherScreenshotBytes = 0): CollectEvent {
  return { type: 'chunk.received', ...fields, otherScreenshotBytes };
}

/** A buffer that has heard these chunks. */
function bufferOf(...chunks: readonly ChunkFields[]) {
  const run = new PureRun(collectMachine, { ...limits, ttlMs });
  for (const each of chunks) run.send(chunk(each));
  return run;
}

describe('the first chunk', () => {
  test.each([0, -7, 5])('is kept, whatever its number: %i', (sequence) => {
    const run = bufferOf();
    expect(run.send(chunk({ sequence, text: 'What' })).effects).toEqual(kept);
    expect(run.value).toBe('collecting');
    expect(run.context).toMatchObject({ text: 'What', lastSequence: sequence });
  });

  test('may bring all there is', () => {
    const run = bufferOf({ sequence: 1, text: 'What', screenshot: { bytes: 9 }, screenWidth: 3, screenHeight: 2 });
    expect(run.context).toEqual({
      limits: { ...limits, ttlMs },
      text: 'What',
      lastSequence: 1,
      screenshot: { bytes: 9 },
      screenWidth: 3,
      screenHeight: 2,
    });
  });

  test('that breaks a bound leaves no buffer', () => {
    const tooLong = bufferOf();
    expect(tooLong.send(chunk({ sequence: 0, text: 'x'.repeat(21) })).effects).toEqual(
      refused('The collected text would have 21 characters; at most 20 are kept (COLLECT_MAX_CHARS)'),
    );
    expect({ value: tooLong.value, isLive: tooLong.isLive }).toEqual({ value: 'rejected', isLive: false });

    const tooMuch = bufferOf();
    expect(tooMuch.send(chunk({ sequence: 0, screenshot: { bytes: 60 } }, 41)).effects).toEqual(
      refused('All collected screenshots together would have 101 bytes; at most 100 are kept'),
    );
    expect({ value: tooMuch.value, isLive: tooMuch.isLive }).toEqual({ value: 'rejected', isLive: false });
  });
});

describe('a later chunk', () => {
  test.each([3, 2, 0, -1])('that is not newer than number 3 changes nothing: %i', (sequence) => {
    const run = bufferOf({ sequence: 3, text: 'What is' });
    run.advance(1_000);
    const step = run.send(
      chunk({ sequence, text: 'Older', screenshot: { bytes: 9 }, screenWidth: 1, screenHeight: 1 }),
    );
    expect({ effects: step.effects, changed: step.changed }).toEqual({ effects: dropped, changed: {} });
    expect(run.timers()).toEqual({ 'collectTtl@collect.collecting': ttlMs - 1_000 });
  });

  test('that is old is dropped also where it would break a bound', () => {
    const run = bufferOf({ sequence: 3, text: 'What is' });
    expect(run.send(chunk({ sequence: 3, text: 'x'.repeat(21), screenshot: { bytes: 101 } })).effects).toEqual(dropped);
  });

  test.each([
    ['a whole hypothesis replaces the words', 'What time is it', 'What time is it'],
    ['a tail is appended', ' the time', 'What is the time'],
  ])('%s', (_title, text, expected) => {
    const run = bufferOf({ sequence: 1, text: 'What is', screenshot: { bytes: 9 }, screenWidth: 3, screenHeight: 2 });
    expect(run.send(chunk({ sequence: 2, text })).changed).toEqual({ text: expected, lastSequence: 2 });
  });

  test('without words, screenshot or size keeps what is there', () => {
    const run = bufferOf({ sequence: 1, text: 'What is', screenshot: { bytes: 9 }, screenWidth: 3, screenHeight: 2 });
    expect(run.send(chunk({ sequence: 2 })).changed).toEqual({ lastSequence: 2 });
    expect(run.send(chunk({ sequence: 3, screenshot: { bytes: 8 } })).changed).toEqual({
      lastSequence: 3,
      screenshot: { bytes: 8 },
    });
    expect(run.send(chunk({ sequence: 4, screenWidth: 5 })).changed).toEqual({ lastSequence: 4, screenWidth: 5 });
    expect(run.send(chunk({ sequence: 5, screenHeight: 4 })).changed).toEqual({ lastSequence: 5, screenHeight: 4 });
  });

  test('that breaks a bound changes nothing, not even the time that is left, and its number may come again', () => {
    const run = bufferOf({ sequence: 1, text: 'Fifteen letters' });
    run.advance(1_000);
    const tooLong = run.send(chunk({ sequence: 2, text: ' and six', screenshot: { bytes: 9 } }));
    expect(tooLong).toEqual({
      value: 'collecting',
      effects: refused('The collected text would have 23 characters; at most 20 are kept (COLLECT_MAX_CHARS)'),
      changed: {},
    });
    const tooMuch = run.send(chunk({ sequence: 2, text: ' more', screenshot: { bytes: 51 } }, 50));
    expect(tooMuch).toEqual({
      value: 'collecting',
      effects: refused('All collected screenshots together would have 101 bytes; at most 100 are kept'),
      changed: {},
    });
    expect(run.timers()).toEqual({ 'collectTtl@collect.collecting': ttlMs - 1_000 });
    expect(run.send(chunk({ sequence: 2, text: ' more', screenshot: { bytes: 50 } }, 50)).effects).toEqual(kept);
    expect(run.context).toMatchObject({ text: 'Fifteen letters more', screenshot: { bytes: 50 } });
  });

  test('has as many characters as people count', () => {
    const run = bufferOf({ sequence: 1, text: '🙂'.repeat(20) });
    expect(run.value).toBe('collecting');
    expect(run.send(chunk({ sequence: 2, text: '🙂'.repeat(21) })).effects).toEqual(
      refused('The collected text would have 21 characters; at most 20 are kept (COLLECT_MAX_CHARS)'),
    );
  });
});

describe('a text that could never be committed', () => {
  test.each([
    { what: 'at once', chunks: [], text: 'x'.repeat(41) },
    { what: 'by its tail', chunks: [{ sequence: 1, text: 'x'.repeat(20) }], text: ` ${'y'.repeat(20)}` },
    { what: 'in emoji', chunks: [], text: '🙂'.repeat(41) },
  ])('is too large, which no other attempt mends: $what', ({ chunks, text }) => {
    // With more room in a buffer than in a prompt.
    const run = new PureRun(collectMachine, { ...limits, maxChars: 100, promptMaxChars: 40 });
    for (const each of chunks) run.send(chunk(each));
    const message = 'The collected text has 41 characters; at most 40 are accepted (PROMPT_MAX_CHARS)';
    expect(run.send(chunk({ sequence: 2, text })).effects).toEqual([
      { said: { type: 'chunk.refused', failure: failure('request_too_large', message) } },
    ]);
  });

  test('is no reason to refuse what is old and dropped anyway', () => {
    const run = bufferOf({ sequence: 7, text: 'What' });
    expect(run.send(chunk({ sequence: 7, text: 'x'.repeat(41) })).effects).toEqual(dropped);
  });
});

describe('a buffer is over', () => {
  test('when its time has passed since the last chunk that was kept', () => {
    const run = bufferOf({ sequence: 1, text: 'What' });
    run.advance(ttlMs - 1);
    run.send(chunk({ sequence: 2, text: ' is' }));
    run.advance(ttlMs - 1);
    expect(run.value).toBe('collecting');
    expect(run.advance(1)).toMatchObject({ value: 'expired', effects: [{ said: { type: 'utterance.expired' } }] });
    expect(run.isLive).toBe(false);
  });

  test('when its COMMIT was admitted', () => {
    const run = bufferOf({ sequence: 1, text: 'What' });
    expect(run.send({ type: 'utterance.committed' })).toEqual({ value: 'used', effects: [], changed: {} });
    expect(run.isLive).toBe(false);
  });

  test('when its chart is broken', () => {
    const run = bufferOf({ sequence: 1, text: 'What' });
    run.send({ type: 'session.faulted', faultId: 'call-1' });
    expect({ value: run.value, isLive: run.isLive }).toEqual({ value: 'failed', isLive: false });
  });
});

test('a time to live that no timer can wait is the longest one, and never none', () => {
  const run = new PureRun(collectMachine, { ...limits, ttlMs: 2 ** 40 });
  run.send(chunk({ sequence: 1 }));
  expect(run.nextTimerAtMs()).toBe(Number.POSITIVE_INFINITY);
  run.advance(2 ** 31 - 2);
  expect(run.value).toBe('collecting');
});
