/**
 * Tells the words of an answer from the object they may come in. A model answers in plain text, or with one JSON object `{"text",
 * "command", "args"}`, perhaps fenced, perhaps between plain text. What it promises, by number (tests cite them):
 *
 * Envelope 1, plain text: what is no envelope comes out unchanged, character by character, also where it has braces, JSON or code blocks;
 * at most the beginning of an object or a fence is held back (64 spaces, 64 backticks, 8 letters). The client shows what it gets.
 * Envelope 2, the text: the top-level `text` of an object comes out exactly once and while it grows, decoded, whatever the order of keys,
 * and so does that of a second object. The voice begins before the model has finished.
 * Envelope 3, the characters alone: what comes out does not depend on how the answer was split into deltas. Replay relies on it where
 * deltas were joined, and so does the shape of an answer (redaction-shape.ts), with which it does the same.
 * Envelope 4, the command: only from an object that the model closed: one strict parse, then one try at repair of at most 8,192 units;
 * the first one counts. A command is an action on somebody's computer: none is guessed from half of an object.
 * Envelope 5, broken off: an answer that ends before it is certain keeps what it held back as plain text, unless the first key had begun
 * (`{"te`) or the line of a ` ```json ` is all there is; inside an object it keeps every character of its text that had arrived.
 * Envelope 6, bounds: time is linear in the answer, whatever it is; the state is plain JSON; an object that is longer than 1,048,576
 * units without its text, or nested deeper than 64, loses its command, never its text. A model or whoever speaks through it may be
 * hostile.
 * Envelope 7, quotes (envelope-object.ts): quotes that nobody escaped inside a string cost no word of it. Models
 * forget.
 *
 * What an envelope is: outside a code block, `{`, then (after at most 64 spaces) `text`, `command` or `args` as the first key (quoted,
 * single-quoted or bare), `:`, and a value that begins as that key's does: a string for text and command, a string, `{` or `[` for args,
 * or `null` under a quoted key. Everything else that has braces is plain text: `{name}`, `{"a": 1}`, `{text}`. A fence is removed only if
 * it says nothing or `json` and an envelope follows at once.
 */
import { jsonrepair } from 'jsonrepair';
import type { ProposedCommand } from './commands.ts';
import {
  emptyObjectReader,
  type ObjectDraft,
  type ObjectReader,
  objectMaxChars,
  objectMaxDepth,
  takeUnit,
} from './envelope-object.ts';

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

/** Where the reader stands: in text, in a run of backticks, behind an opening fence, behind `{`, in or behind an object. */
type Mode = 'plain' | 'ticks' | 'fence' | 'brace' | 'object' | 'fenceEnd';

/** What of the beginning of an envelope was seen. */
interface Opening {
  readonly phase: 'key' | 'name' | 'colon' | 'value';
  readonly quote: string;
  readonly key: string;
  readonly spaces: number;
}

/** Plain JSON; make one from `emptyAnswerEnvelope` and treat its fields as private. */
export interface AnswerEnvelope {
  readonly mode: Mode;
  /** Text held back until it is certain what it is. */
  readonly held: string;
  /** The word behind an opening fence. */
  readonly fenceInfo: string;
  /** The object being opened or read stands in a fence that was removed. */
  readonly isFenced: boolean;
  /** Inside a code block of the plain text nothing is an envelope. */
  readonly isInCode: boolean;
  readonly opening: Opening;
  readonly object: ObjectReader;
  readonly command: ProposedCommand | null;
  readonly rejected: EnvelopeRejection | null;
}

const emptyOpening: Opening = Object.freeze({ phase: 'key', quote: '', key: '', spaces: 0 });

export const emptyAnswerEnvelope: AnswerEnvelope = Object.freeze({
  mode: 'plain',
  held: '',
  fenceInfo: '',
  isFenced: false,
  isInCode: false,
  opening: emptyOpening,
  object: emptyObjectReader,
  command: null,
  rejected: null,
});

export const envelopeKeys: readonly string[] = Object.freeze(['text', 'command', 'args']);
export const envelopeFences: readonly string[] = Object.freeze(['', 'json', 'json5', 'jsonc']);

/** White space around a fence, a brace or a key; more of it is no envelope. */
const maxHeldSpaces = 64;
const fenceInfoMaxChars = 8;

/** Repair takes up to 30 µs for a character of hostile input: what is larger is not worth holding up everybody, and no command is. */
const repairMaxChars = 8_192;

type Draft = { -readonly [Key in keyof Omit<AnswerEnvelope, 'object'>]: AnswerEnvelope[Key] } & { object: ObjectDraft };

/** Adds a delta of any size; `text` is what can be spoken now. Time is linear in `delta`. */
export function pushAnswer(envelope: AnswerEnvelope, delta: string): { envelope: AnswerEnvelope; text: string } {
  const draft: Draft = { ...envelope, object: { ...envelope.object } };
  let text = '';
  for (let index = 0; index < delta.length; index += 1) text += takeAnswerUnit(draft, delta.charAt(index));
  return { envelope: draft, text };
}

/** Ends the answer: the last text, the command if there is a good one, and why one was dropped. */
export function finishAnswer(envelope: AnswerEnvelope): {
  envelope: AnswerEnvelope;
  text: string;
  command: ProposedCommand | null;
  rejected: EnvelopeRejection | null;
} {
  const isCutOff = envelope.mode === 'object' || isCutOffOpening(envelope);
  const rejected =
    envelope.rejected ??
    (isCutOff ? { reason: 'unclosed_object' as const, detail: 'the answer ended inside its object' } : null);
  const text = isCutOff || envelope.mode === 'fenceEnd' ? '' : envelope.held;
  return { envelope: { ...emptyAnswerEnvelope }, text, command: envelope.command, rejected };
}

/** Nobody wants to hear `{"te` or "json": held back text that can only be the beginning of an envelope. */
function isCutOffOpening(envelope: AnswerEnvelope): boolean {
  if (envelope.mode === 'fence') return envelope.opening.spaces > 0 && isJsonFence(envelope.fenceInfo);
  const { quote, key, phase } = envelope.opening;
  return envelope.mode === 'brace' && key !== '' && (quote !== '' || phase !== 'name');
}

function isJsonFence(info: string): boolean {
  return info !== '' && envelopeFences.includes(info);
}

function takeAnswerUnit(draft: Draft, unit: string): string {
  switch (draft.mode) {
    case 'plain':
      return takePlain(draft, unit);
    case 'ticks':
      return takeTicks(draft, unit);
    case 'fence':
      return takeFence(draft, unit);
    case 'brace':
      return takeBrace(draft, unit);
    case 'object':
      return takeObject(draft, unit);
    case 'fenceEnd':
      return takeFenceEnd(draft, unit);
  }
}

function takePlain(draft: Draft, unit: string): string {
  if (unit === '`') draft.mode = 'ticks';
  else if (unit === '{' && !draft.isInCode) openBrace(draft);
  else return unit;
  draft.held += unit;
  return '';
}

function openBrace(draft: Draft): void {
  draft.mode = 'brace';
  draft.opening = emptyOpening;
}

/** What was held back is plain text; `unit` is looked at anew. */
function release(draft: Draft, unit: string): string {
  const { held } = draft;
  draft.held = '';
  draft.mode = 'plain';
  draft.isFenced = false;
  return held + takePlain(draft, unit);
}

function takeTicks(draft: Draft, unit: string): string {
  if (unit === '`') {
    draft.held += unit;
    return draft.held.length > maxHeldSpaces ? releaseTicks(draft) : '';
  }
  if (draft.held.length < 3) return release(draft, unit);
  if (draft.isInCode) {
    draft.isInCode = false;
    return release(draft, unit);
  }
  draft.mode = 'fence';
  draft.fenceInfo = '';
  draft.opening = emptyOpening;
  return takeFence(draft, unit);
}

/** A run of backticks without end is no fence. */
function releaseTicks(draft: Draft): string {
  const { held } = draft;
  draft.held = '';
  draft.mode = 'plain';
  return held;
}

function takeFence(draft: Draft, unit: string): string {
  const isInfo = /[A-Za-z0-9]/.test(unit) && draft.opening.spaces === 0 && draft.fenceInfo.length < fenceInfoMaxChars;
  const isSpace = /\s/.test(unit) && draft.opening.spaces < maxHeldSpaces;
  const isJson = envelopeFences.includes(draft.fenceInfo);
  if (isInfo) draft.fenceInfo += unit.toLowerCase();
  else if (isSpace && isJson) draft.opening = { ...draft.opening, spaces: draft.opening.spaces + 1 };
  else if (unit === '{' && isJson) {
    openBrace(draft);
    draft.isFenced = true;
  } else return releaseCode(draft, unit);
  draft.held += unit;
  return '';
}

function releaseCode(draft: Draft, unit: string): string {
  draft.isInCode = true;
  return release(draft, unit);
}

function takeBrace(draft: Draft, unit: string): string {
  const next = nextOpening(draft.opening, unit);
  if (next === 'envelope') return openObject(draft, unit);
  if (next === 'plain') return draft.isFenced ? releaseCode(draft, unit) : release(draft, unit);
  draft.opening = next;
  draft.held += unit;
  return '';
}

/** One step through `{ "key" : v`; every step can say that it is plain text. */
function nextOpening(opening: Opening, unit: string): Opening | 'envelope' | 'plain' {
  const { phase, quote, key, spaces } = opening;
  if (/\s/.test(unit) && (phase !== 'name' || quote === '')) {
    if (spaces >= maxHeldSpaces) return 'plain';
    if (phase !== 'name') return { ...opening, spaces: spaces + 1 };
    return envelopeKeys.includes(key) ? { ...opening, phase: 'colon', spaces: spaces + 1 } : 'plain';
  }
  switch (phase) {
    case 'key':
      if (unit === '"' || unit === "'") return { ...opening, phase: 'name', quote: unit };
      return nextInName({ ...opening, phase: 'name' }, unit);
    case 'name':
      return nextInName(opening, unit);
    case 'colon':
      return unit === ':' ? { ...opening, phase: 'value' } : 'plain';
    case 'value':
      return isValueStart(opening, unit) ? 'envelope' : 'plain';
  }
}

function nextInName(opening: Opening, unit: string): Opening | 'plain' {
  const isWhole = envelopeKeys.includes(opening.key);
  if (opening.quote !== '' && unit === opening.quote) return isWhole ? { ...opening, phase: 'colon' } : 'plain';
  if (opening.quote === '' && unit === ':') return isWhole ? { ...opening, phase: 'value' } : 'plain';
  const key = opening.key + unit;
  return envelopeKeys.some((known) => known.startsWith(key)) ? { ...opening, key } : 'plain';
}

function isValueStart(opening: Opening, unit: string): boolean {
  if (unit === '"' || unit === "'") return true;
  // null, or None as Python writes it.
  if (unit === 'n' || unit === 'N') return opening.quote !== '';
  return opening.key === 'args' && (unit === '{' || unit === '[');
}

function openObject(draft: Draft, unit: string): string {
  const units = draft.held.slice(draft.held.indexOf('{')) + unit;
  draft.mode = 'object';
  draft.held = '';
  draft.object = { ...emptyObjectReader };
  let text = '';
  for (const part of units) text += takeObject(draft, part);
  return text;
}

function takeObject(draft: Draft, unit: string): string {
  const text = takeUnit(draft.object, unit);
  return draft.object.depth > 0 ? text : text + closeObject(draft);
}

/** The model closed the object: take its command, and its text if that did not stream. */
function closeObject(draft: Draft): string {
  const { object } = draft;
  draft.object = { ...emptyObjectReader };
  draft.mode = draft.isFenced ? 'fenceEnd' : 'plain';
  if (object.isTooLarge)
    return drop(draft, 'object_too_large', `the object is longer than ${objectMaxChars} characters`);
  if (object.isTooDeep) return drop(draft, 'object_too_deep', `the object is nested deeper than ${objectMaxDepth}`);
  const fields = parsedObject(object.rest, draft.command === null && draft.rejected === null);
  if (fields === null) return drop(draft, 'malformed_object', 'the object is closed, but no JSON and beyond repair');
  takeCommand(draft, fields);
  return object.hasText ? '' : spokenValue(fields.text);
}

function drop(draft: Draft, reason: EnvelopeRejection['reason'], detail: string): '' {
  draft.rejected ??= { reason, detail };
  return '';
}

/** What of a `text` that is no string can be said: a number, or the parts of a list. */
function spokenValue(value: unknown): string {
  if (Array.isArray(value)) return value.map(spokenValue).join(' ').trim();
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function takeCommand(draft: Draft, fields: EnvelopeFields): void {
  const name = fields.command;
  if (name === undefined || name === null || name === false) return;
  if (typeof name !== 'string') drop(draft, 'invalid_command', 'command must be a string');
  else if (name.trim() === '') return;
  else if (draft.command !== null) drop(draft, 'second_command', 'an earlier object had a command');
  else draft.command = { name, args: fields.args ?? {} };
}

/** The fields that matter, of whatever type the model gave them. */
interface EnvelopeFields {
  readonly text?: unknown;
  readonly command?: unknown;
  readonly args?: unknown;
}

/** An answer has one command: what comes after it, or after an object that was beyond repair, is not worth one. */
function parsedObject(source: string, mayRepair: boolean): EnvelopeFields | null {
  const strict = parsed(source);
  if (strict !== undefined) return objectOrNull(strict);
  if (!mayRepair || source.length > repairMaxChars) return null;
  try {
    return objectOrNull(parsed(jsonrepair(source)));
  } catch {
    return null;
  }
}

function parsed(source: string): unknown {
  try {
    return JSON.parse(source);
  } catch {
    return undefined;
  }
}

function objectOrNull(value: unknown): EnvelopeFields | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
}

/** After a fenced object the closing fence goes with it; anything else is plain text. */
function takeFenceEnd(draft: Draft, unit: string): string {
  const isNext = unit === '`' || (/\s/.test(unit) && !draft.held.includes('`'));
  if (!isNext || draft.held.length >= maxHeldSpaces) {
    // The fence was never closed, or closes later: from here on it is not ours.
    return release(draft, unit);
  }
  draft.held += unit;
  if (!draft.held.endsWith('```')) return '';
  draft.held = '';
  draft.mode = 'plain';
  draft.isFenced = false;
  return '';
}
