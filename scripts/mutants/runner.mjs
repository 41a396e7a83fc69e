/**
 * One process of a mutation round: holds a copy of the tree and one Vitest that lives as long as it does, and runs for each mutant the
 * test files that it is told, in their order, until the first failure. A mutant that runs in circles hangs this process; who started it
 * ends it then.
 */
import { cpSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BaseSequencer, createVitest } from 'vitest/node';

const checkout = fileURLToPath(new URL('../..', import.meta.url));
/** What tests of the unit project read. */
const copied = ['src', 'test', 'proto', 'docs', 'scenarios', 'examples', 'README.md', 'package.json', 'tsconfig.json'];
/** Random tests draw the same in every run: whether a mutant is killed is no matter of luck. Nobody needs the smallest failing case. */
const SEED = 20_240_607;
const TEST_TIMEOUT_MS = 60_000;

/** The order of the files is the caller's: who kills most often comes first. */
class GivenOrder extends BaseSequencer {
  async sort(specifications) {
    return specifications;
  }
}

/** An empty folder of its own, removed by who started it. */
const [, , root = ''] = process.argv;
for (const name of copied) cpSync(join(checkout, name), join(root, name), { recursive: true });
for (const name of ['node_modules', 'dist']) symlinkSync(join(checkout, name), join(root, name));
const setupFile = join(root, 'seed.mjs');
writeFileSync(setupFile, `import fc from 'fast-check';\nfc.configureGlobal({ seed: ${SEED}, endOnFailure: true });\n`);

const vitest = await createVitest(
  'test',
  {
    root,
    config: false,
    watch: false,
    include: ['test/**/*.test.ts'],
    pool: 'threads',
    isolate: false,
    maxWorkers: 1,
    bail: 1,
    cache: false,
    setupFiles: [setupFile],
    testTimeout: TEST_TIMEOUT_MS,
    hookTimeout: TEST_TIMEOUT_MS,
    sequence: { sequencer: GivenOrder },
    reporters: [{ onTestModuleEnd: () => process.send('file ended') }],
    silent: true,
  },
  { cacheDir: join(root, '.vite'), logLevel: 'silent' },
);
await vitest.standalone();
const [project] = vitest.projects;

/** The first failure, or null if all is green; `ms` by test file. */
async function run(tests) {
  const specifications = tests.map((test) => project.createSpecification(join(root, test)));
  const { testModules, unhandledErrors } = await vitest.runTestSpecifications(specifications, false);
  const ran = testModules.filter((module) => tests.includes(relative(root, module.moduleId)));
  const ms = Object.fromEntries(ran.map((module) => [relative(root, module.moduleId), module.diagnostic().duration]));
  for (const module of ran) {
    const test = relative(root, module.moduleId);
    const [failed] = module.children.allTests('failed');
    if (failed !== undefined)
      return { ms, test, title: failed.fullName, why: failed.result().errors?.[0]?.message ?? '' };
    const [error] = module.errors();
    if (error !== undefined) return { ms, test, title: 'does not load', why: error.message };
  }
  const [error] = unhandledErrors;
  if (error !== undefined)
    return { ms, test: tests[0], title: 'an error outside of the tests', why: String(error.message) };
  return { ms, test: null };
}

function write(path, text) {
  writeFileSync(join(root, path), text);
  vitest.invalidateFile(join(root, path));
}

process.on('message', async ({ path, text, original, tests }) => {
  if (path !== null) write(path, text);
  try {
    process.send(await run(tests));
  } catch (error) {
    process.send({ ms: {}, test: tests[0], title: 'the test run itself fails', why: String(error) });
  } finally {
    if (path !== null) write(path, original);
  }
});
process.once('disconnect', () => process.exit(0));
process.send('ready');
