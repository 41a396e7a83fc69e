/**
 * The words around a wish that don't change it: "hey, could you please … for me, thanks". They are taken off both ends, and
 * what remains must be the wish and nothing else. Anything that could turn its meaning (not, how, if, tomorrow) is no such word.
 */
import { type PhraseSet, phrases } from './phrases.ts';
import type { Language, Utterance, Word } from './utterance.ts';

interface Around {
  readonly before: PhraseSet;
  /** Among `before`: those after which a wish stands as a question or an infinitive ("можешь открыть"). */
  readonly asking: PhraseSet;
  readonly after: PhraseSet;
}

const around: Readonly<Record<Language, Around>> = {
  en: {
    asking: phrases('(can|could|would|will) you (please|kindly|just|maybe|)'),
    before: phrases(
      '(can|could|would|will) you (please|kindly|just|maybe|)',
      '(please|kindly|hey|hi|hello|ok|okay|alright|well|so|and|now|just|then|quickly|recital|siri|computer|assistant)',
      "(i want|i need|i would like|i'd like) you to",
      'go ahead and',
      'good (morning|day|afternoon|evening)',
      "let's",
    ),
    after: phrases(
      '(please|now|immediately|quickly|again|thanks|asap|recital|then)',
      '(aloud|out loud|right now|right away|thank you|for me|for us|at once|once more|if you can|if possible|if you please)',
      '(will|would|could|can) you',
      'on (my|this|the) (mac|macbook|pc|computer|laptop|desktop|machine)',
    ),
  },
  ru: {
    asking: phrases(
      '(ты|вы|) (можешь|сможешь|можете|сможете)',
      '(не|) (мог|могла|могли) бы (ты|вы|)',
      '(ты|вы) (не|) (мог|могла|могли) бы',
    ),
    before: phrases(
      '(ты|вы|) (можешь|сможешь|можете|сможете)',
      '(не|) (мог|могла|могли) бы (ты|вы|)',
      '(ты|вы) (не|) (мог|могла|могли) бы',
      '(пожалуйста|плиз|привет|здравствуй|здравствуйте|эй|слушай|послушай|так|ну|а|и|ладно|хорошо|окей|ок|давай)',
      '(теперь|сейчас|быстро|быстренько|срочно|просто|прошу|рецитал|recital|hey|hi|hello|ok|okay|siri|сири|компьютер|ассистент)',
      '(будь добр|будь добра|будьте добры|будь любезен|прошу тебя|я прошу тебя)',
      'я хочу чтобы (ты|вы)',
      '(доброе утро|добрый день|добрый вечер)',
      'если (можно|можешь|не сложно|не трудно)',
    ),
    after: phrases(
      '(пожалуйста|плиз|спасибо|сейчас|быстро|быстрее|скорее|срочно|мне|снова|рецитал|recital|теперь)',
      '(вслух|прямо сейчас|для меня|для нас|еще раз|если можно|если не сложно|если не трудно|если можешь)',
      '(будь добр|будь добра|будьте добры)',
      'на (моем|этом|) (компьютере|маке|макбуке|ноутбуке|ноуте)',
    ),
  },
};

/** Words of politeness that may stand anywhere. */
const pleases: ReadonlySet<string> = new Set(['please', 'kindly', 'пожалуйста', 'плиз']);

/** True for "please" and the like. */
export function isPlease(word: Word | undefined): boolean {
  return word !== undefined && pleases.has(word.plain);
}

/** The part of an utterance between the polite words: `words.slice(from, to)`. */
export interface Core {
  readonly words: readonly Word[];
  readonly from: number;
  readonly to: number;
  /** "Can you …" came before: an infinitive or a question mark still is a wish. */
  readonly isAsking: boolean;
}

/** Takes the polite words off both ends; of an utterance that is nothing else, all of it remains. */
export function coreOf({ words, language }: Utterance): Core {
  const { before, asking } = around[language];
  let from = 0;
  let isAsking = false;
  for (let length = -1; length !== 0; from += length) {
    length = before.matchAt(words, from);
    if (length > 0 && asking.matchAt(words, from) > 0) isAsking = true;
  }
  if (from === words.length) from = 0;
  return { words, from, to: withoutThanks(words, { from, language }), isAsking };
}

/** The longest phrase of `after` has so many words. */
const longestAfter = 3;

/** Where the polite words at the end of `words` begin; at least one word after `from` remains. */
function withoutThanks(
  words: readonly Word[],
  options: { readonly from: number; readonly language: Language },
): number {
  const { after } = around[options.language];
  let to = words.length;
  for (let begin = Math.max(options.from + 1, to - longestAfter); begin < to; begin += 1) {
    if (!after.isWhole(words, begin, to)) continue;
    to = begin;
    begin = Math.max(options.from, to - longestAfter - 1);
  }
  return to;
}

/** True if a sentence ends inside the words `from` to `to`: two sentences are not one wish. */
export function hasSentenceEnd(words: readonly Word[], from: number, to: number): boolean {
  return words.slice(from + 1, to).some(({ markBefore }) => markBefore === '.');
}
