// Shows that no test waits for luck: the whole suite, three times in a row, beside loops that take every core.
//
//   node scripts/test-busy.mjs [FILTER…]        (npm run test:busy; what follows goes to `vitest run`, such as test/process/rpc)
//
// Prints each test that failed in any round and how often; the exit code is 0 only if none did.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROUNDS = 3;
const root = fileURLToPath(new URL('..', import.meta.url));
const filters = process.argv.slice(2);

/** A process that takes a core until it is killed, or until this one is gone. */
function startLoop() {
  const code = `const { ppid } = process; for (;;) { const until = Date.now() + 200; while (Date.now() < until); if (process.ppid !== ppid) break; }`;
  return spawn(process.execPath, ['-e', code], { stdio: 'ignore' });
}

/** One run of the suite: what vitest says of it, or null if it said nothing. */
async function runSuite(resultFile) {
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const child = spawn(process.execPath, [vitest, 'run', ...filters], {
    cwd: root,
    env: { ...process.env, TEST_RESULT_FILE: resultFile },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const code = await new Promise((resolve) => child.once('exit', resolve));
  try {
    return { code, ...JSON.parse(readFileSync(resultFile, 'utf8')) };
  } catch {
    return { code, testResults: [] };
  }
}

/** Names of tests that failed, and of files that did not run to their end. */
function failuresOf({ code, testResults }) {
  const failed = testResults.flatMap(({ name, status, assertionResults }) => {
    const file = relative(root, name);
    const tests = assertionResults
      .filter((test) => test.status === 'failed')
      .map((test) => `${file} > ${test.fullName}`);
    return status === 'failed' && tests.length === 0 ? [`${file} (the file itself)`] : tests;
  });
  return code !== 0 && failed.length === 0 ? ['(vitest itself)'] : failed;
}

const folder = mkdtempSync(join(tmpdir(), 'recital-busy-'));
const loops = Array.from({ length: availableParallelism() }, startLoop);
const failures = new Map();
try {
  for (let round = 1; round <= ROUNDS; round += 1) {
    console.log(
      `\n== round ${round} of ${ROUNDS}, beside ${loops.length} busy loops (${loops.map(({ pid }) => pid).join(', ')})`,
    );
    const startedAtMs = performance.now();
    const failed = failuresOf(await runSuite(join(folder, `${round}.json`)));
    console.log(
      `== round ${round}: ${failed.length} failed, ${((performance.now() - startedAtMs) / 1000).toFixed(0)} s`,
    );
    for (const name of failed) failures.set(name, (failures.get(name) ?? 0) + 1);
  }
} finally {
  for (const loop of loops) loop.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}
for (const [name, times] of failures) console.log(`failed in ${times} of ${ROUNDS} rounds: ${name}`);
console.log(failures.size === 0 ? `No test failed in ${ROUNDS} rounds.` : `${failures.size} tests failed.`);
process.exitCode = failures.size === 0 ? 0 : 1;
