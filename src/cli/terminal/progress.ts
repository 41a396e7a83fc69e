/**
 * How far a command is that takes longer than a second, for a person: one line on stderr where that is a terminal, drawn anew at
 * most ten times a second and gone at the end. Nothing of it reaches a file or a pipe.
 */
import type { Output } from './output.ts';

const SHOWN_AFTER_MS = 1000;
const DRAWN_EVERY_MS = 100;

export class Progress {
  readonly #output: Output;
  readonly #startedMs: number;
  readonly #now: () => number;
  #drawnMs = Number.NEGATIVE_INFINITY;
  #isShown = false;

  /** `now` is a monotonic clock in ms. */
  constructor(output: Output, now: () => number = () => performance.now()) {
    this.#output = output;
    this.#now = now;
    this.#startedMs = now();
  }

  /** Shows how far it is, if it is time for that; `text` is asked for only then. */
  tell(text: () => string): void {
    const nowMs = this.#now();
    if (nowMs - this.#startedMs < SHOWN_AFTER_MS || nowMs - this.#drawnMs < DRAWN_EVERY_MS) return;
    this.#drawnMs = nowMs;
    this.#isShown = true;
    this.#output.transient(text());
  }

  /** Takes it away: before anything else is written to the terminal, and at the end. */
  clear(): void {
    if (!this.#isShown) return;
    this.#isShown = false;
    this.#output.transient('');
  }

  /** `output`, before whose lines the progress makes room: both may be the same terminal. */
  madeRoomFor(output: Output): Output {
    const clear = () => this.clear();
    return {
      get columns() {
        return output.columns;
      },
      get isOpen() {
        return output.isOpen;
      },
      write(text) {
        clear();
        output.write(text);
      },
      line(text) {
        clear();
        output.line(text);
      },
      transient: (text) => output.transient(text),
      styled: (style, text) => output.styled(style, text),
    };
  }
}

/** `1,204 of 1,878 logs`; with one number alone, `1,204 logs`. */
export function countText(done: number, total: number | null, noun: string): string {
  const number = (count: number) => count.toLocaleString('en-US');
  const of = total === null ? '' : ` of ${number(total)}`;
  return `${number(done)}${of} ${noun}${(total ?? done) === 1 ? '' : 's'}`;
}
