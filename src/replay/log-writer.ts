/**
 * The way of log lines to the disk: orders are gathered and handed to a thread of their own. Never throws, never waits; a thread that died is
 * told as a fault, and what follows is dropped.
 */
import { Worker } from 'node:worker_threads';
import type { FromWriter, ToWriter, WriteOrder } from './log-writer-protocol.ts';

/** A disk that takes nothing for so long will not take the rest of a stopping server's logs either. */
const STOP_TIMEOUT_MS = 3_000;

export interface LogWriterOptions {
  /** A file was given up, or the thread died. */
  readonly onFault: (why: string) => void;
}

export class LogWriter {
  readonly #worker: Worker;
  readonly #stopped: Promise<void>;
  #unwrittenChars = 0;
  #isDead = false;

  constructor({ onFault }: LogWriterOptions) {
    this.#worker = new Worker(threadUrl(), { execArgv: [], name: 'event-logs' });
    this.#stopped = new Promise((resolve) => {
      this.#worker.on('message', (message: FromWriter) => {
        if (message.kind === 'written') this.#unwrittenChars -= message.chars;
        else if (message.kind === 'failed') onFault(`${message.path}: ${message.why}`);
        else resolve();
      });
      this.#worker.once('exit', () => resolve());
    });
    this.#worker.on('error', (error) => {
      this.#isDead = true;
      onFault(`the writer of the event logs died: ${error.message}`);
    });
    // It keeps no process alive; an orderly end waits for it in `stop`.
    this.#worker.unref();
  }

  /** Characters that the disk has not taken yet. */
  get unwrittenChars(): number {
    return this.#unwrittenChars;
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  write(orders: readonly WriteOrder[]): void {
    if (this.#isDead) return;
    for (const { lines } of orders) this.#unwrittenChars += lines.length;
    this.#post({ kind: 'write', orders });
  }

  /** Resolves when all is written, or after STOP_TIMEOUT_MS. */
  async stop(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, STOP_TIMEOUT_MS);
    });
    this.#post({ kind: 'stop' });
    await Promise.race([this.#stopped, late]);
    clearTimeout(timer);
    await this.#worker.terminate();
  }

  #post(message: ToWriter): void {
    this.#worker.postMessage(message);
  }
}

/** Tests run from source; a thread of a Node that strips no types runs from the build. */
function threadUrl(): URL {
  if (import.meta.url.endsWith('.js')) return new URL('./log-writer-thread.js', import.meta.url);
  return new URL('../../dist/replay/log-writer-thread.js', import.meta.url);
}
