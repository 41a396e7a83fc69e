/** A few thousand requests that no client makes, and short sessions of every kind: nothing is thrown, nothing left behind. Whole: `npm run bench:attack`, `npm run soak`. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

/** What a script of bench/ prints; rejects, with what it found and its seed, where it found a fault. */
async function run(name: 'attack' | 'soak', ...args: readonly string[]): Promise<string> {
  const script = fileURLToPath(new URL(`../../../bench/${name}.mjs`, import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [script, ...args]);
  return stdout;
}

test('requests that no client makes: each is answered or closed, and all slots are free behind it', async () => {
  const printed = await run('attack', '--quiet', '--decodes', '5000', '--streams', '300');
  const attacks = [...printed.matchAll(/^(.+): (\d+) tries.*, (\d+) slots after$/gm)];
  expect(attacks.map(([, name, , slots]) => [name, slots])).toEqual(
    [
      'nothing',
      'mutated',
      'rapid reset',
      'metadata flood',
      'tiny messages',
      'COLLECT flood',
      'continuation abuse',
      'half open',
      'silent',
    ].map((name) => [name, '0']),
  );
});

test('short sessions of every kind leave no slot, descriptor, timer or handle behind', async () => {
  expect(await run('soak', '--sessions', '600')).toMatch(/^descriptors: \d+ before, \d+ after$/m);
});
