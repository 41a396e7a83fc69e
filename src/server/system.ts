/**
 * The composition root, the only place where pure meets real: machines + actors + engines + servers. Nothing here decides:
 * the bootstrap chart says when what is started and stopped, this says what that means.
 */
import { resolve } from 'node:path';
import { type Actor, createActor, fromPromise } from 'xstate';
import { assertNever } from '../assert.ts';
import type { OwnClock } from '../call/own-time.ts';
import type { Config } from '../config.ts';
import type { Inspector } from '../inspector/server/inspector.ts';
import {
  type BootstrapEmitted,
  bootstrapMachine,
  type EngineOrder,
  type ReplacedEngines,
  type ServiceHealth,
  type ServiceState,
} from '../machines/bootstrap.machine.ts';
import { createFaultLog, type FaultLog } from '../observe/fault-log.ts';
import type { Logger } from '../observe/logger.ts';
import { createStatusServer, type StatusServer } from '../observe/status-server.ts';
import { createGrpcServer } from '../rpc/server.ts';
import { beginningOf } from '../store/memory-entry.ts';
import { answerUsage } from '../store/usage-entry.ts';
import { composeAdmissions, composeStreams, streamSettingsOf } from './composition.ts';
import { type DescriptorShares, shareDescriptors } from './descriptors.ts';
import { EnginesInUse } from './engines-in-use.ts';
import { createExportTap, type ExportTap, newExportRun } from './export-tap.ts';
import { createInspector, type ServerCounts } from './inspection.ts';
import { type ListenAddress, listenFault } from './listen-fault.ts';
import { createLoadWatch, createOwnTime, type LoadWatch } from './load-watch.ts';
import { MetricsPage } from './metrics.ts';
import { packageVersion } from './package-version.ts';
import { Persistence, prepareDataFolder, Recording } from './persistence.ts';
import { OwnService, type StreamService } from './stream-service.ts';
import { FarSessions } from './workers/far-sessions.ts';
import { type WorkerOrigin, WorkersService } from './workers/workers-service.ts';

/** A server that is starting, serving or stopping. */
export interface System {
  /** Resolves with the exit code once it has stopped: 0, or 1 if it never came up. */
  readonly finished: Promise<number>;
  /** What went wrong last, in one line; null if nothing did. */
  readonly lastError: string | null;
  /** Drains and stops; idempotent. */
  shutDown(): void;
}

/** What the system needs of the process around it. */
export interface Surroundings {
  /** Says a line to the person at the terminal, at every LOG_LEVEL. */
  readonly say?: (line: string) => void;
  /** What workers are started with; absent = there is one process, whatever WORKERS says. */
  readonly workers?: WorkerOrigin;
}

/** Starts everything the configuration asks for. */
export function startSystem(config: Config, log: Logger, surroundings: Surroundings = {}): System {
  return new RunningSystem(config, log, surroundings);
}

/** As probes and people are told it. */
interface ServerState {
  readonly state: ServiceState;
  readonly health: ServiceHealth;
  /** What is wrong at present, in one line; null = nothing is. */
  readonly lastError: string | null;
  readonly replaced: ReplacedEngines;
}

/** Room for what is wrong with an engine, the store and the event logs at once. */
const MAX_LAST_ERROR_CHARS = 1_000;

function isAnyOf(replaced: ReplacedEngines): boolean {
  return Object.keys(replaced).length > 0;
}

/** The port that was bound, or why none was. */
function bound(address: ListenAddress, listening: Promise<number>): Promise<number | string> {
  return listening.catch((error: unknown) => listenFault(address, error));
}

class RunningSystem implements System {
  readonly finished: Promise<number>;
  readonly #config: Config;
  readonly #log: Logger;
  readonly #say: (line: string) => void;
  readonly #faults: FaultLog;
  readonly #ownTime: OwnClock;
  readonly #persistence: Persistence;
  /** null = the inspector is off, or all streams run in this process. */
  readonly #far: FarSessions | null;
  /** null = switched off. */
  readonly #inspector: Inspector | null;
  /** null = switched off. */
  readonly #exportTap: ExportTap | null;
  readonly #shares: DescriptorShares;
  readonly #recording: Recording;
  readonly #service: StreamService;
  readonly #http: StatusServer;
  readonly #bootstrap: Actor<typeof bootstrapMachine>;
  readonly #startedAtMs = performance.now();
  readonly #version = packageVersion();
  readonly #exportRun = newExportRun();
  /** null = this process is the only one. */
  readonly #workers: number | null;
  readonly #metrics = new MetricsPage();
  #ports = { grpc: 0, http: 0 };
  /** Why it gave up; null = it did not. */
  #fatal: string | null = null;

  constructor(config: Config, log: Logger, { say = () => {}, workers }: Surroundings) {
    this.#say = say;
    this.#workers = workers?.count ?? null;
    this.#config = config;
    this.#log = log;
    this.#faults = createFaultLog(log);
    prepareDataFolder(config.data.dir, log);
    this.#ownTime = createOwnTime(log);
    this.#persistence = new Persistence(config, log, this.#ownTime);
    this.#far = workers === undefined || !config.inspector.isOn ? null : new FarSessions(() => this.#inspector);
    this.#inspector = createInspector(config, log, {
      logs: () => this.#recording,
      grpcPort: () => this.#ports.grpc,
      version: this.#version,
      elsewhere: this.#far,
      counts: () => this.#counts(),
    });
    this.#exportTap = createExportTap(config, log, this.#exportRun);
    const [onlooker, exportTap] = [this.#inspector, this.#exportTap];
    this.#shares = shareDescriptors(config, log);
    const maxDescriptors = this.#shares.logFiles;
    this.#recording = new Recording({ config, log, build: this.#version, maxDescriptors, onlooker, exportTap });
    this.#service = workers === undefined ? this.#ownService() : this.#workersService(workers);
    this.#http = createStatusServer({
      ...config.http,
      maxConnections: this.#shares.httpConnections,
      isReady: () => this.#state().state === 'ready',
      health: () => this.#health(),
      status: () => this.#status(),
      metrics: () => this.#metrics.page(this.#service),
      pages: this.#inspector,
    });
    this.#bootstrap = this.#createBootstrap();
    this.finished = new Promise((finish) => {
      this.#bootstrap.subscribe({
        complete: () => finish(this.#fatal === null ? (this.#bootstrap.getSnapshot().output?.exitCode ?? 1) : 1),
        error: (error) => {
          this.#faults.bug('serve', 'bootstrap', error);
          finish(1);
        },
      });
    });
    this.#bootstrap.start();
  }

  get lastError(): string | null {
    return this.#fatal ?? this.#bootstrap.getSnapshot().context.lastError;
  }

  shutDown(): void {
    this.#bootstrap.send({ type: 'shutdown.requested' });
  }

  #ownService(): StreamService {
    const [config, log, recording] = [this.#config, this.#log, this.#recording];
    const engines = new EnginesInUse(config, log);
    const { usage, memory, history, quota } = this.#persistence;
    let load: LoadWatch | null = null;
    const streams = composeStreams({
      settings: streamSettingsOf(config),
      engines,
      recording,
      memory,
      history,
      quota,
      // Nobody waits for it; a store that fails tells so itself, once.
      noteUsage: (call, used) => void usage.record(answerUsage(call, used, Date.now())),
      log,
      faults: this.#faults,
      now: () => performance.now(),
      ownTime: this.#ownTime,
      onAsked: (moment) => load?.asked(moment),
    });
    const [gateway, maxConnections] = [streams.supervisor, this.#shares.connections];
    const grpc = createGrpcServer({ config, gateway, usage, log, ownTime: this.#ownTime, maxConnections });
    load = createLoadWatch(config, log, streams, grpc);
    return new OwnService({ streams, engines, grpc, recording, history, load, exportTap: this.#exportTap });
  }

  #workersService(origin: WorkerOrigin): StreamService {
    const { quota, usage, memory } = this.#persistence;
    const owner = composeAdmissions({
      settings: streamSettingsOf(this.#config),
      recording: this.#recording,
      quota,
      log: this.#log,
      faults: this.#faults,
      ownTime: this.#ownTime,
    });
    return new WorkersService({
      ...owner,
      config: this.#config,
      origin: { ...origin, exportRun: this.#exportRun },
      usage,
      memory,
      far: this.#far,
      recording: this.#recording,
      log: this.#log,
      now: () => performance.now(),
      onGivenUp: (reason) => this.#giveUp(reason),
    });
  }

  /** It can't go on as it was configured: the streams that run may end, then the process does, with exit code 1. */
  #giveUp(reason: string): void {
    this.#fatal ??= reason;
    const fields = { scope: 'server', method: 'serve', decision: 'failed', ctx: { reason } };
    this.#log.error(fields, 'the server gives up');
    this.shutDown();
  }

  #createBootstrap(): Actor<typeof bootstrapMachine> {
    const machine = bootstrapMachine.provide({
      actors: {
        servers: fromPromise(() => this.#bindServers()),
        engine: fromPromise<void, EngineOrder>(({ input }) => this.#service.startEngine(input)),
        drain: fromPromise(() => this.#drain()),
        stop: fromPromise(() => this.#stop()),
      },
    });
    const actor = createActor(machine, {
      id: 'bootstrap',
      input: {
        forceEmergency: this.#config.killSwitches.disableModuleCoordinator,
        gracePeriodMs: this.#config.backpressure.gracePeriodMs,
        startFailure: this.#config.engines.startFailure,
        engines: { answer: this.#config.engines.answer, speech: this.#config.engines.speech },
      },
    });
    actor.on('*', (emitted) => this.#carryOut(emitted));
    return actor;
  }

  async #bindServers(): Promise<void> {
    const { grpc, http } = this.#config;
    const [grpcPort, httpPort] = await Promise.all([
      bound({ server: 'GRPC', ...grpc }, this.#service.listen()),
      bound({ server: 'HTTP', ...http }, this.#http.listen()),
      this.#persistence.open(),
      this.#exportTap?.start(),
    ]);
    // Both at once, so that a start that fails twice is not tried twice.
    const faults = [grpcPort, httpPort].filter((each) => typeof each === 'string');
    if (typeof grpcPort === 'string' || typeof httpPort === 'string') throw new Error(faults.join('; '));
    this.#ports = { grpc: grpcPort, http: httpPort };
  }

  #drain(): Promise<void> {
    return this.#service.drain();
  }

  async #stop(): Promise<void> {
    await this.#service.close();
    this.#inspector?.close();
    await Promise.all([this.#http.close(), this.#persistence.close(), this.#recording.close()]);
    this.#ownTime.stop();
    // Behind the last lines of the logs.
    this.#exportTap?.stop();
  }

  #carryOut(emitted: BootstrapEmitted): void {
    const method = 'serve';
    const scope = 'server';
    switch (emitted.type) {
      case 'service.ready': {
        this.#service.open();
        const engines = this.#service.engineNames();
        const { health, lastError, replaced } = this.#state();
        const ctx = {
          grpc_port: this.#ports.grpc,
          http_port: this.#ports.http,
          grpc_host: this.#config.grpc.host,
          http_host: this.#config.http.host,
          version: this.#version,
          data_dir: resolve(this.#config.data.dir),
          answer_engine: engines?.answer ?? null,
          speech_engine: engines?.speech ?? null,
          health,
          ...(this.#workers !== null && { workers: this.#workers }),
          ...(this.#inspector !== null && { inspector_url: this.#inspector.urlAt(this.#ports.http) }),
          ...(lastError !== null && { last_error: lastError }),
          ...(isAnyOf(replaced) && { replaced }),
        };
        this.#log.announce({ scope, method, decision: 'ready', ctx }, 'Recital is ready');
        if (this.#inspector === null) return;
        this.#say(`Inspector: ${this.#inspector.urlAt(this.#ports.http)}`);
        // Nobody waits for it: there may be any number of logs.
        void this.#inspector.readArchive();
        return;
      }
      case 'service.degraded': {
        const ctx = { replaced: emitted.replaced };
        const message = 'an embedded engine stands in the place of a configured one';
        this.#log.error({ scope, method, decision: 'emergency_profile', ctx }, message);
        return;
      }
      case 'service.drainStarted': {
        const ctx = { active_streams: this.#service.activeStreams };
        this.#log.info({ scope, method, decision: 'drain', ctx }, 'no new calls; running streams may end');
        return;
      }
      case 'service.failed': {
        const ctx = { reason: emitted.reason };
        this.#log.error({ scope, method, decision: 'failed', ctx }, 'the server could not start');
        return;
      }
      case 'service.stopped': {
        const ctx = { active_streams: this.#service.activeStreams };
        this.#log.info({ scope, method, decision: 'stopped', ctx }, 'the server has stopped');
        return;
      }
      default:
        assertNever(emitted);
    }
  }

  /** What the inspector tells of the server as a whole. */
  #counts(): ServerCounts {
    const { state, health } = this.#state();
    const { activeStreams, rejected } = this.#service;
    return { slots: activeStreams, refusedBy: rejected, state, health };
  }

  #state(): ServerState {
    const snapshot = this.#bootstrap.getSnapshot();
    const { lastError: startError, replaced } = snapshot.context;
    const present = [this.#service.problem, this.#persistence.problem, this.#recording.problem];
    const problems = [startError, this.#fatal, ...present].filter((each) => each !== null);
    const lastError = problems.length === 0 ? null : beginningOf(problems.join('; '), MAX_LAST_ERROR_CHARS);
    const served: ServiceHealth = lastError === null ? 'ok' : 'degraded';
    const said = (state: ServiceState, health: ServiceHealth): ServerState => ({ state, health, lastError, replaced });
    if (snapshot.matches('ready')) return said('ready', served);
    if (snapshot.matches('starting')) return said('starting', 'down');
    if (snapshot.matches('failing') || snapshot.matches('failed')) return said('failed', 'down');
    if (snapshot.matches('stopped')) return said('stopped', 'down');
    return said('draining', served);
  }

  /** The body of /health: the same words as /status, and no more than a probe needs. */
  #health(): Readonly<Record<string, unknown>> {
    const { state, health, lastError, replaced } = this.#state();
    return {
      health,
      ...(state !== 'ready' && { state }),
      ...(lastError !== null && { last_error: lastError }),
      ...(isAnyOf(replaced) && { replaced }),
    };
  }

  async #status(): Promise<Readonly<Record<string, unknown>>> {
    const { counts, figures, workers } = await this.#service.status();
    const { state, health, lastError, replaced } = this.#state();
    const engines = this.#service.engineNames();
    return {
      state,
      health,
      last_error: lastError,
      ...(isAnyOf(replaced) && { replaced }),
      ...counts,
      max_streams: this.#config.backpressure.maxStreams,
      active_answers: figures.active_answers,
      active_speech: figures.active_speech,
      rejected: figures.rejected,
      idle_timeouts: figures.idle_timeouts,
      commands_sent: figures.commands_sent,
      totals: figures.totals,
      ...this.#persistence.status(figures.history),
      event_log: figures.event_log,
      ...(figures.load !== null && { load: figures.load }),
      ...(figures.inspector_export !== null && { inspector_export: figures.inspector_export }),
      answer_engine: engines?.answer ?? null,
      speech_engine: engines?.speech ?? null,
      ...figures.engine,
      ...(workers !== undefined && { workers }),
      uptime_seconds: Math.round(performance.now() - this.#startedAtMs) / 1000,
      version: this.#version,
    };
  }
}
