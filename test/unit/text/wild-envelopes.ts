/** Random answers with an object in them as models write them, together with what must be read out of them. */
import fc from 'fast-check';

export interface WildEnvelope {
  readonly answer: string;
  /** All words of the answer. */
  readonly text: string;
  readonly command: { readonly name: string; readonly args: unknown };
  /** How much of `answer` stands before the object and its fence. */
  readonly objectStart: number;
  /** Where the object ends. */
  readonly objectEnd: number;
  /** Keys of somebody else come first: until one of ours comes, it may be plain text. */
  readonly hasOthersFirst: boolean;
}

const urls = fc.constantFrom(
  'https://example.com/a.b?c={d}&e=[f]#g,h',
  'http://x.y//z/*w*/',
  'file:///C:/a\\b',
  'https://ru.wikipedia.org/wiki/Ёж_(животное)',
  'mailto:a@b.c?subject="hi"&body=it\'s',
);
const argument = fc.oneof(urls, fc.string({ unit: 'binary' }), fc.integer(), fc.boolean(), fc.constant(null));
const args = fc.dictionary(
  fc.oneof(fc.constantFrom('app_name', 'text', 'command', 'args', 'url'), fc.string()),
  fc.oneof(argument, fc.array(argument, { maxLength: 3 }), fc.dictionary(fc.constantFrom('text', 'a'), argument)),
  { maxKeys: 4 },
);

/** White space between tokens, also such as JSON does not know. */
const gap = fc.constantFrom('', '', ' ', '\n', '\r\n', '\t', '  ', '\u00a0', '\n  ');
const remark = fc.constantFrom('', '', '', ' // it\'s a "remark", {\n', '/* don\'t: "}" **/');

/** Words around the object, without what begins an object, a fence or a mark. */
const prose = fc.string({ unit: 'grapheme', maxLength: 20 }).map((words) => words.replaceAll(/[{`~[_]/g, ''));
/** Where an object counts: at the beginning, on a line of its own, behind a sentence. */
const proseBefore = fc
  .tuple(prose, fc.constantFrom('\n', '\n\n  ', '\r\n', '\nIt is so. ', '\nJa! ', '\n好的。', '\n*Wait…* 😀 '))
  .map(([words, end]) => (words === '' ? '' : words + end));

/** The same string in JSON, each character escaped or not. */
function encoded(text: string, choices: readonly number[]): string {
  const units = text.split('').map((unit, index) => {
    const choice = choices[index % choices.length] ?? 0;
    const hex = unit.charCodeAt(0).toString(16).padStart(4, '0');
    if (choice === 0) return `\\u${hex}`;
    if (choice === 1) return `\\u${hex.toUpperCase()}`;
    if (choice === 2 && unit === '/') return '\\/';
    return JSON.stringify(unit).slice(1, -1);
  });
  return `"${units.join('')}"`;
}

export const wildEnvelope: fc.Arbitrary<WildEnvelope> = fc
  .record({
    before: proseBefore,
    after: prose,
    text: fc.string({ unit: 'binary', maxLength: 60 }),
    name: fc.stringMatching(/^[a-z_]{1,12}$/),
    args,
    order: fc.shuffledSubarray(['text', 'command', 'args'], { minLength: 3, maxLength: 3 }),
    extra: fc.constantFrom(
      '',
      '"feature_id":"text","more":{"text":"nested","command":"no"}',
      '"list":[{"text":"no"}]',
      '"session_id":"welcome_1796006750.5","thought":"He said \\"text\\": {\\"command\\"} and \\\\."',
      '"id":-7.5e3,"emotion":null,"ok":true,"reasoning":["text",{"args":{}},[]],"x":{}',
    ),
    extraPlace: fc.constantFrom(0, 0, 1, 3),
    gaps: fc.array(gap, { minLength: 1, maxLength: 8 }),
    remarks: fc.array(remark, { minLength: 1, maxLength: 4 }),
    choices: fc.array(fc.nat(5), { minLength: 1, maxLength: 7 }),
    hasTrailingComma: fc.boolean(),
    fence: fc.constantFrom('', '', '```json\n', '```\n', '```JSON '),
  })
  .map((wild) => {
    let turn = 0;
    const nextGap = () => wild.gaps[turn++ % wild.gaps.length] ?? '';
    const nextRemark = () => wild.remarks[turn++ % wild.remarks.length] ?? '';
    const values: Readonly<Record<string, string>> = {
      text: encoded(wild.text, wild.choices),
      command: encoded(wild.name, wild.choices),
      args: JSON.stringify(wild.args),
    };
    const fields = wild.order.map((key) => `"${key}"${nextGap()}:${nextGap()}${values[key]}${nextGap()}`);
    if (wild.extra !== '') fields.splice(wild.extraPlace, 0, wild.extra);
    const comma = wild.hasTrailingComma ? ',' : '';
    const object = `{${nextGap()}${fields.join(`,${nextRemark()}${nextGap()}`)}${comma}${nextRemark()}}`;
    const start = `${wild.before}${wild.fence}`;
    const end = wild.fence === '' ? '' : '\n```';
    return {
      answer: `${start}${object}${end}${wild.after}`,
      text: `${wild.before}${wild.text}${wild.after}`,
      command: { name: wild.name, args: JSON.parse(JSON.stringify(wild.args)) },
      objectStart: wild.before.length,
      objectEnd: start.length + object.length,
      hasOthersFirst: wild.extra !== '' && wild.extraPlace === 0,
    };
  });

const word = fc.constantFrom(
  'I',
  'said',
  'hi',
  "it's",
  'Привет',
  '你好',
  '3.5',
  'https://a.b/c',
  '(so)',
  '{x}',
  '[1]',
  '!',
  '—',
);

/** Sentences with quotes in them that nobody escaped, and commas before and behind; no colon behind a word. */
export const quotedWords: fc.Arbitrary<string> = fc
  .array(fc.tuple(word, fc.constantFrom('', '', '"'), fc.constantFrom('', '', ',', '.'), fc.boolean()), {
    minLength: 1,
    maxLength: 12,
  })
  .map((parts) =>
    parts
      .map(([said, quote, mark, isMarkInside]) =>
        isMarkInside ? `${quote}${said}${mark}${quote}` : `${quote}${said}${quote}${mark}`,
      )
      .join(' '),
  );
