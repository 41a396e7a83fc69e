/** A segment is read as it was written, wherever it was cut, and whatever is wrong with it is told with its place. */
import { describe, expect, test } from 'vitest';
import { isSegmentHead } from '../../../src/log/log-format.ts';
import {
  logNameOf,
  SEGMENT_END_MAX_BYTES,
  SEGMENT_ENDING,
  SEGMENT_LINE_MAX_BYTES,
  segmentEndIn,
  segmentLine,
  segmentLineOf,
  segmentNameOf,
} from '../../../src/log/segment-format.ts';
import { readSegment, type SegmentContents } from '../../support/replay/read-segment.ts';
import { SegmentMaker } from '../../support/replay/segments.ts';

const ANNA = '120000.100-anna';
const BELA = '120000.200-bela';

function twoLogs(): SegmentMaker {
  return new SegmentMaker()
    .block(ANNA, '{"a":1}\n{"a":2}\n')
    .block(BELA, '{"b":"ä€😀"}\n')
    .block(ANNA, '{"a":3}\n')
    .block(BELA, '{"b":2}\n{"b":3}\n');
}

function textsOf({ logs }: SegmentContents): Record<string, string> {
  return Object.fromEntries(logs.map(({ name, pieces }) => [name, Buffer.concat(pieces).toString()]));
}

const whole: Record<string, string> = {
  [ANNA]: '{"a":1}\n{"a":2}\n{"a":3}\n',
  [BELA]: '{"b":"ä€😀"}\n{"b":2}\n{"b":3}\n',
};

test("the blocks of a log, joined, are the log's own file, byte for byte", () => {
  const read = readSegment(twoLogs().index().end().bytes);
  expect(read).toMatchObject({ isEnded: true, lost: null, fault: null, header: { run: '5f0c9a3e', pid: 4711 } });
  expect(textsOf(read)).toEqual(whole);
});

test('a segment without an end is read by its heads, and says that it has none', () => {
  const read = readSegment(twoLogs().bytes);
  expect(read).toMatchObject({ isEnded: false, lost: null, fault: null });
  expect(textsOf(read)).toEqual(whole);
});

test('cut at any byte, a segment gives every whole line before it, and tells of a rest', () => {
  const { bytes } = twoLogs().index().end();
  const { length } = twoLogs();
  for (let end = 1; end < bytes.length; end += 1) {
    const read = readSegment(bytes.subarray(0, end));
    expect(read.fault).toBeNull();
    expect(read.isEnded).toBe(false);
    for (const [name, text] of Object.entries(textsOf(read))) {
      expect(whole[name]?.startsWith(text)).toBe(true);
      expect(text.endsWith('\n')).toBe(true);
    }
    const kept = Object.values(textsOf(read)).join('').split('\n').length - 1;
    if (end >= length) expect(kept).toBe(6);
    else expect(kept < 6).toBe(true);
    // What is there and belongs to nothing that was read.
    const told = read.lost?.bytes ?? 0;
    const missing = read.lost?.lines ?? 0;
    const isBetween = bytes[end - 1] === 0x0a && missing === 0;
    expect(told > 0 || missing > 0 || isBetween).toBe(true);
  }
});

test('a half block is told with its log and the lines that are missing; its whole lines count', () => {
  const made = twoLogs();
  const read = readSegment(made.bytes.subarray(0, made.length - 3));
  expect(read.lost).toEqual({ log: BELA, lines: 1, bytes: '{"b":3}\n'.length - 3 });
  expect(textsOf(read)[BELA]).toBe('{"b":"ä€😀"}\n{"b":2}\n');
});

test('a segment of which nothing is written yet holds no log, and nothing is wrong with it', () => {
  for (const text of ['', '{"segm']) {
    const read = readSegment(Buffer.from(text));
    expect(read).toMatchObject({ logs: [], isEnded: false, fault: null });
  }
});

describe('what does not fit is told with its place, and nothing behind it is believed', () => {
  const head = segmentLine({ log: 0, name: ANNA, lines: 1, bytes: 3 });
  const start = new SegmentMaker();
  const faulty: readonly (readonly [name: string, text: string, why: string | RegExp])[] = [
    ['no header', `${head}{}\n`, 'there is no header'],
    ['another format', '{"segment":2}\n', 'a segment of format 2; this one reads 1'],
    ['a second header', start.text + start.text, 'a second header'],
    [
      'a block without a beginning',
      `${start.text}{"log":0,"lines":1,"bytes":3}\n{}\n`,
      'the beginning of log 0 is missing',
    ],
    ['a number left out', `${start.text}{"log":1,"name":"${ANNA}","lines":1,"bytes":3}\n{}\n`, /^log 1 stands where/],
    ['a second beginning', `${start.text}${head}{}\n${head}{}\n`, 'a second beginning of log 0'],
    [
      'a block out of its chain',
      `${start.text}${head}{}\n{"log":0,"lines":1,"bytes":3,"prev":1}\n{}\n`,
      `a block of log 0 follows byte 1, its last began at ${start.length}`,
    ],
    ['too few lines', `${start.text}${head}123456\n`, 'the block has not 1 lines in 3 bytes'],
    ['too many', `${start.text}{"log":0,"name":"${ANNA}","lines":1,"bytes":4}\n1\n2\n`, /^the block has not 1 lines/],
    [
      'a name that leads elsewhere',
      `${start.text}{"log":0,"name":"../x","lines":1,"bytes":3}\n`,
      /name: "\.\.\/x" must/,
    ],
    ['a count below one', `${start.text}{"log":0,"name":"${ANNA}","lines":0,"bytes":3}\n`, /lines: 0 must be/],
    [
      'a block too large',
      `${start.text}{"log":0,"name":"${ANNA}","lines":1,"bytes":1e12}\n`,
      /bytes: 1000000000000 must/,
    ],
    ['no JSON', `${start.text}what\n`, /no JSON object/],
    ['a line without end', `${start.text}${'x'.repeat(SEGMENT_LINE_MAX_BYTES)}`, /^the line has more than 4096 bytes/],
    ['another kind of line', `${start.text}{"kind":"header"}\n`, /neither log, indexed, segment nor end/],
    [
      'an index of nothing',
      `${start.text}${twoLogs().index().text.slice(twoLogs().text.length)}`,
      /log 0, which is not there/,
    ],
    ['an index that lies', twoLogs().index({ bytes: 7 }).text, /^the index has bytes 7 of log 0, not/],
    ['an index out of order', twoLogs().index({ indexed: 1 }).text, /log 1 where log 0 should stand/],
    [
      'an end too early',
      twoLogs().line('{"end":{"logs":2,"indexAt":9}}\n').text,
      /^the end counts 2 logs, the index 0/,
    ],
    [
      'an end that points elsewhere',
      `${twoLogs().index().text}{"end":{"logs":2,"indexAt":9}}\n`,
      /^the end names byte 9/,
    ],
    ['a block behind the index', twoLogs().index().block(ANNA, '{}\n').text, 'a block behind the index'],
    ['a line behind the end', twoLogs().index().end().block(ANNA, '{}\n').text, 'a line behind the end'],
  ];
  test.each(faulty)('%s', (_, text, why) => {
    const { fault } = readSegment(Buffer.from(text));
    expect(fault?.why).toMatch(why);
    expect(fault?.at).toBeLessThanOrEqual(Buffer.byteLength(text));
  });

  test('up to there the logs are read', () => {
    const made = twoLogs().line('what\n').block(ANNA, '{"a":4}\n');
    const read = readSegment(made.bytes);
    expect(read.fault?.at).toBe(twoLogs().length);
    expect(textsOf(read)).toEqual(whole);
  });
});

test('a segment is known by the name of its file and by its first line', () => {
  const { text } = twoLogs();
  const startedAt = '2026-01-31T12:00:00.000Z';
  expect(segmentNameOf({ startedAt, run: '5f0c9a3e' })).toBe(`120000.000-5f0c9a3e${SEGMENT_ENDING}`);
  expect(logNameOf(startedAt, '../Ä')).toBe('120000.000-____');
  expect(isSegmentHead(text.slice(0, text.indexOf('\n')))).toBe(true);
  expect(isSegmentHead('{"kind":"header","format":1}')).toBe(false);
});

test('fields that a newer server may have written are passed over', () => {
  expect(segmentLineOf(`{"log":0,"name":"${ANNA}","lines":1,"bytes":3,"colour":"red"}`)).toEqual({
    kind: 'block',
    head: { log: 0, name: ANNA, lines: 1, bytes: 3 },
  });
});

test('the end is found in the tail of a file, and only where it is the last line and whole', () => {
  const { text } = twoLogs().index().end();
  const tail = text.slice(-SEGMENT_END_MAX_BYTES);
  expect(segmentEndIn(tail)).toEqual({ logs: 2, indexAt: twoLogs().length });
  expect(segmentEndIn(tail.slice(0, -1))).toBeNull();
  expect(segmentEndIn(`${tail}{}\n`)).toBeNull();
  expect(segmentEndIn(twoLogs().text)).toBeNull();
  expect(segmentEndIn('')).toBeNull();
  const largest = segmentLine({ end: { logs: Number.MAX_SAFE_INTEGER, indexAt: Number.MAX_SAFE_INTEGER } });
  expect(largest.length).toBeLessThanOrEqual(SEGMENT_END_MAX_BYTES);
});
