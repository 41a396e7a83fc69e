/**
 * Arithmetic as people say and write it: "what is 2 + 2", "сколько будет двадцать один умножить на три", "20% of 50". The
 * parser is our own (never eval), bounded in length and depth. What is not an expression from end to end is no arithmetic.
 */
import { evaluate, type Operator, type Token } from './calculation.ts';
import { type PhraseSet, phrases } from './phrases.ts';
import { type Core, isPlease } from './politeness.ts';
import { spokenNumberAt } from './spoken-number.ts';
import type { Reply } from './texts.ts';
import { type Language, plainOf, type Utterance } from './utterance.ts';

/** A piece of the text: a numeral, a word or a sign; `plain` as the phrase sets want it. */
interface Lexeme {
  readonly plain: string;
  /** Set if it is written in digits. */
  readonly value?: number;
}

const maxTokens = 200;
const maxChars = 1000;

/** Words that ask for a result; where one stands, even "555-1234" is a subtraction. */
const leads: Readonly<Record<Language, PhraseSet>> = {
  en: phrases(
    "(what is|what's|whats|how much is|how much are|what are|what does) (the result of|the value of|)",
    '(tell me|) (calculate|compute|evaluate|solve|work out)',
  ),
  ru: phrases(
    'сколько (будет|это|составит|)',
    '(посчитай|посчитайте|вычисли|вычислите|реши|подсчитай|сосчитай|скажи) (сколько будет|)',
    '(чему равно|чему равен|чему равна|что такое)',
    'сколько будет если',
  ),
};

/** What may end the expression: "… equals", "будет сколько". */
const tails: Readonly<Record<Language, PhraseSet>> = {
  en: phrases('(equals|equal|make|is)', '(equal|equals) to', 'is what', 'equals what'),
  ru: phrases('(равно|будет)', '(равно|будет) сколько'),
};

const operators: readonly (readonly [Operator, PhraseSet])[] = [
  ['+', phrases('(+|plus|плюс|прибавить)', 'прибавить к')],
  ['-', phrases('(-|minus|less|минус|отнять|вычесть)')],
  [
    '*',
    phrases('(*|x|×|·|х|times|умножить|умножь)', 'multiplied by', '(умножить|умножь|умноженное|умножено|помножить) на'),
  ],
  [
    '/',
    phrases(
      '(/|÷|:|over|разделить|делить)',
      'divided by',
      '(разделить|делить|поделить|раздели|подели|деленное|делено) на',
    ),
  ],
  ['^', phrases('(^|**)', '(raised|) to the power (of|)', 'в степени')],
  ['^2', phrases('(²|squared)', 'в квадрате')],
  ['^3', phrases('(³|cubed)', 'в кубе')],
  ['%of', phrases('(%|percent|per cent) of', '(%|процент|процента|процентов) (от|из)')],
  ['sqrt', phrases('√', '(the|) (square root|root) of', '(квадратный|) корень (из|квадратный из)')],
  ['(', phrases('\u0028')],
  [')', phrases('\u0029')],
];

/** The reply to an expression; undefined if the utterance is none. */
export function arithmeticReply(utterance: Utterance, core: Core): Reply | undefined {
  const { language, prompt, words } = utterance;
  const lead = leads[language].matchAt(words, core.from, core.to);
  let first = core.from + lead;
  while (first < core.to && isPlease(words[first])) first += 1;
  const lastLeadWord = words[first - 1];
  const begin = lastLeadWord === undefined ? 0 : lastLeadWord.start + lastLeadWord.spoken.length;
  const end = words[core.to]?.start ?? prompt.length;
  if (end - begin > maxChars) return undefined;
  const text = trimmed(prompt.slice(begin, end));
  if (lead === 0 && looksLikeANumber(text)) return undefined;
  const tokens = tokensOf(lexemesOf(text, language), language);
  const result = tokens === undefined ? undefined : evaluate(tokens);
  return result === undefined ? undefined : { text: resultText(result, language) };
}

/** Without the marks around it: "посчитай, пожалуйста: 2 + 2 = ?". */
function trimmed(text: string): string {
  return text.replace(/^[\s,:]+/u, '').replace(/[\s=?!.…,]+$/u, '');
}

/** A telephone number, a date, a score: digits tied by signs, without any other reason to calculate. */
function looksLikeANumber(text: string): boolean {
  return /^\s*[\d\s()./:-]*$/.test(text) && !/\s[-/:]\s|\d\s*\)|\(\s*\d+\s*[-/]/.test(text);
}

const numerals: Readonly<Record<Language, RegExp>> = {
  en: /\d{1,3}(?:,\d{3})+(?![\d,])(?:\.\d+)?|\d+(?:[.,]\d+)?/y,
  ru: /\d{1,3}(?:[ \u00A0]\d{3})+(?!\d)(?:,\d+)?|\d+(?:[.,]\d+)?/y,
};

/** Undefined where a sign or a piece of text is not of an expression. */
function lexemesOf(text: string, language: Language): Lexeme[] | undefined {
  const lexemes: Lexeme[] = [];
  const numeral = new RegExp(numerals[language]);
  const other = /\*\*|\p{L}[\p{L}'’]*|[-+*/^()%:×·÷√²³−–]/uy;
  for (let index = 0; index < text.length; ) {
    // A comma before a number is a list: "2, 3" is no expression.
    if (/[\s,]/.test(text.charAt(index)) && !/^,\s*\d/.test(text.slice(index, index + 3))) {
      index += 1;
      continue;
    }
    numeral.lastIndex = index;
    other.lastIndex = index;
    const digits = numeral.exec(text)?.[0];
    const piece = digits ?? other.exec(text)?.[0];
    if (piece === undefined || lexemes.length === maxTokens * 2) return undefined;
    const value = digits === undefined ? undefined : numberOf(digits, language);
    lexemes.push(value === undefined ? { plain: plainOf(piece).replace(/[−–]/, '-') } : { plain: piece, value });
    index += piece.length;
  }
  return lexemes;
}

function numberOf(digits: string, language: Language): number {
  const isGrouped = language === 'en' && /,\d{3}(?:$|[,.])/.test(digits);
  return Number(isGrouped ? digits.replaceAll(',', '') : digits.replace(/[ \u00A0]/g, '').replace(',', '.'));
}

function tokensOf(lexemes: readonly Lexeme[] | undefined, language: Language): Token[] | undefined {
  if (lexemes === undefined) return undefined;
  const to = lexemes.length - tailLength(lexemes, language);
  const tokens: Token[] = [];
  for (let index = 0; index < to; ) {
    const operator = operatorAt(lexemes, index, to);
    const spoken = operator === undefined ? spokenNumberAt(lexemes, index, to) : undefined;
    const written = lexemes[index]?.value;
    const token = operator?.operator ?? written ?? spoken?.value;
    if (token === undefined || tokens.length === maxTokens) return undefined;
    tokens.push(token);
    index += operator?.length ?? (written === undefined ? (spoken?.length ?? 1) : 1);
  }
  return tokens;
}

function tailLength(lexemes: readonly Lexeme[], language: Language): number {
  for (const length of [2, 1]) {
    if (tails[language].isWhole(lexemes, Math.max(0, lexemes.length - length))) return length;
  }
  return 0;
}

function operatorAt(
  lexemes: readonly Lexeme[],
  index: number,
  to: number,
): { readonly operator: Operator; readonly length: number } | undefined {
  for (const [operator, names] of operators) {
    const length = names.matchAt(lexemes, index, to);
    if (length > 0) return { operator, length };
  }
  return undefined;
}

/** Decimals that are spoken; beyond them the result is "about". */
const decimals = 6;

function resultText(result: number | 'divisionByZero', language: Language): string {
  if (result === 'divisionByZero') {
    return language === 'ru' ? 'На ноль делить нельзя.' : 'Nothing can be divided by zero.';
  }
  if (Number.isNaN(result)) return language === 'ru' ? 'Такого числа нет.' : 'There is no such number.';
  if (Math.abs(result) >= 1e15 || (result !== 0 && Math.abs(result) < 1e-6)) {
    return language === 'ru' ? 'Такие числа мне не по силам.' : 'That is beyond the numbers that I can handle.';
  }
  // Twelve digits hide that 0.1 + 0.2 is 0.30000000000000004 in binary.
  const exact = Number.isInteger(result) ? result : Number(result.toPrecision(12));
  const rounded = Number(exact.toFixed(decimals));
  const about = rounded !== exact;
  const digits = String(rounded === 0 ? 0 : rounded);
  if (language === 'ru') return `Получается ${about ? 'примерно ' : ''}${digits.replace('.', ',')}.`;
  return `That makes ${about ? 'about ' : ''}${digits}.`;
}
