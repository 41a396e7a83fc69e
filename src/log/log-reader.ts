/**
 * Reads an event log: every line checked, the amendments applied. What is wrong with a log is told with its line, once,
 * and nothing behind it is believed. A half line at the end is what a killed process leaves: it is dropped, and the log
 * told to be incomplete.
 */
import { isErrorType, logLevelOf } from '../errors.ts';
import { doubledName, fieldsIn, fieldsWithinBounds, shapeOf, tooDeepWords, valueFaultOf } from './line-bounds.ts';
import { shown } from './line-fields.ts';
import { entryOf } from './log-entry.ts';
import { LineChain, LOG_FORMAT, type LogFooter, type LogHeader, type LogTurn } from './log-format.ts';

/** A log that can be replayed. */
export interface EventLog {
  readonly header: LogHeader;
  readonly turns: readonly LogTurn[];
  /** null = the process was killed: turns of its last moments may be missing. */
  readonly footer: LogFooter | null;
}

/** A log that can't be read: at which line and why. */
export interface BadLog {
  /** From 1; 0 = the file could not be read at all. */
  readonly line: number;
  /** The turn that stands there, or would; null where none can be told. */
  readonly turn: number | null;
  readonly why: string;
  /** The log, where nothing but the order of its times is wrong: turns that changed places can still be found by what they did. */
  readonly disordered?: EventLog;
}

/** The log in `text`, or what is wrong with it. */
export function readLog(text: string): EventLog | BadLog {
  return new LogReader().read(text);
}

/** The same for the bytes of a file, which must be UTF-8 as far as their lines are whole. */
export function readLogBytes(bytes: Uint8Array): EventLog | BadLog {
  const LINE_FEED = 0x0a;
  const whole = bytes.subarray(0, bytes.lastIndexOf(LINE_FEED) + 1);
  const rest = bytes.length > whole.length ? '.' : '';
  const text = textOf(whole);
  if (text !== null) return readLog(text + rest);
  let line = 1;
  for (let from = 0; ; line += 1) {
    const to = whole.indexOf(LINE_FEED, from) + 1;
    if (to === 0 || textOf(whole.subarray(from, to)) === null) break;
    from = to;
  }
  // What stands before it may be wrong already; and a file that begins so is of another kind.
  const found = readLog(new TextDecoder().decode(whole));
  if (!isBadLog(found) || found.disordered !== undefined) return { line, turn: null, why: 'it is no UTF-8' };
  return found.line === line && line > 1 ? { ...found, why: 'it is no UTF-8' } : found;
}

/** null = it is no UTF-8. */
function textOf(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** The header alone, for a log that is bad further down; null if that can't be read either. */
export function readHeader(text: string): LogHeader | null {
  const [first = ''] = text.split('\n', 1);
  const body = new LineChain().read(first);
  const entry = entryOf(body === null || shapeOf(body).isTooDeep ? null : parseJson(body));
  return typeof entry !== 'string' && entry.kind === 'header' ? entry : null;
}

/** True for what `readLog` could not read. */
export function isBadLog(result: EventLog | BadLog): result is BadLog {
  return 'why' in result;
}

/** The end reason of a log that can't be read. */
export const badLogReason = 'bad_log';

/**
 * How a recorded session ended, in one word: its reason code, or what stands for one that a log does not have: `no_end`
 * = the process was killed or the session still runs, `abandoned` = the server stopped before it ended, `-` = a chart
 * that has no reasons.
 */
export function endReasonOf(footer: LogFooter | null): string {
  if (footer === null) return 'no_end';
  if (footer.status === 'abandoned') return 'abandoned';
  return footer.reason === '' ? '-' : footer.reason;
}

/**
 * True for an end, as `endReasonOf` tells it, that nobody can have wanted. The error table says which ends were asked for: those that it
 * logs as no more than an information; so does a server that was told to stop.
 */
export function isFailedEnd(reason: string): boolean {
  if (reason === 'completed' || reason === '-' || reason === 'abandoned') return false;
  return !isErrorType(reason) || logLevelOf(reason) !== 'info';
}

/** Twice as many as the longest log has, a supervisor's: about a million (record/chart-recordings.ts). All are held in memory. */
const MAX_TURNS = 2 ** 21;

/** Reads a log line by line, be it one that still grows. */
export class LogReader {
  readonly #chain = new LineChain();
  readonly #turns: LogTurn[] = [];
  /** When the chart was last told a time, and at which turn: the session's own clock. */
  #told = { atMs: 0, turn: 0 };
  /** The first time that lies before an earlier one. */
  #disorder: BadLog | null = null;
  #amended: number | null = null;
  /** The one that is read, from 1. */
  #line = 0;
  #header: LogHeader | null = null;
  #footer: LogFooter | null = null;

  read(text: string): EventLog | BadLog {
    // What stands behind the last line feed is a line that was not written to its end. One line at a time: a file may be all line feeds.
    for (let from = 0, to = text.indexOf('\n'); to >= 0; from = to + 1, to = text.indexOf('\n', from)) {
      const bad = this.take(text.slice(from, to));
      if (bad !== null) return bad;
    }
    if (this.#header === null)
      return { line: 1, turn: null, why: text === '' ? 'the file is empty' : 'there is no header' };
    if (this.#turns.length === 0) return { line: 2, turn: 0, why: 'there is no turn' };
    const log: EventLog = { header: this.#header, turns: this.#turns, footer: this.#footer };
    return this.#disorder === null ? log : { ...this.#disorder, disordered: log };
  }

  /** Takes the next whole line, without its line feed; says what is wrong with it, behind which nothing is to be believed. */
  take(given: string): BadLog | null {
    this.#line += 1;
    this.#amended = null;
    const why = this.#take(given);
    return why === null ? null : { line: this.#line, turn: this.#header === null ? null : this.#turns.length, why };
  }

  /** null = its line was not taken yet. */
  get header(): LogHeader | null {
    return this.#header;
  }

  /** Those so far: one list, which grows, and in which a turn's text may still be amended. */
  get turns(): readonly LogTurn[] {
    return this.#turns;
  }

  /** The turn whose text the last line amended; null = it was another kind of line. */
  get amended(): number | null {
    return this.#amended;
  }

  /** null = its line was not taken yet. */
  get footer(): LogFooter | null {
    return this.#footer;
  }

  /** The first time that lies before an earlier one, where that is all that is wrong. */
  get disorder(): BadLog | null {
    return this.#disorder;
  }

  /** Takes one line; says what is wrong with it. */
  #take(given: string): string | null {
    const body = this.#chain.read(given);
    if (body === null) return this.#whyNoLine(given);
    const shape = shapeOf(body);
    if (shape.isTooDeep) return tooDeepWords;
    const value = parseJson(body);
    if (this.#header === null) {
      const why = whyOtherFormat(value);
      if (why !== null) return why;
    }
    const entry = entryOf(value);
    if (typeof entry === 'string') return `not a line of a log: ${entry}`;
    if (fieldsWithinBounds(value) !== shape.fields) {
      if (fieldsIn(value) !== shape.fields) return `${shown(doubledName(body) || 'a name')} stands twice in one object`;
      const beyond = typeof value === 'object' && value !== null ? valueFaultOf(value) : null;
      if (beyond !== null) return beyond;
    }
    if (this.#footer !== null) return 'a line behind the footer';
    if (entry.kind === 'header') return this.#takeHeader(entry);
    if (this.#header === null) return `a ${entry.kind} where the header should be`;
    switch (entry.kind) {
      case 'turn':
        return this.#takeTurn(entry);
      case 'amendment':
        return this.#amend(entry.turn, entry.tail);
      case 'footer':
        this.#footer = entry;
        return entry.turns === this.#turns.length + entry.dropped
          ? null
          : `the footer counts ${entry.turns} turns, ${entry.dropped} of them dropped; the log has ${this.#turns.length}`;
    }
  }

  /** A first line may be of another kind of file, or of a format that chains its lines in another way. */
  #whyNoLine(given: string): string {
    if (this.#header === null) {
      if (!given.startsWith('{"kind":"header"')) return 'the file is no event log';
      const why = shapeOf(given).isTooDeep ? tooDeepWords : whyOtherFormat(parseJson(given));
      if (why !== null) return why;
    }
    return 'the line was altered, or lines before it are missing or in another order: its hash does not fit';
  }

  #takeHeader(entry: LogHeader): string | null {
    if (this.#header !== null) return 'a second header';
    this.#header = entry;
    return null;
  }

  #takeTurn(entry: LogTurn): string | null {
    if (entry.turn !== this.#turns.length) return `turn ${entry.turn} stands where turn ${this.#turns.length} should`;
    if (this.#turns.length === MAX_TURNS) return `it has more than ${MAX_TURNS} turns`;
    this.#noteOrder(entry);
    this.#turns.push(entry);
    return null;
  }

  /** Turns stand in the order of their time, and so do the times that the chart is told. */
  #noteOrder({ atMs, turn: number, event }: LogTurn): void {
    const before = this.#turns.at(-1)?.atMs ?? 0;
    if (atMs < before) this.#noteDisorder(number, `atMs ${atMs} must be at least ${before}, that of the turn before`);
    const told = event.atMs;
    if (typeof told !== 'number') return;
    const last = this.#told;
    if (told < last.atMs) {
      this.#noteDisorder(number, `event.atMs ${told} must be at least ${last.atMs}, that of turn ${last.turn}`);
    }
    this.#told = { atMs: told, turn: number };
  }

  #noteDisorder(turn: number, why: string): void {
    this.#disorder ??= { line: this.#line, turn, why };
  }

  #amend(number: number, tail: string): string | null {
    const amended = this.#turns[number];
    const text = amended?.event.text;
    if (amended === undefined || typeof text !== 'string' || text.length < tail.length) {
      return `it amends turn ${number}, which has no such text`;
    }
    const event = { ...amended.event, text: text.slice(0, text.length - tail.length) + tail };
    this.#turns[number] = { ...amended, event };
    this.#amended = number;
    return null;
  }
}

function whyOtherFormat(value: unknown): string | null {
  const format: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, 'format') : undefined;
  if (typeof format !== 'number' || format === LOG_FORMAT) return null;
  return `format ${format} is not ${LOG_FORMAT}, the one this version reads`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
