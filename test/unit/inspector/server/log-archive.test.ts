/** Logs in files, as the inspector finds them: the newest first, page by page, by id, and nothing that is no log. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openLogBytes } from '../../../../src/inspector/server/archived-log.ts';
import { LogArchive } from '../../../../src/inspector/server/log-archive.ts';
import { LineChain } from '../../../../src/log/log-format.ts';
import { SegmentMaker } from '../../../support/replay/segments.ts';

const dir = mkdtempSync(join(tmpdir(), 'recital-archive-'));
const day = '2026-01-31';
const archive = new LogArchive(dir);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const header = {
  kind: 'header',
  format: 1,
  machine: 'session',
  version: '1',
  definition: 'x',
  build: '0.1.0',
  redaction: 'shape',
  startedAt: '2026-01-31T12:00:00.000Z',
} as const;

/** A log of some turns; without a footer its process was killed. */
function logText(streamId: string, turns: number, reason: string | null): string {
  const chain = new LineChain();
  let text = chain.write({ ...header, input: { streamId, sessionId: 'session', hardwareId: 'device' } });
  for (let turn = 0; turn < turns; turn += 1) {
    const state = turn === 1 ? { state: 'streaming.a | streaming.b' } : {};
    text += chain.write({ kind: 'turn', turn, atMs: turn * 10.4, event: { type: 'x' }, ...state });
  }
  if (reason !== null) text += chain.write({ kind: 'footer', status: 'done', reason, turns, dropped: 0 });
  return text;
}

function write(name: string, text: string, folder = day): void {
  mkdirSync(join(dir, folder), { recursive: true });
  writeFileSync(join(dir, folder, name), text);
}

const all = '2100-01-01T00:00:00.000Z';
const none = () => false;

beforeAll(() => {
  write('120000.000-good.jsonl', logText('good', 3, 'completed'));
  write('120001.000-failed.jsonl', logText('failed', 2, 'answer_failed'));
  write('120002.000-killed.jsonl', logText('killed', 400, null));
  write('120003.000-77-supervisor.jsonl', logText('', 2, ''));
  write('120004.000-empty.jsonl', '');
  write('120005.000-noise.jsonl', 'x\n{"kind":"header"}\n');
  write('notes.jsonl', logText('notes', 1, 'completed'));
  write('120006.000-elsewhere.jsonl', logText('elsewhere', 1, 'completed'), 'not-a-day');
  mkdirSync(join(dir, day, '120007.000-folder.jsonl'));
  symlinkSync('/etc/passwd', join(dir, day, '120008.000-passwd.jsonl'));
});

test('each is a row, from what its beginning and its end tell', async () => {
  const { rows, leftOut } = await archive.rowsBefore(all, 100, none);
  expect(leftOut).toBe(0);
  const common = {
    machine: 'session',
    session: 'session',
    device: 'device',
    startedAt: header.startedAt,
    state: 'streaming.a | streaming.b',
    quietMs: 0,
    isLive: false,
    waits: null,
  };
  expect(rows).toEqual([
    { ...common, id: `${day}.120003.000-77-supervisor`, ageMs: 10, turns: 2, reason: '-', isFailed: false },
    // Its last state stands further back than is read.
    { ...common, id: 'killed', state: '', ageMs: 4150, turns: 400, reason: 'no_end', isFailed: true },
    { ...common, id: 'failed', ageMs: 10, turns: 2, reason: 'answer_failed', isFailed: true },
    { ...common, id: 'good', ageMs: 21, turns: 3, reason: 'completed', isFailed: false },
  ]);
});

test('those that are known otherwise, and those that began later, are left out', async () => {
  const isKnown = ({ name, path }: { readonly name: string; readonly path: string }): boolean =>
    name === 'failed' && path.endsWith('120001.000-failed.jsonl');
  const { rows } = await archive.rowsBefore('2026-01-31T12:00:02.000Z', 100, isKnown);
  expect(rows.map(({ id }) => id)).toEqual(['good']);
});

test('those of one millisecond stay on one page, so that who goes on behind it misses none', async () => {
  const busy = new LogArchive(join(dir, 'busy'));
  for (let index = 0; index < 10; index += 1) {
    const name = `12000${index < 5 ? 0 : 1}.000-s${index}.jsonl`;
    write(name, logText(`s${index}`, 1, 'completed'), join('busy', day));
  }
  const first = await busy.rowsBefore(all, 7, none);
  expect([first.rows.length, first.leftOut]).toEqual([10, 0]);
  const second = await busy.rowsBefore(all, 3, none);
  expect([second.rows.length, second.leftOut]).toEqual([5, 5]);
});

describe('by its id', () => {
  test.each([
    ['good', `${day}/120000.000-good.jsonl`],
    [`${day}.120003.000-77-supervisor`, `${day}/120003.000-77-supervisor.jsonl`],
  ])('%s is found', async (id, path) => {
    expect(await archive.find(id)).toBe(join(dir, path));
  });

  test.each([
    '',
    'nobody',
    'ood',
    '.',
    '..',
    '../../etc/passwd',
    `${day}/120000.000-good`,
    `${day}.../../120000.000-good`,
    'good.jsonl',
    'supervisor',
    'go*',
    'good\0',
    'x'.repeat(10_000),
  ])('%j is nowhere', async (id) => {
    expect(await archive.find(id)).toBeNull();
  });
});

test('many are looked for at once, each finds its own, and who asks twice is answered twice', async () => {
  const ids = ['good', 'nobody', 'failed', 'good', 'supervisor', 'killed'];
  const first = Promise.all(ids.map((id) => archive.find(id)));
  const later = archive.find('failed');
  const place = (file: string) => join(dir, day, `${file}.jsonl`);
  const [good, failed, killed] = ['120000.000-good', '120001.000-failed', '120002.000-killed'].map(place);
  expect(await first).toEqual([good, null, failed, good, null, killed]);
  expect(await later).toBe(failed);
});

test('a folder that is not there has no logs, and that is no fault', async () => {
  const nowhere = new LogArchive(join(dir, 'nowhere'));
  expect(await nowhere.rowsBefore(all, 10, none)).toEqual({ rows: [], leftOut: 0 });
  expect(await nowhere.find('good')).toBeNull();
});

describe('beside another server with the same folder', () => {
  const supervisor = logText('', 2, null);
  const folder = join('shared', day);
  const running = new Set([7, 9]);
  const shared = new LogArchive(join(dir, 'shared'), (pid) => running.has(pid));
  const ends = async () => (await shared.rowsBefore(all, 100, none)).rows.map(({ id, isFailed }) => [id, isFailed]);
  beforeAll(() => {
    write('110000.000-before.jsonl', logText('before', 2, null), folder);
    write('110500.000-9-supervisor.jsonl', logText('', 2, '-'), folder);
    write('110600.000-8-supervisor.jsonl', supervisor, folder);
    write('110700.000-of8.jsonl', logText('of8', 2, null), folder);
    write('120000.000-7-supervisor.jsonl', supervisor, folder);
    write('120001.000-one.jsonl', logText('one', 2, null), folder);
    write('120002.000-two.jsonl', logText('two', 2, null), folder);
  });

  test('a log without an end that may be its is no failure; one that no running server can have begun is', async () => {
    expect(await ends()).toEqual([
      ['two', false],
      ['one', false],
      [`${day}.120000.000-7-supervisor`, false],
      ['of8', true],
      [`${day}.110600.000-8-supervisor`, true],
      [`${day}.110500.000-9-supervisor`, false],
      ['before', true],
    ]);
  });

  test('such logs are looked at again, until they or their server have ended; what is as it was is not told', async () => {
    expect(await shared.rowsGoneOn()).toEqual([]);
    write('120001.000-one.jsonl', logText('one', 3, 'completed'), folder);
    const common = { turns: 3, isFailed: false };
    expect(await shared.rowsGoneOn()).toMatchObject([{ ...common, id: 'one', reason: 'completed' }]);
    expect(await shared.rowsGoneOn()).toEqual([]);
    running.clear();
    expect((await shared.rowsGoneOn()).map(({ id, isFailed }) => [id, isFailed])).toEqual([
      ['two', true],
      [`${day}.120000.000-7-supervisor`, true],
    ]);
    expect(await shared.rowsGoneOn()).toEqual([]);
  });
});

describe('logs in segments', () => {
  const segments = new LogArchive(join(dir, 'with-segments'));
  const folder = `with-segments/${day}`;
  const made = (names: readonly string[], told: (name: string) => string) => {
    const maker = new SegmentMaker();
    for (const name of names) maker.block(name, told(name).slice(0, 300 + told(name).slice(300).indexOf('\n') + 1));
    for (const name of names) {
      const rest = told(name).slice(300 + told(name).slice(300).indexOf('\n') + 1);
      if (rest !== '') maker.block(name, rest);
    }
    return maker;
  };

  beforeAll(() => {
    write(
      '115500.000-00000001.segment.jsonl',
      made(['115500.000-old'], () => logText('old', 2, 'completed'))
        .index({ streamId: 'old' })
        .end().text,
      folder,
    );
    const text = (name: string) => logText(name.slice(11), 3, 'completed');
    write('120000.000-00000002.segment.jsonl', made(['120001.000-growing', '120002.000-second'], text).text, folder);
    write('120003.000-alone.jsonl', logText('alone', 2, 'answer_failed'), folder);
    write(
      '235900.000-00000003.segment.jsonl',
      made(['000100.000-late'], text).index({ streamId: 'late' }).end().text,
      folder,
    );
  });

  test('are rows beside those in files, the newest first; one with an index is told by it', async () => {
    const { rows, leftOut } = await segments.rowsBefore(all, 100, none);
    expect(leftOut).toBe(0);
    expect(rows.map(({ id, turns, reason }) => [id, turns, reason])).toEqual([
      ['late', 3, 'completed'],
      ['alone', 2, 'answer_failed'],
      ['second', 3, 'completed'],
      ['growing', 3, 'completed'],
      ['old', 3, 'completed'],
    ]);
  });

  test('those that are not shown are counted, without their segment being read', async () => {
    const { rows, leftOut } = await segments.rowsBefore(all, 2, none);
    expect([rows.map(({ id }) => id), leftOut]).toEqual([['late', 'alone'], 3]);
    const before = await segments.rowsBefore('2026-01-31T12:00:02.000Z', 2, none);
    expect(before.rows.map(({ id }) => id)).toEqual(['growing', 'old']);
    const isKnown = ({ name }: { name: string }) => name === 'growing';
    expect((await segments.rowsBefore('2026-01-31T12:00:02.000Z', 2, isKnown)).rows.map(({ id }) => id)).toEqual([
      'old',
    ]);
  });

  test.each(['old', 'growing', 'late', `${day}.120002.000-second`])(
    '%s is found by its id, to the byte',
    async (id) => {
      const path = await segments.find(id);
      const name = id.slice(id.lastIndexOf('-') + 1).replace(/^.*\./, '');
      const opened = await openLogBytes(path ?? '');
      const parts: Uint8Array[] = [];
      for await (const part of opened?.stream() ?? []) parts.push(part);
      const turns = name === 'old' ? 2 : 3;
      expect(Buffer.concat(parts).toString()).toBe(logText(name, turns, 'completed'));
    },
  );

  test.each(['ol', 'nobody', `${day}.120009.000-second`, '../x'])('%j is nowhere', async (id) => {
    expect(await segments.find(id)).toBeNull();
  });
});
