/**
 * The process that forgets memories for `recital forget`, started by memory-forgetting.ts. Arguments: DATA_DIR, and a hardware_id or
 * nothing, which is every device. It sends how much was forgotten, or why nothing was. A server may be writing the store meanwhile.
 */
import { hasStore, openStore, systemWordsOf } from './embedded-store.ts';
import { type Forgotten, MemoryLedger } from './memory-ledger.ts';

export type EraserReply =
  | ({ readonly kind: 'forgotten' } & Forgotten)
  | { readonly kind: 'noStore' }
  | { readonly kind: 'failed'; readonly reason: string };

async function replyTo([dataDir = '', hardwareId]: readonly string[]): Promise<EraserReply> {
  try {
    if (!hasStore(dataDir)) return { kind: 'noStore' };
    const store = openStore(dataDir);
    const ledger = new MemoryLedger(store);
    const nowMs = Date.now();
    if (hardwareId === undefined) return { kind: 'forgotten', ...ledger.forgetAll(nowMs) };
    const exchanges = ledger.forget(hardwareId, nowMs);
    return { kind: 'forgotten', devices: exchanges > 0 ? 1 : 0, exchanges };
  } catch (error) {
    return { kind: 'failed', reason: systemWordsOf(error) };
  }
}

process.send?.(await replyTo(process.argv.slice(2)), () => process.exit());
