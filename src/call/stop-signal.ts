/**
 * How work is told that nobody waits for it any more: the part of an AbortSignal that an engine needs, without its cost. Every sentence and every
 * answer has one, and hardly any of them is stopped or listened to: an AbortController is an event target with two maps and a shape of
 * its own, 0.7 KB, for each.
 *
 * An AbortSignal is a StopSignal. Who needs a real one (fetch, a child process) makes it of this: `linkedAbort` in
 * src/engines/provider/linked-abort.ts.
 */

/** To be asked, or listened to. */
export interface StopSignal {
  readonly aborted: boolean;
  /** What it was stopped with. */
  readonly reason: unknown;
  /** Throws the reason if it was stopped. */
  throwIfAborted(): void;
  /** Called once, when it is stopped; not if it was before. */
  addEventListener(type: 'abort', listener: () => void, options?: { readonly once: true }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

const nothing: readonly unknown[] = Object.freeze([]);

/** Both sides of it: whoever owns the work stops it. */
export class Stop implements StopSignal {
  #listeners: (() => void)[] | null = null;
  #isStopped = false;
  #reason: unknown;

  get aborted(): boolean {
    return this.#isStopped;
  }

  get reason(): unknown {
    return this.#reason;
  }

  throwIfAborted(): void {
    if (this.#isStopped) throw this.#reason;
  }

  /** Calls every listener, in the order they came; what any of them throws is returned, and harms no other. Idempotent. */
  stop(reason: Error): readonly unknown[] {
    if (this.#isStopped) return nothing;
    this.#isStopped = true;
    this.#reason = reason;
    const listeners = this.#listeners;
    if (listeners === null) return nothing;
    this.#listeners = null;
    const thrown: unknown[] = [];
    for (const listener of listeners) {
      try {
        listener();
      } catch (error) {
        thrown.push(error);
      }
    }
    return thrown;
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    if (this.#isStopped) return;
    this.#listeners ??= [];
    if (!this.#listeners.includes(listener)) this.#listeners.push(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    const index = this.#listeners?.indexOf(listener) ?? -1;
    if (index >= 0) this.#listeners?.splice(index, 1);
  }
}
