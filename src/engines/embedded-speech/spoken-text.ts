/**
 * What a synthesiser gets to read: the sentence with numbers, signs and units written out for its language, with nothing in
 * it that the synthesiser would take for markup, and cut into utterances short enough that one of them is a short job: so
 * that an abort waits for no long synchronous run, a reader gets first sound early, and what is held ahead of a reader is
 * bounded. Cuts are made where a speaker pauses anyway (flite's melody before a comma is the same either way, measured);
 * only where there is no such place, before a conjunction, at a space, or anywhere. Pure; the utterances together say the
 * whole text.
 */
import { withSignsInWords } from './spoken-signs.ts';
import type { Voice } from './voices.ts';

/** The text for `voice` to read; empty if it has nothing that this voice can say. */
export function spokenText(text: string, voice: Voice): string {
  if (voice.synthesiser === 'flite') return sayInEnglish(text);
  return withoutMarkup(voice.language === 'ru' ? sayInRussian(text) : withSignsInWords(text, voice.language));
}

/** eSpeak reads SSML tags, entities and phonemes in double brackets: none of them may come from a model's answer. */
function withoutMarkup(text: string): string {
  const said = text
    .replace(/&/g, ' & ')
    .replace(/[<>[\]{}|\\^`~_*#\p{Cc}\p{Cf}\p{Variation_Selector}\p{Extended_Pictographic}]/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  return /[\p{L}\p{N}]/u.test(said) ? said : '';
}

export interface Utterance {
  readonly text: string;
  /** Silence after it. */
  readonly pauseMs: number;
}

/** Pauses as flite makes them itself at a comma and between two sentences. */
const pauseAfterMs = { sentence: 280, clause: 180, word: 10 } as const;

/** Said in several words: a digit of "1984" stands for about five letters, a symbol for a word. */
function weightOf(character: string): number {
  if (/\d/u.test(character)) return 5;
  if (/[\p{L}\p{M}\s.,;:!?'"()-]/u.test(character)) return 1;
  return 6;
}

const sentenceEnd = /[.!?。！？…]["'»”’)\]]*\s/u;
const clauseEnd = /[,;:،、，；：—–)]["'»”’]*\s|\s[-–—]\s/u;
/** What a regular expression is made of: each search makes one of its own. */
type Mark = Pick<RegExp, 'source' | 'flags'>;

const conjunctions = [
  'and or but because which that who when where while if so then to with for from',
  'и или но а что чтобы который которая которые когда где если потому как с для из в на',
].flatMap((words) => words.split(' '));
const conjunction: Mark = Object.freeze({ source: `\\s(?=(?:${conjunctions.join('|')})\\s)`, flags: 'iu' });

/** `text` as utterances of at most about `maxWeight` letters each (a digit weighs 5). */
export function cutIntoUtterances(text: string, maxWeight: number): Utterance[] {
  const utterances: Utterance[] = [];
  let rest = text.trim();
  while (rest !== '') {
    const limit = reach(rest, maxWeight);
    const whole = limit === rest.length;
    const cut = whole
      ? { at: limit, pauseMs: pauseAfterMs.sentence }
      : (lastMatch(rest, limit, sentenceEnd, pauseAfterMs.sentence) ??
        lastMatch(rest, limit, clauseEnd, pauseAfterMs.clause) ??
        lastMatch(rest, limit, conjunction, pauseAfterMs.word) ??
        lastMatch(rest, limit, /\s/u, pauseAfterMs.word) ?? { at: limit, pauseMs: pauseAfterMs.word });
    utterances.push({ text: rest.slice(0, cut.at).trim(), pauseMs: cut.pauseMs });
    rest = rest.slice(cut.at).trimStart();
  }
  return utterances.filter((utterance) => utterance.text !== '');
}

/** How many UTF-16 units of `text` weigh at most `maxWeight`; at least one whole character. */
function reach(text: string, maxWeight: number): number {
  let weight = 0;
  let length = 0;
  for (const character of text) {
    weight += weightOf(character);
    if (weight > maxWeight && length > 0) return length;
    length += character.length;
  }
  return length;
}

/** The end of the last match of `mark` within `limit`, unless it leaves less than a quarter before it. */
function lastMatch(text: string, limit: number, mark: Mark, pauseMs: number) {
  let at = 0;
  for (const match of text.slice(0, limit + 1).matchAll(new RegExp(mark.source, `${mark.flags}g`))) {
    at = match.index + match[0].length;
  }
  return at > limit / 4 && at <= limit + 1 ? { at: Math.min(at, limit), pauseMs } : undefined;
}

/** A case that is written out. Each one was heard. */
type Rule = readonly [pattern: RegExp, replacement: string | ((...groups: string[]) => string)];

function written(text: string, rules: readonly Rule[]): string {
  let said = text;
  for (const [pattern, replacement] of rules) {
    said = typeof replacement === 'string' ? said.replace(pattern, replacement) : said.replace(pattern, replacement);
  }
  return said;
}

/**
 * `text` as flite should read it: ASCII only, one line. Empty if there is nothing in it that flite could say (only
 * punctuation, emoji, or a script other than Latin and Cyrillic). flite itself reads numbers, "10:45", "$5.99", "3.14",
 * "20%", ordinals, years and common abbreviations well; it says nothing for other signs, other currencies and any letter
 * outside ASCII, spells mixed-case words and reads "AI" as "eye".
 */
export function sayInEnglish(text: string): string {
  const said = withSignsInWords(written(text, englishRules), 'en')
    .replace(/\p{Script=Cyrillic}/gu, (letter) => latinOfCyrillic.get(letter.toLowerCase()) ?? ' ')
    .replace(/[^\p{ASCII}]/gu, (letter) => plainLetters.get(letter) ?? letter)
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^\x20-\x7e]|[_`^~|\\{}[\]*#]/g, ' ')
    .replace(/\s+(?=[,.;:!?])/g, '')
    .replace(/\s+/g, ' ')
    .trim();
  return /[A-Za-z0-9]/.test(said) ? said : '';
}

/** Read as words by flite, said as letters by people. */
const spelledAcronyms = /\b(AI|API|CEO|CTO|UI|UX|US|EU|ID|URL|FAQ|VIP|LLM|SDK)(s?)\b/g;

const unitNames: Readonly<Record<string, readonly [one: string, many: string]>> = {
  km: ['kilometer', 'kilometers'],
  cm: ['centimeter', 'centimeters'],
  mm: ['millimeter', 'millimeters'],
  kg: ['kilogram', 'kilograms'],
  mg: ['milligram', 'milligrams'],
  ml: ['milliliter', 'milliliters'],
  'km/h': ['kilometer per hour', 'kilometers per hour'],
  'm/s': ['meter per second', 'meters per second'],
  mph: ['mile per hour', 'miles per hour'],
  kWh: ['kilowatt hour', 'kilowatt hours'],
  kW: ['kilowatt', 'kilowatts'],
  KB: ['kilobyte', 'kilobytes'],
  MB: ['megabyte', 'megabytes'],
  GB: ['gigabyte', 'gigabytes'],
  TB: ['terabyte', 'terabytes'],
  Hz: ['hertz', 'hertz'],
  kHz: ['kilohertz', 'kilohertz'],
  MHz: ['megahertz', 'megahertz'],
  GHz: ['gigahertz', 'gigahertz'],
  ms: ['millisecond', 'milliseconds'],
  '°C': ['degree Celsius', 'degrees Celsius'],
  '°F': ['degree Fahrenheit', 'degrees Fahrenheit'],
  '°': ['degree', 'degrees'],
};

const currencyNames: Readonly<Record<string, readonly [one: string, many: string]>> = {
  '€': ['euro', 'euros'],
  '£': ['pound', 'pounds'],
  '¥': ['yen', 'yen'],
  '₽': ['ruble', 'rubles'],
  '₹': ['rupee', 'rupees'],
  '₴': ['hryvnia', 'hryvnias'],
};

const englishMonths = 'January February March April May June July August September October November December'.split(
  ' ',
);

function counted(amount: string, [one, many]: readonly [string, string]): string {
  return `${amount} ${amount === '1' ? one : many}`;
}

const englishRules: readonly Rule[] = [
  // Typography that has an ASCII twin.
  [/[‘’‛′]/g, "'"],
  [/[“”„«»″]/g, '"'],
  [/…/g, '...'],
  [/[‑‐]/g, '-'],
  [/(\d)\s*[–—]\s*(?=\d)/g, '$1 to '],
  [/\s*[–—]+\s*/g, ', '],
  // Dates, times, amounts, units.
  [
    /\b(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])\b/g,
    (_, year = '', month = '', day = '') => `${englishMonths[Number(month) - 1]} ${Number(day)}, ${year}`,
  ],
  [/\b(\d{1,2}:\d{2}):(\d{2})\b/g, (_, time = '', seconds = '') => `${time} and ${Number(seconds)} seconds`],
  [
    /([€£¥₽₹₴])\s?(\d[\d,]*(?:\.\d+)?(?:\s(?:thousand|million|billion|trillion))?)/g,
    (_, sign = '', amount = '') => counted(amount, currencyNames[sign] ?? ['', '']),
  ],
  [
    /(\d[\d,]*(?:\.\d+)?)\s?([€£¥₽₹₴])/g,
    (_, amount = '', sign = '') => counted(amount, currencyNames[sign] ?? ['', '']),
  ],
  [
    /(\d[\d,]*(?:\.\d+)?)\s?(km\/h|m\/s|mph|kWh|kW|kHz|MHz|GHz|Hz|km|cm|mm|kg|mg|ml|KB|MB|GB|TB|ms|°C|°F|°)(?![\w/])/g,
    (_, amount = '', unit = '') => counted(amount, unitNames[unit] ?? ['', '']),
  ],
  // Versions and addresses.
  [/\b[vV](?=\d)/g, 'version '],
  [/\d+(?:\.\d+){2,}/g, (digits = '') => digits.replaceAll('.', ' dot ')],
  [/\bhttps?:\/\/(?:www\.)?/g, ''],
  [/(?<=\w)@(?=\w)/g, ' at '],
  [/(?<=[A-Za-z0-9])\.(?=[a-z]{2,})/g, ' dot '],
  // Words.
  [/\b(?!Mc|Mac)([A-Za-z]*[a-z])(?=[A-Z])/g, '$1 '],
  [/(?<=\b[A-Z]+)(?=[A-Z][a-z]{2,})/g, ' '],
  [spelledAcronyms, (_, letters = '', plural = '') => `${[...letters].join('.')}.${plural === '' ? '' : "'s"}`],
  // Signs.
  [/&/g, ' and '],
  [/§\s?(?=\d)/g, 'section '],
  [/‰/g, ' per mille'],
  [/→/g, ' to '],
  [/½/g, ' one half'],
  [/¼/g, ' one quarter'],
  [/¾/g, ' three quarters'],
  [/@/g, ' at '],
];

/** Letters that do not come apart into a base letter and an accent. */
const plainLetters = tableOf('ß:ss æ:ae Æ:Ae œ:oe Œ:Oe ø:o Ø:O ł:l Ł:L đ:d Đ:D ð:th þ:th ı:i');

/** For a Russian word inside an English sentence: an accent is better than a gap. */
const latinOfCyrillic = tableOf(
  'а:a б:b в:v г:g д:d е:ye ё:yo ж:zh з:z и:ee й:y к:k л:l м:m н:n о:o п:p р:r с:s т:t у:oo ф:f х:h ц:ts ч:ch ' +
    'ш:sh щ:sh ъ: ы:y ь: э:e ю:yu я:ya і:ee ї:yee є:ye ґ:g',
);

function tableOf(pairs: string): ReadonlyMap<string, string> {
  return new Map(pairs.split(' ').map((pair) => [pair.slice(0, 1), pair.slice(2)]));
}

/**
 * `text` with everything written out that eSpeak's Russian voice would misread: decimals, signs, currencies, units and
 * abbreviations, with the noun in the case its number asks for. It reads whole numbers, "10:45" and Latin words well.
 */
export function sayInRussian(text: string): string {
  return withSignsInWords(written(text, russianRules), 'ru');
}

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
  'м²': ['квадратный метр', 'квадратных метра', 'квадратных метров'],
  'м³': ['кубический метр', 'кубических метра', 'кубических метров'],
  'км²': ['квадратный километр', 'квадратных километра', 'квадратных километров'],
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

const russianMonths = 'января февраля марта апреля мая июня июля августа сентября октября ноября декабря'.split(' ');
const fractions: readonly Noun[] = [
  ['десятая', 'десятых', 'десятых'],
  ['сотая', 'сотых', 'сотых'],
  ['тысячная', 'тысячных', 'тысячных'],
];

const russianRules: readonly Rule[] = [
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
  [/&/g, ' и '],
];

function sayDate(...groups: string[]): string {
  const [, day = '', month = '', year = ''] = groups;
  return `${Number(day)} ${russianMonths[Number(month) - 1]} ${year} года`;
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
