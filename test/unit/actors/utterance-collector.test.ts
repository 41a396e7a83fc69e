/**
 * Guarantees of the collector: each device and session has its own buffer; numbers and bytes stay within their bounds; whatever ends
 * a buffer, nothing of it is left; and a bug in one chart touches no other. Time is vitest's.
 */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { UtteranceCollector, type UtteranceCollectorOptions } from '../../../src/actors/hosts/utterance-collector.ts';
import type { Call } from '../../../src/call/call.ts';
import type { CollectedChunk, Screen, Screenshot } from '../../../src/call/gateway.ts';
import { failure } from '../../../src/errors.ts';
import { collectMachine } from '../../../src/machines/collect.machine.ts';
import type { LogFields } from '../../../src/observe/logger.ts';
import { HandSink } from '../../support/actors/hand-sink.ts';
import { callOf, collectNow, keepingFaults, openHost, requestOf } from '../../support/actors/hosted-supervisor.ts';
import { ownTimeOf } from '../../support/own-time.ts';
import { runs } from '../../support/runs.ts';

const MIB = 1024 * 1024;
const ttlMs = 120_000;
const defaultLimits = {
  ttlMs,
  maxBuffers: 1_000,
  maxChars: 32_768,
  promptMaxChars: 32_768,
  screenshotMaxBytes: 10 * MIB,
};
/** Whose utterance most tests are about; a COMMIT of it, which nothing but its two ids matters of. */
const key = callOf('commit-1', 'session-1');

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

interface Bench {
  readonly collector: UtteranceCollector;
  readonly lines: LogFields[];
  readonly faults: { readonly id: string; readonly error: unknown }[];
}

function open(
  limits: Partial<UtteranceCollectorOptions['limits']> = {},
  machine: UtteranceCollectorOptions['machine'] = collectMachine,
): Bench {
  const lines: LogFields[] = [];
  const faults: { id: string; error: unknown }[] = [];
  const keep = (fields: LogFields) => {
    lines.push(fields);
  };
  const collector = new UtteranceCollector({
    machine,
    limits: { ...defaultLimits, ...limits },
    log: { debug: keep, info: keep, warn: keep, error: keep, announce: keep },
    faults: keepingFaults(faults),
    ownTime: ownTimeOf(),
  });
  return { collector, lines, faults };
}

interface ChunkFields extends Screen, Partial<Call> {
  readonly text?: string;
}

function chunk(sequence: number, { text, ...rest }: ChunkFields = {}): CollectedChunk {
  const { screenshot, screenWidth, screenHeight, ...ids } = rest;
  return {
    call: { ...key, streamId: `call-${sequence}`, ...ids },
    sequence,
    ...(text !== undefined && { text }),
    screen: {
      ...(screenshot !== undefined && { screenshot }),
      ...(screenWidth !== undefined && { screenWidth }),
      ...(screenHeight !== undefined && { screenHeight }),
    },
  };
}

/** What a COMMIT without anything of its own would be; null = nothing at all. */
function collected(collector: UtteranceCollector, call: Call = key): ({ readonly text: string } & Screen) | null {
  const utterance = collector.whole({ call, prompt: '', screen: {} });
  if ('errorCode' in utterance) throw new Error(utterance.message);
  const { prompt, screen } = utterance;
  return prompt === '' && Object.keys(screen).length === 0 ? null : { text: prompt, ...screen };
}

function screenshotOf(bytes: number): Screenshot {
  return { bytes: new Uint8Array(bytes), mediaType: 'image/png', widthPixels: 2, heightPixels: 2 };
}

function expectNothingLeft({ collector }: Bench): void {
  expect({
    buffers: collector.buffers,
    screenshotBytes: collector.screenshotBytes,
    timers: vi.getTimerCount(),
  }).toEqual({ buffers: 0, screenshotBytes: 0, timers: 0 });
}

describe('what was collected', () => {
  test('is there until it is used, and then for nobody any more', () => {
    const bench = open();
    const { collector } = bench;
    const screenshot = screenshotOf(100);
    expect(collected(collector, key)).toBeNull();
    expect(collector.collect(chunk(0, { text: 'What is', screenshot, screenWidth: 1920 }))).toBeNull();
    expect(collector.collect(chunk(1, { text: ' the time', screenHeight: 1080 }))).toBeNull();
    const expected = { text: 'What is the time', screenshot, screenWidth: 1920, screenHeight: 1080 };
    expect(collected(collector, key)).toEqual(expected);
    expect(collected(collector, key)).toEqual(expected);
    collector.use(key);
    expect(collected(collector, key)).toBeNull();
    expectNothingLeft(bench);
    collector.use(key);
    expect(collector.collect(chunk(0, { text: 'Again' }))).toBeNull();
    expect(collected(collector, key)).toEqual({ text: 'Again' });
  });

  test('is for one device and one session: no other sees it, uses it or changes it', () => {
    const { collector } = open();
    const others = [
      { ...key, hardwareId: 'device-2' },
      { ...key, sessionId: 'session-2' },
      // Ids have no spaces; their characters may be any others.
      { ...key, hardwareId: 'device-1session', sessionId: '-1' },
    ];
    collector.collect(chunk(5, { text: 'mine' }));
    for (const other of others) expect(collected(collector, other)).toBeNull();
    for (const [index, other] of others.entries()) {
      expect(collector.collect(chunk(1, { ...other, streamId: `other-${index}`, text: `of ${index}` }))).toBeNull();
    }
    for (const other of others.slice(1)) collector.use(other);
    expect([key, ...others].map((each) => collected(collector, each)?.text)).toEqual([
      'mine',
      'of 0',
      undefined,
      undefined,
    ]);
  });

  test('has the newest screenshot that was kept, never one of an old chunk', () => {
    const { collector } = open();
    const [first, second, old] = [screenshotOf(10), screenshotOf(20), screenshotOf(30)];
    collector.collect(chunk(1, { screenshot: first }));
    collector.collect(chunk(3, { screenshot: second }));
    collector.collect(chunk(2, { screenshot: old }));
    collector.collect(chunk(3, { screenshot: old }));
    expect(collected(collector, key)?.screenshot?.bytes.byteLength).toBe(20);
    expect(collector.screenshotBytes).toBe(20);
  });

  test('keeps no memory alive but that of its own screenshot', () => {
    const { collector } = open();
    const slab = new Uint8Array(256 * 1024).fill(7, 100, 110);
    collector.collect(chunk(1, { screenshot: { ...screenshotOf(0), bytes: slab.subarray(100, 110) } }));
    const bytes = collected(collector, key)?.screenshot?.bytes;
    expect(bytes).toEqual(new Uint8Array(10).fill(7));
    expect(bytes?.buffer.byteLength).toBe(10);
  });

  test('expires by itself, with all it holds, when no chunk is kept for its time', () => {
    const bench = open();
    const { collector, lines } = bench;
    collector.collect(chunk(1, { text: 'secret words', screenshot: screenshotOf(100) }));
    vi.advanceTimersByTime(ttlMs - 1);
    collector.collect(chunk(2, { text: ' and more' }));
    vi.advanceTimersByTime(ttlMs - 1);
    // Neither an old chunk nor one that is refused gives it more time.
    collector.collect(chunk(2, { text: 'old' }));
    expect(collector.collect(chunk(3, { text: 'x'.repeat(32_769) }))).not.toBeNull();
    expect(collected(collector, key)?.text).toBe('secret words and more');
    vi.advanceTimersByTime(1);
    expect(collected(collector, key)).toBeNull();
    expectNothingLeft(bench);
    const ids = { session_id: 'session-1', hardware_id: 'device-1' };
    expect(lines.map(({ decision, ctx }) => ({ decision, ctx }))).toEqual([
      {
        decision: 'collect',
        ctx: { ...ids, stream_id: 'call-1', chunk_seq: 1, text_chars: 12, screenshot_bytes: 100, collect_buffers: 1 },
      },
      {
        decision: 'collect',
        ctx: { ...ids, stream_id: 'call-2', chunk_seq: 2, text_chars: 9, screenshot_bytes: 0, collect_buffers: 1 },
      },
      {
        decision: 'collect_dropped',
        ctx: { ...ids, stream_id: 'call-2', chunk_seq: 2, text_chars: 3, screenshot_bytes: 0, collect_buffers: 1 },
      },
      { decision: 'collect_expired', ctx: { ...ids, stream_id: 'call-1' } },
    ]);
    expect(JSON.stringify(lines)).not.toContain('secret');
  });

  test('is dropped with all timers when the server stops', () => {
    const bench = open();
    for (let index = 0; index < 10; index += 1) {
      bench.collector.collect(chunk(1, { sessionId: `session-${index}`, screenshot: screenshotOf(10) }));
    }
    expect(vi.getTimerCount()).toBe(10);
    bench.collector.dropAll();
    expectNothingLeft(bench);
  });
});

describe('the bounds', () => {
  test('of buffers: one more is refused, the known ones go on, and one that is over gives its place back', () => {
    const bench = open({ maxBuffers: 2 });
    const { collector } = bench;
    const other = (sessionId: string) => chunk(1, { sessionId, text: sessionId });
    expect([other('a'), other('b')].map((each) => collector.collect(each))).toEqual([null, null]);
    const full = failure(
      'overloaded',
      '2 utterances are being collected; at most 2 are kept at once (COLLECT_MAX_BUFFERS)',
    );
    expect(collector.collect(other('c'))).toEqual(full);
    expect(collector.buffers).toBe(2);
    expect(collector.collect(chunk(2, { sessionId: 'a', text: ' goes on' }))).toBeNull();
    collector.use({ ...key, sessionId: 'b' });
    expect(collector.collect(other('c'))).toBeNull();
    expect(collector.collect(other('d'))).toEqual(full);
    vi.advanceTimersByTime(ttlMs);
    expect(collector.collect(other('d'))).toBeNull();
    expect(collector.buffers).toBe(1);
  });

  test('a first chunk that is refused takes no place', () => {
    const bench = open({ maxBuffers: 1, maxChars: 4 });
    expect(bench.collector.collect(chunk(1, { text: 'words', screenshot: screenshotOf(10) }))).toEqual(
      failure('overloaded', 'The collected text would have 5 characters; at most 4 are kept (COLLECT_MAX_CHARS)'),
    );
    expectNothingLeft(bench);
    expect(bench.collector.collect(chunk(1, { sessionId: 'another', text: 'word' }))).toBeNull();
  });

  test('of screenshots: 256 MiB in all; one that is replaced gives its bytes back first', () => {
    const bench = open();
    const { collector } = bench;
    const large = screenshotOf(10 * MIB);
    const collect = (sequence: number, sessionId: string, screenshot: Screenshot) =>
      collector.collect(chunk(sequence, { sessionId, screenshot, text: `words ${sequence}` }));
    for (let index = 0; index < 25; index += 1) expect(collect(1, `session-${index}`, large)).toBeNull();
    const last = screenshotOf(6 * MIB);
    const refusal = failure(
      'overloaded',
      `All collected screenshots together would have ${260 * MIB} bytes; at most ${256 * MIB} are kept`,
    );
    expect(collect(1, 'one-more', large)).toEqual(refusal);
    expect(collected(collector, { ...key, sessionId: 'one-more' })).toBeNull();
    expect(collect(1, 'one-more', last)).toBeNull();
    expect(collector.screenshotBytes).toBe(256 * MIB);
    // In place of the one before: the total stays as it is, or is refused and everything stays.
    expect(collect(2, 'session-0', large)).toBeNull();
    expect(collect(2, 'one-more', large)).toEqual(refusal);
    expect(collected(collector, { ...key, sessionId: 'one-more' })).toEqual({ text: 'words 1', screenshot: last });
    collector.use({ ...key, sessionId: 'session-1' });
    expect(collect(2, 'one-more', large)).toBeNull();
    expect(collector.screenshotBytes).toBe(250 * MIB);
    vi.advanceTimersByTime(ttlMs);
    expectNothingLeft(bench);
  });

  test('of screenshots: never less than one of the largest that is allowed', () => {
    const { collector } = open({ screenshotMaxBytes: 257 * MIB });
    expect(collector.collect(chunk(1, { screenshot: screenshotOf(257 * MIB) }))).toBeNull();
    expect(collector.collect(chunk(1, { sessionId: 'another', screenshot: screenshotOf(1) }))).not.toBeNull();
  });
});

describe('a bug in a chart', () => {
  const throwing = collectMachine.provide({
    guards: {
      isTextTooLong: ({ event }) => {
        if (event.type === 'chunk.received' && event.text === 'poison') throw new Error('boom');
        return false;
      },
    },
  });

  test('is INTERNAL/session_fault with an id that finds it; its buffer is gone, no other one is', () => {
    const { collector, faults } = open({}, throwing);
    collector.collect(chunk(1, { screenshot: screenshotOf(10), text: 'mine' }));
    collector.collect(chunk(2, { sessionId: 'another', text: 'theirs' }));
    expect(collector.collect(chunk(3, { text: 'poison' }))).toEqual({
      errorCode: 'INTERNAL',
      errorType: 'session_fault',
      message: 'Internal error (call-1)',
    });
    expect(faults).toEqual([
      { id: 'call-1', error: expect.objectContaining({ message: expect.stringContaining('boom') }) },
    ]);
    expect(collected(collector, key)).toBeNull();
    expect(collector.screenshotBytes).toBe(0);
    expect(collected(collector, { ...key, sessionId: 'another' })).toEqual({ text: 'theirs' });
    expect(collector.collect(chunk(1, { text: 'anew' }))).toBeNull();
  });

  test('that goes on in the way out leaves nothing behind, either', () => {
    const hopeless: typeof collectMachine = Object.create(collectMachine, {
      transition: {
        value: () => {
          throw new Error('hopeless');
        },
      },
    });
    const bench = open({}, hopeless);
    expect(bench.collector.collect(chunk(1, { text: 'x' }))?.errorType).toBe('session_fault');
    expect(bench.faults.map(({ error }) => error)).toEqual([new Error('hopeless'), new Error('hopeless')]);
    expectNothingLeft(bench);
  });
});

describe('under the supervisor', () => {
  test('a refused COMMIT keeps the buffer, an admitted one uses it up, a chunk meanwhile is for the next one', () => {
    const { host, answers, collector } = openHost({ admission: { maxStreams: 1 } });
    expect(collectNow(host, chunk(1, { text: 'What is the time' }))).toBeNull();
    const busy = host.open(requestOf('busy', 'another', 'device-2'), new HandSink());
    expect(host.open({ ...requestOf('call-1', 'session-1') }, new HandSink())).toMatchObject({
      errorType: 'stream_limit_exceeded',
    });
    expect(collected(collector, key)?.text).toBe('What is the time');
    if ('cancel' in busy) busy.cancel();
    const running = host.open(requestOf('call-2', 'session-1'), new HandSink());
    expect(running).toHaveProperty('cancel');
    expect(collected(collector, key)).toBeNull();
    // No slot is free, and the session is in flight.
    expect(collectNow(host, chunk(0, { text: 'And the date' }))).toBeNull();
    expect(host.open(requestOf('call-3', 'session-1'), new HandSink())).toMatchObject({
      errorType: 'concurrent_request',
    });
    if ('cancel' in running) running.cancel();
    expect(collected(collector, key)).toEqual({ text: 'And the date' });
    expect(host.activeStreams).toBe(0);
    expect(answers.answers.map(({ request }) => request.prompt)).toEqual(['busy', 'call-2']);
  });

  test('a chunk is refused, logged and counted while the server drains', async () => {
    const { host, counters, linesOf, collector } = openHost();
    host.open(requestOf('running', 'another'), new HandSink());
    collectNow(host, chunk(1, { text: 'before' }));
    void host.drain();
    expect(collectNow(host, chunk(2, { text: 'after' }))).toMatchObject({ errorType: 'draining' });
    expect(collected(collector, key)).toEqual({ text: 'before' });
    expect(counters.rejected).toEqual({ draining: 1 });
    expect(linesOf('reject').map(({ ctx }) => ctx)).toEqual([
      {
        session_id: 'session-1',
        hardware_id: 'device-1',
        stream_id: 'call-2',
        reason: 'draining',
        active_streams: 1,
        max_streams: 50,
      },
    ]);
  });
});

describe('whatever comes, in whatever order', () => {
  interface ModelBuffer {
    text: string;
    last: number;
    screenshotBytes: number;
    screenWidth: number | undefined;
    expiresAtMs: number;
  }

  const limits = { ttlMs: 100, maxBuffers: 2, maxChars: 8, screenshotMaxBytes: 10 };
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('collect' as const),
        name: fc.constantFrom('a', 'b', 'c'),
        sequence: fc.integer({ min: -1, max: 6 }),
        text: fc.constantFrom(undefined, 'word', 'two', ' tail', '\n', 'far too long', '🙂🙂🙂🙂🙂'),
        screenshotBytes: fc.constantFrom(0, 0, 1, 5, 10),
        screenWidth: fc.constantFrom(undefined, 1, 2),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('use' as const), name: fc.constantFrom('a', 'b', 'c') }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 120 }) }) },
  );

  test('the collector holds what a simple model holds', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const bench = open(limits);
        const model = new Map<string, ModelBuffer>();
        let nowMs = 0;
        for (const [index, each] of steps.entries()) {
          if (each.kind === 'wait') {
            nowMs += each.ms;
            vi.advanceTimersByTime(each.ms);
            for (const [name, { expiresAtMs }] of model) if (expiresAtMs <= nowMs) model.delete(name);
          } else if (each.kind === 'use') {
            bench.collector.use({ ...key, sessionId: each.name });
            model.delete(each.name);
          } else {
            const { name, sequence, text, screenshotBytes, screenWidth } = each;
            const known = model.get(name);
            const fields = {
              sessionId: name,
              streamId: `call-${index}`,
              ...(text !== undefined && { text }),
              ...(screenshotBytes > 0 && { screenshot: screenshotOf(screenshotBytes) }),
              ...(screenWidth !== undefined && { screenWidth }),
            };
            const refused = bench.collector.collect(chunk(sequence, fields));
            const isOld = known !== undefined && sequence <= known.last;
            const said = /^\s/.test(text ?? '') ? (known?.text ?? '') + (text ?? '') : (text ?? known?.text ?? '');
            const isRefused = (known === undefined && model.size >= 2) || (!isOld && [...said].length > 8);
            expect(refused?.errorType).toBe(isRefused ? 'overloaded' : undefined);
            if (isOld || isRefused) continue;
            model.set(name, {
              text: said,
              last: sequence,
              screenshotBytes: screenshotBytes > 0 ? screenshotBytes : (known?.screenshotBytes ?? 0),
              screenWidth: screenWidth ?? known?.screenWidth,
              expiresAtMs: nowMs + limits.ttlMs,
            });
          }
          for (const name of ['a', 'b', 'c']) {
            const expected = model.get(name);
            const found = collected(bench.collector, { ...key, sessionId: name });
            expect([found?.text ?? '', found?.screenshot?.bytes.byteLength ?? 0, found?.screenWidth]).toEqual([
              expected?.text ?? '',
              expected?.screenshotBytes ?? 0,
              expected?.screenWidth,
            ]);
          }
          const total = [...model.values()].reduce((bytes, { screenshotBytes }) => bytes + screenshotBytes, 0);
          expect([bench.collector.buffers, bench.collector.screenshotBytes]).toEqual([model.size, total]);
        }
        expect(bench.faults).toEqual([]);
        vi.advanceTimersByTime(limits.ttlMs);
        expectNothingLeft(bench);
      }),
      { numRuns: runs(200) },
    );
  });
});
