import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  cutIntoUtterances,
  sayInEnglish,
  sayInRussian,
  spokenText,
} from '../../../src/engines/embedded-speech/spoken-text.ts';
import { loadEspeak } from '../../../src/engines/embedded-speech/synthesisers.ts';
import { chooseVoice, espeakLanguages } from '../../../src/engines/embedded-speech/voices.ts';

test.each([
  ['It’s “fine” — ok…', 'It\'s "fine", ok...'],
  ['It is 10:45, 3.14, $5.99 and 20%.', 'It is 10:45, 3.14, $5.99 and 20%.'],
  ['It costs €5.99, £1 or 10 ₽.', 'It costs 5.99 euros, 1 pound or 10 rubles.'],
  ['10°C, 1 °F, 5km at 100km/h', '10 degrees Celsius, 1 degree Fahrenheit, 5 kilometers at 100 kilometers per hour'],
  ['a 3.5GB file', 'a 3.5 gigabytes file'],
  ['v2.0.1 at 192.168.1.1', 'version 2 dot 0 dot 1 at 192 dot 168 dot 1 dot 1'],
  ['open https://www.example.com and main.py', 'open example dot com and main dot py'],
  ['The U.S. is big, e.g. in a.m. hours.', 'The U.S. is big, e.g. in a.m. hours.'],
  ['OpenAI and ChatGPT have APIs, McDonald not', "Open A.I. and Chat GPT have A.P.I.'s, McDonald not"],
  ['C++, C# & D: a+b=c, 2*3 < 7', 'C plus plus, C sharp and D: a plus b equals c, 2 times 3 less than 7'],
  ['10^6, x^2, 2^10 and e^-x', '10 to the power of 6, x squared, 2 to the power of 10 and e to the power of minus x'],
  ['a <= b, a ≥ b, a != b', 'a at most b, a at least b, a is not equal to b'],
  ['5 ± 1, ~5, √2, 6 ÷ 2 and 2 × x', '5 plus or minus 1, about 5, the square root of 2, 6 divided by 2 and 2 times x'],
  ['5 - 3 = 2, x - 5, 5 - 10 people, 10−3', '5 minus 3 equals 2, x minus 5, 5 - 10 people, 10 minus 3'],
  ['C#, #1, R&D, 5%', 'C sharp, number 1, R and D, 5%'],
  ['2026-03-04 at 10:45:30', 'March 4, 2026 at 10:45 and 30 seconds'],
  ['10–15 people, -5 degrees', '10 to 15 people, -5 degrees'],
  ['café naïve Straße', 'cafe naive Strasse'],
  ['The word is привет.', 'The word is preevyet.'],
  ['👍', ''],
  ['...', ''],
])('English: "%s" is read as "%s"', (text, said) => {
  expect(sayInEnglish(text)).toBe(said);
});

test('flite gets printable ASCII on one line, whatever the text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
      expect(sayInEnglish(text)).toMatch(/^[\x20-\x7e]*$/);
    }),
  );
});

test.each([
  ['Сейчас 10:45.', 'Сейчас 10:45.'],
  ['Пи равно 3,14.', 'Пи равно 3 целых 14 сотых.'],
  ['0,5 и 2,02', '0 целых 5 десятых и две целых две сотых'],
  ['Это стоит $5 или 5 €.', 'Это стоит 5 долларов или 5 евро.'],
  ['1 ₽, 2 руб., 5 руб., 11 руб., 21 руб.', '1 рубль, 2 рубля, 5 рублей, 11 рублей, 21 рубль'],
  ['21,5 °C и -1 °C', '20 одна целая 5 десятых градуса Цельсия и минус 1 градус Цельсия'],
  ['20% и 1%, 5 км/ч', '20 процентов и 1 процент, 5 километров в час'],
  ['1 234 567 ₽', '1234567 рублей'],
  ['21 мин. назад', '20 одна минута назад'],
  ['12.05.2026 и 01.03.2025 г.', '12 мая 2026 года и 1 марта 2025 года'],
  ['в 2024 г. и зимой 2023 г.', 'в 2024 году и зимой 2023 года'],
  ['x < 5, 10^6, 2×3=6, a != b', 'x меньше 5, 10 в степени 6, 2 умножить на 3 равно 6, a не равно b'],
  ['5 ± 1, ~5, √2, 5 м², x^2.', '5 плюс-минус 1, примерно 5, корень из 2, 5 квадратных метров, x в квадрате.'],
  ['5 - 3 = 2, #1, C#', '5 минус 3 равно 2, номер 1, C шарп'],
  ['ул. Ленина, д. 5, и т. д.', 'улица Ленина, дом 5, и так далее'],
])('Russian: "%s" is read as "%s"', (text, said) => {
  expect(sayInRussian(text)).toBe(said);
});

test.each([
  ['de', 'x kleiner als 5, 10 hoch 6, 2 mal 3, a ungleich b'],
  ['fr', 'x inférieur à 5, 10 puissance 6, 2 fois 3, a différent de b'],
  ['es-419', 'x menor que 5, 10 elevado a 6, 2 por 3, a distinto de b'],
  ['uk', 'x менше 5, 10 у степені 6, 2 помножити на 3, a не дорівнює b'],
])('signs are said in the words of %s', (language, said) => {
  expect(spokenText('x < 5, 10^6, 2×3, a != b', chooseVoice({ text: 'x', voice: `espeak-${language}` }))).toBe(said);
});

test('nothing that eSpeak takes for markup or phonemes reaches it', () => {
  const voice = chooseVoice({ text: 'привет' });
  expect(spokenText('<break time="5s"/> [[da]] да &lt; нет', voice)).not.toMatch(/[<>[\]]|&\S/);
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'<>[]&;|\\/да 5lt'), maxLength: 60 }), (text) => {
      expect(spokenText(text, voice)).not.toMatch(/[<>[\]|\\]|&\S/);
    }),
  );
});

describe('utterances', () => {
  const words = fc.array(
    fc.oneof(
      fc.constantFrom('a', 'the', 'word,', 'end.', 'and', 'слово', '123', '—', 'x'.repeat(120)),
      fc.string({ unit: 'grapheme' }),
    ),
  );

  test('together say the whole text, none is empty, none heavier than asked for', () => {
    fc.assert(
      fc.property(words, fc.integer({ min: 20, max: 200 }), (parts, maxWeight) => {
        const text = parts.join(' ');
        const utterances = cutIntoUtterances(text, maxWeight);
        const bare = (some: string) => some.replace(/\s/g, '');
        expect(utterances.map((each) => bare(each.text)).join('')).toBe(bare(text));
        for (const { text: said } of utterances) {
          expect(said).not.toBe('');
          expect([...said].length).toBeLessThanOrEqual(maxWeight);
          expect([...said].filter((character) => /\d/.test(character)).length * 5).toBeLessThanOrEqual(maxWeight);
        }
      }),
    );
  });

  test('a short sentence stays whole', () => {
    expect(cutIntoUtterances('Well, it is ten, or so.', 90)).toEqual([
      { text: 'Well, it is ten, or so.', pauseMs: 280 },
    ]);
  });

  test('a long one is cut where a speaker pauses, then before a conjunction, then at a space', () => {
    const cut = (text: string) => cutIntoUtterances(text, 40).map((each) => each.text);
    expect(cut('It was late. The sun was low, and nobody came.')).toEqual([
      'It was late.',
      'The sun was low, and nobody came.',
    ]);
    expect(cut('The sun was low, the wind cold, nobody came.')).toEqual([
      'The sun was low, the wind cold,',
      'nobody came.',
    ]);
    expect(cut('nobody came out of the house because it rained')).toEqual([
      'nobody came out of the house',
      'because it rained',
    ]);
    expect(cut('one two three four five six seven eight nine')).toEqual([
      'one two three four five six seven eight',
      'nine',
    ]);
    expect(cut('x'.repeat(90))).toEqual(['x'.repeat(40), 'x'.repeat(40), 'x'.repeat(10)]);
  });
});

test.each([
  ['Hello', undefined, 'flite-slt'],
  ['Привет', undefined, 'espeak-ru'],
  ['Привіт, як її справи', undefined, 'espeak-uk'],
  ['Открываю Safari', undefined, 'espeak-ru'],
  ['I say "привет" to everybody', undefined, 'flite-slt'],
  ['10:45', undefined, 'flite-slt'],
  ['10:45', 'ru', 'espeak-ru'],
  ['Hello', 'ru-RU', 'flite-slt'],
  ['Привет', 'en-US', 'espeak-ru'],
  ['Guten Tag', 'de-DE', 'espeak-de'],
  ['Olá', 'pt_BR', 'espeak-pt-br'],
  ['Bonjour', 'fr-FR', 'espeak-fr'],
  ['Hello', 'en-GB', 'flite-slt'],
  ['Hello', 'auto', 'flite-slt'],
  ['你好', 'zh-Hans-CN', 'espeak-cmn'],
  ['こんにちは世界', undefined, 'espeak-ja'],
  ['καλημέρα', undefined, 'espeak-el'],
])('"%s" in language %s is spoken by %s', (text, language, voice) => {
  expect(chooseVoice({ text, ...(language !== undefined && { language }) }).name).toBe(voice);
});

test('a voice asked for by name speaks, whatever the script and the language', () => {
  expect(chooseVoice({ text: 'Привет', voice: 'flite-awb', language: 'ru' }).name).toBe('flite-awb');
  expect(chooseVoice({ text: 'Hello', voice: 'espeak-en-us' }).name).toBe('espeak-en-us');
});

test('the installed eSpeak speaks with every voice of the table', async () => {
  const espeak = await loadEspeak('@echogarden/espeak-ng-emscripten');
  const silent = espeakLanguages.filter((language) => {
    let samples = 0;
    espeak.speak(language, '1 2', (sound) => {
      samples += sound.length;
      return false;
    });
    return samples < 2000;
  });
  expect(silent).toEqual([]);
});
