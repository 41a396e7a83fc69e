/** A screenshot reaches the engine as bytes, and stands in no event, no context, no snapshot and no log line on its way. */
import { expect, test } from 'vitest';
import type { Screenshot } from '../../../src/call/gateway.ts';
import { HandSink } from '../../support/actors/hand-sink.ts';
import { settle } from '../../support/actors/hand-stream.ts';
import { callOf, collectNow, openHost, requestOf } from '../../support/actors/hosted-supervisor.ts';
import { png } from '../../support/images.ts';

/** 300 bytes that nothing else consists of. */
const marker = 'zqPIXELSzq'.repeat(30);
const bytes = new Uint8Array(Buffer.concat([png({ width: 2, height: 2 }), Buffer.from(marker)]));
const screenshot: Screenshot = { bytes, mediaType: 'image/png', widthPixels: 2, heightPixels: 2 };
/** What any encoding of the marker has in it: the text itself, hex, and base64 at each of its three offsets, less its ends. */
const traces = [
  'PIXELS',
  Buffer.from('PIXELS').toString('hex'),
  ...[0, 1, 2].map((offset) =>
    Buffer.from(`${'_'.repeat(offset)}zqPIXELSzq`)
      .toString('base64')
      .slice(4, 12),
  ),
];

interface Turn {
  readonly event: unknown;
  readonly snapshot: unknown;
}

/** Every string in a value, and the size of every piece of binary, wherever it hangs. */
function contentsOf(root: unknown): { readonly text: string; readonly binaries: readonly number[] } {
  const strings: string[] = [];
  const binaries: number[] = [];
  const seen = new Set<unknown>();
  const visit = (value: unknown): void => {
    if (typeof value === 'string') strings.push(value);
    if (typeof value !== 'object' || value === null || seen.has(value)) return;
    seen.add(value);
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) binaries.push(value.byteLength);
    else for (const part of value instanceof Map ? value.values() : Object.values(value)) visit(part);
  };
  visit(root);
  return { text: strings.join('\n'), binaries };
}

/** What is recorded and replayed of a snapshot: its context and output, and the same of its children. */
function recordedOf({ event, snapshot }: Turn): unknown {
  if (typeof snapshot !== 'object' || snapshot === null) return [event, snapshot];
  const { context, output, error } = { context: null, output: null, error: null, ...snapshot };
  return [event, context, output, error];
}

test('a screenshot of a request and one of a COLLECT reach the engine, and nothing that is recorded or logged', async () => {
  const turns: Turn[] = [];
  const { host, collector, answers, lines } = openHost({
    onTurn: (event, snapshot) => turns.push({ event, snapshot }),
  });
  const collected = { ...screenshot, bytes: bytes.slice(0, 400) };
  const chunk = { call: callOf('chunk-1', 'session-2'), sequence: 1, text: 'Look', screen: { screenshot: collected } };
  expect(collectNow(host, chunk)).toBeNull();
  const sink = new HandSink();
  host.open({ ...requestOf('stream-1', 'session-1'), screen: { screenshot } }, sink);
  host.open(requestOf('stream-2', 'session-2'), new HandSink());
  expect(collector.buffers).toBe(0);
  await settle();
  expect(answers.answers.map(({ request }) => request.screenshot)).toEqual([screenshot, collected]);
  answers.answers[0]?.stream.give({ kind: 'text', text: 'A picture of a cat. And' });
  await settle();
  answers.answers[0]?.stream.fail(new Error('a bug'));
  answers.answers[1]?.stream.end();
  await settle();

  const recorded = contentsOf(turns.map(recordedOf));
  expect(turns.length).toBeGreaterThan(5);
  expect(recorded.text).toContain('A picture of a cat.');
  expect(recorded.binaries).toEqual([]);
  const logged = contentsOf(lines);
  expect(lines.length).toBeGreaterThan(3);
  expect(logged.binaries).toEqual([]);
  for (const trace of traces) {
    expect(recorded.text).not.toContain(trace);
    expect(logged.text).not.toContain(trace);
  }
});
