/**
 * One log file that is being written: opened with its first lines, appended to in order, closed after its last. Never rejects and never makes
 * anyone wait: what can't be written is reported once and the rest of the file given up; what stands in it stays readable up to there.
 */
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface LogFileOptions {
  readonly path: string;
  /** The file could not be written; called at most once. */
  readonly onFault: (error: unknown) => void;
  /** So many bytes are with the disk now. */
  readonly onWritten: (bytes: number) => void;
}

export class LogFile {
  readonly #options: LogFileOptions;
  #handle: FileHandle | null = null;
  #work: Promise<void> = Promise.resolve();
  #isGivenUp = false;

  constructor(options: LogFileOptions) {
    this.#options = options;
  }

  get path(): string {
    return this.#options.path;
  }

  /** Appends whole lines. */
  append(lines: string): void {
    const bytes = Buffer.from(lines);
    this.#enqueue(async () => {
      if (!this.#isGivenUp) {
        this.#handle ??= await this.#open();
        await writeAll(this.#handle, bytes);
      }
    }, bytes.byteLength);
  }

  /** Resolves when everything is written and the file is closed. */
  close(): Promise<void> {
    this.#enqueue(async () => {
      const handle = this.#handle;
      this.#handle = null;
      await handle?.close();
    }, 0);
    return this.#work;
  }

  #enqueue(step: () => Promise<void>, bytes: number): void {
    this.#work = this.#work.then(step).catch((error: unknown) => {
      if (this.#isGivenUp) return;
      this.#isGivenUp = true;
      this.#options.onFault(error);
    });
    this.#work = this.#work.then(() => this.#options.onWritten(bytes));
  }

  async #open(): Promise<FileHandle> {
    try {
      return await open(this.path, 'ax');
    } catch (error) {
      if (!isMissingFolder(error)) throw error;
      await mkdir(dirname(this.path), { recursive: true });
      return open(this.path, 'ax');
    }
  }
}

/** A disk may take a part only. */
async function writeAll(handle: FileHandle, bytes: Buffer): Promise<void> {
  let start = 0;
  while (start < bytes.byteLength) {
    const { bytesWritten } = await handle.write(bytes, start);
    start += bytesWritten;
  }
}

function isMissingFolder(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
