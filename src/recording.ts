/** The event logs of a server, put together from its configuration: which charts are recorded, where, and with what of their texts. */
import type { Config } from './config.ts';
import { type SessionMachine, sessionMachine } from './machines/session.machine.ts';
import type { Logger } from './observe/logger.ts';
import { EventLogs } from './replay/event-logs.ts';
import { withRecorder } from './replay/recorded-logic.ts';
import { sessionLogMaker } from './replay/session-logs.ts';

export interface RecordingOptions {
  readonly config: Config;
  readonly log: Logger;
  /** Version of the server. */
  readonly build: string;
}

export class Recording {
  readonly #options: RecordingOptions;
  /** null = switched off. */
  readonly #logs: EventLogs | null;

  constructor(options: RecordingOptions) {
    this.#options = options;
    this.#logs = options.config.eventLog.isOn ? createEventLogs(options) : null;
  }

  /** The session chart, whose every turn is recorded. */
  ofSessions(machine: SessionMachine): SessionMachine {
    const logs = this.#logs;
    if (logs === null) return machine;
    const { config, build } = this.#options;
    const newLog = sessionLogMaker({ machine: sessionMachine, redaction: config.eventLog.redaction, build });
    return withRecorder(machine, (streamId) => logs.recorderFor(streamId, streamId, newLog));
  }

  /** Writes what waits. */
  async close(): Promise<void> {
    await this.#logs?.close();
  }
}

function createEventLogs({ config, log }: RecordingOptions): EventLogs {
  return new EventLogs({
    dir: config.eventLog.dir,
    now: () => performance.now(),
    date: () => new Date(),
    onFault: (why) => {
      const fields = { scope: 'replay', method: 'record', decision: 'event_log_failed', ctx: { why } };
      log.error(fields, 'an event log could not be written; streams go on without');
    },
  });
}
