/**
 * Arithmetic as people say and write it: "what is 2 + 2", "сколько будет двадцать один умножить на три", "20% of 50". The
 * parser is our own (never eval), bounded in length and depth. What is not an expression from end to end is no arithmetic.
 * In this order: the utterance cut into lexemes and those into tokens, numbers in words, the value of the tokens, its text.
 */
import { type PhraseSet, phrases } from './phrases.ts';
import { type Core, isPlease } from './politeness.ts';
import type { Reply } from './texts.ts';
import { type Language, plainOf, type Utterance } from './utterance.ts';

type Operator = '+' | '-' | '*' | '/' | '^' | '^2' | '^3' | '%of' | 'sqrt' | '(' | ')';
type Token = number | Operator;

/** A piece of the text: a numeral, a word or a sign; `plain` as the phrase sets want it. */
interface Lexeme {
  readonly plain: string;
  /** Set if it is written in digits. */
  readonly value?: number;
}

const maxTokens = 200;
const maxChars = 1000;
const maxDepth = 40;

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

/** Numbers in words: "one hundred and twenty-one", "двести сорок тысяч". Whole numbers below a billion. */
const smallNumbers = numberWords(`
  0 zero ноль | 1 one один одна одно | 2 two два две | 3 three три | 4 four четыре | 5 five пять | 6 six шесть | 7 seven семь
  | 8 eight восемь | 9 nine девять | 10 ten десять | 11 eleven одиннадцать | 12 twelve двенадцать | 13 thirteen тринадцать
  | 14 fourteen четырнадцать | 15 fifteen пятнадцать | 16 sixteen шестнадцать | 17 seventeen семнадцать
  | 18 eighteen восемнадцать | 19 nineteen девятнадцать | 20 twenty двадцать | 30 thirty тридцать | 40 forty сорок
  | 50 fifty пятьдесят | 60 sixty шестьдесят | 70 seventy семьдесят | 80 eighty восемьдесят | 90 ninety девяносто
  | 100 сто | 200 двести | 300 триста | 400 четыреста | 500 пятьсот | 600 шестьсот | 700 семьсот | 800 восемьсот
  | 900 девятьсот`);

const scales = numberWords(`
  100 hundred | 1000 thousand тысяча тысячи тысяч | 1000000 million миллион миллиона миллионов`);

function numberWords(table: string): ReadonlyMap<string, number> {
  const rows = table.split('|').map((row) => row.trim().split(/\s+/));
  return new Map(rows.flatMap(([value, ...words]) => words.map((word) => [word, Number(value)] as const)));
}

/** The places below a number that the next word may still fill: after "twenty" the ones, after "five" none. */
function roomBelow(value: number): number {
  if (value < 20) return 1;
  return value < 100 ? 10 : 100;
}

/** "one hundred and twenty-one", "двести сорок": the longest number in words from `index` on. */
function spokenNumberAt(
  lexemes: readonly Lexeme[],
  index: number,
  to: number,
): { readonly value: number; readonly length: number } | undefined {
  let total = 0;
  let group: number | undefined;
  let room = 1000;
  let scaleRoom = Number.POSITIVE_INFINITY;
  let end = index;
  for (; end < to; end += 1) {
    const plain = lexemes[end]?.plain ?? '';
    const small = smallNumbers.get(plain);
    const scale = scales.get(plain);
    if (small !== undefined && small < room && (small > 0 || end === index)) {
      group = (group ?? 0) + small;
      room = small === 0 ? 0 : roomBelow(small);
    } else if (scale === 100 && group !== undefined && group > 0 && group < 10) {
      group *= scale;
      room = 100;
    } else if (scale !== undefined && scale > 100 && scale < scaleRoom && (group !== undefined || end === index)) {
      total += (group ?? 1) * scale;
      group = undefined;
      room = 1000;
      scaleRoom = scale;
    } else if (!isJoint(lexemes, end, index)) break;
  }
  return end === index ? undefined : { value: total + (group ?? 0), length: end - index };
}

/** "and" after a hundred, the hyphen of "twenty-one". */
function isJoint(lexemes: readonly Lexeme[], at: number, begin: number): boolean {
  const before = lexemes[at - 1]?.plain ?? '';
  const after = smallNumbers.get(lexemes[at + 1]?.plain ?? '');
  if (at === begin || after === undefined) return false;
  const tens = smallNumbers.get(before) ?? 0;
  if (lexemes[at]?.plain === '-') return tens >= 20 && tens <= 90 && after > 0 && after < 10;
  return lexemes[at]?.plain === 'and' && scales.has(before);
}

type Result = number | 'divisionByZero' | undefined;

class DivisionByZero extends Error {}
class NotAnExpression extends Error {}

/** The value of a whole expression with at least one operation; undefined if it is none. By recursive descent, one pass. */
function evaluate(tokens: readonly Token[]): Result {
  // A minus before a lone number is a sign.
  const hasOperation = tokens.some(
    (token, index) => typeof token === 'string' && !'()'.includes(token) && (token !== '-' || index > 0),
  );
  if (!hasOperation) return undefined;
  try {
    return new Calculation(tokens).whole();
  } catch (error) {
    if (error instanceof DivisionByZero) return 'divisionByZero';
    if (error instanceof NotAnExpression) return undefined;
    throw error;
  }
}

/** One pass over the tokens: sums of products of powers. */
class Calculation {
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  whole(): number {
    const value = this.#sum();
    if (this.#next < this.#tokens.length) throw new NotAnExpression();
    return value;
  }

  #sum(): number {
    let value = this.#product();
    for (;;) {
      if (this.#take('+')) value += this.#product();
      else if (this.#take('-')) value -= this.#product();
      else return value;
    }
  }

  #product(): number {
    let value = this.#signed();
    for (;;) {
      if (this.#take('*')) value *= this.#signed();
      else if (this.#take('%of')) value = (value * this.#signed()) / 100;
      else if (this.#take('/')) {
        const divisor = this.#signed();
        if (divisor === 0) throw new DivisionByZero();
        value /= divisor;
      } else return value;
    }
  }

  #signed(): number {
    this.#depth += 1;
    if (this.#depth > maxDepth) throw new NotAnExpression();
    const value = this.#take('-') ? -this.#signed() : this.#power();
    this.#depth -= 1;
    return value;
  }

  #power(): number {
    let value = this.#value();
    while (true) {
      if (this.#take('^2')) value **= 2;
      else if (this.#take('^3')) value **= 3;
      else break;
    }
    // To the right first: 2^3^2 is 2^9.
    return this.#take('^') ? value ** this.#signed() : value;
  }

  #value(): number {
    const token = this.#tokens[this.#next];
    this.#next += 1;
    if (typeof token === 'number') return token;
    if (token === 'sqrt') return Math.sqrt(this.#signed());
    if (token !== '(') throw new NotAnExpression();
    const value = this.#sum();
    if (!this.#take(')')) throw new NotAnExpression();
    return value;
  }

  #take(operator: Operator): boolean {
    if (this.#tokens[this.#next] !== operator) return false;
    this.#next += 1;
    return true;
  }
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
