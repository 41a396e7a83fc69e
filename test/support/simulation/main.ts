/** The command `npm run sim` (bench/simulation.mjs bundles it), and each of its threads. */
import { availableParallelism, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { parentPort } from 'node:worker_threads';
import { notExercised, replayBreaches, shrunk } from './campaign.ts';
import { type Block, runBlock, runCrew } from './crew.ts';
import { runWorld, type WorldOptions } from './world.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    sessions: { type: 'string', default: '100000' },
    logs: { type: 'string', default: '2000' },
    threads: { type: 'string', default: String(availableParallelism()) },
    world: { type: 'string' },
    only: { type: 'string' },
  },
});
const seed = Number(values.seed ?? Date.now() % 1_000_000);

// Worlds run from a callback of their own: they run the queues of promises dry themselves, which no promise can do.
const port = parentPort;
if (port !== null) port.on('message', (block: Block) => setImmediate(() => port.postMessage(runBlock(block))));
else if (values.world === undefined) process.exitCode = await campaign();
else
  setImmediate(() => {
    process.exitCode = oneWorld(Number(values.world));
  });

function oneWorld(world: number): number {
  const only = values.only?.split(',').map(Number);
  const options: WorldOptions = { seed, world, isRecorded: true, ...(only !== undefined && { only }) };
  const run = runWorld(options);
  const breaches = [...run.breaches, ...run.logs.flatMap(replayBreaches)];
  console.log(
    `seed ${seed}, world ${world}: ${run.calls} calls, ${run.sessions} sessions, ${run.steps} steps, trace ${run.trace}`,
  );
  for (const { invariant, what, atMs } of breaches) console.log(`  ${atMs.toFixed(1)} ms: ${invariant}: ${what}`);
  const [first] = breaches;
  if (first !== undefined && only === undefined) {
    const calls = shrunk(options, first);
    console.log(`  the fewest calls: npm run sim -- --seed ${seed} --world ${world} --only ${calls.join(',')}`);
  }
  return breaches.length === 0 ? 0 : 1;
}

/** Fewer do not come to everything that can happen. */
const JUDGED_SESSIONS = 10_000;

async function campaign(): Promise<number> {
  const [sessions, logs, threads] = [Number(values.sessions), Number(values.logs), Number(values.threads)];
  const given = { sessions, logs, threads };
  for (const [name, value] of Object.entries(given))
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`--${name} is a whole number, not ${value}`);
  console.log(`seed ${seed}, ${threads} threads, load ${loadText()}`);
  const before = process.cpuUsage();
  const startedAtMs = performance.now();
  const secondsNow = (): number => (performance.now() - startedAtMs) / 1_000;
  let toldAtSeconds = 0;
  const run = await runCrew({
    ...{ seed, sessions, logs, threads, thread: new URL(import.meta.url) },
    onProgress: (found) => {
      if (secondsNow() < toldAtSeconds + 5) return;
      toldAtSeconds = secondsNow();
      process.stderr.write(`${toldAtSeconds.toFixed(0).padStart(5)} s  ${found} sessions\n`);
    },
  });
  const { user, system } = process.cpuUsage(before);
  const cpuMs = (user + system) / 1_000;
  const seconds = secondsNow();
  console.log(
    `${run.sessions} sessions of ${run.calls} calls in ${run.worlds} worlds, ${run.steps} steps, ${run.replayed} logs replayed`,
  );
  console.log(
    `${seconds.toFixed(1)} s, ${(run.sessions / seconds).toFixed(0)} sessions/s, load ${loadText()};` +
      ` ${(cpuMs / run.sessions).toFixed(3)} ms of CPU a session, ${(cpuMs / run.calls).toFixed(3)} a call`,
  );
  for (const [what, count] of [...run.exercised].sort(([one], [other]) => (one < other ? -1 : 1)))
    console.log(`  ${what}: ${count}`);
  for (const { world, breaches } of run.failed) {
    console.log(`FAILED: npm run sim -- --seed ${seed} --world ${world}`);
    for (const { invariant, what, atMs } of breaches.slice(0, 5))
      console.log(`  ${atMs.toFixed(1)} ms: ${invariant}: ${what}`);
  }
  if (sessions < JUDGED_SESSIONS) {
    console.log(`Too few sessions to say what was never seen; from ${JUDGED_SESSIONS} on it counts.`);
    return run.failed.length === 0 ? 0 : 1;
  }
  const missing = notExercised(run);
  if (missing.length > 0) console.log(`NEVER SEEN: ${missing.join(', ')}`);
  const isReplayed = run.replayed >= logs || run.failed.length > 0;
  if (!isReplayed) console.log(`ONLY ${run.replayed} of ${logs} logs were replayed`);
  return run.failed.length === 0 && missing.length === 0 && isReplayed ? 0 : 1;
}

function loadText(): string {
  return (loadavg()[0] ?? 0).toFixed(1);
}
