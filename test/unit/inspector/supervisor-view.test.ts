/** A supervisor's log as slots, holders and refusals. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { AnyMachineSnapshot } from 'xstate';
import { supervisorView } from '../../../src/inspector/debugger/supervisor-view.ts';
import { supervisorMachine } from '../../../src/machines/supervisor/supervisor.machine.ts';
import { machineFor } from '../../../src/replay/machine-shelf.ts';
import { ChartRun } from '../../../src/replay/pure-chart.ts';
import { goodLog, recordByHand } from '../../support/replay/hand-recording.ts';

function viewOf(text: string, turn: number) {
  const log = goodLog(text);
  const machine = machineFor('supervisor', log.header.version);
  if (machine === undefined) throw new Error('no chart');
  const run = new ChartRun(machine);
  const snapshots: (AnyMachineSnapshot | null)[] = log.turns.map(({ event, turn: at }) => {
    if (at === 0) run.start(log.header.input);
    else run.take(event);
    return run.snapshot;
  });
  return supervisorView(log, machine, { turn, snapshotAfter: (at) => snapshots[at] ?? null });
}

const whole = [0, 1, 2, 1, 0, 1, 2, 1, 0, 1, 2, 1, 0];
const recorded = { v1: { admitted: 4, interrupts: 1 }, v2: { admitted: 6, interrupts: 2 } };

for (const version of ['v1', 'v2'] as const) {
  test(`version ${version}: slots, peak, holders and refusals are those of the race that was recorded`, () => {
    const text = readFileSync(new URL(`../../recordings/supervisor/race-${version}.jsonl`, import.meta.url), 'utf8');
    const view = viewOf(text, 5);
    expect(view).toMatchObject({ maxStreams: 2, peak: 2, refused: 2, moreHolders: 0, ...recorded[version] });
    expect(view.slots.map(({ held }) => held)).toEqual(whole.slice(0, 1 + 2 * recorded[version].admitted));
    expect(view.holders.map(({ sessionId, kind }) => [sessionId, kind])).toEqual([
      ['twice', 'answer'],
      ['other', 'answer'],
    ]);
    expect(view.refusals.map(({ sessionId, errorType }) => [sessionId, errorType])).toEqual([
      ['third', 'stream_limit_exceeded'],
      ['twice', 'concurrent_request'],
    ]);
    expect(view.refusals[1]?.message).toBe('Concurrent request for session_id=twice is not allowed');
  });
}

test('a long log is thinned out to what a screen shows, and keeps its peak', () => {
  const stream = (id: number) => ({ streamId: `s${id}`, sessionId: `s${id}`, hardwareId: 'unknown' });
  const events = [{ type: 'service.opened' }];
  for (let id = 0; id < 3_000; id += 1) {
    events.push({ type: 'stream.requested', ...stream(id) });
    if (id === 1_500)
      for (let more = 0; more < 40; more += 1) events.push({ type: 'stream.requested', ...stream(10_000 + more) });
    if (id === 1_500)
      for (let more = 0; more < 40; more += 1) events.push({ type: 'stream.released', ...stream(10_000 + more) });
    events.push({ type: 'stream.released', ...stream(id) });
  }
  const input = { maxStreams: 41, oneStreamPerDevice: false, gracePeriodMs: 0 };
  const view = viewOf(recordByHand(supervisorMachine, events, input), 0);
  expect(view.slots.length).toBeLessThanOrEqual(1_201);
  expect(view.peak).toBe(41);
  expect(Math.max(...view.slots.map(({ held }) => held))).toBe(41);
  expect(view).toMatchObject({ admitted: 3_040, refused: 0, holders: [] });
});

test('of very many refusals the newest are shown, and the rest counted', () => {
  const events = [{ type: 'service.opened' }, ...Array.from({ length: 500 }, (_, id) => request(id))];
  const view = viewOf(
    recordByHand(supervisorMachine, events, { maxStreams: 1, oneStreamPerDevice: false, gracePeriodMs: 0 }),
    2,
  );
  expect(view).toMatchObject({ refused: 499, moreRefusals: 299 });
  expect(view.refusals).toHaveLength(200);
  expect(view.refusals[0]).toMatchObject({ sessionId: 's499', errorType: 'stream_limit_exceeded' });
});

function request(id: number) {
  return { type: 'stream.requested', streamId: `s${id}`, sessionId: `s${id}`, hardwareId: 'unknown' };
}

const asked = (streamId: string, sessionId: string, hardwareId = 'laptop') => ({
  type: 'stream.requested',
  streamId,
  sessionId,
  hardwareId,
});
const released = (streamId: string) => ({ type: 'stream.released', streamId });
/** Three calls of one session id, two of another. */
const twoSessions = [
  { type: 'service.opened' },
  asked('a1', 'a'),
  asked('b1', 'b', 'phone'),
  asked('a2', 'a'),
  asked('b2', 'b', 'phone'),
  asked('a3', 'a'),
];
const inputWith = (rest: object) => ({ maxStreams: 10, oneStreamPerDevice: false, gracePeriodMs: 0, ...rest });

test('calls that wait are told with their place and their wait; those that wait no more are not, and a refusal says whose it was', () => {
  const input = inputWith({ duplicatePolicy: 'queue', queueTimeoutMs: 5_000, queueMax: 8 });
  const events = [
    ...twoSessions,
    released('a1'),
    { type: 'wait.expired', streamId: 'b2' },
    { type: 'drain.requested' },
  ];
  const text = recordByHand(supervisorMachine, events, input);
  // A turn comes every millisecond.
  expect(viewOf(text, 6)).toMatchObject({ queued: 3, moreWaiting: 0, queueTimeoutMs: 5_000 });
  expect(viewOf(text, 6).waiting).toEqual([
    { streamId: 'a2', sessionId: 'a', hardwareId: 'laptop', place: 1, sinceMs: 4, turn: 4, waitedMs: 2 },
    { streamId: 'b2', sessionId: 'b', hardwareId: 'phone', place: 1, sinceMs: 5, turn: 5, waitedMs: 1 },
    { streamId: 'a3', sessionId: 'a', hardwareId: 'laptop', place: 2, sinceMs: 6, turn: 6, waitedMs: 0 },
  ]);
  expect(viewOf(text, 6).holders.map(({ streamId }) => streamId)).toEqual(['a1', 'b1']);
  const freed = viewOf(text, 7);
  expect(freed.holders.map(({ streamId }) => streamId)).toEqual(['b1', 'a2']);
  expect(freed.waiting.map(({ streamId, place }) => [streamId, place])).toEqual([
    ['b2', 1],
    ['a3', 1],
  ]);
  const over = viewOf(text, 9);
  expect(over.waiting).toEqual([]);
  expect(over).toMatchObject({ refused: 2, moreRefusals: 0 });
  expect(
    over.refusals.map(({ turn, sessionId, hardwareId, errorType }) => [turn, sessionId, hardwareId, errorType]),
  ).toEqual([
    [9, 'a', 'laptop', 'draining'],
    [8, 'b', 'phone', 'concurrent_request'],
  ]);
});

test('of those that a drain refuses together each is told', () => {
  const input = inputWith({ duplicatePolicy: 'queue', queueTimeoutMs: 5_000, queueMax: 300 });
  const waiting = Array.from({ length: 250 }, (_, id) => asked(`w${id}`, 'a'));
  const events = [{ type: 'service.opened' }, asked('a1', 'a'), ...waiting, { type: 'drain.requested' }];
  const text = recordByHand(supervisorMachine, events, input);
  const view = viewOf(text, events.length);
  expect(view).toMatchObject({ queued: 250, refused: 250, moreRefusals: 50 });
  expect(new Set(view.refusals.map(({ errorType, sessionId }) => `${errorType} ${sessionId}`))).toEqual(
    new Set(['draining a']),
  );
  const before = viewOf(text, events.length - 1);
  expect(before).toMatchObject({ moreWaiting: 50 });
  expect(before.waiting.map(({ place }) => place)).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
});

test('a listener stands behind the stream that it hears, and holds a slot', () => {
  const events = [...twoSessions, released('b1')];
  const text = recordByHand(supervisorMachine, events, inputWith({ duplicatePolicy: 'attach' }));
  const holdersAt = (turn: number) =>
    viewOf(text, turn).holders.map(({ streamId, kind, hears }) => [streamId, kind, hears]);
  expect(holdersAt(6)).toEqual([
    ['a1', 'answer', null],
    ['a2', 'listener', 'a1'],
    ['a3', 'listener', 'a1'],
    ['b1', 'answer', null],
    ['b2', 'listener', 'b1'],
  ]);
  expect(viewOf(text, 6)).toMatchObject({ peak: 5, queued: 0, waiting: [], queueTimeoutMs: 0 });
  // Whom it heard is over, and it is not told yet.
  expect(holdersAt(7).at(-1)).toEqual(['b2', 'listener', 'b1']);
});

test.each([
  ['queue-v3', { queued: 7, admitted: 8, refused: 5 }],
  ['attach-v3', { queued: 0, admitted: 11, refused: 3 }],
  ['supersede-v3', { queued: 0, admitted: 13, refused: 1 }],
])('the recorded race %s: who came, waited and was refused, and nobody is left at its end', (name, counts) => {
  const text = readFileSync(new URL(`../../recordings/supervisor/${name}.jsonl`, import.meta.url), 'utf8');
  const view = viewOf(text, goodLog(text).turns.length - 1);
  expect(view).toMatchObject({ ...counts, holders: [], waiting: [], moreRefusals: 0 });
  expect(view.slots.at(-1)?.held).toBe(0);
  for (const { sessionId, hardwareId } of view.refusals) expect([sessionId, hardwareId]).not.toContain('');
});
