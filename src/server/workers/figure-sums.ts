/** The figures of several workers as those of one server: counts and sums added up, of the longest waits the longest. */
import { addedMeters, StreamMeter } from '../../actors/figures/stream-meter.ts';
import type { FloorFigures, WaitFigures } from '../stream-service.ts';

const noFigures: FloorFigures = Object.freeze({
  active_answers: 0,
  active_speech: 0,
  rejected: {},
  idle_timeouts: 0,
  commands_sent: 0,
  totals: {},
  meter: Object.freeze(new StreamMeter().report()),
  event_log: null,
  history: null,
  inspector_export: null,
  load: null,
  engine: {},
});

/** What an engine tells of itself is the first one's. */
export function sumOf(all: readonly FloorFigures[]): FloorFigures {
  return all.reduce(added, noFigures);
}

/** The same without what is only true while the process runs. */
export function withoutGauges(figures: FloorFigures): FloorFigures {
  const { event_log: eventLog, inspector_export: told } = figures;
  return {
    ...figures,
    active_answers: 0,
    active_speech: 0,
    event_log:
      eventLog === null ? null : { ...eventLog, ...('open_files' in eventLog && { open_files: 0, lag_seconds: 0 }) },
    inspector_export: told === null ? null : { ...told, connected: true },
    load: null,
    engine: {},
  };
}

function added(one: FloorFigures, other: FloorFigures): FloorFigures {
  return {
    active_answers: one.active_answers + other.active_answers,
    active_speech: one.active_speech + other.active_speech,
    rejected: addedCounts(one.rejected, other.rejected),
    idle_timeouts: one.idle_timeouts + other.idle_timeouts,
    commands_sent: one.commands_sent + other.commands_sent,
    totals: addedTotals(one.totals, other.totals),
    meter: addedMeters(one.meter, other.meter),
    event_log: both(one.event_log, other.event_log, addedLogFigures),
    history: both(one.history, other.history, (a, b) => ({ late: a.late + b.late, failed: a.failed + b.failed })),
    inspector_export: both(one.inspector_export, other.inspector_export, (a, b) => ({
      connected: a.connected && b.connected,
      sent: a.sent + b.sent,
      dropped: a.dropped + b.dropped,
    })),
    // Who sheds tells it for all.
    load: both(one.load, other.load, (a, b) => (a.is_shedding ? a : b)),
    engine: Object.keys(one.engine).length > 0 ? one.engine : other.engine,
  };
}

function both<T>(one: T | null, other: T | null, add: (one: T, other: T) => T): T | null {
  if (one === null || other === null) return one ?? other;
  return add(one, other);
}

type Counts = Readonly<Record<string, number>>;

function addedCounts(one: Counts, other: Counts): Counts {
  return merged(one, other, (a, b) => rounded(a + b));
}

function addedTotals(one: FloorFigures['totals'], other: FloorFigures['totals']): FloorFigures['totals'] {
  return merged<number | WaitFigures>(one, other, (a, b) => {
    if (typeof a === 'number' || typeof b === 'number') return rounded(Number(a) + Number(b));
    return { count: a.count + b.count, sum: rounded(a.sum + b.sum), max: Math.max(a.max, b.max) };
  });
}

/** Who is furthest behind tells how far. */
function addedLogFigures(one: Readonly<Record<string, unknown>>, other: Readonly<Record<string, unknown>>) {
  const lags = [one, other].flatMap(({ lag_seconds: lag }) => (typeof lag === 'number' ? [lag] : []));
  return { ...addedWhatCounts(one, other), ...(lags.length > 0 && { lag_seconds: Math.max(...lags) }) };
}

/** Numbers are added, of all else the first counts. */
function addedWhatCounts(
  one: Readonly<Record<string, unknown>>,
  other: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  return merged<unknown>(one, other, (a, b) => (typeof a === 'number' && typeof b === 'number' ? a + b : a));
}

function merged<T>(
  one: Readonly<Record<string, T>>,
  other: Readonly<Record<string, T>>,
  add: (one: T, other: T) => T,
): Readonly<Record<string, T>> {
  const sum = { ...one };
  for (const [name, value] of Object.entries(other)) {
    const known = sum[name];
    sum[name] = known === undefined ? value : add(known, value);
  }
  return sum;
}

/** Milliseconds and frames: what adding fractions leaves behind them is nobody's. */
function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
