/** Envelope 8: where an object counts, judged by the text before it alone. */
import { describe, expect, test } from 'vitest';
import { answerStart, behindObject, isObjectPlace, placeAfter } from '../../../src/text/envelope-place.ts';

const isPlace = (before: string) => isObjectPlace(placeAfter(answerStart, before));

describe('an object counts', () => {
  test.each([
    '',
    '  \n',
    '\ufeff\u200b',
    'Here it is:\n',
    'Here it is:\r\n\t',
    'One line\u2028',
    'It is so. ',
    'It is so.',
    'Is it so? ',
    'Go! ',
    'Wait… ',
    'Wait... ',
    '"It is so." ',
    '(It is so.) ',
    '**It is so.** ',
    'It is so! 😊 👍🏽 ',
    'Готово. ',
    'Открываю! ',
    '好的。',
    '好的！',
    'It is 2026. ',
    'It is at 5 p.m. ',
    `${'word '.repeat(40)}end. `,
    `${'a'.repeat(200)}. `,
  ])('behind %j', (before) => {
    expect(isPlace(before)).toBe(true);
  });

  test('behind another object', () => {
    expect(isObjectPlace(behindObject)).toBe(true);
    expect(isObjectPlace(placeAfter(behindObject, ' '))).toBe(true);
    expect(isObjectPlace(placeAfter(behindObject, ' and then '))).toBe(false);
  });
});

describe('an object is text', () => {
  test.each([
    'The payload is ',
    'The payload is: ',
    'The payload is — ',
    'Sure, ',
    'Sure; ',
    'Sure ',
    'Use e.g. ',
    'Das ist z. B. ',
    'Это т. е. ',
    'Ask Dr. ',
    'Use No. ',
    'A vs. ',
    '1. ',
    'Text.\n2. ',
    '- ',
    '* ',
    '> ',
    '| ',
    '# ',
    '"',
    '“',
    '(',
    '`',
    'He said: "Go. ',
    'It is so. (Or not. ',
    'It is so. `x. ',
    'It is so. "',
    'It is so."',
    'file.name ',
    '$',
    'word '.repeat(40),
    '😊 ',
  ])('behind %j', (before) => {
    expect(isPlace(before)).toBe(false);
  });
});

test('does not depend on how the text came', () => {
  for (const before of ['Use e.g. ', 'It is so! 😊 ', `${'a'.repeat(100)} "x. `, `Line.\n${' '.repeat(80)}`]) {
    const place = before.split('').reduce(placeAfter, answerStart);
    expect(place).toEqual(placeAfter(answerStart, before));
  }
});
