/**
 * A bounded queue of bytes between a writer that works ahead and a reader that pulls. The writer waits while the queue is full; the
 * reader waits while it is empty. Written by hand and not as a generator: return() must end a pull that waits, at once.
 */

export class ByteQueue implements AsyncIterableIterator<Uint8Array, undefined> {
  readonly #maxBytes: number;
  readonly #abandon: () => void;
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;
  #isLeft = false;
  #end: { readonly error: unknown } | 'good' | null = null;
  #wakeReader: () => void = () => {};
  #wakeWriter: () => void = () => {};

  /** `abandon` is called once, when the reader leaves before the end. */
  constructor(maxBytes: number, abandon: () => void) {
    this.#maxBytes = maxBytes;
    this.#abandon = abandon;
  }

  /** Adds bytes; resolves as soon as there is room for more. A chunk may pass the bound, the next one waits. */
  async push(chunk: Uint8Array): Promise<void> {
    if (this.#end !== null) return;
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    this.#wakeReader();
    while (this.#bytes >= this.#maxBytes && this.#end === null) {
      await new Promise<void>((wake) => {
        this.#wakeWriter = wake;
      });
    }
  }

  /** The stream is complete: what is queued is still read. */
  finish(): void {
    this.#close('good');
  }

  /** The stream failed: what is queued is still read, then `error` is thrown. */
  fail(error: unknown): void {
    this.#close({ error });
  }

  /** The stream is not wanted any more: the reader gets `error` at once. */
  cut(error: unknown): void {
    if (this.#isLeft) return;
    this.#chunks.length = 0;
    this.#bytes = 0;
    this.#end = { error };
    this.#wakeBoth();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        this.#bytes -= chunk.length;
        if (this.#bytes < this.#maxBytes) this.#wakeWriter();
        return { done: false, value: chunk };
      }
      if (this.#end === 'good') return { done: true, value: undefined };
      if (this.#end !== null) {
        const { error } = this.#end;
        // An error is told once, as a generator does.
        this.#end = 'good';
        throw error;
      }
      await new Promise<void>((wake) => {
        this.#wakeReader = wake;
      });
    }
  }

  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    const isEarly = this.#end === null;
    this.#isLeft = true;
    this.#chunks.length = 0;
    this.#bytes = 0;
    this.#end = 'good';
    this.#wakeBoth();
    if (isEarly) this.#abandon();
    return Promise.resolve({ done: true, value: undefined });
  }

  #close(end: { readonly error: unknown } | 'good'): void {
    this.#end ??= end;
    this.#wakeBoth();
  }

  #wakeBoth(): void {
    this.#wakeReader();
    this.#wakeWriter();
  }
}
