/**
 * What an operator sees (CONTRACT §8): the figures of the server as families of /metrics. All names are here; docs/METRICS.md lists them, and a test
 * compares the two. No id of a stream, session or device is ever a label.
 */
import { type IntervalHistogram, monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { durationBuckets, type HistogramReport, labelValuesOf, waitBuckets } from '../actors/figures/stream-meter.ts';
import { Exposition, histogramSamples, type MetricFamily, type Sample } from '../observe/exposition.ts';
import type { ServiceStatus, StreamService } from './stream-service.ts';

type Labelled = Readonly<Record<string, number>>;

export interface MeteredServer {
  readonly service: ServiceStatus;
  /** Processes that carry streams now. */
  readonly workers: number;
  /** Frames a second of a stream, over those that run; 0 = none does. */
  readonly framesPerSecond: number;
  /** How late the event loop of this process comes to what is due, in seconds. */
  readonly loopLagSeconds: number;
}

/** Refusals that are no refusal of a call but the end of a stream. */
const RATE_CLOSURE = 'rate_limit_exceeded';

/** Every family, those without a value yet as well. */
export function metricFamilies(server: MeteredServer): readonly MetricFamily[] {
  return [...callFamilies(server), ...waitFamilies(server), ...workFamilies(server), ...machineFamilies(server)];
}

/** What became of calls. */
function callFamilies({ service: { counts, figures } }: MeteredServer): readonly MetricFamily[] {
  const { meter, rejected, idle_timeouts: idleClosures } = figures;
  const { [RATE_CLOSURE]: rateClosures = 0, ...refusals } = rejected;
  const refused = Object.values(refusals).reduce((sum, count) => sum + count, 0);
  const admissions = { admitted: 0, attached: 0, ...meter.admissions, refused };
  const admissionsHelp = 'Calls that asked for a stream, by what became of them.';
  const rejectionsHelp = 'Calls that were refused because their session already had a stream.';
  const rateHelp = 'Streams that were closed for too many frames a second.';
  const idleHelp = 'Streams that were closed since nobody took their frames.';
  const endsHelp = 'Streams that ended, by rpc and end reason.';
  return [
    gauge('recital_streams_active', 'Streams that hold a slot.', counts.active_streams),
    labelled('recital_admissions_total', admissionsHelp, ['result'], admissions),
    labelled('recital_refusals_total', 'Calls that were refused, by error_type.', ['error_type'], refusals),
    counter('recital_single_flight_rejections_total', rejectionsHelp, refusals.concurrent_request ?? 0),
    counter('recital_rate_limit_closures_total', rateHelp, rateClosures),
    counter('recital_idle_closures_total', idleHelp, idleClosures),
    labelled('recital_sessions_total', endsHelp, ['method', 'reason'], meter.sessions),
  ];
}

/** How long streams took. */
function waitFamilies({ service: { figures } }: MeteredServer): readonly MetricFamily[] {
  const { firstSeconds, sessionSeconds } = figures.meter;
  const first = (['token', 'text', 'audio'] as const).map((what) =>
    histogram(`recital_time_to_first_${what}_seconds`, firstHelp[what], waitBuckets, { '': firstSeconds[what] }),
  );
  const help = 'From the admission of a stream to its end.';
  return [...first, histogram('recital_session_duration_seconds', help, durationBuckets, { '': sessionSeconds.all })];
}

/** What is sent, asked for and waits. */
function workFamilies({ service: { counts, figures }, framesPerSecond }: MeteredServer): readonly MetricFamily[] {
  const { meter, engine } = figures;
  const queues = {
    duplicates: counts.queued_calls,
    collect: counts.collect_buffers,
    attached: counts.attached_streams,
    answers: figures.active_answers,
    speech: figures.active_speech,
  };
  const rateHelp = 'Frames a second of a stream, mean over the streams that run.';
  const callsHelp = 'Questions to a model and sentences to a voice, by who did them and how they went.';
  const secondsHelp = 'From a question or sentence to its last word or sound, the pace of its reader included.';
  const breakerHelp = '1 = the provider is passed over for its failures.';
  const queueHelp =
    'What waits or works: calls for their session id, utterances in pieces, listeners, model and voice jobs.';
  return [
    labelled('recital_frames_total', 'Frames that were handed to the transport, by kind.', ['kind'], meter.frames),
    gauge('recital_stream_frames_per_second', rateHelp, framesPerSecond),
    labelled('recital_engine_calls_total', callsHelp, ['engine', 'provider', 'result'], meter.engineCalls),
    histogram('recital_engine_call_seconds', secondsHelp, durationBuckets, meter.engineSeconds, 'engine'),
    labelled('recital_breaker_open', breakerHelp, ['provider'], breakersOf(engine), 'gauge'),
    labelled('recital_queue_depth', queueHelp, ['queue'], queues, 'gauge'),
  ];
}

/** How the processes are. */
function machineFamilies({ service, workers, loopLagSeconds }: MeteredServer): readonly MetricFamily[] {
  const { event_log: eventLog } = service.figures;
  const logFigure = (name: string): number => Number(eventLog?.[name] ?? 0);
  const loopHelp = 'How late the event loop comes to what is due, since the last look.';
  const lagHelp = 'Age of the oldest line that the disk has not taken.';
  const fleetHelp = '1 = the store of the fleet is in reach; 0 = it is not, or there is none.';
  return [
    gauge('recital_event_loop_lag_seconds', loopHelp, loopLagSeconds),
    gauge('recital_event_log_lag_seconds', lagHelp, logFigure('lag_seconds')),
    counter('recital_event_log_dropped_total', 'Turns that stand in no event log.', logFigure('turns_dropped')),
    gauge('recital_workers', 'Processes that carry streams now.', workers),
    gauge('recital_fleet_up', fleetHelp, 0),
  ];
}

const firstHelp = {
  token: 'From the admission of a stream to the first words of the model.',
  text: 'From the admission of a stream to its first text on the wire.',
  audio: 'From the admission of a stream to its first sound on the wire.',
} as const;

/** Whether a provider is passed over. */
function breakersOf({ answer_providers: providers }: Readonly<Record<string, unknown>>): Labelled {
  if (!Array.isArray(providers)) return {};
  return Object.fromEntries(providers.map(({ name, breaker }) => [String(name), breaker === 'closed' ? 0 : 1]));
}

function gauge(name: string, help: string, value: number): MetricFamily {
  return { name, help, type: 'gauge', values: [{ labels: {}, value }] };
}

function counter(name: string, help: string, value: number): MetricFamily {
  return { name, help, type: 'counter', values: [{ labels: {}, value }] };
}

function labelled(
  name: string,
  help: string,
  labelNames: readonly string[],
  values: Labelled,
  type: 'counter' | 'gauge' = 'counter',
): MetricFamily {
  const samples = Object.entries(values).map(([key, value]): Sample => {
    const labelValues = labelValuesOf(key);
    return { labels: Object.fromEntries(labelNames.map((label, at) => [label, labelValues[at] ?? ''])), value };
  });
  return { name, help, type, values: samples };
}

function histogram(
  name: string,
  help: string,
  bounds: readonly number[],
  values: Readonly<Record<string, HistogramReport | undefined>>,
  label: string | null = null,
): MetricFamily {
  const nothing: HistogramReport = { counts: Array.from({ length: bounds.length + 1 }, () => 0), sum: 0 };
  const samples = Object.entries(values).flatMap(([value, report = nothing]) =>
    histogramSamples(name, label === null ? {} : { [label]: value }, bounds, report),
  );
  return { name, help, type: 'histogram', values: samples };
}

/** Figures over time are looked at anew behind so long, however many ask. */
const WINDOW_MS = 1_000;
const LOOP_RESOLUTION_MS = 20;

/** Answers /metrics. Before it is asked for the first time it costs nothing. */
export class MetricsPage {
  readonly #exposition = new Exposition();
  #loopDelay: IntervalHistogram | null = null;
  #window = { atMs: Number.NEGATIVE_INFINITY, frames: 0, active: 0, framesPerSecond: 0, loopLagSeconds: 0 };

  async page(service: StreamService): Promise<{ readonly contentType: string; readonly text: string }> {
    const [status, others] = await Promise.all([service.status(), service.nodeFigures()]);
    const { framesPerSecond, loopLagSeconds } = this.#look(status);
    const families = metricFamilies({ service: status, workers: upIn(status), framesPerSecond, loopLagSeconds });
    return { contentType: this.#exposition.contentType, text: await this.#exposition.text(families, others) };
  }

  /** Of the time since the last look. */
  #look({ counts, figures }: ServiceStatus) {
    const atMs = performance.now();
    const last = this.#window;
    if (atMs - last.atMs < WINDOW_MS) return last;
    this.#loopDelay ??= startedLoopDelay();
    const frames = Object.values(figures.meter.frames).reduce((sum, count) => sum + count, 0);
    const active = counts.active_streams;
    const running = (active + last.active) / 2;
    const isFirst = last.atMs === Number.NEGATIVE_INFINITY;
    const seconds = (atMs - last.atMs) / 1000;
    const lagMs = this.#loopDelay.percentile(99) / 1e6 - LOOP_RESOLUTION_MS;
    this.#loopDelay.reset();
    this.#window = {
      atMs,
      frames,
      active,
      framesPerSecond: isFirst || running === 0 ? 0 : (frames - last.frames) / seconds / running,
      loopLagSeconds: isFirst ? 0 : Math.max(0, lagMs) / 1000,
    };
    return this.#window;
  }
}

/** Processes that carry streams now; a server without workers is one. */
function upIn({ workers }: ServiceStatus): number {
  return workers === undefined ? 1 : workers.filter(({ state }) => state === 'up').length;
}

function startedLoopDelay(): IntervalHistogram {
  const delay = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  delay.enable();
  return delay;
}
