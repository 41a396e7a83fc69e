/**
 * Worlds one after another, until so many sessions were simulated: what was exercised, what was breached, and how to see that again. Logs of
 * recorded worlds are replayed by the replayer as they stand.
 */
import { isBadLog, readLog } from '../../../src/log/log-reader.ts';
import { machineFor } from '../../../src/replay/machine-shelf.ts';
import { replay } from '../../../src/replay/replayer.ts';
import type { Breach, Invariant } from './invariants.ts';
import { answerBehaviours, clientBehaviours, planWorld, voiceBehaviours } from './plan.ts';
import { runWorld, type WorldOptions, type WorldRun } from './world.ts';

/** What a campaign must have come to, each at least once. */
const wanted: readonly string[] = [
  ...answerBehaviours.map((name) => `answer ${name}`),
  ...voiceBehaviours.map((name) => `voice ${name}`),
  ...clientBehaviours.map((name) => `client ${name}`),
  ...words('end', 'completed client_cancelled interrupted superseded draining stream_idle_timeout session_timeout'),
  ...words('end', 'first_token_timeout answer_stalled speech_failed rate_limit_exceeded empty_answer answer_failed'),
  ...words('end', 'processing_error session_fault'),
  ...words('reject', 'concurrent_request concurrent_hardware_id device_limit_exceeded stream_limit_exceeded'),
  ...words('reject', 'overloaded draining empty_prompt access_denied client_cancelled interrupted'),
  ...words('line', 'stream_queued collect collect_dropped collect_expired left_unspoken dropped complete'),
  ...['attached', 'interrupt', 'overload begins', 'overload ends', 'drain of running streams', 'usage'],
  ...['memory none', 'memory at once', 'memory soon', 'memory late', 'quota taken', 'quota refused'],
];

function words(kind: string, names: string): readonly string[] {
  return names.split(' ').map((name) => `${kind} ${name}`);
}

/** What never happened in a campaign, and should have. */
export function notExercised({ exercised }: Campaign): readonly string[] {
  return wanted.filter((what) => !exercised.has(what));
}

export interface CampaignOptions {
  readonly seed: number;
  /** Streams that get a slot. */
  readonly sessions: number;
  /** Logs to replay. */
  readonly logs: number;
  readonly plant?: Invariant;
  readonly firstWorld?: number;
  /** Absent = as many as it takes. */
  readonly maxWorlds?: number;
  /** Worlds with a breach after which nothing further is tried. */
  readonly maxFailures?: number;
  /** Only breaches of this one count; absent = all do. */
  readonly sought?: Invariant;
}

export interface FailedWorld {
  readonly world: number;
  readonly breaches: readonly Breach[];
}

export interface Campaign {
  readonly worlds: number;
  readonly sessions: number;
  readonly calls: number;
  readonly steps: number;
  readonly replayed: number;
  readonly exercised: ReadonlyMap<string, number>;
  readonly failed: readonly FailedWorld[];
}

export function runCampaign({
  seed,
  sessions,
  logs,
  plant,
  firstWorld = 0,
  maxWorlds = Number.POSITIVE_INFINITY,
  maxFailures = 3,
  sought,
}: CampaignOptions): Campaign {
  const exercised = new Map<string, number>();
  const failed: FailedWorld[] = [];
  const total = { sessions: 0, calls: 0, steps: 0, replayed: 0 };
  let world = firstWorld;
  while (total.sessions < sessions && world - firstWorld < maxWorlds && failed.length < maxFailures) {
    const isRecorded = total.replayed < logs;
    const run = runWorld({ seed, world, isRecorded, ...(plant !== undefined && { plant }) });
    const all = [...run.breaches, ...run.logs.flatMap(replayBreaches)];
    const breaches = sought === undefined ? all : all.filter(({ invariant }) => invariant === sought);
    if (breaches.length > 0) failed.push({ world, breaches });
    total.sessions += run.sessions;
    total.calls += run.calls;
    total.steps += run.steps;
    total.replayed += run.logs.length;
    for (const [what, count] of run.exercised) exercised.set(what, (exercised.get(what) ?? 0) + count);
    world += 1;
  }
  return { ...total, worlds: world - firstWorld, exercised, failed };
}

/** What campaigns over different worlds come to together. */
export function joined(campaigns: readonly Campaign[]): Campaign {
  const exercised = new Map<string, number>();
  for (const campaign of campaigns)
    for (const [what, count] of campaign.exercised) exercised.set(what, (exercised.get(what) ?? 0) + count);
  const sum = (count: (campaign: Campaign) => number): number =>
    campaigns.reduce((total, each) => total + count(each), 0);
  return {
    worlds: sum(({ worlds }) => worlds),
    sessions: sum(({ sessions }) => sessions),
    calls: sum(({ calls }) => calls),
    steps: sum(({ steps }) => steps),
    replayed: sum(({ replayed }) => replayed),
    exercised,
    failed: campaigns.flatMap(({ failed }) => failed),
  };
}

/** What is wrong with a log; empty = it replays identical. */
export function replayBreaches(text: string): readonly Breach[] {
  const breach = (what: string): readonly Breach[] => [{ invariant: 'replay', what, atMs: 0 }];
  const log = readLog(text);
  if (isBadLog(log)) return breach(`line ${log.line}: ${log.why}`);
  const { machine: id, version } = log.header;
  const machine = machineFor(id, version);
  if (machine === undefined) return breach(`there is no chart ${id}`);
  const { divergence, definitionChanges, isIncomplete } = replay(log, machine);
  if (divergence !== null) return breach(`${id}, turn ${divergence.turn}: ${divergence.field} differs`);
  if (definitionChanges.length > 0) return breach(definitionChanges.join(', '));
  return isIncomplete ? breach(`${id}: the log has no end`) : [];
}

/** The fewest calls of a world that still breach the same invariant, as far as leaving out one part after another finds them. */
export function shrunk(failing: WorldOptions, first: Breach): readonly number[] {
  const fails = (only: readonly number[]): boolean => {
    const run: WorldRun = runWorld({ ...failing, only });
    return [...run.breaches, ...run.logs.flatMap(replayBreaches)].some(
      ({ invariant }) => invariant === first.invariant,
    );
  };
  let kept = planWorld(failing).calls.map(({ number }) => number);
  for (let part = kept.length >> 1; part >= 1; part >>= 1) {
    for (let from = 0; from < kept.length; ) {
      const fewer = [...kept.slice(0, from), ...kept.slice(from + part)];
      if (fewer.length < kept.length && fails(fewer)) kept = fewer;
      else from += part;
    }
  }
  return kept;
}

/** A world runs the queues of promises dry itself, which nothing inside of a promise can do: it gets a callback of its own. */
export function aside<T>(work: () => T): Promise<T> {
  return new Promise((resolve, reject) => {
    setImmediate(() => {
      try {
        resolve(work());
      } catch (error) {
        reject(error);
      }
    });
  });
}
