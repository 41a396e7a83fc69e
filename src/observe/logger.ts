/**
 * Logging: one JSON object a line on stdout (pino), every line with a static message and the fields scope, method,
 * decision and ctx (CONTRACT §2). What people said or heard never appears in it at any level.
 */
import { styleText } from 'node:util';
import { type DestinationStream, type LoggerOptions, pino, stdTimeFunctions } from 'pino';

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
  /**
   * A client can cause it at will, without a stream of its own: at most MAX_LINES_PER_SECOND of its kind are written, the rest is counted.
   * Absent = every line counts; those of admitted streams are bounded by their slots.
   */
  readonly isBounded?: true;
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

/** What a reader of a log still takes in, and far from what stdout can carry. */
const MAX_LINES_PER_SECOND = 500;
const SECOND_MS = 1_000;

type LineLevel = 'debug' | 'info' | 'warn' | 'error';

interface LineKind {
  readonly scope: string;
  readonly decision: string;
  /** One of a closed list: why a call was refused. */
  readonly reason: string | undefined;
  lines: number;
}

/**
 * Bounds the lines that clients can cause at will, by their kind: what, why and how loud. The first MAX_LINES_PER_SECOND of a kind in a second
 * are written, and when the second is over one line says how many more there were. No line is lost without being counted.
 */
class LineBound {
  readonly #write: (level: LineLevel, fields: LogFields, message: string) => void;
  /** Of the present second. */
  readonly #kinds = new Map<string, LineKind>();
  #timer: NodeJS.Timeout | undefined;

  constructor(write: (level: LineLevel, fields: LogFields, message: string) => void) {
    this.#write = write;
    process.once('exit', () => this.#tell());
  }

  take(level: LineLevel, { isBounded: _, ...fields }: LogFields, message: string): void {
    const { scope, decision, ctx } = fields;
    const reason = textOf(ctx.reason) ?? textOf(ctx.error_type);
    const key = `${level} ${scope} ${decision} ${reason}`;
    const kind = this.#kinds.get(key) ?? { scope, decision, reason, lines: 0 };
    kind.lines += 1;
    this.#kinds.set(key, kind);
    this.#timer ??= setTimeout(() => this.#tell(), SECOND_MS).unref();
    if (kind.lines <= MAX_LINES_PER_SECOND) this.#write(level, fields, message);
  }

  #tell(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const kinds = [...this.#kinds];
    this.#kinds.clear();
    for (const [key, { scope, decision, reason, lines }] of kinds) {
      if (lines <= MAX_LINES_PER_SECOND) continue;
      const level = lineLevels.find((each) => key.startsWith(each)) ?? 'warn';
      const ctx = { decision, ...(reason !== undefined && { reason }), lines: lines - MAX_LINES_PER_SECOND };
      this.#write(
        level,
        { scope, method: 'log', decision: 'and_more', ctx },
        'there were more such lines in this second',
      );
    }
  }
}

const lineLevels: readonly LineLevel[] = ['debug', 'info', 'warn', 'error'];

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** How lines look. */
export interface LogStyle {
  /** `pretty`: a line for people instead of a JSON object. Absent = json. */
  readonly format?: 'json' | 'pretty';
  /** The level as a word and the time as ISO 8601, instead of pino's numbers. */
  readonly hasLevelNames?: boolean;
  /** Stands in every line. */
  readonly base?: Readonly<Record<string, unknown>>;
  /** Pretty lines are coloured. */
  readonly isColoured?: boolean;
}

/** A logger at `level`; `destination` defaults to stdout. */
export function createLogger(
  level: LogLevel,
  destination: DestinationStream = pacedDestination(process.stdout),
  { format = 'json', hasLevelNames = false, base, isColoured = false }: LogStyle = {},
): Logger {
  const isPretty = format === 'pretty';
  const shared: LoggerOptions = {
    base: base === undefined ? null : { ...base },
    ...(hasLevelNames &&
      !isPretty && { formatters: { level: (name) => ({ level: name }) }, timestamp: stdTimeFunctions.isoTime }),
  };
  const lines = isPretty ? { write: (line: string) => destination.write(prettyLine(line, isColoured)) } : destination;
  const leveled = pino({ ...shared, level }, lines);
  const always = pino({ ...shared, level: 'info' }, lines);
  const bound = new LineBound((line, fields, message) => leveled[line](fields, message));
  const at =
    (line: LineLevel) =>
    (fields: LogFields, message: string): void => {
      if (!leveled.isLevelEnabled(line)) return;
      if (fields.isBounded === true) bound.take(line, fields, message);
      else leveled[line](fields, message);
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    announce: (fields, message) => always.info(fields, message),
  };
}

const levelLooks = [
  { from: 50, name: 'error', colour: 'red' },
  { from: 40, name: 'warn', colour: 'yellow' },
  { from: 30, name: 'info', colour: 'green' },
  { from: 0, name: 'debug', colour: 'dim' },
] as const;

/** `12:31:05.120 warn  server.sweep  words  name=value …`; the stack of an error below it. What steers a terminal is left out. */
function prettyLine(json: string, isColoured: boolean): string {
  const { level, time, scope, method, decision, msg, ctx, err, ...rest } = JSON.parse(json);
  const look = levelLooks.find(({ from }) => level >= from) ?? levelLooks[3];
  const at = new Date(time).toISOString().slice(11, 23);
  const facts = Object.entries({ ...rest, ...ctx }).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  const words = [`${scope}.${method}`, decision, ` ${msg} `, ...facts].join(' ').trimEnd();
  const stack = typeof err?.stack === 'string' ? `\n${err.stack}` : '';
  const styled = (format: 'red' | 'yellow' | 'green' | 'dim', text: string): string =>
    isColoured ? styleText(format, text, { validateStream: false }) : text;
  const shown = `${harmless(words)}${stack.split('\n').map(harmless).join('\n')}`;
  return `${styled('dim', at)} ${styled(look.colour, look.name.padEnd(5))} ${shown}\n`;
}

function harmless(text: string): string {
  return text.replace(/\p{Cc}/gu, '\uFFFD');
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
