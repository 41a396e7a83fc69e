/**
 * `npm run mutants`: a mutation round over the charts and the text rules. Every guard, delay, closed-list entry and bound is altered
 * once, in a copy of the tree; then the unit tests that import the altered file run until one fails. A mutant that none of them notices
 * has survived: either a test is missing, or the change makes no difference, and then scripts/mutants.explained.json says why. Exit code
 * 1 if a survivor is unexplained, or an explanation is out of date.
 *
 * Behaviour kills, nothing else: tests that compare charts, documents and sources with a copy of them (the files in test/ itself,
 * chart-rules) do not run.
 *
 *   npm run mutants -- --list                 names them and runs nothing
 *   npm run mutants -- --only 'abbreviations' those whose name matches the regular expression
 *   npm run mutants -- --sample 60 --seed 7   so many of them, drawn at random; the seed is printed
 *   npm run mutants -- --near                 asks the tests of the same area alone: quick, but some may survive that others see
 *   npm run mutants -- --jobs 1               processes at a time, otherwise one a core
 *   npm run mutants -- --verbose              what the failing assertion said, too
 */
import { fork } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { parseAst } from 'vitest/node';
import { findMutants, mutated } from './mutants/find-mutants.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const explained = JSON.parse(readFileSync(new URL('mutants.explained.json', import.meta.url), 'utf8'));
/** Every test file is green within half a minute on a quiet core; what takes longer than this runs in circles. */
const HUNG_MS = 120_000;
/** It compares the charts with tables of their guards and delays: that a chart has changed is no behaviour. */
const structural = ['test/unit/machines/chart-rules.test.ts'];
/** Killers of the last mutants in the same file are asked first. */
const KILLERS_REMEMBERED = 12;

const { values: options } = parseArgs({
  options: {
    list: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    sample: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    near: { type: 'boolean', default: false },
    jobs: { type: 'string', default: String(availableParallelism()) },
    verbose: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

const read = (path) => readFileSync(join(root, path), 'utf8');

function filesUnder(...folders) {
  return folders
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
    )
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'))
    .sort();
}

/** For each source file the unit test files that import it, at whatever distance. */
function testsBySource() {
  const importers = new Map();
  const files = filesUnder('src', 'test');
  for (const path of files) {
    for (const to of importsOf(path)) importers.set(to, [...(importers.get(to) ?? []), path]);
  }
  const testsOf = (source) => {
    const seen = new Set([source]);
    for (const path of seen) for (const importer of importers.get(path) ?? []) seen.add(importer);
    return [...seen].filter(
      (path) => path.startsWith('test/unit/') && path.endsWith('.test.ts') && !structural.includes(path),
    );
  };
  return new Map(files.filter((path) => path.startsWith('src/')).map((path) => [path, testsOf(path)]));
}

function importsOf(path) {
  const { body } = parseAst(read(path), { lang: 'ts', sourceType: 'module' });
  return body
    .map(({ source }) => source?.value)
    .filter((target) => typeof target === 'string' && target.startsWith('.'))
    .map((target) => normalize(join(dirname(path), target)));
}

/** Mulberry32: the same seed draws the same sample. */
function sampleOf(all, count, seed) {
  let state = seed >>> 0;
  const random = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const rest = [...all];
  const drawn = Array.from({ length: Math.min(count, rest.length) }, () =>
    rest.splice(Math.floor(random() * rest.length), 1),
  ).flat();
  return all.filter((one) => drawn.includes(one));
}

/** A process that runs tests against one mutant after another; a new one takes its place when a mutant hangs it. */
class Runner {
  #folder = mkdtempSync(join(tmpdir(), 'recital-mutants-'));
  #child = null;

  async run(task) {
    this.#child ??= await this.#start();
    const child = this.#child;
    return new Promise((resolve) => {
      const settle = (result) => {
        clearTimeout(hung);
        child.removeAllListeners();
        resolve(result);
      };
      const giveUp = (title) => {
        this.#child = null;
        child.kill('SIGKILL');
        settle({ ms: {}, test: task.tests[0], title, why: '' });
      };
      const hung = setTimeout(() => giveUp(`a file without an end within ${HUNG_MS / 1000} s`), HUNG_MS);
      child.on('message', (message) => {
        if (message === 'file ended') hung.refresh();
        else settle(message);
      });
      child.once('exit', () => giveUp('the process of the tests ended'));
      child.send(task);
    });
  }

  #start() {
    rmSync(this.#folder, { recursive: true, force: true });
    mkdirSync(this.#folder);
    const script = fileURLToPath(new URL('mutants/runner.mjs', import.meta.url));
    const child = fork(script, [this.#folder], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    return new Promise((resolve, reject) => {
      child.once('exit', (code) =>
        reject(new Error(`the process of the tests ended with ${code} before it was ready`)),
      );
      child.once('message', () => {
        child.removeAllListeners();
        resolve(child);
      });
    });
  }

  stop() {
    this.#child?.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function round() {
  const startedAt = Date.now();
  console.log(
    `${mutants.length} of ${all.length} mutants${options.sample === undefined ? '' : `, seed ${options.seed}`}`,
  );
  const runners = Array.from(
    { length: Math.min(Number(options.jobs), Math.max(1, mutants.length)) },
    () => new Runner(),
  );
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => {
      for (const runner of runners) runner.stop();
      process.exit(1);
    });
  }
  try {
    const results = await runAll(runners, testsBySource());
    return report(results, `${Math.round((Date.now() - startedAt) / 1000)} s`);
  } finally {
    for (const runner of runners) runner.stop();
  }
}

function groupBy(items, keyOf) {
  const groups = new Map();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

async function runAll(runners, testsOf) {
  const results = [];
  const waiting = [...mutants];
  /** By source file: who killed its mutants, the last one first. */
  const killers = new Map();
  /** How long each test file took last. */
  const ms = {};
  const green = new Set();
  const work = async (runner) => {
    for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
      const { path, name } = mutant;
      const original = texts.get(path) ?? '';
      const lastKillers = killers.get(path) ?? [];
      const seeing = (testsOf.get(path) ?? []).filter((test) => !options.near || isNear(test, path));
      const tests = inOrder(seeing, lastKillers, path, ms);
      const result =
        tests.length === 0
          ? { test: null, ms: {} }
          : await runner.run({ path, text: mutated(original, mutant), original, tests });
      Object.assign(ms, result.ms);
      if (result.test !== null) {
        if (!green.has(result.test)) await mustBeGreen(runner, result.test);
        green.add(result.test);
        killers.set(
          path,
          [result.test, ...lastKillers.filter((test) => test !== result.test)].slice(0, KILLERS_REMEMBERED),
        );
      }
      results.push({ name, path, ...result });
      console.log(lineOf({ name, ...result }));
    }
  };
  await Promise.all(runners.map(work));
  return results;
}

/** Who is red anyway kills nothing. */
async function mustBeGreen(runner, test) {
  const result = await runner.run({ path: null, tests: [test] });
  if (result.test !== null) throw new Error(`${test} is red without a mutant: ${result.title}: ${result.why}`);
}

/** Who killed the last mutants of this file, then the tests of its own area, then all others; the fast ones before the slow ones. */
function inOrder(tests, lastKillers, path, ms) {
  const rankOf = (test) => {
    const last = lastKillers.indexOf(test);
    if (last >= 0) return last;
    return KILLERS_REMEMBERED + (isNear(test, path) ? 0 : 1);
  };
  return tests.toSorted((a, b) => rankOf(a) - rankOf(b) || (ms[a] ?? 0) - (ms[b] ?? 0));
}

function isNear(test, path) {
  return test.startsWith(`test/unit/${path.split('/')[1]}/`);
}

function lineOf({ name, test, title, why }) {
  if (test !== null) {
    const said = options.verbose && why ? `\n          ${why.split('\n')[0].slice(0, 160)}` : '';
    return `killed    ${name}\n          by ${test.replace('test/unit/', '')}: ${title}${said}`;
  }
  return explained[name] === undefined ? `SURVIVED  ${name}` : `explained ${name}\n          ${explained[name]}`;
}

/** Prints the table by file; true if nothing is left to explain. */
function report(results, duration) {
  const rows = [...groupBy(results, ({ path }) => path)].map(([path, ofFile]) => rowOf(path, ofFile));
  const width = Math.max(...rows.map(([path]) => path.length));
  console.log(`\n${'file'.padEnd(width)}  mutants  killed  explained  survived  killers`);
  for (const [path, ...cells] of [...rows.sort(), rowOf('all', results)].map((row) => row.map(String))) {
    const [count, killed, explainedCount, survived, killers] = cells;
    const figures = [count.padStart(7), killed.padStart(6), explainedCount.padStart(9), survived.padStart(8)];
    console.log([path.padEnd(width), ...figures, killers].join('  '));
  }
  const survivors = results.filter(({ test, name }) => test === null && explained[name] === undefined);
  for (const { name } of survivors) console.log(`SURVIVED  ${name}`);
  const names = new Set(all.map(({ name }) => name));
  const stale = Object.keys(explained).filter(
    (name) => !names.has(name) || results.some((result) => result.name === name && result.test !== null),
  );
  for (const name of stale) console.log(`explained in vain: ${name}`);
  console.log(`${survivors.length} survivors of ${results.length} mutants, ${duration}`);
  return survivors.length === 0 && stale.length === 0;
}

function rowOf(path, results) {
  const killed = results.filter(({ test }) => test !== null);
  const explainedCount = results.filter(({ test, name }) => test === null && explained[name] !== undefined).length;
  const counts = [...groupBy(killed, ({ test }) => test)].map(([test, ofTest]) => [test, ofTest.length]);
  const killers = counts
    .sort((a, b) => b[1] - a[1])
    .slice(0, 3)
    .map(([test, count]) => `${test.split('/').at(-1).replace('.test.ts', '')} ${count}`);
  return [
    path,
    results.length,
    killed.length,
    explainedCount,
    results.length - killed.length - explainedCount,
    killers.join(', '),
  ];
}

const texts = new Map(filesUnder('src/machines', 'src/text').map((path) => [path, read(path)]));
const all = findMutants(texts);
const matching = all.filter(({ name }) => new RegExp(options.only).test(name));
const mutants =
  options.sample === undefined ? matching : sampleOf(matching, Number(options.sample), Number(options.seed));
if (options.help) {
  // The header of this file is its help.
  const header = /\/\*\*\n([\s\S]*?)\n \*\//.exec(readFileSync(fileURLToPath(import.meta.url), 'utf8'))?.[1] ?? '';
  console.log(header.replaceAll(/^ \* ?/gm, ''));
} else if (mutants.length === 0) {
  console.error(
    `error: --only ${JSON.stringify(options.only)} matches none of ${all.length} mutants; --list names them`,
  );
  process.exitCode = 2;
} else if (options.list) {
  for (const { name } of mutants) console.log(name);
} else {
  process.exitCode = (await round()) ? 0 : 1;
}
