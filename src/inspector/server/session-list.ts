/**
 * The list of all that runs and of what ended last, kept beside the event logs, so that it is there without them.
 *
 * A turn costs two references and a look at the clock here, a change of state the account of what was waited for until then. Rows are made only while somebody
 * looks (`look`), of the charts that changed since, in steps that hold nobody up; each reader has a place in the order of changes, so
 * that a slow one gets fewer and newer rows, never more. What ended is kept up to MAX_ENDED, the rest is on the disk.
 */
import { isFailedEnd } from '../../log/log-reader.ts';
import type { TurnRecorder } from '../../record/recorded-logic.ts';
import type { ChartRecording } from '../../record/redaction.ts';
import { stateText, type TurnEnd } from '../../record/turn-outcome.ts';
import { type ListRow, SUPERVISOR_LOG, type Totals } from '../feed-format.ts';
import { idsIn } from '../listed-log.ts';
import { type WaitName, waitOf } from '../waits.ts';
import {
  type AnyRow,
  type FarCounts,
  type FarRow,
  farJsonOf,
  isFar,
  type ListedChart,
  lostJsonOf,
  newChart,
  noFar,
  ROW_AGE_MS,
  rowOf,
  type SentRow,
  type SentRows,
} from './list-rows.ts';

/** Ended ones that are kept; older ones are asked for by themselves. */
export const MAX_ENDED = 500;
/** Rows that left the list; who is further behind gets the whole list again. */
const MAX_GONE = 2_000;
/** Charts that are looked at in one step: some 0.1 ms. */
const CHARTS_PER_STEP = 500;
/** A row with nothing new but its count of turns waits for so long. */
const COUNT_INTERVAL_MS = 1_000;
/** States of which it is known what is waited for in them; there are a few dozen. */
const MAX_KNOWN_STATES = 1_000;

/** The recorder of the log of an actor; null = it has none. */
export type OpenLog = (actorId: string) => TurnRecorder | null;

export interface SessionListOptions {
  /** A monotonic clock in ms. */
  readonly now: () => number;
  /** The date and time. */
  readonly date: () => Date;
}

/** How far a reader of the list is; a new one begins with `unread`. */
export interface ReadPlace {
  readonly change: number;
  readonly gone: number;
}

export const unread: ReadPlace = Object.freeze({ change: 0, gone: -1 });

/** Its rows are JSON, or what that is made of. */
export interface ListPart<TRow = string> {
  readonly rows: readonly TRow[];
  readonly gone: readonly string[];
  /** The rows of this part and of those that follow are all there are. */
  readonly isWhole: boolean;
  readonly next: ReadPlace;
  /** There is more to be read now. */
  readonly hasMore: boolean;
}

export class SessionList {
  readonly #options: SessionListOptions;
  readonly #live = new Map<string, ListedChart>();
  /** All rows, in the order of their last change. */
  readonly #rows = new Map<string, AnyRow>();
  /** What other processes tell of themselves, by their number. */
  readonly #far = new Map<number, FarCounts>();
  /** Ids of those that are over, the oldest first. */
  #ended: string[] = [];
  #gone: string[] = [];
  /** How many were taken out before the first of `#gone`. */
  #goneBefore = 0;
  #changes = 0;
  readonly #counts = { ended: 0, failed: 0, leftOut: 0 };
  readonly #waitOfState = new Map<string, WaitName | null>();

  constructor(options: SessionListOptions) {
    this.#options = options;
  }

  /** The recorder of the chart of this actor, which passes every turn on to that of its log. */
  recorderFor(actorId: string, recording: ChartRecording, openLog: OpenLog): TurnRecorder {
    return (this.#live.get(actorId) ?? this.#begin(actorId, recording, openLog(actorId))).recorder;
  }

  /** Streams that run, those that ended since the start of the server, and those of them that failed. */
  get counts(): Pick<Totals, 'live' | 'ended' | 'failed'> {
    const sum = { ...this.#counts, live: this.#live.size - (this.#live.has(SUPERVISOR_LOG) ? 1 : 0) };
    for (const { told, past } of this.#far.values()) {
      sum.live += told.live;
      sum.ended += told.ended + past.ended;
      sum.failed += told.failed + past.failed;
    }
    return { live: sum.live, ended: sum.ended, failed: sum.failed };
  }

  /** Ended ones that stand in files and in no row. */
  get leftOut(): number {
    let leftOut = this.#counts.leftOut;
    for (const far of this.#far.values()) leftOut += far.leftOut + far.takenOut;
    return leftOut;
  }

  has(id: string): boolean {
    return this.#rows.has(id);
  }

  isLive(id: string): boolean {
    const row = this.#rows.get(id);
    return this.#live.has(id) || (isFar(row) && row.isLive);
  }

  /** When the oldest row of one that is over began; null = there is none. */
  get oldestEnded(): string | null {
    const [id = ''] = this.#ended;
    return this.#rows.get(id)?.startedAt ?? null;
  }

  /** Adds rows of files, the newest first, as far as there is room; `leftOut` is how many more files there are. */
  addRead(rows: readonly ListRow[], leftOut: number): void {
    const room = Math.max(0, MAX_ENDED - this.#ended.length);
    const fresh = rows.filter(({ id }) => !this.#rows.has(id));
    const taken = fresh.slice(0, room);
    for (const row of taken) {
      const place = this.#nextPlace();
      this.#rows.set(row.id, { id: row.id, startedAt: row.startedAt, json: JSON.stringify(row), place });
    }
    this.#ended = [...taken.map(({ id }) => id).reverse(), ...this.#ended];
    this.#counts.leftOut += leftOut + fresh.length - taken.length;
  }

  /** Adds the row of a log that appeared as a file, as the newest one, or takes it for the one that is there. */
  putRead(row: ListRow): void {
    const isNew = !this.#rows.has(row.id);
    this.#rows.delete(row.id);
    this.#rows.set(row.id, {
      id: row.id,
      startedAt: row.startedAt,
      json: JSON.stringify(row),
      place: this.#nextPlace(),
    });
    if (isNew) this.#noteEnded(row.id);
  }

  #noteEnded(id: string): void {
    this.#ended.push(id);
    if (this.#ended.length > MAX_ENDED) this.#takeOutOldest();
  }

  /** Adds what another process tells of its charts. */
  takeFar(source: number, { isWhole, rows, gone, counts, leftOut }: SentRows): void {
    if (isWhole) this.dropFar(source);
    const far = this.#farOf(source);
    this.#far.set(source, { ...far, told: counts, leftOut });
    for (const row of rows) this.#putFar(source, row);
    for (const id of gone) if (this.#isOf(source, this.#rows.get(id))) this.#takeOut(id);
    if (gone.length > 0) this.#ended = this.#ended.filter((id) => this.#rows.has(id));
  }

  /** Nobody looks at its rows any more: they are not kept up, and come anew when somebody does. What it had counted stays. */
  dropFar(source: number): void {
    const far = this.#far.get(source);
    if (far === undefined) return;
    this.#far.set(source, { ...far, leftOut: 0, takenOut: 0 });
    for (const row of [...this.#rows.values()]) if (this.#isOf(source, row)) this.#takeOut(row.id);
    this.#ended = this.#ended.filter((id) => this.#rows.has(id));
  }

  /** The process is gone: what lived in it is over without an end, and its counts are final. */
  loseFar(source: number): void {
    const far = this.#far.get(source);
    if (far === undefined) return;
    const { told, past } = far;
    const ended = past.ended + told.ended + told.live;
    this.#far.set(source, {
      told: noFar.told,
      past: { ended, failed: past.failed + told.failed + told.live },
      leftOut: 0,
      takenOut: far.takenOut + far.leftOut,
    });
    for (const row of [...this.#rows.values()]) {
      if (!this.#isOf(source, row)) continue;
      const { id, startedAt } = row;
      // It is read from files from now on, as one of an earlier run.
      this.#rows.delete(id);
      const json = row.isLive ? lostJsonOf(row) : row.json;
      this.#rows.set(id, { id, startedAt, json, place: this.#nextPlace() });
      if (row.isLive) this.#noteEnded(id);
    }
  }

  #farOf(source: number): FarCounts {
    return this.#far.get(source) ?? noFar;
  }

  #isOf(source: number, row: AnyRow | undefined): row is FarRow {
    return isFar(row) && row.source === source;
  }

  #putFar(source: number, sent: SentRow): void {
    const before = this.#rows.get(sent.id);
    const wasLive = before === undefined || (isFar(before) && before.isLive);
    this.#rows.delete(sent.id);
    this.#rows.set(sent.id, { ...sent, source, place: this.#nextPlace(), cameAtMs: this.#options.now() });
    if (wasLive && !sent.isLive) this.#noteEnded(sent.id);
  }

  /** Finds what has changed; to be gone through in steps, each in a round of the event loop of its own. */
  *look(): Generator<void, void, void> {
    const now = this.#options.now();
    let looked = 0;
    for (const chart of this.#live.values()) {
      looked += 1;
      if (looked % CHARTS_PER_STEP === 0) yield;
      const { after, toldAfter } = chart;
      if (after === toldAfter) continue;
      const isOnlyCount = chart.state === chart.toldState && after?.status === toldAfter?.status;
      if (isOnlyCount && now - chart.toldAtMs < COUNT_INTERVAL_MS) continue;
      this.#touch(chart, now);
    }
  }

  /** What has changed since `place`, at most `maxRows` of it. */
  read(place: ReadPlace, maxRows: number): ListPart {
    const { rows, ...part } = this.#changedSince(place, maxRows);
    const now = this.#options.now();
    return { ...part, rows: rows.map((row) => this.#textOf(row, now)) };
  }

  /** The same, to be sent to another process, which has a list of them. */
  readToSend(place: ReadPlace, maxRows: number): ListPart<SentRow> {
    const { rows, ...part } = this.#changedSince(place, maxRows);
    const now = this.#options.now();
    const sent = rows.map((row) => {
      const { id, startedAt } = row;
      return { id, startedAt, isLive: this.#live.has(id), json: this.#textOf(row, now) };
    });
    return { ...part, rows: sent };
  }

  #changedSince(place: ReadPlace, maxRows: number): ListPart<AnyRow> {
    const isWhole = place.gone < this.#goneBefore;
    const since = isWhole ? 0 : place.change;
    const rows: AnyRow[] = [];
    let change = since;
    let hasMore = false;
    for (const row of this.#rows.values()) {
      if (row.place <= since) continue;
      if (rows.length === maxRows) {
        hasMore = true;
        break;
      }
      rows.push(row);
      change = row.place;
    }
    // One may have come back.
    const gone = isWhole ? [] : this.#gone.slice(place.gone - this.#goneBefore).filter((id) => !this.#rows.has(id));
    return { rows, gone, isWhole, next: { change, gone: this.#goneBefore + this.#gone.length }, hasMore };
  }

  #textOf(row: AnyRow, now: number): string {
    if ('recording' in row) return this.#jsonOf(row, now);
    return isFar(row) ? farJsonOf(row, now) : row.json;
  }

  #begin(id: string, recording: ChartRecording, log: TurnRecorder | null): ListedChart {
    const { now, date } = this.#options;
    const startedAtMs = now();
    const chart = newChart({
      id,
      recording,
      startedAt: date().toISOString(),
      startedAtMs,
      recorder: {
        record: (turn) => {
          log?.record(turn);
          const { after, event } = turn;
          if (chart.turns === 0) Object.assign(chart, idsIn(event.input));
          chart.turns += 1;
          chart.turnAtMs = now();
          if (event.fullMs !== undefined) chart.account.hear(event.fullMs);
          if (after.value !== chart.after?.value) this.#enter(chart, after);
          chart.after = after;
          chart.hasThrown = false;
          if (after.status !== 'active') this.#end(chart);
        },
        noteThrow: (event) => {
          log?.noteThrow(event);
          chart.turns += 1;
          chart.turnAtMs = now();
          chart.hasThrown = true;
          // Behind a fault barrier the chart goes on at once; any other has ended.
          setImmediate(() => {
            if (chart.hasThrown) this.#end(chart);
          });
        },
      },
    });
    this.#live.set(id, chart);
    this.#touch(chart, startedAtMs);
    return chart;
  }

  /** The chart may be in another state from now on. */
  #enter(chart: ListedChart, { value }: TurnEnd): void {
    const state = stateText(value);
    if (state === chart.state) return;
    chart.state = state;
    if (chart.id === SUPERVISOR_LOG) return;
    let wait = this.#waitOfState.get(chart.state);
    if (wait === undefined) {
      wait = waitOf(chart.state);
      if (this.#waitOfState.size < MAX_KNOWN_STATES) this.#waitOfState.set(chart.state, wait);
    }
    chart.account.enter(wait, this.#options.now());
  }

  #end(chart: ListedChart): void {
    if (chart.end !== null) return;
    const now = this.#options.now();
    chart.account.enter(null, now);
    const { after, hasThrown, recording, id } = chart;
    const hasBroken = hasThrown || after?.status === 'error';
    // As a log's footer names it (`endReasonOf`).
    const reason = after === null || hasThrown ? '-' : recording.reasonOf(after) || '-';
    const isFailed = hasBroken || isFailedEnd(reason);
    chart.end = { atMs: now, reason, isFailed };
    // Its context is nobody's any more.
    chart.after = null;
    chart.toldAfter = null;
    this.#live.delete(id);
    this.#touch(chart, now);
    if (id !== SUPERVISOR_LOG) {
      this.#counts.ended += 1;
      if (isFailed) this.#counts.failed += 1;
    }
    this.#noteEnded(id);
  }

  #takeOutOldest(): void {
    const oldest = this.#ended.shift();
    const row = oldest === undefined ? undefined : this.#rows.get(oldest);
    if (row === undefined) return;
    this.#takeOut(row.id);
    if (!isFar(row)) {
      this.#counts.leftOut += 1;
      return;
    }
    const far = this.#farOf(row.source);
    this.#far.set(row.source, { ...far, takenOut: far.takenOut + 1 });
  }

  #takeOut(id: string): void {
    this.#rows.delete(id);
    this.#gone.push(id);
    if (this.#gone.length <= MAX_GONE) return;
    this.#goneBefore += this.#gone.length - MAX_GONE / 2;
    this.#gone = this.#gone.slice(-MAX_GONE / 2);
  }

  /** Puts a chart at the end of the order of changes. */
  #touch(chart: ListedChart, now: number): void {
    chart.place = this.#nextPlace();
    chart.toldAfter = chart.after;
    chart.toldState = chart.state;
    chart.toldAtMs = now;
    chart.json = null;
    this.#rows.delete(chart.id);
    this.#rows.set(chart.id, chart);
  }

  #nextPlace(): number {
    this.#changes += 1;
    return this.#changes;
  }

  #jsonOf(chart: ListedChart, now: number): string {
    const isGood = chart.end !== null || now - chart.jsonAtMs < ROW_AGE_MS;
    if (chart.json !== null && isGood) return chart.json;
    chart.json = JSON.stringify(rowOf(chart, now));
    chart.jsonAtMs = now;
    return chart.json;
  }
}
