/** `recital inspect`: the inspector over files, as its page asks for them. */
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { FeedLine, ListRow } from '../../../src/inspector/feed-format.ts';
import { atEndOfFile, makeFolder } from '../../support/end-of-file.ts';
import { eventually } from '../../support/eventually.ts';
import { goodEvents, madeLog } from '../../support/replay/made-log.ts';
import { runBin, startBin } from '../../support/run-bin.ts';
import { runCli, startCli } from '../../support/run-cli.ts';

const whole = madeLog({ events: goodEvents });
const lines = whole.split(/(?<=\n)/);

interface OpenedInspector {
  readonly base: string;
  readonly token: string;
  readonly stderr: () => string;
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Response>;
  /** What the feed says, line by line, as long as the file of tests runs. */
  feed(query: string): readonly string[];
  /** Ctrl-C; resolves with the exit code. */
  stop(): Promise<number | null>;
}

async function inspect(...paths: readonly string[]): Promise<OpenedInspector> {
  const cli = startCli(['inspect', ...paths]);
  await cli.printed('Inspector: ');
  await cli.printed('\n');
  const [, base = '', token = ''] = /^Inspector: (\S+?)\/inspect\/#token=(\S+)\n$/.exec(cli.stdoutSoFar()) ?? [];
  const stop = async () => {
    cli.interrupt();
    return (await cli.result).exitCode;
  };
  atEndOfFile(stop);
  const authorization = `Bearer ${decodeURIComponent(token)}`;
  const get: OpenedInspector['get'] = (path, headers = {}) =>
    fetch(`${base}${path}`, { headers: { authorization, ...headers }, redirect: 'manual' });
  const feed: OpenedInspector['feed'] = (query) => {
    const said: string[] = [];
    const read = async () => {
      const { body } = await get(`/inspect/api/feed?${query}`);
      let rest = '';
      for await (const part of body?.pipeThrough(new TextDecoderStream()) ?? []) {
        const parts = (rest + part).split('\n');
        rest = parts.pop() ?? '';
        said.push(...parts);
      }
    };
    // Its end is that of the server.
    read().catch(() => {});
    return said;
  };
  return { base, token, stderr: cli.stderrSoFar, get, feed, stop };
}

/** The rows of a list as they were said last, by id. */
function rowsIn(said: readonly string[]): ReadonlyMap<string, ListRow> {
  const rows = new Map<string, ListRow>();
  for (const text of said) {
    if (!text.startsWith('{"kind":"list"')) continue;
    const line: FeedLine = JSON.parse(text);
    if (line.kind === 'list') for (const row of line.rows) rows.set(row.id, row);
  }
  return rows;
}

async function rowsOf(inspector: OpenedInspector, count: number): Promise<readonly ListRow[]> {
  const said = inspector.feed('list=1');
  return [
    ...(
      await eventually(
        () => rowsIn(said),
        ({ size }) => size >= count,
      )
    ).values(),
  ];
}

describe('recital inspect', () => {
  test('serves the page, and to who has the token the logs, as they stand in their files', async () => {
    const folder = makeFolder('recital-inspect-');
    copyFileSync('test/recordings/session/completed-plain-v1.jsonl', join(folder, 'a.jsonl'));
    copyFileSync('test/recordings/session/answer-failed-v1.jsonl', join(folder, 'b.jsonl'));
    const inspector = await inspect(folder);
    const page = await inspector.get('/inspect/', { authorization: '' });
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self'");
    expect(await page.text()).toContain('<script type="module"');
    expect((await inspector.get('/')).headers.get('location')).toBe('/inspect/');
    const rows = await rowsOf(inspector, 2);
    expect(
      rows.map(({ machine, reason, isLive, isFailed, file }) => ({ machine, reason, isLive, isFailed, file })),
    ).toEqual(
      expect.arrayContaining([
        { machine: 'session', reason: 'completed', isLive: false, isFailed: false, file: join(folder, 'a.jsonl') },
        { machine: 'session', reason: 'answer_failed', isLive: false, isFailed: true, file: join(folder, 'b.jsonl') },
      ]),
    );
    for (const { id, file = '' } of rows) {
      const answer = await inspector.get(`/inspect/api/logs/${id}`);
      expect(await answer.text()).toBe(readFileSync(file, 'utf8'));
    }
    const said = inspector.feed('list=0');
    await eventually(
      () => said.length,
      (length) => length > 0,
    );
    expect(JSON.parse(said[0] ?? '')).toMatchObject({
      kind: 'hello',
      server: { grpc: null, hasLogs: true, canTry: false },
    });
    expect(await inspector.stop()).toBe(0);
  });

  test('asks for host, origin and token as a server does', async () => {
    const inspector = await inspect();
    const status = async (headers: Readonly<Record<string, string>>) =>
      (await inspector.get('/inspect/api/ended', headers)).status;
    expect(await status({})).toBe(200);
    expect(await status({ authorization: 'Bearer wrong' })).toBe(401);
    expect(await status({ origin: 'http://evil.example' })).toBe(403);
    expect(await status({ 'sec-fetch-site': 'cross-site' })).toBe(403);
    expect((await inspector.get('/inspect/api/logs/..%2f..%2fetc%2fpasswd')).status).toBe(404);
    expect(inspector.base).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });

  test('without a path it is the page alone, to drop logs onto', async () => {
    const inspector = await inspect();
    const said = inspector.feed('list=1');
    await eventually(
      () => said.length,
      (length) => length >= 2,
    );
    expect(JSON.parse(said[1] ?? '')).toMatchObject({ kind: 'list', isWhole: true, rows: [], more: 0 });
    expect(inspector.stderr()).toBe('drop log files onto the page; Ctrl-C ends it\n');
  });

  test('a file that is no log is listed as a bad one with its reason, and two copies of a log are two', async () => {
    const folder = makeFolder('recital-inspect-');
    const contents: Readonly<Record<string, string>> = {
      notes: 'hello\n',
      empty: '',
      half: '{"kind":"head',
      altered: (lines[0] ?? '').replace('"session"', '"other"'),
      'no-header': lines.slice(1).join(''),
      copy: whole,
      original: whole,
    };
    for (const [name, text] of Object.entries(contents)) writeFileSync(join(folder, `${name}.jsonl`), text);
    symlinkSync('nowhere', join(folder, 'link.jsonl'));
    mkdirSync(join(folder, 'more'));
    symlinkSync(join(folder, 'original.jsonl'), join(folder, 'more/link.jsonl'));
    const found = await runCli(['inspect', folder]);
    expect(found).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('link.jsonl') });
    const inspector = await inspect(...Object.keys(contents).map((name) => join(folder, `${name}.jsonl`)));
    const rows = await rowsOf(inspector, 7);
    const named = new Map(rows.map((row) => [row.file?.replace(/^.*\/|\.jsonl$/g, '') ?? '', row]));
    for (const [name, why] of [
      ['notes', 'the file is no event log'],
      ['empty', 'the file is empty'],
      ['half', 'its header is not whole'],
      ['altered', 'the line was altered, or lines before it are missing or in another order: its hash does not fit'],
      ['no-header', 'the file is no event log'],
    ] as const) {
      expect(named.get(name)).toMatchObject({ session: `${name}.jsonl`, reason: 'bad_log', isFailed: true, why });
      expect(inspector.stderr()).toContain(`${name}.jsonl: bad log: ${why}\n`);
    }
    expect(named.get('copy')).toMatchObject({ id: 'stream-of-session-1', reason: 'completed' });
    expect(named.get('original')?.id).toMatch(/^stream-of-session-1-file-[0-9a-f]{8}$/);
    expect(new Set(rows.map(({ id }) => id)).size).toBe(7);
  });

  test('a file and a folder that may not be read, and a name without a log, end it with 2', async () => {
    const folder = makeFolder('recital-inspect-');
    for (const name of ['shut', 'open']) mkdirSync(join(folder, name));
    writeFileSync(join(folder, 'open/shut.jsonl'), whole);
    chmodSync(join(folder, 'shut'), 0);
    chmodSync(join(folder, 'open/shut.jsonl'), 0);
    const refused = await runBin(['inspect', folder], { isUnprivileged: true });
    expect(refused).toMatchObject({ exitCode: 2, stdout: '' });
    expect(refused.stderr).toBe(`error: ${join(folder, 'shut')} can't be read: EACCES: permission denied\n`);
    const none = await runBin(['inspect', join(folder, 'none.jsonl')], { isUnprivileged: true });
    expect(none).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('none.jsonl names no event log') });
    const running = startBin(['inspect', join(folder, 'open')], { isUnprivileged: true });
    await running.printed('Inspector: ');
    running.child.kill('SIGINT');
    const { exitCode, stderr } = await running.result;
    expect(stderr).toContain('open/shut.jsonl: bad log: EACCES: permission denied\n');
    expect(exitCode).toBe(0);
    chmodSync(join(folder, 'shut'), 0o700);
  });

  test('a port that is taken ends it with 2, and one that is none is refused', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    atEndOfFile(() => server.close());
    await new Promise((resolve) => server.once('listening', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    expect(await runCli(['inspect', '--port', String(port)])).toMatchObject({
      exitCode: 2,
      stdout: '',
      stderr: expect.stringContaining(`port ${port} of 127.0.0.1 can't be had: listen EADDRINUSE`),
    });
    for (const given of ['65536', '-1', 'http', '8o']) {
      expect(await runCli(['inspect', `--port=${given}`])).toMatchObject({
        exitCode: 2,
        stderr: expect.stringContaining('It must be a whole number from 0 to 65535.'),
      });
    }
  });

  test('of ten thousand logs the newest are there at once, the others when they are asked for', async () => {
    const folder = makeFolder('recital-inspect-');
    const total = 10_000;
    for (let each = 0; each < total; each += 1) {
      const startedAt = new Date(Date.UTC(2026, 10, 22) + each * 1_000).toISOString();
      const text = each % 100 === 0 ? madeLog({ events: goodEvents, sessionId: `s${each}`, startedAt }) : '';
      // Most are no logs: what they cost is looked at all the same.
      writeFileSync(join(folder, `${each}.jsonl`), text);
      if (text === '') utimesSync(join(folder, `${each}.jsonl`), new Date(startedAt), new Date(startedAt));
    }
    const inspector = await inspect(folder);
    const said = inspector.feed('list=1');
    const rows = await eventually(
      () => [...rowsIn(said).values()],
      ({ length }) => length >= 500,
    );
    expect(rows).toHaveLength(500);
    const first: FeedLine = JSON.parse(said[1] ?? '');
    expect(first).toMatchObject({ kind: 'list', more: total - 500 });
    const seen = new Set(rows.map(({ id }) => id));
    let before = rows.reduce((oldest, { startedAt }) => (startedAt < oldest ? startedAt : oldest), '9');
    for (let page = 0; page < 19; page += 1) {
      const answer = await inspector.get(`/inspect/api/ended?before=${before}&limit=500`);
      const { rows: older, more }: { rows: ListRow[]; more: number } = JSON.parse(await answer.text());
      for (const { id, startedAt } of older) {
        expect(seen.has(id)).toBe(false);
        seen.add(id);
        before = startedAt < before ? startedAt : before;
      }
      expect(more).toBe(total - seen.size);
    }
    expect(seen.size).toBe(total);
  });

  test('of many logs that grow the one that was asked for longest ago is followed no more', async () => {
    const folder = makeFolder('recital-inspect-');
    const ids = Array.from({ length: 17 }, (_, index) => `stream-of-session-${index}`);
    const pathOf = (id: string): string => join(folder, `${id}.jsonl`);
    const linesOf = (id: string) =>
      madeLog({ events: goodEvents, sessionId: id.slice('stream-of-'.length) }).match(/.*\n/g) ?? [];
    for (const id of ids) writeFileSync(pathOf(id), linesOf(id).slice(0, 3).join(''));
    const inspector = await inspect(folder);
    const watch = async (...logs: readonly string[]) => {
      const feed = inspector.feed(logs.map((id) => `log=${id}`).join('&'));
      await eventually(
        () => feed.length,
        (length) => length > logs.length,
      );
      return feed;
    };
    for (let from = 0; from < 16; from += 4) await watch(...ids.slice(from, from + 4));
    const [first = '', last = ''] = [ids[0], ids.at(-1)];
    const said = await eventually(
      () => watch(first),
      ([, head = '']) => JSON.parse(head).from === 3,
    );
    await watch(last);
    appendFileSync(pathOf(first), linesOf(first).slice(3, 5).join(''));
    await eventually(
      () => said,
      (all) => all.includes((linesOf(first)[4] ?? '').trimEnd()),
    );
  });

  test('a log that grows is told as it grows, its row with it, and so is one that appears', async () => {
    const folder = makeFolder('recital-inspect-');
    const path = join(folder, 'live.jsonl');
    writeFileSync(path, lines.slice(0, 3).join(''));
    const inspector = await inspect(folder);
    const list = inspector.feed('list=1');
    const id = 'stream-of-session-1';
    await eventually(
      () => rowsIn(list),
      (rows) => rows.has(id),
    );
    // Whoever watches first has what was there from the file, and asks again where a line is missing.
    const said = await eventually(
      async () => {
        const feed = inspector.feed(`log=${id}`);
        await eventually(
          () => feed.length,
          (length) => length >= 2,
        );
        return feed;
      },
      ([, head = '']) => JSON.parse(head).from === 3,
    );
    appendFileSync(path, lines.slice(3, 5).join(''));
    await eventually(
      () => said,
      (all) => all.includes((lines[4] ?? '').trimEnd()),
    );
    appendFileSync(path, lines.slice(5).join(''));
    await eventually(
      () => said,
      (all) => all.includes((lines.at(-1) ?? '').trimEnd()),
    );
    const heads = said.filter((line) => line.startsWith('{"kind":"lines"')).map((line) => JSON.parse(line));
    expect(heads.slice(1).map(({ log, from, count }) => [log, from, count])).toEqual([
      [id, 3, 2],
      [id, 5, lines.length - 5],
    ]);
    const row = await eventually(
      () => rowsIn(list).get(id),
      (each) => each?.reason === 'completed',
    );
    expect(row).toMatchObject({ isLive: false, turns: goodEvents.length + 1 });
    writeFileSync(join(folder, 'new.jsonl'), madeLog({ events: goodEvents, sessionId: 'session-2' }));
    expect(
      await eventually(
        () => rowsIn(list).get('stream-of-session-2'),
        (each) => each !== undefined,
      ),
    ).toMatchObject({
      reason: 'completed',
    });
    expect(readdirSync(folder)).toHaveLength(2);
  });
});
