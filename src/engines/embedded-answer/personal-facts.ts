/**
 * What people say of themselves ("My favourite colour is purple", "Меня зовут Анна"): notes a statement, and says it again
 * when asked ("What is my favourite colour?", "Как зовут мою собаку?"). The latest statement counts. Only an utterance that
 * is such a question from end to end is one: every word before the "my" is on a list. Pure, and linear in the words. A
 * statement is never taken apart: it is found by its subject and said again as a whole, so nothing is concluded from it
 * that was not said.
 */
import {
  abbreviations,
  afterSubject,
  askingWords,
  besideAsking,
  copulas,
  nameLeads,
  nameQuestions,
  nameSubject,
  ownWords,
  spellings,
  statementLeads,
  tellings,
  turned,
  wishes,
  yours,
} from './personal-words.ts';
import { type Core, hasSentenceEnd } from './politeness.ts';
import { texts, withoutBraces } from './texts.ts';
import { capitalised, isCapitalised, type Language, readUtterance, type Utterance, type Word } from './utterance.ts';

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
function factQuestionOf(language: Language, core: Core): readonly (readonly string[])[] | undefined {
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

/** Nobody says a fact at greater length, and a question for it would not find it. */
const MAX_STATEMENT_WORDS = 40;
const MAX_LEADS = 4;

/** A sentence about who speaks. */
interface Statement {
  readonly language: Language;
  readonly words: readonly Word[];
  /** Where the "my" of it stands, or where the name begins. */
  readonly at: number;
  /** `subject` and then what it is; that and then `subject`; or a name alone. */
  readonly form: 'subjectFirst' | 'subjectLast' | 'name';
  /** The sentence as the answerer says it, with a capital and without its end mark. */
  readonly restated: string;
}

/** What an utterance says of its speaker. */
interface Statements {
  /** In their order. */
  readonly statements: readonly Statement[];
  /** Whether it says nothing else. */
  readonly isAll: boolean;
}

/** Finds every statement of an utterance; questions and wishes are none. */
function statementsOf(utterance: Utterance): Statements {
  if (utterance.isLong) return { statements: [], isAll: false };
  const sentences = sentencesOf(utterance);
  const statements = sentences.flatMap(({ words, isQuestion }) =>
    isQuestion ? [] : (statementOf(utterance, words) ?? []),
  );
  return { statements, isAll: statements.length > 0 && statements.length === sentences.length };
}

/** Whether the statement says what `subject` (see `subjectWord`) is. */
function isAbout({ language, words, at, form }: Statement, subject: readonly string[]): boolean {
  if (form === 'name') return subject.length === 1 && subject[0] === nameSubject[language];
  const said = words.map(({ plain }) => subjectWord(plain));
  const begin = at + 1;
  const end = begin + subject.length;
  if (form === 'subjectLast') return end === said.length && isSame(said.slice(begin, end), subject);
  if (isSame(said.slice(begin, end), subject)) {
    return language === 'ru' ? end < said.length : copulas.en.has(said[end] ?? '') && end + 1 < said.length;
  }
  // "My name's Anna".
  const [last = ''] = subject.slice(-1);
  return (
    language === 'en' && end < said.length && isSame(said.slice(begin, end), [...subject.slice(0, -1), `${last}'s`])
  );
}

/** The form in which words of a subject are compared. */
function subjectWord(plain: string): string {
  return spellings.get(plain) ?? plain;
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((word, index) => word === other[index]);
}

interface Sentence {
  readonly words: readonly Word[];
  readonly isQuestion: boolean;
}

function sentencesOf({ words, prompt }: Utterance): readonly Sentence[] {
  const sentences: Sentence[] = [];
  let sentence: Word[] = [];
  for (const [index, word] of words.entries()) {
    sentence.push(word);
    const next = words[index + 1];
    const isInside = next !== undefined && (next.markBefore !== '.' || abbreviations.has(word.plain));
    if (isInside) continue;
    sentences.push({ words: sentence, isQuestion: prompt.slice(endOf(word), next?.start).includes('?') });
    sentence = [];
  }
  return sentences;
}

function statementOf(utterance: Utterance, sentence: readonly Word[]): Statement | undefined {
  const { prompt, language } = utterance;
  const words = sentence.slice(leadLength(language, sentence));
  if (words.length > MAX_STATEMENT_WORDS || (language === 'ru' && words.some(({ plain }) => wishes.has(plain))))
    return undefined;
  const nameAt = nameLeads[language].matchAt(words, 0);
  const name = words[nameAt];
  // "Call me Anna", but not "call me later".
  if (nameAt > 0 && name !== undefined && (language === 'ru' || isCapitalised(name, utterance))) {
    return { language, words, at: nameAt, form: 'name', restated: nameOf(prompt, language, words.slice(nameAt)) };
  }
  const form = formOf(language, words);
  return form === undefined ? undefined : { language, words, ...form, restated: restated(prompt, language, words) };
}

function leadLength(language: Language, words: readonly Word[]): number {
  let length = 0;
  for (let leads = 0; leads < MAX_LEADS; leads += 1) {
    const lead = statementLeads[language].matchAt(words, length);
    if (lead === 0) break;
    length += lead;
  }
  return length;
}

function formOf(language: Language, words: readonly Word[]): Pick<Statement, 'at' | 'form'> | undefined {
  const plain = words.map((word) => word.plain);
  const copula = plain.findIndex((word) => copulas[language].has(word));
  const isPossessive = (index: number): boolean => yours[language].has(plain[index] ?? '');
  const meAt = language === 'ru' && plain[0] === 'у' && plain[1] === 'меня' ? 1 : 0;
  if (isPossessive(0) || meAt === 1) {
    // Russian needs no word between a thing and what it is.
    const isComplete =
      language === 'ru' ? words.length > meAt + 2 : (copula > 1 && copula + 1 < words.length) || isShortForm(plain);
    return isComplete ? { at: meAt, form: 'subjectFirst' } : undefined;
  }
  const at = plain.findIndex((_word, index) => isPossessive(index));
  if (at < 1 || at + 1 >= words.length) return undefined;
  const isSetOff = words[at]?.markBefore === ':' && at > 0;
  const isLinked = (copula > 0 && copula === at - 1) || (language === 'ru' && isSetOff);
  return isLinked && !pointing.has(plain[0] ?? '') ? { at, form: 'subjectLast' } : undefined;
}

/** "My name's Anna": the copula hangs on the subject. */
function isShortForm(plain: readonly string[]): boolean {
  return plain.length > 2 && /'s$/.test(plain[1] ?? '') && !plain.some((word) => copulas.en.has(word));
}

/** What stands for something that only the speaker sees, or asks. */
const pointing: ReadonlySet<string> = new Set([
  ...['this', 'that', 'it', 'these', 'those', 'here', 'there', 'what', 'who', 'where', 'when', 'which', 'how', 'why'],
  ...[
    'это',
    'вот',
    'то',
    'тут',
    'там',
    'что',
    'кто',
    'где',
    'когда',
    'какой',
    'какая',
    'какое',
    'какие',
    'как',
    'почему',
  ],
]);

function nameOf(prompt: string, language: Language, name: readonly Word[]): string {
  const spoken = prompt.slice(name[0]?.start, endOf(name.at(-1)));
  return language === 'ru' ? `Вас зовут ${spoken}` : `Your name is ${spoken}`;
}

/** The sentence from the other side; quoted where that would take more than to turn a word. */
function restated(prompt: string, language: Language, words: readonly Word[]): string {
  const begin = words[0]?.start ?? 0;
  const end = endOf(words.at(-1));
  const isMine = (word: Word, index: number): boolean => ownWords[language].has(word.plain) && index > 0;
  if (words.some(isMine)) {
    const quoted = prompt.slice(begin, end);
    return language === 'ru' ? `Вы сказали: «${quoted}»` : `You said: “${quoted}”`;
  }
  let text = '';
  let until = begin;
  for (const word of words) {
    const other = yours[language].get(word.plain) ?? turned[language].get(word.plain);
    text += prompt.slice(until, word.start) + (other ?? word.spoken);
    until = endOf(word);
  }
  return capitalised(text);
}

function endOf(word: Word | undefined): number {
  return word === undefined ? 0 : word.start + word.spoken.length;
}
