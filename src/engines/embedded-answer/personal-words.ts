/** The closed lists with which sentences about the speaker are found: all in the form in which words are compared (utterance.ts). */
import { type PhraseSet, phrases } from './phrases.ts';
import type { Language } from './utterance.ts';

const setOf = (...words: readonly string[]): ReadonlySet<string> => new Set(words.flatMap((line) => line.split(' ')));

/** What says whose it is, and what the answerer says instead. A subject follows. */
export const yours: Readonly<Record<Language, ReadonlyMap<string, string>>> = {
  en: new Map([['my', 'your']]),
  ru: new Map(
    Object.entries({
      мой: 'ваш',
      моя: 'ваша',
      мое: 'ваше',
      мои: 'ваши',
      мою: 'вашу',
      моего: 'вашего',
      моей: 'вашей',
      моему: 'вашему',
      моим: 'вашим',
      моих: 'ваших',
    }),
  ),
};

/** What else can be said of somebody else by a word alone. */
export const turned: Readonly<Record<Language, ReadonlyMap<string, string>>> = {
  en: new Map([
    ['mine', 'yours'],
    ['myself', 'yourself'],
  ]),
  ru: new Map([['меня', 'вас']]),
};

/** Words of the two who speak that change the words around them when the other says them: such a sentence is quoted. */
export const ownWords: Readonly<Record<Language, ReadonlySet<string>>> = {
  en: setOf("i i'm i've i'd i'll am me we us our ours you your yours yourself"),
  ru: setOf(
    'я мне мной мною мы нас нам наш наша наше наши ты тебя тебе тобой твой твоя твое твои вы вас вам вами ваш ваша ваше ваши',
  ),
};

/** Between a subject and what it is. */
export const copulas: Readonly<Record<Language, ReadonlySet<string>>> = {
  en: setOf('is are was were'),
  ru: setOf('это есть был была было были'),
};

/** What may stand before a statement without being part of it. */
export const statementLeads: Readonly<Record<Language, PhraseSet>> = {
  en: phrases(
    "(please|) (remember|note|know|keep in mind|don't forget|you should know) (that|)",
    '(by the way|actually|and|but|also|so|well|oh|no|yes|hey|hello|hi|ok|okay|listen|i think|i mean|now)',
  ),
  ru: phrases(
    '(пожалуйста|) (запомни|запомните|учти|учтите|знай|имей в виду|не забудь) (что|)',
    '(кстати|и|а|но|вообще|нет|да|ну|так|привет|здравствуй|здравствуйте|слушай|на самом деле|теперь)',
  ),
};

/** Before the name of who speaks. */
export const nameLeads: Readonly<Record<Language, PhraseSet>> = {
  en: phrases('(you can|you may|please|everybody|people|friends|my friends|) call me', "(i am|i'm) called"),
  ru: phrases('меня зовут', '(зови|зовите|называй|называйте) меня', 'меня (называют|звать)'),
};

/** Questions after the name of who asks, from end to end. */
export const nameQuestions: Readonly<Record<Language, PhraseSet>> = {
  en: phrases(
    '(do you know|do you remember|tell me|remind me|can you tell me|) (who i am|what i am called)',
    '(what am i called|who am i|what do you call me)',
  ),
  ru: phrases(
    '(ты|вы|) (помнишь|знаешь|помните|знаете|скажи|напомни|) (мне|) как меня (зовут|звать)',
    'как меня (зовут|звать) (помнишь|знаешь)',
    '(ты|вы|) (помнишь|знаешь|помните|знаете) меня',
    '(кто я|кто я такой|кто я такая)',
  ),
};

/** The subject of a name, however it was said. */
export const nameSubject: Readonly<Record<Language, string>> = { en: 'name', ru: 'имя' };

/** At least one of these stands before "my" in a question, */
export const askingWords: Readonly<Record<Language, ReadonlySet<string>>> = {
  en: setOf("what what's whats who who's whos where where's when when's which how know remember tell remind recall"),
  ru: setOf(
    'какой какая какое какие каков какова какого какую кто что где когда сколько как чей чья',
    'помнишь помните знаешь знаете скажи скажите напомни напомните подскажи',
  ),
};

/** and nothing beside these. */
export const besideAsking: Readonly<Record<Language, ReadonlySet<string>>> = {
  en: setOf(
    'is are was were the of do you still me again i said told that and so can could would name color kind sort type old tall big please',
  ),
  ru: setOf('ты вы мне а и ну у меня это был была было так же сейчас цвета размера зовут называется еще пожалуйста'),
};

/** Somebody else is to be told: "tell my sister", "скажи моей сестре". */
export const tellings: Readonly<Record<Language, PhraseSet>> = {
  en: phrases('(tell|remind|say to) my'),
  ru: phrases('(скажи|скажите|напомни|напомните|подскажи) (моей|моему|моим)'),
};

/** What may stand behind a subject in a question. */
export const afterSubject: Readonly<Record<Language, ReadonlySet<string>>> = {
  en: setOf('is are was were again now called please then'),
  ru: setOf('есть зовут сейчас теперь называется помнишь знаешь пожалуйста'),
};

/** Wishes that begin with what they are about ("мои сообщения прочитай") are no statements. */
export const wishes: ReadonlySet<string> = setOf(
  'открой закрой прочитай прочти отправь напиши покажи найди удали включи выключи запусти скажи поставь сделай дай помоги',
  'откройте закройте прочитайте отправьте напишите покажите найдите включите выключите скажите',
);

/** Both spellings of a word are one. */
export const spellings: ReadonlyMap<string, string> = new Map(
  Object.entries({
    favourite: 'favorite',
    favourites: 'favorites',
    colour: 'color',
    colours: 'colors',
    neighbour: 'neighbor',
    neighbours: 'neighbors',
    "neighbour's": "neighbor's",
    flavour: 'flavor',
    grey: 'gray',
    centre: 'center',
    theatre: 'theater',
    mum: 'mom',
    "mum's": "mom's",
  }),
);

/** A stop behind these ends no sentence. */
export const abbreviations: ReadonlySet<string> = setOf('dr mr mrs ms prof st г ул д кв им');
