import { describe, expect, test } from 'vitest';
import { type FilterSubject, quoted, readFilter } from '../../../../src/inspector/page/list/filter.ts';

const subject: FilterSubject = {
  id: '11124535-86c3',
  machine: 'session',
  session: '2e0ce7e1-b1dd',
  device: 'Laptop 7',
  state: 'streaming.answer.running.receiving | streaming.voice.speaking.listening',
  reason: '',
  ageMs: 12_000,
  turns: 45,
  wait: 'voice',
  isLive: true,
  isFailed: false,
  isStuck: false,
  isFile: false,
  file: '',
};
const ended: FilterSubject = {
  ...subject,
  state: 'error',
  reason: 'speech_timeout',
  wait: null,
  isLive: false,
  isFailed: true,
};

describe('a filter', () => {
  test.each([
    ['', true],
    ['   ', true],
    ['state:voice.speaking', true],
    ['STATE:Voice', true],
    ['state:reader', false],
    ['device:"laptop 7"', true],
    ['"laptop 7"', true],
    ['"laptop 8"', false],
    ['laptop receiving', true],
    ['laptop nowhere', false],
    ['-laptop', false],
    ['111245', false],
    ['11124535', true],
    ['-state:reader', true],
    ['-"laptop 7"', false],
    ['session:2e0c machine:session id:11124', true],
    ['age:>10s', true],
    ['age:>12s', true],
    ['age:>12.1s', false],
    ['age:<1m', true],
    ['age:<500ms', false],
    ['-age:>1h', true],
    ['turns:>44 turns:<46', true],
    ['turns:>46', false],
    ['wait:voice', true],
    ['wait:model', false],
    ['is:live', true],
    ['is:ended', false],
    ['is:stuck', false],
    ['-is:stuck', true],
  ])('%j lets a live session through: %j', (text, isThrough) => {
    const { matches, fault } = readFilter(text);
    expect([matches(subject), fault]).toEqual([isThrough, null]);
  });

  test('finds ended ones by their reason and kind', () => {
    expect(readFilter('reason:speech is:failed is:ended').matches(ended)).toBe(true);
    expect(readFilter('is:live').matches(ended)).toBe(false);
    expect(readFilter('wait:voice').matches(ended)).toBe(false);
  });

  test('counts the supervisor as no live session', () => {
    expect(readFilter('is:live').matches({ ...subject, machine: 'supervisor' })).toBe(false);
  });

  test.each(['state:', 'age:', 'age:>', 'age:>1', 'turns:<', 'wait:', '-', '-state:', 'is:'])(
    '%j is still being written: nothing is hidden, nothing is wrong',
    (text) => {
      const { matches, fault } = readFilter(text);
      expect([matches(subject), fault]).toEqual([true, null]);
    },
  );

  test.each([
    ['http://x', 'There is no field http: it is one of state,'],
    ['age:10s', 'age:10s must be as age:>10s'],
    ['age:>x', 'age:>x must be as age:>10s'],
    ['age:>5d', 'age:>5d must be as'],
    ['turns:5', 'turns:5 must be as turns:>100'],
    ['wait:godot', 'wait:godot must be one of start, model, voice, reader, out'],
    ['is:constructor', 'is:constructor must be one of live, ended'],
    ['"open', 'A quotation mark is open'],
  ])('%j is told in words', (text, words) => {
    expect(readFilter(text).fault).toContain(words);
  });

  test('applies the rest when a part cannot be meant', () => {
    const { matches, fault } = readFilter('wait:godot device:phone');
    expect([matches(subject), fault === null]).toEqual([false, false]);
  });

  test('takes what a client calls its session as text, never as a pattern', () => {
    const hostile = { ...subject, session: '<img src=x onerror=alert(1)> (.*)+$ a:b' };
    expect(readFilter(`session:${quoted(hostile.session)}`).matches(hostile)).toBe(true);
    expect(readFilter('session:"(.*)+$"').matches(hostile)).toBe(true);
    expect(readFilter('session:.*').matches(subject)).toBe(false);
  });

  test('reads a long text in linear time', () => {
    const startedAt = performance.now();
    readFilter('"a" -x:y '.repeat(20_000)).matches(subject);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });
});
