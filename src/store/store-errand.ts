/**
 * What the command line wants of the store, `recital usage` and `recital forget`: each a piece of work in a process of its own
 * (process/store-errands.ts), beside a server that runs. A damaged file ends that process, and a stuck one is bounded. A store
 * that does not exist is not made, and told apart from an empty one: who mistypes DATA_DIR must not hear that all is well.
 */
import { fork } from 'node:child_process';
import { isNoId, NO_DEVICE } from '../call/call.ts';
import type { Forgotten } from './process/memory-ledger.ts';
import type { ErrandReplies, UnreachableStore } from './process/store-errands.ts';
import { storeEnvironment, storeScript } from './store-process.ts';
import type { UsageSummary } from './usage-summary.ts';

/** A server's process holds the store for some ms at a time. */
const ERRAND_DUE_MS = 20_000;

export interface UsageQuery {
  readonly dataDir: string;
  /** 0 = from the beginning. */
  readonly sinceMs: number;
  readonly hardwareId?: string;
}

/** There is no store below DATA_DIR, and no server has made one. */
interface NoStore {
  readonly kind: 'noStore';
}

export type UsageReport =
  | { readonly kind: 'summary'; readonly summary: UsageSummary }
  | NoStore
  | UnreachableStore
  | { readonly kind: 'failed'; readonly reason: string };

/** What was used. */
export function reportUsage({ dataDir, sinceMs, hardwareId }: UsageQuery): Promise<UsageReport> {
  // What calls without a device used stands under the one name for them.
  const device = hardwareId !== undefined && isNoId(hardwareId) ? NO_DEVICE : hardwareId;
  return runErrand('usage', [dataDir, String(sinceMs), ...(device === undefined ? [] : [device])]);
}

export interface Forgetting {
  readonly dataDir: string;
  /** null = every device. */
  readonly hardwareId: string | null;
}

export type ForgettingReport =
  | ({ readonly kind: 'forgotten' } & Forgotten)
  | NoStore
  | UnreachableStore
  | { readonly kind: 'failed'; readonly reason: string };

/** Forgets what is remembered; when it resolves, that is on the disk. */
export function forgetMemory({ dataDir, hardwareId }: Forgetting): Promise<ForgettingReport> {
  return runErrand('forget', [dataDir, ...(hardwareId === null ? [] : [hardwareId])]);
}

/** Resolves with the one message that the process sends; never rejects. */
function runErrand<Name extends keyof ErrandReplies>(
  name: Name,
  args: readonly string[],
): Promise<ErrandReplies[Name] | { readonly kind: 'failed'; readonly reason: string }> {
  const script = storeScript('store-errands');
  const child = fork(script, [name, ...args], {
    execArgv: [],
    env: storeEnvironment(process.env),
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  return new Promise((resolve) => {
    const finish = (reply: ErrandReplies[Name] | { readonly kind: 'failed'; readonly reason: string }): void => {
      clearTimeout(timer);
      resolve(reply);
    };
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      finish({ kind: 'failed', reason: `it did not answer within ${ERRAND_DUE_MS / 1000}s` });
    }, ERRAND_DUE_MS);
    child.once('message', (message: ErrandReplies[Name]) => finish(message));
    child.once('error', ({ message }) => finish({ kind: 'failed', reason: message }));
    child.once('close', (code, signal) => {
      finish({ kind: 'failed', reason: `it is damaged: opening it ended with ${signal ?? `exit code ${code}`}` });
    });
  });
}
