/**
 * What of a line of an answer is no words: marks of citations and footnotes, links, HTML, LaTeX, addresses. A link gives its text, code its
 * content, a formula its signs; a citation and an address give nothing. Whatever only looks like one of these is said: `<branch>` and
 * `<joe@example.com>` are no tags, `[3, 1, 2]` and `a[1]` no citations, `[this](that)` no link.
 *
 * Guarantees: pure; linear in the line, because every search is bounded by the next bracket or by a number; no rule looks at a letter but for
 * its class and the words of `speechWords`, nor at the value of a digit, except that zeros count and that an entity is what its number says:
 * so the shape of a line (redaction-shape.ts) is silent where the line is.
 */

/** The words below that the rules know; a redacted log keeps them. */
const inlineTags =
  'a abbr b bdi bdo big cite code del dfn em font i ins kbd mark s samp small span strong sub sup tt u var';
const blockTags =
  'article aside audio blockquote body br button caption center col dd details div dl dt figcaption figure footer form h head header hr ' +
  'html iframe img input label li link main meta nav ol option p picture pre script section select source strike style summary svg ' +
  'table tbody td tfoot th thead tr ul video wbr speak break prosody emphasis voice phoneme think';
const turnWords = 'turn cite filecite citeturn fileciteturn';
const noteWords =
  'needed источник contentreference oaicite index ref label cite source document doc reference citation';

const latexSigns: Readonly<Record<string, string>> = {
  times: '×',
  cdot: '×',
  div: '÷',
  pm: '±',
  le: '≤',
  leq: '≤',
  ge: '≥',
  geq: '≥',
  lt: '<',
  gt: '>',
  ne: '≠',
  neq: '≠',
  approx: '≈',
  sqrt: '√',
  infty: '∞',
  circ: '°',
  degree: '°',
  ldots: '…',
  cdots: '…',
  dots: '…',
};
/** Their content is said, they are not. */
const latexLayout =
  'text mathrm mathbf mathit mathsf operatorname boxed left right big bigl bigr quad qquad displaystyle begin end';
const latexFraction = 'frac dfrac tfrac';

const entitySigns: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  ensp: ' ',
  emsp: ' ',
  thinsp: ' ',
  shy: '',
  ndash: '–',
  mdash: '—',
  hellip: '…',
  lsquo: '‘',
  rsquo: '’',
  ldquo: '“',
  rdquo: '”',
  laquo: '«',
  raquo: '»',
  times: '×',
  divide: '÷',
  plusmn: '±',
  minus: '−',
  le: '≤',
  ge: '≥',
  ne: '≠',
  deg: '°',
  euro: '€',
  pound: '£',
  yen: '¥',
  copy: '©',
  reg: '®',
  trade: '™',
  bull: '•',
  middot: '·',
};

/** Every word that a rule for the ear tells from others of the same shape. */
export const speechWords: readonly string[] = Object.freeze([
  ...[inlineTags, blockTags, turnWords, noteWords, latexLayout, latexFraction].flatMap((words) => words.split(' ')),
  ...Object.keys(latexSigns),
  ...Object.keys(entitySigns),
]);

const inlineTagNames: ReadonlySet<string> = new Set(inlineTags.split(' '));
const blockTagNames: ReadonlySet<string> = new Set(blockTags.split(' '));
/** So far ahead the end of a tag is looked for. */
const maxTaggedChars = 400;
/** Nothing closes them. */
const voidTagNames: ReadonlySet<string> = new Set(['br', 'hr', 'wbr', 'img', 'p', 'li', 'think']);
const latexLayoutNames: ReadonlySet<string> = new Set(latexLayout.split(' '));

/** The words and signs of one line without block marks and fences. */
export function withoutMarkup(line: string): string {
  if (!/[^\p{L}\p{Nd}\p{M}\s.,!?'’"-]|turn\d/u.test(line)) return line;
  // A definition of a link or a footnote: `[1]: https://…`.
  if (/^\s{0,3}\[[^[\]]{1,200}\]:\s*<?(?:[a-z]{2,10}:\/\/|www\.|[/#])\S/i.test(line)) return '';
  // Code is literal: no link and no tag in it is one.
  return line
    .split(/((?<!`)`{1,2}(?!`)[^`]*`{1,2}(?!`))/)
    .map((part, index) => (index % 2 === 1 ? part : proseOf(part)))
    .join('');
}

function proseOf(text: string): string {
  const prose = withoutCitations(withoutLinks(withoutLatex(text)));
  return withoutTags(withoutAddresses(prose)).replaceAll(
    /&(?:([a-z]{2,6})|#(\d{2,6})|#[xX]([0-9A-Fa-f]{2,5}));/g,
    (entity: string, name?: string, decimal?: string, hex?: string) => {
      if (name !== undefined) return Object.hasOwn(entitySigns, name) ? (entitySigns[name] ?? '') : entity;
      return characterOf(decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal)) ?? entity;
    },
  );
}

function characterOf(codePoint: number): string | undefined {
  const isCharacter = codePoint >= 0x20 && codePoint <= 0x10ffff && (codePoint < 0xd800 || codePoint > 0xdfff);
  return isCharacter ? String.fromCodePoint(codePoint) : undefined;
}

// LaTeX.

function withoutLatex(text: string): string {
  if (!/[\\$]/.test(text)) return text;
  const fraction = /\\[dt]?frac\s?\{([^{}]{0,200})\}\s?\{([^{}]{0,200})\}/g;
  return (
    text
      .replaceAll(/(?<![\p{L}\p{N}$\\])(\${1,2})([^$]{1,400})\1(?![\p{L}\p{N}$])/gu, (all, _mark, formula: string) =>
        isFormula(formula) ? ` ${formula} ` : all,
      )
      // A line break that was escaped once too often.
      .replaceAll(/\\[nt](?![a-z])/g, ' ')
      .replaceAll(/\\(?:cite|ref|label)[a-z]?\s?\{[^{}]{0,200}\}/g, '')
      .replaceAll(fraction, '$1 / $2')
      .replaceAll(fraction, '$1 / $2')
      .replaceAll(/\\[()[\]]/g, ' ')
      .replaceAll(/\^\s?(?:\{\s?)?\\circ\s?\}?/g, '°')
      // The order of a root: `\sqrt[3]{x}`.
      .replaceAll(/(\\sqrt)\s?\[\s?\p{L}?\p{N}{0,2}\s?\]/gu, '$1')
      .replaceAll(/\\([A-Za-z]+)/g, (_all, name: string) => latexText(name))
      .replaceAll(/\\[,;:!]|\\\\/g, ' ')
  );
}

/** Between two dollar signs stands a formula, or the words between two prices. */
function isFormula(text: string): boolean {
  if (/[\\^_={}]/.test(text)) return true;
  return /^\s?(?:\p{L}|[\p{N}.,]+)(?:\s?[<>≤≥≠≈+*/×·−-]\s?(?:\p{L}|[\p{N}.,]+)){0,9}\s?$/u.test(text);
}

function latexText(name: string): string {
  if (Object.hasOwn(latexSigns, name)) return name === 'sqrt' ? ' √' : ` ${latexSigns[name] ?? ''} `;
  // Greek letters, functions, and what is no LaTeX at all: `C:\Users`.
  return latexLayoutNames.has(name) ? ' ' : ` ${name}`;
}

// Links and addresses.

const link = /!?\[([^[\]]*)\]\(\s?(<[^<>]*>|(?:[^()\s<>]|\([^()\s]*\))*)(?:\s+(?:"[^"]*"|'[^']*'))?\s?\)/g;

function withoutLinks(text: string): string {
  if (!text.includes('[')) return text;
  return (
    text
      .replaceAll(/!\[\[[^[\]]*\]\]/g, ' ')
      .replaceAll(/\[\[[^[\]|]*\|([^[\]|]*)\]\]/g, '$1')
      // Twice: a link may have a picture or a citation `[[1]](…)` for its text.
      .replaceAll(link, linkText)
      .replaceAll(/\[(\[\d{1,3}\])\](?=\()/g, '$1')
      .replaceAll(link, linkText)
      // `[text][label]`, but not the two indices of `m[i][j]` and not two citations.
      .replaceAll(/(?<![\p{L}\p{N}\]])\[(?!(?:\^|[a-z]{3,12}[:#_.-]?)?\d{1,3}\])([^[\]]+)\]\[[^[\]]*\]/gu, '$1')
  );
}

function linkText(all: string, text: string, target: string, offset: number, line: string): string {
  if (target !== '' && !/[./#:?=&%]/.test(target)) return all;
  const isSource = /^\^?\d{1,3}$/.test(text) && !all.startsWith('!');
  // `([example.com](https://…))`: where it was read, which nobody wants to hear.
  const isInBrackets = line.charAt(offset - 1) === '(' && line.charAt(offset + all.length) === ')';
  return isSource || (isInBrackets && /^[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+$/u.test(text)) ? '' : text;
}

/** Not a letter of a script that writes no spaces: those may follow an address at once. */
const address =
  /(?<![\p{Script=Latin}\p{Script=Cyrillic}\p{N}])(?:(?:https?|ftp):\/\/|www\.)[^\s<>"'«»“”`\u3000-\u30ff\u3400-\u9fff\uac00-\ud7a3\uff00-\uffef]+/giu;

function withoutAddresses(text: string): string {
  if (!/:|www\./i.test(text)) return text;
  return text.replaceAll(/<(?:https?:\/\/|mailto:)[^<>\s]*>/gi, ' ').replaceAll(address, addressRemainder);
}

/** The punctuation behind an address belongs to the sentence. */
function addressRemainder(url: string): string {
  let end = url.length;
  while (end > 0 && '.,;:!?…)]}*_'.includes(url.charAt(end - 1))) end -= 1;
  return ` ${url.slice(end)}`;
}

// Tags.

const tag =
  /<(\/?)([A-Za-z][\w:-]{0,30})((?:\s{1,4}[\w:@.-]{1,40}(?:\s?=\s?(?:"[^"<>]{0,500}"|'[^'<>]{0,500}'|[^\s"'=<>`]{1,200}))?){0,12})\s?(\/?)>/g;

function withoutTags(text: string): string {
  if (!text.includes('<')) return text;
  return text
    .replaceAll(/<!--[^<>]{0,500}-->|<[!?][A-Za-z[][^<>]{0,200}>/g, ' ')
    .replaceAll(/<ref(?:\s[^<>]{0,200})?>[^<>]{0,400}<\/ref>|<\|[^|<>]{1,40}\|>/gi, '')
    .replaceAll(/<sup>([^<>]{1,40})<\/sup>/gi, raisedText)
    .replaceAll(tag, tagText);
}

/** `10<sup>6</sup>` is a power, `5<sup>th</sup>` a word, `Paris<sup>1</sup>` a footnote. */
function raisedText(_all: string, raised: string, offset: number, text: string): string {
  if (!/^[[(\s]*[-−+]?\p{N}+[\])\s]*$/u.test(raised)) return /^\p{L}{2}$/u.test(raised) ? raised : `^${raised}`;
  return /(?:^|[^\p{L}])(?:\p{L}{1,3}|[\p{N})])$/u.test(text.slice(Math.max(0, offset - 4), offset))
    ? `^${raised}`
    : '';
}

type Captured = readonly [
  closing: string,
  name: string,
  attributes: string,
  closed: string,
  offset: number,
  line: string,
];

function tagText(all: string, ...[closing, name, attributes, closed, offset, line]: Captured): string {
  const known = name.toLowerCase().replace(/\d$/, '');
  const isInline = inlineTagNames.has(known);
  const isKnown = isInline || blockTagNames.has(known);
  const hasValues = attributes.includes('=');
  // `a <b and c> d`: words without a value are attributes only behind a name that is no letter.
  const isPlain =
    attributes.trim() === '' || (known.length > 1 && isKnown) || /^(?:\s+[^\s=]+\s?=\s?\S+)+$/.test(attributes);
  const isTag = closing + closed !== '' || (isKnown ? isPlain : hasValues && /["']/.test(attributes));
  if (!isTag) return all;
  // "Use <div> here": a tag that stands among words like a word, and is never closed, is one that is spoken of.
  const isSaid =
    closing + closed + attributes === '' &&
    /\p{L} $/u.test(line.slice(Math.max(0, offset - 2), offset)) &&
    /^(?: \p{L}|[.,;:!?])/u.test(line.slice(offset + all.length, offset + all.length + 2)) &&
    !voidTagNames.has(known) &&
    !line.slice(offset, offset + maxTaggedChars).includes(`</${name}`);
  if (isSaid) return name;
  return isInline ? '' : ' ';
}

// Citations and footnotes.

const numberBrackets =
  /\[{1,2}\^?(\d{1,3}(?:\s?[-–,;]\s?\d{1,3})*)\]{1,2}(?:(?:\s?[-–,;]\s?|,?\s\p{L}{1,3}\s)\[\d{1,3}\]){0,9}/gu;
/** `[Source 1]`, and `[@smith2020, p. 5]` as Pandoc has it. */
const namedSource =
  /\[(?:source|document|doc|reference|ref|citation)s?:? \d{1,3}(?:, ?\d{1,3})*\]|\[-?@[\p{L}\p{N}][^[\]]{0,100}\]/giu;
/** `[web:1]`, `[doc3, doc4]`. */
const sourceBrackets = /\[[a-z]{3,12}[:#_.-]?\d{1,3}(?:[,;]\s?[a-z]{3,12}[:#_.-]?\d{1,3})*\]/g;
/** Behind a stop, or behind a word that is no unit: `5 m²` and `x²` are no footnotes. */
const raisedNumber = /(?<=[.,;:!?…"'”’»]|(?<!\p{Nd}\s?\p{L}{4,12})(?<=\p{L}{4}))[¹²³⁰⁴-⁹](?:[,–-]?[¹²³⁰⁴-⁹]){0,8}/gu;

function withoutCitations(text: string): string {
  if (!/[[【(\ue000-\uf8ff¹²³⁰⁴-⁹†]|turn\d/.test(text)) return text;
  return text
    .replaceAll(/\ue200[^\ue200\ue201]{0,400}\ue201/g, '')
    .replaceAll(
      /(?<![\p{L}\p{N}])(?:(?:file)?cite\p{Co}?)?(?:turn\d{1,4}[a-z]{3,12}\d{1,4}(?:L\d+(?:-L\d+)?)?\p{Co}?)+/gu,
      '',
    )
    .replaceAll(/:?contentReference\[[^[\]]{0,60}\](?:\{[^{}]{0,60}\})?|\[oaicite:[^[\]]{0,30}\]/g, '')
    .replaceAll(/【[^【】]{0,120}†[^【】]{0,120}】|\[[^[\]]{0,120}†[^[\]]{0,120}\]|\([^()]{0,120}†[^()]{0,120}\)/g, '')
    .replaceAll(/【(?:[\d:,;\s–-]{1,40}|oaicite:[^【】]{0,30})】/g, '')
    .replaceAll(/\[\^[^[\]]{1,80}\]:?|\^\[[^[\]]{1,400}\]/g, '')
    .replaceAll(namedSource, '')
    .replaceAll(sourceBrackets, '')
    .replaceAll(/\[(?:[\p{L}-]{1,20} ){1,3}needed\]|\[источник[^[\]]{0,40}\]/giu, '')
    .replaceAll(numberBrackets, numberText)
    .replaceAll(raisedNumber, '')
    .replaceAll(/\([\s,;]*\)/g, ' ');
}

/** A bracket with numbers is a citation behind what it proves, and a list or an index elsewhere. */
function numberText(all: string, numbersInside: string, offset: number, text: string): string {
  const list = numbersInside.split(/[,;]/);
  if (list.some((number) => /^\s?0/.test(number))) return all;
  const before = text.slice(Math.max(0, offset - 12), offset);
  const after = text.slice(offset + all.length, offset + all.length + 1);
  if (/[\]}]\s?$/.test(before)) return list.length < 3 ? '' : all;
  if (/\S$/.test(before)) return isBehindProof(before) || (before.endsWith('(') && after === ')') ? '' : all;
  const lead = before.trimEnd().replace(/[*_]+$/, '');
  const isAtEnd = after === '' || /[.,;:!?)]/.test(after);
  if (lead === '') return list.length < 3 ? '' : all;
  // `as shown in [1]`, `list: [1, 2]`: the bracket is a word of the sentence.
  if (!isBehindProof(lead) || /(?:^|\P{L})[\p{Script=Latin}\p{Script=Cyrillic}]{1,2}$/u.test(lead)) return all;
  return list.length === 1 || (list.length === 2 && isAtEnd) ? '' : all;
}

/** A word (a single letter is a variable), a number, a stop, the end of a quote or bracket. */
function isBehindProof(before: string): boolean {
  return /(?:\p{L}\p{L}|\p{N}|[.,;!?…"'”’»)%])$/u.test(before);
}
