/**
 * The process that writes the store, started by usage-store.ts with DATA_DIR as its argument. LMDB's native code crashes on foreign
 * bytes and corrupts the heap on a full disk (docs/decisions/0008): here that costs a restart of this process and nobody's stream.
 *
 * It lives as long as its channel: a server that is killed closes it, what was handed over is still written. Any failure ends it; whether to
 * start another one is the server's decision.
 */
import { causeOfFailedWrite, type EmbeddedStore, openStore, systemWordsOf } from './embedded-store.ts';
import { type StoreReply, storeRequestSchema } from './store-messages.ts';
import { UsageLedger } from './usage-ledger.ts';

/** Old entries are looked for this often; there is no hurry. */
const PRUNE_INTERVAL_MS = 3_600_000;
const FAILED_EXIT_CODE = 1;

let isFailing = false;

function tell(reply: StoreReply, told = (): void => {}): void {
  // A server that has gone needs no answer.
  if (process.connected) process.send?.(reply, told);
  else told();
}

function fail(what: string, error: unknown): void {
  if (isFailing) return;
  isFailing = true;
  tell({ kind: 'failed', reason: `${what} (${systemWordsOf(error)})` }, () => process.exit(FAILED_EXIT_CODE));
}

function opened(): EmbeddedStore | null {
  try {
    return openStore(process.argv[2] ?? '');
  } catch (error) {
    fail('the usage store cannot be opened', error);
    return null;
  }
}

function run(store: EmbeddedStore): void {
  const ledger = new UsageLedger(store);
  const failWrite = async (error: unknown) =>
    fail('the usage store cannot be written', await causeOfFailedWrite(error));
  const committed: number[] = [];
  /** One look for all that a commit took. */
  const tellStored = (): void => {
    try {
      if (!store.isInPlace()) throw new Error('its file was removed or replaced');
      for (const id of committed.splice(0)) tell({ kind: 'stored', id });
    } catch (error) {
      fail('the usage store cannot be written', error);
    }
  };
  const noteCommitted = (id: number): void => {
    if (committed.push(id) === 1) setImmediate(tellStored);
  };
  const prune = () => ledger.prune(Date.now()).catch(failWrite);
  process.on('message', (message) => {
    const { id, entry } = storeRequestSchema.parse(message);
    ledger.record(entry).then(() => noteCommitted(id), failWrite);
  });
  process.once('disconnect', async () => {
    await store.close();
    process.exit();
  });
  setInterval(prune, PRUNE_INTERVAL_MS).unref();
  tell({ kind: 'opened' });
  void prune();
}

// Ctrl-C goes to the whole process group, but the server still drains then.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});
const store = opened();
if (store !== null) run(store);
