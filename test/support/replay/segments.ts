/** Segments for tests: made by hand, line by line, as the writer makes them. */
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
  index(told: Partial<IndexedLog> = {}): this {
    this.#indexAt = this.length;
    for (const log of this.#logs) this.line({ ...log, ...told });
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
