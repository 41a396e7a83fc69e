/** Segments as a QA engineer meets them: every command takes one as it takes a folder of the same logs. */
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OpenedFiles } from '../../../src/cli/inspect/opened-files.ts';
import { GrowingLog } from '../../../src/cli/log/growing-file.ts';
import { OpenedSegment } from '../../../src/log/opened-segment.ts';
import { fileSource } from '../../../src/segments/segment-bytes.ts';
import { failedEvents, goodEvents, madeLog } from '../../support/replay/made-log.ts';
import { madeWithIndex, SegmentMaker } from '../../support/replay/segments.ts';
import { runCli } from '../../support/run-cli.ts';

const logs: Readonly<Record<string, string>> = {
  '100000.000-good': madeLog({ events: goodEvents, sessionId: 'aaaa-1', startedAt: '2026-11-22T10:00:00.000Z' }),
  '110000.000-failed': madeLog({ events: failedEvents, sessionId: 'cccc-3', startedAt: '2026-11-22T11:00:00.000Z' }),
  '120000.000-killed': madeLog({ events: goodEvents.slice(0, 2), sessionId: 'dddd-4', hasFooter: false }),
};
const altered = (logs['100000.000-good'] ?? '').replace('"atMs":40', '"atMs":41').replace('aaaa-1', 'eeee-5');

let dir = '';
const segment = () => join(dir, 'segment/100000.000-5f0c9a3e.segment.jsonl');
/** The same, still written. */
const growing = () => join(dir, 'growing/100000.000-5f0c9a3e.segment.jsonl');

/** The logs, each cut into blocks of one to three lines, taking turns. */
function interleaved(of: Readonly<Record<string, string>>): SegmentMaker {
  const made = new SegmentMaker();
  const left = Object.entries(of).map(([name, text]) => ({ name, lines: text.split(/(?<=\n)/) }));
  for (let turn = 0; left.some(({ lines }) => lines.length > 0); turn += 1)
    for (const { name, lines } of left)
      if (lines.length > 0) made.block(name, lines.splice(0, 1 + (turn % 3)).join(''));
  return made;
}

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'recital-segments-'));
  for (const folder of ['segment', 'growing', 'files', 'cut', 'bad', 'out', 'believed']) mkdirSync(join(dir, folder));
  writeFileSync(segment(), madeWithIndex(interleaved(logs), logs));
  writeFileSync(growing(), interleaved(logs).bytes);
  for (const [name, text] of Object.entries(logs)) writeFileSync(join(dir, 'files', `${name}.jsonl`), text);
});

afterAll(() => rmSync(dir, { recursive: true, force: true }));

const run = (...args: string[]) => runCli(args);
/** What a command prints, without where the logs stand. */
const placeless = (text: string) =>
  text
    .replaceAll(`${segment()}#`, '')
    .replaceAll(`${join(dir, 'files')}/`, '')
    .replaceAll('.jsonl', '');

describe('as a folder of the same logs', () => {
  test.each([
    [['log', 'list', '--json']],
    [['log', 'list', '--json', '--check']],
    [['log', 'list', '--json', '--failed']],
    [['log', 'list', '--json', '--session', 'cccc']],
    [['log', 'show', '--json']],
    [['log', 'show', '--wide']],
    [['log', 'stats', '--json']],
    [['replay', '--json']],
    [['replay', '--json', '--emit']],
  ])('%j says the same of a segment', async (command) => {
    const [file, folder] = [await run(...command, join(dir, 'segment')), await run(...command, join(dir, 'files'))];
    expect(file.exitCode).toBe(folder.exitCode);
    expect(placeless(file.stdout)).toBe(placeless(folder.stdout));
    expect(folder.stdout.length).toBeGreaterThan(100);
  });

  test('one of its logs is named by its path; diff compares two of them, or one with a file', async () => {
    const path = `${segment()}#100000.000-good`;
    expect(JSON.parse((await run('log', 'list', '--json', path)).stdout)).toMatchObject({ path, session_id: 'aaaa-1' });
    expect((await run('log', 'diff', path, join(dir, 'files/100000.000-good.jsonl'))).exitCode).toBe(0);
    expect((await run('log', 'diff', path, `${segment()}#110000.000-failed`)).exitCode).toBe(1);
    const missing = await run('log', 'list', `${segment()}#100000.000-nobody`);
    expect(missing.exitCode).toBe(2);
    expect(missing.stderr).toContain('there is no log 100000.000-nobody in its segment');
  });

  test('under any name, where it is named itself', async () => {
    const renamed = join(dir, 'production.log');
    writeFileSync(renamed, readFileSync(segment()));
    expect((await run('replay', renamed, '--json')).stdout.split('\n')).toHaveLength(5);
  });

  test('to-test copies the log out of it; re-record writes only elsewhere', async () => {
    const path = `${segment()}#100000.000-good`;
    const made = await run('log', 'to-test', path, '--into', join(dir, 'out'), '--name', 'kept');
    expect(made.exitCode).toBe(0);
    const [, copy = ''] = /wrote (\S+)/.exec(made.stdout) ?? [];
    expect(readFileSync(copy, 'utf8')).toBe(logs['100000.000-good']);
    const before = readFileSync(segment());
    expect((await run('log', 're-record', segment(), '--reason', 'none')).exitCode).not.toBe(2);
    expect(readFileSync(segment()).equals(before)).toBe(true);
  });
});

describe('what the index of a segment tells', () => {
  /** Of every log the lines are no lines any more: who opens one finds it. */
  const believed = () => join(dir, 'believed/100000.000-5f0c9a3e.segment.jsonl');
  const spoilt = (text: string) => text.replaceAll(/^\{"kind":/gm, '{"kinx":');

  beforeAll(() => writeFileSync(believed(), spoilt(madeWithIndex(interleaved(logs), logs))));

  test.each([
    [['log', 'list', '--json']],
    [['log', 'list', '--json', '--failed']],
    [['log', 'list', '--json', '--session', 'cccc']],
    [['log', 'list', '--json', '--hardware', 'device']],
    [['log', 'list', '--json', '--machine', 'welcome']],
  ])('%j believes it: no log is opened', async (command) => {
    const [file, folder] = [await run(...command, believed()), await run(...command, join(dir, 'files'))];
    expect(file.exitCode).toBe(folder.exitCode);
    expect(file.stdout.replaceAll(`${believed()}#`, '')).toBe(placeless(folder.stdout));
  });

  test('list --check opens them, and finds what is wrong', async () => {
    const { stdout } = await run('log', 'list', '--json', '--check', believed());
    expect(stdout.match(/"reason":"bad_log"/g)).toHaveLength(3);
    expect((await run('log', 'list', '--check', '--reason', 'bad_log', segment())).exitCode).toBe(1);
  });

  test('a segment without an end has none: list opens its logs', async () => {
    const path = join(dir, 'cut/140000.000-5f0c9a3e.segment.jsonl');
    const text = spoilt(madeWithIndex(interleaved(logs), logs));
    writeFileSync(path, text.slice(0, text.lastIndexOf('{"end":')));
    const { stdout } = await run('log', 'list', '--json', path);
    expect(stdout.match(/"reason":"bad_log"/g)).toHaveLength(3);
  });

  test('stats of one chart opens none of another; extract looks for an id in it', async () => {
    expect(await run('log', 'stats', '--machine', 'welcome', believed())).toMatchObject({ exitCode: 0, stdout: '' });
    expect((await run('log', 'stats', '--machine', 'session', believed())).exitCode).toBe(2);
    const { exitCode, stdout } = await run('log', 'extract', 'cccc', believed());
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: spoilt(logs['110000.000-failed'] ?? '') });
  });

  test('recital inspect lists by it: a log is opened when it is asked for', async () => {
    const files = new OpenedFiles();
    await files.add(Object.keys(logs).map((name) => `${believed()}#${name}`));
    expect(files.bad).toEqual([]);
    const { rows } = await files.rowsBefore('9', 10, () => false);
    expect(
      rows.map(({ session, reason, isFailed, turns, device }) => [session, reason, isFailed, turns, device]),
    ).toEqual([
      ['cccc-3', 'answer_failed', true, 4, 'device-1'],
      ['aaaa-1', 'completed', false, 6, 'device-1'],
      ['dddd-4', 'no_end', true, 3, 'device-1'],
    ]);
  });
});

describe('log extract', () => {
  test.each(['aaaa-1', 'aaaa', '100000.000-good'])('%s: the file of its log, byte for byte', async (id) => {
    expect(await run('log', 'extract', id, growing())).toMatchObject({ exitCode: 0, stdout: logs['100000.000-good'] });
    expect((await run('log', 'extract', id, join(dir, 'files'))).stdout).toBe(logs['100000.000-good']);
  });

  test('takes the path of a log as list tells it, and says why one leads to none', async () => {
    const path = `${growing()}#100000.000-good`;
    expect(await run('log', 'extract', path)).toMatchObject({ exitCode: 0, stdout: logs['100000.000-good'] });
    expect((await run('log', 'extract', join(dir, 'files/100000.000-good.jsonl'))).stdout).toBe(
      logs['100000.000-good'],
    );
    const none = await run('log', 'extract', `${growing()}#100000.000-missing`);
    expect(none).toMatchObject({ exitCode: 2, stdout: '', stderr: expect.stringContaining('100000.000-missing') });
  });

  test('writes a file, and over none; several go into a folder; none is told', async () => {
    const out = join(dir, 'out/one.jsonl');
    expect((await run('log', 'extract', 'cccc-3', growing(), '--out', out)).exitCode).toBe(0);
    expect(readFileSync(out, 'utf8')).toBe(logs['110000.000-failed']);
    expect(await run('log', 'extract', 'cccc-3', growing(), '--out', out)).toMatchObject({ exitCode: 2 });
    expect(await run('log', 'extract', '', growing())).toMatchObject({ exitCode: 2 });
    mkdirSync(join(dir, 'out/all'));
    expect(await run('log', 'extract', '1', growing(), '--out', join(dir, 'out/all'))).toMatchObject({ exitCode: 0 });
    for (const [name, text] of Object.entries(logs))
      expect(readFileSync(join(dir, 'out/all', `${name}.jsonl`), 'utf8')).toBe(text);
    const none = await run('log', 'extract', 'zzzz', growing());
    expect(none).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('none of 3 logs is of "zzzz"') });
  });
});

describe('what is not whole', () => {
  test('cut anywhere, every whole line counts, and what is lost is told', async () => {
    const whole = interleaved(logs).bytes;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: whole.length }), async (end) => {
        const path = join(dir, 'cut/110000.000-5f0c9a3e.segment.jsonl');
        writeFileSync(path, whole.subarray(0, end));
        const file = new OpenedSegment(fileSource(path));
        await file.look();
        expect(file.fault).toBeNull();
        expect(file.isEnded).toBe(false);
        const read = await readAll(file);
        for (const [name, text] of Object.entries(read)) {
          expect(logs[name]?.startsWith(text)).toBe(true);
          expect(text.endsWith('\n')).toBe(true);
        }
        // What comes later is taken up where the last look ended.
        appendFileSync(path, whole.subarray(end));
        await file.look();
        expect(file.lost).toBeNull();
        expect(await readAll(file)).toEqual(logs);
      }),
      { numRuns: 60, examples: [[0], [1]] },
    );
  });

  test.each([
    ['with an index', segment],
    ['without one', growing],
  ])(
    'a footer that was overwritten, in a segment %s, is a damaged log and not one of a killed process',
    async (_, from) => {
      const path = join(dir, 'bad/footer.segment.jsonl');
      const bytes = readFileSync(from());
      const footer = bytes.lastIndexOf('{"kind":"footer"', bytes.indexOf('"kind":"index"') >>> 0);
      bytes.fill(0, footer, bytes.indexOf('\n', footer) + 1);
      writeFileSync(path, bytes);
      const checked = await run('log', 'list', '--json', '--check', path);
      expect(checked.stdout).toContain('"bad_log"');
      expect((await run('replay', path)).exitCode).toBe(2);
      expect(await run('log', 'show', path)).toMatchObject({
        stderr: expect.stringContaining('whole lines instead of'),
      });
      rmSync(path);
    },
  );

  test('a killed process is told by its segment and by each log without an end', async () => {
    const path = join(dir, 'cut/120000.000-5f0c9a3e.segment.jsonl');
    const whole = interleaved(logs).bytes;
    writeFileSync(path, whole.subarray(0, whole.length - 5));
    const { stderr, stdout, exitCode } = await run('replay', path, '--json');
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(/note: it has no end: its process was killed, or writes it still; the last \d+ bytes/);
    expect(stdout).toContain('no_end');
  });

  test('an altered line of a log is a bad log as in a file; an altered head spoils what stands behind it, and says where', async () => {
    const path = join(dir, 'bad/110000.000-5f0c9a3e.segment.jsonl');
    writeFileSync(
      path,
      interleaved({ ...logs, '130000.000-altered': altered })
        .index()
        .end().bytes,
    );
    const { stdout, exitCode } = await run('replay', path, '--json');
    expect(exitCode).toBe(2);
    expect(stdout).toMatch(/130000\.000-altered","verdict":"bad_log"/);
    expect(stdout.match(/"verdict":"identical"/g)).toHaveLength(3);
    const text = Buffer.from(interleaved(logs).bytes).toString('latin1');
    writeFileSync(path, Buffer.from(text.replace(/("log":1,"lines":\d+,"bytes":)\d+(,"prev")/, '$117$2'), 'latin1'));
    const spoilt = await run('log', 'list', path);
    expect(spoilt.exitCode).toBe(2);
    expect(spoilt.stderr).toMatch(/no good segment from byte \d+ on/);
  });

  test('an index that lies about a log is not believed: that log is bad, and no other', async () => {
    const path = join(dir, 'bad/120000.000-5f0c9a3e.segment.jsonl');
    const text = Buffer.from(interleaved(logs).index().end().bytes).toString('latin1');
    const at = text.lastIndexOf('"last":', text.indexOf('"indexed":2'));
    const lying = `${text.slice(0, at)}${text.slice(at).replace(/"last":\d/, '"last":9')}`;
    writeFileSync(path, Buffer.from(lying, 'latin1'));
    const { stdout, exitCode } = await run('replay', path, '--json');
    expect(exitCode).toBe(2);
    expect(stdout.match(/"verdict":"identical"/g)).toHaveLength(2);
    expect(stdout).toContain('its segment does not hold it');
  });
});

async function readAll(file: OpenedSegment): Promise<Record<string, string>> {
  const read: Record<string, string> = {};
  for (const member of file.members) {
    const bytes = await file.bytesOf(member);
    read[member.name] = typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString();
  }
  return read;
}

test('a log is followed in its segment as it grows, between the lines of others', async () => {
  const path = join(dir, 'growing/130000.000-5f0c9a3e.segment.jsonl');
  const whole = interleaved(logs).bytes;
  const log = new GrowingLog(`${path}#110000.000-failed`);
  expect(await log.look()).toEqual({ kind: 'missing' });
  const lines: (string | null)[] = [];
  for (let end = 0; end < whole.length; ) {
    end = Math.min(whole.length, end + 777);
    writeFileSync(path, whole.subarray(0, end));
    for (let growth = await log.look(); growth.kind !== 'same'; growth = await log.look()) {
      if (growth.kind === 'lines') lines.push(...growth.lines);
      else expect(growth.kind).toBe('missing');
    }
  }
  log.close();
  expect(lines.map((line) => `${line}\n`).join('')).toBe(logs['110000.000-failed']);
});
