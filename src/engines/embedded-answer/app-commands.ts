/**
 * "Open Safari" and "close Safari", in English and Russian. The whole utterance must be the wish: a verb in the
 * imperative, an app, polite words. "I opened a bank account", "don't open Safari" and "how do I open Safari?" are not, and
 * "open the door" names no app. A wrong command is worse than none.
 */
import { appNamed } from './apps.ts';
import { type PhraseSet, phrases } from './phrases.ts';
import { type Core, coreOf, hasSentenceEnd } from './politeness.ts';
import type { Reply } from './texts.ts';
import { capitalised, isCapitalised, type Language, type Utterance, type Word } from './utterance.ts';

interface Verb {
  readonly command: 'open_app' | 'close_app';
  readonly imperative: PhraseSet;
  /** Russian wishes also come as an infinitive: "можешь открыть", "открыть сафари". */
  readonly infinitive: PhraseSet;
  /** Verbs said of so many other things that only a known app makes a wish of them: "start", "run". */
  readonly knownAppsOnly: PhraseSet;
  readonly confirm: (app: string) => string;
}

const none = phrases();

const verbs: Readonly<Record<Language, readonly Verb[]>> = {
  en: [
    {
      command: 'open_app',
      imperative: phrases('open (up|)', 'launch', '(start|run) (up|)', '(fire|bring) up', 'switch to'),
      infinitive: none,
      knownAppsOnly: phrases('(start|run) (up|)', '(fire|bring) up', 'switch to'),
      confirm: (app) => `Opening ${app}.`,
    },
    {
      command: 'close_app',
      imperative: phrases('close (down|)', '(force|) quit', 'exit', 'shut down', 'kill'),
      infinitive: none,
      knownAppsOnly: phrases('exit', 'shut down', 'kill'),
      confirm: (app) => `Closing ${app}.`,
    },
  ],
  ru: [
    {
      command: 'open_app',
      imperative: phrases('(открой|откройте|открывай|запусти|запустите|запускай)', 'открой-ка', 'открыл', 'открыла'),
      infinitive: phrases('(открыть|запустить)'),
      knownAppsOnly: none,
      confirm: (app) => `Открываю ${app}.`,
    },
    {
      command: 'close_app',
      imperative: phrases('(закрой|закройте|закрывай)', 'закрой-ка', 'закрыл', 'закрыла'),
      infinitive: phrases('закрыть'),
      knownAppsOnly: none,
      confirm: (app) => `Закрываю ${app}.`,
    },
  ],
};

/** "Я хочу, чтобы ты открыл сафари": the one place where a Russian past tense is a wish. */
const wishInPastTense = phrases('открыл', 'открыла', 'закрыл', 'закрыла');
const wishBefore = phrases('чтобы (ты|вы)');

const fillers: Readonly<Record<Language, PhraseSet>> = {
  en: phrases('(please|now|quickly|for me|up)'),
  ru: phrases('(пожалуйста|плиз|мне|нам|сейчас|быстро|быстренько|для меня|теперь)'),
};

const articles: Readonly<Record<Language, PhraseSet>> = {
  en: phrases('(the|my)'),
  ru: phrases('(мой|мою|мои|мое|свой|свою|свои)'),
};

/** "the Figma app", "браузер сафари": what says that the name is an app's. */
const appWords: Readonly<Record<Language, PhraseSet>> = {
  en: phrases('(app|application|program|browser)'),
  ru: phrases('(приложение|программу|программа|браузер|мессенджер)'),
};

/** Words that no app's name begins with or has inside, though they may follow "open" with a capital. */
const notInNames = phrases(
  "(a|an|the|my|your|his|her|our|their|this|that|these|those|some|any|every|all|another|new|other|same|no|not|it|i|i'm)",
  '(and|or|but|if|when|while|until|after|before|because|so|then|to|of|for|with|in|on|at|from|by|about|as|into|tomorrow)',
  '(today|later|tonight|you|me|him|them|us|wide|up|app|application|apps|program|which|what|one|first|last|next|right|wrong|best)',
  '(door|doors|window|windows|fire|eyes|mouth|sesame|question|source|book|bottle|jar|gate|account|file|files|folder)',
  '(link|tab|page|website|site|garage|heart|mind|day|mic|letter|range|university|house|air|season|box|deal|case|wound)',
  '(и|или|а|но|если|когда|пока|после|чтобы|потом|для|с|со|в|во|на|по|от|до|из|о|об|к|у|не|мне|мой|мою|твой|новый|новое)',
  '(новую|эту|это|этот|все|другое|другую|какое|какую|которое|которую|завтра|сегодня|дверь|двери|окно|окна|счет|глаза|рот)',
  '(книгу|файл|папку|вкладку|страницу|сайт|ссылку|банку|бутылку|ворота|сезам|сердце|душу|кран|консерву|письмо|огонь)',
);

/** Names of apps that are words of their own. */
const everydayWords: ReadonlySet<string> = new Set(
  'mail email calendar notes reminders contacts messages photos music maps weather clock camera word teams zoom'.split(
    ' ',
  ),
);

const maxNameWords = 3;

/** The reply to a wish to open or close an app; undefined if the utterance is none. */
export function appReply(utterance: Utterance): Reply | undefined {
  const core = coreOf(utterance);
  const { language } = utterance;
  for (const verb of verbs[language]) {
    const verbLength = verbLengthOf(verb, core, utterance);
    if (verbLength === 0 || hasSentenceEnd(core.words, core.from, core.to)) continue;
    let from = core.from + verbLength;
    for (let length = -1; length !== 0; from += length) length = fillers[language].matchAt(core.words, from, core.to);
    from += articles[language].matchAt(core.words, from, core.to);
    const isKnownOnly = verb.knownAppsOnly.matchAt(core.words, core.from) > 0;
    return replyFor(verb, { words: core.words.slice(from, core.to), utterance, isKnownOnly });
  }
  return undefined;
}

function verbLengthOf(verb: Verb, { words, from, to, isAsking }: Core, { isQuestion }: Utterance): number {
  // "Открыть сафари?" asks whether to; with "можешь" before it, or without the question mark, it is a wish.
  const infinitive = isAsking || !isQuestion ? verb.infinitive.matchAt(words, from, to) : 0;
  const imperative = verb.imperative.matchAt(words, from, to);
  const isPast = wishInPastTense.matchAt(words, from, to) > 0;
  if (isPast && (from < 2 || !wishBefore.isWhole(words, from - 2, from))) return 0;
  return Math.max(infinitive, imperative);
}

interface NamedApp {
  readonly words: readonly Word[];
  readonly utterance: Utterance;
  readonly isKnownOnly: boolean;
}

function replyFor(verb: Verb, { words, utterance, isKnownOnly }: NamedApp): Reply | undefined {
  const { language } = utterance;
  if (words.slice(1).some(({ markBefore }) => markBefore === ',')) return undefined;
  const known = appNamed(spokenName(words, 'plain'));
  // "Start the clock" and "start Clock" are two things.
  const isEveryday = words.some((word) => everydayWords.has(word.plain) && !isCapitalised(word, utterance));
  if (isKnownOnly && isEveryday) return undefined;
  if (known !== undefined) return reply(verb, { words, language, appName: known });
  const before = appWords[language].matchAt(words, 0);
  const after = words.length > 1 && appWords[language].matchAt(words, words.length - 1) > 0 ? 1 : 0;
  const name = words.slice(before, words.length - after);
  if (name.length === 0) return words.length > 0 ? whichApp(language) : undefined;
  const knownInside = appNamed(spokenName(name, 'plain'));
  if (knownInside !== undefined) return reply(verb, { words: name, language, appName: knownInside });
  if (isKnownOnly || !isPlausibleName(name)) return undefined;
  const isNamed = before + after > 0 || name.every((word) => isCapitalised(word, utterance) || /^\d/.test(word.plain));
  const appName = spokenName(name, 'spoken');
  return isNamed
    ? reply(verb, { words: name, language, appName: capitalised(appName) })
    : unknownApp(language, appName);
}

/** Anything can follow "open" in small letters, so the reply tells how to say that it is an app. */
function unknownApp(language: Language, name: string): Reply {
  return {
    text:
      language === 'ru'
        ? `Я не знаю приложения «${name}». Если такое есть, скажите, например: открой приложение ${name}.`
        : `I do not know an app called “${name}”. If there is one, say, for example: open the ${name} app.`,
  };
}

/** "Open the browser": the wish is clear, the app is not. */
function whichApp(language: Language): Reply {
  return {
    text:
      language === 'ru'
        ? 'Какое именно? Назовите приложение, например: открой Сафари.'
        : 'Which one? Name the app, for example: open Safari.',
  };
}

function isPlausibleName(name: readonly Word[]): boolean {
  return (
    name.length <= maxNameWords &&
    name.every((_, index) => notInNames.matchAt(name, index) === 0) &&
    // An apostrophe is in no app's name, a dot is a web site's.
    name.every(({ plain }) => !/['.]/.test(plain))
  );
}

function reply(
  verb: Verb,
  app: { readonly words: readonly Word[]; readonly language: Language; readonly appName: string },
): Reply {
  // Russian is spoken in the form that the user said, since the name is bent in the sentence; English by the app's name.
  const spoken = app.language === 'ru' ? capitalised(spokenName(app.words, 'spoken')) : app.appName;
  return { text: verb.confirm(spoken), command: { name: verb.command, args: { app_name: app.appName } } };
}

function spokenName(words: readonly Word[], form: 'plain' | 'spoken'): string {
  return words.map((word) => word[form]).join(' ');
}
