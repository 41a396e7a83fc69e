// npm run bench: the figure of record. This server in several settings, a naive and a tuned grpc-js handler and one in Python do the same work in
// one run: every measurement starts its server and its clients anew, all servers take turns within a round in an order of chance (the seed is
// printed), and ratios are those of pairs of one round. CPU is that of all processes of a server. Results are written as they come; progress is
// on stderr, the aims are on stdout. Ends with 1 where a figure is missing.
//
//   npm run bench                 the record, at most ten minutes: bench/results/bench.json and bench.svg
//   npm run bench -- --write-doc  and its figures in docs/PERFORMANCE.md; --only-write takes those of the last record
//   npm run bench:quick           a try of less than a minute, into bench/results/quick.*: no record
//   --seed N  --minutes N  --stage NAME (several)  --variant NAME (several)
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { writeRecordIntoDocument } from './harness/document.mjs';
import { drawPage } from './harness/page.mjs';
import { stages } from './harness/stages.mjs';
import { seededRandom, shuffled } from './harness/statistics.mjs';
import { aimsTable, summarise } from './harness/summary.mjs';
import { findPython, startVariant, variants } from './harness/variants.mjs';

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    seed: { type: 'string' },
    minutes: { type: 'string' },
    stage: { type: 'string', multiple: true },
    variant: { type: 'string', multiple: true },
    'write-doc': { type: 'boolean', default: false },
    'only-write': { type: 'boolean', default: false },
  },
});
const resultsDir = fileURLToPath(new URL('./results/', import.meta.url));
const FULL_MINUTES = 9.5;
const QUICK_MINUTES = 0.9;
const QUICK_SCALE = 0.12;
/** Without so many rounds there is nothing to take a median of; a run that is out of time makes them all the same. */
const LEAST_ROUNDS = 3;
const isPart = options.stage !== undefined || options.variant !== undefined;

if (options['only-write']) writeRecordIntoDocument();
else process.exitCode = await main();

async function main() {
  const seed = options.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(options.seed);
  const minutes = Number(options.minutes ?? (options.quick ? QUICK_MINUTES : FULL_MINUTES));
  if (!Number.isSafeInteger(seed) || !(minutes > 0)) throw new RangeError('--seed is an integer, --minutes is above 0');
  const root = mkdtempSync(join(tmpdir(), 'recital-bench-'));
  const stopped = { by: null };
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => {
      stopped.by = signal;
    });
  }
  try {
    const python = findPython(root);
    if (python.missing !== undefined) say(`without the server in Python: ${python.missing}`);
    const record = emptyRecord({ seed, minutes, python });
    say(`seed ${seed}, at most ${minutes} minutes, load ${record.loadBefore.toFixed(1)}`);
    await runStages(record, { root, python, minutes, random: seededRandom(seed), stopped });
    record.isComplete = stopped.by === null;
    if (stopped.by !== null) record.notes.push(`stopped by ${stopped.by}: what was measured until then`);
    return report(record);
  } finally {
    rmSync(root, { recursive: true, force: true, maxRetries: 5 });
  }
}

function emptyRecord({ seed, minutes, python }) {
  const git = (...args) =>
    execFileSync('git', args, { cwd: resultsDir.replace(/results\/$/, '') })
      .toString()
      .trim();
  return {
    at: new Date().toISOString(),
    isQuick: options.quick,
    isComplete: false,
    seed,
    minutes,
    commit: git('rev-parse', '--short', 'HEAD'),
    machine: {
      cpu: cpus()[0]?.model.trim() ?? 'unknown',
      cores: cpus().length,
      memoryGB: Math.round(totalmem() / 1e9),
      kernel: release(),
    },
    versions: { node: process.version, v8: process.versions.v8, python: python.version ?? null },
    loadBefore: loadavg()[0],
    notes: python.missing === undefined ? [] : [python.missing],
    samples: [],
    summary: null,
  };
}

async function runStages(record, { root, python, minutes, random, stopped }) {
  const chosen = stages.filter(({ id }) => options.stage?.includes(id) ?? true);
  const shares = chosen.reduce((sum, { share }) => sum + share, 0);
  const startedAtMs = performance.now();
  let untilMs = startedAtMs;
  for (const stage of chosen) {
    untilMs += (minutes * 60_000 * stage.share) / shares;
    const names = stage.variants
      .filter((name) => name !== 'python' || python.missing === undefined)
      .filter((name) => options.variant?.includes(name) ?? true);
    const rounds = options.quick ? 1 : stage.rounds;
    for (let round = 0; round < rounds; round += 1) {
      // A round that would not end in time is not begun.
      const roundMs = round === 0 ? 0 : (performance.now() - record.stageStartedAtMs) / round;
      if (round >= LEAST_ROUNDS && performance.now() + roundMs > untilMs) {
        record.notes.push(`${stage.id}: ${round} rounds instead of ${rounds}, for want of time`);
        break;
      }
      if (round === 0) record.stageStartedAtMs = performance.now();
      for (const name of shuffled(names, random)) {
        if (stopped.by !== null) return;
        const variant = variants.find(({ id }) => id === name);
        const sample = await measure(stage, variant, { root, python, random });
        // What fails because the run is stopped is no fault of a server.
        if (stopped.by !== null && sample.failed !== undefined) return;
        record.samples.push({ stage: stage.id, round, variant: name, ...sample });
        const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(0);
        say(`${seconds.padStart(4)} s  ${stage.id} ${round + 1}/${rounds} ${name.padEnd(10)} ${headlineOf(sample)}`);
        save(record);
      }
    }
  }
}

/** One server, from its start to its end. */
async function measure(stage, variant, { root, python, random }) {
  let server = null;
  try {
    server = await startVariant(variant, { root, scenario: stage.scenario, python });
    return { figures: await stage.measure(server, { scale: options.quick ? QUICK_SCALE : 1, random }) };
  } catch (error) {
    return { failed: error.message };
  } finally {
    await server?.stop();
  }
}

function headlineOf({ figures, failed }) {
  if (failed !== undefined) return `FAILED: ${failed}`;
  const [name, value] = Object.entries(figures).find(([key]) => key.startsWith('cpu') || key.startsWith('heap')) ?? [];
  if (name !== undefined) return `${name} ${value.toFixed(2)}`;
  return figures.costs === undefined ? 'done' : `ms ${figures.costs.map((cost) => cost.toFixed(1)).join(' ')}`;
}

function fileOf(name) {
  return join(resultsDir, name);
}

/** A run that is stopped leaves what it has. */
function save(record) {
  mkdirSync(resultsDir, { recursive: true });
  const { stageStartedAtMs, ...kept } = record;
  const text = JSON.stringify({ ...kept, summary: summarise(record.samples) }, rounded, 1);
  writeFileSync(fileOf('running.json.part'), `${text}\n`);
  renameSync(fileOf('running.json.part'), fileOf('running.json'));
}

/** Five significant digits are more than any figure has. */
function rounded(_key, value) {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(5)) : value;
}

function report(record) {
  save(record);
  const saved = JSON.parse(readFileSync(fileOf('running.json'), 'utf8'));
  const isRecord = record.isComplete && !record.isQuick && !isPart;
  const name = isRecord ? 'bench' : 'quick';
  renameSync(fileOf('running.json'), fileOf(`${name}.json`));
  writeFileSync(fileOf(`${name}.svg`), drawPage(saved, variants));
  console.log(`${saved.machine.cpu}, ${saved.machine.cores} cores, Node ${saved.versions.node}`);
  console.log(`seed ${saved.seed}, load before ${saved.loadBefore.toFixed(1)}${isRecord ? '' : '; no record'}\n`);
  console.log(aimsTable(saved.summary));
  for (const { stage, variant, round, why } of saved.summary.refused) {
    console.log(`no figure for ${variant} (${stage}): round ${round + 1}: ${why}`);
  }
  for (const note of saved.notes) console.log(note);
  console.log(`\nbench/results/${name}.json, bench/results/${name}.svg`);
  if (options['write-doc'] && isRecord) writeRecordIntoDocument();
  return record.isComplete && saved.summary.refused.length === 0 ? 0 : 1;
}

function say(text) {
  console.error(text);
}
