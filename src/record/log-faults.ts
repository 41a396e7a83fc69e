/** Says once that event logs are being lost, whatever the reasons and however many, and once that they are not any more. */

/** A file could not be written, or the disk does not keep up. */
type LogFaultKind = 'file' | 'pace';

export interface LogFaultListener {
  readonly onFault: (why: string) => void;
  readonly onRecovery: () => void;
}

export class LogFaults {
  readonly #listener: LogFaultListener;
  /** Each with what was said of it first. */
  readonly #present = new Map<LogFaultKind, string>();

  constructor(listener: LogFaultListener) {
    this.#listener = listener;
  }

  get present(): string | null {
    const [why = null] = this.#present.values();
    return why;
  }

  note(kind: LogFaultKind, why: string): void {
    const isFirst = this.#present.size === 0;
    if (!this.#present.has(kind)) this.#present.set(kind, why);
    if (isFirst) this.#listener.onFault(why);
  }

  clear(kind: LogFaultKind): void {
    if (this.#present.delete(kind) && this.#present.size === 0) this.#listener.onRecovery();
  }
}
