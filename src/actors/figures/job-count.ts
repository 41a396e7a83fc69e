/** Counts jobs that an engine is really at work on: begun and not yet ended, aborted or not. Shown on /status. */
export class JobCount {
  #running = 0;

  get running(): number {
    return this.#running;
  }

  begin(): void {
    this.#running += 1;
  }

  end(): void {
    this.#running -= 1;
  }
}
