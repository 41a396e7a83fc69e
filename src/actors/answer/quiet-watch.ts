/**
 * Notices that something fell quiet: calls back once per silence of `quietMs`. The timer is armed once and looks at the clock when
 * it fires, so that a touch costs an assignment and not a timer.
 */
export class QuietWatch {
  readonly #quietMs: number;
  readonly #now: () => number;
  readonly #onQuiet: () => void;
  #lastTouchAtMs = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: { readonly quietMs: number; readonly now: () => number; readonly onQuiet: () => void }) {
    this.#quietMs = options.quietMs;
    this.#now = options.now;
    this.#onQuiet = options.onQuiet;
  }

  /** It was heard just now. */
  touch(): void {
    this.#lastTouchAtMs = this.#now();
    this.#timer ??= setTimeout(() => this.#look(), this.#quietMs);
  }

  /** Stops watching; a later touch would begin anew. */
  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #look(): void {
    const remainingMs = this.#lastTouchAtMs + this.#quietMs - this.#now();
    // A timer may fire a moment early.
    if (remainingMs >= 1) {
      this.#timer = setTimeout(() => this.#look(), remainingMs);
      return;
    }
    this.#timer = null;
    this.#onQuiet();
  }
}
