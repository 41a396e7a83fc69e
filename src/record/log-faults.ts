/** Says once that event logs are being lost, whatever the reasons and however many, and once that they are not any more. */

/** A file could not be written, or the disk does not keep up. */
export type LogFaultKind = 'file' | 'pace';

export interface LogFaultListener {
  readonly onFault: (why: string) => void;
  readonly onRecovery: () => void;
}

export class LogFaults {
  readonly #listener: LogFaultListener;
  readonly #present = new Set<LogFaultKind>();

  constructor(listener: LogFaultListener) {
    this.#listener = listener;
  }

  note(kind: LogFaultKind, why: string): void {
    const isFirst = this.#present.size === 0;
    this.#present.add(kind);
    if (isFirst) this.#listener.onFault(why);
  }

  clear(kind: LogFaultKind): void {
    if (this.#present.delete(kind) && this.#present.size === 0) this.#listener.onRecovery();
  }
}
