/** The rows of the list: of a chart that is watched here, of a log that was read, of a chart in another process. */
import type { TurnRecorder } from '../../record/recorded-logic.ts';
import type { ChartRecording } from '../../record/redaction.ts';
import type { TurnEnd } from '../../record/turn-outcome.ts';
import { type ListRow, SUPERVISOR_LOG, type Totals } from '../feed-format.ts';
import { WaitAccount, type WaitName } from '../waits.ts';

export interface ListedChart {
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
export interface ReadRow {
  readonly id: string;
  readonly startedAt: string;
  readonly json: string;
  readonly place: number;
}

/** A chart that begins. */
export function newChart(
  begun: Pick<ListedChart, 'id' | 'recorder' | 'recording' | 'startedAt' | 'startedAtMs'>,
): ListedChart {
  return {
    ...begun,
    session: '',
    device: '',
    after: null,
    turns: 0,
    turnAtMs: begun.startedAtMs,
    state: '',
    account: new WaitAccount(begun.startedAtMs),
    hasThrown: false,
    end: null,
    place: 0,
    toldAfter: null,
    toldState: '',
    toldAtMs: Number.NEGATIVE_INFINITY,
    json: null,
    jsonAtMs: 0,
  };
}

/** A row as another process of the server made it. */
export interface SentRow {
  readonly id: string;
  readonly startedAt: string;
  readonly isLive: boolean;
  readonly json: string;
}

/** What has changed in the list of another process. */
export interface SentRows {
  /** Forget the rows of that process: these and those that follow are all it has. */
  readonly isWhole: boolean;
  readonly rows: readonly SentRow[];
  /** Ended ones that it has no row of any more. */
  readonly gone: readonly string[];
  /** Of all its streams since it began. */
  readonly counts: Pick<Totals, 'live' | 'ended' | 'failed'>;
  /** Ended ones that stand in files and in none of its rows. */
  readonly leftOut: number;
}

/** A row of another process, in the list of this one. */
export interface FarRow extends SentRow {
  /** Which process. */
  readonly source: number;
  readonly place: number;
  /** When it came. */
  readonly cameAtMs: number;
}

/** Of another process. */
export interface FarCounts {
  readonly told: SentRows['counts'];
  /** Of those that were lost in its place. */
  readonly past: Pick<Totals, 'ended' | 'failed'>;
  readonly leftOut: number;
  /** Rows of it that were taken out here. */
  readonly takenOut: number;
}

export const noFar: FarCounts = Object.freeze({
  told: { live: 0, ended: 0, failed: 0 },
  past: { ended: 0, failed: 0 },
  leftOut: 0,
  takenOut: 0,
});

export type AnyRow = ListedChart | ReadRow | FarRow;

export function isFar(row: AnyRow | undefined): row is FarRow {
  return row !== undefined && 'source' in row;
}

/** A live one goes on growing older here. */
export function farJsonOf({ json, isLive, cameAtMs }: FarRow, now: number): string {
  const sinceMs = Math.round(now - cameAtMs);
  if (!isLive || sinceMs < ROW_AGE_MS) return json;
  const row: ListRow = JSON.parse(json);
  return JSON.stringify({ ...row, ageMs: row.ageMs + sinceMs, quietMs: row.quietMs + sinceMs });
}

/** Its process was killed: as the row of a log without an end. */
export function lostJsonOf({ json }: FarRow): string {
  const row: ListRow = JSON.parse(json);
  return JSON.stringify({ ...row, isLive: false, quietMs: 0, reason: 'no_end', isFailed: true } satisfies ListRow);
}

/** A row of a live one is made once for all who read it in this time, whatever its age says. */
export const ROW_AGE_MS = 100;

export function rowOf(chart: ListedChart, now: number): ListRow {
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
