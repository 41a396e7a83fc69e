/** What a model thinks aloud is kept back, whatever the deltas, and nothing else is. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Thoughts, type ThoughtsMode } from '../../../src/engines/openai-answer/thoughts.ts';

function saidOf(deltas: readonly string[], mode: ThoughtsMode = 'auto', isCutOff = false): string {
  const thoughts = new Thoughts(mode);
  return deltas.map((delta) => thoughts.push(delta)).join('') + thoughts.finish({ isCutOff });
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

/** In two pieces at every place, unit by unit, and in random pieces: always the same. */
function expectSaid(text: string, said: string, mode: ThoughtsMode = 'auto'): void {
  for (let at = 0; at <= text.length; at += 1) {
    expect(saidOf([text.slice(0, at), text.slice(at)], mode)).toBe(said);
  }
  expect(saidOf(text.split(''), mode)).toBe(said);
  fc.assert(
    fc.property(lengths, (pieces) => {
      expect(saidOf(cut(text, pieces), mode)).toBe(said);
    }),
  );
}

describe('Thoughts 1 and 2: a thought at the beginning is not said', () => {
  test.each([
    ['<think>Let me see.</think>It is noon.', 'It is noon.'],
    ['\n<THINK>\nHm < 3 </thin k> ok\n</Think>\n\nIt is noon.', '\n\nIt is noon.'],
    ['\u200b\ufeff <think>a</think>\u200bYes.', 'Yes.'],
    ['<think>a</think>\n{"text": "Yes."}', '\n{"text": "Yes."}'],
    ['<think>a</think>\u200b{"text": "Yes."}', '{"text": "Yes."}'],
    ['<thinking mode="long">a [b] <c></thinking><think>b</think> Yes.', ' Yes.'],
    ['<think></think>Yes.', 'Yes.'],
    ['<think/>Yes.', 'Yes.'],
    ['<thought>a</thought>Yes.', 'Yes.'],
    ['<reasoning>a</reasoning>Yes.', 'Yes.'],
    ['<reason>a</reason>Yes.', 'Yes.'],
    ['[THINK]a[/THINK]Yes.', 'Yes.'],
    ['[THINK]why not [1] </think>?[/THINK]Yes [1].', 'Yes [1].'],
    ['<seed:think>a<seed:cot_budget_reflect>b</seed:cot_budget_reflect></seed:think>Yes.', 'Yes.'],
    ['<longcat_think>a</longcat_think>Yes.', 'Yes.'],
    ['◁think▷a ◁b◁/think▷Yes.', 'Yes.'],
    ['<|think|>a<|/think|>Yes.', 'Yes.'],
    ['<|START_THINKING|>a<|END_THINKING|><|START_RESPONSE|>Yes.<|END_RESPONSE|>', 'Yes.'],
    ['<|begin_of_thought|>a<|end_of_thought|>\n<|begin_of_solution|>Yes.<|end_of_solution|>', 'Yes.'],
    ['<｜begin▁of▁thinking｜>a<｜end▁of▁thinking｜>Yes.', 'Yes.'],
    ['<|channel>thought\na<channel|>Yes.', 'Yes.'],
    ['<think\n>a</think\n>Yes.', 'Yes.'],
    ['<antThinking>a</antThinking>Yes.', 'Yes.'],
    ['<thinking_process>a</thinking_process>Yes.', 'Yes.'],
    ['<thought-block>a</thought-block>Yes.', 'Yes.'],
    ['<details type="reasoning" done="true" duration="2">\n<summary>Thought</summary>\na\n</details>\nYes.', '\nYes.'],
    ['<think>a <details type="reasoning">b</details> c</think>Yes.', 'Yes.'],
    ['<details>\n<summary>More</summary>\nYes.</details>', '<details>\n<summary>More</summary>\nYes.</details>'],
    ['<unused94>thought\na<unused95>Yes.', 'Yes.'],
    ['<think>a</think><answer>1 < 2 </b> yes.</answer>', '1 < 2 </b> yes.'],
    ['</think>\n\nYes.', '\n\nYes.'],
  ])('%j is heard as %j, however it comes', (text, said) => expectSaid(text, said));
});

describe('Thoughts 2: of the harmony format only what is for people is said', () => {
  const analysis = '<|channel|>analysis<|message|>The user < asks.<|end|>';
  test.each([
    [`${analysis}<|start|>assistant<|channel|>final<|message|>It is 4 < 5.<|return|>`, 'It is 4 < 5.'],
    [`<|start|>assistant${analysis}<|channel|>final<|message|>Yes.`, 'Yes.'],
    [`${analysis}<|start|>assistant<|channel|>final <|constrain|>json<|message|>{"text": "Yes."}`, '{"text": "Yes."}'],
    [`${analysis}assistant<|channel|>final<|message|>Yes.`, 'Yes.'],
    [`${analysis}Yes, it is.`, 'Yes, it is.'],
    [
      `${analysis}<|start|>assistant<|channel|>commentary to=functions.open_app <|constrain|>json<|message|>{"app_name":"Mail"}<|call|>`,
      '',
    ],
    ['<|channel|>analysis<|message|>never ends', ''],
    ['<|channel|>final<|message|>Yes.', 'Yes.'],
    ['analysisWe need to say yes.assistantfinalYes.', 'Yes.'],
    ['analysisWe need more', ''],
  ])('%j is heard as %j, however it comes', (text, said) => expectSaid(text, said));
});

describe('Thoughts 1: what is no thought, or stands elsewhere, is heard to the letter', () => {
  test.each([
    'I <think>not</think> so.',
    '<thin',
    '<thinker> is a word.',
    '<think-tank> is none.',
    '<b>Yes</b>',
    '<3 you, [1] and ◁.',
    '{"text": "<think>x</think>"}',
    'analysis of the text: it is short.',
    'an',
    'an <think>x</think> b',
    '<answer>42</answer>',
    '[Note] a',
    '',
  ])('%j, however it comes', (text) => expectSaid(text, text));

  test('any text without a mark at its beginning', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), lengths, (text, pieces) => {
        fc.pre(!/^[\s\p{Cf}\p{Cc}]*[<[◁]/u.test(text));
        expect(saidOf(cut(text, pieces))).toBe(text);
      }),
    );
  });

  test('how a text is cut makes no difference, whatever stands in it', () => {
    const piece = fc.constantFrom(
      ...[
        '<think>',
        '</think>',
        '[THINK]',
        '[/THINK]',
        '<|channel|>',
        '<|message|>',
        '<|end|>',
        '<|start|>',
        '<',
        '>',
        '[',
      ],
      ...[
        'analysis',
        'final',
        'assistant',
        'A',
        'a',
        ' ',
        '\n',
        '\u200b',
        '<|channel>',
        '<channel|>',
        '<answer>',
        '|',
        '/',
      ],
    );
    const modes = fc.constantFrom<ThoughtsMode>('auto', 'closing-tag', 'off');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), lengths, modes, (parts, pieces, mode) => {
        const text = parts.join('');
        expect(saidOf(cut(text, pieces), mode)).toBe(saidOf([text], mode));
      }),
    );
  });
});

test('Thoughts 1: behind a tool call a thought is one again, and what stands between stays', () => {
  const thoughts = new Thoughts();
  expect(thoughts.push('Opening it. ')).toBe('Opening it. ');
  thoughts.restart();
  expect(thoughts.push(' <think>What now?</thi') + thoughts.push('nk>Done.')).toBe(' Done.');
  thoughts.restart();
  expect(thoughts.push(' And <think>.') + thoughts.finish()).toBe(' And <think>.');
});

test('Thoughts 3: a thought that never ends is one', () => {
  expectSaid('<think>never ends', '');
  expectSaid('[THINK]never ends</think>', '');
});

describe('Thoughts 4: with the opening mark in the prompt', () => {
  test.each([
    ['Let me see.\n</think>\n\nIt is noon.', '\n\nIt is noon.'],
    ['Let me see: <b> [1].[/THINK]It is noon.', 'It is noon.'],
    ['a</seed:think>It is </think> noon.', 'It is </think> noon.'],
    ['<think>a</think>It is noon.', 'It is noon.'],
    ['a</think><think>b</think>It is noon.', 'It is noon.'],
    ['It is noon.', 'It is noon.'],
    ['<think>never ends', ''],
    ['', ''],
  ])('%j is heard as %j, however it comes', (text, said) => expectSaid(text, said, 'closing-tag'));

  test('an answer that was cut off within its thoughts has no words', () => {
    expect(saidOf(['Let me see. It may'], 'closing-tag', true)).toBe('');
    expect(saidOf(['a</think>It is'], 'closing-tag', true)).toBe('It is');
  });
});

test('switched off, everything is handed on as it is', () => {
  expectSaid('<think>a</think>Yes.', '<think>a</think>Yes.', 'off');
  const thoughts = new Thoughts('off');
  thoughts.restart();
  expect(thoughts.push('<think>')).toBe('<think>');
});

test('Thoughts 5: long thoughts, long white space and endless marks are passed in linear time', () => {
  const startedAtMs = performance.now();
  for (const [begin, again] of [
    ['<think>', '</thin so on '],
    ['', '\n \u200b'],
    ['<think>', '<<<<<<'],
    ['<|channel|>', 'analysis'],
    ['analysisW', 'assistantfina'],
  ]) {
    const thoughts = new Thoughts();
    let said = thoughts.push(begin ?? '');
    for (let count = 0; count < 200_000; count += 1) said += thoughts.push(again ?? '');
    expect(said).toBe('');
  }
  const thoughts = new Thoughts('closing-tag');
  for (let count = 0; count < 200_000; count += 1) thoughts.push('so < on ');
  expect(thoughts.push('</think>Done.')).toBe('Done.');
  expect(performance.now() - startedAtMs).toBeLessThan(8_000);
});
