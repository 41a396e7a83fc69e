/**
 * Signs between operands in words, for synthesisers that leave them out or take them for markup: `x < 5`, `10^6`, `2 × 3`, `a != b`, `5 m²`.
 * The words are those of the language that is spoken; a language that is not in the table keeps what its synthesiser says by itself.
 * Which signs reach this place, and which are only marks, was decided before (src/text/speech-signs.ts).
 */

interface SignWords {
  readonly less: string;
  readonly greater: string;
  readonly atMost: string;
  readonly atLeast: string;
  readonly equals: string;
  readonly unequal: string;
  readonly power: string;
  readonly squared: string;
  readonly cubed: string;
  readonly plus: string;
  readonly minus: string;
  readonly plusMinus: string;
  readonly times: string;
  readonly dividedBy: string;
  readonly about: string;
  readonly root: string;
  readonly infinity: string;
  readonly number: string;
  readonly sharp: string;
}

/** In the order of the fields above. */
function signWords(list: string): SignWords {
  const words = list.split(', ');
  const [less = '', greater = '', atMost = '', atLeast = '', equals = '', unequal = '', power = '', ...rest] = words;
  const [squared = '', cubed = '', plus = '', minus = '', plusMinus = '', times = '', ...last] = rest;
  const [dividedBy = '', about = '', root = '', infinity = '', number = '', sharp = ''] = last;
  return Object.freeze({
    ...{ less, greater, atMost, atLeast, equals, unequal, power, squared, cubed, plus, minus, plusMinus, times },
    ...{ dividedBy, about, root, infinity, number, sharp },
  });
}

const english = signWords(
  'less than, greater than, at most, at least, equals, is not equal to, to the power of, squared, cubed, plus, minus, ' +
    'plus or minus, times, divided by, about, the square root of, infinity, number, sharp',
);

const wordsByLanguage: Readonly<Record<string, SignWords>> = Object.freeze({
  en: english,
  ru: signWords(
    'меньше, больше, меньше или равно, больше или равно, равно, не равно, в степени, в квадрате, в кубе, плюс, минус, ' +
      'плюс-минус, умножить на, разделить на, примерно, корень из, бесконечность, номер, шарп',
  ),
  uk: signWords(
    'менше, більше, менше або дорівнює, більше або дорівнює, дорівнює, не дорівнює, у степені, у квадраті, у кубі, плюс, мінус, ' +
      'плюс-мінус, помножити на, поділити на, приблизно, корінь з, нескінченність, номер, шарп',
  ),
  de: signWords(
    'kleiner als, größer als, kleiner oder gleich, größer oder gleich, gleich, ungleich, hoch, Quadrat, hoch drei, plus, minus, ' +
      'plus minus, mal, geteilt durch, etwa, Wurzel aus, unendlich, Nummer, sharp',
  ),
  fr: signWords(
    'inférieur à, supérieur à, inférieur ou égal à, supérieur ou égal à, égale, différent de, puissance, au carré, au cube, plus, ' +
      'moins, plus ou moins, fois, divisé par, environ, racine carrée de, infini, numéro, sharp',
  ),
  es: signWords(
    'menor que, mayor que, menor o igual que, mayor o igual que, igual a, distinto de, elevado a, al cuadrado, al cubo, más, menos, ' +
      'más menos, por, dividido entre, aproximadamente, raíz cuadrada de, infinito, número, sharp',
  ),
  it: signWords(
    'minore di, maggiore di, minore o uguale a, maggiore o uguale a, uguale a, diverso da, elevato alla, al quadrato, al cubo, più, ' +
      'meno, più o meno, per, diviso, circa, radice quadrata di, infinito, numero, sharp',
  ),
  pt: signWords(
    'menor que, maior que, menor ou igual a, maior ou igual a, igual a, diferente de, elevado a, ao quadrado, ao cubo, mais, menos, ' +
      'mais ou menos, vezes, dividido por, cerca de, raiz quadrada de, infinito, número, sharp',
  ),
  pl: signWords(
    'mniejsze niż, większe niż, mniejsze lub równe, większe lub równe, równa się, różne od, do potęgi, do kwadratu, do sześcianu, plus, ' +
      'minus, plus minus, razy, podzielić przez, około, pierwiastek z, nieskończoność, numer, sharp',
  ),
  nl: signWords(
    'kleiner dan, groter dan, kleiner dan of gelijk aan, groter dan of gelijk aan, is gelijk aan, is niet gelijk aan, tot de macht, ' +
      'kwadraat, tot de derde, plus, min, plus of min, keer, gedeeld door, ongeveer, wortel uit, oneindig, nummer, sharp',
  ),
});

/** A hyphen with spaces is a minus beside an equals sign or behind a variable (`x - 5`), and a range or a dash elsewhere. */
const spacedMinus =
  /(?<=\s)[-–](?=\s[\p{N}(][\p{N}\s.,()+×*/-]{0,40}=)|(?<==[\p{N}\s.,()+×*/-]{0,40}\s)[-–](?=\s[\p{N}(])|(?<=(?:^|[^\p{L}'’])\p{Ll}\s)-(?=\s\p{N})/gu;

/** `text` with its signs in the words of `language` (an eSpeak name: `pt-br` speaks as `pt`). Linear in `text`. */
export function withSignsInWords(text: string, language: string): string {
  const words = wordsByLanguage[language.split('-')[0] ?? ''];
  if (words === undefined || !/[#<>=^~≈≤≥≠+−±×*÷√∞²³-]/.test(text)) return text;
  return text
    .replaceAll(/(?<!\p{L})([A-G])#/gu, `$1 ${words.sharp}`)
    .replaceAll(/[#№]\s?(?=\p{N})/gu, `${words.number} `)
    .replaceAll(spacedMinus, words.minus)
    .replaceAll(/<=|≤/g, ` ${words.atMost} `)
    .replaceAll(/>=|≥/g, ` ${words.atLeast} `)
    .replaceAll(/!==?|≠/g, ` ${words.unequal} `)
    .replaceAll(/<+/g, ` ${words.less} `)
    .replaceAll(/>+/g, ` ${words.greater} `)
    .replaceAll(/=+/g, ` ${words.equals} `)
    .replaceAll(/(?:\^2(?![\p{N}.,]\p{N}|\p{N})|²)/gu, ` ${words.squared} `)
    .replaceAll(/(?:\^3(?![\p{N}.,]\p{N}|\p{N})|³)/gu, ` ${words.cubed} `)
    .replaceAll(/\^\s?[-−]/g, ` ${words.power} ${words.minus} `)
    .replaceAll('^', ` ${words.power} `)
    .replaceAll('±', ` ${words.plusMinus} `)
    .replaceAll(/\+-|\+/g, (sign) => ` ${sign === '+' ? words.plus : words.plusMinus} `)
    .replaceAll(/−\s?(?=[\p{L}\p{N}(])/gu, ` ${words.minus} `)
    .replaceAll(/(?<=[\p{L}\p{N})]\s?)[×*](?=\s?[\p{L}\p{N}(])/gu, ` ${words.times} `)
    .replaceAll('÷', ` ${words.dividedBy} `)
    .replaceAll(/[≈~](?=\s?[$€£¥₽]?\p{N})/gu, ` ${words.about} `)
    .replaceAll('√', ` ${words.root} `)
    .replaceAll('∞', ` ${words.infinity} `)
    .replaceAll(/\s+(?=[,.;:!?])|(?<=\s)\s+/g, '')
    .trim();
}
