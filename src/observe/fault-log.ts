/** The two log lines with the texts of exceptions, under the id that the client sees: the wire never carries them. */
import type { Logger } from './logger.ts';

export interface FaultLog {
  /** A chart or an actor of ours threw. `method` is the rpc, or what the server was doing. */
  bug(method: string, faultId: string, error: unknown): void;
  /** An engine threw what it did not declare. */
  unexpected(method: string, faultId: string, error: unknown): void;
}

/** Writes faults to `log`. */
export function createFaultLog(log: Logger): FaultLog {
  return {
    bug: (method, faultId, error) =>
      log.error(
        { scope: 'session', method, decision: 'fault', ctx: { fault_id: faultId }, err: error },
        'a bug: a chart or an actor threw',
      ),
    unexpected: (method, faultId, error) =>
      log.error(
        { scope: 'engine', method, decision: 'unexpected_error', ctx: { fault_id: faultId }, err: error },
        'an engine threw what it did not declare',
      ),
  };
}
