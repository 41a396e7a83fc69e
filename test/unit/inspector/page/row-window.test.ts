import { describe, expect, it } from 'vitest';
import type { LogEntry } from '../../../../src/inspector/debugger/messages.ts';
import {
  entriesToShow,
  joinedEntries,
  placeOfTurn,
  rowsInSight,
} from '../../../../src/inspector/page/session/row-window.ts';

const entry = (fromTurn: number, toTurn: number, words: string, led = ''): LogEntry => ({
  fromTurn,
  toTurn,
  atMs: fromTurn * 10,
  words,
  led,
  tone: 'plain',
});

describe('rows in sight', () => {
  it('are as many as the window holds and a few beyond, however long the list is', () => {
    expect(rowsInSight({ top: 0, height: 240 }, 24, 20_000)).toEqual({ from: 0, to: 18 });
    expect(rowsInSight({ top: 24_000, height: 240 }, 24, 20_000)).toEqual({ from: 992, to: 1_018 });
  });

  it('end with the list, also when it became shorter than it was scrolled', () => {
    expect(rowsInSight({ top: 24_000, height: 240 }, 24, 10)).toEqual({ from: 9, to: 10 });
    expect(rowsInSight({ top: 0, height: 240 }, 24, 0)).toEqual({ from: 0, to: 0 });
  });
});

describe('entries of a log', () => {
  const entries = [
    entry(0, 0, 'xstate.init', 'idle'),
    entry(1, 69, '69 × answer.textReceived'),
    entry(70, 70, 'client.cancelled', 'error'),
  ];

  it('are filtered by all words, and without those behind a minus', () => {
    const words = (filter: string) => entriesToShow(entries, new Map(), filter).map((each) => each.entry.fromTurn);
    expect(words('')).toEqual([0, 1, 70]);
    expect(words('  CLIENT error ')).toEqual([70]);
    expect(words('-answer')).toEqual([0, 70]);
    expect(words('nothing')).toEqual([]);
  });

  it('show the turns of an opened group below it', () => {
    const opened = new Map([[1, [entry(1, 1, 'answer.textReceived'), entry(2, 2, 'answer.textReceived')]]]);
    expect(
      entriesToShow(entries, opened, '').map(({ entry: { fromTurn }, isInner, isOpen }) => [fromTurn, isInner, isOpen]),
    ).toEqual([
      [0, false, null],
      [1, false, true],
      [1, true, null],
      [2, true, null],
      [70, false, null],
    ]);
  });

  it('are found by a turn inside of them', () => {
    const shown = entriesToShow(entries, new Map(), '');
    expect([-1, 0, 1, 45, 69, 70, 99].map((turn) => placeOfTurn(shown, turn))).toEqual([-1, 0, 1, 1, 1, 2, 2]);
  });

  it('grow by their last group, which is told anew', () => {
    const tail = [entry(1, 80, '80 × answer.textReceived')];
    expect(joinedEntries(entries.slice(0, 2), tail, 1)).toEqual([entries[0], ...tail]);
    expect(joinedEntries([], entries, 0)).toEqual(entries);
  });
});
