/**
 * A segment: the event logs of ten minutes of one process in one file that is only appended to. Every line is JSON:
 *
 *     {"segment":1,"run":"5f0c9a3e","pid":4711,"host":"mill","version":"1.0.0","startedAt":"2026-01-31T12:00:00.000Z"}
 *     {"log":0,"name":"120003.512-<stream id>","lines":2,"bytes":812}       a block's head: the first of log 0 names it
 *     … 2 lines of log 0, 812 bytes, as they would stand in a file of its own …
 *     {"log":1,"name":…,"lines":…,"bytes":…}
 *     {"log":0,"lines":1,"bytes":350,"prev":113}                            the next of log 0; its last head began at byte 113
 *     …
 *     {"indexed":0,"name":…,"reason":"completed",…,"last":8121}             the index: a line a log, what a list tells of it
 *     {"end":{"logs":2,"indexAt":90211}}                                    found from the tail of the file
 *
 * A log's file is its blocks joined: no line is wrapped or altered, and the hash chain of each log is its own. Blocks are chained
 * backwards, so that the index tells where a log stands in one number however long it is, and nobody keeps a list meanwhile.
 * A segment without an end is written still, or its process was killed: it is read by hopping from head to head, and a
 * block that is not whole is told as lost (log/segment-reader.ts).
 */
import {
  count,
  type FieldRule,
  fieldsBy,
  isRecord,
  number,
  optional,
  type Rules,
  text,
  utcTime,
} from './line-fields.ts';

export const SEGMENT_FORMAT = 1;
/** A segment takes up logs that begin within so many ms. */
export const SEGMENT_MS = 600_000;
/** A segment's name is `<time>-<run><this>`, in the folder of its day. */
export const SEGMENT_ENDING = '.segment.jsonl';
/** Of any line of a segment that is no log's, its line feed included: ids in it have at most 128 characters each. */
export const SEGMENT_LINE_MAX_BYTES = 4 * 1024;
/** Of the lines in one block: the largest log, in the widest characters. */
export const BLOCK_MAX_BYTES = 256 * 1024 * 1024;
/** The end's line has no more. */
export const SEGMENT_END_MAX_BYTES = 128;

export interface SegmentHeader {
  readonly segment: number;
  /** Of the process that wrote it: 8 hexadecimal digits. */
  readonly run: string;
  readonly pid: number;
  readonly host: string;
  /** Of the server. */
  readonly version: string;
  readonly startedAt: string;
}

export interface BlockHead {
  /** Number of the log in its segment, from 0. */
  readonly log: number;
  /** What the log's own file would be called, without `.jsonl`; in its first block only. */
  readonly name?: string;
  /** Of the log, behind this line. */
  readonly lines: number;
  readonly bytes: number;
  /** Where the head of its block before this one begins; absent in its first. */
  readonly prev?: number;
}

/** What a list tells of a log. */
export interface LogSummary {
  readonly machine: string;
  readonly startedAt: string;
  /** '' where its chart has none, all three. */
  readonly streamId: string;
  readonly sessionId: string;
  readonly hardwareId: string;
  /** As `endReasonOf` tells it; `no_end` = it was given up, and has no footer. */
  readonly reason: string;
  /** After its last turn. */
  readonly state: string;
  readonly durationMs: number;
  /** With the dropped ones, as a footer counts them; without a footer those that stand here. */
  readonly turns: number;
  readonly dropped: number;
}

/** A log as the index tells it. */
export interface IndexedLog extends LogSummary {
  readonly indexed: number;
  readonly name: string;
  readonly blocks: number;
  readonly lines: number;
  readonly bytes: number;
  /** Where the head of its last block begins. */
  readonly last: number;
}

export interface SegmentEnd {
  readonly logs: number;
  /** Where the first line of the index begins. */
  readonly indexAt: number;
}

export type SegmentLine =
  | { readonly kind: 'header'; readonly header: SegmentHeader }
  | { readonly kind: 'block'; readonly head: BlockHead }
  | { readonly kind: 'indexed'; readonly entry: IndexedLog }
  | { readonly kind: 'end'; readonly end: SegmentEnd };

/** The name that the log's own file has, without its folder and `.jsonl`: it begins with the time of its first turn. */
export function logNameOf(startedAt: string, name: string): string {
  const safeName = name.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 64);
  return `${startedAt.slice(11).replaceAll(':', '').replace('Z', '')}-${safeName}`;
}

/** What the log is named after: the stream id, as a rule. */
export function nameBehindTime(name: string): string {
  return name.slice(name.indexOf('-') + 1);
}

/** The name of a segment's file, in the folder of its day. */
export function segmentNameOf({ startedAt, run }: Pick<SegmentHeader, 'startedAt' | 'run'>): string {
  return `${logNameOf(startedAt, run)}${SEGMENT_ENDING}`;
}

/** A line of a segment, with its line feed; its fields in their order. */
export function segmentLine(fields: SegmentHeader | BlockHead | IndexedLog | { readonly end: SegmentEnd }): string {
  return `${JSON.stringify(fields)}\n`;
}

const natural: FieldRule = {
  must: 'a whole number from 0',
  is: (value) => Number.isSafeInteger(value) && Number(value) >= 0,
};
const positive: FieldRule = {
  must: 'a whole number from 1',
  is: (value) => Number.isSafeInteger(value) && Number(value) > 0,
};
const matching = (pattern: RegExp, must: string): FieldRule => ({
  must,
  is: (value) => typeof value === 'string' && pattern.test(value),
});

const logName = matching(/^\d{6}\.\d{3}-[A-Za-z0-9_-]{1,64}$/, 'the name of a log');
const blockBytes: FieldRule = {
  must: `a whole number from 1 to ${BLOCK_MAX_BYTES}`,
  is: (value) => positive.is(value) && Number(value) <= BLOCK_MAX_BYTES,
};

const headerRules: Rules = Object.entries({
  segment: count,
  run: matching(/^[0-9a-f]{8}$/, '8 hexadecimal digits'),
  pid: positive,
  host: text,
  version: text,
  startedAt: utcTime,
});
const blockRules: Rules = Object.entries({
  log: natural,
  name: optional(logName),
  lines: positive,
  bytes: blockBytes,
  prev: optional(positive),
});
const indexRules: Rules = Object.entries({
  indexed: natural,
  name: logName,
  machine: text,
  startedAt: utcTime,
  streamId: text,
  sessionId: text,
  hardwareId: text,
  reason: text,
  state: text,
  durationMs: number,
  turns: natural,
  dropped: natural,
  blocks: positive,
  lines: positive,
  bytes: positive,
  last: positive,
});
const endRules: Rules = Object.entries({ logs: natural, indexAt: positive });

/** The line of a segment that `given` is, without its line feed; or why it is none. */
export function segmentLineOf(given: string): SegmentLine | string {
  if (given.length > SEGMENT_LINE_MAX_BYTES) return `the line has more than ${SEGMENT_LINE_MAX_BYTES} characters`;
  const value = parsed(given);
  if (!isRecord(value)) return 'no line of a segment: it is no JSON object';
  if ('log' in value) return checked(blockRules, value, isBlockHead, (head) => ({ kind: 'block', head }));
  if ('indexed' in value) return checked(indexRules, value, isIndexedLog, (entry) => ({ kind: 'indexed', entry }));
  if ('segment' in value) {
    if (value.segment !== SEGMENT_FORMAT && Number.isSafeInteger(value.segment))
      return `a segment of format ${value.segment}; this one reads ${SEGMENT_FORMAT}`;
    return checked(headerRules, value, isHeader, (header) => ({ kind: 'header', header }));
  }
  if (isRecord(value.end)) return checked(endRules, value.end, isEnd, (end) => ({ kind: 'end', end }));
  return 'no line of a segment: it has neither log, indexed, segment nor end';
}

function checked<T>(
  rules: Rules,
  value: Readonly<Record<string, unknown>>,
  is: (fields: unknown) => fields is T,
  told: (fields: T) => SegmentLine,
): SegmentLine | string {
  const fields = fieldsBy(rules, value);
  if (typeof fields === 'string') return `no line of a segment: ${fields}`;
  return is(fields) ? told(fields) : 'no line of a segment: it has a fault';
}

// Each field was looked at by its rule.
const isBlockHead = (fields: unknown): fields is BlockHead => isRecord(fields);
const isIndexedLog = (fields: unknown): fields is IndexedLog => isRecord(fields);
const isHeader = (fields: unknown): fields is SegmentHeader => isRecord(fields);
const isEnd = (fields: unknown): fields is SegmentEnd => isRecord(fields);

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

/** The end of a segment, in the last characters of its file; null = it has none: it is still written, or its process was killed. */
export function segmentEndIn(tail: string): SegmentEnd | null {
  if (!tail.endsWith('\n')) return null;
  const line = segmentLineOf(tail.slice(tail.lastIndexOf('\n', tail.length - 2) + 1, -1));
  return typeof line !== 'string' && line.kind === 'end' ? line.end : null;
}
