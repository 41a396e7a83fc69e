/** Every recording, executed again by the inspector's debugger as its lines come, against the replayer. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { LogDebugger } from '../../../src/inspector/debugger/log-debugger.ts';

const folder = fileURLToPath(new URL('../../recordings', import.meta.url));
const recordings = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.jsonl'))
  .sort();

const linesOf = (name: string) => readFileSync(join(folder, name), 'utf8').trimEnd().split('\n');

test.each(recordings)('%s is identical, and every prefix of it', (name) => {
  const lines = linesOf(name);
  const log = new LogDebugger({ id: 'x', title: name });
  for (const line of lines) {
    log.take([line]);
    const { verdict, turns } = log.overview();
    expect(verdict).toEqual({ kind: 'identical', turns, isWhole: line === lines.at(-1) });
  }
  for (const turn of Array(log.overview().turns).keys()) {
    const view = log.answer({ kind: 'turn', log: 'x', turn });
    expect(view).toMatchObject({ turn, sides: null, divergence: null });
  }
});
