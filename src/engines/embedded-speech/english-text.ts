/**
 * Writes out what flite misreads, as plain ASCII for its voices. flite itself reads numbers, "10:45", "$5.99", "3.14", "20%",
 * ordinals, years and common abbreviations well; it says nothing for other signs, other currencies and any letter
 * outside ASCII, spells mixed-case words and reads "AI" as "eye". Each rule below is one such case, heard. Pure.
 */

type Rule = readonly [pattern: RegExp, replacement: string | ((...groups: string[]) => string)];

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

const months = 'January February March April May June July August September October November December'.split(' ');

function counted(amount: string, [one, many]: readonly [string, string]): string {
  return `${amount} ${amount === '1' ? one : many}`;
}

const rules: readonly Rule[] = [
  // Typography that has an ASCII twin.
  [/[‘’‛′]/g, "'"],
  [/[“”„«»″]/g, '"'],
  [/…/g, '...'],
  [/[−‑‐]/g, '-'],
  [/(\d)\s*[–—]\s*(?=\d)/g, '$1 to '],
  [/\s*[–—]+\s*/g, ', '],
  // Dates, times, amounts, units.
  [
    /\b(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])\b/g,
    (_, year = '', month = '', day = '') => `${months[Number(month) - 1]} ${Number(day)}, ${year}`,
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
  [/\b([CF])#/g, '$1 sharp'],
  [/\b(?!Mc|Mac)([A-Za-z]*[a-z])(?=[A-Z])/g, '$1 '],
  [/(?<=\b[A-Z]+)(?=[A-Z][a-z]{2,})/g, ' '],
  [spelledAcronyms, (_, letters = '', plural = '') => `${[...letters].join('.')}.${plural === '' ? '' : "'s"}`],
  // Signs.
  [/[#№]\s?(?=\d)/g, 'number '],
  [/&/g, ' and '],
  [/\+/g, ' plus '],
  [/(?<=\d)\s*[*×]\s*(?=\d)/g, ' times '],
  [/÷/g, ' divided by '],
  [/[=]+/g, ' equals '],
  [/</g, ' less than '],
  [/>/g, ' greater than '],
  [/≤/g, ' at most '],
  [/≥/g, ' at least '],
  [/[≈~](?=\s?\d)/g, ' about '],
  [/±/g, ' plus or minus '],
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
 * `text` as flite should read it: ASCII only, one line. Empty if there is nothing in it that flite could say (only
 * punctuation, emoji, or a script other than Latin and Cyrillic).
 */
export function sayInEnglish(text: string): string {
  let said = text;
  for (const [pattern, replacement] of rules) {
    said = typeof replacement === 'string' ? said.replace(pattern, replacement) : said.replace(pattern, replacement);
  }
  said = said
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
