/** What a welcome stream says when it is given no words: a greeting in Russian for Russian clients, in English for all others. */

export interface Greeting {
  readonly text: string;
  /** BCP 47; what the text is written in, whatever was asked for. */
  readonly language: 'en' | 'ru';
}

const english: Greeting = Object.freeze({ text: 'Hello! I am listening. How can I help you?', language: 'en' });
const russian: Greeting = Object.freeze({ text: 'Здравствуйте! Я вас слушаю. Чем могу помочь?', language: 'ru' });

/** What clients call Russian, beside its BCP 47 tag. */
const russianNames: readonly string[] = ['ru', 'rus', 'russian', 'рус', 'русский'];

/** The greeting for a language tag or name ('' = not told): `ru`, `ru-RU`, `ru_RU.UTF-8`, `Russian`. */
export function greetingFor(language: string): Greeting {
  const [primary = ''] = language
    .trim()
    .toLowerCase()
    .split(/[^\p{L}\p{N}]/u);
  return russianNames.includes(primary) ? russian : english;
}
