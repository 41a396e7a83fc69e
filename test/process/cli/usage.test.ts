/** `recital usage`: what it prints for people and for programs, and what it makes of bad arguments and bad stores. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openStore } from '../../../src/store/process/embedded-store.ts';
import { UsageLedger } from '../../../src/store/process/usage-ledger.ts';
import type { UsageEntry } from '../../../src/store/usage-entry.ts';
import { binPath } from '../../support/run-bin.ts';
import { runCliIn } from '../../support/run-cli-in.ts';

const client = { reporter: 'client', source: 'stt', model: 'whisper-1', sessionId: '' } as const;
const own = { reporter: 'server', source: 'answer', model: 'recital-embedded', sessionId: 's' } as const;
const entries: readonly UsageEntry[] = [
  {
    timeMs: Date.UTC(2026, 9, 31, 23, 59, 59, 999),
    hardwareId: 'laptop-7',
    ...client,
    inputTokens: 5,
    outputTokens: 6,
  },
  { timeMs: Date.UTC(2026, 10, 1), hardwareId: 'laptop-7', ...client, inputTokens: 1000, outputTokens: 0 },
  { timeMs: Date.UTC(2026, 10, 2, 8, 30), hardwareId: 'laptop-7', ...own, inputTokens: 2 ** 31 - 1, outputTokens: 4 },
  { timeMs: Date.UTC(2026, 10, 2, 9), hardwareId: 'desk-1', ...own, inputTokens: 2, outputTokens: 3 },
];

let dir: string;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'recital-usage-cli-'));
  const store = openStore(join(dir, 'data'));
  const ledger = new UsageLedger(store);
  await Promise.all(entries.map((entry) => ledger.record(entry)));
  await store.close();
});
afterAll(() => rmSync(dir, { recursive: true }));

const usage = (...args: readonly string[]) => runCliIn(dir, ['usage', ...args]);

describe('for people', () => {
  test('is a table whose columns line up, with the total at its foot', async () => {
    expect(await usage()).toEqual({
      exitCode: 0,
      signal: null,
      stderr: '',
      stdout: [
        'device    by      source  model             reports       input  output  last (UTC)',
        'desk-1    server  answer  recital-embedded        1           2       3  2026-11-02 09:00',
        'laptop-7  client  stt     whisper-1               2        1005       6  2026-11-01 00:00',
        'laptop-7  server  answer  recital-embedded        1  2147483647       4  2026-11-02 08:30',
        'total                                             4  2147484654      13',
        '',
      ].join('\n'),
    });
  });

  test.each([
    [[], 'No usage recorded yet in ./nothing.\n'],
    [
      ['--hardware', 'x', '--since', '2026-11-01'],
      'No usage of "x" recorded since 2026-11-01T00:00:00.000Z in ./nothing.\n',
    ],
  ])('says that there is nothing, and makes nothing: %j', async (args, stdout) => {
    const result = await runCliIn(dir, ['usage', ...args], { env: { DATA_DIR: './nothing' } });
    const stderr = `warning: there is no store in DATA_DIR ./nothing (${join(dir, 'nothing')}). Is that the DATA_DIR of your server?\n`;
    expect(result).toEqual({ exitCode: 0, signal: null, stdout, stderr });
    expect(existsSync(join(dir, 'nothing'))).toBe(false);
  });
});

describe('for programs', () => {
  const parsed = async (...args: readonly string[]): Promise<unknown[]> => {
    const { stdout } = await usage('--json', ...args);
    return stdout
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
  };

  test('is one object a line, the groups and then the total', async () => {
    expect(await parsed('--hardware', 'laptop-7')).toEqual([
      {
        kind: 'usage',
        hardware_id: 'laptop-7',
        reporter: 'client',
        source: 'stt',
        model: 'whisper-1',
        reports: 2,
        input_tokens: 1005,
        output_tokens: 6,
        first: '2026-10-31T23:59:59.999Z',
        last: '2026-11-01T00:00:00.000Z',
      },
      {
        kind: 'usage',
        hardware_id: 'laptop-7',
        reporter: 'server',
        source: 'answer',
        model: 'recital-embedded',
        reports: 1,
        input_tokens: 2147483647,
        output_tokens: 4,
        first: '2026-11-02T08:30:00.000Z',
        last: '2026-11-02T08:30:00.000Z',
      },
      { kind: 'total', reports: 3, input_tokens: 2147484652, output_tokens: 10, unreadable: 0 },
    ]);
  });

  test.each([
    ['2026-11-01', 3],
    ['2026-10-31T23:59:59.999Z', 4],
    ['2026-11-02T11:30+02:30', 1],
    ['2026-11-02T09:00:01', 0],
  ])('--since %s counts what was reported then or later: %i reports', async (since, reports) => {
    expect((await parsed('--since', since)).at(-1)).toMatchObject({ kind: 'total', reports });
  });

  test.each(['yesterday', 'today', 'now', '90m', '12h', '3d', '2w', ' Yesterday ', '1h ago'])(
    '--since %j is a time before now: all that is here was used long before',
    async (since) => {
      expect(await parsed('--since', since)).toEqual([expect.objectContaining({ kind: 'total', reports: 0 })]);
    },
  );

  test('--since 999999999w reaches before the first report', async () => {
    expect((await parsed('--since', '999999999w')).at(-1)).toMatchObject({ reports: 4 });
  });

  test('is the total alone where there is nothing', async () => {
    const { stdout } = await runCliIn(dir, ['usage', '--json'], { env: { DATA_DIR: 'nothing' } });
    const total = { kind: 'total', reports: 0, input_tokens: 0, output_tokens: 0, unreadable: 0 };
    expect(JSON.parse(stdout)).toEqual(total);
  });

  test('ends well when the next program in the pipe does', async () => {
    const command = `"$0" "$1" usage --json | head -1; test "\${PIPESTATUS[0]}" = 0`;
    const child = spawn('/bin/bash', ['-c', command, process.execPath, binPath], {
      cwd: dir,
      env: { PATH: '/usr/bin:/bin' },
    });
    let stdout = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(0);
    expect(stdout).toMatch(/^\{"kind":"usage","hardware_id":"desk-1".*\}\n$/);
  });
});

describe('bad usage', () => {
  test.each(['tomorrow', 'last week', '-3d', '3.5h', '2026-02-30', '2026-11-01T25:00', '1.11.2026', '2026', ''])(
    '--since %j: exit code 2, naming the value and the format',
    async (since) => {
      const { exitCode, stdout, stderr } = await usage('--since', since);
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
      expect(stderr).toContain(`'${since}'`);
      expect(stderr).toContain('2026-11-01T09:30Z');
    },
  );

  test('a faulty configuration: exit code 2, with its faults', async () => {
    const result = await runCliIn(dir, ['usage'], { env: { GRPC_PORT: 'x' } });
    expect(result).toMatchObject({ exitCode: 2, stdout: '', stderr: expect.stringContaining('GRPC_PORT "x"') });
  });

  test('the configuration file is read as serve does', async () => {
    writeFileSync(join(dir, 'recital.yaml'), 'DATA_DIR: ./elsewhere\n');
    const { stdout } = await runCliIn(dir, ['usage'], { env: { CONFIG_FILE: 'recital.yaml' } });
    expect(stdout).toBe('No usage recorded yet in ./elsewhere.\n');
  });
});

test('a damaged store: exit code 1 and what is wrong, no crash', async () => {
  mkdirSync(join(dir, 'damaged', 'store'), { recursive: true });
  writeFileSync(join(dir, 'damaged', 'store', 'data.mdb'), 'garbage!'.repeat(3000));
  const result = await runCliIn(dir, ['usage'], { env: { DATA_DIR: 'damaged' } });
  expect(result).toMatchObject({ exitCode: 1, signal: null, stdout: '' });
  expect(result.stderr).toMatch(/^error: The store in DATA_DIR damaged can't be read: /);
});

test('records that are no usage are left out, and that is said', async () => {
  const store = openStore(join(dir, 'foreign'));
  await store.database('usage').put([1, 1, 1], '{}');
  await store.close();
  const result = await runCliIn(dir, ['usage'], { env: { DATA_DIR: 'foreign' } });
  expect(result).toMatchObject({
    exitCode: 0,
    stdout: 'No usage recorded yet in foreign.\n',
    stderr: 'warning: left out records that are no usage: 1\n',
  });
});
