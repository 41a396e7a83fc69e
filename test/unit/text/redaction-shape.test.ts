import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as abbreviations from '../../../src/text/abbreviations.ts';
import { classAt } from '../../../src/text/characters.ts';
import { argumentNames, commandNames } from '../../../src/text/commands.ts';
import { envelopeKeys } from '../../../src/text/envelope-object.ts';
import { envelopeFences } from '../../../src/text/envelope-opening.ts';
import { DeltaShaper, shapeOf, shapeOfJson } from '../../../src/text/redaction-shape.ts';
import { isKeptWord } from '../../../src/text/redaction-word.ts';
import { emptySentenceCutter, finishText, pushText } from '../../../src/text/sentence-cutter.ts';
import { speechWords } from '../../../src/text/speech-markup.ts';
import { runs } from '../../support/runs.ts';
import { escaped, messyAnswer, places, split, tricky } from './answer-texts.ts';
import { envelopes, plainTexts } from './envelope-corpus.ts';
import { runSession, type Step, shapeSteps } from './redaction-session.ts';
import { sentenceCorpus } from './sentence-corpus.ts';
import { spokenSentences } from './speakable-corpus.ts';
import { quotedWords, wildEnvelope } from './wild-envelopes.ts';

/** An answer for each thing that a shape keeps: without it, the answer goes another way. */
const hardCases: readonly string[] = [
  ...['100', '0', '1', '37', '101', '"100"', '"0100"', '"005"', '"000"', '100.0', '5.0', '5.5', '-5', '007'].map(
    (limit) => `{"command":"read_messages","args":{"limit":${limit}}}`,
  ),
  ...['42', '1.50', '1.05', '1.505', '0.25', '12345678901', '1000000', '-0.5'].map(
    (text) => `{"command":null,"text":${text}}`,
  ),
  String.raw`{"command":"open_app","te\u0078t":"Hi there."}`,
  String.raw`{"command":"open_app","te\xt":"Hi there."}`,
  '{"command":"open_app","args":{"app_name":"Maps"},"x":nullи}',
  '{"text": nil, "command":"close_browser"}',
  '{"text": None, "command":"close_browser"}',
  '```json5\n{"text":"Hi."}\n```',
  '```json\n{"text":"Hi."}\n```',
  '- [x]\n',
  '- [k]\n',
  'ℹ',
  '⺀',
  '〇',
  '&#39;',
  '&nbsp;',
  'www.example.com',
  '<mailto:a@b.c>',
  '<é>',
];

const corpus: readonly string[] = [
  ...hardCases,
  ...sentenceCorpus.map(([text]) => text),
  ...envelopes.map(([answer]) => answer),
  ...plainTexts,
  ...spokenSentences.map(([sentence]) => sentence),
];

const anyAnswer = fc.oneof(
  tricky,
  messyAnswer,
  wildEnvelope.map(({ answer }) => answer),
  quotedWords.map(
    (words) => `{"args":{"query":"${words}","contact":"Bob"},"text":"${words}","command":"find_contact"}`,
  ),
  fc.constantFrom(...corpus),
  fc.array(fc.constantFrom(...corpus), { maxLength: 4 }).map((texts) => texts.join('\n')),
  fc.string({ unit: 'binary', maxLength: 60 }),
);

function cut(text: string): readonly string[] {
  const pushed = pushText(emptySentenceCutter, text);
  return [...pushed.sentences, ...finishText(pushed.cutter).sentences];
}

/** Cuts `text` into pieces as long as those given. */
function slicesLike(pieces: readonly string[], text: string): string[] {
  let start = 0;
  return pieces.map((piece) => {
    start += piece.length;
    return text.slice(start - piece.length, start);
  });
}

/** The deltas with a silence where the flag says so, and the end. */
function stepsOf(deltas: readonly string[], silences: readonly boolean[] = []): Step[] {
  const steps = deltas.flatMap((text, index): Step[] => {
    const step: Step = { type: 'text', text };
    return silences[index % Math.max(1, silences.length)] === true ? [step, { type: 'quiet' }] : [step];
  });
  return [...steps, { type: 'end' }];
}

describe('a shape', () => {
  test.each([
    ['Hello, dear Alexandra!', 'Xxxxx, xxxx Xxxxxxxxx!'],
    ['The iPhone of Dr. Müller.', 'The xXxxxx xx Dr. Xøxxxx.'],
    ['Привет, Ёжик! Он на ул. Мира.', 'Жжжжжж, Жжжж! Он на ул. Жжжж.'],
    ['你好，世界。ABC你', '字字，字字。XXX字'],
    ['Call +7 916 123-45-67, PIN 0042.', 'Xxxx +2 222 222-22-22, XXX 0022.'],
    ['3.14 costs 1e5, 1050 or 100 %', '2.22 xxxxx 2e2, 2220 or 100 %'],
    ['- [x] Milk\n- [ ] Tea\n- [k] Q', '- [x] Xxxx\n- [ ] Xxx\n- [q] Q'],
    ['Fish &amp; chips &#39; 39', 'Xxxx &amp; xxxxx &#39; 22'],
    ['See https://example.com/a.b?c=d.', 'Xxx https://xxxxxxx.xxx/a.b?c=d.'],
    ['𝐇𝐞𝐥𝐥𝐨 🎉👍🏽 ℹ', '𝐗𝐱𝐱𝐱𝐱 🎉👍🏽 ℹ'],
    ['{"text":"Opening Safari","command":"open_app"}', '{"text":"Xxxxxxx Xxxxxx","command":"open_app"}'],
    ['{"args":{"app_name":"Safari","zone":7}}', '{"args":{"app_name":"Xxxxxx","xxxx":2}}'],
    ['{"te', '{"te'],
    ['{"title":', '{"tqxxx":'],
    ['{tell:', '{teqx:'],
    ['{"text":"Hi","args":nullи, textи: 5}', '{"text":"Xx","args":nullж, xxxxж: 2}'],
    ['{"text": nothing', '{"text": nqxxxxx'],
    ['```json5\n{', '```json5\n{'],
    ['```json7\n{', '```json2\n{'],
    [String.raw`{"text":"Line.\nNext\tone"}`, String.raw`{"text":"Xxxx.\nXxxx\txxx"}`],
    [String.raw`C:\news\users\Yule`, String.raw`C:\nxxx\uxxxx\Xxxx`],
    [
      String.raw`\u041f\u0440\u0438\u0432\u0435\u0442 \u043d\u0430`,
      String.raw`\u042a\u0436\u0436\u0436\u0436\u0436 \u043d\u0430`,
    ],
    [String.raw`caf\u00e9 \u4F60 \ud83d\ude00 \ud835\udc07`, String.raw`xxx\u00f8 \u5B57 \ud83d\ude00 \ud835\udc17`],
    [String.raw`c\ommand c\ommander c\\ommand`, String.raw`c\ommand q\xxxxxxxx c\\xxxxxx`],
    [String.raw`te\u0078t ta\u0079t \u12`, String.raw`te\u0078t xx\u0071x \u00`],
    [String.raw`"{\"query\":\"Bob\\nnew\\u0441\"}"`, String.raw`"{\"query\":\"Xxx\\nxxx\\u0436\"}"`],
    ['\ud83d half \udc00', '\ud83d xxxx \udc00'],
  ])('of %j is %j', (text, shape) => {
    expect(shapeOf(text)).toBe(shape);
  });

  test.each([...'ntrbf'])('begins a new word behind the escape \\%s', (letter) => {
    expect(shapeOf(`zo\\${letter}k`)).toBe(`xx\\${letter}q`);
    expect(shapeOf('zo\\k')).toBe('xx\\x');
  });

  test.each(['true', 'false', 'null', 'True', 'False', 'None'])(
    'keeps %s in a word of two scripts, as a repair knows it',
    (literal) => {
      expect(shapeOf(`${literal}ии`)).toBe(`${literal}жж`);
      expect(shapeOf('zorkии')).toBe('xxxxжж');
    },
  );

  test('has the length of its text, keeps its white space and is its own shape', () => {
    fc.assert(
      fc.property(anyAnswer, (text) => {
        const shape = shapeOf(text);
        expect(shape).toHaveLength(text.length);
        expect(shape.replaceAll(/\S/g, '.')).toBe(text.replaceAll(/\S/g, '.'));
        expect(shapeOf(shape)).toBe(shape);
      }),
      { numRuns: runs(1_000) },
    );
  });

  test('has a character of the same class in the place of every letter and digit there is, and no other changes', () => {
    for (let codePoint = 0; codePoint <= 0x10ffff; codePoint += 1) {
      const character = String.fromCodePoint(codePoint);
      const shape = shapeOf(character);
      const isShaped = /[\p{L}\p{Nd}]/u.test(character);
      const isSame = classAt(shape, 0) === classAt(character, 0) && shape.length === character.length;
      const isAscii = shape < '\u0080' === codePoint < 0x80;
      if (isShaped ? !isSame || !isAscii : shape !== character)
        expect.fail(`U+${codePoint.toString(16)} became ${shape}`);
    }
  });

  test('has an escape of the same class and the same kinds of digits in the place of every \\uXXXX', () => {
    const kinds = (hex: string) => hex.replaceAll(/\d/g, '0').replaceAll(/[a-f]/g, 'a').replaceAll(/[A-F]/g, 'A');
    for (let code = 0; code <= 0xffff; code += 1) {
      const lower = code.toString(16).padStart(4, '0');
      for (const hex of [lower, lower.toUpperCase(), lower.slice(0, 3) + lower.slice(3).toUpperCase()]) {
        const shape = shapeOf(`z\\u${hex}`).slice(1);
        const before = String.fromCharCode(code);
        const after = String.fromCharCode(Number.parseInt(shape.slice(2), 16));
        const isSame = classAt(before, 0) === classAt(after, 0) && before < '\u0080' === after < '\u0080';
        if (!isSame || kinds(shape) !== kinds(`\\u${hex}`)) expect.fail(`\\u${hex} became ${shape}`);
        if (!/[\p{L}\p{Nd}]/u.test(before) && shape !== `\\u${hex}`) expect.fail(`\\u${hex} became ${shape}`);
      }
    }
  });
});

describe('the deltas of an answer', () => {
  /** The shapes of the deltas after all amendments. */
  const shapeDeltas = (deltas: readonly string[]) =>
    shapeSteps(stepsOf(deltas)).flatMap((step) => (step.type === 'text' ? [step.text] : []));

  test('have the shape of the whole, however it was split', () => {
    fc.assert(
      fc.property(anyAnswer, places, (text, cuts) => {
        const deltas = split(text, cuts);
        expect(shapeDeltas(deltas)).toEqual(slicesLike(deltas, shapeOf(text)));
      }),
      { numRuns: runs(1_000) },
    );
    for (const text of corpus) expect(shapeDeltas(text.split('')).join('')).toBe(shapeOf(text));
  });

  test('settle a word once, however many of them it took', () => {
    const shaper = new DeltaShaper();
    expect(shaper.push(1, 'in Th')).toEqual({ text: 'in Xx', amendments: [] });
    expect(shaper.push(2, 'e')).toEqual({ text: 'x', amendments: [] });
    expect(shaper.push(5, 're')).toEqual({ text: 'xx', amendments: [] });
    expect(shaper.push(6, ' end')).toEqual({
      text: ' xxx',
      amendments: [
        { turn: 1, tail: 'Th' },
        { turn: 2, tail: 'e' },
        { turn: 5, tail: 're' },
      ],
    });
    expect(shaper.push(7, 'ing a')).toEqual({ text: 'xxx q', amendments: [] });
    expect(shaper.finish()).toEqual([{ turn: 7, tail: 'a' }]);
    expect(shaper.finish()).toEqual([]);
  });

  test.each([
    ['letters', 'a'],
    ['letters and their escapes', '\\u0430'],
    ['capitals in pairs', '𝐀'],
    ['digits', '7'],
    ['zeros', '0'],
    ['backslashes', '\\'],
    ['first halves', '\ud835'],
    ['first halves in escapes', '\\ud835'],
    ['words', 'the '],
    ['signs', '{"'],
  ])('of %s without end are shaped in bounded memory, the same as the whole', (_name, unit) => {
    for (const prefix of ['', '{"te', 'z', '"a": n', '\\']) {
      const text = prefix + unit.repeat(150);
      expect(shapeDeltas(text.split('')).join('')).toBe(shapeOf(text));
      const shaper = new DeltaShaper();
      const most = Math.max(...text.split('').map((delta, turn) => shaper.push(turn, delta).amendments.length));
      expect(most).toBeLessThan(130);
    }
  });
});

describe('replaying the shape', () => {
  const allowed = fc.constantFrom(commandNames, commandNames.slice(0, 5), []);
  const silences = fc.array(fc.boolean(), { maxLength: 5 });

  test('Sentence cutter 7: cuts a text as the text is cut', () => {
    for (const [text, pieces] of sentenceCorpus)
      expect(cut(shapeOf(text))).toEqual(slicesLike(pieces, shapeOf(text).trim()));
    fc.assert(
      fc.property(anyAnswer, (text) => {
        expect(cut(shapeOf(text))).toEqual(slicesLike(cut(text), shapeOf(text).trimStart()));
      }),
      { numRuns: runs(1_000) },
    );
  });

  test.each(corpus)('takes the same steps through %j, broken off anywhere', (answer) => {
    for (const steps of [stepsOf([answer]), stepsOf(answer.split('')), stepsOf(answer.split(''), [true])]) {
      expect(runSession(shapeSteps(steps), commandNames)).toEqual(runSession(steps, commandNames));
    }
    for (let end = 0; end < answer.length; end += 1) {
      const steps = stepsOf([answer.slice(0, end)]);
      expect(runSession(shapeSteps(steps), commandNames)).toEqual(runSession(steps, commandNames));
    }
  });

  test('takes the same steps through any answer, in any deltas, with any silences and any commands allowed', () => {
    fc.assert(
      fc.property(anyAnswer, places, silences, allowed, (answer, cuts, quiet, commands) => {
        const steps = stepsOf(split(answer, cuts), quiet);
        expect(runSession(shapeSteps(steps), commands)).toEqual(runSession(steps, commands));
      }),
      { numRuns: runs(1_500) },
    );
  });

  test('judges every tool call the same', () => {
    const name = fc.oneof(
      fc.constantFrom(...commandNames, ' Open-App ', 'open', 'OPEN.APP'),
      fc.constant('read_messages'),
      fc.string(),
    );
    // An exponent is not kept by a shape, nor the 16th digit: as a text such a number has another length.
    const fraction = fc
      .tuple(fc.integer(), fc.integer({ min: 1, max: 6 }))
      .map(([value, places]) => value / 10 ** places);
    const number = fc.oneof(fc.integer(), fc.integer({ min: -2, max: 120 }), fraction);
    const digits = fc.stringMatching(/^ ?0{0,3}\d{0,4} ?$/);
    const leaf = fc.oneof(tricky, digits, number, fc.boolean(), fc.constant(null), fc.string());
    const value = fc.oneof(leaf, fc.array(leaf, { maxLength: 2 }), fc.dictionary(fc.string(), leaf, { maxKeys: 2 }));
    const key = fc.oneof(
      { weight: 5, arbitrary: fc.constantFrom(...argumentNames) },
      fc.string(),
      fc.constant('__proto__'),
    );
    const limit = fc.record({ limit: fc.oneof(number, digits), contact: value }, { requiredKeys: ['limit'] });
    const args = fc.oneof(fc.dictionary(key, value, { maxKeys: 5 }), limit);
    const given = fc.oneof(
      args,
      args.map((fields) => JSON.stringify(fields)),
      args.map((fields) => escaped(JSON.stringify(fields))),
      leaf,
    );
    fc.assert(
      fc.property(name, given, name, given, allowed, (first, firstArgs, second, secondArgs, commands) => {
        const steps: Step[] = [
          { type: 'command', name: first, args: firstArgs },
          { type: 'command', name: second, args: secondArgs },
          { type: 'end' },
        ];
        expect(runSession(shapeSteps(steps), commands)).toEqual(runSession(steps, commands));
      }),
      { numRuns: runs(1_500) },
    );
  });
});

describe('arguments', () => {
  test('are shaped all the way down, keys too', () => {
    const args = {
      app_name: 'Safari',
      limit: 37,
      on: true,
      none: null,
      list: ['Bob', 100, -0.5],
      secret: { deep: 'word' },
    };
    expect(shapeOfJson(args)).toEqual({
      app_name: 'Xxxxxx',
      limit: 22,
      on: true,
      none: null,
      xxxx: ['Xxx', 100, -0.2],
      xxxxxx: { xxxx: 'xxxx' },
    });
  });

  test('harm nothing: keys that become one, __proto__, depth', () => {
    expect(shapeOfJson({ abc: 1, abd: 'k' })).toEqual({ xxx: 'q' });
    const polluting = shapeOfJson(JSON.parse('{"__proto__":{"contact":"Bob"}}'));
    expect(Object.getPrototypeOf(polluting)).toBe(Object.prototype);
    expect(JSON.stringify(polluting)).toBe('{"__xxxxx__":{"contact":"Xxx"}}');
    expect(() => shapeOfJson(JSON.parse(`${'['.repeat(5_000)}${']'.repeat(5_000)}`))).not.toThrow();
  });

  test('keep the kind, the sign and the size of a number', () => {
    fc.assert(
      fc.property(fc.oneof(fc.integer({ min: -200, max: 200 }), fc.integer(), fc.double({ noNaN: true })), (number) => {
        const shape = Number(shapeOfJson(number));
        expect(Math.sign(shape) + 0).toBe(Math.sign(number) + 0);
        if (Number.isInteger(number)) expect(Number.isInteger(shape)).toBe(true);
        expect(shape >= 1 && shape <= 100).toBe(number >= 1 && number <= 100);
      }),
    );
  });
});

describe('privacy', () => {
  const wordsOrNumbers = (text: string) => text.match(/\p{L}{2,}|\p{Nd}{2,}/gu) ?? [];
  const beginnings = /^(?:te|tex|co|com|comm|comma|comman|ar|arg)$/;
  /** Known to nobody, also where its first letter is an escape of JSON, or begins one; no stand-in itself. */
  const isSecret = (run: string) =>
    !isKeptWord(run) && !isKeptWord(run.slice(1)) && !/^(?:[xж]+|ua.*)$/i.test(run) && !beginnings.test(run);
  const letter = fc.constantFrom(...'aeioustnrlbkмгтпроёшüñßčЩWÜ你らกا');
  const secret = fc
    .array(letter, { minLength: 2, maxLength: 9 })
    .map((letters) => letters.join(''))
    .filter(isSecret);
  const number = fc
    .integer({ min: 10, max: 999_999_999 })
    .map(String)
    .filter((digits) => !/^(?:2+0*|100|39|34)$/.test(digits));
  const gaps = [
    ' ',
    '. ',
    ', ',
    '-',
    '"',
    '\n',
    '{"',
    ': ',
    '": ',
    '/',
    '_',
    '\\',
    '\\\\',
    '&',
    '&#',
    '`',
    '😀',
    '\u0301',
  ];

  test('no word and no number of a text stands in its shape', () => {
    const parts = fc.array(fc.tuple(fc.oneof(secret, secret, number), fc.constantFrom(...gaps)), { maxLength: 20 });
    fc.assert(
      fc.property(parts, places, (said, cuts) => {
        const text = said.flat().join('');
        const shaped = shapeSteps(stepsOf(split(text, cuts)));
        const left = wordsOrNumbers(shaped.map((step) => (step.type === 'text' ? step.text : '')).join(''));
        const secrets = new Set(said.flatMap(([run]) => [run, run.toLowerCase()]));
        expect(left.filter((run) => secrets.has(run) || secrets.has(run.toLowerCase()))).toEqual([]);
      }),
      { numRuns: runs(1_000) },
    );
  });

  test('while a word is open it looks unknown', () => {
    fc.assert(
      fc.property(secret, (run) => {
        const shaper = new DeltaShaper();
        const seen = Array.from(run, (unit, turn) => shaper.push(turn, unit).text).join('');
        expect(wordsOrNumbers(seen).filter((kept) => kept === run)).toEqual([]);
      }),
    );
  });

  test('what stays of every text of the corpora is in the closed lists', () => {
    const standIns = /^(?:(?:null)?[xXqQjøØжЖъ字א]+|[𝐱𝐗𐎠𠀀]+|0*2*0*|０+)$/u;
    const beginning = /^(?:t|te|tex|text|c|co|com|comm|comma|comman|command|a|ar|arg|args|n|N)q?x*$/;
    for (const text of corpus) {
      const decoded = shapeOf(text)
        .replaceAll(/\\u([0-9a-f]{4})/gi, (_escape, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
        .replaceAll(/\\[ntrbf]/g, ' ')
        .replaceAll('\\', '');
      for (const run of wordsOrNumbers(decoded)) {
        // `\frac`: the escape above took the first letter.
        const isWord = ['', ...'ntrbf'].some((letter) => isKeptWord(letter + run));
        const isExpected = standIns.test(run) || beginning.test(run) || isWord || /^(?:39|0*100)$/.test(run);
        expect([text, run, isExpected]).toEqual([text, run, true]);
      }
    }
  });
});

describe('the kept words', () => {
  test('are those of the lists, of the envelope, of the commands, of JSON, of addresses and entities', () => {
    const literals = 'true false null None True False undefined NaN Infinity e E'.split(' ');
    const addresses = 'http https HTTP ftp www mailto file data irc'.split(' ');
    const entities = 'amp lt gt quot apos nbsp'.split(' ');
    const names = [...envelopeKeys, ...commandNames, ...argumentNames].flatMap((name) => name.split('_'));
    const fences = envelopeFences.filter((fence) => /^[a-z]+$/.test(fence));
    const speech = speechWords.flatMap((words) => words.split(' '));
    const kept = [...literals, ...addresses, ...entities, ...names, ...fences, ...speech];
    expect(kept.filter((word) => !isKeptWord(word))).toEqual([]);
    expect(['', 'x', 'q', 'hello', 'safari', 'constructor', '__proto__', 'привет'].filter(isKeptWord)).toEqual([]);
  });

  test('consist of no letters that stand for unknown words, not even in part of an abbreviation', () => {
    const lists = Object.values(abbreviations).flatMap((list) => (typeof list === 'object' ? Object.keys(list) : []));
    expect(lists.length).toBeGreaterThan(300);
    const words = [
      ...lists.flatMap((key) => key.split(/[.-]/)),
      ...envelopeKeys,
      ...argumentNames,
      ...commandNames,
      ...speechWords,
    ];
    expect(words.filter((word) => /^[xqjøжъ字א]+$/i.test(word))).toEqual([]);
  });
});
