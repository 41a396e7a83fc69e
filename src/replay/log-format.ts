/**
 * The event log of one actor, as lines of JSON: a header, a line a turn, perhaps amendments, a footer. What stands here is also what is
 * shown and compared: the format on disk is the only one.
 *
 * Every line carries the number of its turn and a hash that is chained to the line before it, so that a line that was altered, dropped or
 * moved is found before anything is replayed. A log without a footer is one whose process was killed: it is told so, never taken for whole.
 */
import { hash } from 'node:crypto';

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
  /** Absent = active. */
  readonly status?: string;
}

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

export interface LogTurn extends TurnOutcome {
  readonly kind: 'turn';
  readonly turn: number;
  /** Milliseconds since the first turn. */
  readonly atMs: number;
  readonly event: LoggedEvent;
}

/** The last characters of an earlier turn's text, now that their word is known (text/shape.ts). */
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

const HASH_CHARS = 12;

/** Writes lines, each with its chained hash. */
export class LineChain {
  #last = '';

  /** The line as it stands in the file, with its line feed. */
  write(line: LogLine): string {
    const body = JSON.stringify(line);
    this.#last = chained(this.#last, body);
    return `${body.slice(0, -1)},"hash":"${this.#last}"}\n`;
  }

  /** The line's body, or null if its hash does not follow from the lines before it. */
  read(text: string): string | null {
    const end = text.length - HASH_CHARS - HASH_FIELD.length - 2;
    if (end < 1 || !text.startsWith(HASH_FIELD, end) || !text.endsWith('"}')) return null;
    const body = `${text.slice(0, end)}}`;
    const expected = chained(this.#last, body);
    if (text.slice(end + HASH_FIELD.length, -2) !== expected) return null;
    this.#last = expected;
    return body;
  }
}

const HASH_FIELD = ',"hash":"';

function chained(last: string, body: string): string {
  return hash('sha1', last + body, 'hex').slice(0, HASH_CHARS);
}
