/** Bodies of streaming answers, without a network: whatever their bytes, their lines and their packets, the same values come out. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ItemReader, type StreamItem } from '../../../src/engines/openai-answer/chunk-stream.ts';
import { ProviderFailure } from '../../../src/engines/provider/failure.ts';
import { startStopwatch } from '../../support/stopwatch.ts';

const wide = { eventMaxBytes: 100_000, responseMaxBytes: 10_000_000 };

function itemsOf(packets: readonly Uint8Array[], { type = 'text/event-stream', bounds = wide } = {}): StreamItem[] {
  const reader = new ItemReader(bounds, type);
  return [...packets.flatMap((packet) => [...reader.take(packet)]), ...reader.finish()];
}

/** What a body comes to, in one packet, byte by byte, and cut anywhere: always the same. */
function read(body: string, options: { readonly type?: string } = {}): unknown[] {
  const bytes = Buffer.from(body);
  const items = itemsOf([bytes], options);
  expect(
    itemsOf(
      [...bytes].map((byte) => Uint8Array.of(byte)),
      options,
    ),
  ).toEqual(items);
  fc.assert(
    fc.property(fc.array(fc.nat(bytes.length), { maxLength: 6 }), (cuts) => {
      const ends = [...cuts.toSorted((a, b) => a - b), bytes.length];
      const packets = ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
      expect(itemsOf(packets, options)).toEqual(items);
    }),
    { numRuns: 20 },
  );
  return items.map((item) => {
    if (item.kind === 'done') return 'DONE';
    const what = item.kind === 'value' ? item.value : `words: ${item.words}`;
    return item.isError ? { failed: what } : what;
  });
}

const one = { choices: [{ delta: { content: 'Ünö 🎈' } }] };
const two = { choices: [{ delta: { content: 'two\n' } }] };
const [o, t] = [JSON.stringify(one), JSON.stringify(two)];

describe('Chunks 2: events', () => {
  test.each<readonly [string, string]>([
    ['as they should be', `data: ${o}\n\ndata: ${t}\n\ndata: [DONE]\n\n`],
    ['with CRLF', `data: ${o}\r\n\r\ndata: ${t}\r\n\r\ndata: [DONE]\r\n\r\n`],
    ['with CR', `data: ${o}\r\rdata: ${t}\r\rdata: [DONE]\r\r`],
    ['with a BOM', `\ufeffdata: ${o}\n\ndata: ${t}\n\ndata: [DONE]\n\n`],
    ['without a space', `data:${o}\n\ndata:${t}\n\ndata:[DONE]\n\n`],
    ['with many spaces', `data:   ${o}  \n\n  data: ${t}\n\ndata:  [DONE]  \n\n`],
    ['with comments', `: OPENROUTER PROCESSING\n\ndata: ${o}\n: ping\n\n:\n\ndata: ${t}\n\n: x\ndata: [DONE]\n\n`],
    [
      'with other fields',
      `id: 1\nretry: 3000\nevent: message\ndata: ${o}\n\nx: y\nnonsense\ndata: ${t}\n\nevent: done\ndata: [DONE]\n\n`,
    ],
    [
      'with events without data',
      `event: ping\n\ndata:\n\ndata: \n\ndata\n\ndata: ${o}\n\nevent: x\n\ndata: ${t}\n\ndata: [DONE]\n\n`,
    ],
    ['without the last end of line', `data: ${o}\n\ndata: ${t}\n\ndata: [DONE]`],
    ['said twice', `data: data: ${o}\n\ndata: data: ${t}\n\ndata: [DONE]\n\n`],
    ['without blank lines', `data: ${o}\ndata: ${t}\ndata: [DONE]\n`],
    ['without blank lines, behind one without data', `data:\ndata: ${o}\ndata:\ndata: ${t}\ndata: [DONE]\n`],
    ['with an end that is not called data', `data: ${o}\n\ndata: ${t}\n\n[DONE]\n`],
    ['with an end in quotes', `data: ${o}\n\ndata: ${t}\n\ndata: "[DONE]"\n\n`],
    ['with a small end', `data: ${o}\n\ndata: ${t}\n\ndata: [done]\n\n`],
    ['with lines of JSON between them', `data: ${o}\n\n${t}\n\ndata: [DONE]\n\n`],
    [
      'over several lines',
      `data: ${JSON.stringify(one, null, 1).replaceAll('\n', '\ndata: ')}\n\ndata: ${t}\n\ndata: [DONE]\n\n`,
    ],
  ])('%s', (_how, body) => {
    expect(read(body)).toEqual([one, two, 'DONE']);
    expect(read(body, { type: 'text/plain; charset=utf-8' })).toEqual([one, two, 'DONE']);
  });

  test('that are no chunks are handed on as they are', () => {
    expect(read('data: null\n\ndata: 5\n\ndata: {}\n\ndata: []\n\ndata: ""\n\ndata: ping\n\n')).toEqual([
      null,
      5,
      {},
      [],
      '',
      'words: ping',
    ]);
  });

  test('that are named as errors say so, also without data', () => {
    expect(read('event: error\ndata: {"message":"x"}\n\ndata: {"a":1}\n\n')).toEqual([
      { failed: { message: 'x' } },
      { a: 1 },
    ]);
    expect(read('data: out of memory\nevent: response.failed\n\n')).toEqual([{ failed: 'words: out of memory' }]);
    expect(read('event: error\n\n')).toEqual([{ failed: 'words: ' }]);
    expect(read('event: error\ndata: {broken\n\n')).toEqual([{ failed: 'words: {broken' }]);
  });
});

describe('Chunks 1: other bodies', () => {
  test.each<readonly [string, string]>([
    ['lines of JSON', `${o}\n${t}\n`],
    ['lines of JSON with blank ones', `\n${o}\r\n\r\n${t}`],
    ['lines of JSON behind a BOM', `\ufeff${o}\n${t}\n`],
  ])('%s', (_how, body) => {
    for (const type of ['application/x-ndjson', 'application/json', ''])
      expect(read(body, { type })).toEqual([one, two]);
  });

  test('one document, on one line or many', () => {
    const document = { object: 'chat.completion', choices: [{ message: { content: 'All\n\nof it' } }] };
    const type = 'application/json';
    expect(read(JSON.stringify(document), { type })).toEqual([document]);
    expect(read(`\n\ufeff${JSON.stringify(document, null, 2)}\n`, { type })).toEqual([document]);
    expect(read(JSON.stringify([one, two], null, 2), { type })).toEqual([[one, two]]);
  });

  test.each(['<!DOCTYPE html><html>', '\n\n <html>\nbody {\n', '\ufeff<?xml version="1.0"?>', 'Hello', ''])(
    '%j is none',
    (body) => {
      expect(() => itemsOf([Buffer.from(body)], { type: 'text/html; charset=utf-8' })).toThrow(
        'answered with text/html; charset=utf-8 where an event stream was expected',
      );
    },
  );

  test('a page is refused as it begins', () => {
    expect(() => [...new ItemReader(wide, 'text/html').take(Buffer.from(' <html'))]).toThrow(ProviderFailure);
  });
});

test.each([`data: {"choices": [{"del\n\n`, `data: ${o}${t}\n\n`, 'data: {"a":\ndata: "b\n\n', '{"a": 1', '[1, 2\n3'])(
  'Chunks 5: %j is broken JSON, and a failure',
  (body) => {
    expect(() => itemsOf([Buffer.from(body)])).toThrow('sent a chunk that is no JSON');
  },
);

test('Chunks 3: a value is told as soon as its event is over', () => {
  const reader = new ItemReader(wide);
  expect([...reader.take(Buffer.from(`data: ${o}\n`))]).toEqual([]);
  expect([...reader.take(Buffer.from('\n'))]).toHaveLength(1);
  expect([...reader.take(Buffer.from(`data: ${o}\ndata: ${t}\n`))]).toHaveLength(1);
});

test('Chunks 6: events, lines, documents and bodies are bounded', () => {
  const bounds = { eventMaxBytes: 64, responseMaxBytes: 1_000 };
  const within = `data: "${'x'.repeat(50)}"\n\n`;
  expect(itemsOf([Buffer.from(within.repeat(16))], { bounds })).toHaveLength(16);
  expect(() => itemsOf([Buffer.from(within.repeat(17))], { bounds })).toThrow('a response of more than 1000 bytes');
  for (const body of [
    `data: ${'x'.repeat(60)}`,
    'data: x\n'.repeat(9),
    `: ${'x'.repeat(70)}`,
    `{\n${' \n"a":1,'.repeat(12)}`,
  ]) {
    expect(() => itemsOf([Buffer.from(body)], { bounds })).toThrow('an event of more than 64 bytes');
  }
  const unparted = `data: ${JSON.stringify('x'.repeat(16))}\n`.repeat(20);
  expect(itemsOf([Buffer.from(unparted)], { bounds })).toHaveLength(20);
});

test('Chunks 6: time is linear, whatever the line ends', () => {
  // Quadratic, it would take minutes; and a busy machine is no fault of the code.
  const elapsedMs = startStopwatch();
  const lines = Buffer.from(`data: {"a":1}\n\n`.repeat(100_000));
  expect(itemsOf([lines])).toHaveLength(100_000);
  expect(itemsOf([Buffer.from('data: {"a":1}\r\r'.repeat(100_000))])).toHaveLength(100_000);
  const reader = new ItemReader({ eventMaxBytes: 1_000_000, responseMaxBytes: 10_000_000 });
  for (let at = 0; at < 100_000; at += 1) expect(reader.take(Buffer.from('xxxxxxx')).next().done).toBe(true);
  expect(elapsedMs()).toBeLessThan(6_000);
});

describe('Chunks 5: what is said between the events', () => {
  const rest = `data: ${t}\n\ndata: [DONE]\n\n`;

  test.each(['[PING]', '[HEARTBEAT]', '[KEEP-ALIVE] 12', '[ERROR] upstream timed out'])(
    'data that is %s is words',
    (words) => {
      expect(read(`data: ${o}\n\ndata: ${words}\n\n${rest}`)).toEqual([one, `words: ${words}`, two, 'DONE']);
    },
  );

  test.each([
    ['in a field of its name', 'error: {"message":"boom"}\n\n', { failed: { message: 'boom' } }],
    ['in a field of its name, behind data', 'data: {}\nerror: boom\n\n', { failed: 'words: boom' }],
    ['as a page', '<!DOCTYPE html>\n\n', { failed: 'words: <!DOCTYPE html>' }],
    ['as JSON over several lines', '{\n  "error": {\n    "message": "boom"\n  }\n}\n', { error: { message: 'boom' } }],
    [
      'as a line of a proxy',
      'upstream connect error or disconnect/reset before headers\n\n',
      'words: upstream connect error or disconnect/reset before headers',
    ],
    ['as broken JSON', '{\n  "error": "boom"\n', 'words: {\n"error": "boom"'],
  ])('an error comes through %s', (_title, bytes, item) => {
    expect(read(`data: ${o}\n\n${bytes}${rest}`).filter((each) => JSON.stringify(each) !== '{}')).toEqual([
      one,
      item,
      two,
      'DONE',
    ]);
    expect(read(`data: ${o}\n\n${bytes.trimEnd()}`).at(-1)).toEqual(item);
  });

  test('fields that nobody knows stay nothing', () => {
    expect(read(`data: ${o}\n\nx-trace: an error\nnonsense\n\n${rest}`)).toEqual([one, two, 'DONE']);
  });

  test.each([200_000, 2_000])('what is nested %d deep is no JSON, and no bug of ours', (depth) => {
    const deep = `${'['.repeat(depth)}"x"${']'.repeat(depth)}`;
    const body = Buffer.from(`data: {"choices":[{"delta":{"content":${deep}}}]}\n\n`);
    expect(() => itemsOf([body], { bounds: { ...wide, eventMaxBytes: 1_000_000 } })).toThrow(
      'sent a chunk that is no JSON',
    );
  });

  test('whole numbers keep their digits', () => {
    expect(read('data: {"contact":12345678901234567890}\n\n')).toEqual([{ contact: '12345678901234567890' }]);
  });
});
