/**
 * Writes out what eSpeak misreads in Russian: decimals, signs, currencies, units and abbreviations, with the noun in the
 * case its number asks for. eSpeak itself reads whole numbers, "10:45" and Latin words well. Each rule is one case,
 * heard. Pure.
 */

type Rule = readonly [pattern: RegExp, replacement: string | ((...groups: string[]) => string)];

/** A counted noun: 1 рубль, 2 рубля, 5 рублей. */
type Noun = readonly [one: string, few: string, many: string];

const number = String.raw`\d{1,3}(?:[\u0020\u00a0\u202f]\d{3})+(?:,\d+)?|\d+(?:[.,]\d+)?`;

const units: Readonly<Record<string, Noun>> = {
  '₽': ['рубль', 'рубля', 'рублей'],
  'руб.': ['рубль', 'рубля', 'рублей'],
  руб: ['рубль', 'рубля', 'рублей'],
  коп: ['копейка', 'копейки', 'копеек'],
  'коп.': ['копейка', 'копейки', 'копеек'],
  $: ['доллар', 'доллара', 'долларов'],
  '€': ['евро', 'евро', 'евро'],
  '£': ['фунт', 'фунта', 'фунтов'],
  '₴': ['гривна', 'гривны', 'гривен'],
  '%': ['процент', 'процента', 'процентов'],
  '°C': ['градус', 'градуса', 'градусов'],
  '°С': ['градус', 'градуса', 'градусов'],
  '°': ['градус', 'градуса', 'градусов'],
  'км/ч': ['километр в час', 'километра в час', 'километров в час'],
  'м/с': ['метр в секунду', 'метра в секунду', 'метров в секунду'],
  км: ['километр', 'километра', 'километров'],
  см: ['сантиметр', 'сантиметра', 'сантиметров'],
  мм: ['миллиметр', 'миллиметра', 'миллиметров'],
  кг: ['килограмм', 'килограмма', 'килограммов'],
  мл: ['миллилитр', 'миллилитра', 'миллилитров'],
  ГБ: ['гигабайт', 'гигабайта', 'гигабайт'],
  МБ: ['мегабайт', 'мегабайта', 'мегабайт'],
  КБ: ['килобайт', 'килобайта', 'килобайт'],
  тыс: ['тысяча', 'тысячи', 'тысяч'],
  'тыс.': ['тысяча', 'тысячи', 'тысяч'],
  млн: ['миллион', 'миллиона', 'миллионов'],
  млрд: ['миллиард', 'миллиарда', 'миллиардов'],
  мин: ['минута', 'минуты', 'минут'],
  'мин.': ['минута', 'минуты', 'минут'],
  сек: ['секунда', 'секунды', 'секунд'],
  'сек.': ['секунда', 'секунды', 'секунд'],
  шт: ['штука', 'штуки', 'штук'],
  'шт.': ['штука', 'штуки', 'штук'],
};

/** These count feminine nouns: eSpeak would say "один копейка". */
const feminine = new Set(['коп', 'коп.', '₴', 'тыс', 'тыс.', 'мин', 'мин.', 'сек', 'сек.', 'шт', 'шт.']);

const escaped = (sign: string) => sign.replace(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`);
const unitPattern = Object.keys(units)
  .sort((a, b) => b.length - a.length)
  .map(escaped)
  .join('|');

const months = 'января февраля марта апреля мая июня июля августа сентября октября ноября декабря'.split(' ');
const fractions: readonly Noun[] = [
  ['десятая', 'десятых', 'десятых'],
  ['сотая', 'сотых', 'сотых'],
  ['тысячная', 'тысячных', 'тысячных'],
];

const rules: readonly Rule[] = [
  [/(^|[\s(])[-−–](?=\d)/g, '$1минус '],
  [/\b(0?[1-9]|[12]\d|3[01])\.(0[1-9]|1[0-2])\.(\d{4})(?:\s?г(?:ода|\.)?(?![а-яё]))?/giu, sayDate],
  [/([$€£])\s?(\d+(?:[.,]\d+)?)/g, '$2 $1'],
  [
    new RegExp(String.raw`(?<![\d.,:])(${number})\s?(${unitPattern})(?![\p{L}\d])`, 'gu'),
    (_, amount = '', unit = '') => sayCounted(amount, unit),
  ],
  [/(?<![\d.,:])(\d+),(\d{1,3})(?![\d,])/g, (_, whole = '', fraction = '') => sayDecimal(whole, fraction)],
  [/(?<![\p{L}\d])и т\. ?д\./giu, 'и так далее'],
  [/(?<![\p{L}\d])и т\. ?п\./giu, 'и тому подобное'],
  [/(?<![\p{L}\d])т\. ?е\./giu, 'то есть'],
  [/(?<![\p{L}\d])т\. ?к\./giu, 'так как'],
  [/(?<![\p{L}\d])ул\.\s?/giu, 'улица '],
  [/(?<![\p{L}\d])пр\.\s?(?=\p{Lu})/gu, 'проспект '],
  [/(?<![\p{L}\d])д\.\s?(?=\d)/giu, 'дом '],
  [/(?<![\p{L}\d])кв\.\s?(?=\d)/giu, 'квартира '],
  [/(?<![\p{L}\d])стр\.\s?(?=\d)/giu, 'страница '],
  [/(?<=(?<!\p{L})в \d{4})\s?г\.(?!\p{L})/giu, ' году'],
  [/(?<=\d)\s?гг?\.(?!\p{L})/giu, ' года'],
  [/(?<=\d)\s*[–—]\s*(?=\d)/g, ' - '],
  [/[×*](?=\s?\d)/g, ' умножить на '],
  [/&/g, ' и '],
  [/=/g, ' равно '],
  [/\+(?=\s?\d)/g, ' плюс '],
  [/</g, ' меньше '],
  [/>/g, ' больше '],
  [/[≈~](?=\s?\d)/g, ' примерно '],
];

function sayDate(...groups: string[]): string {
  const [, day = '', month = '', year = ''] = groups;
  return `${Number(day)} ${months[Number(month) - 1]} ${year} года`;
}

function sayCounted(amount: string, unit: string): string {
  const noun = units[unit] ?? ['', '', ''];
  const digits = amount.replace(/[\u0020\u00a0\u202f]/g, '');
  const [whole = '', fraction] = digits.split(/[.,]/);
  const tail = /^°[CС]$/u.test(unit) ? ' Цельсия' : '';
  if (fraction !== undefined) return `${sayDecimal(whole, fraction)} ${noun[1]}${tail}`;
  return `${feminine.has(unit) ? inFeminine(whole) : whole} ${agreeing(whole, noun)}${tail}`;
}

/** "3,14" is "три целых четырнадцать сотых"; eSpeak makes "три и один четыредесятых" of it. */
function sayDecimal(whole: string, fraction: string): string {
  const noun = fractions[fraction.length - 1];
  if (noun === undefined) return `${whole} запятая ${fraction}`;
  const part = String(Number(fraction));
  return `${inFeminine(whole)} ${agreeing(whole, ['целая', 'целых', 'целых'])} ${inFeminine(part)} ${agreeing(part, noun)}`;
}

/** The form of `noun` that follows `digits`: by the last digit, but 11–14 take the plural. */
function agreeing(digits: string, [one, few, many]: Noun): string {
  const tens = Number(digits.slice(-2));
  const last = tens % 10;
  if (tens > 10 && tens < 15) return many;
  if (last === 1) return one;
  return last > 1 && last < 5 ? few : many;
}

/** Digits with a last 1 or 2 as the feminine word: "21" → "20 одна". */
function inFeminine(digits: string): string {
  const tens = Number(digits.slice(-2));
  const last = tens % 10;
  if ((last !== 1 && last !== 2) || tens === 11 || tens === 12) return digits;
  const rest = digits.length === 1 ? '' : `${digits.slice(0, -1)}0 `;
  return `${/^0* ?$/.test(rest) ? '' : rest}${last === 1 ? 'одна' : 'две'}`;
}

/** `text` with everything written out that eSpeak's Russian voice would misread. */
export function sayInRussian(text: string): string {
  let said = text;
  for (const [pattern, replacement] of rules) {
    said = typeof replacement === 'string' ? said.replace(pattern, replacement) : said.replace(pattern, replacement);
  }
  return said;
}
