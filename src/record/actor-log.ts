/**
 * The log of one actor while it lives: takes turns by reference, and makes lines of them when it is told to (off the hot path).
 * Bounded: a log that reached its size gets no further turns, and its footer counts them.
 */
import type { AnyEventObject } from 'xstate';
import { LineChain, type LogFooter, THREW, type TurnOutcome } from '../log/log-format.ts';
import { endReasonOf } from '../log/log-reader.ts';
import type { LogSummary } from '../log/segment-format.ts';
import type { RecordedTurn } from './recorded-logic.ts';
import type { ActorLogOptions } from './redaction.ts';
import { OutcomeTeller } from './turn-outcome.ts';

/** A turn that had no outcome. */
interface ThrownTurn {
  readonly event: AnyEventObject;
  readonly after: null;
}

const thrown: TurnOutcome = Object.freeze({ status: THREW });

/**
 * Making a line of a longer text would hold up every stream for milliseconds and more: the log ends before it, and its footer
 * counts what is missing. A delta has at most 4 Ki; only a prompt or a text to speak can be as long as a request.
 */
const MAX_TURN_TEXT_CHARS = 64 * 1024;
/** Deeper values are nobody's command. */
const MAX_TEXT_DEPTH = 64;

export class ActorLog {
  readonly #options: ActorLogOptions;
  readonly #chain = new LineChain();
  readonly #teller: OutcomeTeller;
  #waiting: (RecordedTurn | ThrownTurn)[] = [];
  /** When each of the waiting turns was, on the same places. */
  #waitingAtMs: number[] = [];
  #startedAtMs: number | null = null;
  #turns = 0;
  #dropped = 0;
  #bytes = 0;
  #last: RecordedTurn['after'] | null = null;
  /** Of the last turn that has a line. */
  #lastAtMs = 0;
  #state = '';
  #input: unknown = null;
  #hasThrown = false;

  constructor(options: ActorLogOptions) {
    this.#options = options;
    this.#teller = new OutcomeTeller(options.header.redaction);
  }

  /** Turns that wait to become lines. */
  get waitingTurns(): number {
    return this.#waiting.length;
  }

  /** Turns that are in no line. */
  get droppedTurns(): number {
    return this.#dropped;
  }

  /** Lines that were made of it so far: the place of the next one in its file, from 0. */
  get lines(): number {
    return this.#chain.written;
  }

  /** True once the actor has come to its end. */
  get isOver(): boolean {
    return this.#hasThrown || (this.#last !== null && this.#last.status !== 'active');
  }

  /** False while nothing of it can have been written. */
  get hasBegun(): boolean {
    return this.#bytes > 0;
  }

  /** Keeps a turn; `atMs` is its time on a monotonic clock. */
  add(turn: RecordedTurn, atMs: number): void {
    this.#keep(turn, atMs);
    this.#last = turn.after;
    // Behind the fault barrier a chart that threw goes on with `session.faulted`.
    this.#hasThrown = false;
  }

  /** The chart threw at `event`, and goes no further unless another turn comes. */
  noteThrow(event: AnyEventObject, atMs: number): void {
    this.#keep({ event, after: null }, atMs);
    this.#hasThrown = true;
  }

  /** The lines of the turns that waited. */
  takeLines(): string {
    const turns = this.#waiting;
    const times = this.#waitingAtMs;
    if (turns.length === 0) return '';
    this.#waiting = [];
    this.#waitingAtMs = [];
    let lines = '';
    let index = 0;
    for (const turn of turns) {
      lines += this.#linesOf(turn, times[index] ?? 0);
      index += 1;
    }
    return lines;
  }

  /** Forgets the turns that waited, and says how many; nothing can be written behind them but the footer. */
  dropWaiting(): number {
    const count = this.#waiting.length;
    this.#turns += count;
    this.#dropped += count;
    this.#waiting = [];
    this.#waitingAtMs = [];
    return count;
  }

  /** The footer. */
  close(): string {
    return this.#chain.write(this.#footer());
  }

  /** What a list tells of it, now that it is over; without a footer it was given up. */
  summary(hasFooter: boolean): LogSummary {
    const { machine, startedAt } = this.#options.header;
    return {
      machine,
      startedAt,
      streamId: idIn(this.#input, 'streamId'),
      sessionId: idIn(this.#input, 'sessionId'),
      hardwareId: idIn(this.#input, 'hardwareId'),
      reason: endReasonOf(hasFooter ? this.#footer() : null),
      state: this.#state,
      durationMs: this.#lastAtMs,
      turns: this.#turns,
      dropped: this.#dropped,
    };
  }

  #footer(): LogFooter {
    const last = this.#last;
    const status = this.#endStatus();
    return {
      kind: 'footer',
      status,
      // A chart that is not at its end has no reason yet.
      reason: last === null || this.#hasThrown || status === 'abandoned' ? '' : this.#options.reasonOf(last),
      turns: this.#turns,
      dropped: this.#dropped,
    };
  }

  #keep(turn: RecordedTurn | ThrownTurn, atMs: number): void {
    this.#startedAtMs ??= atMs;
    this.#waiting.push(turn);
    this.#waitingAtMs.push(atMs);
  }

  #endStatus(): LogFooter['status'] {
    if (this.#hasThrown) return 'error';
    const status = this.#last?.status;
    return status === 'done' || status === 'error' ? status : 'abandoned';
  }

  #linesOf(given: RecordedTurn | ThrownTurn, atMs: number): string {
    const { event } = given;
    const turn = this.#turns;
    this.#turns += 1;
    const { header, redactor, maxBytes } = this.#options;
    if (this.#dropped > 0 || this.#bytes > maxBytes || hasLongText(event, MAX_TURN_TEXT_CHARS)) {
      this.#dropped += 1;
      return '';
    }
    // Every chart is started with ids and limits and nothing else (record/redaction.ts).
    if (turn === 0) this.#input = event.input;
    let lines = turn === 0 ? this.#chain.writeBody(headerJson(header, event.input)) : '';
    const redacted = redactor.redact(turn, event);
    // They stand before the turn: it may be what makes the word before it known.
    for (const amendment of redacted.amendments) lines += this.#chain.write({ kind: 'amendment', ...amendment });
    const outcome = given.after === null ? thrown : this.#teller.tell(given.after, given.actions);
    const sinceStartMs = Math.round((atMs - (this.#startedAtMs ?? atMs)) * 10) / 10;
    lines += this.#chain.writeTurn({ turn, atMs: sinceStartMs, event: redacted.event }, outcome);
    this.#lastAtMs = sinceStartMs;
    this.#state = outcome.state ?? this.#state;
    this.#bytes += lines.length;
    return lines;
  }
}

/** The header with what the first turn tells, which stands last in it. */
function headerJson(header: ActorLogOptions['header'], input: unknown): string {
  const json = JSON.stringify(header);
  const inputJson = JSON.stringify(input);
  return inputJson === undefined ? json : `${json.slice(0, -1)},"input":${inputJson}}`;
}

/** An id in what an actor was started with; '' where there is none. */
function idIn(input: unknown, name: string): string {
  const id: unknown = typeof input === 'object' && input !== null ? Reflect.get(input, name) : undefined;
  return typeof id === 'string' ? id : '';
}

/** True if the texts in `value` have more than `maxChars` in all; looks no further than that. */
function hasLongText(value: unknown, maxChars: number): boolean {
  return remainingChars(value, maxChars, MAX_TEXT_DEPTH) < 0;
}

function remainingChars(value: unknown, chars: number, depth: number): number {
  if (typeof value === 'string') return chars - value.length;
  if (typeof value !== 'object' || value === null) return chars;
  if (depth === 0) return -1;
  let remaining = chars;
  // Plain JSON: what it has, it owns. Object.values would make an array of it, for each turn.
  for (const name in value) {
    remaining = remainingChars(Reflect.get(value, name), remaining, depth - 1);
    if (remaining < 0) return remaining;
  }
  return remaining;
}
