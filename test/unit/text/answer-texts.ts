/** Random texts that are likely to hit the text rules, and random ways to split them into deltas. */
import fc from 'fast-check';

/** Splits a text at the given places, anywhere, also inside a surrogate pair. */
export function split(text: string, places: readonly number[]): string[] {
  const cuts = [...new Set(places.map((place) => place % (text.length + 1)))].sort((a, b) => a - b);
  return [0, ...cuts].map((start, index) => text.slice(start, cuts[index] ?? text.length));
}

/** Text that is likely to hit the rules: words, stops, openers, numbers, abbreviations, odd characters. */
export const tricky = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '. ',
        '! ',
        '? ',
        '… ',
        '.',
        '...',
        ' ',
        '\n',
        '\r\n',
        '\n\n',
        ', ',
        ': ',
        '"',
        '”',
        '« ',
        ')',
        ' (',
        '`',
      ),
      fc.constantFrom(
        'Hello',
        'world',
        'Dr.',
        'e.g.',
        'U.S.',
        'The',
        'т. е.',
        'и т. д.',
        'Он',
        'г.',
        'ул.',
        'A.',
        'I.',
        'p.m.',
      ),
      fc.constantFrom(
        '3.14',
        '5',
        '1.',
        '12.',
        '你好',
        '。',
        '！',
        '“',
        '」',
        '，',
        '😀',
        '👨‍👩‍👧',
        '🇩🇪',
        '❤️',
        'é',
        '\u0301',
        '\ud83d',
        '\ude00',
      ),
      fc.constantFrom(
        'iPhone',
        '- ',
        '— ',
        '**',
        '```',
        '# ',
        'example.com',
        'Привет',
        'нет',
        '\u00a0',
        '\ufeff',
        '\u2028',
        '؟ ',
        '। ',
      ),
      fc.string({ unit: 'binary', maxLength: 4 }),
    ),
    { maxLength: 80 },
  )
  .map((parts) => parts.join(''));

/** Where to split a text into deltas. */
export const places = fc.array(fc.nat(2000), { maxLength: 30 });

/** The same JSON text with everything beyond ASCII in escapes, as Python writes it. */
export function escaped(json: string): string {
  return json.replaceAll(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

const words = fc.constantFrom(
  ...[
    'Hello',
    'the',
    'The',
    'no',
    'mr.',
    'Dr.',
    'open_app',
    'read_messages',
    'find_contact',
    'close_browser',
    'Safari',
  ],
  ...[
    'text',
    'command',
    'args',
    'te',
    'tex',
    'title',
    'comma',
    'argon',
    'app_name',
    'contact',
    'limit',
    'query',
    'a',
    'x',
    'I',
  ],
  ...[
    'null',
    'none',
    'None',
    'true',
    'nil',
    'undefined',
    'nothing',
    'Привет',
    'на',
    'ул.',
    'т. е.',
    'йод',
    'élan',
    'ñ',
  ],
  ...[
    '你好',
    '世界。',
    'ไทย',
    '𝐇𝐢',
    '😀',
    'http',
    'https://a.b/c',
    'www.x.y',
    'mailto:a@b',
    '5',
    '100',
    '37',
    '005',
    '1e5',
    '3.50',
    '0',
  ],
);

const marks = fc.constantFrom(
  ...[
    '{"',
    '{',
    '}',
    '"',
    "'",
    '":',
    '": ',
    '":"',
    '","',
    ',',
    ':',
    '[',
    ']',
    '(',
    ')',
    ' ',
    ' ',
    '\n',
    '\n\n',
    '. ',
    '! ',
    '.',
  ],
  ...[
    '```',
    '```json\n',
    '```json5 ',
    '```js\n',
    '~~~',
    '`',
    '|',
    '| - |',
    '# ',
    '- ',
    '- [x] ',
    '- [k] ',
    '> ',
    '**',
    '_',
    '#',
    '<',
    '</',
    '>',
  ],
  ...[
    '\\',
    '\\n',
    '\\t',
    '\\"',
    '\\\\',
    '\\u',
    '\\u00',
    '\\u0041',
    '\\u00e9',
    '\\u043d\\u0430',
    '\\u041F',
    '\\ud83d\\ude00',
    '\\ud835',
  ],
  ...[
    '\\u0022',
    '\\u0078',
    '&amp;',
    '&#39;',
    '&lt;',
    '&',
    ';',
    '](',
    '](https://a.b)',
    '![',
    '[^1]',
    '\u00a0',
    '\u200b',
    '\u0301',
    '\ud83d',
    '—',
    '…',
  ],
);

/** A good object with an odd place or two: something left out, put in or said twice. */
const brokenEnvelope = fc
  .record({
    text: fc.array(fc.oneof(words, marks), { maxLength: 12 }).map((parts) => parts.join(' ')),
    command: fc.oneof(words, fc.constantFrom('open_app', 'Open App', 'close_browser', 'read_messages')),
    args: fc.oneof(fc.dictionary(words, fc.oneof(words, fc.integer(), fc.constant(null)), { maxKeys: 3 }), words),
    order: fc.constantFrom(['text', 'command', 'args'], ['command', 'args', 'text'], ['args', 'text', 'command']),
    quote: fc.constantFrom('"', '"', '"', "'", ''),
    isEscaped: fc.boolean(),
    isFenced: fc.boolean(),
    isEncodedTwice: fc.boolean(),
    faults: fc.array(fc.tuple(fc.nat(400), fc.nat(3), fc.oneof(fc.constant(''), words, marks)), { maxLength: 3 }),
  })
  .map(({ text, command, args, order, quote, isEscaped, isFenced, isEncodedTwice, faults }) => {
    const encode = (value: unknown) => (isEscaped ? escaped(JSON.stringify(value)) : JSON.stringify(value));
    const fields: Readonly<Record<string, unknown>> = { text, command, args: isEncodedTwice ? encode(args) : args };
    let json = encode(Object.fromEntries(order.map((key) => [key, fields[key]])));
    if (quote !== '"') json = json.replaceAll(/(?<!\\)"(text|command|args)"/g, `${quote}$1${quote}`);
    for (const [place, gone, fault] of faults) {
      // A bare `te xt` is the one key that the reader and the repair see differently.
      if (quote === '' && fault.trim() === '') continue;
      const index = place % (json.length + 1);
      json = json.slice(0, index) + fault + json.slice(index + gone);
    }
    return isFenced ? `Sure.\n\`\`\`json\n${json}\n\`\`\`` : json;
  });

/** Answers as models write them and as nobody should: markdown, objects whole and broken, escapes in odd places. */
export const messyAnswer = fc.oneof(
  fc.array(fc.oneof(words, marks), { maxLength: 40 }).map((parts) => parts.join('')),
  brokenEnvelope,
  fc
    .tuple(brokenEnvelope, fc.array(fc.oneof(words, marks), { maxLength: 8 }), brokenEnvelope)
    .map(([first, between, second]) => {
      return `${first}${between.join('')}${second}`;
    }),
);
