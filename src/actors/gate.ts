/** A gate that lets an async loop wait while it is closed. Opening is idempotent and wakes every waiter. */
export class Gate {
  #waiters: (() => void)[] = [];
  #isClosed = false;

  get isClosed(): boolean {
    return this.#isClosed;
  }

  close(): void {
    this.#isClosed = true;
  }

  open(): void {
    this.#isClosed = false;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }

  /** Resolves when the gate is open. */
  async whenOpen(): Promise<void> {
    while (this.#isClosed) await new Promise<void>((wake) => this.#waiters.push(wake));
  }
}
