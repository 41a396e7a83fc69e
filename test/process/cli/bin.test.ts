/**
 * The program itself: it is the function that the other tests call, with the streams and the exit code of a process. What only a
 * process has (signals, closed pipes, limits) is tested with the command that has to do with it.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { failedEvents, goodEvents, madeLog } from '../../support/replay/made-log.ts';
import { binPath, runBin } from '../../support/run-bin.ts';
import { runCliIn } from '../../support/run-cli-in.ts';

const cwd = mkdtempSync(join(tmpdir(), 'recital-bin-'));
mkdirSync(join(cwd, 'logs'));
writeFileSync(join(cwd, 'logs/good.jsonl'), madeLog({ events: goodEvents }));
writeFileSync(join(cwd, 'logs/failed.jsonl'), madeLog({ events: failedEvents }));
writeFileSync(join(cwd, 'torn.jsonl'), 'no log\n');
afterAll(() => rmSync(cwd, { recursive: true }));

test.each([
  { args: ['--version'], exitCode: 0, says: /^\d+\.\d+\.\d+\n$/ },
  { args: ['log', 'list', '--help'], exitCode: 0, says: /^Usage: recital log list/ },
  { args: ['sing'], exitCode: 2, says: /^error: unknown command 'sing'\n/ },
  { args: ['ask', 'x', '--server', '127.0.0.1:1'], exitCode: 1, says: /^error: .*\(UNAVAILABLE\)\nhint: / },
  { args: ['ask', 'x', '--screenshot', 'none.png'], exitCode: 2, says: /^error: --screenshot none\.png can't be read/ },
  { args: ['log', 'list', 'logs'], exitCode: 0, says: / logs\/failed\.jsonl\n.* logs\/good\.jsonl\n$/ },
  { args: ['log', 'diff', 'logs/good.jsonl', 'logs/failed.jsonl'], exitCode: 1, says: /different at turn 3/ },
  { args: ['replay', 'logs', 'torn.jsonl'], exitCode: 2, says: /3 logs: 2 identical, 0 diverged, 1 unreadable/ },
  {
    args: ['usage'],
    exitCode: 0,
    says: /^No usage recorded yet in \.\/none\.\nwarning: there is no store in DATA_DIR \.\/none /,
  },
  { args: ['forget', '--all'], exitCode: 2, says: /^error: --all forgets every device; say --yes as well\n/ },
])('recital $args prints and exits as the function does, with $exitCode', async ({ args, exitCode, says }) => {
  const env = { DATA_DIR: './none', COLUMNS: '100' };
  const [program, called] = [await runBin(args, { cwd, env }), await runCliIn(cwd, args, { env })];
  expect(program).toEqual(called);
  expect(program).toMatchObject({ exitCode, signal: null });
  expect(`${program.stdout}${program.stderr}`).toMatch(says);
});

test.skipIf(!existsSync('/dev/full')).each([['chart collect'], ['log show logs'], ['check-config --print']])(
  'standard output on a full disk fails %s, and one line says why',
  (command) => {
    const script = `"$0" "$1" ${command} > /dev/full`;
    const { stderr, status } = spawnSync('/bin/sh', ['-c', script, process.execPath, binPath], {
      cwd,
      encoding: 'utf8',
    });
    expect(stderr).toMatch(/^error: standard output can't be written: ENOSPC[^\n]*\n$/);
    expect(status).toBe(1);
  },
);

test.each([
  ['log list logs', 0],
  ['log show logs', 0],
  ['replay logs torn.jsonl', 2],
])(
  'a reader that goes away is no matter for %s: nothing is said, and the exit code is what it was',
  (command, code) => {
    const script = `{ "$0" "$1" ${command}; echo "exit $?" >&2; } | :`;
    const { stderr } = spawnSync('/bin/sh', ['-c', script, process.execPath, binPath], { cwd, encoding: 'utf8' });
    expect(stderr).toBe(`exit ${code}\n`);
  },
);
