/**
 * Watches the load of this process: measures it, has it judged (load-judge.ts), and tells who admits, the log, /status and /health.
 *
 * It looks at the event loop every PROBE_MS: how much later than asked its timer fires is what any call and any frame waits. A probe costs
 * two microseconds, fifty of them a second a ten-thousandth of a processor.
 */
import { performance } from 'node:perf_hooks';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { LoadJudge, type LoadMoment, WINDOW_MS } from '../actors/hosts/load-judge.ts';
import type { StreamFloor } from '../actors/hosts/stream-floor.ts';
import { OwnClock } from '../call/own-time.ts';
import type { Config } from '../config.ts';
import type { LoadReason } from '../machines/supervisor/supervisor.types.ts';
import type { Logger } from '../observe/logger.ts';
import type { GrpcServer } from '../rpc/server.ts';

const PROBE_MS = 20;
/** Shedding is over when nothing was a reason for so long: `starts` comes and goes twice a second. */
const OVER_MS = 2_000;
/** Of running streams and collected utterances: a hundred of the largest by default, four hundred of what screens have. */
const MAX_SCREENSHOT_BYTES = 1024 * 1024 * 1024;
/** A control group that says more has no limit. */
const UNLIMITED_BYTES = 2 ** 50;

/** Lags that are shorter are told nowhere. */
const TOLD_PAUSE_MS = 5_000;

/** The clock of all that is waited for, running. */
export function createOwnTime(log: Logger): OwnClock {
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

/**
 * Keeps V8 from making objects old at their birth. It does so for places in the code whose objects have often outlived two collections, and
 * those of a stream outlive as many as fall into its life; from then on each stream is born old, and a dead old object keeps all that it refers to
 * until the next full collection: 60 KB a short conversation instead of 20 (docs/decisions/0020). For the whole process.
 */
export function keepNewObjectsYoung(): void {
  setFlagsFromString('--no-allocation-site-pretenuring');
}

interface LoadWatchOptions {
  readonly maxLagMs: number;
  readonly log: Logger;
  readonly activeStreams: () => number;
  /** Of the bytes that requests may hold, 0 to 1. */
  readonly promptShare: () => number;
  /** Told whenever the reasons to refuse new streams change; none = there is no reason any more. */
  readonly onChange: (reasons: readonly LoadReason[]) => void;
}

/** What /status says of it. */
export interface LoadReport {
  readonly is_shedding: boolean;
  readonly reasons: readonly LoadReason[];
  /** How long it has been shedding, or not. */
  readonly for_seconds: number;
  readonly loop_lag_ms: number;
  readonly memory_share: number;
  readonly prompt_share: number;
}

/** As much of the streams of a process as their load is. */
export interface LoadedStreams {
  readonly supervisor: Pick<StreamFloor, 'screenshotBytes' | 'liveStreams' | 'reportLoad'>;
  readonly collector: { readonly screenshotBytes: number };
}

/** Watches these streams and this transport; null = switched off. */
export function createLoadWatch(
  config: Config,
  log: Logger,
  streams: LoadedStreams,
  grpc: GrpcServer,
): LoadWatch | null {
  const { isOn, maxLagMs } = config.overload;
  if (!isOn) return null;
  const { supervisor, collector } = streams;
  const screenshotShare = () => (supervisor.screenshotBytes + collector.screenshotBytes) / MAX_SCREENSHOT_BYTES;
  return new LoadWatch({
    maxLagMs,
    log,
    activeStreams: () => supervisor.liveStreams,
    promptShare: () => Math.max(grpc.heldShare, screenshotShare()),
    onChange: (reasons) => supervisor.reportLoad(reasons),
  });
}

export class LoadWatch {
  readonly #options: LoadWatchOptions;
  readonly #judge: LoadJudge;
  readonly #memoryLimitBytes = memoryLimitBytes();
  #probe: NodeJS.Timeout | undefined;
  #dueAtMs = 0;
  /** Of the window that is under way. */
  #startedAtMs = 0;
  #processorMs = 0;
  #utilisation = performance.eventLoopUtilization();
  #lagMs = 0;
  #maxLagMs = 0;
  #looks = 0;
  /** Of the one before. */
  #meanLagMs = 0;
  #isShedding = false;
  #changedAtMs = performance.now();
  #lastReasonAtMs = 0;
  /** Of the present, or of just before: while it says that it is shedding, it says why. */
  #toldReasons: readonly LoadReason[] = [];

  constructor(options: LoadWatchOptions) {
    this.#options = options;
    this.#judge = new LoadJudge({
      maxLagMs: options.maxLagMs,
      now: () => performance.now(),
      memoryShare: () => this.#memoryShare(),
      onChange: (reasons) => {
        options.onChange(reasons);
        this.#follow();
      },
    });
  }

  /** Looks from now on; keeps no process alive. */
  start(): void {
    this.#begin();
    this.#look();
  }

  stop(): void {
    clearTimeout(this.#probe);
  }

  /** A stream is asked for. */
  asked(moment: LoadMoment): void {
    this.#judge.asked(moment);
  }

  /** What is wrong at present, in one line; null = nothing is. */
  get problem(): string | null {
    return this.#isShedding ? 'new streams are refused: the server is overloaded' : null;
  }

  report(): LoadReport {
    return {
      is_shedding: this.#isShedding,
      reasons: this.#isShedding ? this.#toldReasons : [],
      for_seconds: Math.round(performance.now() - this.#changedAtMs) / 1000,
      loop_lag_ms: Math.round(this.#meanLagMs * 10) / 10,
      memory_share: rounded(this.#memoryShare()),
      prompt_share: rounded(this.#options.promptShare()),
    };
  }

  #begin(): void {
    this.#startedAtMs = performance.now();
    this.#processorMs = processorMs();
    this.#utilisation = performance.eventLoopUtilization();
    [this.#lagMs, this.#maxLagMs, this.#looks] = [0, 0, 0];
  }

  #look(): void {
    const nowMs = performance.now();
    if (this.#dueAtMs > 0) this.#noteLag(Math.max(0, nowMs - this.#dueAtMs), nowMs);
    this.#dueAtMs = nowMs + PROBE_MS;
    this.#probe = setTimeout(() => this.#look(), PROBE_MS);
    this.#probe.unref();
  }

  #noteLag(lagMs: number, nowMs: number): void {
    const elapsedMs = nowMs - this.#startedAtMs;
    this.#looks += 1;
    this.#lagMs += lagMs;
    this.#maxLagMs = Math.max(this.#maxLagMs, lagMs);
    if (elapsedMs < WINDOW_MS) return;
    this.#meanLagMs = this.#lagMs / this.#looks;
    this.#judge.note({
      elapsedMs,
      meanLagMs: this.#meanLagMs,
      maxLagMs: this.#maxLagMs,
      processorMs: processorMs() - this.#processorMs,
      loopShare: performance.eventLoopUtilization(this.#utilisation).utilization,
      memoryShare: this.#memoryShare(),
      promptShare: this.#options.promptShare(),
      activeStreams: this.#options.activeStreams(),
    });
    this.#begin();
    this.#follow();
  }

  /** One line where it begins and one where it is over, however often the reasons change between. */
  #follow(): void {
    const nowMs = performance.now();
    const { reasons } = this.#judge;
    if (reasons.length > 0) {
      this.#lastReasonAtMs = nowMs;
      this.#toldReasons = reasons;
    }
    const isShedding = reasons.length > 0 || (this.#isShedding && nowMs - this.#lastReasonAtMs < OVER_MS);
    if (isShedding === this.#isShedding) return;
    const { log, activeStreams } = this.#options;
    const durationSeconds = Math.round(nowMs - this.#changedAtMs) / 1000;
    this.#isShedding = isShedding;
    this.#changedAtMs = nowMs;
    const { loop_lag_ms, memory_share, prompt_share } = this.report();
    const figures = { active_streams: activeStreams(), loop_lag_ms, memory_share, prompt_share };
    const scope = 'backpressure';
    if (isShedding) {
      const ctx = { reasons, ...figures };
      log.warn({ scope, method: 'load', decision: 'overloaded', ctx }, 'new streams are refused');
    } else {
      const ctx = { duration_seconds: durationSeconds, ...figures };
      log.info({ scope, method: 'load', decision: 'overload_over', ctx }, 'new streams are admitted again');
    }
  }

  #memoryShare(): number {
    const { used_heap_size, heap_size_limit } = getHeapStatistics();
    const heapShare = used_heap_size / heap_size_limit;
    if (this.#memoryLimitBytes === null) return heapShare;
    return Math.max(heapShare, process.memoryUsage.rss() / this.#memoryLimitBytes);
  }
}

/** What the control group allows; null = nothing does. */
function memoryLimitBytes(): number | null {
  const bytes = process.constrainedMemory();
  return bytes > 0 && bytes < UNLIMITED_BYTES ? bytes : null;
}

function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function rounded(share: number): number {
  return Math.round(share * 1000) / 1000;
}
