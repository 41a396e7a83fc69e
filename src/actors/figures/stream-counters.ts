/** What happened to streams since the start, for /status. Counts only grow. */
import { StreamTotals } from './stream-totals.ts';

export class StreamCounters {
  /** The figures of the streams that have ended. */
  readonly totals = new StreamTotals();
  readonly #rejected = new Map<string, number>();
  #idleTimeouts = 0;
  #commandsSent = 0;

  countRejected(errorType: string): void {
    this.#rejected.set(errorType, (this.#rejected.get(errorType) ?? 0) + 1);
  }

  countIdleTimeout(): void {
    this.#idleTimeouts += 1;
  }

  countCommands(sent: number): void {
    this.#commandsSent += sent;
  }

  /** Refused calls by error_type. */
  get rejected(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#rejected);
  }

  get idleTimeouts(): number {
    return this.#idleTimeouts;
  }

  get commandsSent(): number {
    return this.#commandsSent;
  }
}
