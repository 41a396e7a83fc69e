/**
 * INSPECTOR_EXPORT, put together from the configuration. What it is made of (inspector/stately/, with its packages) is loaded while the
 * server starts, where it is set, and never where it is not; lines that are made meanwhile wait, which are the supervisor's first few.
 */
import type { Config } from '../config.ts';
import { wordsOf } from '../errors.ts';
import type { ExportCounts } from '../inspector/stately/export-socket.ts';
import type { StatelyExport } from '../inspector/stately/stately-export.ts';
import { sessionMachine } from '../machines/session/session.machine.ts';
import { supervisorMachine } from '../machines/supervisor/supervisor.machine.ts';
import { welcomeMachine } from '../machines/welcome/welcome.machine.ts';
import type { Logger } from '../observe/logger.ts';
import type { LineTap, MadeLines } from '../record/event-logs.ts';

/** No session begins before it is loaded. */
const MAX_WAITING_BATCHES = 100;

/** As `SupervisorHost` names its actor. */
const SUPERVISOR_ID = 'supervisor';

export class ExportTap implements LineTap {
  readonly #url: string;
  readonly #log: Logger;
  readonly #run: string;
  /** Null once it is loaded. */
  #waiting: MadeLines[] | null = [];
  #export: StatelyExport | null = null;
  #isStopped = false;

  constructor(url: string, log: Logger, run: string) {
    this.#url = url;
    this.#log = log;
    this.#run = run;
  }

  /** As /status tells it. */
  get counts(): ExportCounts {
    return this.#export?.counts ?? { isConnected: false, sent: 0, dropped: 0 };
  }

  /** Loads it and connects; never rejects: a server whose installation lacks it serves without. */
  async start(): Promise<void> {
    const loaded = await import('../inspector/stately/stately-export.ts').catch((error: unknown) => wordsOf(error));
    if (typeof loaded === 'string') this.#noteUnavailable(loaded);
    if (typeof loaded === 'string' || this.#isStopped) {
      this.stop();
      return;
    }
    const { StatelyExport } = loaded;
    const tap = new StatelyExport({
      url: this.#url,
      log: this.#log,
      machines: [sessionMachine, welcomeMachine, supervisorMachine],
      supervisorId: SUPERVISOR_ID,
      run: this.#run,
    });
    for (const lines of this.#waiting ?? []) tap.linesMade(lines);
    this.#waiting = null;
    this.#export = tap;
    tap.start();
  }

  stop(): void {
    this.#isStopped = true;
    this.#waiting = null;
    this.#export?.stop();
  }

  linesMade(lines: MadeLines): void {
    if (this.#waiting === null) this.#export?.linesMade(lines);
    else if (this.#waiting.length < MAX_WAITING_BATCHES) this.#waiting.push(lines);
  }

  logLost(actorId: string): void {
    this.#export?.logLost(actorId);
  }

  #noteUnavailable(why: string): void {
    const fields = { scope: 'inspector', method: 'export', decision: 'export_unavailable', ctx: { why } };
    this.#log.error(fields, 'INSPECTOR_EXPORT is set, and what it needs is not installed');
  }
}

/** What tells one start of a server from the next, and joins what its processes tell. */
export function newExportRun(): string {
  return `${process.pid}-${Date.now().toString(36)}`;
}

/** Null where it is switched off. */
export function createExportTap({ inspector }: Config, log: Logger, run: string): ExportTap | null {
  return inspector.exportUrl === null ? null : new ExportTap(inspector.exportUrl, log, run);
}
