/**
 * The rules in their order: the first that knows the utterance answers. Pure: the same prompt, clock and memory give the
 * same reply. Every rule needs the whole utterance, so a new rule can't take words away from another by accident.
 */
import { appReply } from './app-commands.ts';
import { arithmeticReply } from './arithmetic.ts';
import { contactReply } from './contact-commands.ts';
import { type Core, coreOf } from './politeness.ts';
import type { Reply } from './reply.ts';
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
import { texts } from './texts.ts';
import { readUtterance, type Utterance } from './utterance.ts';

/** What a reply may depend on beside the prompt. */
export interface Situation {
  readonly now: Date;
  readonly spokenTime: SpokenTime;
  /** Earlier prompts of the device, newest first; undefined if the device gave no id. */
  readonly earlierPrompts: readonly string[] | undefined;
}

/** The reply to a prompt, and whether it asked for what was said before (such a question is not worth remembering). */
export function replyTo(prompt: string, situation: Situation): Reply & { readonly isRecall: boolean } {
  const utterance = readUtterance(prompt);
  const core = coreOf(utterance);
  const repeated = repeatedReply(utterance, core);
  if (repeated !== undefined) return { ...repeated, isRecall: false };
  if (utterance.isLong) return { text: texts[utterance.language].fallback, isRecall: false };
  const topic = topicOf(utterance, core);
  if (topic !== undefined) return { text: topicText(topic, utterance, situation), isRecall: topic === 'recall' };
  const reply = appReply(utterance) ?? contactReply(utterance) ?? arithmeticReply(utterance, core);
  return { ...(reply ?? otherReply(utterance, core)), isRecall: false };
}

function topicOf(utterance: Utterance, core: Core): Topic | undefined {
  const { words, language } = utterance;
  const all = topicPhrases[language];
  const topics: Topic[] = [
    'greeting',
    'thanks',
    'goodbye',
    'howAreYou',
    'time',
    'today',
    'tomorrow',
    'yesterday',
    'help',
  ];
  topics.push('about', 'story', 'joke', 'screen', 'recall');
  // "Hello" and "thanks" are polite words too, so the whole utterance is looked at before its core.
  for (const [from, to] of [
    [0, words.length],
    [core.from, words.length],
    [core.from, core.to],
  ] as const) {
    const topic = topics.find((name) => all[name]?.isWhole(words, from, to) === true);
    if (topic !== undefined) return topic;
  }
  if (timeElsewhere[language].matchAt(words, core.from) > 0) return 'timeElsewhere';
  return leaveUndone[language].matchAt(words, core.from) > 0 ? 'declined' : undefined;
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
    case 'recall':
      return recallText(language, earlierPrompts);
    default:
      return texts[language][topic];
  }
}

function recallText(language: Utterance['language'], prompts: readonly string[] | undefined): string {
  if (prompts === undefined) return texts[language].unknownDevice;
  const [last, ...earlier] = prompts;
  if (last === undefined) return texts[language].nothingSaidBefore;
  const [said, before] = language === 'ru' ? ['Вы сказали', 'А до этого'] : ['You said', 'And before that'];
  return [
    `${said}: «${withoutBraces(last)}».`,
    ...earlier.map((prompt) => `${before}: «${withoutBraces(prompt)}».`),
  ].join(' ');
}

function repeatedReply(utterance: Utterance, core: Core): Reply | undefined {
  const { words, language, prompt } = utterance;
  const length = repeatAfterMe[language].matchAt(words, core.from);
  if (length === 0) return undefined;
  const first = words[core.from + length];
  const isAfterMe = afterMe[language].matchAt(words, core.from) === length;
  if (first === undefined) return isAfterMe ? { text: texts[language].nothingToRepeat } : undefined;
  if (!isAfterMe && first.markBefore !== ':') return undefined;
  const said = prompt.slice(first.start).trim();
  const isQuoted = /["“«„]\s*$/u.test(prompt.slice(Math.max(0, first.start - 3), first.start));
  return { text: withoutBraces(isQuoted ? said.replace(/["”»“]([.!?]?)$/u, '$1') : said) };
}

/** An answer with a brace would be read as a JSON answer, and words of the user's could become a command. */
function withoutBraces(text: string): string {
  return text.replaceAll('{', '(').replaceAll('}', ')');
}

function otherReply({ words, language }: Utterance, core: Core): Reply {
  const isSearch = webSearch[language].matchAt(words, core.from) > 0;
  return { text: isSearch ? texts[language].noWebSearch : texts[language].fallback };
}
