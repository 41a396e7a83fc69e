import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type AnswerEnvelope,
  emptyAnswerEnvelope,
  finishAnswer,
  pushAnswer,
} from '../../../src/text/answer-envelope.ts';
import { objectMaxChars, objectMaxDepth } from '../../../src/text/envelope-object.ts';
import { runs } from '../../support/runs.ts';
import { charactersTouched } from '../../support/text/counted-work.ts';
import { type ExpectedCommand, envelopes, plainTexts } from './envelope-corpus.ts';

interface Answer {
  readonly text: string;
  readonly command: ExpectedCommand | null;
  readonly reason: string | null;
}

/** The whole answer, the state going through a copy after each delta as in a saved context. */
function readDeltas(deltas: readonly string[]): Answer {
  let envelope: AnswerEnvelope = emptyAnswerEnvelope;
  let text = '';
  for (const delta of deltas) {
    const pushed = pushAnswer(envelope, delta);
    text += pushed.text;
    envelope = structuredClone(pushed.envelope);
  }
  const end = finishAnswer(envelope);
  return { text: text + end.text, command: end.command, reason: end.rejected?.reason ?? null };
}

const read = (answer: string) => readDeltas([answer]);
const units = (text: string) => text.split('');
/** What is spoken before the end is known. */
const spokenSoFar = (answer: string) => pushAnswer(emptyAnswerEnvelope, answer).text;

function split(text: string, places: readonly number[]): string[] {
  const cuts = [...new Set(places.map((place) => place % (text.length + 1)))].sort((a, b) => a - b);
  return [0, ...cuts].map((start, index) => text.slice(start, cuts[index] ?? text.length));
}

describe('an envelope', () => {
  test.each(envelopes)('%j', (answer, text, command, reason) => {
    const expected = { text, command, reason };
    expect(read(answer)).toEqual(expected);
    expect(readDeltas(units(answer))).toEqual(expected);
  });

  test('Envelope 3: reads the same under every chunking', () => {
    const answers = [...envelopes.map(([answer]) => answer), ...plainTexts];
    fc.assert(
      fc.property(fc.constantFrom(...answers), fc.array(fc.nat(200), { maxLength: 12 }), (answer, places) => {
        expect(readDeltas(split(answer, places))).toEqual(read(answer));
      }),
      { numRuns: runs(500) },
    );
  });

  test('Envelope 2: says its text while it grows, each character as soon as it is sure', () => {
    expect(spokenSoFar('{"text":"Hel')).toBe('Hel');
    expect(spokenSoFar('```json\n{"command":"open_app","text":"Hello. H')).toBe('Hello. H');
    expect(spokenSoFar('{"text":"a \\')).toBe('a ');
    expect(spokenSoFar('{"text":"a \\u00')).toBe('a ');
    expect(spokenSoFar("{'text':'I'm h")).toBe("I'm h");
    expect(spokenSoFar('{"session_id":"x","text":"Hello. H')).toBe('Hello. H');
    expect(spokenSoFar('```json\n[{"thought":{"text":"no"},"text":"Hel')).toBe('Hel');
  });

  test('Envelope 2, 3, 4: gives any text back exactly, with any command, whatever the order, the spaces and the chunking', () => {
    const value = fc.jsonValue({ maxDepth: 2 });
    const name = fc.stringMatching(/^[a-z]{1,12}$/);
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        name,
        fc.dictionary(fc.string(), value),
        fc.constantFrom(0, 1, 2),
        fc.constantFrom(undefined, 2),
        fc.boolean(),
        fc.array(fc.nat(500), { maxLength: 12 }),
        (text, command, given, order, indent, isFenced, places) => {
          const keys = [
            { text, command, args: given },
            { command, text, args: given },
            { args: given, command, text },
          ][order];
          const json = JSON.stringify(keys, null, indent);
          const answer = isFenced ? `\`\`\`json\n${json}\n\`\`\`` : json;
          const result = readDeltas(split(answer, places));
          expect(result).toEqual({
            text,
            command: { name: command, args: JSON.parse(JSON.stringify(given)) },
            reason: null,
          });
        },
      ),
      { numRuns: runs(300) },
    );
  });
});

describe('Envelope 4, 5: a broken off answer', () => {
  const single = envelopes.filter(([answer, , command]) => command !== null && !/\},?\s?\{"text/.test(answer));
  const fromTheStart = single.filter(([answer]) => /^[`~{[_]/.test(answer));
  /** Plain text until a key of ours comes. */
  const othersFirst = fromTheStart
    .map(([answer]) => answer)
    .filter((answer) => !/^\W*(?:json5?\s*)?\W*(?:text|command|args)/i.test(answer));
  /** Too little to be anything but plain text: a brace, a quote, a fence without a word. */
  const undecided =
    /^(?:(?:[`~]{1,4} ?(?:j|js|jso|json|json5|jsonc)?\s*)?\[?\s*(?:\{\s*(?:["'“‘]|t|te|tex|text)?)?|_{1,2}|__MC?P?_?)$/i;

  test.each(fromTheStart)('%j gives no command and no words but its own, wherever it ends', (answer, text) => {
    for (let length = 0; length <= answer.lastIndexOf('}'); length += 1) {
      const result = read(answer.slice(0, length));
      expect(result.command).toBeNull();
      const isWaiting = othersFirst.includes(answer) && result.text === answer.slice(0, length);
      if (!isWaiting && !undecided.test(result.text)) expect(text.startsWith(result.text)).toBe(true);
    }
  });

  test('keeps every character of the text that had arrived', () => {
    const words = 'Привет, мир! "Quoted" \\ 😀 end.';
    const answer = `{"text":${JSON.stringify(words)},"command":"open_app"}`;
    let expected = '{"text":"'.length;
    for (let length = 1; length <= words.length; length += 1) {
      expected += JSON.stringify(words.charAt(length - 1)).replaceAll(/\\u[0-9a-f]{4}/g, '.').length - 2;
      const result = read(answer.slice(0, expected));
      expect(result).toEqual({ text: words.slice(0, length), command: null, reason: 'unclosed_object' });
    }
  });
});

describe('Envelope 1: plain text', () => {
  test.each(plainTexts)('%j comes out unchanged', (text) => {
    const expected = { text, command: null, reason: null };
    expect(read(text)).toEqual(expected);
    expect(readDeltas(units(text))).toEqual(expected);
  });

  test('of any kind comes out unchanged, if no envelope begins in it', () => {
    const parts = fc.constantFrom(
      '{',
      '}',
      '"',
      "'",
      ':',
      ',',
      '`',
      '```',
      'a',
      'name',
      ' ',
      '\n',
      '\\',
      '[',
      ']',
      '😀',
      '1',
      'json',
      '\ud83d',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(parts, fc.string({ unit: 'binary', maxLength: 3 }))), (pieces) => {
        const text = pieces.join('');
        fc.pre(!/text|command|args/.test(text) && !/[{]\s*["']?[tca]/.test(text) && !/```json[5c]?\s*$/i.test(text));
        expect(read(text).text).toBe(text);
        expect(readDeltas(units(text)).text).toBe(text);
      }),
      { numRuns: runs(1000) },
    );
  });

  test('streams: nothing is held back but the beginning of an object or a fence', () => {
    expect(spokenSoFar('Hello')).toBe('Hello');
    expect(spokenSoFar('Hello {')).toBe('Hello {');
    expect(spokenSoFar('Hello {"a": {"b')).toBe('Hello {"a": {"b');
    expect(spokenSoFar('Hello. {')).toBe('Hello. ');
    expect(spokenSoFar('Hello. {n, ')).toBe('Hello. {n, ');
    expect(spokenSoFar('Hello. {"n": 1, "m": "n"')).toBe('Hello. ');
    expect(spokenSoFar('Hello. {"n": 1, "m": "n"}')).toBe('Hello. {"n": 1, "m": "n"}');
    expect(spokenSoFar('Hello `')).toBe('Hello ');
    expect(spokenSoFar('Hello `c')).toBe('Hello `c');
  });
});

describe('Envelope 6: bounds', () => {
  test('an object over the cap loses its command, not its text', () => {
    const answer = `{"text":"Hi.","args":{"app_name":"${'a'.repeat(objectMaxChars)}"},"command":"open_app"}`;
    expect(read(answer)).toEqual({ text: 'Hi.', command: null, reason: 'object_too_large' });
  });

  test('a long text costs no room in the object', () => {
    const text = 'word '.repeat(objectMaxChars / 4);
    const answer = `{"text":"${text}","command":"close_browser"}`;
    expect(read(answer)).toEqual({ text, command: { name: 'close_browser', args: {} }, reason: null });
  });

  test('an object nested too deep loses its command', () => {
    const depth = objectMaxDepth;
    const answer = `{"text":"Hi.","command":"a","args":${'['.repeat(depth)}${']'.repeat(depth)}}`;
    expect(read(answer)).toEqual({ text: 'Hi.', command: null, reason: 'object_too_deep' });
  });

  test('a closed object that nothing can repair loses its command, not its text', () => {
    const answer = '{"text":"Hi.","command":"a","args":{"b":: , : }}';
    const { text, command } = read(answer);
    expect(text).toBe('Hi.');
    expect(command).toBeNull();
  });

  test('__proto__ as a key harms nothing', () => {
    const { command } = read(
      '{"text":"x","command":"a","args":{"__proto__":{"polluted":true}},"__proto__":{"command":"b"}}',
    );
    expect(command?.name).toBe('a');
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });

  test.each([
    ['braces', '{'],
    ['objects that are none', '{"a":1}'],
    ['backticks', '`'],
    ['fences', '```json\n{'],
    ['quotes in the text', '"', '{"text":"'],
    ['quotes and spaces in the text', '" ', '{"text":"'],
    ['backslashes in the text', '\\', '{"text":"'],
    ['broken escapes', '\\u0', '{"text":"'],
    ['nested braces', '{', '{"args":'],
    ['quotes in an argument', "'", "{'args':{'a':'"],
    ['keys', '"a":1,', '{"text":"x",'],
    ['small objects', '{"text":"a"}'],
    ['spaces behind a quote', ' ', '{"text":"a"'],
    ['quotes and commas before words', '",a b', '{"text":"'],
    ['quotes and commas before strings', '","b" ', '{"text":"'],
    ['quotes and commas before brackets', '",[', '{"text":"'],
    ['quotes before words in an argument', '"a', '{"args":{"a":"'],
    ['quotes and commas in an argument', '",a ', '{"args":{"a":"'],
    ['quotes, spaces and commas in an argument', '"      ,   b', '{"args":{"a":"'],
    ['remarks', '/*a*/', '{"text":"a",'],
    ['slashes', '/ ', '{"text":"a",'],
    ['a bare key', 'k', '{"text":"a",'],
    ['lines of strings', '"\n"', '{"text":"'],
    ['fenced objects', '```json\n{"text":"a"}\n```'],
    ['objects beyond repair', '{"text":"a",,:}'],
  ])('a hostile run of %s is read at a bounded cost for each character', (_name, unit, prefix = '') => {
    const small = slowness(prefix + unit.repeat(Math.ceil(8_000 / unit.length)));
    const large = slowness(prefix + unit.repeat(Math.ceil(64_000 / unit.length)));
    expect(large).toBeLessThan(small * 1.2 + 1);
    expect(() => read(prefix + unit.repeat(Math.ceil(runs(1_048_576) / unit.length)))).not.toThrow();
  });

  test.each(['{', '[', '"', "'", ',', ':', '\\', '"a" ', "{'a':", '/*'])(
    'repair of 32 K of %j neither throws nor hangs',
    (unit) => {
      const answer = `{"text":"x","args":${unit.repeat(Math.floor(32_000 / unit.length))}}}}`;
      expect(read(answer).text.startsWith('x')).toBe(true);
    },
  );
});

/** Characters that the reader looks at, tests or copies for each character of the answer. */
function slowness(answer: string): number {
  const touched = charactersTouched(['charAt', 'slice', 'test', 'exec'], () => {
    let envelope = emptyAnswerEnvelope;
    for (let start = 0; start < answer.length; start += 7) {
      envelope = pushAnswer(envelope, answer.substring(start, start + 7)).envelope;
    }
    finishAnswer(envelope);
  });
  return touched / answer.length;
}
