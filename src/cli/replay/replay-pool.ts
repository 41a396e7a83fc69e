/**
 * Replays many logs, on all cores: a log knows nothing of another. The verdicts come in the order of the paths, whichever thread was first.
 *
 * Guarantees: at most BATCHES_AHEAD batches a thread are under way or wait for their turn, so memory does not grow with the number
 * of logs; a thread that breaks ends the command with its error, and no log is passed over.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { openLogs } from '../log/log-files.ts';
import { type ReplayResult, replayOne } from './log-replay.ts';

/** Starting threads takes a quarter of a second: as long as it takes to replay so many short logs. */
const LOGS_WORTH_THREADS = 100;
const MAX_THREADS = 8;
const LOGS_PER_BATCH = 8;
/** One that is worked on, one that is read meanwhile, and one for as long as nobody here has time to send another. */
const BATCHES_AHEAD = 3;
/** A chart leaves all its snapshots behind: with room for a batch of them, three times less often is looked for what is still in use. */
const YOUNG_GENERATION_MB = 96;

/** What a thread is sent. Some logs at once: a message each would cost more than a short log. */
export interface ReplayBatch {
  readonly paths: readonly string[];
  readonly emit: boolean;
}

export interface ReplayPoolOptions {
  /** Default: one a core, at most MAX_THREADS; with less than 2 everything is done here. */
  readonly threads?: number;
  /** Code of a thread, for tests. */
  readonly thread?: URL;
}

/** The verdicts on the logs at `paths`, in their order. `emit` also says their frames again. */
export async function* replayAll(
  paths: readonly string[],
  emit: boolean,
  { threads = Math.min(availableParallelism(), MAX_THREADS), thread = threadUrl() }: ReplayPoolOptions = {},
): AsyncGenerator<ReplayResult> {
  if (threads < 2 || paths.length < LOGS_WORTH_THREADS) {
    for await (const named of openLogs(paths)) yield replayOne(named, emit);
    return;
  }
  const pool = Array.from({ length: threads }, () => new ReplayThread(thread));
  try {
    yield* replayIn(pool, paths, emit);
  } finally {
    await Promise.all(pool.map((each) => each.stop()));
  }
}

async function* replayIn(
  pool: readonly ReplayThread[],
  paths: readonly string[],
  emit: boolean,
): AsyncGenerator<ReplayResult> {
  const ahead: Promise<readonly ReplayResult[]>[] = [];
  for (let start = 0; start < paths.length; start += LOGS_PER_BATCH) {
    ahead.push(leastBusy(pool).replay({ paths: paths.slice(start, start + LOGS_PER_BATCH), emit }));
    const next = ahead.length > pool.length * BATCHES_AHEAD ? ahead.shift() : undefined;
    if (next !== undefined) yield* await next;
  }
  for (const next of ahead) yield* await next;
}

function leastBusy(pool: readonly ReplayThread[]): ReplayThread {
  return pool.reduce((least, thread) => (thread.waiting < least.waiting ? thread : least));
}

interface Waiting {
  readonly settle: (results: readonly ReplayResult[]) => void;
  readonly fail: (error: Error) => void;
}

/** Answers come in the order of the batches. */
class ReplayThread {
  readonly #worker: Worker;
  readonly #waiting: Waiting[] = [];
  #failure: Error | null = null;

  constructor(thread: URL) {
    this.#worker = new Worker(thread, {
      execArgv: [],
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    });
    this.#worker.on('message', (results: readonly ReplayResult[]) => this.#waiting.shift()?.settle(results));
    this.#worker.on('error', (error) => this.#fail(error));
    this.#worker.on('exit', () => this.#fail(new Error('a replay thread ended')));
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  replay(batch: ReplayBatch): Promise<readonly ReplayResult[]> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    const results = new Promise<readonly ReplayResult[]>((settle, fail) => {
      this.#waiting.push({ settle, fail });
      this.#worker.postMessage(batch);
    });
    // Whoever comes to it hears of a failure; until then it is nobody's fault.
    results.catch(() => {});
    return results;
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { fail } of this.#waiting.splice(0)) fail(this.#failure);
  }
}

/** Tests run from source; a thread of a Node that strips no types runs from the build. */
function threadUrl(): URL {
  if (import.meta.url.endsWith('.js')) return new URL('./replay-thread.js', import.meta.url);
  return new URL('../../../dist/cli/replay/replay-thread.js', import.meta.url);
}
