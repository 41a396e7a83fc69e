/**
 * The composition root, the only place where pure meets real: machines + actors + engines + servers. Nothing here decides:
 * the bootstrap chart says when what is started and stopped, this says what that means.
 */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Actor, createActor, fromPromise } from 'xstate';
import { assertNever } from '../assert.ts';
import { OwnClock } from '../call/own-time.ts';
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
import { makePrivateFolder } from '../private-folder.ts';
import { createGrpcServer, type GrpcServer } from '../rpc/server.ts';
import { beginningOf } from '../store/memory-entry.ts';
import { answerUsage } from '../store/usage-entry.ts';
import { type Composition, composeStreams, streamSettingsOf } from './composition.ts';
import { shareDescriptors } from './descriptors.ts';
import { EnginesInUse } from './engines-in-use.ts';
import { createExportTap, type ExportTap } from './export-tap.ts';
import { createInspector, type ServerCounts } from './inspection.ts';
import { type ListenAddress, listenFault } from './listen-fault.ts';
import { packageVersion } from './package-version.ts';
import { Persistence, Recording } from './persistence.ts';

/** After the drain only stalled sockets are left; they get this long. */
const CLOSE_GRACE_MS = 1_000;

/** A server that is starting, serving or stopping. */
export interface System {
  /** Resolves with the exit code once it has stopped: 0, or 1 if it never came up. */
  readonly finished: Promise<number>;
  /** What went wrong last, in one line; null if nothing did. */
  readonly lastError: string | null;
  /** Drains and stops; idempotent. */
  shutDown(): void;
}

/** Starts everything the configuration asks for; `say` says a line to the person at the terminal, at every LOG_LEVEL. */
export function startSystem(config: Config, log: Logger, say: (line: string) => void = () => {}): System {
  return new RunningSystem(config, log, say);
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

function exportStatus({ counts }: ExportTap): Readonly<Record<string, unknown>> {
  return { connected: counts.isConnected, sent: counts.sent, dropped: counts.dropped };
}

function isAnyOf(replaced: ReplacedEngines): boolean {
  return Object.keys(replaced).length > 0;
}

/** What others than the owner may change in it, they could put another store in the place of ours. */
const WRITABLE_BY_OTHERS = 0o022;

/**
 * Makes DATA_DIR for its owner alone. One that is there keeps its mode, which somebody chose; what is made in it is private all the same. Where
 * it can't be made, the store and the event logs say so.
 */
function prepareDataFolder(dir: string, log: Logger): void {
  try {
    makePrivateFolder(dir);
    const mode = statSync(dir).mode & 0o777;
    if ((mode & WRITABLE_BY_OTHERS) === 0) return;
    const ctx = { data_dir: dir, mode: mode.toString(8).padStart(4, '0') };
    const message = 'others than its owner may change what is in DATA_DIR; chmod 0700 keeps them out';
    log.warn({ scope: 'server', method: 'serve', decision: 'data_dir_open', ctx }, message);
  } catch {
    // See above.
  }
}

/** Lags that are shorter are told nowhere. */
const TOLD_PAUSE_MS = 5_000;

/** The clock of all that is waited for, running. */
function createOwnTime(log: Logger): OwnClock {
  const ownTime = new OwnClock({
    realNow: () => performance.now(),
    onPause: (pausedMs) => {
      if (pausedMs < TOLD_PAUSE_MS) return;
      const ctx = { paused_seconds: Math.round(pausedMs) / 1000 };
      const message = 'this process did not run for a while; nobody who waited is blamed for it';
      log.warn({ scope: 'server', method: 'serve', decision: 'paused', ctx }, message);
    },
  });
  ownTime.start();
  return ownTime;
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
  readonly #engines: EnginesInUse;
  readonly #ownTime: OwnClock;
  readonly #persistence: Persistence;
  /** null = switched off. */
  readonly #inspector: Inspector | null;
  /** null = switched off. */
  readonly #exportTap: ExportTap | null;
  readonly #recording: Recording;
  readonly #streams: Composition;
  readonly #grpc: GrpcServer;
  readonly #http: StatusServer;
  readonly #bootstrap: Actor<typeof bootstrapMachine>;
  readonly #startedAtMs = performance.now();
  readonly #version = packageVersion();
  #ports = { grpc: 0, http: 0 };

  constructor(config: Config, log: Logger, say: (line: string) => void) {
    this.#say = say;
    this.#config = config;
    this.#log = log;
    this.#faults = createFaultLog(log);
    this.#engines = new EnginesInUse(config, log);
    prepareDataFolder(config.data.dir, log);
    this.#ownTime = createOwnTime(log);
    this.#persistence = new Persistence(config, log, this.#ownTime);
    this.#inspector = createInspector(config, log, {
      logs: () => this.#recording,
      grpcPort: () => this.#ports.grpc,
      version: this.#version,
      counts: () => this.#counts(),
    });
    this.#exportTap = createExportTap(config, log);
    const [onlooker, exportTap] = [this.#inspector, this.#exportTap];
    const shares = shareDescriptors(config, log);
    const maxDescriptors = shares.logFiles;
    this.#recording = new Recording({ config, log, build: this.#version, maxDescriptors, onlooker, exportTap });
    const { usage, memory, history, quota } = this.#persistence;
    this.#streams = composeStreams({
      settings: streamSettingsOf(config),
      engines: this.#engines,
      recording: this.#recording,
      memory,
      history,
      quota,
      // Nobody waits for it; a store that fails tells so itself, once.
      noteUsage: (call, used) => void usage.record(answerUsage(call, used, Date.now())),
      log,
      faults: this.#faults,
      now: () => performance.now(),
      ownTime: this.#ownTime,
    });
    this.#grpc = createGrpcServer({
      config,
      gateway: this.#streams.supervisor,
      usage,
      log,
      ownTime: this.#ownTime,
      maxConnections: shares.connections,
    });
    this.#http = createStatusServer({
      ...config.http,
      maxConnections: shares.httpConnections,
      isReady: () => this.#state().state === 'ready',
      health: () => this.#health(),
      status: () => this.#status(),
      pages: this.#inspector,
    });
    this.#bootstrap = this.#createBootstrap();
    this.finished = new Promise((finish) => {
      this.#bootstrap.subscribe({
        complete: () => finish(this.#bootstrap.getSnapshot().output?.exitCode ?? 1),
        error: (error) => {
          this.#faults.bug('serve', 'bootstrap', error);
          finish(1);
        },
      });
    });
    this.#bootstrap.start();
  }

  get lastError(): string | null {
    return this.#bootstrap.getSnapshot().context.lastError;
  }

  shutDown(): void {
    this.#bootstrap.send({ type: 'shutdown.requested' });
  }

  #createBootstrap(): Actor<typeof bootstrapMachine> {
    const machine = bootstrapMachine.provide({
      actors: {
        servers: fromPromise(() => this.#bindServers()),
        engine: fromPromise<void, EngineOrder>(({ input }) => this.#engines.start(input)),
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
      bound({ server: 'GRPC', ...grpc }, this.#grpc.listen()),
      bound({ server: 'HTTP', ...http }, this.#http.listen()),
      this.#persistence.open(),
      this.#exportTap?.start(),
    ]);
    // Both at once, so that a start that fails twice is not tried twice.
    const faults = [grpcPort, httpPort].filter((each) => typeof each === 'string');
    if (typeof grpcPort === 'string' || typeof httpPort === 'string') throw new Error(faults.join('; '));
    this.#ports = { grpc: grpcPort, http: httpPort };
  }

  async #drain(): Promise<void> {
    this.#grpc.setServing(false);
    await this.#streams.supervisor.drain();
  }

  async #stop(): Promise<void> {
    this.#streams.collector.dropAll();
    await this.#grpc.close(CLOSE_GRACE_MS);
    this.#inspector?.close();
    await Promise.all([this.#http.close(), this.#engines.stop(), this.#persistence.close(), this.#recording.close()]);
    this.#ownTime.stop();
    // Behind the last lines of the logs.
    this.#exportTap?.stop();
  }

  #carryOut(emitted: BootstrapEmitted): void {
    const method = 'serve';
    const scope = 'server';
    switch (emitted.type) {
      case 'service.ready': {
        this.#streams.supervisor.openAdmission();
        this.#grpc.setServing(true);
        const { answer, speech } = this.#engines.inUse();
        const { health, lastError, replaced } = this.#state();
        const ctx = {
          grpc_port: this.#ports.grpc,
          http_port: this.#ports.http,
          grpc_host: this.#config.grpc.host,
          http_host: this.#config.http.host,
          version: this.#version,
          data_dir: resolve(this.#config.data.dir),
          answer_engine: answer.name,
          speech_engine: speech.name,
          health,
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
        const ctx = { active_streams: this.#streams.supervisor.activeStreams };
        this.#log.info({ scope, method, decision: 'drain', ctx }, 'no new calls; running streams may end');
        return;
      }
      case 'service.failed': {
        const ctx = { reason: emitted.reason };
        this.#log.error({ scope, method, decision: 'failed', ctx }, 'the server could not start');
        return;
      }
      case 'service.stopped': {
        const ctx = { active_streams: this.#streams.supervisor.activeStreams };
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
    const { supervisor, counters } = this.#streams;
    return { slots: supervisor.activeStreams, refusedBy: counters.rejected, state, health };
  }

  #state(): ServerState {
    const snapshot = this.#bootstrap.getSnapshot();
    const { lastError: startError, replaced } = snapshot.context;
    const problems = [startError, this.#persistence.problem, this.#recording.problem].filter((each) => each !== null);
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

  #status(): Readonly<Record<string, unknown>> {
    const { state, health, lastError, replaced } = this.#state();
    const engines = this.#engines.peek();
    const { supervisor, collector, counters, answerJobs, speechJobs } = this.#streams;
    return {
      state,
      health,
      last_error: lastError,
      ...(isAnyOf(replaced) && { replaced }),
      active_streams: supervisor.activeStreams,
      max_streams: this.#config.backpressure.maxStreams,
      in_flight: supervisor.inFlight,
      active_answers: answerJobs.running,
      active_speech: speechJobs.running,
      rejected: counters.rejected,
      idle_timeouts: counters.idleTimeouts,
      commands_sent: counters.commandsSent,
      totals: counters.totals.report(),
      collect_buffers: collector.buffers,
      ...this.#persistence.status(),
      event_log: this.#recording.status(),
      ...(this.#exportTap !== null && { inspector_export: exportStatus(this.#exportTap) }),
      answer_engine: engines?.answer.name ?? null,
      speech_engine: engines?.speech.name ?? null,
      ...engines?.answer.status?.(),
      uptime_seconds: Math.round(performance.now() - this.#startedAtMs) / 1000,
      version: this.#version,
    };
  }
}
