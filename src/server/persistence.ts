/** What a server keeps on its disk, put together from its configuration: the store, and the event logs of its charts. */

import { statSync } from 'node:fs';
import type { AnyStateMachine } from 'xstate';
import type { ConversationMemory } from '../actors/answer/conversation-memory.ts';
import { HistoryLookup } from '../actors/answer/history-lookup.ts';
import type { OwnTime } from '../call/own-time.ts';
import type { Config } from '../config.ts';
import type { SessionMachine } from '../machines/session/session.machine.ts';
import type { supervisorMachine } from '../machines/supervisor/supervisor.machine.ts';
import type { WelcomeMachine } from '../machines/welcome/welcome.machine.ts';
import type { Logger } from '../observe/logger.ts';
import { makePrivateFolder } from '../private-folder.ts';
import { sessionRecording, supervisorRecording, welcomeRecording } from '../record/chart-recordings.ts';
import { EventLogs, type FoundLog, type LineTap, type LogNaming } from '../record/event-logs.ts';
import { type TurnRecorder, withRecorder } from '../record/recorded-logic.ts';
import { type ChartRecording, logMaker } from '../record/redaction.ts';
import { MemoryCache } from '../store/memory-cache.ts';
import { GenerationReader } from '../store/memory-generations.ts';
import { QuotaCounter } from '../store/quota-counter.ts';
import { MemoryStore, UsageStore } from '../store/store-clients.ts';
import { StoreProcess, storeFolderOf } from '../store/store-process.ts';
import type { ChartWatch } from './composition.ts';

/** What others than the owner may change in it, they could put another store in the place of ours. */
const WRITABLE_BY_OTHERS = 0o022;

/**
 * Makes DATA_DIR for its owner alone. One that is there keeps its mode, which somebody chose; what is made in it is private all the same. Where
 * it can't be made, the store and the event logs say so.
 */
export function prepareDataFolder(dir: string, log: Logger): void {
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

/**
 * Used tokens, memories and the counts of quotas, all in the embedded store and through one process. A store that does not open
 * keeps nobody from serving: it is told on /status and by ReportUsage.
 */
export class Persistence {
  readonly usage: UsageStore;
  readonly #process: StoreProcess;
  /** null = switched off. */
  readonly #memory: MemoryStore | null;
  readonly #history: HistoryLookup | null;
  readonly #quota: QuotaCounter | null;

  constructor({ data, memory, quota }: Config, log: Logger, ownTime: OwnTime) {
    const { isOn, ...limits } = memory;
    const timeMs = (): number => Date.now();
    const store = new StoreProcess({ dataDir: data.dir, memory: limits, log, ownTime });
    this.#process = store;
    this.usage = new UsageStore({ store, log });
    const now = (): number => performance.now();
    const generations = new GenerationReader(storeFolderOf(data.dir), now);
    const cache = new MemoryCache({ limits, generations, now });
    this.#memory = isOn ? new MemoryStore({ store, limits, timeMs, cache }) : null;
    this.#history = this.#memory === null ? null : new HistoryLookup({ memory: this.#memory, log, ownTime });
    const isQuotaOn = quota.daily > 0 || quota.weekly > 0 || quota.monthly > 0;
    this.#quota = isQuotaOn ? new QuotaCounter({ store, limits: quota, log, timeMs, ownTime }) : null;
  }

  get memory(): ConversationMemory | null {
    return this.#memory;
  }

  get history(): HistoryLookup | null {
    return this.#history;
  }

  get quota(): QuotaCounter | null {
    return this.#quota;
  }

  /** Resolves when the store is open and the quotas are loaded, or when that failed; bounded. */
  async open(): Promise<void> {
    await this.#process.open();
    await this.#quota?.load();
  }

  /** Waits for what is on its way to the disk; idempotent, and bounded. */
  close(): Promise<void> {
    return this.#process.close();
  }

  /** Why nothing is kept at present, in one line; null = it is. */
  get problem(): string | null {
    const { failure } = this.#process;
    return failure === null ? null : `usage, memories and quotas are not stored: ${failure}`;
  }

  /** Its part of /status; `history` tells of the lookups, wherever they are made. */
  status(history: HistoryLookup['counts'] | null): Readonly<Record<string, unknown>> {
    const { failure } = this.#process;
    return {
      usage_store: failure === null ? 'ok' : 'failed',
      usage_store_error: failure,
      memory: this.#memoryStatus(history),
      quota: this.#quota === null ? 'off' : this.#quota.status(),
    };
  }

  #memoryStatus(history: HistoryLookup['counts'] | null): unknown {
    if (this.#memory === null) return 'off';
    const { remembered, lost } = this.#memory.counts;
    const { late, failed } = history ?? { late: 0, failed: 0 };
    return { remembered, lost, lookups_late: late, lookups_failed: failed };
  }
}

/** The recorder of the log of an actor; null = it has none. */
type OpenLog = (actorId: string) => TurnRecorder | null;

/** Looks on at every recorded chart, and at the lines of the logs. */
export interface Onlooker {
  /** The recorder of the chart of this actor, which passes every turn on to that of its log. */
  recorderFor(actorId: string, recording: ChartRecording, openLog: OpenLog): TurnRecorder;
  readonly tap: LineTap;
}

interface RecordingOptions {
  readonly config: Config;
  readonly log: Logger;
  /** Version of the server. */
  readonly build: string;
  /** Of log files. */
  readonly maxDescriptors: number;
  /** null = nobody looks on. */
  readonly onlooker: Onlooker | null;
  /** Is told of the lines of the logs, too; null = nobody is. */
  readonly exportTap: LineTap | null;
}

/** The event logs of a server: which charts are recorded, where, and with what of their texts. */
export class Recording implements ChartWatch {
  readonly #options: RecordingOptions;
  /** null = switched off. */
  readonly #logs: EventLogs | null;

  constructor(options: RecordingOptions) {
    this.#options = options;
    this.#logs = options.config.eventLog.isOn ? createEventLogs(options) : null;
  }

  /** The session chart, whose every turn is recorded: a log a session, named by its stream id. */
  ofSessions(machine: SessionMachine): SessionMachine {
    return this.#recorded(machine, sessionRecording, (streamId) => ({ name: streamId }));
  }

  /** The welcome chart, in the same way. */
  ofWelcomes(machine: WelcomeMachine): WelcomeMachine {
    return this.#recorded(machine, welcomeRecording, (streamId) => ({ name: streamId }));
  }

  /** The supervisor chart, whose every turn is recorded: a log for each start of the server. */
  ofSupervisor(machine: typeof supervisorMachine): typeof supervisorMachine {
    // Two servers may share a folder and start at once.
    const naming = { name: `${process.pid}-supervisor`, isLasting: true };
    return this.#recorded(machine, supervisorRecording, () => naming);
  }

  /** Why event logs are being lost at present, in one line; null = they are not. */
  get problem(): string | null {
    const failure = this.#logs?.failure ?? null;
    return failure === null ? null : `event logs are being lost: ${failure}`;
  }

  /** As /status tells it; null = switched off. */
  status(): Readonly<Record<string, number>> | null {
    if (this.#logs === null) return null;
    const { open, lagMs, filesFailed, turnsDropped, filesDeleted, deletionsFailed } = this.#logs.counts;
    return {
      open_files: open,
      files_failed: filesFailed,
      turns_dropped: turnsDropped,
      files_deleted: filesDeleted,
      deletions_failed: deletionsFailed,
      lag_seconds: Math.round(lagMs) / 1000,
    };
  }

  /** Where the log of a live actor is written, and how many lines it has; null = it has none. */
  find(actorId: string): FoundLog | null {
    return this.#logs?.find(actorId) ?? null;
  }

  /** Writes what waits. */
  async close(): Promise<void> {
    await this.#logs?.close();
  }

  /** The machine whose turns are recorded as `recording` says; `namingOf` names the log of an actor. */
  #recorded<TMachine extends AnyStateMachine>(
    machine: TMachine,
    recording: ChartRecording,
    namingOf: (actorId: string) => LogNaming,
  ): TMachine {
    const logs = this.#logs;
    const { config, build, onlooker } = this.#options;
    if (logs === null && onlooker === null) return machine;
    const newLog = logMaker(recording, { redaction: config.eventLog.redaction, build });
    const openLog: OpenLog = (actorId) => logs?.recorderFor(actorId, namingOf(actorId), newLog) ?? null;
    if (onlooker === null) return withRecorder(machine, openLog);
    return withRecorder(machine, (actorId) => onlooker.recorderFor(actorId, recording, openLog));
  }
}

function createEventLogs({ config, log, build, maxDescriptors, onlooker, exportTap }: RecordingOptions): EventLogs {
  const { dir, files, maxAgeMs, maxTotalBytes } = config.eventLog;
  const scope = 'replay';
  const method = 'record';
  return new EventLogs({
    retention: { dir, maxAgeMs, maxTotalBytes },
    files,
    version: build,
    maxDescriptors,
    now: () => performance.now(),
    date: () => new Date(),
    ...tapOf([onlooker?.tap ?? null, exportTap].filter((tap) => tap !== null)),
    onFault: (why) => {
      const fields = { scope, method, decision: 'event_log_failed', ctx: { why } };
      log.error(fields, 'event logs are being lost; streams go on without them');
    },
    onRecovery: () => {
      log.info({ scope, method, decision: 'event_log_recovered', ctx: {} }, 'event logs can be written again');
    },
    onKilledFound: (segments, newest) => {
      const fields = { scope, method: 'sweep', decision: 'event_log_unended', ctx: { segments, newest } };
      log.warn(fields, 'an earlier server was killed: the logs of what ran then may lack their last 50 ms');
    },
    onSweepFault: (why) => {
      const fields = { scope, method: 'sweep', decision: 'event_log_sweep_failed', ctx: { why } };
      log.warn(fields, 'old event logs could not be deleted');
    },
  });
}

/** One tap for all of them. */
function tapOf(taps: readonly LineTap[]): { readonly tap?: LineTap } {
  const [first, ...others] = taps;
  if (first === undefined || others.length === 0) return first === undefined ? {} : { tap: first };
  return {
    tap: {
      linesMade: (lines) => {
        for (const tap of taps) tap.linesMade(lines);
      },
      logLost: (actorId) => {
        for (const tap of taps) tap.logLost(actorId);
      },
    },
  };
}
