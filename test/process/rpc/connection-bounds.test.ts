/** A request must be complete within a minute of the time in which the server ran: by a clock of the test, on streams of the test. */
import { EventEmitter } from 'node:events';
import { constants, createServer } from 'node:http2';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type BoundReason, createConnectionBounds } from '../../../src/rpc/connection-bounds.ts';
import { ownTimeOf } from '../../support/own-time.ts';

const DUE_MS = 60_000;
/** How late it may be noticed. */
const NOTICED_MS = 5_000;
const PATH = '/streaming.StreamingService/StreamAudio';
const OPEN_ENDED = '/grpc.reflection.v1.ServerReflection/';

/** As much of a stream of HTTP/2 as the bounds see. */
class HandStream extends EventEmitter {
  closed = false;
  readonly resets: number[] = [];

  close(code: number): void {
    this.closed = true;
    this.resets.push(code);
    this.emit('close');
  }
}

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
afterEach(() => void vi.useRealTimers());

function boundedServer() {
  const world = { nowMs: 5, closed: [] as BoundReason[] };
  // Never listens: what comes to it is emitted here.
  const server = createServer();
  const { bound } = createConnectionBounds({
    maxConnections: 10,
    ownTime: ownTimeOf(() => world.nowMs),
    openEndedPath: OPEN_ENDED,
    onClosed: (reason) => world.closed.push(reason),
  });
  bound(server);
  const open = (path = PATH): HandStream => {
    const stream = new HandStream();
    server.emit('stream', stream, { [constants.HTTP2_HEADER_PATH]: path }, 0, []);
    return stream;
  };
  /** Real time goes on, and the own one as far as the process ran. */
  const pass = (ms: number, ranMs = ms): void => {
    for (let passed = 0; passed < ms; passed += 1_000) {
      world.nowMs += Math.max(0, Math.min(1_000, ranMs - passed));
      vi.advanceTimersByTime(1_000);
    }
  };
  return { world, open, pass };
}

test('one that is not complete after it is reset, told once, and noticed within five seconds', () => {
  const { world, open, pass } = boundedServer();
  const stream = open();
  pass(DUE_MS - 1_000);
  expect(stream.resets).toEqual([]);
  pass(1_000 + NOTICED_MS);
  expect(stream.resets).toEqual([constants.NGHTTP2_ENHANCE_YOUR_CALM]);
  pass(DUE_MS);
  expect(stream.resets).toHaveLength(1);
  expect(world.closed).toEqual(['request_overdue']);
});

test('each has its own minute, and the oldest goes first', () => {
  const { world, open, pass } = boundedServer();
  const early = open();
  pass(30_000);
  const late = open();
  pass(30_000 + NOTICED_MS);
  expect([early.resets.length, late.resets.length]).toEqual([1, 0]);
  pass(30_000);
  expect(late.resets.length).toBe(1);
  expect(world.closed).toEqual(['request_overdue', 'request_overdue']);
});

test('one that is complete may be answered for as long as that takes, and one that its client closed is told of no more', () => {
  const { world, open, pass } = boundedServer();
  const complete = open();
  const gone = open();
  pass(59_000);
  complete.emit('end');
  gone.closed = true;
  gone.emit('close');
  pass(10 * DUE_MS);
  expect([complete.resets, gone.resets, world.closed]).toEqual([[], [], []]);
  expect([complete.listenerCount('end'), complete.listenerCount('close')]).toEqual([0, 0]);
});

test('a call that has requests for as long as it likes has no such bound', () => {
  const { world, open, pass } = boundedServer();
  const stream = open(`${OPEN_ENDED}ServerReflectionInfo`);
  pass(10 * DUE_MS);
  expect([stream.resets, world.closed]).toEqual([[], []]);
});

test('the time in which the server stood still is none of its client', () => {
  const { open, pass } = boundedServer();
  const stream = open();
  pass(10 * DUE_MS, 50_000);
  expect(stream.resets).toEqual([]);
  pass(10_000 + NOTICED_MS);
  expect(stream.resets).toHaveLength(1);
});

test('nobody looks while no request is open', () => {
  const { open, pass } = boundedServer();
  expect(vi.getTimerCount()).toBe(0);
  const stream = open();
  expect(vi.getTimerCount()).toBe(1);
  stream.emit('end');
  pass(NOTICED_MS);
  expect(vi.getTimerCount()).toBe(0);
  open();
  expect(vi.getTimerCount()).toBe(1);
});
