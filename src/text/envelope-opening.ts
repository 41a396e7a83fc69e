/**
 * The way from the plain text of an answer to an object that may be its envelope (Envelope 1 and 8): the mark of an action, a list, a
 * fence, the brace and the first key. What turns out to be none goes out as it came. An object that is none, or that stands in the middle
 * of a sentence, is followed to its end as text, so that nothing inside of it counts.
 */
import {
  emptyObjectReader,
  isClosingQuote,
  isQuote,
  type ObjectDraft,
  type ObjectReader,
  takeUnit,
} from './envelope-object.ts';
import {
  answerStart,
  type EnvelopePlace,
  isAnswerStart,
  isLineStart,
  isObjectPlace,
  placeAfter,
} from './envelope-place.ts';

/**
 * Where the reader stands: in text; in the mark of an action, or behind it; behind the bracket of a list; in a run of backticks or tildes,
 * behind an opening fence, behind `{`; in an object that is or may be an envelope, in one that is none; behind one of a list, behind the
 * one of a fence.
 */
export type Mode =
  | 'plain'
  | 'mark'
  | 'marked'
  | 'list'
  | 'ticks'
  | 'fence'
  | 'brace'
  | 'object'
  | 'foreign'
  | 'listEnd'
  | 'fenceEnd';

/** What of the beginning of an object was seen. */
interface Opening {
  readonly phase: 'key' | 'name' | 'colon' | 'value';
  readonly quote: string;
  readonly key: string;
  readonly spaces: number;
  readonly commentChars: number;
}

/** What stands around the object that is being opened or read. */
export interface Wrapping {
  /** An object counts here. */
  readonly isAllowed: boolean;
  readonly isMarked: boolean;
  readonly isListed: boolean;
  readonly tick: '' | '`' | '~';
  readonly ticks: number;
  /** The word behind the fence. */
  readonly info: string;
  /** Where on the line of the fence the reader stands, or below it. */
  readonly phase: 'info' | 'behind' | 'below';
}

/** What was read of an answer, up to its object; plain JSON. */
export interface EnvelopeOpening {
  readonly mode: Mode;
  /** Text held back until it is certain what it is. */
  readonly held: string;
  readonly place: EnvelopePlace;
  /** What will close the code block of the plain text, in which nothing is an envelope; empty outside. */
  readonly codeTick: '' | '`' | '~';
  readonly wrapping: Wrapping;
  readonly opening: Opening;
  readonly object: ObjectReader;
}

/** The scratch pad of one call. */
export type OpeningDraft = { -readonly [Key in keyof Omit<EnvelopeOpening, 'object'>]: EnvelopeOpening[Key] } & {
  object: ObjectDraft;
};

const emptyOpening: Opening = Object.freeze({ phase: 'key', quote: '', key: '', spaces: 0, commentChars: 0 });
export const noWrapping: Wrapping = Object.freeze({
  isAllowed: false,
  isMarked: false,
  isListed: false,
  tick: '',
  ticks: 0,
  info: '',
  phase: 'info',
});

export const envelopeFences: readonly string[] = Object.freeze(['', 'json', 'json5', 'jsonc']);

/** The original's mark of an action in a text. */
export const actionMark = '__MCP__';
const beginsMark = /^(?:_{1,2}|__[A-Z]{1,3}|__[A-Z]{3}_{1,2})$/;

/** White space around a fence, a brace or a key, a run of backticks, a first key; more of it is no envelope. */
export const maxHeldUnits = 64;
const fenceInfoMaxChars = 8;
/** Longer remarks in front of the first key are no remarks of a model. */
const commentMaxChars = 256;

/** How much of an object is waited for before one of its keys is ours: some 4,000 tokens of a model's thoughts in front of its words. */
export const heldMaxChars = 16_384;

export const emptyEnvelopeOpening: EnvelopeOpening = Object.freeze({
  mode: 'plain',
  held: '',
  place: answerStart,
  codeTick: '',
  wrapping: noWrapping,
  opening: emptyOpening,
  object: emptyObjectReader,
});

/** Where plain text ends for which nothing needs to be looked at. */
export function plainEnd(delta: string, start: number): number {
  let end = start;
  while (end < delta.length && !'{[`~_'.includes(delta.charAt(end))) end += 1;
  return end;
}

/** Plain text goes out; what follows it stands in another place. */
export function said(draft: OpeningDraft, text: string): string {
  draft.place = placeAfter(draft.place, text);
  return text;
}

/** One unit before an object, or in one that is none. */
export function takeOpening(draft: OpeningDraft, unit: string): string {
  switch (draft.mode) {
    case 'mark':
      return takeMark(draft, unit);
    case 'marked':
      return takeMarked(draft, unit);
    case 'list':
      return takeList(draft, unit);
    case 'ticks':
      return takeTicks(draft, unit);
    case 'fence':
      return takeFence(draft, unit);
    case 'brace':
      return takeBrace(draft, unit);
    case 'foreign':
      return takeForeign(draft, unit);
    default:
      return takePlain(draft, unit);
  }
}

function takePlain(draft: OpeningDraft, unit: string): string {
  const { codeTick, place } = draft;
  if (unit === '`' || (unit === '~' && (codeTick === '~' || isLineStart(place)))) {
    return hold(draft, 'ticks', unit, { ...noWrapping, isAllowed: isObjectPlace(place), tick: unit, ticks: 1 });
  }
  if (codeTick !== '' || !'{[_'.includes(unit)) return said(draft, unit);
  const isAllowed = isObjectPlace(place);
  if (unit === '{') return begin(draft, 'brace', unit, { ...noWrapping, isAllowed });
  if (unit === '[') return begin(draft, 'list', unit, { ...noWrapping, isAllowed, isListed: true });
  if (!isAllowed) return said(draft, unit);
  return hold(draft, 'mark', unit, { ...noWrapping, isAllowed });
}

/** Holds `unit` back as the beginning, or the next part, of what stands around an object. */
export function hold(draft: OpeningDraft, mode: Mode, unit: string, wrapping = draft.wrapping): '' {
  draft.mode = mode;
  draft.wrapping = wrapping;
  draft.held += unit;
  if (mode === 'brace') beginObject(draft);
  return '';
}

/** The same where an object counts; elsewhere `unit` goes out at once, and what it begins is only followed. */
function begin(draft: OpeningDraft, mode: 'brace' | 'list', unit: string, wrapping = draft.wrapping): string {
  if (wrapping.isAllowed) return hold(draft, mode, unit, wrapping);
  draft.mode = mode;
  draft.wrapping = wrapping;
  draft.opening = emptyOpening;
  if (mode === 'brace') beginObject(draft);
  return said(draft, unit);
}

function beginObject(draft: OpeningDraft): void {
  draft.mode = 'brace';
  draft.opening = emptyOpening;
  draft.object = { ...emptyObjectReader };
  takeUnit(draft.object, '{');
}

/** What was held back is plain text, and so is the code block that it opened; `unit` is looked at anew. */
export function release(draft: OpeningDraft, unit: string): string {
  const { tick, ticks } = draft.wrapping;
  if (tick !== '' && ticks >= 3) draft.codeTick = tick;
  return releaseText(draft) + takePlain(draft, unit);
}

function releaseText(draft: OpeningDraft): string {
  const { held } = draft;
  draft.held = '';
  draft.mode = 'plain';
  draft.wrapping = noWrapping;
  return said(draft, held);
}

function takeMark(draft: OpeningDraft, unit: string): string {
  const mark = draft.held + unit;
  if (mark === actionMark) return hold(draft, 'marked', unit, { ...draft.wrapping, isMarked: true });
  return beginsMark.test(mark) ? hold(draft, 'mark', unit) : release(draft, unit);
}

/** Behind the mark: white space, then what may stand around an object, or the object. */
function takeMarked(draft: OpeningDraft, unit: string): string {
  if (unit === '{') return hold(draft, 'brace', unit);
  if (unit === '[') return hold(draft, 'list', unit, { ...draft.wrapping, isListed: true });
  if (unit === '`' || unit === '~') return hold(draft, 'ticks', unit, { ...draft.wrapping, tick: unit, ticks: 1 });
  const isSpace = /\s/.test(unit) && draft.held.length < actionMark.length + maxHeldUnits;
  return isSpace ? hold(draft, 'marked', unit) : release(draft, unit);
}

function takeList(draft: OpeningDraft, unit: string): string {
  if (unit === '{') return begin(draft, 'brace', unit);
  if (isQuote(unit) || /[[\d-]/.test(unit)) return beginForeignList(draft, unit);
  const { opening, wrapping } = draft;
  if (!/\s/.test(unit) || opening.spaces >= maxHeldUnits) return release(draft, unit);
  const text = begin(draft, 'list', unit, wrapping);
  draft.opening = { ...opening, spaces: opening.spaces + 1 };
  return text;
}

/** A list of something else, in which objects may stand on lines of their own. */
function beginForeignList(draft: OpeningDraft, unit: string): string {
  draft.object = { ...emptyObjectReader };
  return becomeForeign(draft) + takeForeign(draft, unit);
}

function takeTicks(draft: OpeningDraft, unit: string): string {
  const { tick, ticks, isMarked } = draft.wrapping;
  if (unit === tick) {
    draft.held += unit;
    draft.wrapping = { ...draft.wrapping, ticks: ticks + 1 };
    // A run without end is no fence.
    return ticks >= maxHeldUnits ? releaseText(draft) : '';
  }
  if (draft.codeTick !== '') {
    if (ticks >= 3 && draft.codeTick === tick) draft.codeTick = '';
    return releaseText(draft) + takePlain(draft, unit);
  }
  // One pair of backticks around the whole answer is a fence as well.
  if (ticks < 3 && !isMarked && !(tick === '`' && isAnswerStart(draft.place))) return release(draft, unit);
  draft.mode = 'fence';
  draft.opening = emptyOpening;
  return takeFence(draft, unit);
}

function takeFence(draft: OpeningDraft, unit: string): string {
  const { info, phase, ticks, isAllowed } = draft.wrapping;
  const isJson = envelopeFences.includes(info);
  if (unit === '{' || unit === '[') {
    // In the middle of a sentence a fence has an object on a line of its own, or it is code.
    if (!isJson || !(isAllowed || phase === 'below')) return release(draft, unit);
    const isListed = unit === '[';
    return hold(draft, isListed ? 'list' : 'brace', unit, { ...draft.wrapping, isListed, isAllowed: true });
  }
  if (ticks >= 3 && phase === 'info' && info.length < fenceInfoMaxChars && /[A-Za-z0-9]/.test(unit)) {
    return hold(draft, 'fence', unit, { ...draft.wrapping, info: info + unit.toLowerCase() });
  }
  const { spaces } = draft.opening;
  if (!isJson || !/\s/.test(unit) || spaces >= maxHeldUnits) return release(draft, unit);
  draft.opening = { ...draft.opening, spaces: spaces + 1 };
  const isBelow = phase === 'below' || unit === '\n' || unit === '\r';
  // Before the word there may be a space: "``` json".
  const next = isBelow ? 'below' : info === '' ? phase : 'behind';
  return hold(draft, 'fence', unit, { ...draft.wrapping, phase: next });
}

function takeBrace(draft: OpeningDraft, unit: string): string {
  const { isAllowed } = draft.wrapping;
  const next = nextOpening(draft, unit);
  if (next === 'plain') return release(draft, unit);
  takeUnit(draft.object, unit);
  if (isAllowed) draft.held += unit;
  const text = isAllowed ? '' : said(draft, unit);
  if (next !== 'object') draft.opening = next;
  else if (!isAllowed) becomeForeign(draft);
  else {
    draft.mode = 'object';
    if (draft.object.isEnvelope) draft.held = '';
  }
  return text;
}

/** One step through `{ "key" : v`; every step can say that it is plain text. */
function nextOpening({ opening, object }: OpeningDraft, unit: string): Opening | 'object' | 'plain' {
  const { phase, quote, key, spaces } = opening;
  if (object.string?.role === 'comment') return nextInComment(opening, object.string.quote === '', unit);
  if (/\s/.test(unit) && (phase !== 'name' || quote === '')) {
    return spaces >= maxHeldUnits
      ? 'plain'
      : { ...opening, phase: phase === 'name' ? 'colon' : phase, spaces: spaces + 1 };
  }
  switch (phase) {
    case 'key':
      if (isQuote(unit)) return { ...opening, phase: 'name', quote: unit };
      if (unit === '/') return opening;
      return /[\p{L}_$]/u.test(unit) ? { ...opening, phase: 'name', key: unit } : 'plain';
    case 'name':
      if (quote === '' && unit === ':') return { ...opening, phase: 'value' };
      if (quote !== '' && !isEscaped(object) && isClosingQuote(quote, unit)) return { ...opening, phase: 'colon' };
      if (key.length >= maxHeldUnits || (quote === '' ? !/[\p{L}\p{N}_$-]/u.test(unit) : unit === '\n')) return 'plain';
      return { ...opening, key: key + unit };
    case 'colon':
      return unit === ':' ? { ...opening, phase: 'value' } : 'plain';
    case 'value':
      // Under a bare key letters are as likely a type or a phrase: `{text: string}`.
      if (isQuote(unit) || /[{[\d-]/.test(unit)) return 'object';
      return quote === '' || ',:}])'.includes(unit) ? 'plain' : 'object';
  }
}

/** The object is none of ours; it and the list that it stands in are read to their end, so that nothing inside of them counts. */
export function becomeForeign(draft: OpeningDraft): string {
  const { isListed, tick, ticks } = draft.wrapping;
  draft.object.rest = '';
  draft.object.isBehindComma = false;
  draft.object.isBehindLetter = false;
  // All of it is counted, no text of it goes out twice.
  draft.object.hasText = true;
  if (isListed) {
    draft.object.depth += 1;
    draft.object.brackets = `[${draft.object.brackets}`;
  }
  if (tick !== '' && ticks >= 3) draft.codeTick = tick;
  const text = releaseText(draft);
  if (draft.object.depth > 0) draft.mode = 'foreign';
  return text;
}

function isEscaped({ string }: ObjectReader): boolean {
  return string !== null && string.role !== 'comment' && string.escape !== '';
}

/** A remark in front of the first key, of which only the first slash was seen, or more. */
function nextInComment(opening: Opening, isBegun: boolean, unit: string): Opening | 'plain' {
  if (isBegun) return unit === '/' || unit === '*' ? opening : 'plain';
  return opening.commentChars < commentMaxChars ? { ...opening, commentChars: opening.commentChars + 1 } : 'plain';
}

/** To the end of what is none of ours, or as far as one of ours would be waited for: what only looked like JSON may never end. */
function takeForeign(draft: OpeningDraft, unit: string): string {
  takeUnit(draft.object, unit);
  if (draft.object.depth <= 0 || draft.object.rest.length > heldMaxChars) draft.mode = 'plain';
  return said(draft, unit);
}
