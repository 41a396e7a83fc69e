/**
 * The server's part of the inspector: the page, the feed, logs as they stand in their files. It hands out lines and knows nothing of what
 * they mean: the page re-executes them. Nothing here acts on a session; `try` alone starts one, as a client of this very server.
 *
 * Everything under /inspect/api/ is refused to who may not have it before anything else is looked at (access.ts).
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { createOwnHosts } from '../../observe/own-hosts.ts';
import type { LineTap } from '../../record/event-logs.ts';
import type { TurnRecorder } from '../../record/recorded-logic.ts';
import type { ChartRecording } from '../../record/redaction.ts';
import { memberPath } from '../../segments/segment-places.ts';
import {
  API_PATH,
  type EndedRows,
  type FeedLine,
  MAX_WATCHED_LOGS,
  type ServerFacts,
  SUPERVISOR_LOG,
  type Totals,
} from '../feed-format.ts';
import { newRunId, newToken, refusalOfHost, refusalOfOrigin, refusalOfToken } from './access.ts';
import { openLogBytes } from './archived-log.ts';
import { type Elsewhere, Feed, MAX_VIEWERS, type SentLines } from './feed.ts';
import {
  comesToItsTurn,
  decoded,
  fail,
  isApiPath,
  isRead,
  lineHeaders,
  linesFrom,
  numberIn,
  pathOf,
  sendJson,
} from './http-answers.ts';
import type { SentRows } from './list-rows.ts';
import type { Archive, IsKnown } from './log-archive.ts';
import { type PageFile, readPageFiles } from './page-files.ts';
import { MAX_ENDED, type OpenLog, SessionList } from './session-list.ts';
import { type AskServer, TryIt } from './try-it.ts';

const PAGE_PATH = '/inspect';
/** Log files that are sent at once. */
const MAX_DOWNLOADS = 16;
/** A reader that takes nothing of a file for so long is cut off. */
const STALL_LIMIT_MS = 30_000;
const MAX_PAGE_ROWS = 500;
const DEFAULT_PAGE_ROWS = 100;
/** Longer than any id that a log can have. */
const MAX_ID_CHARS = 128;

/** The event logs, as far as the inspector needs them. */
export interface LiveLogs {
  /** `name` is that of the log in the segment at `path`; null or absent = the file at `path` is its own. */
  find(actorId: string): { readonly path: string; readonly name?: string | null; readonly lines: number } | null;
}

export interface InspectorOptions {
  /** HTTP_HOST, a loopback address. */
  readonly host: string;
  /** HTTP_ALLOWED_HOSTS. */
  readonly allowedHosts: readonly string[];
  /** INSPECTOR_TOKEN; null = a new one. */
  readonly token: string | null;
  /** Logs that stand in files; null = there are none, and will be none. */
  readonly archive: Archive | null;
  readonly logs: () => LiveLogs | null;
  /** null or absent = all streams run in this process. */
  readonly elsewhere?: Elsewhere | null;
  /** Asks this server over its own port; null = INSPECTOR_TRY is off. */
  readonly ask: AskServer | null;
  /** null = it is still starting: it does not know its own ports. */
  readonly facts: () => Omit<ServerFacts, 'run' | 'hasLogs' | 'canTry'> | null;
  readonly totals: () => Omit<Totals, 'live' | 'ended' | 'failed'>;
  /** A monotonic clock in ms. */
  readonly now: () => number;
  /** The date and time. */
  readonly date: () => Date;
}

type Answer = (request: IncomingMessage, response: ServerResponse, url: URL) => void | Promise<void>;

export class Inspector {
  readonly list: SessionList;
  readonly #options: InspectorOptions;
  readonly #token: string;
  readonly #feed: Feed;
  readonly #try: TryIt;
  readonly #files: ReadonlyMap<string, PageFile>;
  readonly #isOwn: (authority: string) => boolean;
  /** A new one for each process. */
  readonly #run = newRunId();
  #downloads = 0;
  #isReadingAgain = false;

  /** Throws where the page was not built. */
  constructor(options: InspectorOptions) {
    const { host, allowedHosts, now, date } = options;
    this.#options = options;
    this.#token = options.token ?? newToken();
    this.#files = readPageFiles();
    this.#isOwn = createOwnHosts({ listenHost: host, allowedHosts: allowedHosts.filter((name) => name !== '*') });
    this.list = new SessionList({ now, date });
    this.#try = new TryIt(options.ask);
    this.#feed = new Feed({
      list: this.list,
      linesOf: (id) => options.logs()?.find(id)?.lines ?? null,
      totals: () => ({ ...options.totals(), ...this.list.counts }),
      elsewhere: options.elsewhere ?? null,
      onListWatched: () => void this.#readAgain(),
      now,
    });
  }

  /** Tabs that watch. */
  get viewers(): number {
    return this.#feed.viewers;
  }

  /** What the event logs tell of their lines. */
  get tap(): LineTap {
    return this.#feed;
  }

  /** Looks on at a chart (record/recorded-logic.ts). */
  recorderFor(actorId: string, recording: ChartRecording, openLog: OpenLog): TurnRecorder {
    return this.list.recorderFor(actorId, recording, openLog);
  }

  /** What another process of the server tells, by its number, of what is watched here. */
  takeFar(source: number, told: { readonly rows: SentRows } | { readonly lines: SentLines }): void {
    if ('rows' in told) this.list.takeFar(source, told.rows);
    else this.#feed.takeFar(source, told.lines);
  }

  /** Nobody watches the list of that process any more. */
  dropFar(source: number): void {
    this.list.dropFar(source);
  }

  /** That process is gone. */
  loseFar(source: number): void {
    this.list.loseFar(source);
    this.#feed.loseFar(source);
  }

  /** Reads the rows of earlier runs; never rejects. */
  async readArchive(): Promise<void> {
    if (this.#options.archive === null) return;
    const isListed: IsKnown = ({ name, path }) => this.list.has(name) || this.#isOwnSupervisor(path);
    try {
      const found = await this.#options.archive.rowsBefore(this.#nowText(), MAX_ENDED, isListed);
      this.list.addRead(found.rows, found.leftOut);
    } catch {
      // What can't be read is not listed; that logs can't be written is said elsewhere.
    }
  }

  /** Looks after the logs of other servers in the list; never rejects. */
  async #readAgain(): Promise<void> {
    if (this.#isReadingAgain) return;
    this.#isReadingAgain = true;
    try {
      const rows = (await this.#options.archive?.rowsGoneOn?.()) ?? [];
      for (const row of rows) if (this.list.has(row.id) && !this.list.isLive(row.id)) this.list.putRead(row);
    } catch {
      // As it was: what can't be read now may be later.
    } finally {
      this.#isReadingAgain = false;
    }
  }

  /** Where the page is, with the token behind the `#`, which no browser sends anywhere. */
  urlAt(port: number): string {
    const { host } = this.#options;
    return `http://${host.includes(':') ? `[${host}]` : host}:${port}${PAGE_PATH}/#token=${encodeURIComponent(this.#token)}`;
  }

  /** True for a path, as it stands in the request, that is the inspector's. */
  isAsked(path: string): boolean {
    return /^\/inspect(\/|$)/.test(path) || isApiPath(path);
  }

  /** Answers a request that is the inspector's. */
  answer(request: IncomingMessage, response: ServerResponse): void {
    const path = pathOf(request.url ?? '');
    const isApi = isApiPath(path);
    const refusal =
      refusalOfHost(request, this.#isOwn) ??
      (isApi ? (refusalOfOrigin(request) ?? refusalOfToken(request, this.#token)) : null);
    if (refusal !== null) {
      if (refusal.status === 401) response.setHeader('www-authenticate', 'Bearer realm="recital inspector"');
      fail(response, refusal.status, refusal.error);
    } else if (isApi) this.#answerApi(path, request, response);
    else this.#answerPage(path, request, response);
  }

  /** Ends every feed. */
  close(): void {
    this.#feed.close();
  }

  #answerPage(path: string, request: IncomingMessage, response: ServerResponse): void {
    if (!isRead(request, response)) return;
    if (path === PAGE_PATH) {
      response.writeHead(308, { location: `${PAGE_PATH}/`, 'content-length': 0, 'cache-control': 'no-store' }).end();
      return;
    }
    const file = this.#files.get(path.slice(PAGE_PATH.length + 1));
    if (file === undefined) {
      fail(response, 404, `no such page; the inspector is ${PAGE_PATH}/`);
      return;
    }
    response.writeHead(200, { ...file.headers, 'content-length': file.bytes.length });
    response.end(file.bytes);
  }

  #answerApi(path: string, request: IncomingMessage, response: ServerResponse): void {
    const name = path.startsWith(API_PATH) ? path.slice(API_PATH.length) : '';
    const answers: Readonly<Record<string, Answer>> = {
      feed: this.#answerFeed,
      ended: this.#answerEnded,
      try: this.#answerTry,
    };
    const log = /^logs\/([^/]+)$/.exec(name)?.[1];
    const answer = log === undefined ? (Object.hasOwn(answers, name) ? answers[name] : undefined) : this.#answerLog;
    if (answer === undefined) {
      fail(response, 404, `there are feed, logs/<id>, ended and try below ${API_PATH}`);
      return;
    }
    // It has methods and refusals of its own.
    if (answer !== this.#answerTry && !isRead(request, response)) return;
    const [, query = ''] = /\?([^#]*)/.exec(request.url ?? '') ?? [];
    const url = new URL(`http://inspector/${name}?${query}`);
    this.#answerInTurn(answer, request, response, url).catch(() => {
      // A file that broke off in the middle: the page sees that the answer did, and asks again.
      response.destroy();
    });
  }

  async #answerInTurn(answer: Answer, request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    if (await comesToItsTurn(request, response)) await answer(request, response, url);
  }

  readonly #answerFeed: Answer = (request, response, { searchParams }) => {
    const logs = searchParams.getAll('log');
    const list = searchParams.get('list');
    if (list !== null && list !== '0' && list !== '1') {
      fail(response, 400, `list ${shown(list)} must be 0 or 1`);
      return;
    }
    const tooLong = logs.find((log) => log.length > MAX_ID_CHARS);
    if (tooLong !== undefined) {
      fail(response, 400, `log ${shown(tooLong)}… has ${tooLong.length} characters; an id has at most ${MAX_ID_CHARS}`);
      return;
    }
    if (logs.length > MAX_WATCHED_LOGS) {
      fail(response, 400, `${logs.length} logs are more than the ${MAX_WATCHED_LOGS} that one stream may watch`);
      return;
    }
    if (this.#feed.isFull) {
      response.setHeader('retry-after', '5');
      fail(response, 503, `${MAX_VIEWERS} tabs watch this server already; close one`);
      return;
    }
    const facts = this.#options.facts();
    if (facts === null) {
      response.setHeader('retry-after', '1');
      fail(response, 503, 'the server is starting');
      return;
    }
    response.writeHead(200, lineHeaders);
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    response.flushHeaders();
    const server: ServerFacts = {
      ...facts,
      hasLogs: this.#options.archive !== null,
      canTry: this.#try.isOn,
      run: this.#run,
    };
    const words: FeedLine[] = [{ kind: 'hello', server }];
    const say = this.#feed.add(response, { list: list === '1', logs }, words);
    for (const log of new Set(logs)) if (!this.#isLive(log)) void this.#sayIfNone(log, say);
  };

  readonly #answerTry: Answer = (request, response) => this.#try.answer(request, response);

  readonly #answerEnded: Answer = async (_request, response, { searchParams }) => {
    const before = searchParams.get('before') ?? this.#nowText();
    const limitText = searchParams.get('limit') ?? String(DEFAULT_PAGE_ROWS);
    const limit = numberIn(limitText, 1, MAX_PAGE_ROWS);
    if (!isMoment(before)) {
      fail(response, 400, `before ${shown(before)} must be a date and time such as 2026-01-31T12:00:00.000Z`);
    } else if (limit === null) {
      fail(response, 400, `limit ${shown(limitText)} must be 1..${MAX_PAGE_ROWS}`);
    } else {
      // Who began long ago may have ended just now: the list is no stretch of time, so where it ends tells nothing.
      const isListed = searchParams.get('unlisted') === '1';
      const isKnown: IsKnown = ({ name, place, path }) =>
        (isListed ? this.list.has(name) || this.list.has(place) : this.list.isLive(name) || this.#isFar(name)) ||
        this.#isOwnSupervisor(path);
      const found = await this.#options.archive?.rowsBefore(before, limit, isKnown);
      sendJson(response, 200, { rows: found?.rows ?? [], more: found?.leftOut ?? 0 } satisfies EndedRows);
    }
  };

  readonly #answerLog: Answer = async (request, response, url) => {
    const [, name = ''] = /\/logs\/([^/]+)$/.exec(pathOf(request.url ?? '')) ?? [];
    const id = decoded(name);
    const fromText = url.searchParams.get('from') ?? '0';
    const from = numberIn(fromText, 0, Number.MAX_SAFE_INTEGER);
    if (from === null) {
      fail(response, 400, `from ${shown(fromText)} must be the place of a line, counted from 0`);
      return;
    }
    if (this.#options.archive === null) {
      fail(response, 404, 'EVENT_LOG is off: there are no logs');
      return;
    }
    if (this.#downloads >= MAX_DOWNLOADS) {
      response.setHeader('retry-after', '1');
      fail(response, 503, `${MAX_DOWNLOADS} logs are being sent already`);
      return;
    }
    this.#downloads += 1;
    try {
      const path = id === null ? null : await this.#pathOf(id);
      const opened = path === null ? null : await openLogBytes(path);
      if (opened === null) {
        fail(response, 404, `there is no log ${shown(id ?? name)} here`);
        return;
      }
      response.writeHead(200, lineHeaders);
      if (request.method === 'HEAD' || opened.size === 0) {
        await opened.close();
        response.end();
        return;
      }
      const bytes = opened.stream();
      response.setTimeout(STALL_LIMIT_MS, () => response.destroy());
      await pipeline(from === 0 ? bytes : linesFrom(bytes, from), response);
    } finally {
      this.#downloads -= 1;
    }
  };

  /** Lines of a log that is over come from its file; one that stands nowhere has none. */
  async #sayIfNone(log: string, say: (line: FeedLine) => void): Promise<void> {
    if ((await this.#pathOf(log)) !== null) return;
    const why =
      this.#options.archive === null ? 'EVENT_LOG is off: there are no logs' : 'there is no such log on this server';
    say({ kind: 'no-log', log, why });
  }

  async #pathOf(id: string): Promise<string | null> {
    const live = this.#options.logs()?.find(id) ?? null;
    if (live === null) return (await this.#options.archive?.find(id)) ?? null;
    const { path, name = null } = live;
    if (name === null) return path;
    // Nothing of it is on its way to the disk yet.
    return path === '' ? null : memberPath(path, name);
  }

  #isLive(id: string): boolean {
    return (this.#options.logs()?.find(id) ?? null) !== null || this.#isFar(id);
  }

  #isFar(id: string): boolean {
    return (this.#options.elsewhere?.holderOf(id) ?? null) !== null;
  }

  #isOwnSupervisor(path: string): boolean {
    return this.#options.logs()?.find(SUPERVISOR_LOG)?.path === path;
  }

  #nowText(): string {
    return this.#options.date().toISOString();
  }
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, MAX_ID_CHARS));
}

/** True for an ISO date and time, as rows have it, that there is. */
function isMoment(text: string): boolean {
  const date = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text) ? new Date(text) : null;
  return date !== null && Number.isFinite(date.getTime()) && date.toISOString() === text;
}
