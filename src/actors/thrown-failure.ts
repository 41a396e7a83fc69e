/**
 * What an engine threw, as a Failure. A declared failure (EngineFailure) goes out with its words; anything else is
 * unexpected: the log gets it with an id, the client gets the id.
 */
import { EngineFailure, type Failure, failureOfDeclared, failureOfUnexpected } from '../errors.ts';

/** Writes an unexpected error to the log under the id that the client sees. */
export type ReportUnexpected = (faultId: string, error: unknown) => void;

/** The Failure for `error`; reports it when nobody declared it. `faultId` is the stream's id. */
export function failureOfThrown(error: unknown, faultId: string, report: ReportUnexpected): Failure {
  if (error instanceof EngineFailure) return failureOfDeclared(error);
  report(faultId, error);
  return failureOfUnexpected('processing_error', faultId);
}
