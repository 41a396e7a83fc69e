/** The event logs of a server, put together from its configuration: which charts are recorded, where, and with what of their texts. */
import type { AnyStateMachine } from 'xstate';
import type { Config } from '../config.ts';
import type { SessionMachine } from '../machines/session/session.machine.ts';
import type { supervisorMachine } from '../machines/supervisor/supervisor.machine.ts';
import type { WelcomeMachine } from '../machines/welcome/welcome.machine.ts';
import type { Logger } from '../observe/logger.ts';
import { EventLogs } from '../record/event-logs.ts';
import { withRecorder } from '../record/recorded-logic.ts';
import { type ChartRecording, logMaker } from '../record/redaction.ts';
import { sessionRecording, welcomeRecording } from '../record/stream-recordings.ts';
import { supervisorRecording } from '../record/supervisor-recording.ts';
import type { ChartWatch } from './composition.ts';

export interface RecordingOptions {
  readonly config: Config;
  readonly log: Logger;
  /** Version of the server. */
  readonly build: string;
}

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
    return this.#recorded(machine, sessionRecording, (streamId) => streamId);
  }

  /** The welcome chart, in the same way. */
  ofWelcomes(machine: WelcomeMachine): WelcomeMachine {
    return this.#recorded(machine, welcomeRecording, (streamId) => streamId);
  }

  /** The supervisor chart, whose every turn is recorded: a log for each start of the server. */
  ofSupervisor(machine: typeof supervisorMachine): typeof supervisorMachine {
    // Two servers may share a folder and start at once.
    return this.#recorded(machine, supervisorRecording, () => `${process.pid}-supervisor`);
  }

  /** As /status tells it; null = switched off. */
  status(): Readonly<Record<string, number>> | null {
    if (this.#logs === null) return null;
    const { open, filesFailed, turnsDropped, filesDeleted, deletionsFailed } = this.#logs.counts;
    return {
      open_files: open,
      files_failed: filesFailed,
      turns_dropped: turnsDropped,
      files_deleted: filesDeleted,
      deletions_failed: deletionsFailed,
    };
  }

  /** Writes what waits. */
  async close(): Promise<void> {
    await this.#logs?.close();
  }

  /** The machine whose turns are recorded as `recording` says; `nameOf` names the log of an actor. */
  #recorded<TMachine extends AnyStateMachine>(
    machine: TMachine,
    recording: ChartRecording,
    nameOf: (actorId: string) => string,
  ): TMachine {
    const logs = this.#logs;
    if (logs === null) return machine;
    const { config, build } = this.#options;
    const newLog = logMaker(recording, { redaction: config.eventLog.redaction, build });
    return withRecorder(machine, (actorId) => logs.recorderFor(actorId, nameOf(actorId), newLog));
  }
}

function createEventLogs({ config, log }: RecordingOptions): EventLogs {
  const { dir, maxAgeMs, maxTotalBytes } = config.eventLog;
  const scope = 'replay';
  const method = 'record';
  return new EventLogs({
    retention: { dir, maxAgeMs, maxTotalBytes },
    now: () => performance.now(),
    date: () => new Date(),
    onFault: (why) => {
      const fields = { scope, method, decision: 'event_log_failed', ctx: { why } };
      log.error(fields, 'event logs are being lost; streams go on without them');
    },
    onRecovery: () => {
      log.info({ scope, method, decision: 'event_log_recovered', ctx: {} }, 'event logs can be written again');
    },
    onSweepFault: (why) => {
      const fields = { scope, method: 'sweep', decision: 'event_log_sweep_failed', ctx: { why } };
      log.warn(fields, 'old event logs could not be deleted');
    },
  });
}
