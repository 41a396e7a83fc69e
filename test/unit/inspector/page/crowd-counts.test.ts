import { expect, test } from 'vitest';
import { countsByState, countsByWait } from '../../../../src/inspector/page/panels/crowd-counts.ts';

test('a row counts once in each state around its leaves, however many of them are in it', () => {
  const counts = countsByState([
    { state: 's.answer.running.receiving | s.voice.silent' },
    { state: 's.answer.running.receiving | s.voice.silent' },
    { state: 's.answer.answered | s.voice.speaking' },
    { state: 'idle' },
  ]);
  expect(Object.fromEntries(counts)).toEqual({
    s: 3,
    's.answer': 3,
    's.answer.running': 2,
    's.answer.running.receiving': 2,
    's.answer.answered': 1,
    's.voice': 3,
    's.voice.silent': 2,
    's.voice.speaking': 1,
    idle: 1,
  });
});

test('rows that wait for nobody are counted nowhere', () => {
  const counts = countsByWait([{ wait: 'model' }, { wait: null }, { wait: 'model' }, { wait: 'reader' }]);
  expect(Object.fromEntries(counts)).toEqual({ model: 2, reader: 1 });
});
