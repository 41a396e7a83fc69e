/** A thread of `recital replay`: is sent paths, replays what they lead to, and sends back the verdicts in the same order. */
import { parentPort } from 'node:worker_threads';
import { assert } from '../../assert.ts';
import { openLogs } from '../log/log-files.ts';
import { type ReplayResult, replayOne } from './log-replay.ts';
import type { ReplayBatch } from './replay-pool.ts';

const port = parentPort;
assert(port !== null, 'replay-thread runs in a worker thread only');

/** Batches wait for each other: files are read meanwhile, and who asks knows an answer by its place in the row. */
let row: Promise<void> = Promise.resolve();

port.on('message', (batch: ReplayBatch) => {
  row = row.then(async () => port.postMessage(await replayBatch(batch)));
});

async function replayBatch({ paths, emit }: ReplayBatch): Promise<readonly ReplayResult[]> {
  const results: ReplayResult[] = [];
  for await (const named of openLogs(paths)) results.push(replayOne(named, emit));
  return results;
}
