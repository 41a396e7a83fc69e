/**
 * The rules in their order: the first that knows the utterance answers. Pure: the same prompt, clock and memory give the
 * same reply. Every rule needs the whole utterance, so a new rule can't take words away from another by accident.
 */
import type { AnswerImage } from '../answer-engine.ts';
import { appReply } from './app-commands.ts';
import { arithmeticReply } from './arithmetic.ts';
import { contactReply } from './contact-commands.ts';
import { factText } from './personal-facts.ts';
import { type Core, coreOf, isPlease } from './politeness.ts';
import { shortenedPrompt } from './prompt-memory.ts';
import {
  afterMe,
  leaveUndone,
  repeatAfterMe,
  type Topic,
  timeElsewhere,
  topicPhrases,
  webSearch,
} from './small-talk.ts';
import type { SpokenTime } from './spoken-time.ts';
import { quotation, type Reply, screenText, texts, withoutBraces } from './texts.ts';
import { readUtterance, saidFrom, type Utterance } from './utterance.ts';

/** What a reply may depend on beside the prompt. */
export interface Situation {
  readonly now: Date;
  readonly spokenTime: SpokenTime;
  /** Earlier prompts of the device, newest first; undefined if the device gave no id. */
  readonly earlierPrompts: readonly string[] | undefined;
  readonly screenshot?: AnswerImage | undefined;
}

/** The reply to a prompt, and whether it asked for what was said before (such a question is not worth remembering). */
export function replyTo(prompt: string, situation: Situation): RuleReply {
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
    appReply(utterance) ??
    contactReply(utterance) ??
    arithmeticReply(utterance, core) ??
    searchReply(utterance, core) ??
    factReply(utterance, core, situation);
  return reply === undefined ? undefined : { ...reply, isRecall: false };
}

/** Whether a prompt asks for what was said before: nobody wants to hear that it was asked. */
export function isRecallQuestion(prompt: string): boolean {
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

function searchReply({ words, language }: Utterance, core: Core): Reply | undefined {
  return webSearch[language].matchAt(words, core.from) > 0 ? { text: texts[language].noWebSearch } : undefined;
}
