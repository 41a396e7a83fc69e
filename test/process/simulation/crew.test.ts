/** A campaign on several cores: one verdict, whichever thread was first, and no failure is passed over. */
import { expect, test } from 'vitest';
import { aside, type Campaign, joined, runCampaign } from '../../support/simulation/campaign.ts';
import { blockOf, rowOf, runBlock, runCrew } from '../../support/simulation/crew.ts';

/** A thread that answers with ten sessions a block, the even ones later than the odd ones behind them. */
function answering(extra = ''): URL {
  const code = `
    import { parentPort, threadId } from 'node:worker_threads';
    parentPort.on('message', ({ number, logs }) => {
      const answer = { worlds: 16, sessions: 10, calls: 20, steps: 30, replayed: logs, failed: [],
        exercised: new Map([['block ' + number, 1], ['blocks', 1]]) };
      ${extra}
      setTimeout(() => parentPort.postMessage(answer), number % 2 === 0 ? 40 : 0);
    });`;
  return new URL(`data:text/javascript,${encodeURIComponent(code)}`);
}

const options = { seed: 5, sessions: 55, logs: 100 };

test('what counts is the row of blocks that has the sessions, the same with one thread and with three', async () => {
  const told: number[] = [];
  const alone = await runCrew({ ...options, threads: 1, thread: answering(), onProgress: (found) => told.push(found) });
  expect(told).toEqual([10, 20, 30, 40, 50, 60]);
  expect(alone).toMatchObject({ worlds: 96, sessions: 60, calls: 120, steps: 180, replayed: 100, failed: [] });
  expect(alone.exercised.get('blocks')).toBe(6);
  expect(await runCrew({ ...options, threads: 3, thread: answering() })).toEqual(alone);
});

test('a failed world ends the campaign with its number, be its block the last one that was asked for', async () => {
  const failing = answering("if (number === 3) answer.failed.push({ world: 50, breaches: [{ what: 'seen' }] });");
  const run = await runCrew({ ...options, sessions: 1_000_000, threads: 2, thread: failing });
  expect(run.failed).toEqual([{ world: 50, breaches: [{ what: 'seen' }] }]);
  const behindTheRow = [blockWith(10), blockWith(10), { ...blockWith(10), failed: run.failed }];
  expect(rowOf(behindTheRow, 20)).toMatchObject({ sessions: 20, failed: run.failed });
});

test('a gap in the row is waited for', () => {
  expect(rowOf([blockWith(10), undefined, blockWith(90)], 50)).toBeNull();
  expect(rowOf([blockWith(10), blockWith(1), blockWith(90)], 50)).toMatchObject({ sessions: 101 });
  expect(rowOf([blockWith(10)], 50)).toBeNull();
});

test.each([
  ['throws', "throw new Error('out of order');", 'out of order'],
  ['ends', 'process.exit(3);', 'ended with 3'],
])('a thread that %s ends the campaign with its error', async (_how, code, words) => {
  const broken = answering(`if (number === 2) ${code}`);
  await expect(runCrew({ ...options, threads: 2, thread: broken })).rejects.toThrow(words);
});

test('the logs to replay are shared out to blocks that a campaign is sure to have', () => {
  const shares = (sessions: number) =>
    Array.from({ length: 12 }, (_, number) => blockOf({ seed: 1, sessions, logs: 2_000 }, number).logs);
  expect(shares(100_000)).toEqual([...Array(8).fill(250), 0, 0, 0, 0]);
  expect(shares(2_500)).toEqual([1_000, 1_000, ...Array(10).fill(0)]);
  expect(shares(100)).toEqual([2_000, ...Array(11).fill(0)]);
});

test('worlds come to the same in blocks and in one row', async () => {
  const inWorlds = (firstWorld: number, maxWorlds: number) =>
    aside(() => runCampaign({ seed: 31, sessions: Number.POSITIVE_INFINITY, logs: 0, firstWorld, maxWorlds }));
  const whole = await inWorlds(16, 4);
  expect(whole).toMatchObject({ worlds: 4, failed: [] });
  expect(joined([await inWorlds(16, 1), await inWorlds(17, 3)])).toEqual(whole);
  const block = await aside(() => runBlock({ seed: 31, number: 1, logs: 5 }));
  expect(block).toMatchObject({ worlds: 16, failed: [] });
  expect(block.replayed).toBeGreaterThanOrEqual(5);
  expect(block.sessions).toBeGreaterThan(whole.sessions);
}, 600_000);

function blockWith(sessions: number): Campaign {
  return { worlds: 16, sessions, calls: 0, steps: 0, replayed: 0, exercised: new Map(), failed: [] };
}
