/**
 * What the command line wants of the store, `recital usage` and `recital forget`: each a piece of work in a process of its own
 * (process/store-errands.ts), beside a server that runs. A damaged file ends that process, and a stuck one is bounded. A store
 * that does not exist holds nothing, and is not made.
 */
import { fork } from 'node:child_process';
import type { Forgotten } from './process/memory-ledger.ts';
import type { ErrandReplies } from './process/store-errands.ts';
import { storeEnvironment, storeScript } from './store-process.ts';
import { summaryOf, type UsageSummary } from './usage-summary.ts';

/** A server's process holds the store for some ms at a time. */
const ERRAND_DUE_MS = 20_000;

export interface UsageQuery {
  readonly dataDir: string;
  /** 0 = from the beginning. */
  readonly sinceMs: number;
  readonly hardwareId?: string;
}

export type UsageReport =
  | { readonly kind: 'summary'; readonly summary: UsageSummary }
  | { readonly kind: 'failed'; readonly reason: string };

/** What was used. */
export async function reportUsage({ dataDir, sinceMs, hardwareId }: UsageQuery): Promise<UsageReport> {
  const reply = await runErrand('usage', [dataDir, String(sinceMs), ...(hardwareId === undefined ? [] : [hardwareId])]);
  return reply.kind === 'noStore' ? { kind: 'summary', summary: summaryOf([]) } : reply;
}

export interface Forgetting {
  readonly dataDir: string;
  /** null = every device. */
  readonly hardwareId: string | null;
}

export type ForgettingReport =
  | ({ readonly kind: 'forgotten' } & Forgotten)
  | { readonly kind: 'failed'; readonly reason: string };

/** Forgets what is remembered; when it resolves, that is on the disk. */
export async function forgetMemory({ dataDir, hardwareId }: Forgetting): Promise<ForgettingReport> {
  const reply = await runErrand('forget', [dataDir, ...(hardwareId === null ? [] : [hardwareId])]);
  return reply.kind === 'noStore' ? { kind: 'forgotten', devices: 0, exchanges: 0 } : reply;
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
