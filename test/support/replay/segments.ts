/** Segments for tests: made by hand, line by line, as the writer makes them. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { endReasonOf, isBadLog, readLog } from '../../../src/log/log-reader.ts';
import { type BlockHead, type IndexedLog, SEGMENT_FORMAT, segmentLine } from '../../../src/log/segment-format.ts';

const START = '2026-01-31T12:00:00.000Z';

/** Puts a segment together. */
export class SegmentMaker {
  #text = segmentLine({
    segment: SEGMENT_FORMAT,
    run: '5f0c9a3e',
    pid: 4711,
    host: 'mill',
    version: '1.0.0',
    startedAt: START,
  });
  readonly #logs: IndexedLog[] = [];

  /** Of what was added so far. */
  get text(): string {
    return this.#text;
  }

  get bytes(): Uint8Array {
    return Buffer.from(this.#text);
  }

  get length(): number {
    return Buffer.byteLength(this.#text);
  }

  /** A block of a log; one that was not named before is begun. */
  block(name: string, lines: string): this {
    const at = this.length;
    const place = this.#logs.findIndex((log) => log.name === name);
    const known = this.#logs[place];
    const own = { lines: lines.split('\n').length - 1, bytes: Buffer.byteLength(lines) };
    const head: BlockHead =
      known === undefined ? { log: this.#logs.length, name, ...own } : { log: place, ...own, prev: known.last };
    this.#text += segmentLine(head) + lines;
    const before = known ?? { ...emptyLog, indexed: this.#logs.length, name };
    this.#logs[before.indexed] = {
      ...before,
      blocks: before.blocks + 1,
      lines: before.lines + own.lines,
      bytes: before.bytes + own.bytes,
      last: at,
    };
    return this;
  }

  /** Any line. */
  line(fields: object | string): this {
    this.#text += typeof fields === 'string' ? fields : `${JSON.stringify(fields)}\n`;
    return this;
  }

  /** What the index says of the logs; `told` = what it says of each besides where it stands. */
  index(told: Partial<IndexedLog> | ((name: string) => Partial<IndexedLog>) = {}): this {
    this.#indexAt = this.length;
    for (const log of this.#logs) this.line({ ...log, ...(typeof told === 'function' ? told(log.name) : told) });
    return this;
  }

  end(): this {
    return this.line({ end: { logs: this.#logs.length, indexAt: this.#indexAt } });
  }

  #indexAt = 0;
}

const emptyLog: IndexedLog = {
  indexed: 0,
  name: '',
  machine: 'session',
  startedAt: START,
  streamId: 'a-stream',
  sessionId: 'a-session',
  hardwareId: 'a-device',
  reason: 'completed',
  state: 'completed',
  durationMs: 12.5,
  turns: 3,
  dropped: 0,
  blocks: 0,
  lines: 0,
  bytes: 0,
  last: 0,
};

/** The text of a segment with the index and the end that a writer gives it: of each log what it says itself. */
export function madeWithIndex(made: SegmentMaker, logs: Readonly<Record<string, string>>): string {
  return made.index((name) => summaryOf(logs[name] ?? '')).end().text;
}

/** What the writer's index tells of a log; of one that was altered since, what it said before. */
export function summaryOf(text: string): Partial<IndexedLog> {
  const log = readLog(text);
  if (isBadLog(log)) {
    const { machine, startedAt, input } = JSON.parse(text.split('\n', 1)[0] ?? '');
    return { machine, startedAt, streamId: input.streamId, sessionId: input.sessionId, hardwareId: input.hardwareId };
  }
  const { header, turns, footer } = log;
  const input: unknown = header.input;
  const field = (name: string) =>
    String((typeof input === 'object' && input !== null && Reflect.get(input, name)) || '');
  return {
    machine: header.machine,
    startedAt: header.startedAt,
    ...{ streamId: field('streamId'), sessionId: field('sessionId'), hardwareId: field('hardwareId') },
    reason: endReasonOf(footer),
    state: turns.findLast(({ state }) => state !== undefined)?.state ?? '',
    durationMs: turns.at(-1)?.atMs ?? 0,
    turns: footer?.turns ?? turns.length,
    dropped: footer?.dropped ?? 0,
  };
}

/**
 * Writes a segment of `logs` logs with its end to `path`, piece by piece. Each has the lines of `text`; the index calls their sessions
 * `large-0`, `large-1`, … so that they can be told apart.
 */
export function writeLargeSegment(
  path: string,
  { logs, text }: { readonly logs: number; readonly text: string },
): void {
  const file = openSync(path, 'w');
  const own = { lines: text.split('\n').length - 1, bytes: Buffer.byteLength(text) };
  const told = summaryOf(text);
  let at = writeSync(file, new SegmentMaker().text);
  let waiting: string[] = [];
  const flush = () => {
    writeSync(file, waiting.join(''));
    waiting = [];
  };
  const index: string[] = [];
  for (let log = 0; log < logs; log += 1) {
    const name = `120000.000-stream-${log}`;
    const head = segmentLine({ log, name, ...own });
    const stands = { indexed: log, name, blocks: 1, ...own, last: at };
    index.push(segmentLine({ ...emptyLog, ...told, sessionId: `large-${log}`, ...stands }));
    waiting.push(head, text);
    at += head.length + own.bytes;
    if (waiting.length > 1_000) flush();
  }
  waiting.push(...index, segmentLine({ end: { logs, indexAt: at } }));
  flush();
  closeSync(file);
}
