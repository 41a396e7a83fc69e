/**
 * The end of the feed in a process where streams run and no tab is: the list of its charts and the lines of their logs, sent to the process that
 * has the tabs, as far as somebody watches them there.
 *
 * What holds: (1) while nobody watches, nothing is sent and no timer runs; (2) the next part is sent when the one before it has been taken, so at most
 * one of rows and one of lines are on their way; (3) meanwhile at most MAX_WAITING_CHARS of lines wait, beyond which they are dropped as a whole,
 * and told as dropped; (4) nobody who feeds it waits.
 */
import type { LineTap, MadeLines } from '../../record/event-logs.ts';
import type { TurnRecorder } from '../../record/recorded-logic.ts';
import type { ChartRecording } from '../../record/redaction.ts';
import { type FeedInterest, LIST_INTERVAL_MS, ROWS_PER_PART, type SentLines } from './feed.ts';
import type { SentRows } from './list-rows.ts';
import { type OpenLog, type ReadPlace, SessionList, type SessionListOptions, unread } from './session-list.ts';

/** Of lines, in UTF-16 units; as a tab has it. */
const MAX_WAITING_CHARS = 1024 * 1024;
/** How long lines wait for others to be sent with; the feed lets them wait as long again. */
const FLUSH_MS = 25;

export interface FeedBranchOptions extends SessionListOptions {
  /** How many lines were made so far of a live log; null = it is not live here. */
  readonly linesOf: (id: string) => number | null;
  /** Sends a part; `taken` is called when the other side has it. */
  readonly sendRows: (rows: SentRows, taken: () => void) => void;
  readonly sendLines: (lines: SentLines, taken: () => void) => void;
}

export class FeedBranch implements LineTap {
  readonly #options: FeedBranchOptions;
  readonly #list: SessionList;
  #isListWatched = false;
  /** Counts the times that somebody began or ceased to watch the list: what was begun for others goes no further. */
  #looker = 0;
  #place: ReadPlace = unread;
  #listTimer: NodeJS.Timeout | null = null;
  #watched = new Set<string>();
  #begun = new Map<string, number | null>();
  #lines: MadeLines[] = [];
  #waitingChars = 0;
  #dropped = new Map<string, number>();
  #lost: string[] = [];
  #flushTimer: NodeJS.Timeout | null = null;
  #isSending = false;

  constructor(options: FeedBranchOptions) {
    this.#options = options;
    this.#list = new SessionList(options);
  }

  /** What the event logs tell of their lines. */
  get tap(): LineTap {
    return this;
  }

  recorderFor(actorId: string, recording: ChartRecording, openLog: OpenLog): TurnRecorder {
    return this.#list.recorderFor(actorId, recording, openLog);
  }

  /** What is watched from now on. */
  watch({ list, logs }: FeedInterest): void {
    const before = this.#watched;
    this.#watched = new Set(logs);
    this.#lines = this.#lines.filter(({ actorId }) => this.#watched.has(actorId));
    this.#waitingChars = this.#lines.reduce((chars, { text }) => chars + text.length, 0);
    for (const kept of [this.#begun, this.#dropped]) {
      for (const log of kept.keys()) if (!this.#watched.has(log)) kept.delete(log);
    }
    this.#lost = this.#lost.filter((log) => this.#watched.has(log));
    for (const log of logs) if (!before.has(log)) this.#begun.set(log, this.#options.linesOf(log));
    if (this.#begun.size > 0) this.#flush();
    if (list === this.#isListWatched) return;
    this.#isListWatched = list;
    this.#looker += 1;
    if (this.#listTimer !== null) clearTimeout(this.#listTimer);
    this.#listTimer = null;
    this.#place = unread;
    if (list) this.#look(this.#looker);
  }

  linesMade(lines: MadeLines): void {
    const { actorId, text, count } = lines;
    if (!this.#watched.has(actorId)) return;
    if (this.#waitingChars + text.length > MAX_WAITING_CHARS) {
      for (const waiting of this.#lines) this.#drop(waiting.actorId, waiting.count);
      this.#lines = [];
      this.#waitingChars = 0;
    }
    if (text.length > MAX_WAITING_CHARS) this.#drop(actorId, count);
    else {
      this.#lines.push(lines);
      this.#waitingChars += text.length;
    }
    this.#flushTimer ??= setTimeout(() => this.#flush(), FLUSH_MS);
  }

  logLost(actorId: string): void {
    if (!this.#watched.has(actorId)) return;
    this.#lost.push(actorId);
    this.#flushTimer ??= setTimeout(() => this.#flush(), FLUSH_MS);
  }

  /** Sends what is left, whatever has been taken: nothing more comes, since the process ends. */
  close(): void {
    this.#isSending = false;
    this.#flush();
    if (this.#isListWatched) {
      const steps = this.#list.look();
      for (let isDone = false; !isDone; ) isDone = steps.next().done === true;
      while (this.#sendPart(() => {}));
    }
    this.watch({ list: false, logs: [] });
  }

  #drop(log: string, count: number): void {
    this.#dropped.set(log, (this.#dropped.get(log) ?? 0) + count);
  }

  #flush(): void {
    if (this.#flushTimer !== null) clearTimeout(this.#flushTimer);
    this.#flushTimer = null;
    if (this.#isSending) return;
    const [begun, dropped, lines, lost] = [this.#begun, this.#dropped, this.#lines, this.#lost];
    if (begun.size + dropped.size + lines.length + lost.length === 0) return;
    [this.#begun, this.#dropped, this.#lines, this.#lost] = [new Map(), new Map(), [], []];
    this.#waitingChars = 0;
    this.#isSending = true;
    const sent: SentLines = {
      begun: [...begun].map(([log, from]) => ({ log, from })),
      dropped: [...dropped].map(([log, count]) => ({ log, lines: count })),
      lines,
      lost,
    };
    this.#options.sendLines(sent, () => {
      this.#isSending = false;
      this.#flush();
    });
  }

  /** Looks through the list in steps, and sends what changed. */
  #look(looker: number): void {
    const steps = this.#list.look();
    const step = (): void => {
      if (looker !== this.#looker) return;
      if (steps.next().done === true) this.#sendRows(looker);
      else setImmediate(step);
    };
    step();
  }

  #sendRows(looker: number): void {
    let hasMore = false;
    hasMore = this.#sendPart(() => {
      if (looker !== this.#looker) return;
      if (hasMore) this.#sendRows(looker);
      else this.#listTimer = setTimeout(() => this.#look(looker), LIST_INTERVAL_MS);
    });
  }

  /** Returns whether there is more; `taken` is called later, or at once where there was nothing to send. */
  #sendPart(taken: () => void): boolean {
    const { rows, gone, isWhole, next, hasMore } = this.#list.readToSend(this.#place, ROWS_PER_PART);
    this.#place = next;
    const { counts, leftOut } = this.#list;
    if (rows.length + gone.length === 0 && !isWhole) taken();
    else this.#options.sendRows({ isWhole, rows, gone, counts, leftOut }, taken);
    return hasMore;
  }
}
