/**
 * The process that reads the store for `recital usage`, started by usage-report.ts: a damaged file ends it and not the command.
 * Arguments: DATA_DIR, the time since which in ms, and a hardware_id or nothing. It sends one summary, or why there is none.
 */
import { openStoreForReading, systemWordsOf } from './embedded-store.ts';
import { usageSince } from './usage-ledger.ts';
import { summaryOf, type UsageSummary } from './usage-summary.ts';

export type ReaderReply =
  | { readonly kind: 'summary'; readonly summary: UsageSummary }
  | { readonly kind: 'noStore' }
  | { readonly kind: 'failed'; readonly reason: string };

function replyTo([dataDir = '', since, hardwareId]: readonly string[]): ReaderReply {
  try {
    const store = openStoreForReading(dataDir);
    if (store === null) return { kind: 'noStore' };
    return { kind: 'summary', summary: summaryOf(usageSince(store, Number(since)), hardwareId) };
  } catch (error) {
    return { kind: 'failed', reason: systemWordsOf(error) };
  }
}

process.send?.(replyTo(process.argv.slice(2)), () => process.exit());
