/**
 * The process of one errand that the command line has with the store, started by store-errand.ts: a damaged file ends it and
 * not the command. A server may be writing the store meanwhile. Arguments: what is wanted, DATA_DIR, then for `usage` the time
 * since which in ms; last a hardware_id, or nothing, which is every device. It sends one reply, or why there is none.
 */
import { accessSync, constants } from 'node:fs';
import { summaryOf, type UsageSummary } from '../usage-summary.ts';
import { hasStore, openStore, openStoreForReading, storeFileOf, systemWordsOf } from './embedded-store.ts';
import { type Forgotten, MemoryLedger } from './memory-ledger.ts';
import { usageSince } from './usage-ledger.ts';

type Failed = { readonly kind: 'failed'; readonly reason: string };
type NoStore = { readonly kind: 'noStore' };
/** The file system lets nobody like this process look at `path`: whether there is a store can't be told. */
export interface UnreachableStore {
  readonly kind: 'unreachable';
  readonly path: string;
  readonly reason: string;
}

/** By the name of the errand. */
export interface ErrandReplies {
  readonly usage: { readonly kind: 'summary'; readonly summary: UsageSummary } | NoStore | UnreachableStore | Failed;
  readonly forget: ({ readonly kind: 'forgotten' } & Forgotten) | NoStore | UnreachableStore | Failed;
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

/** Asked before LMDB, whose own words name neither the path nor the system's code. */
function whyUnreachable(dataDir: string, mode: number): UnreachableStore | null {
  try {
    if (hasStore(dataDir)) accessSync(storeFileOf(dataDir), mode);
    return null;
  } catch (error) {
    const path = error instanceof Error && 'path' in error && typeof error.path === 'string' ? error.path : dataDir;
    return { kind: 'unreachable', path, reason: systemWordsOf(error) };
  }
}

function replyTo([name, dataDir = '', ...rest]: readonly string[]): ErrandReplies[keyof ErrandReplies] {
  try {
    const unreachable = whyUnreachable(dataDir, name === 'forget' ? constants.R_OK | constants.W_OK : constants.R_OK);
    if (unreachable !== null) return unreachable;
    const [since = '0', hardwareId] = rest;
    return name === 'forget' ? forget(dataDir, rest[0]) : usage(dataDir, since, hardwareId);
  } catch (error) {
    return { kind: 'failed', reason: systemWordsOf(error) };
  }
}

process.send?.(replyTo(process.argv.slice(2)), () => process.exit());
