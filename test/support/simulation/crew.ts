/**
 * A campaign on several cores: its worlds in blocks, which are handed to threads in their order, and one result of all. A block is worlds by
 * number, so that what a block comes to depends on the seed alone, and neither on its thread nor on how many there are.
 *
 * Guarantees: what counts is the shortest row of blocks, from the first on, that has the sessions that were asked for; a failed world of any
 * block counts; at most one block a thread is under way; a thread that breaks ends the campaign with its error.
 */
import { Worker } from 'node:worker_threads';
import { type Campaign, joined, runCampaign } from './campaign.ts';

const WORLDS_PER_BLOCK = 16;
/** Logs are replayed of so many blocks at most, so that it is work for all threads; of a small campaign, of those that it is sure to have. */
const BLOCKS_WITH_LOGS = 8;
const SESSIONS_PER_BLOCK_WITH_LOGS = 1_000;
/** A world leaves thousands of snapshots behind, which a larger space for what is new gets rid of at less cost. */
const YOUNG_GENERATION_MB = 192;

export interface CrewOptions {
  readonly seed: number;
  readonly sessions: number;
  /** Logs to replay. */
  readonly logs: number;
  readonly threads: number;
  /** Code of a thread: answers each block that it is sent with what `runBlock` comes to. */
  readonly thread: URL;
  /** Told how many sessions were simulated so far, after each block. */
  readonly onProgress?: (sessions: number) => void;
}

export interface Block {
  readonly seed: number;
  readonly number: number;
  readonly logs: number;
}

/** Runs one block. */
export function runBlock({ seed, number, logs }: Block): Campaign {
  const worlds = { firstWorld: number * WORLDS_PER_BLOCK, maxWorlds: WORLDS_PER_BLOCK };
  return runCampaign({ seed, sessions: Number.POSITIVE_INFINITY, logs, ...worlds });
}

/** The block with this number, and its share of the logs that the campaign is to replay. */
export function blockOf(campaign: Pick<CrewOptions, 'seed' | 'sessions' | 'logs'>, number: number): Block {
  const { seed, sessions, logs } = campaign;
  const withLogs = Math.max(1, Math.min(BLOCKS_WITH_LOGS, Math.floor(sessions / SESSIONS_PER_BLOCK_WITH_LOGS)));
  return { seed, number, logs: number < withLogs ? Math.ceil(logs / withLogs) : 0 };
}

/** The row of blocks that has `sessions`, and all failures there are; null = it is not long enough yet. */
export function rowOf(blocks: readonly (Campaign | undefined)[], sessions: number): Campaign | null {
  let found = 0;
  for (const [index, block] of blocks.entries()) {
    if (block === undefined) return null;
    found += block.sessions;
    if (found < sessions) continue;
    const row = blocks.slice(0, index + 1).filter((each) => each !== undefined);
    return { ...joined(row), failed: blocks.flatMap((each) => each?.failed ?? []) };
  }
  return null;
}

/** Runs the campaign; rejects with the error of a thread that broke. */
export async function runCrew({ seed, sessions, logs, threads, thread, onProgress }: CrewOptions): Promise<Campaign> {
  const blocks: (Campaign | undefined)[] = [];
  const crew = Array.from({ length: threads }, () => newMember(thread));
  let next = 0;
  let found = 0;
  let hasFailed = false;
  const work = async (run: (block: Block) => Promise<Campaign>): Promise<void> => {
    while (!hasFailed && rowOf(blocks, sessions) === null) {
      const number = next;
      next += 1;
      const block = await run(blockOf({ seed, sessions, logs }, number));
      blocks[number] = block;
      found += block.sessions;
      hasFailed ||= block.failed.length > 0;
      onProgress?.(found);
    }
  };
  try {
    await Promise.all(crew.map(({ run }) => work(run)));
  } finally {
    await Promise.all(crew.map(({ worker }) => worker.terminate()));
  }
  // With a failure the row may have a gap, and what is in it was seen all the same.
  const seen = blocks.filter((each) => each !== undefined);
  return rowOf(blocks, sessions) ?? joined(seen);
}

function newMember(thread: URL): { readonly worker: Worker; readonly run: (block: Block) => Promise<Campaign> } {
  const worker = new Worker(thread, { resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB } });
  const broken = new Promise<never>((_, fail) => {
    worker.once('error', fail);
    worker.once('exit', (code) => fail(new Error(`a thread of the simulation ended with ${code}`)));
  });
  // Whoever waits for a block hears of it.
  broken.catch(() => {});
  const run = (block: Block): Promise<Campaign> => {
    const answer = new Promise<Campaign>((settle) => {
      worker.once('message', settle);
    });
    worker.postMessage(block);
    return Promise.race([answer, broken]);
  };
  return { worker, run };
}
