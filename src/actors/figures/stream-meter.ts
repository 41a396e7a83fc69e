/**
 * What /metrics tells of the streams of a process (CONTRACT §8): how many of what since the start, and how long they took, by fixed buckets. Plain
 * figures that add up, over workers and over the processes that a worker was. Fixed size: what labels them is of this server's making (reasons,
 * methods, kinds) or of its configuration (providers), never an id, and of providers at most MAX_PROVIDERS are told apart.
 *
 * A frame costs an addition, a stream some twenty.
 */

/** Upper bounds in seconds, as people notice waits: a voice that begins within 0.25 is at once, behind 2.5 something is wrong. */
export const waitBuckets = [0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2.5, 5, 10, 30] as const;
/** Of whole streams and engine calls. */
export const durationBuckets = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900] as const;

/** More than anybody configures; what else a proxy names is "other". */
const MAX_PROVIDERS = 32;
/** Between the parts of a label set; in no part. */
const SEPARATOR = '\t';

/** How often it took how long. */
export interface HistogramReport {
  /** For each bound those that took at most so long and longer than the one before; then those that took longer than all. */
  readonly counts: readonly number[];
  readonly sum: number;
}

/** Of each, the label values in their order with tabs between. */
export interface MeterReport {
  /** attached or admitted. */
  readonly admissions: Readonly<Record<string, number>>;
  /** method, reason */
  readonly sessions: Readonly<Record<string, number>>;
  /** kind, as they were handed to the transport */
  readonly frames: Readonly<Record<string, number>>;
  /** engine, provider, result */
  readonly engineCalls: Readonly<Record<string, number>>;
  /** engine */
  readonly engineSeconds: Readonly<Record<string, HistogramReport>>;
  /** token, text or audio */
  readonly firstSeconds: Readonly<Record<string, HistogramReport>>;
  readonly sessionSeconds: Readonly<Record<string, HistogramReport>>;
}

export type EngineCallResult = 'ok' | 'failed' | 'aborted';

/** A stream that has ended, as far as it is counted. Times in ms of one clock; null = it did not come to that. */
export interface MeteredStream {
  readonly method: string;
  readonly reason: string;
  readonly openedAtMs: number;
  readonly endedAtMs: number;
  readonly firstTokenAtMs: number | null;
  readonly firstTextAtMs: number | null;
  readonly firstAudioAtMs: number | null;
}

/** A call of an engine that is over. */
export interface MeteredCall {
  readonly engine: 'answer' | 'speech';
  readonly provider: string;
  readonly result: EngineCallResult;
  /** Until its last word or sound; its reader's pace is in it. */
  readonly ms: number;
}

export class StreamMeter {
  readonly #admissions = new Counts();
  readonly #sessions = new Counts();
  readonly #frames = new Counts();
  readonly #engineCalls = new Counts();
  readonly #providers = new Set<string>();
  readonly #engineSeconds = { answer: new Histogram(durationBuckets), speech: new Histogram(durationBuckets) };
  readonly #first = {
    token: new Histogram(waitBuckets),
    text: new Histogram(waitBuckets),
    audio: new Histogram(waitBuckets),
  };
  readonly #sessionSeconds = new Histogram(durationBuckets);

  admitted(how: 'admitted' | 'attached'): void {
    this.#admissions.add(how);
  }

  /** A frame was handed to the transport. */
  sent(kind: string): void {
    this.#frames.add(kind);
  }

  ended({ method, reason, openedAtMs, endedAtMs, firstTokenAtMs, firstTextAtMs, firstAudioAtMs }: MeteredStream): void {
    this.#sessions.add(`${method}${SEPARATOR}${reason}`);
    this.#sessionSeconds.add(endedAtMs - openedAtMs);
    if (firstTokenAtMs !== null) this.#first.token.add(firstTokenAtMs - openedAtMs);
    if (firstTextAtMs !== null) this.#first.text.add(firstTextAtMs - openedAtMs);
    if (firstAudioAtMs !== null) this.#first.audio.add(firstAudioAtMs - openedAtMs);
  }

  called({ engine, provider, result, ms }: MeteredCall): void {
    this.#engineCalls.add([engine, this.#known(provider), result].join(SEPARATOR));
    this.#engineSeconds[engine].add(ms);
  }

  report(): MeterReport {
    const reports = (all: Readonly<Record<string, Histogram>>) =>
      Object.fromEntries(Object.entries(all).map(([name, histogram]) => [name, histogram.report()]));
    return {
      admissions: this.#admissions.report(),
      sessions: this.#sessions.report(),
      frames: this.#frames.report(),
      engineCalls: this.#engineCalls.report(),
      engineSeconds: reports(this.#engineSeconds),
      firstSeconds: reports(this.#first),
      sessionSeconds: reports({ all: this.#sessionSeconds }),
    };
  }

  #known(provider: string): string {
    if (this.#providers.has(provider)) return provider;
    if (this.#providers.size >= MAX_PROVIDERS) return 'other';
    this.#providers.add(provider);
    return provider;
  }
}

/** The values of a label set. */
export function labelValuesOf(key: string): readonly string[] {
  return key.split(SEPARATOR);
}

/** The figures of both as those of one process. */
export function addedMeters(one: MeterReport, other: MeterReport): MeterReport {
  return {
    admissions: addedCounts(one.admissions, other.admissions),
    sessions: addedCounts(one.sessions, other.sessions),
    frames: addedCounts(one.frames, other.frames),
    engineCalls: addedCounts(one.engineCalls, other.engineCalls),
    engineSeconds: addedHistograms(one.engineSeconds, other.engineSeconds),
    firstSeconds: addedHistograms(one.firstSeconds, other.firstSeconds),
    sessionSeconds: addedHistograms(one.sessionSeconds, other.sessionSeconds),
  };
}

type Labelled<T> = Readonly<Record<string, T>>;

function addedCounts(one: Labelled<number>, other: Labelled<number>): Labelled<number> {
  const sum = { ...one };
  for (const [key, count] of Object.entries(other)) sum[key] = (sum[key] ?? 0) + count;
  return sum;
}

function addedHistograms(one: Labelled<HistogramReport>, other: Labelled<HistogramReport>): Labelled<HistogramReport> {
  const sum = { ...one };
  for (const [key, added] of Object.entries(other)) {
    const known = sum[key];
    sum[key] =
      known === undefined
        ? added
        : {
            counts: known.counts.map((count, at) => count + (added.counts[at] ?? 0)),
            sum: Math.round((known.sum + added.sum) * 1000) / 1000,
          };
  }
  return sum;
}

class Counts {
  readonly #counts = new Map<string, number>();

  add(key: string): void {
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  report(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }
}

class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sumMs = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  add(ms: number): void {
    const seconds = ms / 1000;
    const at = this.#bounds.findIndex((bound) => seconds <= bound);
    const place = at < 0 ? this.#bounds.length : at;
    this.#counts[place] = (this.#counts[place] ?? 0) + 1;
    this.#sumMs += ms;
  }

  report(): HistogramReport {
    return { counts: [...this.#counts], sum: Math.round(this.#sumMs) / 1000 };
  }
}
