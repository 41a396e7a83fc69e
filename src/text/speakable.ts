/**
 * The copy of a sentence for the ear: code blocks, tables and block marks go here, line by line; what is markup inside of a line goes in
 * speech-markup.ts, and which signs are said is told in speech-signs.ts. The user sees the original, so nothing is lost by leaving out.
 * Guarantees: pure, linear, '' if nothing is left that a voice could say. A code block or a table row may stretch over
 * several pieces, therefore the state: plain JSON, one for each answer. It must not be asked to be lossless.
 */

import { withoutMarkup } from './speech-markup.ts';
import { withSpokenSigns } from './speech-signs.ts';

export interface SpeakableState {
  /** The fence that opened the current code block (``` or ~~~), or '' outside. */
  readonly openFence: '' | '```' | '~~~';
  /** The last piece ended inside the row of a table. */
  readonly isInTableRow: boolean;
  /** The next piece goes on in the line of the last one, unless it begins with a line break. */
  readonly isLineOpen: boolean;
}

export const initialSpeakable: SpeakableState = Object.freeze({
  openFence: '',
  isInTableRow: false,
  isLineOpen: false,
});

type Draft = { -readonly [Key in keyof SpeakableState]: SpeakableState[Key] };

/** The speech of one sentence that stands alone. */
export function toSpeakable(sentence: string): string {
  return speak(initialSpeakable, sentence).speech;
}

/** The speech of the next sentence of an answer, '' if there is nothing to say; linear in `sentence`. */
export function speak(state: SpeakableState, sentence: string): { state: SpeakableState; speech: string } {
  if (isPlain(sentence) && state.openFence === '' && !state.isInTableRow) {
    return { state: state.isLineOpen ? state : { ...state, isLineOpen: true }, speech: sentence.trimStart() };
  }
  const draft: Draft = { ...state };
  const parts: string[] = [];
  let last = '';
  let needsStop = false;
  for (const [index, line] of sentence.split(/\r\n?|[\n\u2028\u2029]/).entries()) {
    const isLineStart = index > 0 || !draft.isLineOpen;
    if (isLineStart) draft.isInTableRow = false;
    const isBlock = isLineStart && blockMark.test(line);
    const spoken = spokenLine(draft, line, isLineStart);
    if (spoken === '') {
      needsStop = true;
      continue;
    }
    // Items, headings and paragraphs without a stop: a voice would run them together.
    if (last !== '') parts.push((needsStop || isBlock) && !endsWithStop(last) ? '. ' : ' ');
    parts.push(spoken);
    last = spoken;
    needsStop = isBlock;
  }
  if (sentence !== '') draft.isLineOpen = true;
  return { state: draft, speech: parts.join('') };
}

/**
 * Words with single spaces and ordinary punctuation between them, as most sentences are: nothing below would change such
 * a one (a test compares), and it is known at a tenth of the cost.
 */
const plainSentence = /^ ?[A-Za-zА-Яа-яЁё][A-Za-zА-Яа-яЁё0-9]*(?:(?:[,;:.!?]? |['’-])[A-Za-zА-Яа-яЁё0-9]+)*[.!?]?$/;

/** `turn0search1` is a word to the eye, and a citation to whoever wrote it. */
function isPlain(sentence: string): boolean {
  return plainSentence.test(sentence) && !/turn\d/.test(sentence);
}

const blockMark = /^\s*(?:#{1,6}\s|>(?!\p{N})|[-*+•▪◦‣·]\s|\d{1,3}[.)]\s)/u;
const speakableCharacter = /[\p{L}\p{N}]/u;

function endsWithStop(text: string): boolean {
  return /[.!?…:;,。！？：；，]["'”’»)\]]?$/u.test(text.slice(-2));
}

function spokenLine(draft: Draft, line: string, isLineStart: boolean): string {
  const prose = withoutCode(draft, line, isLineStart);
  if (draft.isInTableRow || (isLineStart && isTableRow(prose))) {
    draft.isInTableRow = true;
    return '';
  }
  const cleaned = withSpokenSigns(withoutMarkup(isLineStart ? withoutBlockMark(prose) : prose));
  return speakableCharacter.test(cleaned) ? cleaned : '';
}

/** Fences that open and close in one line: a piece of code in a sentence, "Run ```npm ci``` now." */
const fencedWords = /(?<!`)`{3,9}(?!`)([^`]+)`{3,9}(?!`)/g;

/** What of the line stands outside of code blocks; keeps track of the fences. */
function withoutCode(draft: Draft, line: string, isLineStart: boolean): string {
  if (!/`{3}|~{3}/.test(line)) return draft.openFence === '' ? line : '';
  let prose = '';
  const text = draft.openFence === '' ? line.replaceAll(fencedWords, '`$1`') : line;
  for (const part of text.split(/(`{3,}|~{3,})/)) {
    const fence = part.startsWith('```') ? '```' : part.startsWith('~~~') ? '~~~' : '';
    // Tildes are a fence at the start of a line only.
    const isFence = fence === '```' || (fence === '~~~' && isLineStart && prose.trim() === '');
    if (!isFence) prose += draft.openFence === '' ? part : '';
    else if (draft.openFence === '') draft.openFence = fence;
    else if (draft.openFence === fence) draft.openFence = '';
  }
  return prose;
}

/** A row begins with a bar and a space, or begins and ends with bars; the line under a header may do without. `|x| < 5` is none. */
function isTableRow(line: string): boolean {
  const trimmed = line.trim();
  if (trimmed.startsWith('|')) return /^\|(?:[\s:-]|$)/.test(trimmed) || trimmed.endsWith('|');
  return trimmed.includes('|') && /^[-:| ]+$/.test(trimmed);
}

function withoutBlockMark(line: string): string {
  return (
    line
      // Not the sign of a number: `>5 %` at the start of a line.
      .replace(/^[\s>]*(?<!>(?=\p{N}))(?:#{1,6}(?=\s)|[-*+•▪◦‣·](?=\s))?\s*/u, '')
      .replace(/^\[[ xX]\]\s/, '')
      .replace(/^\[!(\p{L}{1,20})\]/u, '$1')
      .replace(/^(?:[-*_=]\s?){3,}$/, '')
  );
}
