/**
 * The log of one actor while it lives: takes turns by reference, and makes lines of them when it is told to (off the hot path). Bounded: a log
 * that reached its size gets no further turns, and its footer counts them.
 */
import { LineChain, type LogFooter, type LogHeader } from './log-format.ts';
import type { RecordedTurn } from './recorded-logic.ts';
import type { Redactor } from './redaction.ts';
import { OutcomeTeller } from './turn-outcome.ts';

export interface ActorLogOptions {
  /** Without what only the first turn tells. */
  readonly header: Omit<LogHeader, 'input'>;
  readonly redactor: Redactor;
  readonly maxBytes: number;
  /** What the chart was started with, as it may be written. */
  readonly inputOf: (event: RecordedTurn['event']) => unknown;
  /** The reason code of the end. */
  readonly reasonOf: (last: RecordedTurn['after']) => string;
}

interface TimedTurn extends RecordedTurn {
  readonly atMs: number;
}

export class ActorLog {
  readonly #options: ActorLogOptions;
  readonly #chain = new LineChain();
  readonly #teller: OutcomeTeller;
  #waiting: TimedTurn[] = [];
  #startedAtMs = 0;
  #turns = 0;
  #dropped = 0;
  #bytes = 0;
  #last: RecordedTurn['after'] | null = null;

  constructor(options: ActorLogOptions) {
    this.#options = options;
    this.#teller = new OutcomeTeller(options.header.redaction);
  }

  /** Turns that wait to become lines. */
  get waitingTurns(): number {
    return this.#waiting.length;
  }

  /** True once the actor has come to its end. */
  get isOver(): boolean {
    return this.#last !== null && this.#last.status !== 'active';
  }

  /** Keeps a turn; `atMs` is its time on a monotonic clock. */
  add(turn: RecordedTurn, atMs: number): void {
    if (this.#turns === 0 && this.#waiting.length === 0) this.#startedAtMs = atMs;
    this.#waiting.push({ ...turn, atMs });
    this.#last = turn.after;
  }

  /** The lines of the turns that waited. */
  takeLines(): string {
    const turns = this.#waiting;
    this.#waiting = [];
    let lines = '';
    for (const turn of turns) lines += this.#linesOf(turn);
    return lines;
  }

  /** Forgets the turns that waited; nothing can be written behind them but the footer. */
  dropWaiting(): void {
    this.#turns += this.#waiting.length;
    this.#dropped += this.#waiting.length;
    this.#waiting = [];
  }

  /** The footer. */
  close(): string {
    const last = this.#last;
    const footer: LogFooter = {
      kind: 'footer',
      status: last === null || last.status === 'active' || last.status === 'stopped' ? 'abandoned' : last.status,
      reason: last === null ? '' : this.#options.reasonOf(last),
      turns: this.#turns,
      dropped: this.#dropped,
    };
    return this.#chain.write(footer);
  }

  #linesOf({ event, after, actions, atMs }: TimedTurn): string {
    const turn = this.#turns;
    this.#turns += 1;
    if (this.#dropped > 0 || this.#bytes > this.#options.maxBytes) {
      this.#dropped += 1;
      return '';
    }
    const { header, redactor, inputOf } = this.#options;
    let lines = turn === 0 ? this.#chain.write({ ...header, input: inputOf(event) }) : '';
    const redacted = redactor.redact(turn, event);
    // They stand before the turn: it may be what makes the word before it known.
    for (const amendment of redacted.amendments) lines += this.#chain.write({ kind: 'amendment', ...amendment });
    const outcome = this.#teller.tell(after, actions);
    const sinceStartMs = Math.round((atMs - this.#startedAtMs) * 10) / 10;
    lines += this.#chain.write({ kind: 'turn', turn, atMs: sinceStartMs, event: redacted.event, ...outcome });
    this.#bytes += lines.length;
    return lines;
  }
}
