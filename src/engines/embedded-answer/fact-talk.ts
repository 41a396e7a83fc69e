/**
 * Answers about what people said of themselves: notes a statement, and says it again when asked ("What is my favourite
 * colour?", "Do you remember my name?", "Как зовут мою собаку?"). The latest statement counts. Pure. Only an utterance
 * that is such a question from end to end is one: every word before the "my" is on a list.
 */
import { isAbout, type Statement, statementsOf, subjectWord } from './personal-facts.ts';
import {
  afterSubject,
  askingWords,
  besideAsking,
  nameQuestions,
  nameSubject,
  tellings,
  yours,
} from './personal-words.ts';
import { type Core, hasSentenceEnd } from './politeness.ts';
import { texts, withoutBraces } from './texts.ts';
import { type Language, readUtterance, type Utterance } from './utterance.ts';

/** What is said to a statement or a question about the speaker; undefined = it is neither. */
export function factText(
  utterance: Utterance,
  core: Core,
  /** Newest first; undefined if the device gave no id. */
  earlierPrompts: readonly string[] | undefined,
): string | undefined {
  const { language } = utterance;
  const subjects = factQuestionOf(language, core);
  if (subjects !== undefined) {
    if (earlierPrompts === undefined) return texts[language].unknownDevice;
    const found = latestAbout(subjects, language, earlierPrompts);
    return found === undefined ? texts[language].notToldYet : `${withoutBraces(found.restated)}.`;
  }
  const { statements, isAll } = statementsOf(utterance);
  // An utterance that says something else as well is not understood.
  if (!isAll) return undefined;
  if (earlierPrompts === undefined) return texts[language].unknownDevice;
  const noted = statements.map(({ restated }) => `${withoutBraces(restated)}.`).join(' ');
  return `${language === 'ru' ? 'Понятно' : 'I see'}. ${noted}`;
}

function latestAbout(
  subjects: readonly (readonly string[])[],
  language: Utterance['language'],
  prompts: readonly string[],
): Statement | undefined {
  for (const prompt of prompts) {
    const statements = statementsOf(readUtterance(prompt)).statements.filter((each) => each.language === language);
    const found = statements.findLast((each) => subjects.some((subject) => isAbout(each, subject)));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** "Do you still remember what the name of my": longer ones are no such question. */
const MAX_LEAD_WORDS = 9;
const MAX_SUBJECT_WORDS = 8;

/** The subjects that would answer, the likeliest first; undefined = it is no such question. */
export function factQuestionOf(language: Language, core: Core): readonly (readonly string[])[] | undefined {
  const words = core.words.slice(core.from, core.to);
  if (words.length === 0 || hasSentenceEnd(words, 0, words.length)) return undefined;
  if (nameQuestions[language].isWhole(words, 0)) return [[nameSubject[language]]];
  const plain = words.map((word) => subjectWord(word.plain));
  const at = ownAt(language, plain);
  if (at < 1 || at > MAX_LEAD_WORDS) return undefined;
  if (tellings[language].matchAt(words, at - 1) > 0) return undefined;
  const lead = plain.slice(0, at);
  const isAsked = lead.some((word) => askingWords[language].has(word));
  if (!isAsked || !lead.every((word) => askingWords[language].has(word) || besideAsking[language].has(word)))
    return undefined;
  const subject = withoutTail(language, plain.slice(at + 1));
  if (subject.length === 0 || subject.length > MAX_SUBJECT_WORDS) return undefined;
  const isOfName = lead.at(-1) === 'of' && lead.at(-2) === 'name';
  return isOfName ? [[...subject.slice(0, -1), `${subject.at(-1)}'s`, 'name'], subject] : [subject];
}

/** Where the word stands that says whose it is; "у меня" counts as one, by its end. */
function ownAt(language: Language, plain: readonly string[]): number {
  const at = plain.findIndex((word) => yours[language].has(word));
  if (at >= 0 || language === 'en') return at;
  return plain.findIndex((word, index) => word === 'меня' && plain[index - 1] === 'у');
}

function withoutTail(language: Language, words: readonly string[]): readonly string[] {
  let end = words.length;
  while (end > 0 && afterSubject[language].has(words[end - 1] ?? '')) end -= 1;
  return words.slice(0, end);
}
