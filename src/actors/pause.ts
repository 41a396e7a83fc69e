/** A pause that an async loop waits out. Ending it is idempotent and wakes every waiter. */
export class Pause {
  #waiters: (() => void)[] = [];
  #isOn = false;

  get isOn(): boolean {
    return this.#isOn;
  }

  begin(): void {
    this.#isOn = true;
  }

  end(): void {
    this.#isOn = false;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }

  /** Resolves when there is no pause. */
  async whenOver(): Promise<void> {
    while (this.#isOn) await new Promise<void>((wake) => this.#waiters.push(wake));
  }
}
