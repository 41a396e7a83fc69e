/**
 * Tells the words of an answer from the object they may come in. A model answers in plain text, or with one JSON object `{"text",
 * "command", "args"}`, perhaps fenced, perhaps between plain text. What it promises, by number (tests cite them):
 *
 * Envelope 1, plain text: what is no envelope comes out unchanged, character by character, also where it has braces, JSON or code blocks.
 * Held back is only what may still become one: a fence, a bracket, the first key of an object (64 units each), and an object whose keys
 * are others so far (`heldMaxChars`). The client shows what it gets.
 * Envelope 2, the text: the top-level `text` of an object comes out exactly once and while it grows, decoded, whatever the order of keys,
 * and so does that of a second object. The voice begins before the model has finished.
 * Envelope 3, the characters alone: what comes out does not depend on how the answer was split into deltas. Replay relies on it where
 * deltas were joined, and so does the shape of an answer (redaction-shape.ts), with which it does the same.
 * Envelope 4, the command: only from an object that the model closed: one strict parse, then one try at repair of at most 8,192 units,
 * if its brackets match; the first one counts. A command is an action on somebody's computer: none is guessed from half of an object.
 * Envelope 5, broken off: an answer that ends before it is certain keeps what it held back as plain text, unless one of our keys had begun
 * as the first (`{"te`), or the line of a ` ```json ` or the mark of an action is all there is; inside an object it keeps every character
 * of its text that had arrived.
 * Envelope 6, bounds: time is linear in the answer, whatever it is; the state is plain JSON; an object that is longer than 1,048,576
 * units without its text, or nested deeper than 64, loses its command, never its text. A model or whoever speaks through it may be
 * hostile.
 * Envelope 7, quotes (envelope-quotes.ts): quotes that nobody escaped inside a string cost no word of it. Models
 * forget.
 * Envelope 8, the place (envelope-place.ts): an object counts at the beginning of the answer or of a line, and behind a finished
 * sentence. In the middle of a sentence it is text, with all that stands in it.
 *
 * What an envelope is: at such a place, outside a code block, an object that has `text`, `command` or `args` at its top level, with a
 * value that begins as that key's does: a string for text and command, a string, `{` or `[` for args, or `null` under a quoted key. Other
 * keys may come first, in any number that `heldMaxChars` has room for; if none of ours comes, the object is text as it stands. So is
 * what has braces and does not begin as an object does: `{name}`, `{text}`. What goes with it: a fence that says nothing or `json`, a
 * list around it, and the mark `__MCP__` of an action (envelope-fields.ts), whose object names its command otherwise.
 */
import type { ProposedCommand } from './commands.ts';
import { type EnvelopeFields, parsedAction, parsedObject, spokenValue } from './envelope-fields.ts';
import {
  emptyObjectReader,
  envelopeKeys,
  objectMaxChars,
  objectMaxDepth,
  takeUnit,
  undecidedText,
} from './envelope-object.ts';
import {
  becomeForeign,
  type EnvelopeOpening,
  emptyEnvelopeOpening,
  heldMaxChars,
  hold,
  maxHeldUnits,
  noWrapping,
  type OpeningDraft,
  plainEnd,
  release,
  said,
  takeOpening,
  type Wrapping,
} from './envelope-opening.ts';
import { behindObject } from './envelope-place.ts';

export type { ProposedCommand } from './commands.ts';

/** Why an object's command was dropped; `detail` has no words of the model. */
export interface EnvelopeRejection {
  readonly reason:
    | 'unclosed_object'
    | 'malformed_object'
    | 'object_too_large'
    | 'object_too_deep'
    | 'invalid_command'
    | 'second_command';
  readonly detail: string;
}

/** Plain JSON; make one from `emptyAnswerEnvelope` and treat its fields as private. */
export interface AnswerEnvelope extends EnvelopeOpening {
  readonly command: ProposedCommand | null;
  readonly rejected: EnvelopeRejection | null;
}

export const emptyAnswerEnvelope: AnswerEnvelope = Object.freeze({
  ...emptyEnvelopeOpening,
  command: null,
  rejected: null,
});

type Draft = OpeningDraft & { -readonly [Key in 'command' | 'rejected']: AnswerEnvelope[Key] };

/** Adds a delta of any size; `text` is what can be spoken now. Time is linear in `delta`. */
export function pushAnswer(envelope: AnswerEnvelope, delta: string): { envelope: AnswerEnvelope; text: string } {
  const draft: Draft = { ...envelope, object: { ...envelope.object } };
  let text = '';
  for (let index = 0; index < delta.length; ) {
    const end = draft.mode === 'plain' ? plainEnd(delta, index) : index;
    if (end > index) {
      text += said(draft, delta.slice(index, end));
      index = end;
    } else {
      text += takeAnswerUnit(draft, delta.charAt(index));
      index += 1;
    }
  }
  return { envelope: draft, text };
}

/** Ends the answer: the last text, the command if there is a good one, and why one was dropped. */
export function finishAnswer(envelope: AnswerEnvelope): {
  envelope: AnswerEnvelope;
  text: string;
  command: ProposedCommand | null;
  rejected: EnvelopeRejection | null;
} {
  const isCutOff = isInsideEnvelope(envelope);
  const rejected =
    envelope.rejected ??
    (isCutOff ? { reason: 'unclosed_object' as const, detail: 'the answer ended inside its object' } : null);
  const isBehind = envelope.mode === 'listEnd' || envelope.mode === 'fenceEnd';
  const text = isCutOff ? undecidedText(envelope.object) : isBehind ? '' : envelope.held;
  return { envelope: { ...emptyAnswerEnvelope }, text, command: envelope.command, rejected };
}

/** In an object, or in held back text that can only be the beginning of one: nobody wants to hear `{"te` or "json". */
function isInsideEnvelope({ mode, object, wrapping, opening }: AnswerEnvelope): boolean {
  switch (mode) {
    case 'object':
      return object.isEnvelope || wrapping.isMarked;
    case 'fence':
      return wrapping.isMarked || (wrapping.phase !== 'info' && wrapping.info !== '' && wrapping.isAllowed);
    case 'brace': {
      const isOurs = opening.key !== '' && envelopeKeys.some((known) => known.startsWith(opening.key));
      return wrapping.isMarked || (wrapping.isAllowed && isOurs && (opening.quote !== '' || opening.phase !== 'name'));
    }
    case 'marked':
    case 'list':
    case 'ticks':
      return wrapping.isMarked;
    case 'plain':
    case 'mark':
    case 'foreign':
    case 'listEnd':
    case 'fenceEnd':
      return false;
  }
}

function takeAnswerUnit(draft: Draft, unit: string): string {
  switch (draft.mode) {
    case 'object':
      return takeObject(draft, unit);
    case 'listEnd':
      return takeListEnd(draft, unit);
    case 'fenceEnd':
      return takeFenceEnd(draft, unit);
    default:
      return takeOpening(draft, unit);
  }
}

function takeObject(draft: Draft, unit: string): string {
  const { object } = draft;
  if (!object.isEnvelope) draft.held += unit;
  const text = takeUnit(object, unit);
  if (object.isEnvelope) draft.held = '';
  if (object.depth === 0) return text + closeObject(draft);
  const isGivenUp = !object.isEnvelope && (object.isTooDeep || draft.held.length > heldMaxChars);
  return isGivenUp ? becomeForeign(draft) : text;
}

/** The model closed the object: take its command, and its text if that did not stream. */
function closeObject(draft: Draft): string {
  const { object, wrapping } = draft;
  const action = object.isEnvelope ? null : parsedAction(object.rest, wrapping.isMarked);
  if (!object.isEnvelope && action === null) return becomeForeign(draft);
  draft.object = { ...emptyObjectReader };
  draft.place = behindObject;
  leaveObject(draft, wrapping);
  if (object.isTooLarge)
    return drop(draft, 'object_too_large', `the object is longer than ${objectMaxChars} characters`);
  if (object.isTooDeep) return drop(draft, 'object_too_deep', `the object is nested deeper than ${objectMaxDepth}`);
  const mayRepair = draft.command === null && draft.rejected === null;
  const fields = action ?? parsedObject(object.rest, { isMarked: wrapping.isMarked, mayRepair });
  if (fields === null) return drop(draft, 'malformed_object', 'the object is closed, but no JSON and beyond repair');
  takeCommand(draft, fields);
  return object.hasText ? '' : spokenValue(fields.text);
}

/** What stands around an object ends behind it: the list first, then the fence. */
function leaveObject(draft: Draft, wrapping: Wrapping): void {
  draft.held = '';
  if (wrapping.isListed) draft.mode = 'listEnd';
  else draft.mode = wrapping.tick === '' ? 'plain' : 'fenceEnd';
  draft.wrapping = draft.mode === 'plain' ? noWrapping : wrapping;
}

function drop(draft: Draft, reason: EnvelopeRejection['reason'], detail: string): '' {
  draft.rejected ??= { reason, detail };
  return '';
}

function takeCommand(draft: Draft, fields: EnvelopeFields): void {
  const name = fields.command;
  if (name === undefined || name === null || name === false) return;
  if (typeof name !== 'string') drop(draft, 'invalid_command', 'command must be a string');
  else if (name.trim() === '') return;
  else if (draft.command !== null) drop(draft, 'second_command', 'an earlier object had a command');
  else draft.command = { name, args: fields.args ?? {} };
}

/** Behind an object of a list: the next one, or the bracket that closes it, which goes with it. */
function takeListEnd(draft: Draft, unit: string): string {
  const { held } = draft;
  const hasComma = held.includes(',');
  if (unit === ']' && !hasComma) {
    leaveObject(draft, { ...draft.wrapping, isListed: false });
    return '';
  }
  if (unit === '{' && hasComma) {
    draft.held = '';
    hold(draft, 'brace', unit);
    return ' ';
  }
  const isNext = /\s/.test(unit) || (unit === ',' && !hasComma);
  if (isNext && held.length < maxHeldUnits) return hold(draft, 'listEnd', unit);
  draft.wrapping = noWrapping;
  return release(draft, unit);
}

/** After a fenced object the closing fence goes with it; anything else is plain text. */
function takeFenceEnd(draft: Draft, unit: string): string {
  const { tick, ticks } = draft.wrapping;
  const isNext = unit === tick || (/\s/.test(unit) && !draft.held.includes(tick));
  if (!isNext || draft.held.length >= maxHeldUnits) {
    // The fence was never closed, or closes later: from here on it is not ours.
    draft.wrapping = noWrapping;
    return release(draft, unit);
  }
  draft.held += unit;
  if (!draft.held.endsWith(tick.repeat(ticks))) return '';
  draft.held = '';
  draft.mode = 'plain';
  draft.wrapping = noWrapping;
  return '';
}
