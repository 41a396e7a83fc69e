/** Every bound of the text rules, on both sides: what it still lets through, and one more. The numbers stand here once more on purpose. */
import { describe, expect, test } from 'vitest';
import { emptyAnswerEnvelope, finishAnswer, pushAnswer } from '../../../src/text/answer-envelope.ts';
import { commandNames, judgeCommand } from '../../../src/text/commands.ts';
import { shapeOf, shapeOfJson } from '../../../src/text/redaction-shape.ts';
import { emptySentenceCutter, everySentence, finishText, pushText } from '../../../src/text/sentence-cutter.ts';
import { quietWaitMs } from '../../../src/text/sentence-quiet.ts';
import { readSlice, startReading } from '../../../src/text/text-reading.ts';

/** The sentences of a text, none too short. */
function sentencesOf(text: string): readonly string[] {
  const pushed = pushText(emptySentenceCutter, text, everySentence);
  return [...pushed.sentences, ...finishText(pushed.cutter, everySentence).sentences];
}

const pushed = (text: string) => pushText(emptySentenceCutter, text).sentences;

function read(answer: string): {
  readonly text: string;
  readonly command: string | null;
  readonly reason: string | null;
} {
  const first = pushAnswer(emptyAnswerEnvelope, answer);
  const end = finishAnswer(first.envelope);
  return { text: first.text + end.text, command: end.command?.name ?? null, reason: end.rejected?.reason ?? null };
}

const spokenSoFar = (answer: string) => pushAnswer(emptyAnswerEnvelope, answer).text;
const spaces = (count: number) => ' '.repeat(count);

describe('Sentence cutter 3: the cap', () => {
  test('is 240 units: a word of 241 is cut behind the 240th', () => {
    expect(sentencesOf('a'.repeat(240))).toHaveLength(1);
    expect(sentencesOf('a'.repeat(241)).map((piece) => piece.length)).toEqual([240, 1]);
  });

  test('is 240 units: a space behind the 240th belongs to the next piece, one behind the 239th to this', () => {
    expect(sentencesOf(`${'a'.repeat(240)} bc`)).toEqual(['a'.repeat(240), ' bc']);
    expect(sentencesOf(`${'a'.repeat(239)} bc`)).toEqual(['a'.repeat(239), ' bc']);
    expect(sentencesOf(`${'a'.repeat(237)} bc`)).toHaveLength(1);
  });

  test('is looked for at a mark from the 60th unit on', () => {
    const rest = ' eight'.repeat(60);
    expect(sentencesOf(`${'a'.repeat(59)},${rest}`)[0]).toBe(`${'a'.repeat(59)},`);
    expect(sentencesOf(`${'a'.repeat(58)},${rest}`)[0]?.length).toBeGreaterThan(200);
    expect(sentencesOf(`${'a'.repeat(55)} Inc. then${rest}`)[0]).toBe(`${'a'.repeat(55)} Inc.`);
    expect(sentencesOf(`${'a'.repeat(54)} Inc. then${rest}`)[0]?.length).toBeGreaterThan(200);
  });

  test('keeps what is one character to a reader whole, if it has begun at most 39 units before', () => {
    const marks = '\u0301'.repeat(60);
    expect(sentencesOf(`${'a'.repeat(200)}e${marks}`)[0]).toHaveLength(240);
    expect(sentencesOf(`${'a'.repeat(201)}e${marks}`)[0]).toHaveLength(201);
  });
});

test('Sentence cutter 4: where no sentence is too short, one without a word still is', () => {
  expect(sentencesOf('?! Zork is here')).toEqual(['?! Zork is here']);
  expect(sentencesOf('Zork. +! Zork is here')).toEqual(['Zork.', ' +! Zork is here']);
  expect(sentencesOf('Zork. A! Zork is here')).toEqual(['Zork.', ' A!', ' Zork is here']);
});

describe('Sentence cutter 5: what is looked at to confirm a stop', () => {
  test('40 units of opening marks and dashes behind it are decoration, what follows is the next sentence', () => {
    const first = (marks: number) => sentencesOf(`It is Apple Inc. ${'*'.repeat(marks)}The rest of it`)[0];
    expect(first(39)).toBe('It is Apple Inc.');
    expect(first(40)).toMatch(/rest of it$/);
  });

  test('16 letters are no word of the lists', () => {
    expect(pushed(`It is at 5 p.m. ${capital(15)}`)).toEqual([]);
    expect(pushed(`It is at 5 p.m. ${capital(16)}`)).toEqual(['It is at 5 p.m.']);
  });

  test('24 units of the word before it', () => {
    expect(sentencesOf(`Im x${'-'.repeat(22)}V г. Зорк уже здесь`)).toHaveLength(1);
    expect(sentencesOf(`Im x${'-'.repeat(23)}V г. Зорк уже здесь`)).toHaveLength(2);
  });

  test('a small word of 6 letters is no abbreviation, one of 5 may be', () => {
    expect(sentencesOf('it is zorkzo. it is here')).toHaveLength(2);
    expect(sentencesOf('it is zorkz. it is here')).toHaveLength(1);
  });

  test('8 quotes in each other', () => {
    const nested = (open: number, closed: number) => pushed(`说${'「'.repeat(open)}不行${'」'.repeat(closed)}很好。`);
    expect(nested(8, 8)).toHaveLength(1);
    expect(nested(8, 7)).toEqual([]);
    expect(nested(9, 8)).toHaveLength(1);
  });
});

const capital = (letters: number) => `Z${'o'.repeat(letters - 1)}`;

test('Sentence cutter 6: nothing is settled by a silence behind a lone first half of a pair', () => {
  const { cutter } = pushText(emptySentenceCutter, 'Hello there.\ud83d');
  expect(quietWaitMs(cutter)).toBe(null);
});

describe('Envelope 1: what is held back', () => {
  test('64 spaces in the beginning of an object', () => {
    expect(read(`{${spaces(64)}"text":"Hi."}`).text).toBe('Hi.');
    expect(read(`{${spaces(65)}"text":"Hi."}`).text).toBe(`{${spaces(65)}"text":"Hi."}`);
    expect(read(`{${spaces(20)}text${spaces(20)}:${spaces(24)}"Hi."}`).text).toBe('Hi.');
    expect(read(`{${spaces(20)}text${spaces(20)}:${spaces(25)}"Hi."}`).text).toMatch(/^\{/);
  });

  test('64 spaces between a fence and its object', () => {
    expect(read(`\`\`\`json${spaces(64)}{"text":"Hi."}`).text).toBe('Hi.');
    expect(read(`\`\`\`json${spaces(65)}{"text":"Hi."}`).text).toMatch(/^```json/);
  });

  test('64 backticks', () => {
    expect(read(`${'`'.repeat(64)}{"text":"Hi."}`).text).toBe('Hi.');
    expect(read(`${'`'.repeat(65)}{"text":"Hi."}`).text).toBe(`${'`'.repeat(65)}{"text":"Hi."}`);
  });

  test('64 units between an object and the fence that closes, itself included', () => {
    expect(read(`\`\`\`json\n{"text":"Hi."}${spaces(61)}\`\`\``).text).toBe('Hi.');
    expect(read(`\`\`\`json\n{"text":"Hi."}${spaces(62)}\`\`\``).text).toBe(`Hi.${spaces(62)}\`\`\``);
  });

  test('3 backticks are a fence, 2 are code, but around the whole answer', () => {
    expect(read('Ja.\n```{"text":"Hi."}').text).toBe('Ja.\nHi.');
    expect(read('Ja.\n``{"text":"Hi."}``').text).toBe('Ja.\n``{"text":"Hi."}``');
    expect(read('``{"text":"Hi."}``').text).toBe('Hi.');
  });

  test('64 units of a first key', () => {
    const answer = (units: number) => `{"${'k'.repeat(units)}":1,"text":"Hi."}`;
    expect(read(answer(64)).text).toBe('Hi.');
    expect(read(answer(65)).text).toBe(answer(65));
  });

  test('16,384 units of an object that is none of ours so far', () => {
    const answer = (units: number) => {
      const [start, end] = ['{"thought":"', '","text":"'];
      return `${start}${'a'.repeat(units - start.length - end.length)}${end}Hi.","command":"open_app"}`;
    };
    expect(read(answer(16_385))).toMatchObject({ text: 'Hi.', command: 'open_app' });
    expect(read(answer(16_386))).toMatchObject({ text: answer(16_386), command: null });
    expect(spokenSoFar(answer(20_000).slice(0, 16_384))).toBe('');
    expect(spokenSoFar(answer(20_000).slice(0, 16_385))).toHaveLength(16_385);
  });

  test('64 units before the place of an object: a stop further back is not known', () => {
    expect(read(`"It is so." ${'a'.repeat(50)}. {"text":"Hi."}`).text).toMatch(/Hi\.$/);
    expect(read(`Open "${'a'.repeat(62)}. {"text":"Hi."}`).text).toMatch(/ Hi\.$/);
    expect(read(`Open "${'a'.repeat(61)}. {"text":"Hi."}`).text).toMatch(/\{"text":"Hi\."\}$/);
  });

  test('8 letters behind a fence', () => {
    expect(spokenSoFar('```abcdefgh')).toBe('');
    expect(spokenSoFar('```abcdefghi')).toBe('```abcdefghi');
  });
});

describe('Envelope 4: repair', () => {
  test('is tried for 8,192 units and no more', () => {
    const broken = (units: number) => {
      const [start, end] = ['{"command":"open_app","args":{"app_name":"', '",}}'];
      return start + 'a'.repeat(units - start.length - end.length) + end;
    };
    expect(read(broken(8_192))).toMatchObject({ command: 'open_app', reason: null });
    expect(read(broken(8_193))).toMatchObject({ command: null, reason: 'malformed_object' });
  });
});

describe('Envelope 6: an object', () => {
  test('has at most 1,048,576 units without its text', () => {
    const long = (units: number) => {
      const [start, end] = ['{"command":"open_app","text":"', '","args":{"app_name":"'];
      return `${start}Hi.${end}${'a'.repeat(units - start.length - end.length - 3)}"}}`;
    };
    expect(read(long(1_048_576))).toEqual({ text: 'Hi.', command: 'open_app', reason: null });
    expect(read(long(1_048_577))).toEqual({ text: 'Hi.', command: null, reason: 'object_too_large' });
  });

  test('is at most 64 deep', () => {
    const deep = (depth: number) =>
      `{"text":"Hi.","command":"open_app","args":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;
    expect(read(deep(64))).toEqual({ text: 'Hi.', command: 'open_app', reason: null });
    expect(read(deep(65))).toEqual({ text: 'Hi.', command: null, reason: 'object_too_deep' });
  });

  test('is remembered by 16 units of its last key', () => {
    for (const quote of ['"', '']) {
      const { envelope } = pushAnswer(emptyAnswerEnvelope, `{text:"Hi.",${quote}${'k'.repeat(40)}${quote}:1`);
      expect(envelope.object.key).toBe('k'.repeat(16));
    }
  });
});

describe('Envelope 7: quotes that nobody escaped', () => {
  test('end a string where a key of at most 128 units stands behind a comma, or at most 1,024 units behind them', () => {
    const key = (units: number) => `{"text":"He said "hi","${'k'.repeat(units)}":1,"command":"open_app"}`;
    expect(read(key(128))).toMatchObject({ text: 'He said "hi', command: 'open_app' });
    expect(read(key(129)).text).toMatch(/^He said "hi","k+":1,"command":"open_app$/);
    const gap = (units: number) => `{"text":"Hi."${spaces(units - '",'.length)},"command":"open_app"}`;
    expect(read(gap(1_000)).text).toBe('Hi.');
    expect(read(gap(1_100)).text).not.toBe('Hi.');
  });

  test('are kept as JSON writes them however large the object is, so that its command needs no repair', () => {
    const answer = `{"args":{"a":"${'a'.repeat(10_000)}"},"command":"He "x' app"}`;
    expect(read(answer).command).toBe(`He "x' app`);
  });
});

describe('a command', () => {
  const judge = (name: string, args: unknown) => judgeCommand({ name, args }, commandNames);

  test('may have its arguments in a string of 131,072 units', () => {
    const encoded = (units: number) => `{"app_name":"Maps"}`.padEnd(units, ' ');
    expect(judge('open_app', encoded(131_072)).accepted).toBe(true);
    expect(judge('open_app', encoded(131_073)).accepted).toBe(false);
  });

  test('that is none is told by 64 characters of its name', () => {
    expect(judge('k'.repeat(64), {})).toMatchObject({ name: 'k'.repeat(64) });
    expect(judge('k'.repeat(65), {})).toMatchObject({ name: 'k'.repeat(64) });
  });

  test.each([
    ['open_app', { app_name: 'a'.repeat(200) }],
    ['send_message', { contact: 'a'.repeat(200), message: 'a'.repeat(8_000) }],
    ['read_messages', { contact: 'a'.repeat(200), limit: 100 }],
  ])('%s may have arguments as long as they are allowed to be', (name, args) => {
    expect(judge(name, args)).toEqual({ accepted: true, command: name, args });
  });
});

test('a slice of a reading has 2,048 units', () => {
  const text = 'word '.repeat(1_000);
  expect(readSlice(startReading(text)).reading.readChars).toBe(2_048);
  expect(readSlice(startReading(text.slice(0, 2_048))).reading.isFinished).toBe(true);
  expect(readSlice(startReading(text.slice(0, 2_049))).reading.isFinished).toBe(false);
});

describe('a shape', () => {
  test('knows words and numbers of 96 units', () => {
    const number = (units: number) => `${'0'.repeat(units - 3)}100`;
    expect(shapeOf(number(96))).toBe(number(96));
    expect(shapeOf(number(97))).toBe('2'.repeat(97));
  });

  test('of arguments is 32 deep, and null below', () => {
    const deep = (depth: number): unknown => JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`);
    expect(shapeOfJson(deep(32))).toEqual(deep(32));
    expect(JSON.stringify(shapeOfJson(deep(33)))).toBe(`${'['.repeat(32)}null${']'.repeat(32)}`);
  });

  test('joins letters over 4 backslashes, not over 5', () => {
    const text = (backslashes: number) => `te${'\\'.repeat(backslashes)}u0078t`;
    expect(shapeOf(text(4))).toBe(text(4));
    expect(shapeOf(text(5))).not.toBe(text(5));
  });

  test('finds a literal in a word of two scripts of 32 letters', () => {
    const text = (letters: number) => `null${'и'.repeat(letters - 4)}`;
    expect(shapeOf(text(32))).toMatch(/^nullж+$/);
    expect(shapeOf(text(33))).toMatch(/^x+ж+$/);
  });
});
