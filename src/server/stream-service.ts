/**
 * What carries the streams of a server, as system.ts sees it: this very process (below), or workers (workers/). Both have the engines, the gRPC
 * port and the streams; whoever stands behind it, there is one owner of admissions, in this process.
 */
import type { HistoryLookup } from '../actors/answer/history-lookup.ts';
import type { MeterReport } from '../actors/figures/stream-meter.ts';
import type { EngineOrder } from '../machines/bootstrap.machine.ts';
import type { NodeFigures } from '../observe/exposition.ts';
import type { GrpcServer } from '../rpc/server.ts';
import type { Composition, FloorComposition } from './composition.ts';
import type { EnginesInUse } from './engines-in-use.ts';
import type { ExportTap } from './export-tap.ts';
import type { LoadReport, LoadWatch } from './load-watch.ts';
import type { Recording } from './persistence.ts';

/** After the drain only stalled sockets are left; they get this long. */
export const CLOSE_GRACE_MS = 1_000;

export interface StreamService {
  /** Binds the gRPC port of the configuration; resolves with the one that was bound. */
  listen(): Promise<number>;
  /** Brings one engine up, everywhere; rejects with a reason that may be shown. */
  startEngine(order: EngineOrder): Promise<void>;
  /** null = they are not up. */
  engineNames(): EngineNames | null;
  /** From now on calls are admitted. */
  open(): void;
  /** Refuses new calls from now on; resolves when no stream runs any more. */
  drain(): Promise<void>;
  /** Ends calls and connections, then engines and logs of the streams; bounded. */
  close(): Promise<void>;
  readonly activeStreams: number;
  /** Refused calls by error_type, as far as this process knows. */
  readonly rejected: Readonly<Record<string, number>>;
  /** What is wrong with it at present, in one line; null = nothing is. */
  readonly problem: string | null;
  /** Its part of /status. */
  status(): Promise<ServiceStatus>;
  /** Node's own figures of the processes that carry the streams, this one left out. */
  nodeFigures(): Promise<readonly NodeFigures[]>;
}

export interface EngineNames {
  readonly answer: string;
  readonly speech: string;
}

export interface ServiceStatus {
  readonly counts: {
    readonly active_streams: number;
    readonly in_flight: number;
    readonly queued_calls: number;
    readonly attached_streams: number;
    readonly collect_buffers: number;
  };
  readonly figures: FloorFigures;
  /** Of a server with workers: each of them. */
  readonly workers?: readonly Readonly<Record<string, unknown>>[];
}

/** What a process where streams run tells of them, as /status shows it. */
export interface FloorFigures {
  readonly active_answers: number;
  readonly active_speech: number;
  readonly rejected: Readonly<Record<string, number>>;
  readonly idle_timeouts: number;
  readonly commands_sent: number;
  readonly totals: Readonly<Record<string, number | WaitFigures>>;
  readonly meter: MeterReport;
  /** null = switched off, each. */
  readonly event_log: Readonly<Record<string, unknown>> | null;
  readonly history: { readonly late: number; readonly failed: number } | null;
  readonly inspector_export: { readonly connected: boolean; readonly sent: number; readonly dropped: number } | null;
  readonly load: LoadReport | null;
  /** What the answer engine tells of itself. */
  readonly engine: Readonly<Record<string, unknown>>;
}

/** How long streams took to something. */
export interface WaitFigures {
  readonly count: number;
  readonly sum: number;
  readonly max: number;
}

/** Whose figures they are. */
export interface FloorParts {
  readonly streams: FloorComposition;
  readonly engines: EnginesInUse;
  readonly recording: Recording;
  readonly history: HistoryLookup | null;
  readonly exportTap: ExportTap | null;
  readonly load: LoadWatch | null;
}

export function figuresOf({ streams, engines, recording, history, exportTap, load }: FloorParts): FloorFigures {
  const { counters, answerJobs, speechJobs } = streams;
  return {
    active_answers: answerJobs.running,
    active_speech: speechJobs.running,
    rejected: counters.rejected,
    idle_timeouts: counters.idleTimeouts,
    commands_sent: counters.commandsSent,
    totals: counters.totals.report(),
    meter: counters.meter.report(),
    event_log: recording.status(),
    history: history === null ? null : history.counts,
    inspector_export: exportTap === null ? null : exportStatus(exportTap),
    load: load === null ? null : load.report(),
    engine: engines.peek()?.answer.status?.() ?? {},
  };
}

function exportStatus({ counts }: ExportTap) {
  return { connected: counts.isConnected, sent: counts.sent, dropped: counts.dropped };
}

export interface OwnServiceParts extends FloorParts {
  readonly streams: Composition;
  readonly grpc: GrpcServer;
}

/** Streams that run in this process: WORKERS=1. */
export class OwnService implements StreamService {
  readonly #parts: OwnServiceParts;

  constructor(parts: OwnServiceParts) {
    this.#parts = parts;
  }

  get activeStreams(): number {
    return this.#parts.streams.supervisor.activeStreams;
  }

  get rejected(): Readonly<Record<string, number>> {
    return this.#parts.streams.counters.rejected;
  }

  get problem(): string | null {
    return this.#parts.load?.problem ?? null;
  }

  listen(): Promise<number> {
    return this.#parts.grpc.listen();
  }

  startEngine(order: EngineOrder): Promise<void> {
    return this.#parts.engines.start(order);
  }

  engineNames(): EngineNames | null {
    const engines = this.#parts.engines.peek();
    return engines === null ? null : { answer: engines.answer.name, speech: engines.speech.name };
  }

  open(): void {
    this.#parts.streams.supervisor.openAdmission();
    this.#parts.grpc.setServing(true);
    this.#parts.load?.start();
  }

  async drain(): Promise<void> {
    this.#parts.grpc.setServing(false);
    await this.#parts.streams.supervisor.drain();
  }

  async close(): Promise<void> {
    const { streams, grpc, engines, load } = this.#parts;
    load?.stop();
    streams.collector.dropAll();
    await grpc.close(CLOSE_GRACE_MS);
    await engines.stop();
  }

  async nodeFigures(): Promise<readonly NodeFigures[]> {
    return [];
  }

  async status(): Promise<ServiceStatus> {
    const { supervisor, collector } = this.#parts.streams;
    return {
      counts: {
        active_streams: supervisor.activeStreams,
        in_flight: supervisor.inFlight,
        queued_calls: supervisor.queuedCalls,
        attached_streams: supervisor.attachedStreams,
        collect_buffers: collector.buffers,
      },
      figures: figuresOf(this.#parts),
    };
  }
}
