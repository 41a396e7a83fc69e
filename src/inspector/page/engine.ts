/**
 * The client of the worker in which logs are re-executed: orders go out, questions come back as promises, what the worker reports goes into
 * the store. There is one, and whoever draws speaks to it; `startEngine` gives it its port (a worker, or in a saved page whatever stands in).
 *
 * Changes of the list are gathered and shown once a frame of the screen: they may come thousands of times a second.
 */
import { batch, effect } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Answers, Order, Question, Report } from '../debugger/messages.ts';
import type { LogOverview } from '../debugger/views.ts';
import type { ListRow } from '../feed-format.ts';
import { entryOfFile, entryOfMember, seenRow } from './list/list-entries.ts';
import { closeLog, selectLog, store } from './store.ts';

/** What of a `Worker` is needed. */
export interface DebuggerPort {
  postMessage(order: Order): void;
  onmessage: ((message: MessageEvent<Report>) => void) | null;
}

type QuestionOf<K extends Question['kind']> = Extract<Question, { readonly kind: K }>;

interface Pending {
  settle(answer: Answers[keyof Answers] | null, error: string | null): void;
}

const pending = new Map<number, Pending>();
let port: DebuggerPort | null = null;
let lastId = 0;

/** Takes the port and begins to listen. Logs that the store names are watched from here on. */
export function startEngine(given: DebuggerPort): void {
  port = given;
  port.onmessage = ({ data }) => take(data);
  effect(() => {
    const named = [store.log.value, ...store.besides.value].filter((id) => id !== null);
    watchSoon([...new Set(named)].filter((id) => !isOwnFile(id)));
  });
}

/** Another choice within this time is part of the same: a held key passes over sessions, and each new stream costs the server something. */
const CHOICE_MS = 150;
let lastChoiceMs = 0;
let nextWatch: ReturnType<typeof setTimeout> | undefined;

function watchSoon(logs: readonly string[]): void {
  clearTimeout(nextWatch);
  const waitMs = performance.now() - lastChoiceMs < CHOICE_MS ? CHOICE_MS : 0;
  lastChoiceMs = performance.now();
  if (waitMs === 0) watch(logs);
  else nextWatch = setTimeout(() => watch(logs), waitMs);
}

/** Of the server and of segments, that the worker was last told to hold. */
let watched: ReadonlySet<string> = new Set();

/** What the worker forgets is forgotten here: who comes back to a log waits for it anew, and asks nothing of one that is not there. */
function watch(logs: readonly string[]): void {
  watched = new Set(logs);
  tell({ kind: 'watch', logs });
  const kept = [...store.overviews.peek()].filter(([id]) => isOwnFile(id) || logs.includes(id));
  if (kept.length < store.overviews.peek().size) store.overviews.value = new Map(kept);
}

/** A log that was opened in the page, and is not the server's. */
export function isFile(id: string): boolean {
  return id.startsWith('file:');
}

/** One that is no log in a segment: the worker holds it until it is closed. */
function isOwnFile(id: string): boolean {
  return isFile(id) && !store.members.has(id);
}

export function tell(order: Order): void {
  port?.postMessage(order);
}

/** The answer of the worker; rejects with its words where there is none. */
export function ask<K extends keyof Answers>(question: QuestionOf<K>): Promise<Answers[K]> {
  lastId += 1;
  const id = lastId;
  return new Promise((resolve, reject) => {
    pending.set(id, {
      settle(answer: Answers[K], error) {
        if (error !== null) reject(new Error(error));
        else resolve(answer);
      },
    });
    tell({ kind: 'ask', id, question });
  });
}

export interface Answered<K extends keyof Answers> {
  /** The last answer, also while the next one is on its way; null = none yet, or of another log. */
  readonly answer: Answers[K] | null;
  /** What `answer` is the answer to: it may be an earlier question than the one that is asked now. */
  readonly asked: QuestionOf<K> | null;
  readonly error: string | null;
}

const unanswered = { answer: null, asked: null, error: null } as const;

/**
 * The answer to a question that changes: asked again when the question, or `version`, is another one. One question at a time is under way
 * for each use, and those that were overtaken are never asked, so that a held key asks no more than can be answered.
 */
export function useAnswer<K extends keyof Answers>(question: QuestionOf<K> | null, version = 0): Answered<K> {
  const [state, setState] = useState<Answered<K> & { readonly log: string }>({ ...unanswered, log: '' });
  const wanted = useRef<{ question: QuestionOf<K> | null; key: string }>({ question: null, key: '' });
  const isAsking = useRef(false);
  const key = question === null ? '' : `${version} ${JSON.stringify(question)}`;
  const log = logOf(question);
  wanted.current = { question, key };
  useEffect(() => {
    const next = async (): Promise<void> => {
      const { question: asked, key: askedKey } = wanted.current;
      if (asked === null) return;
      isAsking.current = true;
      try {
        const answer = await ask(asked);
        setState({ answer, asked, error: null, log: logOf(asked) });
      } catch (error) {
        const words = error instanceof Error ? error.message : String(error);
        setState({ ...unanswered, error: words, log: logOf(asked) });
      }
      isAsking.current = false;
      if (wanted.current.key !== askedKey) await next();
    };
    if (!isAsking.current) void next();
  }, [key]);
  return state.log === log ? state : unanswered;
}

function logOf(question: Question | null): string {
  return question !== null && 'log' in question ? question.log : '';
}

/** The worker is gone: whoever waits is told, and what is shown stays. */
export function reportBrokenEngine(why: string): void {
  store.notice.value = `The debugger of this page has stopped: ${why}. Reload the page.`;
  for (const each of pending.values()) each.settle(null, why);
  pending.clear();
}

function take(report: Report): void {
  switch (report.kind) {
    case 'connection':
      if (report.state !== 'live' && store.connection.peek().state === 'live') store.lostAtMs.value = performance.now();
      store.connection.value = {
        state: report.state,
        words: report.words,
        server: report.server ?? store.connection.peek().server,
      };
      return;
    case 'list':
      takeList(report);
      return;
    case 'log':
      takeOverview(report.overview);
      return;
    case 'segment':
      takeSegment(report);
      return;
    case 'answer': {
      const asked = pending.get(report.id);
      pending.delete(report.id);
      asked?.settle(report.answer, report.error);
    }
  }
}

const GONE_AFTER_MS = 1_000;
let expectsFile = false;

/** Files of the person are about to be opened: the first of them is shown as soon as something is known of it. */
export function expectFile(): void {
  expectsFile = true;
}

/** Files that were closed. */
const closed = new Set<string>();

/** The segment that a log stands in; a file is its own. */
export function fileOf(id: string): string {
  return store.members.has(id) ? id.slice(0, id.lastIndexOf('#')) : id;
}

/** Forgets a file, or a segment with all of its logs, here and in the worker. */
export function closeFile(file: string): void {
  closed.add(file);
  tell({ kind: 'close', log: file });
  batch(() => {
    if (fileOf(store.log.peek() ?? '') === file) closeLog();
    store.overviews.value = new Map([...store.overviews.peek()].filter(([each]) => fileOf(each) !== file));
    store.segments.value = new Map([...store.segments.peek()].filter(([each]) => each !== file));
    for (const id of store.members.keys()) if (fileOf(id) === file) store.members.delete(id);
    store.membersAt.value += 1;
  });
}

function takeSegment(report: Extract<Report, { readonly kind: 'segment' }>): void {
  const { id, rows, logs, isReading } = report;
  if (closed.has(id)) return;
  batch(() => {
    for (const row of rows) store.members.set(row.id, entryOfMember(row));
    store.membersAt.value += 1;
    store.segments.value = new Map(store.segments.peek()).set(id, { ...report, rows: [] });
    const [only] = rows;
    if (!expectsFile || isReading || logs !== 1 || only === undefined) return;
    expectsFile = false;
    selectLog(only.id);
  });
}

function takeOverview(overview: LogOverview): void {
  const { id } = overview;
  // A word of one that was closed, or is watched no longer, may still have been on its way.
  if (isOwnFile(id) ? closed.has(id) : !watched.has(id)) return;
  const isFirst = expectsFile && isOwnFile(id) && !store.overviews.peek().has(id);
  // In one step: an address that leads into this file goes on from here to its turn.
  batch(() => {
    if (isFirst) selectLog(id);
    store.overviews.value = new Map(store.overviews.peek()).set(id, overview);
  });
  if (isFirst) expectsFile = false;
  const member = store.members.get(id);
  if (member !== undefined && !overview.isReading) {
    const { verdict, isFailed, waits } = entryOfFile(overview);
    store.members.set(id, { ...member, verdict, isFailed, waits });
    store.membersAt.value += 1;
  }
  // Of a file that the server was given it knows no more than beginning and end.
  const row = store.rows.get(id);
  if (row === undefined || row.waits !== null || overview.waits === undefined) return;
  store.rows.set(id, { ...row, waits: overview.waits });
  tellOfRows();
}

let isListDirty = false;
/** Ended ones that are in no list, as the server counts them. */
let leftOut = 0;
/** Rows of before a whole list, which comes in parts: those that are in none of them are gone. */
let doubtful = new Set<string>();
/** Ended ones beyond the server's list, that were asked for, the newest first; the server counts them among those that it leaves out. */
const older = new Set<string>();
/** More than anybody reads: then they are let go, to be asked for anew. */
const MAX_OLDER = 10_000;

function takeList(report: Extract<Report, { readonly kind: 'list' }>): void {
  if (report.isWhole) {
    older.clear();
    doubtful = new Set(store.rows.keys());
    setTimeout(dropDoubtful, GONE_AFTER_MS);
  }
  takeRows(report.rows);
  for (const id of report.gone) {
    // Below it stand older ones: without it there would be a hole between them and the list.
    if (older.size > 0) older.add(id);
    else store.rows.delete(id);
  }
  if (older.size > MAX_OLDER) {
    for (const id of older) store.rows.delete(id);
    older.clear();
  }
  batch(() => {
    leftOut = report.more;
    store.moreEnded.value = Math.max(0, leftOut - older.size);
    if (report.totals !== null) store.totals.value = report.totals;
  });
  tellOfRows();
}

/** Ended ones that were asked for, and are in no list. */
export function takeOlder(rows: readonly ListRow[]): void {
  takeRows(rows);
  for (const { id } of rows) older.add(id);
  store.moreEnded.value = rows.length === 0 ? 0 : Math.max(0, leftOut - older.size);
  tellOfRows();
}

/** When the oldest of them began; null = none was asked for. */
export function oldestOlder(): string | null {
  let oldest: string | null = null;
  for (const id of older) {
    const { startedAt = '' } = store.rows.get(id) ?? {};
    if (startedAt !== '' && (oldest === null || startedAt < oldest)) oldest = startedAt;
  }
  return oldest;
}

function takeRows(rows: readonly ListRow[]): void {
  const nowMs = performance.now();
  for (const row of rows) {
    store.rows.set(row.id, seenRow(row, store.rows.get(row.id), nowMs));
    doubtful.delete(row.id);
  }
}

function dropDoubtful(): void {
  for (const id of doubtful) store.rows.delete(id);
  doubtful.clear();
  tellOfRows();
}

function tellOfRows(): void {
  if (isListDirty) return;
  isListDirty = true;
  requestAnimationFrame(() => {
    isListDirty = false;
    store.rowsAt.value += 1;
  });
}
