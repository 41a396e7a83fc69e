/**
 * The event log of one actor, as lines of JSON: a header, a line a turn, perhaps amendments, a footer. What stands here is also what is
 * shown and compared: the format on disk is the only one.
 *
 * Every line carries the number of its turn and a hash that is chained to the line before it, so that a line that was
 * altered, dropped or moved is found before anything is replayed. It is a checksum against damage and slips, no seal:
 * who means to forge a log can. A log without a footer is one whose process was killed: it is told so, never taken for
 * whole.
 */
import { crc32 } from 'node:zlib';
import { hexOf } from './hex.ts';

export const LOG_FORMAT = 1;

/** What a turn changed in the context, by top-level field: the value itself if it is small and ours, else `#` and its digest. */
export type Changes = Readonly<Record<string, unknown>>;

/** What one turn did, as it is compared. */
export interface TurnOutcome {
  /** The state after it, as `a.b | c.d`; absent = as before. */
  readonly state?: string;
  readonly changes?: Changes;
  /** Effects in the order in which the chart asked for them. */
  readonly effects?: readonly string[];
  /** Absent = active; THREW = the chart threw, and the turn changed nothing. */
  readonly status?: string;
}

/** The status of a turn in which the chart threw: a bug. What follows is its host's answer to that. */
export const THREW = 'threw';

export interface LoggedEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

export interface LogHeader {
  readonly kind: 'header';
  readonly format: number;
  readonly machine: string;
  readonly version: string;
  /** Hash of the chart's definition. */
  readonly definition: string;
  /** Version of the server. */
  readonly build: string;
  readonly redaction: 'shape' | 'full';
  /** ISO date and time of the first turn. */
  readonly startedAt: string;
  /** What the actor was started with. */
  readonly input: unknown;
  /** Why the log was recorded anew after an intended change; absent = it is as it was recorded. */
  readonly reason?: string;
}

/** Which turn it was, and what the chart was given. */
export interface TurnEvent {
  readonly turn: number;
  /** Milliseconds since the first turn. */
  readonly atMs: number;
  readonly event: LoggedEvent;
}

export interface LogTurn extends TurnEvent, TurnOutcome {
  readonly kind: 'turn';
}

/** The last characters of an earlier turn's text, now that their word is known (text/redaction-shape.ts). */
export interface LogAmendment {
  readonly kind: 'amendment';
  readonly turn: number;
  readonly tail: string;
}

export interface LogFooter {
  readonly kind: 'footer';
  /** How the actor ended; `abandoned` = the server stopped before it did. */
  readonly status: 'done' | 'error' | 'abandoned';
  /** The reason code of a session; '' for other charts. */
  readonly reason: string;
  readonly turns: number;
  /** Turns at the end that are not in the file: it reached its size limit, or the disk could not keep up. */
  readonly dropped: number;
}

export type LogLine = LogHeader | LogTurn | LogAmendment | LogFooter;

const HASH_CHARS = 8;

/** Writes lines, each with its chained hash. */
export class LineChain {
  /** The checksum of all lines so far. */
  #sum = 0;
  #written = 0;

  /** Lines that were written so far: the place of the next one in its file, from 0. */
  get written(): number {
    return this.#written;
  }

  /** The line as it stands in the file, with its line feed. */
  write(line: LogLine): string {
    return line.kind === 'turn' ? this.writeTurn(line, line) : this.writeBody(JSON.stringify(line));
  }

  /** The line of a turn. */
  writeTurn(turn: TurnEvent, outcome: TurnOutcome): string {
    return this.writeBody(bodyOfTurn(turn, outcome));
  }

  /** The same for a line that is already JSON: one object, `{"kind":…}`. */
  writeBody(body: string): string {
    this.#sum = crc32(body, this.#sum);
    this.#written += 1;
    return `${body.slice(0, -1)}${HASH_FIELD}${hexOf(this.#sum)}"}\n`;
  }

  /** The line's body, or null if its hash does not follow from the lines before it. */
  read(text: string): string | null {
    const end = text.length - HASH_CHARS - HASH_FIELD.length - 2;
    if (end < 1 || !text.startsWith(HASH_FIELD, end) || !text.endsWith('"}')) return null;
    const body = `${text.slice(0, end)}}`;
    const sum = crc32(body, this.#sum);
    if (text.slice(end + HASH_FIELD.length, -2) !== hexOf(sum)) return null;
    this.#sum = sum;
    return body;
  }
}

const HASH_FIELD = ',"hash":"';

/** What JSON.stringify makes of a turn, in two thirds of its time: nearly all lines are turns, and their fields are known. */
function bodyOfTurn({ turn, atMs, event }: TurnEvent, { state, changes, effects, status }: TurnOutcome): string {
  let body = `{"kind":"turn","turn":${turn},"atMs":${atMs},"event":${JSON.stringify(event)}`;
  if (state !== undefined) body += `,"state":${JSON.stringify(state)}`;
  if (changes !== undefined) body += `,"changes":${jsonOfChanges(changes)}`;
  if (effects !== undefined) body += `,"effects":${JSON.stringify(effects)}`;
  if (status !== undefined) body += `,"status":${JSON.stringify(status)}`;
  return `${body}}`;
}

/** Their names are field names of a chart, and most values a digest or a number. */
function jsonOfChanges(changes: Changes): string {
  let json = '';
  for (const name in changes) {
    const value = changes[name];
    const text = typeof value === 'string' && isDigest(value) ? `"${value}"` : JSON.stringify(value);
    if (text !== undefined) json += `${json === '' ? '{' : ','}${nameJson(name)}${text}`;
  }
  return json === '' ? '{}' : `${json}}`;
}

/** As turn-outcome.ts writes one: `#` and hexadecimal digits, nothing that JSON would escape. */
function isDigest(text: string): boolean {
  if (text.charCodeAt(0) !== 0x23) return false;
  for (let index = 1; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if ((code < 0x30 || code > 0x39) && (code < 0x61 || code > 0x66)) return false;
  }
  return true;
}

/** Field names are few; those of a log that somebody made are not, and need not be remembered. */
const MAX_REMEMBERED_NAMES = 256;
const names = new Map<string, string>();

/** A field's name with its colon. */
function nameJson(name: string): string {
  const known = names.get(name);
  if (known !== undefined) return known;
  const json = `${JSON.stringify(name)}:`;
  if (names.size < MAX_REMEMBERED_NAMES) names.set(name, json);
  return json;
}

/** True for the first line of a file, if it is one of a segment of any format. */
export function isSegmentHead(firstLine: string): boolean {
  return firstLine.startsWith('{"segment":');
}
