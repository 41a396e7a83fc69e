/**
 * The process of one errand that the command line has with the store, started by store-errand.ts: a damaged file ends it and
 * not the command. A server may be writing the store meanwhile. Arguments: what is wanted, DATA_DIR, then for `usage` the time
 * since which in ms; last a hardware_id, or nothing, which is every device. It sends one reply, or why there is none.
 */
import { summaryOf, type UsageSummary } from '../usage-summary.ts';
import { hasStore, openStore, openStoreForReading, systemWordsOf } from './embedded-store.ts';
import { type Forgotten, MemoryLedger } from './memory-ledger.ts';
import { usageSince } from './usage-ledger.ts';

type Failed = { readonly kind: 'failed'; readonly reason: string };
type NoStore = { readonly kind: 'noStore' };

/** By the name of the errand. */
export interface ErrandReplies {
  readonly usage: { readonly kind: 'summary'; readonly summary: UsageSummary } | NoStore | Failed;
  readonly forget: ({ readonly kind: 'forgotten' } & Forgotten) | NoStore | Failed;
}

function usage(dataDir: string, since: string, hardwareId: string | undefined): ErrandReplies['usage'] {
  const store = openStoreForReading(dataDir);
  if (store === null) return { kind: 'noStore' };
  return { kind: 'summary', summary: summaryOf(usageSince(store, Number(since)), hardwareId) };
}

function forget(dataDir: string, hardwareId: string | undefined): ErrandReplies['forget'] {
  if (!hasStore(dataDir)) return { kind: 'noStore' };
  const ledger = new MemoryLedger(openStore(dataDir));
  const nowMs = Date.now();
  if (hardwareId === undefined) return { kind: 'forgotten', ...ledger.forgetAll(nowMs) };
  const exchanges = ledger.forget(hardwareId, nowMs);
  return { kind: 'forgotten', devices: exchanges > 0 ? 1 : 0, exchanges };
}

function replyTo([name, dataDir = '', ...rest]: readonly string[]): ErrandReplies[keyof ErrandReplies] {
  try {
    const [since = '0', hardwareId] = rest;
    return name === 'forget' ? forget(dataDir, rest[0]) : usage(dataDir, since, hardwareId);
  } catch (error) {
    return { kind: 'failed', reason: systemWordsOf(error) };
  }
}

process.send?.(replyTo(process.argv.slice(2)), () => process.exit());
