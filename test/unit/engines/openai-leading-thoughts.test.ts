/** Thoughts at the beginning of an answer are kept back, whatever the deltas, and nothing else is. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LeadingThoughts } from '../../../src/engines/openai-answer/answer-reader.ts';

function saidOf(deltas: readonly string[]): string {
  const thoughts = new LeadingThoughts();
  return deltas.map((delta) => thoughts.push(delta)).join('') + thoughts.finish();
}

/** `text` in pieces of the given lengths, the last one as long as it is. */
function cut(text: string, lengths: readonly number[]): string[] {
  const deltas: string[] = [];
  let start = 0;
  for (const length of lengths) {
    deltas.push(text.slice(start, start + length));
    start += length;
  }
  return [...deltas, text.slice(start)];
}

const lengths = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 40 });

test.each([
  ['<think>Let me see.</think>It is noon.', 'It is noon.'],
  ['\n<THINK>\nHm < 3 </thin k> ok\n</Think>\n\nIt is noon.', '\n\nIt is noon.'],
  ['<thinking>a</thinking><think>b</think> Yes.', ' Yes.'],
  ['<think></think>Yes.', 'Yes.'],
  ['<think>never ends', ''],
  ['I <think>not</think> so.', 'I <think>not</think> so.'],
  ['<thin', '<thin'],
  ['<thinker> is a word.', '<thinker> is a word.'],
  ['<b>Yes</b>', '<b>Yes</b>'],
  ['{"text": "<think>x</think>"}', '{"text": "<think>x</think>"}'],
  ['', ''],
])('%j is heard as %j, however it comes', (text, said) => {
  fc.assert(
    fc.property(lengths, (pieces) => {
      expect(saidOf(cut(text, pieces)).trimStart()).toBe(said.trimStart());
    }),
  );
});

test('a text without thoughts is heard to the letter; only white space before its first word may go', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), lengths, (text, pieces) => {
      fc.pre(!/^\s*<(think|thinking|thought|reasoning)>/i.test(text));
      expect(saidOf(cut(text, pieces)).trimStart()).toBe(text.trimStart());
    }),
  );
});

test('long thoughts are passed in linear time and held nowhere', () => {
  const thoughts = new LeadingThoughts();
  thoughts.push('<think>');
  let said = '';
  for (let count = 0; count < 200_000; count += 1) said += thoughts.push('</thin so on ');
  expect(said).toBe('');
  expect(thoughts.push('</think>Done.')).toBe('Done.');
});
