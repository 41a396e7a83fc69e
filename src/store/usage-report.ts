/** Reads the usage store for `recital usage`, in a process of its own (store-reader.ts) and beside a server that writes. */
import { fork } from 'node:child_process';
import type { ReaderReply } from './store-reader.ts';
import { storeScript } from './store-script.ts';
import { summaryOf, type UsageSummary } from './usage-summary.ts';

export interface UsageQuery {
  readonly dataDir: string;
  /** 0 = from the beginning. */
  readonly sinceMs: number;
  readonly hardwareId?: string;
}

export type UsageReport =
  | { readonly kind: 'summary'; readonly summary: UsageSummary }
  | { readonly kind: 'failed'; readonly reason: string };

/** What was used. A store that does not exist holds nothing, and is not made. */
export async function reportUsage({ dataDir, sinceMs, hardwareId }: UsageQuery): Promise<UsageReport> {
  const args = [dataDir, String(sinceMs), ...(hardwareId === undefined ? [] : [hardwareId])];
  const reader = fork(storeScript('store-reader'), args, {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const reply = await new Promise<ReaderReply>((resolve) => {
    reader.once('message', (message: ReaderReply) => resolve(message));
    reader.once('error', ({ message }) => resolve({ kind: 'failed', reason: message }));
    reader.once('close', (code, signal) => {
      resolve({ kind: 'failed', reason: `it is damaged: reading it ended with ${signal ?? `exit code ${code}`}` });
    });
  });
  return reply.kind === 'noStore' ? { kind: 'summary', summary: summaryOf([]) } : reply;
}
