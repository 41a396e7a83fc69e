/**
 * What people say of themselves: "My favourite colour is purple", "Purple is my favourite colour", "Меня зовут Анна".
 * Pure, and linear in the words. A statement is never taken apart: it is found by its subject and said again as a
 * whole, so nothing is concluded from it that was not said.
 */
import {
  abbreviations,
  copulas,
  nameLeads,
  nameSubject,
  ownWords,
  spellings,
  statementLeads,
  turned,
  wishes,
  yours,
} from './personal-words.ts';
import { capitalised, isCapitalised, type Language, type Utterance, type Word } from './utterance.ts';

/** Nobody says a fact at greater length, and a question for it would not find it. */
const MAX_STATEMENT_WORDS = 40;
const MAX_LEADS = 4;

/** A sentence about who speaks. */
export interface Statement {
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
export interface Statements {
  /** In their order. */
  readonly statements: readonly Statement[];
  /** Whether it says nothing else. */
  readonly isAll: boolean;
}

/** Finds every statement of an utterance; questions and wishes are none. */
export function statementsOf(utterance: Utterance): Statements {
  if (utterance.isLong) return { statements: [], isAll: false };
  const sentences = sentencesOf(utterance);
  const statements = sentences.flatMap(({ words, isQuestion }) =>
    isQuestion ? [] : (statementOf(utterance, words) ?? []),
  );
  return { statements, isAll: statements.length > 0 && statements.length === sentences.length };
}

/** Whether the statement says what `subject` (see `subjectWord`) is. */
export function isAbout({ language, words, at, form }: Statement, subject: readonly string[]): boolean {
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
export function subjectWord(plain: string): string {
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
