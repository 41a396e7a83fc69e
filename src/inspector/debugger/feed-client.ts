/**
 * The page's one connection to a server: the feed, and the files of logs. It is opened again by itself when it is lost, after 0.25 s and
 * then ever later, up to 5 s; not when the token is refused, which asking again would not change; and not while the page is hidden.
 *
 * What it must not do: keep a stream that says nothing (the server gives a sign of life every 15 s), believe that a server which is there
 * again is the same one (`run`), or ask in a loop one that answers and closes.
 */
import type { FeedLine, ServerFacts } from '../feed-format.ts';
import { LineSplitter } from './line-splitter.ts';
import type { ConnectionState } from './messages.ts';

const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 5_000;
/** Three signs of life. */
const SILENCE_LIMIT_MS = 45_000;
/** A stream that lived so long was a good one. */
const GOOD_STREAM_MS = 5_000;
/** Choosing one log after the other with a held key opens one stream, not one for each. */
const SETTLE_MS = 80;

/** As much of a browser as is needed. */
export interface FeedWorld {
  fetch(
    url: string,
    init: { readonly headers: Readonly<Record<string, string>>; readonly signal: AbortSignal },
  ): Promise<Response>;
  /** Runs `then` after `ms`; the result takes it back. */
  after(ms: number, then: () => void): () => void;
  /** A monotonic clock, in ms. */
  now(): number;
  /** 0..1, another in each tab: they must not come back in the same moment. */
  spread(): number;
}

/** Whom it tells. */
export interface FeedListener {
  connection(state: ConnectionState, words: string, server: ServerFacts | null): void;
  /** Any line of the feed but those of logs. */
  line(line: Exclude<FeedLine, { readonly kind: 'lines' | 'hello' }>): void;
  hello(server: ServerFacts, isNewRun: boolean): void;
  /** Lines of a log, the first of which stands at `from` in its file. */
  lines(log: string, from: number, lines: readonly string[]): void;
}

type LinesHead = Extract<FeedLine, { readonly kind: 'lines' }>;

/** The server has no such log, or does not give it: asking again changes nothing. */
export class NoLog extends Error {}

/** The server refuses this page, which the connection says: of the log nothing is known. */
export class Refused extends Error {}

export class FeedClient {
  readonly #world: FeedWorld;
  readonly #listener: FeedListener;
  #base = '';
  #token = '';
  #logs: readonly string[] = [];
  #isVisible = true;
  #isRefused = false;
  #run = '';
  #server: ServerFacts | null = null;
  #stream: AbortController | null = null;
  #failures = 0;
  #takeBack: () => void = () => {};

  constructor(world: FeedWorld, listener: FeedListener) {
    this.#world = world;
    this.#listener = listener;
  }

  /** `base` is the address under which `feed` and `logs/` stand, with its slash. */
  connect(base: string, token: string): void {
    this.#base = base;
    this.#token = token;
    this.#isRefused = false;
    this.#failures = 0;
    this.#openIn(0);
  }

  /** The logs whose lines are wanted. */
  watch(logs: readonly string[]): void {
    const isSame = logs.length === this.#logs.length && logs.every((log) => this.#logs.includes(log));
    this.#logs = logs;
    if (!isSame && this.#base !== '' && !this.#isRefused) this.#openIn(SETTLE_MS);
  }

  /** A hidden page has no stream; one that is seen again gets one at once. */
  show(isVisible: boolean): void {
    if (isVisible === this.#isVisible) return;
    this.#isVisible = isVisible;
    if (this.#base === '' || this.#isRefused) return;
    if (isVisible) {
      this.#failures = 0;
      this.#openIn(0);
      return;
    }
    this.#close();
    this.#tell('hidden', 'The page is hidden: it asks nothing of the server.');
  }

  /** The lines of a log behind its first `from`, as they stand in its file, as they come. Throws what a person can understand. */
  async *linesOfFile(log: string, from: number, signal: AbortSignal): AsyncGenerator<readonly string[], void, void> {
    if (this.#base === '') throw new Error('there is no server');
    if (this.#isRefused) throw new Refused();
    const token = this.#token;
    const response = await this.#ask(`logs/${encodeURIComponent(log)}${from === 0 ? '' : `?from=${from}`}`, signal);
    if (isRefusal(response)) {
      const words = await faultIn(response);
      if (token === this.#token && !this.#isRefused) this.#refuse(words);
      throw new Refused();
    }
    if (!response.ok) {
      const words = await faultIn(response);
      throw response.status < 500 ? new NoLog(words) : new Error(words);
    }
    const splitter = new LineSplitter();
    for await (const bytes of chunksOf(response)) yield splitter.push(bytes);
  }

  #openIn(ms: number): void {
    this.#takeBack();
    this.#takeBack = this.#world.after(ms, () => {
      this.#takeBack = () => {};
      void this.#open();
    });
  }

  #close(): void {
    this.#takeBack();
    this.#takeBack = () => {};
    this.#stream?.abort();
    this.#stream = null;
  }

  async #open(): Promise<void> {
    if (!this.#isVisible || this.#isRefused) return;
    this.#close();
    const stream = new AbortController();
    this.#stream = stream;
    if (this.#server === null) this.#tell('connecting', 'Connecting …');
    const openedAtMs = this.#world.now();
    let why = 'it closed the stream';
    try {
      const response = await this.#ask(feedPath(this.#logs), stream.signal);
      if (isRefusal(response)) {
        const words = await faultIn(response);
        if (this.#stream === stream) this.#refuse(words);
        return;
      }
      if (!response.ok) throw new Error(await faultIn(response));
      await this.#read(response, stream);
    } catch (error) {
      why = error instanceof Error ? error.message : String(error);
    }
    // Another stream is in its place, or none is wanted.
    if (this.#stream !== stream) return;
    this.#stream = null;
    if (this.#world.now() - openedAtMs >= GOOD_STREAM_MS) this.#failures = 0;
    this.#failures += 1;
    const ms = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(this.#failures - 1, 16));
    this.#tell('lost', `The server is not there (${why}). What is shown stays; it is tried again by itself.`);
    this.#openIn(ms * (0.75 + 0.5 * this.#world.spread()));
  }

  #refuse(words: string): void {
    this.#isRefused = true;
    this.#close();
    this.#tell('refused', `The server refuses this page: ${words}`);
  }

  async #read(response: Response, stream: AbortController): Promise<void> {
    const splitter = new LineSplitter();
    let head: LinesHead | null = null;
    let lines: string[] = [];
    let stopWatch = () => {};
    const watchSilence = () => {
      stopWatch();
      stopWatch = this.#world.after(SILENCE_LIMIT_MS, () => stream.abort(new Error('it says nothing any more')));
    };
    const told = () => {
      if (head !== null && (lines.length > 0 || head.count === 0)) {
        this.#listener.lines(head.log, head.from, lines);
        const { from, count } = head;
        head = count > lines.length ? { ...head, from: from + lines.length, count: count - lines.length } : null;
      }
      lines = [];
    };
    try {
      watchSilence();
      for await (const bytes of chunksOf(response)) {
        watchSilence();
        for (const line of splitter.push(bytes)) {
          if (this.#stream !== stream) return;
          if (head !== null) {
            lines.push(line);
            if (lines.length === head.count) told();
          } else if (line !== '') {
            head = this.#take(line);
            if (head?.count === 0) told();
          }
        }
        // What has come of a batch is shown: the rest may be a slow network away.
        if (lines.length > 0) told();
      }
    } finally {
      stopWatch();
    }
  }

  /** A line of the feed itself; the head of lines is given back, that follow. */
  #take(line: string): LinesHead | null {
    const value: unknown = JSON.parse(line);
    if (!isFeedLine(value)) return null;
    switch (value.kind) {
      case 'hello': {
        const isNewRun = this.#run !== '' && this.#run !== value.server.run;
        this.#run = value.server.run;
        this.#server = value.server;
        this.#listener.hello(value.server, isNewRun);
        this.#tell('live', `Live: ${value.server.grpc ?? 'files only'}`);
        return null;
      }
      case 'lines':
        return value;
      default:
        this.#listener.line(value);
        return null;
    }
  }

  #tell(state: ConnectionState, words: string): void {
    this.#listener.connection(state, words, this.#server);
  }

  #ask(path: string, signal: AbortSignal): Promise<Response> {
    return this.#world.fetch(`${this.#base}${path}`, { headers: { authorization: `Bearer ${this.#token}` }, signal });
  }
}

function isRefusal({ status }: Response): boolean {
  return status === 401 || status === 403;
}

function feedPath(logs: readonly string[]): string {
  return `feed?${['list=1', ...logs.map((log) => `log=${encodeURIComponent(log)}`)].join('&')}`;
}

const kinds = new Set<unknown>(['hello', 'list', 'lines', 'gap', 'no-log']);

/** A newer server may say what this page does not know: that is passed over. */
function isFeedLine(value: unknown): value is FeedLine {
  return typeof value === 'object' && value !== null && kinds.has(Reflect.get(value, 'kind'));
}

async function faultIn(response: Response): Promise<string> {
  const body: unknown = await response.json().catch(() => null);
  const error: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, 'error') : null;
  return typeof error === 'string' ? error : `it answers ${response.status}`;
}

async function* chunksOf(response: Response): AsyncGenerator<Uint8Array, void, void> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) yield read.value;
  } finally {
    // Who stops in the middle lets the server stop, too.
    await reader.cancel().catch(() => {});
  }
}
