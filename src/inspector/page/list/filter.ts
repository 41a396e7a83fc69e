/**
 * The filter language of the list: words with blanks between them, all of which must hold.
 *
 *   state:voice.speaking   a field that has the text in it; upper and lower case are the same
 *   age:>10s  turns:<100   more than, less than; ages in ms, s, m or h
 *   wait:model             what it waits for now          is:stuck   live, ended, failed, stuck, file
 *   -device:lab            not so                         "two words", "a:b"   as they are
 *   laptop                 anywhere: session, device, state, reason, chart; a long one in the name of the log, too
 *
 * What cannot be meant is told in words and left out; all else holds.
 */
import type { WaitName } from '../../waits.ts';

/** What of a row can be filtered by. */
export interface FilterSubject {
  readonly id: string;
  readonly machine: string;
  readonly session: string;
  readonly device: string;
  readonly state: string;
  readonly reason: string;
  readonly ageMs: number;
  readonly turns: number;
  readonly wait: WaitName | null;
  readonly isLive: boolean;
  readonly isFailed: boolean;
  readonly isStuck: boolean;
  readonly isFile: boolean;
  /** Its path, or name; '' = it was given by none. */
  readonly file: string;
}

export interface Filter {
  readonly matches: (subject: FilterSubject) => boolean;
  /** What is wrong with it, for people; null = nothing. */
  readonly fault: string | null;
}

type Test = (subject: FilterSubject) => boolean;

const texts = ['state', 'device', 'session', 'reason', 'machine', 'file', 'id'] as const;
/** A free word looks into the names of logs only if it is so long: they are random, and any short word is in some of them. */
const ID_CHARS = 8;
const fields = [...texts, 'age', 'turns', 'wait', 'is'];
const waitNames: readonly string[] = ['start', 'model', 'voice', 'reader', 'out'] satisfies readonly WaitName[];

/** What `is:` knows, and the chips above the list. */
export const kinds = {
  // The supervisor is the server itself: it lives as long as there is a list.
  live: ({ isLive, machine }) => isLive && machine !== 'supervisor',
  ended: ({ isLive, isFile }) => !isLive && !isFile,
  failed: ({ isFailed }) => isFailed,
  stuck: ({ isStuck }) => isStuck,
  file: ({ isFile }) => isFile,
} as const satisfies Readonly<Record<string, Test>>;
export type Kind = keyof typeof kinds;

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** Reads a filter; never throws. */
export function readFilter(text: string): Filter {
  const tests: Test[] = [];
  let fault: string | null = null;
  for (const word of wordsOf(text)) {
    const test = testOf(word);
    if (typeof test === 'string') fault ??= test;
    else if (test !== null) tests.push(word.isNegated ? (subject) => !test(subject) : test);
  }
  if (text.split('"').length % 2 === 0) fault ??= 'A quotation mark is open: write "two words".';
  return { matches: (subject) => tests.every((test) => test(subject)), fault };
}

/** `text` as a word of the language that is taken as it is. */
export function quoted(text: string): string {
  return /^[\w.#/@-]+$/.test(text) && !text.startsWith('-') ? text : `"${text.replaceAll('"', '')}"`;
}

interface Word {
  readonly isNegated: boolean;
  /** '' = a free word. */
  readonly field: string;
  readonly value: string;
}

function wordsOf(text: string): readonly Word[] {
  return [...text.matchAll(/(-?)(?:([A-Za-z]+):)?(?:"([^"]*)"?|(\S*))/g)]
    .map(([, sign = '', field = '', quote, plain = '']) => ({
      isNegated: sign === '-',
      field: field.toLowerCase(),
      value: (quote ?? plain).toLowerCase(),
    }))
    .filter(({ field, value }) => field !== '' || value !== '');
}

/** What the word asks; null = it is not written to its end, a text = it cannot be meant, and why. */
function testOf({ field, value }: Word): Test | string | null {
  if (field !== '' && !fields.includes(field)) {
    return `There is no field ${field}: it is one of ${fields.join(', ')}. A text with a colon is written "${field}:${value}".`;
  }
  if (value === '') return null;
  switch (field) {
    case '':
      return (subject) =>
        texts.some((name) => (name !== 'id' || value.length >= ID_CHARS) && has(subject[name], value));
    case 'age':
      return boundTest(value, 'age', /^([<>])=?(\d+(?:\.\d+)?)(ms|s|m|h)$/, ({ ageMs }) => ageMs);
    case 'turns':
      return boundTest(value, 'turns', /^([<>])=?(\d+)()$/, ({ turns }) => turns);
    case 'wait':
      return waitNames.includes(value)
        ? ({ wait }) => wait === value
        : `wait:${value} must be one of ${waitNames.join(', ')}.`;
    case 'is':
      return isKind(value) ? kinds[value] : `is:${value} must be one of ${Object.keys(kinds).join(', ')}.`;
    default: {
      const name = texts.find((each) => each === field);
      return name === undefined ? null : (subject) => has(subject[name], value);
    }
  }
}

export function isKind(text: string): text is Kind {
  return Object.hasOwn(kinds, text);
}

function has(text: string, part: string): boolean {
  return text.toLowerCase().includes(part);
}

function boundTest(value: string, field: string, shape: RegExp, read: (subject: FilterSubject) => number) {
  const [, sign, digits, unit = ''] = shape.exec(value) ?? [];
  if (sign === undefined) {
    // Not written to its end: the sign alone, or a number of which the unit is still to come.
    if (/^[<>]=?[\d.]*$/.test(value) && (field === 'age' || !/\d/.test(value))) return null;
    return field === 'age'
      ? `age:${value} must be as age:>10s or age:<500ms.`
      : `turns:${value} must be as turns:>100.`;
  }
  const bound = Number(digits) * (unitsMs[unit] ?? 1);
  return sign === '>'
    ? (subject: FilterSubject) => read(subject) >= bound
    : (subject: FilterSubject) => read(subject) <= bound;
}
