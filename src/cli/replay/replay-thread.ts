/** A thread of `recital replay`: is sent paths, replays what they lead to, and sends back the verdicts in the same order. */
import { parentPort } from 'node:worker_threads';
import { assert } from '../../assert.ts';
import { type NamedLog, openLogs } from '../log/log-files.ts';
import { type ReplayResult, replayOne } from './log-replay.ts';
import type { ReplayBatch } from './replay-pool.ts';

const port = parentPort;
assert(port !== null, 'replay-thread runs in a worker thread only');

/** Batches wait for each other: who asks knows an answer by its place in the row. */
let row: Promise<void> = Promise.resolve();

port.on('message', ({ paths, emit }: ReplayBatch) => {
  const logs = openLogs(paths);
  // Its files are read while the batch before it is worked on.
  const first = logs.next();
  row = row.then(async () => port.postMessage(await replayBatch({ first, logs, emit })));
});

interface BegunBatch {
  readonly first: Promise<IteratorResult<NamedLog>>;
  readonly logs: AsyncGenerator<NamedLog>;
  readonly emit: boolean;
}

async function replayBatch({ first, logs, emit }: BegunBatch): Promise<readonly ReplayResult[]> {
  const results: ReplayResult[] = [];
  for (let next = await first; next.done !== true; next = await logs.next()) {
    results.push(replayOne(next.value, emit));
    await turnOfTheLoop();
  }
  return results;
}

/** What was read, and the batch behind this one, come in with a turn of the event loop: without one between two logs nothing is read meanwhile. */
function turnOfTheLoop(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
