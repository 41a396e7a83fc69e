import { expect, test } from 'vitest';
import { runs } from '../../support/runs.ts';
import {
  aside,
  type Campaign,
  type CampaignOptions,
  notExercised,
  runCampaign,
  shrunk,
} from '../../support/simulation/campaign.ts';
import type { Invariant } from '../../support/simulation/invariants.ts';
import { plants } from '../../support/simulation/plants.ts';
import { runWorld, type WorldOptions, type WorldRun } from '../../support/simulation/world.ts';

/** Seconds of computing, on a machine that may have others to do it for. */
const TIMEOUT_MS = 600_000;

const campaign = (options: CampaignOptions): Promise<Campaign> => aside(() => runCampaign(options));
const world = (options: WorldOptions): Promise<WorldRun> => aside(() => runWorld(options));

/** Each run of the suite has sessions of its own; who wants one of them again has the seed from the message. */
const seed = Number(process.env.SIMULATION_SEED ?? Date.now() % 1_000_000);

test(
  `what must hold holds in simulated worlds of seed ${seed}, and their logs replay identical`,
  async () => {
    const run = await campaign({ seed, sessions: runs(2_500), logs: runs(1_000) });
    expect(run.failed.map((failed) => ({ seed, ...failed }))).toEqual([]);
    expect(run.replayed).toBeGreaterThan(0);
  },
  TIMEOUT_MS,
);

test(
  'simulated worlds come to every behaviour of engines and clients, and to every end',
  async () => {
    const run = await campaign({ seed: 13, sessions: 1_200, logs: 0 });
    expect(run.failed).toEqual([]);
    expect(notExercised(run)).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  'the same seed is the same world, to the last frame and its time; another one is another',
  async () => {
    const key = { seed: 7, world: 3 };
    const first = await world(key);
    const again = await world(key);
    expect(again).toEqual(first);
    const recorded = await world({ ...key, isRecorded: true });
    expect(recorded.trace).toBe(first.trace);
    const other = await world({ seed: 8, world: 3 });
    expect(other.trace).not.toBe(first.trace);
  },
  TIMEOUT_MS,
);

const invariants = Object.keys(plants).filter(isInvariant);

function isInvariant(name: string): name is Invariant {
  return Object.hasOwn(plants, name);
}

test.each(invariants)(
  'a fault that is planted against "%s" is seen',
  async (invariant) => {
    const logs = invariant === 'replay' ? 1 : 0;
    const run = await campaign({
      seed: 21,
      sessions: 1_500,
      logs,
      plant: invariant,
      maxFailures: 1,
      sought: invariant,
    });
    expect(run.failed.flatMap(({ breaches }) => breaches.map((breach) => breach.invariant))).toContain(invariant);
  },
  TIMEOUT_MS,
);

test(
  'a failing world is made small: the calls that remain fail alone',
  async () => {
    const plant = 'one terminal';
    const found = await campaign({ seed: 21, sessions: 1_500, logs: 0, plant, maxFailures: 1 });
    const [failed] = found.failed;
    const [first] = failed?.breaches ?? [];
    if (failed === undefined || first === undefined) throw new Error('nothing failed');
    const options = { seed: 21, world: failed.world, plant } as const;
    const only = await aside(() => shrunk(options, first));
    expect(only).toHaveLength(1);
    const alone = await world({ ...options, only });
    expect(alone.breaches.map(({ invariant }) => invariant)).toContain(plant);
  },
  TIMEOUT_MS,
);
