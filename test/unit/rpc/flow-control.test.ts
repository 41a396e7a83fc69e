/** Guarantees of a call's flow: messages of one turn of the event loop are one write, and the memory of a write is used again only when it is over. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { BatchBuffers, CallFlow, type WireStream } from '../../../src/rpc/flow-control.ts';
import { Turns } from '../../../src/rpc/turns.ts';

type Taken = (error?: Error | null) => void;

/** An HTTP/2 stream worked by hand. */
class HandStream implements WireStream {
  destroyed = false;
  writableEnded = false;
  readonly writes: { readonly bytes: Uint8Array; readonly taken: Taken }[] = [];
  readonly first: unknown[] = [];
  takeFirst: () => void = () => {};

  cork(): void {}
  uncork(): void {}
  close(): void {}

  write(bytes: Uint8Array, taken: Taken): boolean {
    this.writes.push({ bytes, taken });
    return true;
  }

  /** The messages of all writes, as a client would read them. */
  get messages(): readonly string[] {
    const bytes = Buffer.concat(this.writes.map((write) => write.bytes));
    const messages: string[] = [];
    for (let at = 0; at < bytes.length; ) {
      expect(bytes[at]).toBe(0);
      const end = at + 5 + bytes.readUInt32BE(at + 1);
      messages.push(bytes.toString('utf8', at + 5, end));
      at = end;
    }
    return messages;
  }
}

function flowWith(buffers = new BatchBuffers()) {
  const stream = new HandStream();
  const call = {
    sendMessage: (message: unknown, taken: () => void) => {
      stream.first.push(message);
      stream.takeFirst = taken;
    },
  };
  const encode = (message: unknown) => Buffer.from(String(message));
  const flow = new CallFlow(call, stream, { turns: new Turns(), buffers, encode });
  return { flow, stream };
}

/** A flow whose first message is taken. */
function begun(buffers?: BatchBuffers) {
  const made = flowWith(buffers);
  made.flow.send('first');
  vi.runAllTicks();
  made.stream.takeFirst();
  return made;
}

function sendAll(flow: CallFlow, messages: readonly string[]): void {
  for (const message of messages) {
    expect(flow.canSend()).toBe(true);
    flow.send(message);
  }
  vi.runAllTicks();
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['nextTick', 'setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

test('the first message goes by grpc-js, with the headers; the rest of a batch is one write, each behind its length', () => {
  const { flow, stream } = flowWith();
  sendAll(flow, ['first', 'a', 'bc', 'é']);
  expect([stream.first, stream.writes.length, stream.messages]).toEqual([['first'], 1, ['a', 'bc', 'é']]);
});

test('a message that is larger than a batch, between small ones, keeps its place', () => {
  const { flow, stream } = begun();
  const large = 'x'.repeat(300_000);
  sendAll(flow, ['a', large, 'b']);
  expect(stream.messages).toEqual(['a', large, 'b']);
});

test('messages that together are larger than a batch are all written, in order', () => {
  const { flow, stream } = begun();
  const messages = Array.from({ length: 8 }, (_, index) => String(index).repeat(10_000));
  sendAll(flow, messages);
  expect(stream.messages).toEqual(messages);
});

test('after a batch there is no other before the transport took all of it; then who was refused is called, once', () => {
  const { flow, stream } = begun();
  const heard: string[] = [];
  flow.attach({ frameAccepted: () => heard.push('accepted'), roomFreed: () => heard.push('room') });
  sendAll(flow, ['0', '1', '2', '3', '4', '5', '6', '7']);
  expect(flow.canSend()).toBe(false);
  expect(heard).toEqual([]);
  stream.writes[0]?.taken();
  expect(heard).toEqual(['accepted', 'room']);
  sendAll(flow, ['8']);
  stream.writes[1]?.taken();
  expect(heard).toEqual(['accepted', 'room', 'accepted']);
});

test('the memory of a batch is used again when it was taken, and never while it is under way or after its write failed', () => {
  const buffers = new BatchBuffers();
  const memoryOf = (message: string) => {
    const { flow, stream } = begun(buffers);
    sendAll(flow, [message]);
    const [write] = stream.writes;
    return { memory: write?.bytes.buffer, write, stream };
  };
  const first = memoryOf('one');
  const second = memoryOf('two');
  expect(second.memory).not.toBe(first.memory);
  first.write?.taken(new Error('reset'));
  second.write?.taken();
  const third = memoryOf('three');
  const fourth = memoryOf('four');
  expect(third.memory).toBe(second.memory);
  expect([first.memory, second.memory]).not.toContain(fourth.memory);
  expect([first.stream.messages, third.stream.messages, fourth.stream.messages]).toEqual([
    ['one'],
    ['three'],
    ['four'],
  ]);
});

test('the memory of a batch whose stream was destroyed is not used again, whatever is told of its write', () => {
  const buffers = new BatchBuffers();
  const { flow, stream } = begun(buffers);
  sendAll(flow, ['secret']);
  stream.destroyed = true;
  const [write] = stream.writes;
  write?.taken();
  const other = begun(buffers);
  sendAll(other.flow, ['another']);
  expect(other.stream.writes[0]?.bytes.buffer).not.toBe(write?.bytes.buffer);
  expect(stream.messages).toEqual(['secret']);
});

test('what was sent is written before the end that follows in the same turn', () => {
  const { flow, stream } = begun();
  flow.send('a');
  flow.finish();
  expect(stream.messages).toEqual(['a']);
  vi.runAllTicks();
  expect(stream.writes).toHaveLength(1);
});

test.each(['destroyed', 'writableEnded'] as const)('nothing is written to a stream that is %s', (state) => {
  const { flow, stream } = begun();
  flow.send('a');
  stream[state] = true;
  vi.runAllTicks();
  expect(stream.writes).toEqual([]);
});
