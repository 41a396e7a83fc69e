/**
 * The place of one worker, and the process that has it: forked, told what it is made of, brought as far as the others are, watched, and
 * replaced when it is lost. A worker is lost when its process ends, whatever ended it, and when it has not answered for HUNG_PINGS looks.
 *
 * Guarantees: of a lost worker nothing is heard any more; its slots are free in the turn in which its end is known. A replacement is
 * asked for connections only when its engines are up.
 */
import cluster, { type Worker } from 'node:cluster';
import type { EngineOrder } from '../../machines/bootstrap.machine.ts';
import type { NodeFigures } from '../../observe/exposition.ts';
import { type Logger, wholeLines } from '../../observe/logger.ts';
import type { EngineNames, FloorFigures } from '../stream-service.ts';
import type { BridgeEnd } from './bridge-maker.ts';
import { sumOf, withoutGauges } from './figure-sums.ts';
import { WorkerDesk, type WorkerDeskOptions } from './worker-desk.ts';
import { type BridgeMessage, WORKER_LOADED, type WorkerBirth } from './worker-messages.ts';

const PING_INTERVAL_MS = 1_000;
/**
 * A worker that is silent for so many of our own looks does nothing for its streams, either. While this process is stopped itself, it does not
 * look, and nobody is blamed. One that is still loading its modules is not looked at: how long a start may take is bounded elsewhere.
 */
const HUNG_PINGS = 20;

/** A process without a channel to us is on its way out. */
const LEAVING_MS = 1_000;

/** Who hears of a worker. */
export interface SeatListener {
  /** The process has ended; `streams` lost their slots with it. */
  lost(seat: WorkerSeat, why: string, streams: number): void;
  /** Whole lines of its log. */
  logged(lines: string): void;
}

export interface WorkerSeatOptions extends WorkerDeskOptions {
  readonly birth: () => Omit<WorkerBirth, 'number'>;
  readonly listener: SeatListener;
  readonly log: Logger;
}

interface Sitting {
  readonly worker: Worker;
  readonly desk: WorkerDesk;
  names: EngineNames | null;
  /** Looks since it answered last. */
  unanswered: number;
  isAsked: boolean;
  hasSpoken: boolean;
  isUp: boolean;
  isDismissed: boolean;
  /** Why it was killed; null = it was not, or by others. */
  fault: string | null;
}

export class WorkerSeat {
  readonly number: number;
  readonly #options: WorkerSeatOptions;
  #sitting: Sitting | null = null;
  #pings: NodeJS.Timeout | null = null;
  /** What it told last, kept when it is lost: counts only grow. */
  #figures: FloorFigures | null = null;
  #past: FloorFigures[] = [];
  /** Waits for the end of the process. */
  #onEmpty: (() => void)[] = [];
  restarts = 0;

  constructor(options: WorkerSeatOptions) {
    this.#options = options;
    this.number = options.number;
  }

  get isUp(): boolean {
    return this.#sitting?.isUp === true;
  }

  get pid(): number | null {
    return this.#sitting?.worker.process.pid ?? null;
  }

  get activeStreams(): number {
    return this.#sitting?.desk.activeStreams ?? 0;
  }

  get engineNames(): EngineNames | null {
    return this.#sitting?.names ?? null;
  }

  /** Forks the process; it hears and does nothing yet. */
  fork(): void {
    const { birth, number } = this.#options;
    const worker = cluster.fork();
    /** What is said to one that can't hear yet; null = it does. */
    let waiting: (() => void)[] | null = [];
    const send = (batch: object, sent: () => void): void => {
      // One that is gone is told of by its end.
      if (waiting !== null) waiting.push(() => send(batch, sent));
      else if (worker.isConnected()) worker.process.send(batch, sent);
    };
    const sendSocket: BridgeEnd['bridge'] = (to, socket) => {
      if (worker.isConnected()) worker.process.send({ bridge: to } satisfies BridgeMessage, socket, () => {});
      else socket.destroy();
    };
    const desk = new WorkerDesk(this.#options, {
      send,
      sendSocket,
      onGivenUp: (why) => this.#kill(sitting, why),
    });
    const sitting: Sitting = {
      worker,
      desk,
      names: null,
      unanswered: 0,
      isAsked: false,
      hasSpoken: false,
      isUp: false,
      isDismissed: false,
      fault: null,
    };
    this.#sitting = sitting;
    worker.process.on('message', (message) => {
      if (message !== WORKER_LOADED) {
        if (Array.isArray(message)) desk.line.take(message);
        return;
      }
      // A message that comes while it loads its modules is heard by nobody.
      const before = waiting ?? [];
      waiting = null;
      sitting.hasSpoken = true;
      send({ ...birth(), number }, () => {});
      for (const sendIt of before) sendIt();
    });
    worker.process.stdout?.on('data', wholeLines(this.#options.listener.logged));
    worker.process.stderr?.on('data', (chunk) => process.stderr.write(chunk));
    worker.on('error', () => {});
    // Who has lost its channel ends by itself; one that can't is ended.
    worker.process.once('disconnect', () => setTimeout(() => worker.process.kill('SIGKILL'), LEAVING_MS).unref());
    worker.process.once('exit', (code, signal) => {
      const { isDismissed, fault } = sitting;
      if (!isDismissed) this.#lose(sitting, fault ?? `it ended with ${signal ?? `exit code ${code}`}`);
    });
    // Behind the last line of its log.
    worker.process.once('close', () => this.#lose(sitting, 'it was dismissed'));
    this.#pings ??= setInterval(() => this.#look(), PING_INTERVAL_MS);
  }

  /** Binds the port; rejects with why not. */
  listen(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#ask((desk) =>
        desk.line.ask('listen', {}, (outcome) => {
          if ('fault' in outcome) reject(new Error(outcome.fault));
          else resolve(outcome.port);
        }),
      );
    });
  }

  startEngine(order: EngineOrder): Promise<void> {
    const sitting = this.#sitting;
    return new Promise((resolve, reject) => {
      this.#ask((desk) =>
        desk.line.ask('startEngine', { order }, (outcome) => {
          if ('fault' in outcome) {
            reject(new Error(outcome.fault));
            return;
          }
          if (sitting !== null) sitting.names = outcome.names;
          resolve();
        }),
      );
    });
  }

  setServing(isServing: boolean): void {
    this.#sitting?.desk.line.tell({ kind: 'serving', isServing });
  }

  /** From now on it counts as there. */
  noteUp(): void {
    if (this.#sitting !== null) this.#sitting.isUp = true;
  }

  /** It does not do what it should: it is ended, and lost with that. */
  kill(): void {
    this.#sitting?.worker.process.kill('SIGKILL');
  }

  #kill(sitting: Sitting, fault: string): void {
    sitting.fault = fault;
    sitting.worker.process.kill('SIGKILL');
  }

  /** What it tells of its streams, and what those before it told last; `within` ms. */
  async figures(withinMs: number): Promise<readonly FloorFigures[]> {
    const sitting = this.#sitting;
    if (sitting !== null) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, withinMs);
        sitting.desk.line.ask('figures', {}, (figures) => {
          clearTimeout(timer);
          if (this.#sitting === sitting) this.#figures = figures;
          resolve();
        });
      });
    }
    return [...this.#past, ...(this.#figures === null ? [] : [this.#figures])];
  }

  /** Those of its process; none if it does not tell them in time. */
  nodeFigures(withinMs: number): Promise<readonly NodeFigures[]> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, withinMs, []);
      const tell = (figures: readonly NodeFigures[]): void => {
        clearTimeout(timer);
        resolve(figures);
      };
      if (this.#sitting === null) tell([]);
      else this.#sitting.desk.line.ask('nodeFigures', {}, (figures) => tell([figures]));
    });
  }

  /** Lets it end its calls and write its logs; resolves when the process has ended, at the latest soon after `withinMs`. */
  dismiss(withinMs: number): Promise<void> {
    const sitting = this.#sitting;
    if (this.#pings !== null) clearInterval(this.#pings);
    this.#pings = null;
    if (sitting === null) return Promise.resolve();
    sitting.isDismissed = true;
    const kill = setTimeout(() => this.kill(), withinMs);
    return new Promise((resolve) => {
      this.#onEmpty.push(() => {
        clearTimeout(kill);
        resolve();
      });
      sitting.desk.line.tell({ kind: 'dismissed' });
    });
  }

  #ask(ask: (desk: WorkerDesk) => void): void {
    const desk = this.#sitting?.desk;
    if (desk !== undefined) ask(desk);
  }

  #look(): void {
    const sitting = this.#sitting;
    if (sitting === null || !sitting.hasSpoken) return;
    if (sitting.isAsked) {
      sitting.unanswered += 1;
      const silentSeconds = (HUNG_PINGS * PING_INTERVAL_MS) / 1000;
      if (sitting.unanswered >= HUNG_PINGS) this.#kill(sitting, `it has not answered for ${silentSeconds}s`);
      return;
    }
    sitting.isAsked = true;
    sitting.desk.line.ask('figures', {}, (figures) => {
      sitting.isAsked = false;
      sitting.unanswered = 0;
      if (this.#sitting === sitting) this.#figures = figures;
    });
  }

  #lose(sitting: Sitting, why: string): void {
    if (this.#sitting !== sitting) return;
    this.#sitting = null;
    const streams = sitting.desk.lost(sitting.isDismissed);
    if (this.#figures !== null) this.#past = [withoutGauges(sumOf([...this.#past, this.#figures]))];
    this.#figures = null;
    for (const resolve of this.#onEmpty.splice(0)) resolve();
    if (!sitting.isDismissed) this.#options.listener.lost(this, why, streams);
  }
}
