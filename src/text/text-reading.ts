/**
 * Reads a given text aloud, so to speak: the sentences of a text that is there as a whole, cleaned for the ear, a slice at a time,
 * so that a text of megabytes neither holds up anybody else nor becomes a million sentences at once.
 *
 * Guarantees: pure and plain JSON; the sentences are those of the sentence cutter over the whole text, whatever the slices; a slice
 * costs a bounded time; what can't be spoken is left out.
 */
import { emptySentenceCutter, finishText, pushText, type SentenceCutter } from './sentence-cutter.ts';
import { initialSpeakable, type SpeakableState, speak } from './speakable.ts';

/** 1 ms of work for words, 5 ms for a run of emoji: short enough that nobody else notices. */
const SLICE_CHARS = 2048;

export interface TextReading {
  readonly text: string;
  /** How much of `text` was read, in UTF-16 units. */
  readonly readChars: number;
  /** Everything was read and cut. */
  readonly isFinished: boolean;
  readonly cutter: SentenceCutter;
  readonly speakable: SpeakableState;
}

/** A reading of `text` at its beginning. */
export function startReading(text: string): TextReading {
  return { text, readChars: 0, isFinished: false, cutter: emptySentenceCutter, speakable: initialSpeakable };
}

/**
 * Reads one slice: the sentences that it completes, as a voice should get them; perhaps none. The last slice completes whatever is
 * left. Nothing happens after that.
 */
export function readSlice(reading: TextReading): {
  readonly reading: TextReading;
  readonly sentences: readonly string[];
} {
  if (reading.isFinished) return { reading, sentences: [] };
  const { text, readChars } = reading;
  const end = Math.min(text.length, readChars + SLICE_CHARS);
  const isFinished = end === text.length;
  const pushed = pushText(reading.cutter, text.slice(readChars, end));
  const last = isFinished ? finishText(pushed.cutter) : { cutter: pushed.cutter, sentences: [] };
  let { speakable } = reading;
  const sentences: string[] = [];
  for (const sentence of [...pushed.sentences, ...last.sentences]) {
    const spoken = speak(speakable, sentence);
    speakable = spoken.state;
    if (spoken.speech !== '') sentences.push(spoken.speech);
  }
  return { reading: { text, readChars: end, isFinished, cutter: last.cutter, speakable }, sentences };
}

/** What is read when no words are given: a greeting in Russian for Russian clients, in English for all others. */
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
