/** The line between the server's process and a worker: its order, its bounds, and what a worker does when the other side takes nothing. */
import { expect, test } from 'vitest';
import type { Call } from '../../../src/call/call.ts';
import type { Failure } from '../../../src/errors.ts';
import { admissionsOver, memoryOver, usageOver } from '../../../src/server/workers/owner-link.ts';
import { type LineBounds, ProcessLine } from '../../../src/server/workers/process-line.ts';
import type { FromWorker, ToWorker } from '../../../src/server/workers/worker-messages.ts';

const bounds: LineBounds = { fullMessages: 4, fullBytes: 10_000, maxMessages: 10, maxBytes: 100_000 };

/** A line whose other side takes a batch when it is told to. */
function make() {
  const sent: object[][] = [];
  const said: string[] = [];
  let taken: (() => void) | null = null;
  const line = new ProcessLine<FromWorker, ToWorker>({
    send: (batch, isSent) => {
      sent.push([...batch]);
      taken = isSent;
    },
    bounds,
    onFull: (isFull) => said.push(isFull ? 'full' : 'free'),
    onGivenUp: (why) => said.push(why),
  });
  const take = () => {
    const isSent = taken;
    taken = null;
    isSent?.();
  };
  return { line, sent, said, take };
}

/** What one callback says has gone out. */
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

const load = { kind: 'loaded', reasons: [] } as const;

test('what one callback says goes out together, and what is said behind it when the other side has taken that', async () => {
  const { line, sent, take } = make();
  line.tell(load);
  line.tell(load);
  expect(sent).toEqual([]);
  await nextTurn();
  expect(sent).toEqual([[{ told: load }, { told: load }]]);
  line.tell(load);
  await nextTurn();
  expect(sent).toHaveLength(1);
  take();
  expect(sent[1]).toEqual([{ told: load }]);
});

test('a batch is no larger than a message and 1 MiB', async () => {
  const sent: object[][] = [];
  const large = {
    kind: 'refused',
    call: callOf(1),
    why: { errorType: 'overloaded', errorCode: 'RESOURCE_EXHAUSTED', message: 'x'.repeat(30_000) },
  } as const;
  const many = new ProcessLine<FromWorker, ToWorker>({
    send: (batch, isSent) => {
      sent.push([...batch]);
      isSent();
    },
  });
  for (let count = 0; count < 50; count += 1) many.tell(large);
  await nextTurn();
  expect(sent.map(({ length }) => length)).toEqual([18, 18, 14]);
});

test('is full beyond a bound of messages or bytes, and free again when half of it is taken', async () => {
  const { line, said, take } = make();
  for (let count = 0; count < 4; count += 1) line.tell(load);
  expect(line.isFull).toBe(false);
  line.tell(load);
  expect(line.isFull).toBe(true);
  await nextTurn();
  take();
  expect([line.isFull, said]).toEqual([false, ['full', 'free']]);
  line.ask('usage', { entry: { sessionId: 'x'.repeat(6_000) } as never }, () => {});
  expect([line.isFull, said]).toEqual([true, ['full', 'free', 'full']]);
});

test('gives the other side up beyond the last bound: once, and sends nothing more', async () => {
  const { line, sent, said, take } = make();
  for (let count = 0; count < 10; count += 1) line.tell(load);
  await nextTurn();
  expect(said).toEqual(['full']);
  for (let count = 0; count < 5; count += 1) line.tell(load);
  take();
  await nextTurn();
  expect(sent.map(({ length }) => length)).toEqual([10]);
  expect(said).toEqual(['full', expect.stringMatching(/^it has not taken 11 messages of \d+ bytes$/)]);
});

test('all that was said goes out before it is done', async () => {
  const { line, sent, take } = make();
  let isDone = false;
  line.tell(load);
  await nextTurn();
  line.tell(load);
  line.afterAll(() => {
    isDone = true;
  });
  take();
  expect([sent.length, isDone]).toEqual([2, false]);
  take();
  expect(isDone).toBe(true);
});

function callOf(number: number): Call {
  return { streamId: `s${number}`, sessionId: `session-${number}`, hardwareId: 'device', method: 'StreamAudio' };
}

test('a full line refuses what can be refused, and counts it here; what is over, what ends others and what is not refused goes on it', async () => {
  const { line, sent, take } = make();
  const refused: [string, Failure][] = [];
  const config = { collect: { promptMaxChars: 100 }, memory: { isOn: true, maxChars: 10 } } as never;
  const refuse = (call: Call, why: Failure) => {
    refused.push([call.streamId, why]);
    return why;
  };
  const port = admissionsOver(line, { config, refuse });
  for (let number = 0; number < 5; number += 1) port.released(`gone-${number}`, () => {});
  expect(line.isFull).toBe(true);
  const answers: unknown[] = [];
  port
    .ask({ call: callOf(1), utterance: { prompt: 'hello', screen: {} } }, (verdict) => answers.push(verdict))
    .abandon();
  port.collect({ call: callOf(2), sequence: 1, text: 'hello', screen: {} }, (verdict) => answers.push(verdict));
  expect(refused.map(([streamId, { errorType }]) => [streamId, errorType])).toEqual([
    ['s1', 'overloaded'],
    ['s2', 'overloaded'],
  ]);
  expect(answers).toEqual(refused.map(([, why]) => why));
  expect(await usageOver(line).record({} as never)).toEqual({
    stored: false,
    reason: expect.stringMatching('overloaded'),
  });
  await expect(memoryOver(line, config)?.recall('device-1')).rejects.toThrow('overloaded');
  port.interrupt('device', () => {});
  await nextTurn();
  take();
  expect(sent.flat().map((parcel) => ('asked' in parcel ? (parcel.asked as { kind: string }).kind : 'told'))).toEqual([
    ...Array(5).fill('released'),
    'interrupt',
  ]);
});
