/** The command `npm run sim` (bench/simulation.mjs bundles it). */
import { parseArgs } from 'node:util';
import { notExercised, replayBreaches, runCampaign, shrunk } from './campaign.ts';
import { runWorld, type WorldOptions } from './world.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    sessions: { type: 'string', default: '100000' },
    logs: { type: 'string', default: '2000' },
    world: { type: 'string' },
    only: { type: 'string' },
    details: { type: 'boolean', default: false },
  },
});
const seed = Number(values.seed ?? Date.now() % 1_000_000);

// From a callback of its own: a simulated world runs the queues of promises dry itself, which no promise can do.
setImmediate(() => {
  process.exitCode = values.world === undefined ? campaign() : oneWorld(Number(values.world));
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

function campaign(): number {
  console.log(`seed ${seed}`);
  const before = process.cpuUsage();
  const startedAtMs = performance.now();
  const run = runCampaign({ seed, sessions: Number(values.sessions), logs: Number(values.logs) });
  const { user, system } = process.cpuUsage(before);
  const seconds = (performance.now() - startedAtMs) / 1_000;
  const cpuMs = (user + system) / 1_000;
  const { sessions, calls, worlds, steps, replayed, exercised, failed } = run;
  console.log(`${sessions} sessions of ${calls} calls in ${worlds} worlds, ${steps} steps, ${replayed} logs replayed`);
  console.log(
    `${seconds.toFixed(1)} s, ${(sessions / seconds).toFixed(0)} sessions/s; ${(cpuMs / sessions).toFixed(3)} ms of CPU a session, ${(cpuMs / calls).toFixed(3)} a call`,
  );
  for (const [what, count] of [...exercised].sort(([one], [other]) => (one < other ? -1 : 1)))
    console.log(`  ${what}: ${count}`);
  for (const { world, breaches } of failed) {
    console.log(`FAILED: npm run sim -- --seed ${seed} --world ${world}`);
    for (const { invariant, what, atMs } of breaches.slice(0, 5))
      console.log(`  ${atMs.toFixed(1)} ms: ${invariant}: ${what}`);
  }
  const missing = notExercised(run);
  if (missing.length > 0) console.log(`NEVER SEEN: ${missing.join(', ')}`);
  return failed.length === 0 && missing.length === 0 ? 0 : 1;
}
