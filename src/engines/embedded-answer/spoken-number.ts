/** Numbers in words, English and Russian: "one hundred and twenty-one", "двести сорок тысяч". Whole numbers below a billion. */
import type { Said } from './phrases.ts';

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
export function spokenNumberAt(
  lexemes: readonly Said[],
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
function isJoint(lexemes: readonly Said[], at: number, begin: number): boolean {
  const before = lexemes[at - 1]?.plain ?? '';
  const after = smallNumbers.get(lexemes[at + 1]?.plain ?? '');
  if (at === begin || after === undefined) return false;
  const tens = smallNumbers.get(before) ?? 0;
  if (lexemes[at]?.plain === '-') return tens >= 20 && tens <= 90 && after > 0 && after < 10;
  return lexemes[at]?.plain === 'and' && scales.has(before);
}
