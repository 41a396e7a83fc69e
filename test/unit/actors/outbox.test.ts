/** Guarantees of the outbox: order, the reader's pace, the rate limit to the frame, room, and silence after its end. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  createOutbox,
  type Outbox,
  type OutboxEvent,
  type OutboxOptions,
  unfetchedOf,
} from '../../../src/actors/outbox/outbox.ts';
import type { Frame } from '../../../src/call/gateway.ts';
import { briefOf, HandSink } from '../../support/actors/hand-sink.ts';

interface Bench {
  readonly sink: HandSink;
  readonly outbox: Outbox;
  readonly events: OutboxEvent[];
  readonly commands: string[];
  readonly failures: unknown[];
  readonly clock: { ms: number };
}

interface BenchOptions extends Pick<Partial<OutboxOptions>, 'maxFramesPerSecond' | 'opening'> {
  readonly room?: number;
}

function bench({ room = Number.POSITIVE_INFINITY, maxFramesPerSecond = 0, ...rest }: BenchOptions = {}): Bench {
  const sink = new HandSink(room);
  const clock = { ms: 1_000 };
  const events: OutboxEvent[] = [];
  const commands: string[] = [];
  const failures: unknown[] = [];
  const outbox = createOutbox({
    sink,
    maxFramesPerSecond,
    now: () => clock.ms,
    notify: (event) => events.push(event),
    commandSent: (command) => commands.push(command),
    handoverFailed: (error) => failures.push(error),
    ...rest,
  });
  return { sink, outbox, events, commands, failures, clock };
}

const text = (words: string): Frame => ({ kind: 'text', text: words });
const audio = (bytes: number): Frame => ({ kind: 'audio', bytes: new Uint8Array(bytes) });
const action: Frame = { kind: 'action', command: 'open_app', args: { app_name: 'Safari' } };
const end: Frame = { kind: 'end', message: 'COMPLETED' };

describe('order and pace', () => {
  test('Outbox 1, 2: frames leave in the order they came, at the pace of the reader, however pushes and room interleave', () => {
    const step = fc.oneof(
      fc.record({ push: fc.constantFrom(text('a'), text('b'), audio(4096), action) }),
      fc.record({ free: fc.integer({ min: 1, max: 4 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { sink, outbox } = bench({ room: 0 });
        const pushed: string[] = [];
        let allowed = 0;
        for (const each of steps) {
          if ('push' in each) {
            outbox.push(each.push);
            pushed.push(briefOf(each.push));
          } else {
            allowed += each.free;
            sink.free(each.free);
          }
          expect(sink.brief).toEqual(pushed.slice(0, Math.min(allowed, pushed.length)));
        }
      }),
    );
  });

  test('Outbox 5: the end is flushed when the transport has it, not when it is queued', () => {
    const { sink, outbox, events } = bench({ room: 1 });
    outbox.push(text('a'));
    outbox.push(end);
    expect(events).toEqual([]);
    sink.free(1);
    expect(events).toEqual([{ type: 'outbox.flushed' }]);
    expect(sink.brief).toEqual(['a', 'end COMPLETED']);
  });

  test('Outbox 1: nothing leaves after the end frame', () => {
    const { sink, outbox, events } = bench();
    outbox.push(end);
    outbox.push(text('late'));
    outbox.push(end);
    expect(sink.brief).toEqual(['end COMPLETED']);
    expect(events).toEqual([{ type: 'outbox.flushed' }]);
  });

  test('the command is reported when it was handed over, not before', () => {
    const { sink, outbox, commands } = bench({ room: 0 });
    outbox.push(action);
    expect(commands).toEqual([]);
    sink.free(1);
    expect(commands).toEqual(['open_app']);
  });
});

describe('Outbox 3: the rate limit', () => {
  test('lets exactly max frames through within one second and refuses the next', () => {
    const { sink, outbox, events } = bench({ maxFramesPerSecond: 5 });
    for (let frame = 0; frame < 6; frame += 1) outbox.push(text(String(frame)));
    expect(sink.brief).toEqual(['0', '1', '2', '3', '4']);
    expect(events).toEqual([{ type: 'outbox.rateExceeded', framesInLastSecond: 6 }]);
  });

  test('slides: a frame counts for exactly one second', () => {
    const { sink, outbox, events, clock } = bench({ maxFramesPerSecond: 2 });
    outbox.push(text('0 ms'));
    clock.ms += 600;
    outbox.push(text('600 ms'));
    clock.ms += 400;
    outbox.push(text('1000 ms'));
    clock.ms += 599;
    expect(events).toEqual([]);
    outbox.push(text('1599 ms'));
    expect(sink.brief).toEqual(['0 ms', '600 ms', '1000 ms']);
    expect(events).toEqual([{ type: 'outbox.rateExceeded', framesInLastSecond: 3 }]);
  });

  test('counts frames when they leave, so a slow reader is never refused for a queue', () => {
    const { sink, outbox, events, clock } = bench({ room: 0, maxFramesPerSecond: 1 });
    for (let frame = 0; frame < 3; frame += 1) outbox.push(text(String(frame)));
    for (let second = 0; second < 3; second += 1) {
      sink.free(1);
      clock.ms += 1_000;
    }
    expect(sink.brief).toEqual(['0', '1', '2']);
    expect(events).toEqual([]);
  });

  test('drops everything after the refused frame, the end included', () => {
    const { sink, outbox, events } = bench({ maxFramesPerSecond: 1 });
    outbox.push(text('a'));
    outbox.push(text('b'));
    outbox.push(end);
    sink.free(10);
    expect(sink.brief).toEqual(['a']);
    expect(events).toHaveLength(1);
  });

  test('for any times: what leaves within any second is never more than the limit', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 30 }),
        (max, waits) => {
          const { sink, outbox, events, clock } = bench({ maxFramesPerSecond: max });
          const leftAtMs: number[] = [];
          sink.onWrite = () => leftAtMs.push(clock.ms);
          let refusedAt: number | null = null;
          for (const wait of waits) {
            clock.ms += wait;
            outbox.push(text('x'));
            if (events.length > 0) refusedAt ??= clock.ms;
          }
          for (const at of leftAtMs) {
            expect(leftAtMs.filter((each) => each > at - 1_000 && each <= at).length).toBeLessThanOrEqual(max);
          }
          if (refusedAt !== null) {
            const refused = refusedAt;
            expect(leftAtMs.filter((each) => each > refused - 1_000)).toHaveLength(max);
          }
          expect(events.length).toBeLessThanOrEqual(1);
        },
      ),
    );
  });
});

describe('Outbox 4: room', () => {
  test('is there until 32 KiB of sound wait, and again when enough of it left', () => {
    const { sink, outbox } = bench({ room: 0 });
    for (let chunk = 0; chunk < 8; chunk += 1) {
      expect(outbox.hasRoom()).toBe(true);
      outbox.push(audio(4096));
    }
    expect(outbox.hasRoom()).toBe(false);
    sink.free(1);
    expect(outbox.hasRoom()).toBe(true);
  });

  test('calls back once each, at once if there is room, later in the order of the wishes if not', () => {
    const { sink, outbox, events } = bench({ room: 0 });
    const calls: string[] = [];
    outbox.onceRoom(() => calls.push('at once'));
    for (let chunk = 0; chunk < 8; chunk += 1) outbox.push(audio(4096));
    outbox.onceRoom(() => calls.push('first'));
    const withdraw = outbox.onceRoom(() => calls.push('withdrawn'));
    outbox.askRoom();
    outbox.onceRoom(() => calls.push('second'));
    withdraw();
    expect({ calls, events }).toEqual({ calls: ['at once'], events: [] });
    sink.free(3);
    sink.free(5);
    expect({ calls, events }).toEqual({
      calls: ['at once', 'first', 'second'],
      events: [{ type: 'outbox.roomFound' }],
    });
  });

  test('is offered only as far as it reaches: who is called first may fill it again', () => {
    const { sink, outbox } = bench({ room: 0 });
    for (let chunk = 0; chunk < 8; chunk += 1) outbox.push(audio(4096));
    const calls: string[] = [];
    outbox.onceRoom(() => {
      calls.push('first');
      outbox.push(audio(4096));
    });
    outbox.onceRoom(() => calls.push('second'));
    sink.free(1);
    expect(calls).toEqual(['first']);
    sink.free(1);
    expect(calls).toEqual(['first', 'second']);
  });

  test('Outbox 6: is granted after a discard, so that nobody waits for ever', () => {
    const { outbox } = bench({ room: 0 });
    for (let chunk = 0; chunk < 8; chunk += 1) outbox.push(audio(4096));
    outbox.discard();
    const calls: string[] = [];
    outbox.onceRoom(() => calls.push('late'));
    expect(calls).toEqual(['late']);
  });
});

describe('Outbox 5: a flush', () => {
  const flushed = { type: 'outbox.flushed' };

  test('is told at once if nothing waits, and once', () => {
    const { sink, outbox, events } = bench({ room: 0 });
    outbox.askFlushed();
    expect(events).toEqual([flushed]);
    outbox.push(text('a'));
    sink.free(1);
    expect(events).toEqual([flushed]);
  });

  test('is told when the last frame that waits is handed over, and not before', () => {
    const { sink, outbox, events } = bench({ room: 0 });
    for (const words of ['a', 'b', 'c']) outbox.push(text(words));
    outbox.askFlushed();
    sink.free(2);
    expect(events).toEqual([]);
    sink.free(1);
    expect({ frames: sink.brief, events }).toEqual({ frames: ['a', 'b', 'c'], events: [flushed] });
  });

  test('Outbox 6: is never told of frames that were discarded', () => {
    const { outbox, events } = bench({ room: 0 });
    outbox.push(text('a'));
    outbox.askFlushed();
    outbox.discard();
    outbox.askFlushed();
    expect(events).toEqual([]);
  });
});

describe('Outbox 6: a discarded outbox', () => {
  test('hands nothing over any more and says nothing', () => {
    const { sink, outbox, events } = bench({ room: 0 });
    outbox.push(text('a'));
    outbox.askRoom();
    events.length = 0;
    outbox.discard();
    outbox.push(end);
    sink.free(5);
    expect({ frames: sink.brief, events }).toEqual({ frames: [], events: [] });
  });

  test('stops in the middle of a pump when a write leads to the discard', () => {
    const { sink, outbox } = bench({ room: 0 });
    for (const words of ['a', 'b', 'c']) outbox.push(text(words));
    sink.onWrite = (frame) => {
      if (briefOf(frame) === 'b') outbox.discard();
    };
    sink.free(3);
    expect(sink.brief).toEqual(['a', 'b']);
  });
});

test('Outbox 7: a write that throws is reported once, and nothing leaves any more, whoever pushes or asks', () => {
  const { sink, outbox, events, failures } = bench({ room: 1 });
  const broken = new Error('the transport is gone');
  outbox.push(text('a'));
  outbox.push(text('b'));
  sink.writeError = broken;
  sink.free(5);
  outbox.push(text('c'));
  sink.free(5);
  expect({ frames: sink.brief, events, failures }).toEqual({ frames: ['a'], events: [], failures: [broken] });
});

test('Outbox 1: a push from within a write keeps the order', () => {
  const { sink, outbox } = bench();
  sink.onWrite = (frame) => {
    if (briefOf(frame) === 'a') outbox.push(text('from within'));
  };
  outbox.push(text('a'));
  outbox.push(text('b'));
  expect(sink.brief).toEqual(['a', 'from within', 'b']);
});

test('what stood ready without room is told in all, while it lasts too, and never counted once the stream is over', () => {
  const { sink, outbox, clock } = bench({ room: 0 });
  const half = 16 * 1024;
  outbox.push(audio(half));
  clock.ms += 400;
  expect([outbox.fullMs(), unfetchedOf(outbox)]).toEqual([0, {}]);
  outbox.push(audio(half));
  clock.ms += 250;
  expect([outbox.fullMs(), unfetchedOf(outbox)]).toEqual([250, { fullMs: 250 }]);
  sink.free(1);
  clock.ms += 3_000;
  expect(outbox.fullMs()).toBe(250);
  outbox.push(audio(half));
  clock.ms += 100.4;
  expect(outbox.fullMs()).toBe(350);
  outbox.discard();
  clock.ms += 9_000;
  expect(outbox.fullMs()).toBe(350);
});

test('the statistics are those of the frames that left, with the times they left', () => {
  const { sink, outbox, clock } = bench({ room: 0 });
  expect(outbox.stats()).toEqual({
    openedAtMs: 1_000,
    idleMs: 0,
    frames: 0,
    textChars: 0,
    audioBytes: 0,
    firstTextAtMs: null,
    firstAudioAtMs: null,
    firstSoundAtMs: null,
    leadingSilenceBytes: null,
  });
  outbox.push(text('a'));
  outbox.push(audio(4096));
  outbox.push(audio(100));
  clock.ms = 1_500;
  sink.free(2);
  clock.ms = 1_700;
  sink.accept();
  clock.ms = 2_000;
  expect(outbox.idleMs()).toBe(300);
  expect(outbox.stats()).toEqual({
    openedAtMs: 1_000,
    idleMs: 300,
    frames: 2,
    textChars: 1,
    audioBytes: 4096,
    firstTextAtMs: 1_500,
    firstAudioAtMs: 1_500,
    firstSoundAtMs: null,
    leadingSilenceBytes: null,
  });
});

describe('Outbox 1: an opening', () => {
  const metadata: Frame = { kind: 'metadata', method: 'hand' };

  test.each([audio(4096), end])('goes ahead of the first frame, once, and not before there is one', (first) => {
    let made = 0;
    const opening = () => {
      made += 1;
      return metadata;
    };
    const { sink, outbox } = bench({ opening });
    expect(sink.brief).toEqual([]);
    outbox.push(first);
    outbox.push(audio(2));
    expect(sink.brief.slice(0, 2)).toEqual(['metadata hand', briefOf(first)]);
    expect(made).toBe(1);
  });

  test('Outbox 2: waits with its frame for a reader who has no room', () => {
    const { sink, outbox } = bench({ room: 0, opening: () => metadata });
    outbox.push(audio(2));
    sink.free(1);
    expect(sink.brief).toEqual(['metadata hand']);
    sink.free(1);
    expect(sink.brief).toEqual(['metadata hand', '2 bytes']);
  });

  test('Outbox 3: counts as a frame of the rate limit', () => {
    const { sink, outbox, events } = bench({ maxFramesPerSecond: 1, opening: () => metadata });
    outbox.push(audio(2));
    expect(sink.brief).toEqual(['metadata hand']);
    expect(events).toEqual([{ type: 'outbox.rateExceeded', framesInLastSecond: 2 }]);
  });
});
