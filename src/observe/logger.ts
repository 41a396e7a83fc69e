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

/** Log text that may wait for a reader of stdout, in bytes; some 3,000 lines. What comes while it is full is dropped. */
const MAX_WAITING_BYTES = 1024 * 1024;

/** A logger at `level`; `destination` defaults to stdout, `base` stands in every line. */
export function createLogger(
  level: LogLevel,
  destination: DestinationStream = pacedDestination(process.stdout),
  base: Readonly<Record<string, unknown>> | null = null,
): Logger {
  const leveled = pino({ level, base: base === null ? null : { ...base } }, destination);
  const always = pino({ level: 'info', base: base === null ? null : { ...base } }, destination);
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

/** What a log is written to: as much of a Writable as that needs. */
export interface LogStream {
  readonly writableLength: number;
  on(event: 'error', listener: () => void): unknown;
  write(text: string): unknown;
}

/** Log text that is written together. */
const MAX_BATCH_CHARS = 16 * 1024;

/**
 * Stdout at the pace of its reader. Written at once while the reader keeps up; a pipe that nobody reads must not stop the server, as a
 * synchronous write would once the pipe is full, and must not fill the memory. Of the lines of one callback only the first is written by
 * itself, the others together as soon as it has returned, before anything else is read or answered: in a crowd, writes were a tenth of all
 * that was done.
 */
export function pacedDestination(stream: LogStream): DestinationStream {
  let waiting = '';
  let isCallbackKnown = false;
  const flush = (): void => {
    const lines = waiting;
    waiting = '';
    if (lines !== '') stream.write(lines);
  };
  const endCallback = (): void => {
    isCallbackKnown = false;
    flush();
  };
  // A reader that has gone is no reason to end anybody's stream.
  stream.on('error', () => {});
  process.once('exit', flush);
  return {
    write: (line) => {
      if (stream.writableLength + waiting.length >= MAX_WAITING_BYTES) return;
      if (isCallbackKnown) {
        waiting += line;
        if (waiting.length >= MAX_BATCH_CHARS) flush();
        return;
      }
      isCallbackKnown = true;
      process.nextTick(endCallback);
      stream.write(line);
    },
  };
}

/** Longest piece without an end of line that is waited for: a line of the log is shorter. */
const MAX_PIECE_CHARS = 4 * 1024 * 1024;

/** Takes the bytes of another process's log as they come, and hands on whole lines. */
export function wholeLines(handOn: (lines: string) => void): (chunk: Uint8Array) => void {
  const decoder = new TextDecoder();
  let rest = '';
  return (chunk) => {
    rest += decoder.decode(chunk, { stream: true });
    const end = rest.lastIndexOf('\n') + 1;
    if (end > 0) handOn(rest.slice(0, end));
    rest = rest.slice(end);
    if (rest.length > MAX_PIECE_CHARS) rest = '';
  };
}
