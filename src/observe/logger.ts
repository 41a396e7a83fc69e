/**
 * Logging: one JSON object a line on stdout (pino), every line with a static message and the fields scope, method,
 * decision and ctx (CONTRACT §2). What people said or heard never appears in it at any level.
 */
import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino';

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

export interface LogFields {
  /** The part that speaks: server, workflow, backpressure, command, grpc, engine, session. */
  readonly scope: string;
  /** The operation, usually the rpc. */
  readonly method: string;
  /** What was decided, one word that people search for. */
  readonly decision: string;
  /** The facts; durations in seconds. */
  readonly ctx: Readonly<Record<string, unknown>>;
  /** An unexpected error, with its stack. */
  readonly err?: unknown;
}

export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  /** At every level, `silent` included: what scripts wait for, such as the ready line. */
  announce(fields: LogFields, message: string): void;
}

/** A logger at `level`; `destination` defaults to stdout, written synchronously so that no line is lost at the end. */
export function createLogger(level: LogLevel, destination?: DestinationStream): Logger {
  const sink = destination ?? pino.destination({ fd: 1, sync: true });
  const leveled = pino({ level, base: null }, sink);
  const always = pino({ level: 'info', base: null }, sink);
  const at =
    (write: PinoLogger['info']) =>
    (fields: LogFields, message: string): void =>
      write(fields, message);
  return {
    debug: at(leveled.debug.bind(leveled)),
    info: at(leveled.info.bind(leveled)),
    warn: at(leveled.warn.bind(leveled)),
    error: at(leveled.error.bind(leveled)),
    announce: at(always.info.bind(always)),
  };
}
