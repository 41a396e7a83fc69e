/**
 * WhatsApp messages, in English and Russian: "WhatsApp Anna that I'm late", "text mom on WhatsApp: …", "any new WhatsApps from Bob?",
 * «напиши Ане в вотсап, что …». They are the wishes of contact-commands.ts with a word that names the way, and are understood by its rules
 * once that word is taken out; so it counts only where it belongs to the wish and not to the message: behind the verb, before
 * "message", or right behind the contact.
 */
import { contactReply, readText } from './contact-commands.ts';
import { isEnglishName, nominativeOf } from './names.ts';
import { type PhraseSet, phrases } from './phrases.ts';
import { coreOf } from './politeness.ts';
import type { Reply } from './texts.ts';
import { isCapitalised, type Language, type Utterance, type Word } from './utterance.ts';

const app = '(whatsapp|ватсап|вотсап|вацап|уотсап|ватсапп|вотсапп)';
const appForms =
  '(whatsapp|ватсап|вотсап|вацап|уотсап|ватсапп|вотсапп|ватсапе|вотсапе|вацапе|уотсапе|ватсаппе|ватсапу|вотсапу|вацапу|ватсапом|вотсапом|ватсапа|вотсапа)';

interface WayGrammar {
  /** "on WhatsApp". */
  readonly way: PhraseSet;
  /** "WhatsApp message": only its first word is taken out. */
  readonly kind: PhraseSet;
  /** "a WhatsApp", "my WhatsApps": stands for the message itself. */
  readonly thing: PhraseSet;
  /** What such a wish may begin with, up to the word that names the way. */
  readonly head: PhraseSet;
  /** The beginning of such a question. */
  readonly askHead: PhraseSet;
  /** Verbs that say the same as others once the way is named: "tell Anna on WhatsApp". */
  readonly sameAs: ReadonlyMap<string, string>;
  readonly readVerb: PhraseSet;
  /** "check my WhatsApp". */
  readonly readAll: PhraseSet;
}

const grammars: Readonly<Record<Language, WayGrammar>> = {
  en: {
    way: phrases(`(on|via|over|through|by|using|in|with|from) (my|) ${app}`),
    kind: phrases(`${app} (message|messages|text|texts|msg|chat|chats)`),
    thing: phrases(`${app}`, 'whatsapps'),
    head: phrases(
      '(send|write|text|message|read|show|check|tell|shoot|drop|reply|respond|a|an|the|my|any|new|latest|last|recent|unread|all|of|to|quick|short|out|aloud)',
      '(message|messages|texts|one|two|three|four|five|six|seven|eight|nine|ten|from)',
    ),
    askHead: phrases(
      "(do i have|have i got|have i|did i get|are there|is there|i've got|got|) any (new|unread|recent|)",
      'do i have (new|unread|)',
      'what (are|is) (my|the) (new|latest|last|unread|)',
    ),
    sameAs: new Map([
      ...['tell'].map((verb) => [verb, 'text'] as const),
      ...['shoot', 'drop'].map((verb) => [verb, 'send'] as const),
      ...['reply', 'respond'].map((verb) => [verb, 'write'] as const),
    ]),
    readVerb: phrases('(read|show|check)'),
    readAll: phrases(`(read|check|show) (me|) (my|the) ${app}`, `what's new (on|in) (my|) ${app}`),
  },
  ru: {
    way: phrases(`(в|через|по|на|из|с) ${appForms}`, '(ватсапом|вотсапом)'),
    kind: phrases(`${app} (сообщение|сообщения|сообщений)`),
    thing: phrases(),
    head: phrases(
      '(отправь|отправьте|отправить|пошли|пошлите|послать|напиши|напишите|написать|прочитай|прочитайте|прочти|прочтите|прочитать)',
      '(зачитай|покажи|покажите|проверь|мне|все|мои|мое|моей|моему|новое|новые|последние|последнее|непрочитанные|короткое|одно|два|три)',
      '(скажи|скажите|сообщи|сообщите|передай|передайте|четыре|пять|шесть|семь|восемь|девять|десять|сообщение|сообщения|сообщений|смс|от|есть|ли|у|меня|новых|последних)',
    ),
    askHead: phrases(
      '(есть|есть ли|пришли|пришли ли) (у меня|мне|) (новые|непрочитанные|)',
      '(у меня|мне) (есть|пришли) (новые|непрочитанные|)',
    ),
    sameAs: new Map(
      ['скажи', 'скажите', 'сообщи', 'сообщите', 'передай', 'передайте'].map((verb) => [verb, 'напиши'] as const),
    ),
    readVerb: phrases(),
    readAll: phrases(
      `(прочитай|прочти|проверь|покажи|зачитай) (мне|) (мой|) ${app}`,
      `что (нового|там|пришло) в ${appForms}`,
      `проверь (новые|) сообщения в ${appForms}`,
    ),
  },
};

/** The reply to a wish about WhatsApp messages; undefined if the utterance is none. */
export function whatsAppReply(utterance: Utterance): Reply | undefined {
  const { words, from, to, isAsking } = coreOf(utterance);
  const { language } = utterance;
  const grammar = grammars[language];
  if (grammar.readAll.isWhole(words, from, to) && !(utterance.isQuestion && isAsking)) return readAllReply(language);
  for (let place = from; place < words.length && place - from < maxHeadWords; place += 1) {
    const without = withoutWay(utterance, from, place);
    if (without !== undefined) return channelReply(without, grammar);
    if (!isHeadWord(utterance, grammar, place, from)) return undefined;
  }
  return undefined;
}

/** "Please read me the last three unread messages from my friend Anna Maria Smith on". */
const maxHeadWords = 16;

/** A word that may stand before the way: of the wish, a number, or a name. */
function isHeadWord(utterance: Utterance, grammar: WayGrammar, place: number, from: number): boolean {
  const { words, language } = utterance;
  const word = words[place];
  if (word === undefined || (place > from && word.markBefore !== '')) return false;
  if (grammar.head.matchAt(words, place) > 0 || grammar.askHead.matchAt(words, from) > place - from) return true;
  if (/^\d{1,4}$/.test(word.plain)) return true;
  // "Read me", but not "text Anna: call me" or "text Anna I'm", which the message begins with.
  if (word.plain === 'me') return place === from + 1;
  if (/^i(?:'|$)/.test(word.plain)) return false;
  const isName =
    language === 'ru'
      ? nominativeOf(word, 'dative') !== undefined || nominativeOf(word, 'genitive') !== undefined
      : isEnglishName(word.plain);
  return isName || (place > from && isCapitalised(word, utterance));
}

/** The utterance without the words at `place` that name the way; undefined if these don't. */
function withoutWay(utterance: Utterance, from: number, place: number): Utterance | undefined {
  const { words, language } = utterance;
  const grammar = grammars[language];
  const isMarked = place > from && words[place]?.markBefore !== '';
  if (isMarked) return undefined;
  const way = grammar.way.matchAt(words, place);
  if (way > 0) return blanked(utterance, place, place + way);
  if (grammar.kind.matchAt(words, place) > 0) return blanked(utterance, place, place + 1);
  if (grammar.thing.matchAt(words, place) === 0) return undefined;
  if (place > from) {
    const isMany = words[place]?.plain === 'whatsapps' || grammar.readVerb.matchAt(words, from) > 0;
    return replaced(utterance, place, isMany ? 'messages' : 'message');
  }
  // "WhatsApp Anna", not "WhatsApp is down" and not "WhatsApp Web": a name must follow.
  const next = words[place + 1];
  const isPerson = next !== undefined && (isEnglishName(next.plain) || words[place + 2]?.markBefore === ':');
  return language === 'en' && isPerson ? replaced(utterance, place, 'text') : undefined;
}

/** Takes the words out, of the prompt too, where blanks stand for them: the message is read from there. */
function blanked(utterance: Utterance, start: number, end: number): Utterance {
  const { prompt, words } = utterance;
  const first = words[start];
  const last = words[end - 1];
  if (first === undefined || last === undefined) return utterance;
  const stop = last.start + last.spoken.length;
  const rest = words.slice(end);
  return {
    ...utterance,
    prompt: prompt.slice(0, first.start) + ' '.repeat(stop - first.start) + prompt.slice(stop),
    words: [...words.slice(0, start), ...rest],
  };
}

function replaced(utterance: Utterance, place: number, plain: string): Utterance {
  return {
    ...utterance,
    words: utterance.words.map((word: Word, index) => (index === place ? { ...word, plain } : word)),
  };
}

/** The reply of the other rules to what is left, on the other channel. */
function channelReply(utterance: Utterance, grammar: WayGrammar): Reply | undefined {
  const { words, from } = coreOf(utterance);
  // "Tell Anna on WhatsApp that …" is "text Anna that …".
  const verb = grammar.sameAs.get(words[from]?.plain ?? '');
  return contactReply(verb === undefined ? utterance : replaced(utterance, from, verb), 'whatsapp');
}

function readAllReply(language: Language): Reply {
  return {
    text: readText(language, 'anybody', 'whatsapp'),
    command: { name: 'read_whatsapp_messages', args: {} },
  };
}
