import { describe, expect, it } from 'vitest';
import type { LogOverview, Verdict } from '../../../../src/inspector/debugger/views.ts';
import {
  activeStates,
  countdownWords,
  differingParts,
  durationWords,
  effectWords,
  eventName,
  guardTree,
  isJudged,
  largestFirst,
  lineDiff,
  momentWords,
  verdictWords,
  waitShares,
} from '../../../../src/inspector/page/session/session-words.ts';

describe('times in words', () => {
  it('tells a duration in the unit that fits', () => {
    expect([0, 7.46, 348.2, 999.7, 14_800, 299_000, 724_000, 11_130_000].map(durationWords)).toEqual([
      '0 ms',
      '7.5 ms',
      '348 ms',
      '1.0 s',
      '14.8 s',
      '299 s',
      '12 min 4 s',
      '3 h 5 min',
    ]);
  });

  it('tells what is left of a timer in at most five characters, and 0 only when it is over', () => {
    const left = [-5, 0, 1, 14_800, 99_900, 299_001, 600_000, 3_600_000].map(countdownWords);
    expect(left).toEqual(['0.0s', '0.0s', '0.1s', '14.8s', '99.9s', '300s', '600s', '60m']);
    expect(left.every((words) => words.length <= 5)).toBe(true);
  });

  it('tells a moment exactly enough to be told from its neighbours on a zoomed axis', () => {
    expect([0, 348.5, 1_200, 59_999, 125_000, 120_500].map(momentWords)).toEqual([
      '0 ms',
      '348.5 ms',
      '1.2 s',
      '59.999 s',
      '2:05 min',
      '2:00.5 min',
    ]);
  });
});

describe('effects in words', () => {
  it('leaves out digests, places of timers and the delay of one that is off', () => {
    expect(
      [
        'say sentence.reached#0f1e2d3c4b5a',
        'cancel idleCheck@session.streaming.reader.attentive',
        'arm speechCheck@session.streaming.voice.speaking.listening 15000ms',
        'arm sessionTimeout@session 2147483647ms',
        'start speech',
      ].map(effectWords),
    ).toEqual([
      'say sentence.reached',
      'cancel idleCheck',
      'arm speechCheck 15.0 s',
      'arm sessionTimeout (off)',
      'start speech',
    ]);
  });
});

describe('guards', () => {
  const asked = (name: string, answer: boolean, depth: number) => ({ name, answer, depth });

  it('puts the parts of a combined guard into it, in the order in which they were asked', () => {
    const tree = guardTree([
      asked('isEmpty', false, 0),
      asked('isAnswered', true, 1),
      asked('hasCommand', true, 2),
      asked('not(hasCommand)', false, 1),
      asked('and(isAnswered, not(hasCommand))', false, 0),
      asked('isReady', true, 0),
    ]);
    expect(tree).toEqual([
      { name: 'isEmpty', answer: false, parts: [] },
      {
        name: 'and(isAnswered, not(hasCommand))',
        answer: false,
        parts: [
          { name: 'isAnswered', answer: true, parts: [] },
          { name: 'not(hasCommand)', answer: false, parts: [{ name: 'hasCommand', answer: true, parts: [] }] },
        ],
      },
      { name: 'isReady', answer: true, parts: [] },
    ]);
  });

  it('keeps the parts of a guard that threw before it answered', () => {
    expect(guardTree([asked('isAnswered', true, 1)])).toEqual([{ name: 'isAnswered', answer: true, parts: [] }]);
  });
});

describe('the verdict in words', () => {
  const told = (verdict: Verdict): string => verdictWords({ ...log, verdict }).words;

  it('claims no more than was executed', () => {
    expect(told({ kind: 'identical', turns: 46, isWhole: false })).toBe('✓ identical so far');
    expect(told({ kind: 'identical', turns: 112, isWhole: true })).toBe('✓ identical, 112 turns');
  });

  it('is none before a log has a turn, or while its file is being read; what is wrong is told at once', () => {
    const bad = { kind: 'bad-log', line: 7, turn: 5, why: 'its hash does not fit' } as const;
    expect(isJudged(log)).toBe(true);
    expect(isJudged({ ...log, turns: 0 })).toBe(false);
    expect(isJudged({ ...log, isReading: true })).toBe(false);
    expect(isJudged({ ...log, isReading: true, verdict: bad })).toBe(true);
  });

  it('names the turn and the field, or the line', () => {
    const divergence = { turn: 45, field: 'context.sentences', recorded: 1, now: 2, event: { type: 'x' } };
    expect(verdictWords({ ...log, verdict: { kind: 'diverged', turn: 45, divergence } })).toEqual({
      kind: 'diverged',
      words: '✗ diverged at turn 45: context.sentences',
      why: '',
      turn: 45,
    });
    const bad = { kind: 'bad-log', line: 7, turn: 5, why: 'its hash does not fit' } as const;
    expect(verdictWords({ ...log, verdict: bad })).toEqual({
      kind: 'bad-log',
      words: '✗ bad log: line 7',
      why: 'its hash does not fit',
      turn: 5,
    });
  });

  it('says why a log cannot be had without blaming a line', () => {
    const none = { kind: 'bad-log', line: 0, turn: null, why: 'EVENT_LOG=off' } as const;
    expect(verdictWords({ ...log, verdict: none })).toMatchObject({ words: '✗ no log', why: 'EVENT_LOG=off' });
  });
});

describe('states', () => {
  it('holds all that an active leaf stands in', () => {
    expect([...activeStates(['streaming.voice.silent', 'streaming.reader'])].sort()).toEqual([
      'streaming',
      'streaming.reader',
      'streaming.voice',
      'streaming.voice.silent',
    ]);
    expect(activeStates([]).size).toBe(0);
  });
});

describe('shares of waiting', () => {
  it('are whole percents that make 100', () => {
    const shares = waitShares({ start: 1, model: 1, voice: 1, reader: 0, out: 0 });
    expect(shares.map(({ name, percent }) => `${name} ${percent}`)).toEqual([
      'start 34',
      'model 33',
      'voice 33',
      'reader 0',
      'out 0',
    ]);
  });

  it('are told largest first, so that room that is short never hides what was waited for most', () => {
    const shares = largestFirst(waitShares({ start: 1, model: 1, voice: 4, reader: 94, out: 0 }));
    expect(shares.map(({ name, percent }) => `${name} ${percent}`)).toEqual([
      'reader 94',
      'voice 4',
      'start 1',
      'model 1',
    ]);
  });

  it('are none where nothing was waited for', () => {
    expect(waitShares({ start: 0, model: 0, voice: 0, reader: 0, out: 0 })).toEqual([]);
    expect(waitShares(null)).toEqual([]);
  });
});

describe('a changed value', () => {
  it('is shown from shortly before what differs', () => {
    expect(differingParts({ before: '"It was a dark and sto"', after: '"It was a dark and stormy"' })).toEqual({
      before: '…nd sto"',
      after: '…nd stormy"',
    });
  });

  it('is shown whole where it is short, is new, or differs behind what is told of it', () => {
    for (const change of [
      { before: '12', after: '13' },
      { after: '{ 4 }' },
      { before: '"the same begin…"', after: '"the same begin…"' },
    ]) {
      expect(differingParts(change)).toEqual({ before: undefined, ...change });
    }
  });
});

describe('two lists of effects', () => {
  it('tells what each side has alone, in order', () => {
    expect(lineDiff(['a', 'b', 'c'], ['a', 'c', 'd']).map(({ side, text }) => `${side} ${text}`)).toEqual([
      'both a',
      'recorded b',
      'both c',
      'recomputed d',
    ]);
    expect(lineDiff([], ['a'])).toEqual([{ side: 'recomputed', text: 'a' }]);
    expect(lineDiff(['a'], [])).toEqual([{ side: 'recorded', text: 'a' }]);
  });

  it('costs no more than its bound, however long they are', () => {
    const long = Array.from({ length: 20_000 }, (_, index) => `${index}`);
    expect(lineDiff(long, long)).toHaveLength(40_000);
  });
});

const log: LogOverview = {
  id: 'a',
  title: 'a',
  header: null,
  isLive: true,
  reason: '',
  turns: 46,
  lines: 47,
  lastMs: 348,
  state: 'done',
  verdict: { kind: 'identical', turns: 46, isWhole: false },
  definitionChanges: [],
  missingLines: 0,
  isReading: false,
};

it('names a timer as the chart does, and any other event by its type', () => {
  expect(['xstate.after.stallCheck.session.streaming.voice', 'speech.finished'].map(eventName)).toEqual([
    'after stallCheck',
    'speech.finished',
  ]);
});
