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
import { WaitAccount, type WaitName, waitOf } from '../waits.ts';

/** Ended ones that are kept; older ones are asked for by themselves. */
export const MAX_ENDED = 500;
/** Rows that left the list; who is further behind gets the whole list again. */
const MAX_GONE = 2_000;
/** Charts that are looked at in one step: some 0.1 ms. */
const CHARTS_PER_STEP = 500;
/** A row with nothing new but its count of turns waits for so long. */
const COUNT_INTERVAL_MS = 1_000;
/** A row of a live one is made once for all who read it in this time, whatever its age says. */
const ROW_AGE_MS = 100;
/** States of which it is known what is waited for in them; there are a few dozen. */
const MAX_KNOWN_STATES = 1_000;

/** The recorder of the log of an actor; null = it has none. */
export type OpenLog = (actorId: string) => TurnRecorder | null;

interface ListedChart {
  readonly id: string;
  readonly recorder: TurnRecorder;
  readonly recording: ChartRecording;
  readonly startedAt: string;
  readonly startedAtMs: number;
  session: string;
  device: string;
  /** Where its last turn led; let go when it is over. */
  after: TurnEnd | null;
  turns: number;
  /** When its last turn was. */
  turnAtMs: number;
  state: string;
  readonly account: WaitAccount;
  hasThrown: boolean;
  end: { readonly atMs: number; readonly reason: string; readonly isFailed: boolean } | null;
  /** Its place in the order of changes. */
  place: number;
  /** What was told of it last, and when; `after` of another turn of the same state has another value (XState makes it anew). */
  toldAfter: TurnEnd | null;
  toldState: string;
  toldAtMs: number;
  /** Its row as JSON, as it was then; null = not made yet, or something has changed. */
  json: string | null;
  jsonAtMs: number;
}

/** A row of an earlier run of the server, read from its file. */
interface ReadRow {
  readonly id: string;
  readonly startedAt: string;
  readonly json: string;
  readonly place: number;
}

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

export interface ListPart {
  /** JSON of rows. */
  readonly rows: readonly string[];
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
  readonly #rows = new Map<string, ListedChart | ReadRow>();
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
    const { ended, failed } = this.#counts;
    return { live: this.#live.size - (this.#live.has(SUPERVISOR_LOG) ? 1 : 0), ended, failed };
  }

  /** Ended ones that stand in files and in no row. */
  get leftOut(): number {
    return this.#counts.leftOut;
  }

  has(id: string): boolean {
    return this.#rows.has(id);
  }

  isLive(id: string): boolean {
    return this.#live.has(id);
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
    if (!isNew) return;
    this.#ended.push(row.id);
    if (this.#ended.length > MAX_ENDED) this.#takeOutOldest();
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
    const isWhole = place.gone < this.#goneBefore;
    const since = isWhole ? 0 : place.change;
    const rows: string[] = [];
    let change = since;
    let hasMore = false;
    const now = this.#options.now();
    for (const row of this.#rows.values()) {
      if (row.place <= since) continue;
      if (rows.length === maxRows) {
        hasMore = true;
        break;
      }
      rows.push('recording' in row ? this.#jsonOf(row, now) : row.json);
      change = row.place;
    }
    const gone = isWhole ? [] : this.#gone.slice(place.gone - this.#goneBefore);
    return { rows, gone, isWhole, next: { change, gone: this.#goneBefore + this.#gone.length }, hasMore };
  }

  #begin(id: string, recording: ChartRecording, log: TurnRecorder | null): ListedChart {
    const { now, date } = this.#options;
    const startedAtMs = now();
    const chart: ListedChart = {
      id,
      recording,
      startedAt: date().toISOString(),
      startedAtMs,
      session: '',
      device: '',
      after: null,
      turns: 0,
      turnAtMs: startedAtMs,
      state: '',
      account: new WaitAccount(startedAtMs),
      hasThrown: false,
      end: null,
      place: 0,
      toldAfter: null,
      toldState: '',
      toldAtMs: Number.NEGATIVE_INFINITY,
      json: null,
      jsonAtMs: 0,
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
    };
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
    this.#ended.push(id);
    if (id !== SUPERVISOR_LOG) {
      this.#counts.ended += 1;
      if (isFailed) this.#counts.failed += 1;
    }
    if (this.#ended.length > MAX_ENDED) this.#takeOutOldest();
  }

  #takeOutOldest(): void {
    const oldest = this.#ended.shift();
    if (oldest === undefined) return;
    this.#rows.delete(oldest);
    this.#counts.leftOut += 1;
    this.#gone.push(oldest);
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

function rowOf(chart: ListedChart, now: number): ListRow {
  const { id, recording, session, device, state, startedAt, startedAtMs, turns, turnAtMs, end, account } = chart;
  return {
    id,
    machine: recording.machine.id,
    session,
    device,
    state,
    startedAt,
    ageMs: Math.round((end?.atMs ?? now) - startedAtMs),
    turns,
    quietMs: end === null ? Math.round(now - turnAtMs) : 0,
    isLive: end === null,
    reason: end?.reason ?? '',
    isFailed: end?.isFailed ?? false,
    waits: id === SUPERVISOR_LOG ? null : rounded(account.until(now)),
  };
}

function rounded({ start, model, voice, reader, out }: Record<WaitName, number>): ListRow['waits'] {
  return {
    start: Math.round(start),
    model: Math.round(model),
    voice: Math.round(voice),
    reader: Math.round(reader),
    out: Math.round(out),
  };
}
