/** Reads the usage store for `recital usage`, in a process of its own (store-reader.ts) and beside a server that writes. */
import { runErrand } from './store-errand.ts';
import type { ReaderReply } from './store-reader.ts';
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
  const reply = await runErrand<ReaderReply>({ script: 'store-reader', args });
  return reply.kind === 'noStore' ? { kind: 'summary', summary: summaryOf([]) } : reply;
}
