/** Forgets memories for `recital forget`, in a process of its own (store-eraser.ts) and beside a server that runs. */
import type { Forgotten } from './memory-ledger.ts';
import type { EraserReply } from './store-eraser.ts';
import { runErrand } from './store-errand.ts';

export interface Forgetting {
  readonly dataDir: string;
  /** null = every device. */
  readonly hardwareId: string | null;
}

export type ForgettingReport =
  | ({ readonly kind: 'forgotten' } & Forgotten)
  | { readonly kind: 'failed'; readonly reason: string };

/** Forgets what is remembered; when it resolves, that is on the disk. A store that does not exist holds nothing, and is not made. */
export async function forgetMemory({ dataDir, hardwareId }: Forgetting): Promise<ForgettingReport> {
  const args = [dataDir, ...(hardwareId === null ? [] : [hardwareId])];
  const reply = await runErrand<EraserReply>({ script: 'store-eraser', args });
  return reply.kind === 'noStore' ? { kind: 'forgotten', devices: 0, exchanges: 0 } : reply;
}
