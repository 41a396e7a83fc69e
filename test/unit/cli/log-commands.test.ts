/** `recital log list|show|diff|stats` as a QA engineer runs them: what they find, what they print, their exit codes. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { isFailedEnd } from '../../../src/log/log-reader.ts';
import { sessionMachine } from '../../../src/machines/session/session.machine.ts';
import { failedEvents, goodEvents, madeLog } from '../../support/replay/made-log.ts';
import { runCli } from '../../support/run-cli.ts';

let dir = '';
const logs = () => join(dir, 'logs');
const log = (name: string) => join(logs(), `${name}.jsonl`);

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'recital-log-'));
  mkdirSync(join(dir, 'logs'));
  const write = (name: string, text: string) => writeFileSync(log(name), text);
  const good = madeLog({ events: goodEvents, sessionId: 'aaaa-1', startedAt: '2026-11-22T10:00:00.000Z' });
  write('good', good);
  write('good-too', madeLog({ events: goodEvents, sessionId: 'bbbb-2', startedAt: '2026-11-21T10:00:00.000Z' }));
  write(
    'failed',
    madeLog({ events: failedEvents, sessionId: 'cccc-3', hardwareId: 'mac-7', startedAt: '2026-11-22T11:00:00.000Z' }),
  );
  write('killed', madeLog({ events: goodEvents.slice(0, 2), sessionId: 'dddd-4', hasFooter: false }));
  write('altered', good.replace('"atMs":40', '"atMs":41'));
});

afterAll(() => rmSync(dir, { recursive: true, force: true }));

const run = (...args: string[]) => runCli(['log', ...args]);

const objects = (stdout: string): Record<string, unknown>[] =>
  stdout
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => z.record(z.string(), z.unknown()).parse(JSON.parse(line)));

describe('log list', () => {
  test('has a line a session, newest last, those without an end and those that are damaged too', async () => {
    const { stdout, exitCode } = await run('list', logs(), '--json');
    const listed = objects(stdout).map(({ session_id, reason }) => [session_id, reason]);
    expect(listed).toEqual([
      ['bbbb-2', 'completed'],
      ['aaaa-1', 'bad_log'],
      ['aaaa-1', 'completed'],
      ['dddd-4', 'no_end'],
      ['cccc-3', 'answer_failed'],
    ]);
    expect(exitCode).toBe(0);
  });

  test('a failed session of a day is found by its reason', async () => {
    const { stdout, exitCode } = await run('list', logs(), '--reason', 'answer_failed', '--since', '2026-11-22');
    const [, ...rows] = stdout.trim().split('\n');
    expect(rows).toEqual([
      expect.stringMatching(
        /^2026-11-22 11:00:00 {2}answer_failed +2\.5 s +4 +session +cccc-3 +mac-7 +\/.*\/logs\/failed\.jsonl$/,
      ),
    ]);
    expect(exitCode).toBe(0);
  });

  test.each([
    { filter: ['--failed'], found: ['aaaa-1', 'dddd-4', 'cccc-3'] },
    { filter: ['--session', 'bb'], found: ['bbbb-2'] },
    { filter: ['--session', 'stream-of-bb'], found: ['bbbb-2'] },
    { filter: ['--hardware', 'mac'], found: ['cccc-3'] },
    { filter: ['--until', '2026-11-22'], found: ['bbbb-2'] },
    { filter: ['--since', '2026-11-22T10:30'], found: ['cccc-3'] },
    { filter: ['--reason', 'bad_log'], found: ['aaaa-1'] },
  ])('$filter finds $found', async ({ filter, found }) => {
    const { stdout } = await run('list', logs(), '--json', ...filter);
    expect(objects(stdout).map(({ session_id }) => session_id)).toEqual(found);
  });

  test.each([
    ['completed', false],
    ['client_cancelled', false],
    ['interrupted', false],
    ['draining', false],
    ['abandoned', false],
    ['-', false],
    ['no_end', true],
    ['bad_log', true],
    ['stream_idle_timeout', true],
    ['rate_limit_exceeded', true],
    ['answer_failed', true],
    ['session_fault', true],
    ['constructor', true],
    ['of_another_version', true],
  ])('an end as %s is a failure: %s', (reason, isFailed) => {
    expect(isFailedEnd(reason)).toBe(isFailed);
  });

  test('--failed leaves out what a client or an operator asked for', async () => {
    const some = join(dir, 'ends');
    mkdirSync(some);
    const ends = {
      cancelled: 'client.cancelled',
      interrupted: 'device.interruptRequested',
      drained: 'server.graceExpired',
    } as const;
    for (const [name, type] of Object.entries(ends)) {
      const events = [...goodEvents.slice(0, 2), [90, { type }]] as const;
      writeFileSync(join(some, `${name}.jsonl`), madeLog({ events, sessionId: name }));
    }
    writeFileSync(join(some, 'failed.jsonl'), madeLog({ events: failedEvents, sessionId: 'failed' }));
    const { stdout } = await run('list', some, '--json', '--failed');
    expect(objects(stdout).map(({ session_id }) => session_id)).toEqual(['failed']);
    const all = await run('list', some, '--json');
    expect(objects(all.stdout).map(({ reason }) => reason)).toEqual([
      'client_cancelled',
      'draining',
      'answer_failed',
      'interrupted',
    ]);
  });

  test.each([80, 200, 60])(
    'fits a terminal of %i columns, and says where whole paths are to be had',
    async (columns) => {
      const { stdout } = await runCli(['log', 'list', logs()], { columns });
      const lines = stdout.trimEnd().split('\n');
      expect(lines.filter((line) => line.length > columns)).toEqual([]);
      expect(lines.some((line) => line.includes('answer_failed'))).toBe(true);
      // Why a log is bad stands below it, whole.
      expect(stdout.replace(/\s+/g, ' ')).toContain(
        'line 5: the line was altered, or lines before it are missing or in another order',
      );
      expect(stdout.includes('Whole')).toBe(lines.some((line) => line.includes('…')));
      const exported = await runCli(['log', 'list', logs()], { env: { COLUMNS: String(columns) } });
      expect(exported.stdout).toBe(stdout);
      const piped = await runCli(['log', 'list', logs()]);
      expect(piped.stdout).toContain(log('failed'));
    },
  );

  test('without a path it is the folder of the server that this environment starts, and that is said', async () => {
    const config = join(dir, 'recital.yaml');
    writeFileSync(config, `EVENT_LOG_DIR: ${JSON.stringify(logs())}\n`);
    for (const env of [{ EVENT_LOG_DIR: logs() }, { CONFIG_FILE: config }]) {
      for (const command of [
        ['log', 'list'],
        ['log', 'stats'],
        ['replay'],
        ['replay', '--with', 'SESSION_TIMEOUT=9'],
      ]) {
        const { stdout, stderr } = await runCli(command, { env });
        expect(stdout).toMatch(/good|logs/);
        expect(stderr).toContain(`logs in ${logs()}\n`);
      }
    }
    const nowhere = await runCli(['replay'], { env: { DATA_DIR: join(dir, 'elsewhere') } });
    const folder = join(dir, 'elsewhere/event-logs');
    expect(nowhere).toMatchObject({
      exitCode: 2,
      stdout: '',
      stderr: `logs in ${folder}\nnot found: ${folder} names no event log\n`,
    });
    const faulty = await runCli(['log', 'list'], { env: { CONFIG_FILE: join(dir, 'gone.yaml') } });
    expect(faulty).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('gone.yaml') });
  });

  test('what matches nothing is 1, a path that is not there 2', async () => {
    const nothing = await run('list', logs(), '--session', 'zzzz');
    expect(nothing).toMatchObject({ exitCode: 1, stdout: '', stderr: 'none of 5 logs matches\n' });
    const nowhere = await run('list', 'elsewhere');
    expect(nowhere).toMatchObject({ exitCode: 2, stderr: 'not found: elsewhere names no event log\n' });
  });

  test('a time that is none is bad usage', async () => {
    const { exitCode, stderr } = await run('list', logs(), '--since', '2026-13-45');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('yesterday');
  });
});

describe('log show', () => {
  test('keeps the reason of a recording within the terminal, every word of it', async () => {
    const path = 'test/recordings/session/answer-failed-v1.jsonl';
    const { stdout } = await runCli(['log', 'show', path], { env: { COLUMNS: '80' } });
    const { reason } = z
      .object({ reason: z.string() })
      .parse(JSON.parse(readFileSync(path, 'utf8').split('\n')[0] ?? ''));
    expect(reason.length).toBeGreaterThan(80);
    expect(stdout.replaceAll('\n', ' ')).toContain(`recorded anew: ${reason}`);
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  test('tells a failed session within 80 columns, with its long pause and what to do', async () => {
    const { stdout, exitCode } = await runCli(['log', 'show', log('failed')], { env: { COLUMNS: '80' } });
    expect(exitCode).toBe(0);
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(stdout).toContain('    2.500  ! +2.49 s  answer.failed UNAVAILABLE/answer_failed "xxxxx xx"');
    expect(stdout).toContain('streaming → error');
    expect(stdout).toContain('answer_failed, 4 turns in 2.5 s');
    expect(stdout).toContain('UNAVAILABLE: The model declares that it cannot answer.');
  });

  test('moves between states are told by what moved, --wide tells them whole', async () => {
    const short = await run('show', log('good'));
    expect(short.stdout).toContain('answer.running: awaitingFirstToken → receiving\n');
    const wide = await run('show', log('good'), '--wide');
    expect(wide.stdout).toContain('streaming.answer.running.awaitingFirstToken → streaming.answer.running.receiving\n');
    expect(wide.stdout).toContain('· arm stallCheck@session.streaming.answer.running.receiving 40000ms\n');
  });

  test('--grep and --state leave out turns and say how many; nothing that matches is 1', async () => {
    const { stdout } = await run('show', log('good'), '--grep', 'speech\\.finished');
    expect(stdout.match(/turns? not shown/g)).toHaveLength(2);
    expect(stdout).not.toContain('answer.finished');
    const inState = await run('show', log('good'), '--state', 'voice.closing', '--json');
    expect(objects(inState.stdout).filter(({ kind }) => kind === 'turn')).toHaveLength(2);
    expect(await run('show', log('good'), '--grep', 'no such thing')).toMatchObject({ exitCode: 1 });
  });

  test('characters that steer a terminal come out as none', async () => {
    const events = [[1, { type: 'request.received', prompt: '\u001b[2J\u009b2J\u202e' }]] as const;
    const hostile = join(dir, 'hostile.jsonl');
    writeFileSync(hostile, madeLog({ events, sessionId: 'x\u001b]0;y\u0007' }));
    for (const more of [[], ['--wide']]) {
      const { stdout } = await run('show', hostile, ...more);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is what the test is for
      expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    }
  });

  test('a damaged log is 2, with its line', async () => {
    const { exitCode, stderr } = await run('show', log('altered'));
    expect(exitCode).toBe(2);
    expect(stderr).toContain('bad log: line 5 (turn 3)');
  });
});

describe('log diff', () => {
  test('two sessions that differ in ids and times are the same', async () => {
    const { exitCode, stdout } = await run('diff', log('good'), log('good-too'));
    expect(exitCode).toBe(0);
    expect(stdout).toContain('same: 6 turns');
    expect(stdout).toContain('Not compared: streamId, sessionId, hardwareId');
  });

  test('the first difference is told with its turn, what was in each, and the turns around it', async () => {
    const { exitCode, stdout } = await run('diff', log('good'), log('failed'));
    expect(exitCode).toBe(1);
    expect(stdout).toContain('different at turn 3: event\n');
    expect(stdout).toContain('  -     3  answer.finished\n'.slice(2));
    expect(stdout).toContain('+     3  answer.failed UNAVAILABLE/answer_failed');
    expect(stdout).toContain('      2  answer.textReceived');
    const json = await run('diff', log('good'), log('failed'), '--json');
    expect(objects(json.stdout)[0]).toMatchObject({ verdict: 'different', same_turns: 3, difference: { turn: 3 } });
  });

  test('what was said counts, unless only the flow is compared', async () => {
    const [first, ...rest] = goodEvents;
    const [atMs] = first ?? [0];
    const events = [[atMs, { type: 'request.received', prompt: 'another' }] as const, ...rest];
    const other = join(dir, 'other.jsonl');
    writeFileSync(other, madeLog({ events }));
    const whole = await run('diff', log('good'), other, '--json');
    expect(objects(whole.stdout)[0]).toMatchObject({ difference: { turn: 1, field: 'event.prompt', b: 'another' } });
    expect(await run('diff', log('good'), other, '--flow')).toMatchObject({ exitCode: 0 });
  });

  test('a session that goes on where the other ends is different there', async () => {
    const { exitCode, stdout } = await run('diff', log('killed'), log('good'));
    expect(exitCode).toBe(1);
    expect(stdout).toContain('different at turn 3: end');
  });

  test('a log that can not be read is 2', async () => {
    expect(await run('diff', log('good'), log('altered'))).toMatchObject({ exitCode: 2, stdout: '' });
  });
});

describe('log stats', () => {
  test('counts what it can read, names what it can not, and is 2 then', async () => {
    const { exitCode, stdout, stderr } = await run('stats', logs(), '--json');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('altered.jsonl: bad log: line 5');
    expect(objects(stdout)[0]).toEqual({
      kind: 'summary',
      machine: 'session',
      version: sessionMachine.version,
      logs: 4,
      identical: 4,
      left_out: 0,
    });
    const ends = objects(stdout).filter(({ kind }) => kind === 'end');
    expect(ends.map(({ reason, logs }) => [reason, logs])).toEqual([
      ['completed', 2],
      ['answer_failed', 1],
      ['no_end', 1],
    ]);
  });

  test('tells the transitions that never were, and draws them', async () => {
    const { exitCode, stdout } = await run('stats', log('good'), '--svg', join(dir, 'chart.svg'));
    expect(exitCode).toBe(0);
    expect(stdout).toContain('streaming.voice.closing\n  outbox.flushed → done');
    expect(stdout.split('NEVER TAKEN')[1]).toContain('  client.cancelled → error\n');
    expect(readFileSync(join(dir, 'chart.svg'), 'utf8')).toContain('data-state="streaming.voice.closing"');
  });

  test('a drawing takes the place of another one, and of nothing else', async () => {
    const drawing = join(dir, 'again.svg');
    for (const exitCode of [0, 0]) {
      expect(await run('stats', log('good'), '--svg', drawing)).toMatchObject({ exitCode });
    }
    for (const text of [readFileSync(log('good'), 'utf8'), 'notes', 'xx<svg ']) {
      const path = join(dir, 'kept.jsonl');
      writeFileSync(path, text);
      const { exitCode, stderr } = await run('stats', log('good'), '--svg', path);
      expect(exitCode).toBe(2);
      expect(stderr).toContain(`--svg ${path} can't be written: there is another file`);
      expect(readFileSync(path, 'utf8')).toBe(text);
    }
  });

  test('a drawing that can not be written is 2', async () => {
    const { exitCode, stderr } = await run('stats', log('good'), '--svg', 'nowhere/chart.svg');
    expect(exitCode).toBe(2);
    expect(stderr).toContain("--svg nowhere/chart.svg can't be written");
  });
});
