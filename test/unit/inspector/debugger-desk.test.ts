/** The worker's desk with a server in hand: files and live lines joined, gaps healed, files dropped, questions answered, at most one word a frame. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { Answers, Question, Report } from '../../../src/inspector/debugger/messages.ts';
import { SegmentDesk } from '../../../src/inspector/debugger/segment-desk.ts';
import type { LogOverview } from '../../../src/inspector/debugger/views.ts';
import { WorkerDesk } from '../../../src/inspector/debugger/worker-desk.ts';
import type { FeedLine, ListRow } from '../../../src/inspector/feed-format.ts';
import { HandWorld } from '../../support/inspector/feed-world.ts';
import { failedEvents, goodEvents, madeLog } from '../../support/replay/made-log.ts';
import { SegmentMaker } from '../../support/replay/segments.ts';

const text = readFileSync(
  fileURLToPath(new URL('../../recordings/session/completed-many-v1.jsonl', import.meta.url)),
  'utf8',
);
const lines = text.trimEnd().split('\n');
const fileOf = (count: number, from = 0) => `${lines.slice(from, count).join('\n')}\n`;
const lineOf = (line: FeedLine) => `${JSON.stringify(line)}\n`;

class Page {
  readonly world = new HandWorld();
  readonly reports: Report[] = [];
  readonly desk = new WorkerDesk(this.world, (report) => this.reports.push(report));

  /** A tab that watches these logs, on a server that is there. */
  static async watching(logs: readonly string[], { hasLogs = true } = {}): Promise<Page> {
    const page = new Page();
    page.desk.take({ kind: 'connect', base: '/api/', token: 't' });
    page.desk.take({ kind: 'watch', logs });
    await page.world.pass(100);
    page.world.last('feed').answer(200);
    page.hello('run-1', hasLogs);
    await page.world.pass(0);
    return page;
  }

  hello(run: string, hasLogs = true): void {
    const server = {
      version: '1',
      grpc: null,
      maxStreams: 1,
      redaction: 'shape',
      hasLogs,
      canTry: false,
      run,
    } as const;
    this.world.last('feed').send(lineOf({ kind: 'hello', server: { ...server, settings: {} } }));
  }

  /** The connection is lost, and a server is there again. */
  async comeBack(run: string): Promise<void> {
    this.world.last('feed').end();
    await this.world.pass(300);
    this.world.last('feed').answer(200);
    this.hello(run);
    await this.world.pass(10);
  }

  live(from: number, count: number): void {
    const some = count === 0 ? '' : fileOf(from + count, from);
    this.world.last('feed').send(lineOf({ kind: 'lines', log: 'a', from, count }) + some);
  }

  /** Answers the last request for a log's file as the server does: without the lines that it has. */
  file(content: string, log = 'a'): void {
    const asked = this.world.last(`logs/${log}`);
    const from = Number(new URL(asked.url, 'http://server').searchParams.get('from') ?? 0);
    asked.answer(200, content.split('\n').slice(from).join('\n'));
  }

  list(row: Partial<ListRow>): void {
    const whole: ListRow = {
      ...{ id: 'a', machine: 'session', session: 's', device: 'd', state: 'done', startedAt: '', ageMs: 1, turns: 1 },
      ...{ quietMs: 0, isLive: false, reason: 'completed', isFailed: false, waits: null, ...row },
    };
    const totals = {
      live: 0,
      ended: 1,
      failed: 0,
      slots: 0,
      maxStreams: 1,
      refused: 0,
      refusedBy: {},
      state: '',
      health: '',
    };
    const line: FeedLine = { kind: 'list', isWhole: true, rows: [whole], gone: [], more: 0, totals };
    this.world.last('feed').send(lineOf(line));
  }

  overview(id = 'a'): LogOverview | undefined {
    const found = this.reports.findLast((report) => report.kind === 'log' && report.overview.id === id);
    return found?.kind === 'log' ? found.overview : undefined;
  }

  async ask(question: Question): Promise<{ answer: Answers[keyof Answers] | null; error: string | null }> {
    this.desk.take({ kind: 'ask', id: this.reports.length, question });
    await new Promise((resolve) => setImmediate(resolve));
    const last = this.reports.at(-1);
    if (last?.kind !== 'answer') throw new Error('no answer');
    return { answer: last.answer, error: last.error };
  }

  get refetches(): number {
    return this.world.count('logs/a');
  }
}

/** Lets the slices of a file be taken. */
const rest = (page: Page) => page.world.pass(200);

const whole = { kind: 'identical', turns: lines.length - 2, isWhole: true };

describe('a log of the server', () => {
  test('is its file and what comes live, joined by place, however much they overlap', async () => {
    const page = await Page.watching(['a']);
    page.live(20, 0);
    page.live(20, 5);
    page.file(fileOf(23));
    await rest(page);
    expect(page.overview()).toMatchObject({ turns: 24, missingLines: 0, isLive: true, verdict: { kind: 'identical' } });
    page.live(22, 8);
    page.live(30, lines.length - 30);
    await rest(page);
    expect(page.overview()).toMatchObject({ isLive: false, reason: 'completed', verdict: whole });
    expect(page.refetches).toBe(1);
  });

  test('whose lines were dropped on the way is healed from the file, which may be behind; meanwhile it says how many are missing', async () => {
    const page = await Page.watching(['a']);
    page.live(10, 0);
    page.file(fileOf(10));
    await rest(page);
    expect(page.overview()?.turns).toBe(9);
    page.world.last('feed').send(lineOf({ kind: 'gap', lines: 5 }));
    page.live(15, 2);
    await page.world.pass(40);
    expect(page.overview()).toMatchObject({ turns: 9, missingLines: 5 });
    page.file(fileOf(12));
    await page.world.pass(40);
    expect(page.overview()).toMatchObject({ turns: 11, missingLines: 3 });
    await page.world.pass(200);
    expect(page.refetches).toBe(3);
    page.file(fileOf(16));
    await rest(page);
    expect(page.overview()).toMatchObject({ turns: 16, missingLines: 0, verdict: { kind: 'identical' } });
  });

  test('whose file does not get further is asked for ever more seldom, at most every 5 s', async () => {
    const page = await Page.watching(['a']);
    page.live(40, 0);
    for (let seconds = 0; seconds < 60; seconds += 1) {
      page.file(fileOf(10));
      await page.world.pass(1_000);
    }
    expect(page.refetches).toBeGreaterThan(10);
    expect(page.refetches).toBeLessThan(25);
    expect(page.overview()).toMatchObject({ missingLines: 30, verdict: { kind: 'identical' } });
  });

  test('of which a live line was altered is a bad log at that line, and stays one', async () => {
    const page = await Page.watching(['a']);
    page.file(fileOf(10));
    await rest(page);
    const altered = (lines[10] ?? '').replace('"atMs":', '"atMs":1');
    page.world.last('feed').send(`${lineOf({ kind: 'lines', log: 'a', from: 10, count: 1 })}${altered}\n`);
    page.live(11, 5);
    await rest(page);
    expect(page.overview()).toMatchObject({ turns: 9, verdict: { kind: 'bad-log', line: 11, turn: 9 } });
    page.live(30, 5);
    await page.world.pass(60_000);
    expect(page.refetches).toBe(1);
    expect(page.overview()?.missingLines).toBe(0);
  });

  test('that ended while nobody looked is asked once more, when the list says so', async () => {
    const page = await Page.watching(['a']);
    page.file(fileOf(10));
    await rest(page);
    page.list({});
    page.list({});
    await page.world.pass(10);
    expect(page.refetches).toBe(2);
    page.file(text);
    await rest(page);
    expect(page.overview()).toMatchObject({ isLive: false, verdict: whole });
  });

  test('whose file cannot be sent just now is asked for again', async () => {
    const page = await Page.watching(['a']);
    page.list({});
    page.world.last('logs/a').answer(503, '{"error":"16 logs are being sent already"}');
    await page.world.pass(40);
    expect(page.overview()?.verdict).toMatchObject({ kind: 'bad-log', why: '16 logs are being sent already' });
    await page.world.pass(200);
    expect(page.refetches).toBe(2);
    page.file(text);
    await rest(page);
    expect(page.overview()).toMatchObject({ isLive: false, verdict: whole });
    await page.world.pass(60_000);
    expect(page.refetches).toBe(2);
  });

  test('of a process that is gone is kept, and no longer live', async () => {
    const page = await Page.watching(['a']);
    page.file(fileOf(10));
    await rest(page);
    await page.comeBack('run-2');
    page.world.last('logs/a').answer(404, '{"error":"there is no such log"}');
    await rest(page);
    expect(page.overview()).toMatchObject({
      isLive: false,
      turns: 9,
      reason: 'no_end',
      verdict: { kind: 'identical', isWhole: false },
    });
  });

  test('of the running server is another one when the server was started anew', async () => {
    const page = await Page.watching(['supervisor']);
    page.file(fileOf(10), 'supervisor');
    await rest(page);
    await page.comeBack('run-2');
    const another = madeLog({ events: goodEvents }).trimEnd().split('\n');
    const head: FeedLine = { kind: 'lines', log: 'supervisor', from: another.length, count: 0 };
    page.world.last('feed').send(lineOf(head));
    page.file(`${another.join('\n')}\n`, 'supervisor');
    await rest(page);
    expect(page.overview('supervisor')).toMatchObject({ lines: another.length, verdict: { kind: 'identical' } });
  });

  test('is asked only for the lines behind those that are there', async () => {
    const page = await Page.watching(['a']);
    page.file(fileOf(10));
    await rest(page);
    page.world.last('feed').send(lineOf({ kind: 'gap', lines: 5 }));
    page.live(15, 2);
    await page.world.pass(0);
    expect(page.world.last('logs/a').url).toMatch(/logs\/a\?from=10$/);
  });

  test('is not told to be identical before its file was read to the end', async () => {
    const page = await Page.watching(['a']);
    const asked = page.world.last('logs/a');
    asked.answer(200);
    asked.send(fileOf(10));
    await rest(page);
    expect(page.overview()).toMatchObject({ turns: 9, isReading: true });
    asked.end();
    await rest(page);
    expect(page.overview()).toMatchObject({ turns: 9, isReading: false });
  });

  test('that was cut off on its way, after its end, gets the rest when the server is there again', async () => {
    const page = await Page.watching(['a']);
    page.list({});
    const asked = page.world.last('logs/a');
    asked.answer(200);
    asked.send(fileOf(10));
    await page.world.pass(10);
    asked.fail('the network is gone');
    for (let tries = 0; tries < 6; tries += 1) {
      await page.world.pass(2_000);
      page.world.last('logs/a').fail('the network is gone');
    }
    await page.world.pass(10);
    expect(page.overview()).toMatchObject({ isLive: false, reason: 'no_end', verdict: { isWhole: false } });
    await page.comeBack('run-1');
    page.file(text);
    await rest(page);
    expect(page.overview()).toMatchObject({ reason: 'completed', verdict: whole });
  });

  test.each([401, 403])(
    'that is refused (%i) like the page is says nothing of the log, whichever answer comes first',
    async (status) => {
      const page = new Page();
      page.desk.take({ kind: 'connect', base: '/api/', token: 'wrong' });
      page.desk.take({ kind: 'watch', logs: ['a'] });
      await page.world.pass(100);
      page.world.last('logs/a').answer(status, '{"error":"the token is wrong"}');
      await page.world.pass(60_000);
      expect(page.overview()?.verdict.kind).not.toBe('bad-log');
      expect(page.reports.findLast((report) => report.kind === 'connection')).toMatchObject({ state: 'refused' });
      expect(page.refetches).toBe(1);
      page.desk.take({ kind: 'connect', base: '/api/', token: 'right' });
      await page.world.pass(100);
      page.world.last('feed').answer(200);
      page.hello('run-1');
      await page.world.pass(0);
      page.file(text);
      await rest(page);
      expect(page.overview()).toMatchObject({ verdict: { kind: 'identical' }, isLive: false });
    },
  );

  test('that cannot be had says why, in the words of the server', async () => {
    const page = await Page.watching(['a']);
    page.world.last('logs/a').answer(404, '{"error":"there is no log \\"a\\""}');
    await rest(page);
    expect(page.overview()?.verdict).toEqual({ kind: 'bad-log', line: 0, turn: null, why: 'there is no log "a"' });
  });

  test('is not asked for where the server keeps none', async () => {
    const page = await Page.watching(['a'], { hasLogs: false });
    page.world.last('logs/a').answer(404, '{"error":"no logs"}');
    await rest(page);
    expect(page.overview()?.verdict).toMatchObject({ kind: 'bad-log', why: expect.stringContaining('EVENT_LOG=off') });
    expect(page.refetches).toBe(1);
  });

  test('that is no longer watched is forgotten, also in the middle of its file', async () => {
    const page = await Page.watching(['a']);
    const asked = page.world.last('logs/a');
    page.desk.take({ kind: 'watch', logs: [] });
    expect(asked.signal.aborted).toBe(true);
    await rest(page);
    expect((await page.ask({ kind: 'timeline', log: 'a', toMs: 0 })).error).toBe('the log "a" is not open here');
    page.live(0, 5);
    await rest(page);
    expect(page.overview()).toBeUndefined();
  });
});

test('ten thousand lines in a moment are told as one word a frame', async () => {
  const page = await Page.watching(['a']);
  page.file(fileOf(1));
  await rest(page);
  const before = page.reports.length;
  for (let from = 1; from < lines.length; from += 1) {
    page.live(from, 1);
    await page.world.pass(1);
  }
  await rest(page);
  const told = page.reports.slice(before).filter(({ kind }) => kind === 'log');
  expect(told.length).toBeLessThanOrEqual(Math.ceil(lines.length / 33) + 1);
  expect(page.overview()?.verdict).toEqual(whole);
});

function joined(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}

/** Lets time pass until all of an opened file was read, and that was told. */
async function read(page: Page, id: string): Promise<void> {
  while (page.overview(id)?.isReading !== false) await page.world.pass(50);
}

describe('a dropped file', () => {
  const open = async (name: string, bytes: Uint8Array<ArrayBuffer>) => {
    const page = new Page();
    page.desk.take({ kind: 'open', files: [{ name, blob: new Blob([bytes]) }] });
    await read(page, `file:1:${name}`);
    return page;
  };

  test('is a log like any other, without a server', async () => {
    const page = await open('a.jsonl', new TextEncoder().encode(text));
    const id = 'file:1:a.jsonl';
    expect(page.overview(id)).toMatchObject({ isLive: false, verdict: whole, title: expect.any(String) });
    expect((await page.ask({ kind: 'raw', log: id, from: 1, count: 2 })).answer).toEqual(lines.slice(1, 3));
    expect((await page.ask({ kind: 'turn', log: id, turn: 3 })).answer).toMatchObject({ turn: 3 });
    expect(page.world.asked).toEqual([]);
    page.desk.take({ kind: 'close', log: id });
    expect((await page.ask({ kind: 'turn', log: id, turn: 3 })).error).toContain('not open here');
  });

  test('is not told to be identical before all of it was read', async () => {
    const events = Array.from({ length: 4_000 }, (_, at) => [at, { type: 'outbox.roomFound' }] as const);
    const long = madeLog({ events });
    const page = new Page();
    // Each slice takes its time.
    const after = page.world.after.bind(page.world);
    page.world.after = (ms, then) => after(ms || 60, then);
    page.desk.take({ kind: 'open', files: [{ name: 'long', blob: new Blob([`${long}{}\n`]) }] });
    await read(page, 'file:1:long');
    const told = page.reports.flatMap((report) => (report.kind === 'log' ? [report.overview] : []));
    const said = new Set(told.map(({ verdict, isReading }) => `${verdict.kind}${isReading ? ', reading' : ''}`));
    expect([...said]).toEqual(['identical, reading', 'bad-log, reading', 'bad-log']);
  });

  test('that was cut in its last line is incomplete, not bad', async () => {
    const page = await open('a', new TextEncoder().encode(text.slice(0, -200)));
    expect(page.overview('file:1:a')).toMatchObject({
      reason: 'no_end',
      verdict: { kind: 'identical', isWhole: false },
    });
  });

  test.each([
    ['a picture', new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0a, 0xff, 0x0a]), 'the file is no event log'],
    ['nothing', new Uint8Array(), 'the file is empty'],
    ['a line without an end', new TextEncoder().encode('{"kind":"header"'), 'there is no header'],
  ])('that is %s is told to be no log', async (_, bytes, why) => {
    const page = await open('x', bytes);
    expect(page.overview('file:1:x')?.verdict).toMatchObject({ kind: 'bad-log', line: 1, why });
  });

  test('with a line that does not end is bad at that line; what stands before it is shown', async () => {
    const endless = new Uint8Array(34 * 1024 * 1024).fill(0x20);
    const before = new TextEncoder().encode(fileOf(5));
    const page = await open('x', joined(before, endless));
    expect(page.overview('file:1:x')).toMatchObject({
      isLive: false,
      turns: 4,
      verdict: { kind: 'bad-log', line: 6, turn: 4, why: expect.stringContaining('a line is longer than') },
    });
    const bare = await open('x', endless);
    expect(bare.overview('file:1:x')).toMatchObject({
      isLive: false,
      verdict: { kind: 'bad-log', line: 1, turn: null },
    });
  });

  test('that is larger than a page opens is refused with its size and the bound', async () => {
    const page = await open('x', new Uint8Array(65 * 1024 * 1024));
    expect(page.overview('file:1:x')?.verdict).toMatchObject({
      why: expect.stringMatching(/has 65 MiB.*up to 64 MiB/),
    });
  });

  test('two of one name are two logs', async () => {
    const page = new Page();
    const blob = new Blob([madeLog({ events: goodEvents })]);
    page.desk.take({
      kind: 'open',
      files: [
        { name: 'a', blob },
        { name: 'a', blob },
      ],
    });
    await read(page, 'file:1:a');
    await read(page, 'file:2:a');
    expect([page.overview('file:1:a')?.turns, page.overview('file:2:a')?.turns]).toEqual([6, 6]);
  });
});

describe('a dropped segment', () => {
  type SegmentReport = Extract<Report, { readonly kind: 'segment' }>;
  const names = ['100000.000-good', '110000.000-failed', '120000.000-killed'] as const;
  const logs: Readonly<Record<string, string>> = {
    [names[0]]: madeLog({ events: goodEvents, sessionId: 'aaaa-1', startedAt: '2026-11-22T10:00:00.000Z' }),
    [names[1]]: madeLog({ events: failedEvents, sessionId: 'cccc-3', startedAt: '2026-11-22T11:00:00.000Z' }),
    [names[2]]: madeLog({ events: goodEvents.slice(0, 2), sessionId: 'dddd-4', hasFooter: false }),
  };
  /** The logs line by line, taking turns. */
  const made = (of = logs) => {
    const segment = new SegmentMaker();
    const left = Object.entries(of).map(([name, each]) => ({ name, lines: each.split(/(?<=\n)/) }));
    while (left.some((each) => each.lines.length > 0))
      for (const { name, lines: rest } of left) if (rest.length > 0) segment.block(name, rest.splice(0, 2).join(''));
    return segment;
  };
  const told = (page: Page): readonly SegmentReport[] =>
    page.reports.flatMap((report) => (report.kind === 'segment' ? [report] : []));
  const open = async (text: string, page = new Page()) => {
    page.desk.take({ kind: 'open', files: [{ name: 'x.segment.jsonl', blob: new Blob([text]) }] });
    while (told(page).at(-1)?.isReading !== false) await page.world.pass(50);
    return page;
  };
  const idOf = (name: string) => `file:1:x.segment.jsonl#${name}`;
  const watch = async (page: Page, ids: readonly string[]) => {
    page.desk.take({ kind: 'watch', logs: ids });
    for (const id of ids) await read(page, id);
  };

  test('with an index is listed by it, the newest first; none of its logs is read before it is looked at', async () => {
    const blob = new CountedBlob(made().index({ sessionId: 'by-the-index', hardwareId: 'd' }).end().text);
    const page = new Page();
    page.desk.take({ kind: 'open', files: [{ name: 'x.segment.jsonl', blob }] });
    while (told(page).at(-1)?.isReading !== false) await page.world.pass(50);
    expect(told(page).at(-1)).toMatchObject({ logs: 3, words: '', isBad: false });
    const rows = told(page).flatMap((report) => report.rows);
    expect(rows.map(({ id }) => id)).toEqual(names.toReversed().map(idOf));
    expect(rows[0]).toMatchObject({
      session: 'by-the-index',
      device: 'd',
      isLive: false,
      reason: 'completed',
      turns: 3,
    });
    expect(blob.firstByteRead).toBe(blob.content.indexOf('{"indexed":0'));
  });

  test.each(names)(
    '%s: is executed as its own file would be, when it is watched, and let go afterwards',
    async (name) => {
      for (const text of [made().index().end().text, made().text]) {
        const page = await open(text);
        await watch(page, [idOf(name)]);
        const own = new Page();
        own.desk.take({ kind: 'open', files: [{ name, blob: new Blob([logs[name] ?? '']) }] });
        await read(own, `file:1:${name}`);
        const { id: _id, ...overview } = page.overview(idOf(name)) ?? {};
        const { id: _own, ...ofFile } = own.overview(`file:1:${name}`) ?? {};
        expect(overview).toEqual(ofFile);
        const raw = { kind: 'raw', log: idOf(name), from: 0, count: 1_000 } as const;
        expect((await page.ask(raw)).answer).toEqual(logs[name]?.trimEnd().split('\n'));
        page.desk.take({ kind: 'watch', logs: [] });
        expect((await page.ask(raw)).error).toContain('not open here');
      }
    },
  );

  test('of a killed process says so, and is listed by what its logs say themselves', async () => {
    const page = await open(made().text.slice(0, -100));
    expect(told(page).at(-1)).toMatchObject({ logs: 3, isBad: false });
    expect(told(page).at(-1)?.words).toMatch(
      /^It has no end: its process was killed, .* Its last \d+ bytes, of log 100000\.000-good,/,
    );
    const rows = told(page).flatMap((report) => report.rows);
    expect(rows.map(({ session, reason, turns }) => ({ session, reason, turns }))).toEqual([
      { session: 'dddd-4', reason: 'no_end', turns: 3 },
      { session: 'cccc-3', reason: 'answer_failed', turns: 4 },
      { session: 'aaaa-1', reason: 'no_end', turns: 5 },
    ]);
  });

  test('a log that was altered is bad, by its name and line; the others are opened all the same', async () => {
    const altered = { ...logs, [names[1]]: (logs[names[1]] ?? '').replace('"atMs":12', '"atMs":13') };
    const page = await open(made(altered).index().end().text);
    await watch(page, names.map(idOf));
    expect(page.overview(idOf(names[1]))).toMatchObject({ title: 'cccc-3', verdict: { kind: 'bad-log', line: 4 } });
    for (const name of [names[0], names[2]])
      expect(page.overview(idOf(name))?.verdict).toMatchObject({ kind: 'identical' });
  });

  test('an index that lies about a log costs that log alone', async () => {
    const { text } = made().index().end();
    const at = text.lastIndexOf('"last":', text.indexOf('"indexed":2'));
    const page = await open(`${text.slice(0, at)}${text.slice(at).replace(/"last":\d/, '"last":9')}`);
    await watch(page, names.map(idOf));
    const why = expect.stringContaining('its segment does not hold it');
    expect(page.overview(idOf(names[1]))?.verdict).toEqual({ kind: 'bad-log', line: 0, turn: null, why });
    expect(page.overview(idOf(names[2]))?.verdict).toMatchObject({ kind: 'identical' });
  });

  test('damaged from a byte on is told so, and the logs before it are listed', async () => {
    const page = await open(made().text.replace(/("log":1,"lines":\d+,"bytes":)\d+(,"prev")/, '$117$2'));
    expect(told(page).at(-1)).toMatchObject({ logs: 3, isBad: true });
    expect(told(page).at(-1)?.words).toMatch(/^It is no good segment from byte \d+ on: .*; the logs before that are/);
    await watch(page, [idOf(names[0])]);
    expect(page.overview(idOf(names[0]))?.turns).toBeGreaterThan(1);
  });

  test('that can no longer be read says what the system says', async () => {
    const page = new Page();
    page.desk.take({ kind: 'open', files: [{ name: 'x.segment.jsonl', blob: new GoneBlob(made().text) }] });
    while (told(page).at(-1)?.isReading !== false) await page.world.pass(50);
    expect(told(page).at(-1)).toMatchObject({ isBad: true, words: "It can't be read: the file is gone." });
  });

  test('that is closed is forgotten with its logs', async () => {
    const page = await open(made().text);
    page.desk.take({ kind: 'close', log: 'file:1:x.segment.jsonl' });
    await watch(page, [idOf(names[0])]);
    expect(page.overview(idOf(names[0]))?.verdict).toMatchObject({ why: 'its segment is not open here' });
  });

  test('of more logs than a page lists has its newest, and says how many are left out', async () => {
    const reports: SegmentReport[] = [];
    const desk = new SegmentDesk((report) => reports.push(report), 4);
    for (const id of ['a', 'b']) await desk.open(id, new Blob([made().index().end().text]));
    const rowsOf = (id: string) => reports.filter((report) => report.id === id).flatMap(({ rows }) => rows);
    expect(rowsOf('a')).toHaveLength(3);
    expect(rowsOf('b').map(({ id }) => id)).toEqual([`b#${names[2]}`]);
    expect(reports.at(-1)).toMatchObject({ logs: 3, words: expect.stringContaining('oldest 2 logs are not listed') });
    desk.close('a');
    await desk.open('c', new Blob([made().index().end().text]));
    expect(rowsOf('c')).toHaveLength(3);
  });
});

/** Notes how far to the front somebody read, behind the first bytes, which say what it is. */
class CountedBlob extends Blob {
  firstByteRead = Number.POSITIVE_INFINITY;
  readonly content: string;

  constructor(text: string) {
    super([text]);
    this.content = text;
  }

  override slice(from = 0, to = this.size): Blob {
    if (to > 16) this.firstByteRead = Math.min(this.firstByteRead, from);
    return super.slice(from, to);
  }
}

/** Its first bytes are there still. */
class GoneBlob extends Blob {
  constructor(text: string) {
    super([text]);
  }

  override slice(from = 0, to = this.size): Blob {
    const part = super.slice(from, to);
    if (to > 16) part.arrayBuffer = () => Promise.reject(new Error('the file is gone'));
    return part;
  }
}
