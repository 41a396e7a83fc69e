/**
 * Chunks of streaming answers, without a network: how providers cut them, what of them counts, and that nothing unfinished becomes a
 * command.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  AnswerReader,
  argumentsMaxChars,
  mostToolCalls,
  ToolCallDrafts,
} from '../../../src/engines/openai-answer/answer-reader.ts';
import { ProviderFailure } from '../../../src/engines/provider/failure.ts';

function read(chunks: readonly unknown[]) {
  const reader = new AnswerReader();
  const text = chunks.map((chunk) => reader.take(chunk).text).join('');
  return { text, finishReason: reader.finishReason, usage: reader.usage, calls: reader.calls.finish() };
}

const chunk = (delta: object, finish_reason: string | null = null) => ({
  choices: [{ index: 0, delta, finish_reason }],
});
const fragment = (more: object) => chunk({ tool_calls: [more] });

describe('words', () => {
  test('are those of the one answer that was asked for', () => {
    const other = { choices: [{ index: 1, delta: { content: 'of another' } }] };
    expect(read([chunk({ role: 'assistant', content: '' }), chunk({ content: 'One' }), other]).text).toBe('One');
  });

  test('may come as parts, and as a refusal; thoughts are none', () => {
    const parts = [
      { type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] },
      { type: 'text', text: 'Yes' },
    ];
    expect(read([chunk({ content: parts }), chunk({ refusal: ', no' }), chunk({ reasoning_content: 'hm' })]).text).toBe(
      'Yes, no',
    );
  });

  test('and the reason to finish may come in one chunk, and an empty reason is none', () => {
    expect(read([{ choices: [{ delta: { content: 'All' }, finish_reason: '' }] }]).finishReason).toBeNull();
    expect(read([chunk({ content: 'All' }, 'stop')])).toMatchObject({ text: 'All', finishReason: 'stop' });
  });
});

describe('usage', () => {
  test('is what was told last, with the answer or alone', () => {
    const growing = [1, 2].map((tokens) => ({
      ...chunk({ content: 'x' }),
      usage: { prompt_tokens: 7, completion_tokens: tokens },
    }));
    expect(read(growing).usage).toEqual({ inputTokens: 7, outputTokens: 2 });
    expect(read([{ choices: [], usage: { prompt_tokens: 9, completion_tokens: 0 } }]).usage).toEqual({
      inputTokens: 9,
      outputTokens: 0,
    });
    expect(read([{ usage: { prompt_tokens: 9, completion_tokens: 1 } }]).usage).toEqual({
      inputTokens: 9,
      outputTokens: 1,
    });
    expect(read([{ ...chunk({ content: 'x' }), usage: null }]).usage).toBeNull();
  });

  test.each([{ prompt_tokens: -1, completion_tokens: 2 }, { prompt_tokens: 1.5 }, { prompt_tokens: 1e12 }, 'many'])(
    'that is none is not told, and breaks nothing: %j',
    (usage) => {
      expect(read([{ ...chunk({ content: 'x' }), usage }])).toMatchObject({ text: 'x', usage: null });
    },
  );
});

describe('tool calls', () => {
  test('of an answer stay apart by their index, in whatever order their fragments come', () => {
    const { calls } = read([
      fragment({ index: 0, id: 'a', function: { name: 'open_app', arguments: '{"app_name":' } }),
      fragment({ index: 1, id: 'b', function: { name: 'find_contact', arguments: '{"query":' } }),
      fragment({ index: 0, function: { arguments: '"Mail"}' } }),
      fragment({ index: 1, function: { arguments: '"Anna"}' } }),
    ]);
    expect(calls).toEqual([
      { name: 'open_app', args: { app_name: 'Mail' } },
      { name: 'find_contact', args: { query: 'Anna' } },
    ]);
  });

  test('under one index are two when a new name comes under a new id, as from Gemini', () => {
    const whole = (id: string, app: string) =>
      fragment({ index: 0, id, function: { name: 'open_app', arguments: JSON.stringify({ app_name: app }) } });
    expect(read([whole('a', 'Mail'), whole('b', 'Safari')]).calls.map(({ args }) => args)).toEqual([
      { app_name: 'Mail' },
      { app_name: 'Safari' },
    ]);
  });

  test('stay one when the name and the id are said again and again', () => {
    const again = (part: string) => fragment({ index: 0, id: 'a', function: { name: 'open_app', arguments: part } });
    expect(read([again('{"app_name":'), again('"Mail"}')]).calls).toEqual([
      { name: 'open_app', args: { app_name: 'Mail' } },
    ]);
  });

  test('without an index, without arguments, and with an object for arguments are taken', () => {
    expect(read([fragment({ function: { name: 'close_browser' } })]).calls).toEqual([
      { name: 'close_browser', args: {} },
    ]);
    expect(read([fragment({ function: { name: 'open_app', arguments: { app_name: 'Mail' } } })]).calls).toEqual([
      { name: 'open_app', args: { app_name: 'Mail' } },
    ]);
  });

  test('are the same however their arguments are cut, and never whole when a piece is missing', () => {
    const args = fc.dictionary(fc.string(), fc.oneof(fc.string({ unit: 'binary' }), fc.integer(), fc.boolean()));
    fc.assert(
      fc.property(args, fc.array(fc.nat(40)), fc.nat(), (given, cuts, missing) => {
        const text = JSON.stringify(given);
        const whole = new ToolCallDrafts();
        whole.add({ index: 0, id: 'a', function: { name: 'open_app', arguments: '' } });
        let rest = text;
        for (const cut of [...cuts, text.length]) {
          whole.add({ index: 0, function: { arguments: rest.slice(0, cut) } });
          rest = rest.slice(cut);
        }
        expect(whole.finish()).toEqual([{ name: 'open_app', args: JSON.parse(text) }]);
        const cutOff = new ToolCallDrafts();
        // At least one character of an object is missing at its end: it is not closed.
        const kept = text.slice(0, missing % text.length);
        cutOff.add({ index: 0, id: 'a', function: { name: 'open_app', arguments: kept === '' ? '{' : kept } });
        expect(cutOff.finish()).toEqual([{ name: 'open_app', args: undefined }]);
      }),
    );
  });

  test('are bounded in number and length', () => {
    const many = new ToolCallDrafts();
    for (let index = 0; index < mostToolCalls; index += 1) {
      expect(many.add({ index, function: { name: 'open_app' } })).toBe(true);
    }
    expect(many.add({ index: mostToolCalls, function: { name: 'open_app' } })).toBe(false);
    const long = new ToolCallDrafts();
    expect(long.add({ function: { name: 'x', arguments: 'x'.repeat(argumentsMaxChars) } })).toBe(true);
    expect(long.add({ function: { arguments: 'x' } })).toBe(false);
  });
});

test('whatever else is sent as a chunk is a fault with words, never another exception', () => {
  const anything = fc.oneof(fc.jsonValue(), fc.object({ maxDepth: 4 }), fc.constant({ choices: [{ delta: 5 }] }));
  fc.assert(
    fc.property(anything, (sent) => {
      try {
        new AnswerReader().take(sent);
      } catch (error) {
        if (!(error instanceof ProviderFailure)) throw error;
        expect(error.code).toBe('UNAVAILABLE');
      }
    }),
  );
  expect(() => new AnswerReader().take({ choices: 5 })).toThrow('none of a chat completion');
  expect(() => new AnswerReader().take({})).toThrow('none of a chat completion');
});
