/**
 * The embedded answerer: fixed rules in English and Russian, so that Recital answers with no network, no key and no model.
 * It says plainly what it is. It acts (opens an app, sends a message) only on an utterance that is such a wish from end to
 * end. The first rule that knows the utterance answers; every rule needs the whole utterance, so a new rule can't take words
 * away from another by accident. What was said before it takes from the history of the request; where there is none, from the
 * last words of each device, which it then keeps in memory.
 */
import { isOneDevice } from '../../call/call.ts';
import type { AnswerEngine, AnswerImage, AnswerPart, AnswerRequest } from '../answer-engine.ts';
import { type PacedItems, Pause, playPaced } from '../paced-stream.ts';
import { appReply } from './app-commands.ts';
import { arithmeticReply } from './arithmetic.ts';
import { browserReply } from './browser-commands.ts';
import { contactReply } from './contact-commands.ts';
import { factText } from './personal-facts.ts';
import { type Core, coreOf, isPlease } from './politeness.ts';
import {
  afterMe,
  leaveUndone,
  repeatAfterMe,
  type Topic,
  timeElsewhere,
  topicPhrases,
  webSearch,
} from './small-talk.ts';
import { subscriptionReply } from './subscription-commands.ts';
import {
  helpText,
  quotation,
  type Reply,
  type SpokenTime,
  screenText,
  spokenTime,
  switchedOff,
  texts,
  usualCommands,
  withoutBraces,
} from './texts.ts';
import { readUtterance, saidFrom, type Utterance } from './utterance.ts';
import { whatsAppReply } from './whatsapp-commands.ts';

export interface EmbeddedAnswerOptions {
  /** The commands that would be carried out; default: the five that need no setting. Of any other it says that it is switched off. */
  readonly allowedCommands?: readonly string[];
  /** The clock; default: the system's. */
  readonly now?: () => Date;
  /** IANA name of the zone whose time is told; default: the system's. An unknown one throws RangeError. */
  readonly timeZone?: string;
  /** The pause between two words in milliseconds, so that one sees the answer come; default 8, 0 = none. */
  readonly msPerWord?: number;
}

interface Answerer {
  readonly allowedCommands: readonly string[];
  readonly now: () => Date;
  readonly msPerWord: number;
  readonly spokenTime: SpokenTime;
  readonly memory: PromptMemory;
}

/** Under this name its use is counted. It has no tokens: a word of the prompt is one of input, a word said one of output. */
const MODEL_NAME = 'recital-embedded';
const defaultMsPerWord = 8;
/** A long text (an echo of a long prompt) is said at once from here on: nobody watches it word by word. */
const maxPacedWords = 200;

/** The answer engine of the demo and of the emergency profile. */
export function createEmbeddedAnswerEngine(options: EmbeddedAnswerOptions = {}): AnswerEngine {
  const answerer: Answerer = {
    allowedCommands: options.allowedCommands ?? usualCommands,
    now: options.now ?? (() => new Date()),
    msPerWord: options.msPerWord ?? defaultMsPerWord,
    spokenTime: spokenTime(options.timeZone),
    memory: createPromptMemory(),
  };
  return {
    name: 'embedded',
    async start() {},
    answer: (request, signal) => playPaced(partsOf(answerer, request), signal),
    async stop() {},
  };
}

function* partsOf(answerer: Answerer, request: AnswerRequest): PacedItems<AnswerPart> {
  const { text, command } = reply(answerer, request);
  const pause = answerer.msPerWord > 0 ? new Pause(answerer.msPerWord) : undefined;
  let wordCount = 0;
  try {
    // Each delta is a word with the white space around it, so that all of them joined are the text.
    for (const [delta] of text.matchAll(/\s*\S+\s*/g)) {
      if (pause !== undefined && wordCount > 0 && wordCount < maxPacedWords) yield pause;
      wordCount += 1;
      yield { kind: 'text', text: delta };
    }
    if (command !== undefined) yield { kind: 'command', name: command.name, args: command.args };
  } finally {
    // Also where the answer is broken off: these words were said.
    request.noteUsage?.({ inputTokens: wordCountOf(request.prompt), outputTokens: wordCount, model: MODEL_NAME });
  }
}

function wordCountOf(text: string): number {
  let count = 0;
  for (const _word of text.matchAll(/\S+/g)) count += 1;
  return count;
}

function reply({ allowedCommands, now, spokenTime, memory }: Answerer, request: AnswerRequest): Reply {
  const { prompt, hardwareId, screenshot, history } = request;
  const told = history?.map((exchange) => exchange.prompt).reverse();
  const earlierPrompts = isOneDevice(hardwareId) ? (told ?? memory.recall(hardwareId)) : undefined;
  const { isRecall, ...answer } = replyTo(prompt, {
    ...{ allowedCommands, now: now(), spokenTime, earlierPrompts, screenshot },
  });
  // One memory: what a device wants forgotten must not live on here.
  if (!isRecall && history === undefined) memory.remember(hardwareId, prompt);
  return answer;
}

/** What a reply may depend on beside the prompt. */
interface Situation {
  readonly allowedCommands: readonly string[];
  readonly now: Date;
  readonly spokenTime: SpokenTime;
  /** Earlier prompts of the device, newest first; undefined if the device gave no id. */
  readonly earlierPrompts: readonly string[] | undefined;
  readonly screenshot?: AnswerImage | undefined;
}

/**
 * The reply to a prompt, and whether it asked for what was said before (such a question is not worth remembering).
 * Pure: the same prompt, clock and memory give the same reply.
 */
function replyTo(prompt: string, situation: Situation): RuleReply {
  const utterance = readUtterance(prompt);
  // "Siri, открой сафари", "repeat after me: много слов": what looks like one language may be a wish in the other.
  const other = { ...utterance, language: utterance.language === 'en' ? 'ru' : 'en' } as const;
  return (
    ruleReply(utterance, situation) ??
    ruleReply(other, situation) ?? { text: texts[utterance.language].fallback, isRecall: false }
  );
}

type RuleReply = Reply & { readonly isRecall: boolean };

function ruleReply(utterance: Utterance, situation: Situation): RuleReply | undefined {
  const core = coreOf(utterance);
  const repeated = repeatedReply(utterance, core);
  if (repeated !== undefined) return { ...repeated, isRecall: false };
  if (utterance.isLong) return undefined;
  const topic = topicOf(utterance);
  if (topic !== undefined) return { text: topicText(topic, utterance, situation), isRecall: topic === 'recall' };
  const reply =
    commandReply(utterance, situation.allowedCommands) ??
    arithmeticReply(utterance, core) ??
    searchReply(utterance, core, situation) ??
    factReply(utterance, core, situation);
  return reply === undefined ? undefined : { ...reply, isRecall: false };
}

/**
 * The reply to a wish that a command carries out. Where the command is switched off, it says so instead of what nobody would do; a wish
 * that another rule can answer as well (a search, "close the browser") is left to that one.
 */
function commandReply(utterance: Utterance, allowed: readonly string[]): Reply | undefined {
  const isAllowed = (wish: Reply | undefined) => wish?.command !== undefined && allowed.includes(wish.command.name);
  const browser = browserReply(utterance);
  const wish =
    whatsAppReply(utterance) ??
    subscriptionReply(utterance) ??
    (isAllowed(browser) ? browser : undefined) ??
    appReply(utterance) ??
    contactReply(utterance) ??
    (webSearch[utterance.language].matchAt(utterance.words, coreOf(utterance).from) > 0 ? undefined : browser);
  if (wish?.command === undefined || isAllowed(wish)) return wish;
  return { text: switchedOff(utterance.language, wish.command.name) };
}

/** Whether a prompt asks for what was said before: nobody wants to hear that it was asked. */
function isRecallQuestion(prompt: string): boolean {
  const utterance = readUtterance(prompt);
  return !utterance.isLong && topicOf(utterance) === 'recall';
}

/** So many utterances come back to "what did I say before?". */
const MAX_RECALLED = 3;

/** Their order decides nothing: no phrase is in two of them. */
const topics = [
  'greeting',
  'thanks',
  'goodbye',
  'howAreYou',
  'time',
  'today',
  'tomorrow',
  'yesterday',
  'help',
  'about',
  'story',
  'joke',
  'screen',
  'recall',
] as const satisfies readonly Topic[];

function topicOf(utterance: Utterance): Topic | undefined {
  const { language } = utterance;
  const words = utterance.words.filter((word) => !isPlease(word));
  const { from, to } = coreOf({ ...utterance, words });
  // "Hello" and "thanks" are polite words too, so the whole utterance is looked at before its core.
  for (const [begin, end] of [
    [0, words.length],
    [from, words.length],
    [from, to],
  ] as const) {
    const topic = topics.find((name) => topicPhrases[language][name]?.isWhole(words, begin, end) === true);
    if (topic !== undefined) return topic;
  }
  if (timeElsewhere[language].matchAt(words, from) > 0) return 'timeElsewhere';
  return leaveUndone[language].matchAt(words, from) > 0 ? 'declined' : undefined;
}

function topicText(topic: Topic, { language }: Utterance, situation: Situation): string {
  const { now, spokenTime, earlierPrompts } = situation;
  switch (topic) {
    case 'time':
      return spokenTime.time(now, language);
    case 'timeElsewhere':
      return `${texts[language].onlyTheTimeHere} ${spokenTime.time(now, language)}`;
    case 'today':
      return spokenTime.date(now, language, 0);
    case 'tomorrow':
      return spokenTime.date(now, language, 1);
    case 'yesterday':
      return spokenTime.date(now, language, -1);
    case 'help':
      return helpText(language, situation.allowedCommands);
    case 'screen':
      return screenText(language, situation.screenshot);
    case 'recall':
      return recallText(language, earlierPrompts);
    default:
      return texts[language][topic];
  }
}

function recallText(language: Utterance['language'], prompts: readonly string[] | undefined): string {
  if (prompts === undefined) return texts[language].unknownDevice;
  const asked = prompts.filter((prompt) => !isRecallQuestion(prompt)).slice(0, MAX_RECALLED);
  const [last, ...earlier] = asked.map(shortenedPrompt);
  if (last === undefined) return texts[language].nothingSaidBefore;
  const [said, before] = language === 'ru' ? ['Вы сказали', 'А до этого'] : ['You said', 'And before that'];
  return [quotation(said, last, language), ...earlier.map((prompt) => quotation(before, prompt, language))].join(' ');
}

function repeatedReply(utterance: Utterance, core: Core): Reply | undefined {
  const { words, language } = utterance;
  const length = repeatAfterMe[language].matchAt(words, core.from);
  if (length === 0) return undefined;
  const isAfterMe = afterMe[language].matchAt(words, core.from) === length;
  if (!isAfterMe && words[core.from + length]?.markBefore !== ':') return undefined;
  const said = saidFrom(utterance, core.from + length);
  return { text: said === '' ? texts[language].nothingToRepeat : withoutBraces(said) };
}

function factReply(utterance: Utterance, core: Core, { earlierPrompts }: Situation): Reply | undefined {
  const text = factText(utterance, core, earlierPrompts);
  return text === undefined ? undefined : { text };
}

function searchReply({ words, language }: Utterance, core: Core, { allowedCommands }: Situation): Reply | undefined {
  if (webSearch[language].matchAt(words, core.from) === 0) return undefined;
  return { text: texts[language][allowedCommands.includes('browser_use') ? 'whatToSearch' : 'noWebSearch'] };
}

const maxDevices = 1000;
const maxPromptsPerDevice = 3;
const maxPromptChars = 200;

/**
 * What each device said lately, for an answerer that is told no history (MEMORY=off). In memory alone, bounded in devices, prompts
 * and characters; the device that was silent longest is forgotten first.
 */
interface PromptMemory {
  /** The last prompts of the device, newest first. */
  recall(hardwareId: string): readonly string[];
  remember(hardwareId: string, prompt: string): void;
}

/** An empty memory. Devices that give no id share "unknown" and are not remembered: they would hear each other's words. */
function createPromptMemory(): PromptMemory {
  const promptsByDevice = new Map<string, readonly string[]>();
  return {
    recall: (hardwareId) => promptsByDevice.get(hardwareId) ?? [],
    remember(hardwareId, prompt) {
      if (!isOneDevice(hardwareId)) return;
      const prompts = [shortenedPrompt(prompt), ...(promptsByDevice.get(hardwareId) ?? [])].slice(
        0,
        maxPromptsPerDevice,
      );
      // A Map keeps the order of insertion, so the first key is the device that was silent longest.
      promptsByDevice.delete(hardwareId);
      promptsByDevice.set(hardwareId, prompts);
      const oldest = promptsByDevice.keys().next();
      if (promptsByDevice.size > maxDevices && oldest.done !== true) promptsByDevice.delete(oldest.value);
    },
  };
}

/** The beginning of a prompt on one line. */
function shortenedPrompt(prompt: string): string {
  const isLong = prompt.length > maxPromptChars;
  // toWellFormed: the cut may have halved a character.
  const text = prompt.slice(0, maxPromptChars).toWellFormed().replace(/\s+/g, ' ').trim();
  return isLong ? `${text.replace(/\uFFFD$/, '')}…` : text;
}
