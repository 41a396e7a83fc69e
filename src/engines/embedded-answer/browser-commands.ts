/**
 * What is done in the web browser, in English and Russian: "search the web for flights to Rome", "go to example.com and find the
 * prices", "close the browser". The task is the wish as it was said; a page must be named by its address, and a search must say that it is
 * one on the web, or the utterance is no such wish: "look for my keys", "open main.py", "go to bed".
 */
import { type PhraseSet, phrases } from './phrases.ts';
import { coreOf, hasSentenceEnd } from './politeness.ts';
import type { Reply } from './texts.ts';
import { capitalised, type Language, type Utterance, type Word } from './utterance.ts';

interface BrowserGrammar {
  /** The words to look for follow. */
  readonly search: PhraseSet;
  /** "google" and the like: the words follow at once, unless it is the company that is spoken of. */
  readonly searchVerb: PhraseSet;
  readonly notSearchedFor: PhraseSet;
  /** "look up", "find", and "on the web" stands at the end. */
  readonly find: PhraseSet;
  readonly onTheWeb: PhraseSet;
  /** An address follows. */
  readonly goTo: PhraseSet;
  /** What may stand between an address and the rest of the task. */
  readonly goesOn: PhraseSet;
  /** "use the browser to", and a task follows. */
  readonly useBrowser: PhraseSet;
  /** What can be done there, and the words at the end that say that it should be: "book a table in the browser". */
  readonly deed: PhraseSet;
  readonly inTheBrowser: PhraseSet;
  readonly close: PhraseSet;
}

const grammars: Readonly<Record<Language, BrowserGrammar>> = {
  en: {
    search: phrases(
      '(search|browse|look) (on|through|) (the web|the internet|the net|web|internet|online|google|wikipedia|youtube|amazon) (for|about)',
      '(search|look) for',
      '(do|run|make) a (web|google|internet|online) search (for|on|about)',
      '(look up|check|find out) (online|on the web|on the internet)',
      'find (me|) (out|information|info|something|anything|) (on the web|on the internet|online) (about|)',
    ),
    searchVerb: phrases('google (for|)'),
    notSearchedFor: phrases(
      "(is|was|has|had|did|does|can|could|will|would|should|maps|map|chrome|docs|doc|drive|translate|sheets|meet|play|me|it|'s|and|or|not)",
      '(that|this|account|search|assistant|home|calendar|photos|pay|employees|stock|shares|says|said|announced|released|knows|then)',
    ),
    find: phrases('(look up|look for|search for|search|find|find me|find out|check)'),
    onTheWeb: phrases(
      '(online|on the web|on the internet|on google|on wikipedia|on youtube|on amazon|in the browser|in my browser)',
    ),
    goTo: phrases(
      '(go to|open|open up|visit|navigate to|browse|browse to|pull up|load|head to|take me to|go on) (the|) (website|site|web site|page|web page|url|address|)',
    ),
    goesOn: phrases('(and|to|then|and then|in|in the browser|in my browser|in a new tab|in the web browser)'),
    useBrowser: phrases(
      'use (the|my|a) (web|) browser (to|and)',
      '(open|launch|start) (the|my|a|up the|) (web|) browser and',
      'in (the|my) (web|) browser',
    ),
    deed: phrases(
      '(book|order|buy|find|search|fill|fill in|fill out|play|watch|open|check|download|look up|log in|compare|reserve)',
    ),
    inTheBrowser: phrases('(in|with|using) (the|my) (web|) browser'),
    close: phrases(
      '(close|quit|exit|shut|shut down|close down) (the|my|this|) (web|) browser (window|)',
      '(close|shut) (the|my) (web|) browser down',
      'stop (browsing|the browser)',
    ),
  },
  ru: {
    search: phrases(
      '(найди|найдите|поищи|поищите|ищи|посмотри|посмотрите) (мне|) (в интернете|в сети|в гугле|в яндексе|в википедии|на ютубе|онлайн)',
      '(найти|поискать|посмотреть) (мне|) (в интернете|в сети|в гугле|в яндексе|в википедии|на ютубе|онлайн)',
    ),
    searchVerb: phrases('(загугли|погугли|нагугли|погуглите|загуглите)'),
    notSearchedFor: phrases('(и|или|не|это|все|сам|сама)'),
    find: phrases('(найди|найдите|поищи|поищите|посмотри|посмотрите) (мне|)'),
    onTheWeb: phrases('(в интернете|в сети|в гугле|в яндексе|в википедии|на ютубе|онлайн|в браузере)'),
    goTo: phrases(
      '(зайди|зайдите|перейди|перейдите|заходи|сходи) на (сайт|страницу|адрес|)',
      '(открой|откройте|открыть|загрузи) (сайт|страницу|веб-сайт|адрес|)',
    ),
    goesOn: phrases('(и|чтобы|потом|в браузере|в новой вкладке)'),
    useBrowser: phrases('в браузере', '(открой|откройте|запусти|запустите) браузер и'),
    deed: phrases('(закажи|купи|найди|забронируй|открой|посмотри|проверь|скачай|сравни|включи|заполни)'),
    inTheBrowser: phrases('(в|через) браузере', 'через браузер'),
    close: phrases(
      '(закрой|закройте|закрыть) (мой|этот|) (браузер|окно браузера)',
      '(выйди|выйдите) из браузера',
      '(выключи|выключите) браузер',
    ),
  },
};

/** The reply to a wish that needs the browser; undefined if the utterance is none. */
export function browserReply(utterance: Utterance): Reply | undefined {
  const { words, from, to, isAsking } = coreOf(utterance);
  const { language, isQuestion } = utterance;
  const grammar = grammars[language];
  if (grammar.close.isWhole(words, from, to)) {
    // "Close the browser?" asks whether to.
    return isQuestion && !isAsking ? undefined : closeReply(language);
  }
  const address = addressIn(utterance, from, to);
  const said = { words: address === undefined ? words : outside(words, address), from };
  const end = to - (words.length - said.words.length);
  if (hasSentenceEnd(said.words, from, end)) return undefined;
  if (address !== undefined && isVisit(grammar, words, { from, to, address })) {
    return useReply(utterance, { from, to, url: address.url });
  }
  if (!isSearch(grammar, words, from, to)) return undefined;
  // "Search the web for example.com" is about it, "open the browser and go to example.com" goes there.
  const isGoing = address !== undefined && grammar.useBrowser.matchAt(words, from, to) > 0;
  return useReply(utterance, { from, to, ...(isGoing && { url: address.url }) });
}

/** Whether the words look for something on the web, or say a task for the browser. */
function isSearch(grammar: BrowserGrammar, words: readonly Word[], from: number, to: number): boolean {
  const verb = grammar.searchVerb.matchAt(words, from, to);
  if (verb > 0) return from + verb < to && grammar.notSearchedFor.matchAt(words, from + verb, to) === 0;
  const browser = grammar.useBrowser.matchAt(words, from, to);
  if (browser > 0) return from + browser + 1 < to;
  const search = grammar.search.matchAt(words, from, to);
  const isBare = search > 0 && search <= 2 && words[from + search - 1]?.plain === 'for';
  if (search > 0 && !isBare) return from + search < to;
  return (
    endsWith(words, { verb: grammar.find, end: grammar.onTheWeb, from, to }) ||
    endsWith(words, { verb: grammar.deed, end: grammar.inTheBrowser, from, to })
  );
}

/** The longest phrase that tells where: "in my web browser". */
const longestPlaceWords = 4;

/** `verb`, at least a word, and `end`. */
function endsWith(
  words: readonly Word[],
  {
    verb,
    end,
    from,
    to,
  }: { readonly verb: PhraseSet; readonly end: PhraseSet; readonly from: number; readonly to: number },
): boolean {
  const verbWords = verb.matchAt(words, from, to);
  if (verbWords === 0) return false;
  for (let place = Math.max(from + verbWords + 1, to - longestPlaceWords); place < to; place += 1) {
    if (end.isWhole(words, place, to)) return true;
  }
  return false;
}

interface Address {
  readonly url: string;
  /** Where it stands in the prompt. */
  readonly start: number;
  readonly end: number;
}

/** Without a scheme only these ends make an address: `main.py` and `notes.txt` are files. */
const commonDomains: ReadonlySet<string> = new Set(
  'com org net edu gov int io dev app ai co info biz me tv ru рф su by ua kz de fr es it pt nl pl cz at ch be se no fi dk uk us ca au eu jp cn in br'.split(
    ' ',
  ),
);
const addressPattern =
  /(https?:\/\/)?((?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.){1,5}(\p{L}{2,24}))(?::\d{1,5})?(?:[/?#][^\s"'«»“”]{0,2000})?/giu;

/** The first address among the words `from` to `to`. */
function addressIn({ prompt, words }: Utterance, from: number, to: number): Address | undefined {
  const start = words[from]?.start ?? prompt.length;
  const end = words[to]?.start ?? prompt.length;
  for (const match of prompt.slice(start, end).matchAll(addressPattern)) {
    const [found, scheme, , domain = ''] = match;
    const isMail =
      prompt.charAt(start + match.index - 1) === '@' || prompt.charAt(start + match.index + found.length) === '@';
    if (isMail || (scheme === undefined && !commonDomains.has(domain.toLowerCase()))) continue;
    const address = found.replace(/[.,;:!?)\]]+$/u, '');
    return {
      url: scheme === undefined ? `https://${address}` : address,
      start: start + match.index,
      end: start + match.index + found.length,
    };
  }
  return undefined;
}

/** The words that are no part of an address: the marks in it are no ends of sentences. */
function outside(words: readonly Word[], { start, end }: Address): readonly Word[] {
  const first = words.findIndex((word) => word.start >= start);
  return words.filter((word, index) => index === first || word.start < start || word.start >= end);
}

/** "go to", the address, and nothing or "and …" behind it. */
function isVisit(
  grammar: BrowserGrammar,
  words: readonly Word[],
  { from, to, address }: { readonly from: number; readonly to: number; readonly address: Address },
): boolean {
  const verb = grammar.goTo.matchAt(words, from, to);
  const first = words.findIndex((word) => word.start >= address.start);
  if (verb === 0 || from + verb !== first) return false;
  const behind = words.findIndex((word) => word.start >= address.end);
  if (behind < 0 || behind >= to) return true;
  return words[behind]?.markBefore === ',' || grammar.goesOn.matchAt(words, behind, to) > 0;
}

function useReply(
  { prompt, words, language }: Utterance,
  { from, to, url }: { readonly from: number; readonly to: number; readonly url?: string },
): Reply {
  const last = words[to - 1];
  const end = words[to]?.start ?? prompt.length;
  const said = prompt.slice(
    words[from]?.start ?? 0,
    Math.max(end, last === undefined ? 0 : last.start + last.spoken.length),
  );
  // From its end on: an expression would try every run of marks before it, too.
  let length = said.length;
  while (/[\s,;:.!?…]/u.test(said.charAt(length - 1))) length -= 1;
  const task = capitalised(said.slice(0, length));
  return {
    text: language === 'ru' ? 'Делаю это в браузере.' : 'Doing that in the browser.',
    command: { name: 'browser_use', args: { task, ...(url === undefined ? {} : { url }) } },
  };
}

function closeReply(language: Language): Reply {
  return {
    text: language === 'ru' ? 'Закрываю браузер.' : 'Closing the browser.',
    command: { name: 'close_browser', args: {} },
  };
}
