/**
 * Which signs of a line a voice gets: those that stand between operands or before a number (`x < 5`, `10^6`, `2*3`, `~5`, `#1`, `C#`), which
 * people say, and none of those that are marks (`**bold**`, `~~gone~~`, `#tag`), pictures or dirt. Voices say signs in their own language,
 * so a sign stays a sign here. Of brackets around words only the words are said: `<your name>`, `List<String>`.
 *
 * Guarantees: pure, linear in the line, no letter is taken away; what is a letter, a digit or a capital decides, never which one.
 */

const emoji =
  /\p{Extended_Pictographic}|\p{Regional_Indicator}|\p{Emoji_Modifier}|\ufe0e|\ufe0f|\u20e3|[\u{e0020}-\u{e007f}]/gu;

/** Signs that look like pictures. */
const pictureSigns: Readonly<Record<string, string>> = {
  '➕': '+',
  '➖': '−',
  '➗': '÷',
  '✖': '×',
  '❗': '!',
  '❕': '!',
  '❓': '?',
  '❔': '?',
  '‼': '!!',
  '⁉': '!?',
};

const arrowsBoxesAndBullets = /[\u2190-\u21ff\u2500-\u25ff\u2022\ufffd†‡]/gu;

/** The line as a voice should get it, trimmed, with single spaces. */
export function withSpokenSigns(line: string): string {
  return withSignsBetweenOperands(
    line
      .replaceAll(/[➕➖➗✖❗❕❓❔‼⁉]/gu, (picture) => pictureSigns[picture] ?? '')
      .replaceAll(emoji, ' ')
      // Zero width characters, soft hyphens, controls: a voice stumbles over what nobody sees.
      .replaceAll(/[\p{Cf}\p{Cs}\p{Co}]/gu, '')
      .replaceAll(/\p{Cc}/gu, ' ')
      .replaceAll(/\\(?=[\p{P}\p{S}])/gu, ''),
  )
    .replaceAll(/[|\\{}[\]]/g, ' ')
    .replaceAll(arrowsBoxesAndBullets, ' ')
    .replaceAll(/(?<!\p{L})\u00b7|\u00b7(?!\p{L})/gu, ' ')
    .replaceAll(/\(\s*\)|"\s*"|«\s*»|“\s*”/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/ (?=[,.!?;:…)»”，。！？；：])(?!\.[\p{L}\p{N}]|[!:?]=)/gu, '')
    .trim();
}

function withSignsBetweenOperands(line: string): string {
  if (!/[*_#`~^<>=\u00b7\u2022]/.test(line)) return line;
  return (
    line
      .replaceAll(/(?<=[\p{N})]\s?)(?:\*|\u00b7|\u2022)(?=\s?[\p{N}(])/gu, '×')
      .replaceAll(/(?<=[\p{N})])\*\*(?=[\p{N}(])/gu, '^')
      .replaceAll(/(?<=[\p{L}\p{N})]\s)\*(?=\s[\p{L}\p{N}(])/gu, '×')
      .replaceAll(/(?<=(?:^|[^\p{L}*]|[\p{N})]\*)\p{L})\*(?=\p{L}(?![\p{L}*]))/gu, '×')
      // `2*x` and `x*2`: a variable has one letter.
      .replaceAll(/(?<=\p{N})\*(?=\p{L}(?!\p{L}))|(?<=(?<![\p{L}*])\p{L})\*(?=\p{N})/gu, '×')
      .replaceAll(/([_^])\{([^{}]{0,80})\}/g, (_all, mark: string, inner: string) =>
        mark === '^' ? `^${inner}` : ` ${inner}`,
      )
      .replaceAll(/(?<![\p{L}\p{N}])_+|_+(?![\p{L}\p{N}])/gu, '')
      .replaceAll('#', hashOrNothing)
      .replaceAll(/[*`]|~~/g, '')
      .replaceAll('~', (mark, offset: number, text: string) =>
        isAboutNumber(text, offset) ? mark : isInWord(text, offset) ? ' ' : '',
      )
      .replaceAll('^', (mark, offset: number, text: string) => (isPower(text, offset) ? mark : ' '))
      .replaceAll(/(?<![\p{L}\p{N}=])==(?=\S)([^=]{1,200})(?<=\S)==(?![\p{L}\p{N}=])|={4,}/gu, ' $1 ')
      .replaceAll(/<(\p{L}[^<>=]{0,80})>/gu, bracketedWords)
      .replaceAll(/=+>(?=\s?\p{N})/gu, '>=')
      .replaceAll(/(?<![-=])[-=]+>|<-+(?![\p{N}-])/gu, ' ')
      .replaceAll(/(?<![\p{L}\p{N}])(\p{Lu}[\p{L}\p{N}]+) >{1,2} (?=\p{L}*\p{Lu}\p{L}*\p{L})(?!\p{L} )/gu, '$1, ')
      .replaceAll(/<=>|<{2,}|>{2,}|[<>]=?/g, comparisonOrNothing)
  );
}

/** `#1` and `C#` are said, `#tag` loses its mark. */
function hashOrNothing(mark: string, offset: number, text: string): string {
  const isSaid = /\p{N}/u.test(text.charAt(offset + 1)) || /[A-Za-z]/.test(text.charAt(offset - 1));
  return isSaid ? mark : '';
}

/** `~5`, `~ $5`, `5~10`. */
function isAboutNumber(text: string, offset: number): boolean {
  return /^\s?[$€£¥₽]?\p{N}/u.test(text.slice(offset + 1, offset + 4)) && !/[\p{L}.]/u.test(text.charAt(offset - 1));
}

/** LaTeX has it for a space: `Fig.~1`. */
function isInWord(text: string, offset: number): boolean {
  return (
    /[\p{L}.]/u.test(text.charAt(offset - 1)) &&
    /[\p{L}\p{N}]/u.test(text.charAt(offset + 1)) &&
    !/^\p{N}+~/u.test(text.slice(offset + 1, offset + 5))
  );
}

function isPower(text: string, offset: number): boolean {
  const left = text.slice(Math.max(0, offset - 2), offset);
  return /[\p{L}\p{N})\]]\s?$/u.test(left) && /^\s?\(?[-−+]?[\p{L}\p{N}(]/u.test(text.slice(offset + 1, offset + 5));
}

/** Words in angle brackets, unless these compare: `a<b and c>d`. */
function bracketedWords(all: string, words: string, offset: number, text: string): string {
  const isBetweenOperands =
    /[\p{L}\p{N})]/u.test(text.charAt(offset - 1)) && /[\p{L}\p{N}(]/u.test(text.charAt(offset + all.length));
  return isBetweenOperands || words.endsWith(' ') ? all : ` ${words} `;
}

/** A comparison has an operand on either side, or a number behind it (`<5 %`); other angle brackets are no words. */
function comparisonOrNothing(sign: string, offset: number, text: string): string {
  const left = text.slice(Math.max(0, offset - 2), offset);
  const right = text.slice(offset + sign.length, offset + sign.length + 4);
  const hasLeft = /[\p{L}\p{N})%°√∞²³]\s?$/u.test(left);
  const hasRight = /^\s?[-−+]?[\p{L}\p{N}($€£¥₽√∞.]/u.test(right);
  const isNumber = /^\s?[-−+]?[$€£¥₽.]?\p{N}/u.test(right);
  return (hasLeft && hasRight) || isNumber ? sign : ' ';
}
