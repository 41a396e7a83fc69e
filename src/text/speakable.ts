/**
 * The copy of a sentence for the ear: markdown, code blocks, tables, bare URLs, emoji and stray symbols go, words,
 * digits, currency, percent and apostrophes stay. The user sees the original, so nothing is lost by leaving out.
 * Guarantees: pure, linear, '' if nothing is left that a voice could say. A code block or a table row may stretch over
 * several pieces, therefore the state: plain JSON, one for each answer. It must not be asked to be lossless.
 */

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
  if (plainSentence.test(sentence) && state.openFence === '' && !state.isInTableRow) {
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

const blockMark = /^\s*(?:#{1,6}\s|>|[-*+•▪◦‣·]\s|\d{1,3}[.)]\s)/;
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
  const cleaned = withoutSymbols(withoutMarkup(isLineStart ? withoutBlockMark(prose) : prose));
  return speakableCharacter.test(cleaned) ? cleaned : '';
}

/** What of the line stands outside of code blocks; keeps track of the fences. */
function withoutCode(draft: Draft, line: string, isLineStart: boolean): string {
  let prose = '';
  for (const part of line.split(/(`{3,}|~{3,})/)) {
    const fence = part.startsWith('```') ? '```' : part.startsWith('~~~') ? '~~~' : '';
    // Tildes are a fence at the start of a line only.
    const isFence = fence === '```' || (fence === '~~~' && isLineStart && prose.trim() === '');
    if (!isFence) prose += draft.openFence === '' ? part : '';
    else if (draft.openFence === '') draft.openFence = fence;
    else if (draft.openFence === fence) draft.openFence = '';
  }
  return prose;
}

/** A row begins with a bar; the line under a header may do without. */
function isTableRow(line: string): boolean {
  const trimmed = line.trim();
  return trimmed.startsWith('|') || (trimmed.includes('|') && /^[-:| ]+$/.test(trimmed));
}

function withoutBlockMark(line: string): string {
  return line
    .replace(/^[\s>]*(?:#{1,6}(?=\s)|[-*+•▪◦‣·](?=\s))?\s*/u, '')
    .replace(/^\[[ xX]\]\s/, '')
    .replace(/^(?:[-*_=]\s?){3,}$/, '');
}

/** Links give their text, code its content, tags and addresses nothing. */
function withoutMarkup(line: string): string {
  return line
    .replaceAll(/!?\[([^[\]]*)\]\((?:[^()\s]|\([^()\s]*\))*(?:\s"[^"]*")?\)/g, '$1')
    .replaceAll(/\[\^[^[\]]*\]/g, '')
    .replaceAll(/\[([^[\]]+)\]\[[^[\]]*\]/g, '$1')
    .replaceAll(/<(?:https?:\/\/|mailto:)[^<>\s]*>/gi, ' ')
    .replaceAll(/(?<![\p{L}\p{N}])(?:(?:https?|ftp):\/\/|www\.)[^\s<>"'«»“”`]+/giu, urlRemainder)
    .replaceAll(/<\/?[A-Za-z][^<>]{0,200}>/g, ' ')
    .replaceAll(/&(amp|lt|gt|quot|apos|nbsp|#39);/g, (_entity, name: string) => entityText(name));
}

/** The punctuation behind an address belongs to the sentence. */
function urlRemainder(url: string): string {
  let end = url.length;
  while (end > 0 && '.,;:!?…)]}*_'.includes(url.charAt(end - 1))) end -= 1;
  return ` ${url.slice(end)}`;
}

function entityText(name: string): string {
  if (name === 'amp') return '&';
  if (name === 'quot') return '"';
  return name === 'apos' || name === '#39' ? "'" : ' ';
}

const emoji =
  /\p{Extended_Pictographic}|\p{Regional_Indicator}|\p{Emoji_Modifier}|\ufe0e|\ufe0f|\u20e3|[\u{e0020}-\u{e007f}]/gu;

const arrowsBoxesAndBullets = /[\u2190-\u21ff\u2500-\u25ff\u2022\u00b7\ufffd]/gu;

function withoutSymbols(line: string): string {
  return (
    line
      .replaceAll(emoji, ' ')
      // Zero width characters, soft hyphens, controls: a voice stumbles over what nobody sees.
      .replaceAll(/[\p{Cf}\p{Cs}\p{Co}]/gu, '')
      .replaceAll(/\p{Cc}/gu, ' ')
      .replaceAll(/\\(?=[\p{P}\p{S}])/gu, '')
      .replaceAll(/(?<=\p{N}\s?)\*(?=\s?\p{N})/gu, '×')
      .replaceAll(/(?<![\p{L}\p{N}])_+|_+(?![\p{L}\p{N}])/gu, '')
      .replaceAll('#', hashOrNothing)
      .replaceAll(/[*`~]/g, '')
      .replaceAll(/[|\\^<>{}[\]]/g, ' ')
      .replaceAll(arrowsBoxesAndBullets, ' ')
      .replaceAll(/\(\s*\)|"\s*"|«\s*»|“\s*”/g, ' ')
      .replaceAll(/\s+/g, ' ')
      .replaceAll(/ (?=[,.!?;:…)»”])(?!\.[\p{L}\p{N}])/gu, '')
      .trim()
  );
}

/** `#1` and `C#` are said, `#tag` loses its mark. */
function hashOrNothing(mark: string, offset: number, text: string): string {
  const isSaid = /\p{N}/u.test(text.charAt(offset + 1)) || /[A-Za-z]/.test(text.charAt(offset - 1));
  return isSaid ? mark : '';
}
