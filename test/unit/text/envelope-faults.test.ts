import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { emptyAnswerEnvelope, finishAnswer, pushAnswer } from '../../../src/text/answer-envelope.ts';
import { runs } from '../../support/runs.ts';
import { places, split } from './answer-texts.ts';
import { quotedWords, wildEnvelope } from './wild-envelopes.ts';

function read(answer: string, cuts: readonly number[] = []) {
  let envelope = emptyAnswerEnvelope;
  let text = '';
  for (const delta of split(answer, cuts)) {
    const pushed = pushAnswer(envelope, delta);
    text += pushed.text;
    // As in a saved context.
    envelope = JSON.parse(JSON.stringify(pushed.envelope));
  }
  const end = finishAnswer(envelope);
  return { text: text + end.text, command: end.command, reason: end.rejected?.reason ?? null };
}

describe('any envelope', () => {
  test('Envelope 2, 3, 4: gives words and command exactly, however it is spaced, escaped, remarked, fenced and cut into deltas', () => {
    fc.assert(
      fc.property(wildEnvelope, places, ({ answer, text, command }, cuts) => {
        expect(read(answer, cuts)).toEqual({ text, command, reason: null });
      }),
      { numRuns: runs(1_000) },
    );
  });

  test('Envelope 2, 4, 7: signs of JSON and quotes of any kind, escaped as they should be, are the content of their string', () => {
    const signs = fc.constantFrom(
      ...'a\f \f"\f\'\f“\f”\f„\f{\f}\f[\f]\f:\f,\f\\\f\n\f//\f.\ftext\f": \f”, \f”, "\f{“a”: 1}\f{"a":'.split('\f'),
    );
    const words = fc.array(signs, { maxLength: 16 }).map((parts) => parts.join(''));
    const keys = fc.shuffledSubarray(['text', 'command', 'args', 'id'], { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(words, words, keys, places, (text, message, order, cuts) => {
        const args = { message, more: { [message]: [text, 1] } };
        const values: Readonly<Record<string, unknown>> = { text, command: 'a', args, id: message };
        const answer = `{${order.map((key) => `"${key}": ${JSON.stringify(values[key])}`).join(', ')}}`;
        expect(read(answer, cuts)).toEqual({ text, command: { name: 'a', args }, reason: null });
      }),
      { numRuns: runs(1_000) },
    );
  });

  test('Envelope 4, 5: gives no command while it is not closed, and no words but its own, wherever it is broken off', () => {
    // What cannot be told from plain text yet: the first signs of a fence or an object.
    const undecided = /^(?:`{1,3}(?:j|js|jso|json)?|(?:```(?:json)?\s*)?\{\s*"?|```\s*)$/i;
    fc.assert(
      fc.property(wildEnvelope, ({ answer, text, objectStart, objectEnd, hasOthersFirst }) => {
        for (let length = 0; length < objectEnd; length += 1) {
          const result = read(answer.slice(0, length));
          expect(result.command).toBeNull();
          if (hasOthersFirst && result.text === answer.slice(0, length)) continue;
          const own = result.text.slice(objectStart);
          if (!text.startsWith(result.text)) expect([answer, own, undecided.test(own)]).toEqual([answer, own, true]);
        }
      }),
      { numRuns: runs(100) },
    );
  });

  test('Envelope 5: has given all words that had arrived when it is broken off', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), fc.string({ maxLength: 5 }), (words, more) => {
        const start = `{"text":${JSON.stringify(words)}`.slice(0, -1);
        expect(read(start).text).toBe(words);
        expect(read(`{"command":"a","args":{"text":${JSON.stringify(more)}},${start.slice(1)}`).text).toBe(words);
      }),
    );
  });

  test('Envelope 7: may have quotes that nobody escaped, in its text and in its arguments: not a word is lost', () => {
    fc.assert(
      fc.property(quotedWords, places, fc.boolean(), (words, cuts, isTextFirst) => {
        const text = `"text":"${words}"`;
        const rest = `"command":"send_message","args":{"contact":"Bob","message":"${words.replaceAll(/["{}[\]]/g, '')}"}`;
        const answer = isTextFirst ? `{${text},${rest}}` : `{${rest},${text}}`;
        const result = read(answer, cuts);
        // A quote before a brace or a bracket is believed; a comma at the very end looks like one of the object.
        fc.pre(!/"\s*[}\]]|",$/.test(words));
        expect(result.text).toBe(words);
        expect(result.command?.name).toBe('send_message');
      }),
      { numRuns: runs(1_000) },
    );
  });
});

describe('what is no envelope', () => {
  const key = fc.constantFrom('name', 'texts', 'a', 'event', 'payload', 'comma"nd', 'Text');
  const inner = fc.constantFrom('name', 'text', 'command', 'args');
  const value = fc.jsonValue({ maxDepth: 1 });
  const someones = fc.dictionary(
    key,
    fc.oneof(value, fc.dictionary(inner, value), fc.array(fc.dictionary(inner, value), { maxLength: 3 })),
    {
      minKeys: 1,
    },
  );
  const subject = fc.oneof(
    someones,
    fc.array(someones, { maxLength: 3 }),
    fc
      .tuple(fc.constantFrom<unknown>(1, -2.5, 'a', []), fc.array(fc.dictionary(inner, value), { maxLength: 3 }))
      .map(([first, items]) => [first, ...items]),
  );

  test('Envelope 1, 3: JSON that the answer is about comes out as it stands, however it is spaced, fenced, introduced and cut', () => {
    fc.assert(
      fc.property(
        subject,
        fc.constantFrom(undefined, 1, 2),
        fc.constantFrom('', 'Here it is:\n', 'Sure. ', 'It is '),
        fc.constantFrom('', '```json\n', '```\n', '~~~json\n'),
        places,
        (json, indent, before, fence, cuts) => {
          const end = fence === '' ? '' : `\n${fence.slice(0, 3)}`;
          const answer = `${before}${fence}${JSON.stringify(json, null, indent)}${end}\nThat is it.`;
          // What is longer is not followed to its end.
          fc.pre(answer.length < 16_000);
          expect(read(answer, cuts)).toEqual({ text: answer, command: null, reason: null });
        },
      ),
      { numRuns: runs(500), endOnFailure: true },
    );
  });

  test('Envelope 3, 8: an object in the middle of a sentence comes out as it stands, whatever it says', () => {
    const before = fc.constantFrom(
      'The payload is ',
      'Sure, ',
      'As in: ',
      'It is so (',
      'Say "',
      'Use e.g. ',
      '- ',
      'Say `',
    );
    fc.assert(
      fc.property(wildEnvelope, before, places, ({ answer, objectEnd, objectStart }, start, cuts) => {
        const object = answer.slice(objectStart, objectEnd).replace(/^```\w*\s/, '');
        const sentence = `${start}${object} as you see. So.`;
        expect(read(sentence, cuts)).toEqual({ text: sentence, command: null, reason: null });
      }),
      { numRuns: runs(500) },
    );
  });
});

test('Envelope 7: an object written by hand is read: other quotes, commas forgotten or doubled, other keys anywhere', () => {
  const quotes = fc.constantFrom(['"', '"'], ["'", "'"], ['“', '”'], ['‘', '’'], ['«', '»'], ['„', '“']);
  const comma = fc.constantFrom(', ', ',', ' ', '\n', ' ,\n', ',,', '  ');
  const fields = fc.shuffledSubarray(['text', 'command', 'args', 'id', 'thought'], { minLength: 5, maxLength: 5 });
  fc.assert(
    fc.property(
      quotes,
      fc.array(comma, { minLength: 5, maxLength: 5 }),
      fields,
      places,
      ([open, close], commas, order, cuts) => {
        const quoted = (words: string) => `${open}${words}${close}`;
        const values: Readonly<Record<string, string>> = {
          text: quoted('Well, I do: it is open.'),
          command: quoted('open_app'),
          args: `{${quoted('app_name')}: ${quoted('Maps (2)')}}`,
          id: '7',
          thought: quoted('a, b; c'),
        };
        const written = order.map((name, index) => `${quoted(name)}: ${values[name]}${index < 4 ? commas[index] : ''}`);
        expect(read(`{${written.join('')}}`, cuts)).toEqual({
          text: 'Well, I do: it is open.',
          command: { name: 'open_app', args: { app_name: 'Maps (2)' } },
          reason: null,
        });
      },
    ),
    { numRuns: runs(500) },
  );
});

describe('Envelope 7: an argument', () => {
  test.each([
    ['Say "hi", then go', 'Say "hi", then go'],
    ['a "b" c', 'a "b" c'],
    ['"all of it"', '"all of it"'],
    ["it's, isn't it", "it's, isn't it"],
    ['https://example.com/?q="a"&r=b', 'https://example.com/?q="a"&r=b'],
    ['see https://x.y//z, "w"', 'see https://x.y//z, "w"'],
  ])('with quotes that nobody escaped arrives whole: %s', (written, message) => {
    const answer = `{"text":"Ok.","command":"send_message","args":{"contact":"Bob","message":"${written}"}}`;
    expect(read(answer)).toEqual({
      text: 'Ok.',
      command: { name: 'send_message', args: { contact: 'Bob', message } },
      reason: null,
    });
  });

  test.each([
    ['true', true],
    ['false', false],
    ['null', null],
    ['True', true],
    ['False', false],
    ['None', null],
  ])('ends where a comma and %s stand behind its quote', (literal, value) => {
    const result = read(`{"text":"Hi.","command":"find_contact","args":{"query":["Bob",${literal}]}}`);
    expect(result).toEqual({
      text: 'Hi.',
      command: { name: 'find_contact', args: { query: ['Bob', value] } },
      reason: null,
    });
  });

  test('and a text may begin with a straight quote and end with a curly one where a key follows', () => {
    const answer =
      '{"text": "Say “a”, now.”, "command": "send_message”, "args": {"contact": "Bob” , "message": "“b”"}}';
    const expected = {
      text: 'Say “a”, now.',
      command: { name: 'send_message', args: { contact: 'Bob', message: '“b”' } },
      reason: null,
    };
    expect(read(answer)).toEqual(expected);
    for (let cut = 1; cut < answer.length; cut += 1) {
      expect(read(answer, [cut])).toEqual(expected);
      expect(read(answer.slice(0, cut)).command).toBeNull();
    }
  });

  test('in single quotes may have apostrophes', () => {
    const answer = "{'text':'It's me.','command':'send_message','args':{'message':'It's late, isn't it?'}}";
    expect(read(answer).text).toBe("It's me.");
    expect(read(answer).command?.args).toEqual({ message: "It's late, isn't it?" });
  });
});

describe('Envelope 4: what is closed', () => {
  test.each([
    ['two commands in one object: the last counts, as in JSON', '{"command":"a","command":"b"}', '', 'b'],
    ['a command before a null text', '{"command":"a","text":null}', '', 'a'],
    ['None, as Python writes it', "{'command': None, 'text': 'Hi.'}", 'Hi.', undefined],
    ['a list of texts', '{"command":"a","text":["Hi.","There.",3]}', 'Hi. There. 3', 'a'],
    ['a list around the object', '[{"text":"Hi.","command":"a"}]', 'Hi.', 'a'],
    ['a byte order mark', '\ufeff{"text":"Hi.","command":"a"}', '\ufeffHi.', 'a'],
    [
      'a fenced object behind a bare one',
      '{"text":"Hi."}\n```json\n{"text":"Ho.","command":"a"}\n```',
      'Hi.\nHo.',
      'a',
    ],
    ['braces behind it', '{"text":"Hi.","command":"a"} } and {', 'Hi. } and {', 'a'],
    [
      'an object encoded in its text',
      '{"text":"{\\"text\\":\\"no\\",\\"command\\":\\"b\\"}"}',
      '{"text":"no","command":"b"}',
      undefined,
    ],
  ])('%s', (_name, answer, text, name) => {
    const result = read(answer);
    expect([result.text, result.command?.name]).toEqual([text, name]);
  });

  test.each([
    ['an object', '{"name":"open_app"}'],
    ['a list', '["open_app"]'],
    ['a number', '1'],
    ['true', 'true'],
  ])('a command that is %s is dropped, the text stays', (_name, command) => {
    const result = read(`{"text":"Hi.","command":${command}}`);
    expect(result).toEqual({ text: 'Hi.', command: null, reason: 'invalid_command' });
  });
});

test.each(['text', 'command', 'args'])(
  'Envelope 7: the bare key %s behind the text ends it, another word does not',
  (key) => {
    expect(read(`{"text":"Hi.", ${key}: "open_app", "x": 1}`).text).toBe('Hi.');
    expect(read('{"text":"Hi.", word: "open_app", "x": 1}').text).toMatch(/^Hi\.", word: "open_app/);
  },
);

test.each(['', 'json', 'json5', 'jsonc', 'JSON'])(
  'Envelope 1: a fence that says "%s" goes with its object, another stays',
  (info) => {
    expect(read(`\`\`\`${info}\n{"text":"Hi."}\n\`\`\``).text).toBe('Hi.');
    expect(read('```js\n{"text":"Hi."}\n```').text).toBe('```js\n{"text":"Hi."}\n```');
  },
);

test.each([
  ['\\n', '\n'],
  ['\\t', '\t'],
  ['\\r', '\r'],
  ['\\b', '\b'],
  ['\\f', '\f'],
  ['\\/', '/'],
  ['\\\\', '\\'],
  ['\\"', '"'],
  ['\\u00e9', 'é'],
  ['\\q', '\\q'],
  ["\\'", "'"],
  ['\\u00g', '\\u00g'],
  ['\\users', '\\users'],
  ['\\Data', '\\Data'],
])('Envelope 2: the escape %s is decoded', (written, decoded) => {
  expect(read(`{"text":"a${written}b"}`).text).toBe(`a${decoded}b`);
});

describe('Envelope 5: a fence at the end', () => {
  test('stays where it is a word of the text, and goes where the line of an object is all there is', () => {
    expect(read('Begin the block with ```json').text).toBe('Begin the block with ```json');
    expect(read('Begin the block with ```').text).toBe('Begin the block with ```');
    expect(read('Sure.\n```json\n')).toEqual({ text: 'Sure.\n', command: null, reason: 'unclosed_object' });
  });
});
