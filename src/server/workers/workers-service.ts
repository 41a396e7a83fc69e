/**
 * The streams of a server in worker processes: WORKERS=n. This process has the owner of admissions, the store and the HTTP port, and carries no
 * sound; connections go round the workers (node:cluster), each of which has the gRPC port, engines and streams of its own.
 *
 * Guarantees: the port is one for all, also where it was asked for as 0; the server is ready when all workers are; one that is lost frees its
 * slots at once, touches no other and is replaced, after a pause that grows with the losses; more than MAX_LOSSES in LOSS_WINDOW_MS are no accident,
 * and the server gives up. Nobody is left behind: a worker that loses this process ends.
 */
import cluster from 'node:cluster';
import { createServer } from 'node:net';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { ConversationMemory } from '../../actors/answer/conversation-memory.ts';
import type { Config } from '../../config.ts';
import { wordsOf } from '../../errors.ts';
import type { EngineOrder } from '../../machines/bootstrap.machine.ts';
import type { NodeFigures } from '../../observe/exposition.ts';
import type { Logger } from '../../observe/logger.ts';
import type { UsageStore } from '../../store/store-clients.ts';
import type { AdmissionsComposition } from '../composition.ts';
import type { Recording } from '../persistence.ts';
import { CLOSE_GRACE_MS, type EngineNames, type ServiceStatus, type StreamService } from '../stream-service.ts';
import { BridgeMaker } from './bridge-maker.ts';
import type { FarSessions } from './far-sessions.ts';
import { sumOf } from './figure-sums.ts';
import { MachinePlaces } from './machine-places.ts';
import type { WorkerBirth } from './worker-messages.ts';
import { WorkerSeat } from './worker-seat.ts';

/** OTP restarts children some times in some seconds, and then gives up itself (docs/decisions/0022). */
const MAX_LOSSES = 5;
const LOSS_WINDOW_MS = 60_000;
/** Before the first replacement; twice that before the next one. */
const FIRST_PAUSE_MS = 100;
/** A worker answers in a millisecond; /status does not wait for one that hangs. */
const FIGURES_DUE_MS = 500;
/** Beyond the time that its calls get: engines stop, logs are written. */
const DISMISSAL_MARGIN_MS = 2_500;
/** Somebody else may take a port that was free a moment ago. */
const PORT_TRIES = 5;

/** What the workers of a server are made of. */
export interface WorkerOrigin extends Pick<WorkerBirth, 'env' | 'files'> {
  readonly count: number;
  /** Takes whole lines of their logs. */
  readonly passOn: (lines: string) => void;
}

/** How many workers the configuration asks for; null = none: this process does all itself. */
export function workersOf({ workers }: Pick<Config, 'workers'>): number | null {
  const count = workers === 'auto' ? availableParallelism() : workers;
  return count === 1 ? null : count;
}

export interface WorkersServiceOptions extends AdmissionsComposition {
  readonly config: Config;
  readonly origin: WorkerOrigin & Pick<WorkerBirth, 'exportRun'>;
  readonly memory: ConversationMemory | null;
  readonly usage: Pick<UsageStore, 'record'>;
  /** null = the inspector is off. */
  readonly far: FarSessions | null;
  readonly recording: Recording;
  readonly log: Logger;
  /** A monotonic clock in ms. */
  readonly now: () => number;
  /** Called once: workers are lost faster than they can be replaced. */
  readonly onGivenUp: (reason: string) => void;
}

export class WorkersService implements StreamService {
  readonly #options: WorkersServiceOptions;
  readonly #seats: readonly WorkerSeat[];
  /** What a replacement must be brought to. */
  readonly #orders = new Map<EngineOrder['part'], EngineOrder>();
  #grpcPort = 0;
  #isListening = false;
  #isServing = false;
  #isClosing = false;
  #losses: number[] = [];
  #givenUp: string | null = null;
  /** Told of the next loss, while the start waits for all workers. */
  #onLoss: ((why: string) => void) | null = null;

  constructor(options: WorkersServiceOptions) {
    this.#options = options;
    const { origin, admissions, memory, usage, far, log } = options;
    const { env, files, exportRun } = origin;
    const birth = () => ({ env, files, exportRun, grpcPort: this.#grpcPort });
    const listener = {
      lost: (seat: WorkerSeat, why: string, streams: number) => this.#noteLost(seat, why, streams),
      logged: origin.passOn,
    };
    const places = new MachinePlaces(options.config.connections.maxConnections);
    const bridges = new BridgeMaker((error) => {
      const fields = { scope: 'server', method: 'workers', decision: 'bridge_failed', ctx: { why: wordsOf(error) } };
      log.error(fields, 'a call can not hear a stream of another worker');
    });
    const parts = { birth, listener, admissions, memory, usage, places, bridges, far, log };
    this.#seats = Array.from({ length: origin.count }, (_, index) => new WorkerSeat({ ...parts, number: index + 1 }));
  }

  get activeStreams(): number {
    return this.#options.admissions.activeStreams;
  }

  get rejected(): Readonly<Record<string, number>> {
    return this.#options.counters.rejected;
  }

  get problem(): string | null {
    if (this.#givenUp !== null) return this.#givenUp;
    const missing = this.#seats.filter(({ isUp }) => !isUp).map(({ number }) => number);
    if (!this.#isServing || missing.length === 0) return null;
    return `of ${this.#seats.length} workers ${missing.length} are missing: ${missing.join(', ')}`;
  }

  async listen(): Promise<number> {
    const { host, port } = this.#options.config.grpc;
    for (let tries = 1; ; tries += 1) {
      this.#grpcPort = port === 0 ? await freePort(host) : port;
      try {
        await this.#bindAll();
        return this.#grpcPort;
      } catch (error) {
        const isTaken = wordsOf(error).includes('EADDRINUSE');
        if (port !== 0 || !isTaken || tries === PORT_TRIES) throw error;
        await Promise.all(this.#seats.map((seat) => seat.dismiss(0)));
      }
    }
  }

  async startEngine(order: EngineOrder): Promise<void> {
    this.#orders.set(order.part, order);
    await Promise.all(this.#seats.map((seat) => seat.startEngine(order)));
  }

  engineNames(): EngineNames | null {
    return this.#seats.map(({ engineNames }) => engineNames).find((names) => names !== null) ?? null;
  }

  open(): void {
    this.#options.admissions.open();
    this.#isServing = true;
    for (const seat of this.#seats) {
      seat.setServing(true);
      seat.noteUp();
    }
  }

  async drain(): Promise<void> {
    this.#isServing = false;
    for (const seat of this.#seats) seat.setServing(false);
    await this.#options.admissions.drain();
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.#options.collector.dropAll();
    await Promise.all(this.#seats.map((seat) => seat.dismiss(CLOSE_GRACE_MS + DISMISSAL_MARGIN_MS)));
  }

  async nodeFigures(): Promise<readonly NodeFigures[]> {
    return (await Promise.all(this.#seats.map((seat) => seat.nodeFigures(FIGURES_DUE_MS)))).flat();
  }

  async status(): Promise<ServiceStatus> {
    const { admissions, collector, counters, recording } = this.#options;
    const figures = (await Promise.all(this.#seats.map((seat) => seat.figures(FIGURES_DUE_MS)))).flat();
    // The supervisor's log is written here.
    const own = {
      ...sumOf([]),
      rejected: counters.rejected,
      meter: counters.meter.report(),
      event_log: recording.status(),
    };
    return {
      counts: {
        active_streams: admissions.activeStreams,
        in_flight: admissions.inFlight,
        queued_calls: admissions.queuedCalls,
        attached_streams: admissions.attachedStreams,
        collect_buffers: collector.buffers,
      },
      figures: sumOf([own, ...figures]),
      workers: this.#seats.map(({ number, pid, isUp, restarts, activeStreams }) => ({
        worker: number,
        state: isUp ? 'up' : pid === null ? 'missing' : 'starting',
        pid,
        active_streams: activeStreams,
        restarts,
      })),
    };
  }

  /** All workers, bound; a loss meanwhile is a start that failed. */
  async #bindAll(): Promise<void> {
    cluster.setupPrimary({
      exec: workerScript(),
      args: [],
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    cluster.schedulingPolicy = cluster.SCHED_RR;
    const lost = new Promise<never>((_resolve, reject) => {
      this.#onLoss = (why) => reject(new Error(why));
    });
    for (const seat of this.#seats) seat.fork();
    await Promise.race([Promise.all(this.#seats.map((seat) => seat.listen())), lost]);
    this.#onLoss = null;
    this.#isListening = true;
  }

  #noteLost(seat: WorkerSeat, why: string, streams: number): void {
    const { log, now, onGivenUp } = this.#options;
    if (this.#isClosing) return;
    if (!this.#isListening) {
      this.#onLoss?.(`worker ${seat.number} was lost: ${why}`);
      return;
    }
    const since = now() - LOSS_WINDOW_MS;
    this.#losses = [...this.#losses.filter((atMs) => atMs > since), now()];
    const isLast = this.#losses.length > MAX_LOSSES;
    const pauseMs = FIRST_PAUSE_MS * 2 ** (this.#losses.length - 1);
    const ctx = { worker: seat.number, why, streams, ...(!isLast && { replaced_in_seconds: pauseMs / 1000 }) };
    const fields = { scope: 'server', method: 'workers', decision: 'worker_lost', ctx };
    log.error(fields, 'a worker was lost; its streams are over and their slots free');
    if (this.#givenUp !== null) return;
    if (isLast) {
      this.#givenUp = `${this.#losses.length} workers were lost within ${LOSS_WINDOW_MS / 1000}s, the last one (worker ${seat.number}): ${why}`;
      onGivenUp(this.#givenUp);
      return;
    }
    setTimeout(() => void this.#replace(seat), pauseMs);
  }

  /** Never rejects: one that does not come up is a further loss. */
  async #replace(seat: WorkerSeat): Promise<void> {
    if (this.#isClosing || this.#givenUp !== null) return;
    seat.restarts += 1;
    seat.fork();
    try {
      await Promise.all([...this.#orders.values()].map((order) => seat.startEngine(order)));
      seat.setServing(this.#isServing);
      await seat.listen();
      seat.noteUp();
      const ctx = { worker: seat.number, pid: seat.pid, restarts: seat.restarts };
      const fields = { scope: 'server', method: 'workers', decision: 'worker_replaced', ctx };
      this.#options.log.info(fields, 'a worker stands in the place of the one that was lost');
    } catch (error) {
      const ctx = { worker: seat.number, why: wordsOf(error) };
      const fields = { scope: 'server', method: 'workers', decision: 'worker_failed', ctx };
      this.#options.log.error(fields, 'a worker that was to replace another did not come up');
      seat.kill();
    }
  }
}

/** A port that is free now. All workers are told the same one: the cluster binds it once, whoever of them comes first or last. */
function freePort(host: string): Promise<number> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, host, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** The compiled script of a worker. */
function workerScript(): string {
  const folder = import.meta.url.endsWith('.js') ? './' : '../../../dist/server/workers/';
  return fileURLToPath(new URL(`${folder}worker-process.js`, import.meta.url));
}
