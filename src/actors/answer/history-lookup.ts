/**
 * What a device and its assistant said to each other before, for the next answer: asked for when the answer begins, and waited for at most
 * HISTORY_DUE_MS where it is not known at once. A lookup that is late or fails is an answer without it and never an error; that is counted,
 * and logged once until a lookup succeeds again. An abort ends the wait at once.
 */
import type { OwnTime } from '../../call/own-time.ts';
import type { StopSignal } from '../../call/stop-signal.ts';
import type { Exchange } from '../../engines/answer-engine.ts';
import { wordsOf } from '../../errors.ts';
import type { Logger } from '../../observe/logger.ts';
import type { ConversationMemory } from './conversation-memory.ts';

/** No call waits longer for its history (people notice half a second). */
const HISTORY_DUE_MS = 350;
/** So many calls wait for a memory that hangs; further ones do without it, until one of those is answered or given up. */
const MAX_OVERDUE = 3;
/** A timer comes late on a busy machine; the promise is about the call. */
const TIMER_MARGIN_MS = 30;

export interface HistoryLookupOptions {
  readonly memory: ConversationMemory;
  readonly log: Logger;
  readonly ownTime: OwnTime;
}

export class HistoryLookup {
  readonly #options: HistoryLookupOptions;
  #late = 0;
  #failed = 0;
  /** Lookups that nobody waits for any more, and that are not answered yet. */
  #overdue = 0;
  #isFaultTold = false;

  constructor(options: HistoryLookupOptions) {
    this.#options = options;
  }

  /** Lookups that did not come in time, and those that failed. */
  get counts(): { readonly late: number; readonly failed: number } {
    return { late: this.#late, failed: this.#failed };
  }

  /** The history for an answer; empty after a fault. Null = there can be none. Never rejects. */
  of(hardwareId: string, signal: StopSignal): readonly Exchange[] | Promise<readonly Exchange[]> | null {
    const recalled = this.#options.memory.recall(hardwareId);
    if (!(recalled instanceof Promise)) return recalled;
    if (this.#overdue < MAX_OVERDUE) return this.#within(recalled, signal);
    this.#late += 1;
    recalled.catch(() => {});
    return [];
  }

  #within(recalled: Promise<readonly Exchange[]>, signal: StopSignal): Promise<readonly Exchange[]> {
    const { ownTime } = this.#options;
    return new Promise((resolve) => {
      let isOver = false;
      const finish = (history: readonly Exchange[]): void => {
        isOver = true;
        ownTime.clearTimeout(timer);
        signal.removeEventListener('abort', leave);
        resolve(history);
      };
      const leave = (): void => finish([]);
      const timer = ownTime.setTimeout(() => {
        this.#late += 1;
        this.#overdue += 1;
        const answered = (): void => {
          this.#overdue -= 1;
        };
        recalled.then(answered, answered);
        this.#tellFault(`it took longer than ${HISTORY_DUE_MS} ms`);
        finish([]);
      }, HISTORY_DUE_MS - TIMER_MARGIN_MS);
      signal.addEventListener('abort', leave);
      // What comes late changes nothing any more, not even whether a fault was told.
      recalled.then(
        (history) => {
          if (isOver) return;
          this.#isFaultTold = false;
          finish(history);
        },
        (error: unknown) => {
          if (isOver) return;
          this.#failed += 1;
          this.#tellFault(wordsOf(error));
          finish([]);
        },
      );
    });
  }

  #tellFault(reason: string): void {
    if (this.#isFaultTold) return;
    this.#isFaultTold = true;
    const fields = { scope: 'workflow', method: 'StreamAudio', decision: 'history_missing', ctx: { reason } };
    this.#options.log.warn(fields, 'answers go on without what was said before; told once until it is there again');
  }
}
