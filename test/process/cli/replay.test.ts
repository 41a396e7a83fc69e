/** `recital replay` as a user runs it: verdicts, exit codes, long folders, hostile files, other settings. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { LineChain } from '../../../src/log/log-format.ts';
import { bodiesOf, chainedAnew } from '../../support/replay/hand-recording.ts';
import { plainPlan, recordWorld, tampered } from '../../support/replay/recorded-world.ts';
import { runBin } from '../../support/run-bin.ts';
import type { CliResult } from '../../support/run-cli.ts';
import { runCliIn } from '../../support/run-cli-in.ts';

const folder = mkdtempSync(join(tmpdir(), 'recital-replay-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const good = recordWorld(plainPlan).text;
const command = { afterMs: 50, command: { name: 'open_app', args: { app_name: 'Safari' } } };
const withCommand = recordWorld({ ...plainPlan, answer: [...plainPlan.answer, command] }).text;
const failed = recordWorld({ ...plainPlan, answer: [{ afterMs: 10, fail: true }] }).text;
const diverging = tampered(good, (lines) =>
  lines.map((line) =>
    line.kind === 'turn' && line.turn === 3 ? { ...line, changes: { ...line.changes, nextSegment: 9 } } : line,
  ),
);

/** Files in a folder of their own, named as they are in `logs`. */
function write(name: string, logs: Readonly<Record<string, string | Uint8Array>>): string {
  const dir = join(folder, name);
  for (const [path, text] of Object.entries(logs)) {
    mkdirSync(join(dir, path, '..'), { recursive: true });
    writeFileSync(join(dir, path), text);
  }
  return dir;
}

/** Runs it where the logs are, so that paths are short. */
const replay = (...args: string[]): Promise<CliResult> => runCliIn(folder, ['replay', ...args]);

const resultLine = z.looseObject({ kind: z.string() });
const jsonLines = ({ stdout }: CliResult) =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => resultLine.parse(JSON.parse(line)));

beforeAll(() => {
  write('day', {
    '2026-11-22/a.jsonl': good,
    '2026-11-22/b.jsonl': failed,
    '2026-11-23/c.jsonl': withCommand,
    'notes.txt': 'no log',
  });
});

describe('the verdict', () => {
  test('on a folder is told for each log and in sum, with the paths as they were given', async () => {
    const { exitCode, stdout, stderr } = await replay('day');
    expect(stderr).toBe('');
    expect(stdout.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^day\/2026-11-22\/a\.jsonl: identical \(\d+ turns, completed\)$/),
      expect.stringMatching(/^day\/2026-11-22\/b\.jsonl: identical \(\d+ turns, answer_failed\)$/),
      expect.stringMatching(/^day\/2026-11-23\/c\.jsonl: identical \(\d+ turns, completed\)$/),
      '3 logs: 3 identical, 0 diverged, 0 unreadable',
      '       2  completed',
      '       1  answer_failed',
    ]);
    expect(exitCode).toBe(0);
  });

  test('names the turn, the field, what was and what is, and the event', async () => {
    write('other', { 'x.jsonl': diverging, 'y.jsonl': good });
    const { exitCode, stdout } = await replay('other');
    expect(stdout).toContain('other/x.jsonl: diverged at turn 3: context.nextSegment\n    recorded  9\n');
    expect(stdout).toMatch(/\n {4}event {5}\{"type":"[a-zA-Z.]+"/);
    expect(stdout).toContain('2 logs: 1 identical, 1 diverged, 0 unreadable');
    expect(exitCode).toBe(1);
  });

  test('is one JSON object a log, and one for the sum', async () => {
    write('other', { 'x.jsonl': diverging, 'y.jsonl': good });
    const run = await replay('other/*.jsonl', '--json');
    const [first, second, summary] = jsonLines(run);
    expect(first).toMatchObject({
      kind: 'log',
      path: 'other/x.jsonl',
      verdict: 'diverged',
      divergence: { turn: 3, field: 'context.nextSegment', recorded: 9 },
    });
    expect(second).toMatchObject({
      kind: 'log',
      verdict: 'identical',
      reason: 'completed',
      divergence: null,
      bad: null,
    });
    expect(summary).toEqual({
      kind: 'summary',
      logs: 2,
      identical: 1,
      diverged: 1,
      bad_logs: 0,
      incomplete: 0,
      by_reason: { completed: 2 },
    });
    expect(run.exitCode).toBe(1);
  });

  test('on a log whose process was killed says so', async () => {
    const dir = write('killed', { 'k.jsonl': good.split('\n').slice(0, -4).join('\n') });
    const { exitCode, stdout } = await replay(dir);
    expect(stdout).toContain('the log ends before its session does');
    expect(stdout).toContain('1 without the end of their session');
    expect(stdout).toContain('       1  no_end');
    expect(exitCode).toBe(0);
  });

  test('comes after what changed in the chart', async () => {
    const older = tampered(good, (lines) =>
      lines.map((line) => (line.kind === 'header' ? { ...line, version: '0' } : line)),
    );
    const { stdout, exitCode } = await replay(join(write('older', { 'o.jsonl': older }), 'o.jsonl'));
    expect(stdout).toMatch(/o\.jsonl: note: version 0 was recorded, 2 replays\n.*o\.jsonl: identical/);
    expect(exitCode).toBe(0);
  });

  test('on many identical logs is a count, unless each is asked for', async () => {
    const many = Object.fromEntries(Array.from({ length: 25 }, (_, n) => [`${n}.jsonl`, good]));
    const dir = write('many', { ...many, 'bad.jsonl': diverging });
    const short = await replay(dir);
    expect(short.stdout).not.toContain('identical (');
    expect(short.stdout).toContain('bad.jsonl: diverged at turn 3');
    expect(short.stdout).toContain('26 logs: 25 identical, 1 diverged, 0 unreadable');
    expect((await replay(dir, '--verbose')).stdout.match(/identical \(/g)).toHaveLength(25);
    expect((await replay('day', '--quiet')).stdout).toMatch(/^3 logs: 3 identical/);
  });
});

test('logs that diverge in the same way are told in full as far as one reads, then in a line each', async () => {
  const many = Object.fromEntries(Array.from({ length: 25 }, (_, n) => [`${n}.jsonl`, diverging]));
  const { stdout } = await replay(write('same', many));
  expect(stdout.match(/diverged at turn 3/g)).toHaveLength(25);
  expect(stdout.match(/ {4}recorded {2}9/g)).toHaveLength(20);
  expect(stdout).toMatch(/25 diverged first in context\.nextSegment at [a-zA-Z.]+\n/);
});

describe('--emit', () => {
  test('prints the frames as they went out', async () => {
    const { stdout, exitCode } = await replay('day/2026-11-23', '--emit');
    expect(stdout).toMatch(/turn +\d+ {2}text {5}"The first sentence is said\."\n +turn +\d+ {2}sound {4}4096 bytes\n/);
    expect(stdout).toMatch(/command {2}open_app \{"app_name":"Safari"\}\n +turn +\d+ {2}end\n/);
    expect(exitCode).toBe(0);
  });

  test('finds other words of the same length in a full log', async () => {
    const sung = chainedAnew(bodiesOf(good).map((body) => body.replace('sentence is said', 'sentence is sung')));
    const run = await replay(join(write('sung', { 's.jsonl': sung }), 's.jsonl'), '--emit', '--json');
    expect(jsonLines(run)[0]).toMatchObject({ verdict: 'diverged' });
    expect(run.exitCode).toBe(1);
  });
});

describe('a file that is no good log is one line and exit code 2', () => {
  const newer = good.replace('"format":1', '"format":2');
  const stranger = tampered(good, (lines) =>
    lines.map((line) => (line.kind === 'header' ? { ...line, machine: 'toaster' } : line)),
  );
  const cases: readonly { readonly name: string; readonly text: string | Uint8Array; readonly says: RegExp }[] = [
    { name: 'empty', text: '', says: /line 1, the file is empty/ },
    {
      name: 'garbage',
      text: Uint8Array.from({ length: 5_000 }, (_, n) => (n * 193 + 7) % 256),
      says: /is no event log|no header/,
    },
    { name: 'text', text: 'Dear diary,\ntoday nothing was recorded.\n', says: /line 1, the file is no event log/ },
    { name: 'json', text: '{"kind":"header"}\n{}\n', says: /line 1, / },
    { name: 'deep', text: `${'['.repeat(100_000)}\n`, says: /line 1, the file is no event log/ },
    { name: 'newer', text: newer, says: /line 1, format 2 is not 1/ },
    { name: 'stranger', text: stranger, says: /line 1, there is no chart named toaster/ },
    { name: 'headless', text: good.slice(good.indexOf('\n') + 1), says: /line 1, / },
    { name: 'cut-in-two', text: good.slice(0, 100), says: /line 1, there is no header/ },
    { name: 'twice', text: good + good, says: /a line behind the footer|hash does not fit/ },
    { name: 'windows', text: good.replaceAll('\n', '\r\n'), says: /line 1, the line was altered/ },
  ];

  test('whatever is in it, while the others are replayed', async () => {
    const logs = Object.fromEntries(cases.map(({ name, text }) => [`${name}.jsonl`, text]));
    const { exitCode, stdout, stderr } = await replay(write('bad', { ...logs, 'good.jsonl': good }));
    const lines = stdout.split('\n');
    for (const { name, says } of cases) {
      const told = lines.filter((line) => line.includes(`/${name}.jsonl: `));
      expect(told).toHaveLength(1);
      expect(told[0]).toMatch(/\.jsonl: bad log: /);
      expect(told[0]).toMatch(says);
    }
    expect(stdout).toContain('/good.jsonl: identical');
    expect(stdout).toContain(`${cases.length + 1} logs: 1 identical, 0 diverged, ${cases.length} unreadable`);
    expect(stderr).toBe('');
    expect(exitCode).toBe(2);
  });

  test('with a line of a hundred megabytes', async () => {
    const huge = new LineChain().write({ kind: 'amendment', turn: 0, tail: 'x'.repeat(100 * 1024 * 1024) });
    const { exitCode, stdout } = await runBin(['replay', write('huge', { 'l.jsonl': huge })]);
    expect(stdout).toMatch(/l\.jsonl: bad log: line 1, /);
    expect(stdout.length).toBeLessThan(1_000);
    expect(exitCode).toBe(2);
    rmSync(join(folder, 'huge'), { recursive: true });
  });

  test.skipIf(process.getuid?.() === 0)('that may not be read', async () => {
    const dir = write('secret', { 'l.jsonl': good });
    chmodSync(join(dir, 'l.jsonl'), 0);
    const { exitCode, stdout } = await replay(dir);
    expect(stdout).toContain('bad log: EACCES');
    expect(exitCode).toBe(2);
  });

  test('and so is a name that leads to none, while the others are replayed', async () => {
    write('nothing', { 'readme.md': 'no logs here' });
    const { exitCode, stdout, stderr } = await replay('nothing', 'day', 'gone/**/*.jsonl', `${'n'.repeat(300)}`);
    expect(stderr).toContain('not found: nothing names no event log');
    expect(stderr).toContain('not found: gone/**/*.jsonl names no event log');
    expect(stdout).toContain('3 logs: 3 identical');
    expect(exitCode).toBe(2);
  });

  test('and so is a device', async () => {
    const { exitCode, stdout } = await replay('/dev/zero');
    expect(stdout).toContain('/dev/zero: bad log: it is no regular file');
    expect(exitCode).toBe(2);
  });
});

describe('--with', () => {
  test('lists the sessions that would have ended otherwise, and counts them all', async () => {
    const { exitCode, stdout } = await replay('day', '--with', 'SESSION_TIMEOUT=2');
    expect(stdout.trimEnd().split('\n')).toEqual([
      expect.stringMatching(
        /^day\/2026-11-22\/a\.jsonl: other end: completed → session_timeout; turn \d+, after 2 s of /,
      ),
      expect.stringMatching(
        /^day\/2026-11-23\/c\.jsonl: other end: completed → session_timeout; turn \d+, after 2 s of /,
      ),
      '3 logs with SESSION_TIMEOUT=2: 1 with the same end, 2 with another, 0 undetermined',
      '       2  completed → session_timeout',
    ]);
    expect(exitCode).toBe(0);
  });

  test('takes several settings, in any order with the paths, and prints JSON', async () => {
    const run = await replay('--with', 'SPEECH_FAILURE=fail', 'day/2026-11-23', 'COMMANDS=close_app', '--json');
    const [log, summary] = jsonLines(run);
    expect(log).toMatchObject({ kind: 'log', verdict: 'same_end', from: 'completed', to: 'completed' });
    expect(log?.why).toContain('its command');
    expect(summary).toEqual({
      kind: 'summary',
      with: ['SPEECH_FAILURE=fail', 'COMMANDS=close_app'],
      logs: 1,
      same_end: 1,
      other_end: 0,
      undetermined: 0,
      skipped: 0,
      bad_logs: 0,
      outlived: 0,
      moves: [],
    });
  });

  test('says undetermined where the log does not tell', async () => {
    const { exitCode, stdout } = await replay('day/2026-11-22/a.jsonl', '--with', 'BACKPRESSURE_IDLE_TIMEOUT=1.5');
    expect(stdout).toMatch(/undetermined: recorded completed; turn \d+, .*the log does not tell/);
    expect(exitCode).toBe(0);
  });

  test('skips what is no session, and tells of what it cannot read', async () => {
    const { exitCode, stdout } = await replay(
      write('mixed', { 'l.jsonl': 'x\n', 'ok.jsonl': good }),
      '--with',
      'KILL_SWITCHES=disable_forward_assistant_actions',
    );
    expect(stdout).toContain('bad log:');
    expect(stdout).toContain('1 with the same end, 0 with another, 0 undetermined, 1 unreadable');
    expect(exitCode).toBe(2);
  });

  test('refuses what is no setting of a session, every fault at once', async () => {
    const faults = [
      ['FOO=1', '"FOO" (--with) is not a setting'],
      ['GRPC_PORT=1', 'GRPC_PORT (--with) changes nothing in a session'],
      ['SESSION_TIMEOUT=-4', 'SESSION_TIMEOUT "-4" (--with) must be a number of seconds from 0 to 2147483'],
      ['SPEECH_TIMEOUT=', 'SPEECH_TIMEOUT (--with) needs a value'],
      ['SPEECH_FAILURE=maybe', 'SPEECH_FAILURE "maybe" (--with) must be one of degrade, fail'],
      ['COMMANDS=fly', 'COMMANDS "fly" (--with) must be a comma list of'],
      ['KILL_SWITCHES=disable_module_coordinator', 'only disable_forward_assistant_actions changes a session'],
      ['__proto__=1', '"__proto__" (--with) is not a setting'],
    ] as const;
    const settings = [...faults.map(([setting]) => setting), 'SESSION_TIMEOUT=5'];
    const { exitCode, stdout, stderr } = await replay('day', '--with', ...settings);
    for (const [, says] of faults) expect(stderr).toContain(says);
    expect(stderr).toContain('SESSION_TIMEOUT (--with) is given twice');
    expect(stderr.trimEnd().split('\n')).toHaveLength(faults.length + 1);
    expect(stdout).toBe('');
    expect(exitCode).toBe(2);
  });
});

test('bad usage is exit code 2', async () => {
  expect(await replay()).toMatchObject({ exitCode: 2, stdout: '' });
  expect(await replay('--with', 'SESSION_TIMEOUT=3')).toMatchObject({ exitCode: 2, stdout: '' });
  expect(await replay('day', '--emit', '--with', 'SESSION_TIMEOUT=3')).toMatchObject({ exitCode: 2, stdout: '' });
});
