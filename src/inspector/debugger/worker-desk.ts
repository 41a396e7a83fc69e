/**
 * What the page's worker does: it holds the connection and all logs that are open, takes the page's orders and answers its questions. A log
 * is told of at most once a frame of the screen, however many lines come.
 */
import type { ChartGeometry, ChartLevel } from '../../analysis/chart/chart-geometry.ts';
import { isSegmentHead } from '../../log/log-format.ts';
import { machineFor } from '../../replay/machine-shelf.ts';
import { SUPERVISOR_LOG } from '../feed-format.ts';
import { FeedClient, type FeedWorld } from './feed-client.ts';
import { LineSplitter } from './line-splitter.ts';
import { LiveLog } from './live-log.ts';
import { LogDebugger, laidOut } from './log-debugger.ts';
import type { Answers, Order, Question, Report } from './messages.ts';
import type { SegmentDesk } from './segment-desk.ts';
import { isViewQuestion, type ViewAnswers, type ViewQuestion } from './view-questions.ts';

const FRAME_MS = 33;
/** A log's own bound is 16 MiB; a supervisor's may be larger, and is the command line's. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;
/** Of a file, that are executed at once; the worker answers in between. */
const SLICE_BYTES = 256 * 1024;

export class WorkerDesk {
  readonly #world: FeedWorld;
  readonly #post: (report: Report) => void;
  readonly #client: FeedClient;
  readonly #live = new Map<string, LiveLog>();
  readonly #files = new Map<string, LogDebugger>();
  /** Of the files, those that are logs in a segment: held while they are looked at. */
  readonly #members = new Set<string>();
  #segments: Promise<SegmentDesk> | null = null;
  readonly #changed = new Set<string>();
  #hasFrame = false;
  #opened = 0;
  #hasLogs = true;

  constructor(world: FeedWorld, post: (report: Report) => void) {
    this.#world = world;
    this.#post = post;
    this.#client = new FeedClient(world, {
      connection: (state, words, server) => post({ kind: 'connection', state, words, server }),
      hello: (server, isNewRun) => this.#greet(server.hasLogs, isNewRun),
      lines: (log, from, lines) => this.#live.get(log)?.take(from, lines),
      line: (line) => {
        switch (line.kind) {
          case 'list':
            post(line);
            for (const { id, isLive } of line.rows) if (!isLive) this.#live.get(id)?.ended();
            return;
          case 'gap':
            for (const log of this.#live.values()) if (log.debugger.isLive) log.heal();
            return;
          case 'no-log':
            this.#live.get(line.log)?.debugger.lost(line.why);
            this.#tellLater(line.log);
        }
      },
    });
  }

  take(order: Order): void {
    switch (order.kind) {
      case 'connect':
        this.#client.connect(order.base, order.token);
        return;
      case 'show':
        this.#client.show(order.isVisible);
        return;
      case 'watch':
        this.#watch(order.logs);
        return;
      case 'open':
        for (const { name, blob } of order.files) void this.#open(name, blob);
        return;
      case 'close':
        this.#files.delete(order.log);
        void this.#segments?.then((segments) => segments.close(order.log));
        return;
      case 'ask':
        void this.#answer(order.id, order.question);
    }
  }

  #watch(logs: readonly string[]): void {
    for (const [id, log] of this.#live) {
      if (logs.includes(id)) continue;
      log.stop();
      this.#live.delete(id);
    }
    for (const id of this.#members) {
      if (logs.includes(id)) continue;
      this.#members.delete(id);
      this.#files.delete(id);
    }
    const ofServer = logs.filter((id) => !id.startsWith('file:'));
    for (const id of ofServer) if (!this.#live.has(id)) this.#begin(id);
    for (const id of logs) if (!ofServer.includes(id) && !this.#members.has(id)) void this.#openMember(id);
    this.#client.watch(ofServer);
  }

  #begin(id: string): void {
    const log = new LiveLog(id, new LogDebugger({ id, title: id }), {
      linesOfFile: (name, from, signal) => this.#client.linesOfFile(name, from, signal),
      after: (ms, then) => this.#world.after(ms, then),
      changed: () => this.#tellLater(id),
    });
    this.#live.set(id, log);
    this.#fetch(log);
  }

  #fetch(log: LiveLog): void {
    if (this.#hasLogs) log.heal();
    else this.#refuse(log);
  }

  #refuse(log: LiveLog): void {
    log.stop();
    log.debugger.lost('This server keeps no event logs (EVENT_LOG=off): there is the list alone.');
    this.#tellLater(log.id);
  }

  /** A stream begins. What came while there was none stands in the files; what another process ran is over, and its own log is another. */
  #greet(hasLogs: boolean, isNewRun: boolean): void {
    this.#hasLogs = hasLogs;
    for (const [id, log] of this.#live) {
      if (isNewRun && id === SUPERVISOR_LOG) {
        log.stop();
        this.#begin(id);
      } else if (isNewRun) log.orphaned();
      else if (hasLogs) log.resumed();
      else if (log.debugger.lines === 0) this.#refuse(log);
    }
  }

  async #open(name: string, blob: Blob): Promise<void> {
    this.#opened += 1;
    const id = `file:${this.#opened}:${name}`;
    const log = new LogDebugger({ id, title: name });
    this.#files.set(id, log);
    const isSegment = await blob
      .slice(0, 16)
      .text()
      .then(isSegmentHead, () => false);
    if (!isSegment) return this.#read(log, blob);
    try {
      // As with the views below.
      this.#segments ??= import('./segment-desk.ts').then(({ SegmentDesk }) => new SegmentDesk(this.#post));
      const segments = await this.#segments;
      if (this.#files.delete(id)) await segments.open(id, blob);
    } catch (error) {
      this.#segments = null;
      this.#lose(log, error);
    }
  }

  /** A log out of a segment that is open. */
  async #openMember(id: string): Promise<void> {
    const log = new LogDebugger({ id, title: id.slice(id.lastIndexOf('#') + 1) });
    this.#members.add(id);
    this.#files.set(id, log);
    const bytes = (await (await this.#segments)?.bytesOf(id)) ?? 'its segment is not open here';
    if (typeof bytes === 'string') this.#lose(log, bytes);
    else await this.#read(log, new Blob([bytes.slice()]));
  }

  #lose(log: LogDebugger, why: unknown): void {
    log.lost(why instanceof Error ? why.message : String(why));
    log.close();
    this.#tellLater(log.id);
  }

  /** All of a log's file. */
  async #read(log: LogDebugger, blob: Blob): Promise<void> {
    if (blob.size > MAX_FILE_BYTES) {
      const [size, most] = [blob.size, MAX_FILE_BYTES].map((each) => `${Math.round(each / 1024 / 1024)} MiB`);
      return this.#lose(log, `it has ${size}, and a page opens up to ${most}: \`recital replay\` reads larger ones`);
    }
    log.reading(true);
    await this.#takeFile(log, blob);
    log.close(blob.size === 0);
    this.#tellLater(log.id);
  }

  /** In slices, as long as it is wanted. What is behind a line that never ends is told as bad, as is what can't be read. */
  async #takeFile(log: LogDebugger, blob: Blob): Promise<void> {
    const splitter = new LineSplitter();
    const isWanted = () => this.#files.get(log.id) === log;
    for (let from = 0; from < blob.size && isWanted() && log.takesMore; from += SLICE_BYTES) {
      try {
        log.take(splitter.push(new Uint8Array(await blob.slice(from, from + SLICE_BYTES).arrayBuffer())));
      } catch (error) {
        log.spoil(error instanceof Error ? error.message : String(error));
      }
      this.#tellLater(log.id);
      await new Promise<void>((resolve) => {
        this.#world.after(0, resolve);
      });
    }
  }

  async #answer(id: number, question: Question): Promise<void> {
    try {
      this.#post({ kind: 'answer', id, answer: await this.#answerTo(question), error: null });
    } catch (error) {
      this.#post({ kind: 'answer', id, answer: null, error: error instanceof Error ? error.message : String(error) });
    }
  }

  #answerTo(question: Question): Answers[keyof Answers] | Promise<Answers[keyof Answers]> {
    if (question.kind === 'chartOf') return chartNamed(question.machine, question.level);
    if (isViewQuestion(question)) return this.#viewOf(question);
    return this.#logOf(question.log).answer(question);
  }

  /** Their code is not part of the worker: it comes when it is asked for. */
  async #viewOf(question: ViewQuestion): Promise<ViewAnswers[keyof ViewAnswers]> {
    const { answerView } = await import('./view-answers.ts');
    return answerView(question, (log) => this.#logOf(log).debugged());
  }

  #logOf(id: string): LogDebugger {
    const log = this.#live.get(id)?.debugger ?? this.#files.get(id);
    if (log === undefined) throw new Error(`the log ${JSON.stringify(id)} is not open here`);
    return log;
  }

  #tellLater(id: string): void {
    this.#changed.add(id);
    if (this.#hasFrame) return;
    this.#hasFrame = true;
    this.#world.after(FRAME_MS, () => {
      this.#hasFrame = false;
      const ids = [...this.#changed];
      this.#changed.clear();
      for (const each of ids) {
        const log = this.#live.get(each)?.debugger ?? this.#files.get(each);
        if (log !== undefined) this.#post({ kind: 'log', overview: log.overview() });
      }
    });
  }
}

/** A chart of this build in its newest version; throws where there is none. */
function chartNamed(name: string, level: ChartLevel): Promise<ChartGeometry> {
  const machine = machineFor(name, '');
  if (machine === undefined) throw new Error(`no chart is named ${JSON.stringify(name)}`);
  return laidOut(machine, level);
}
