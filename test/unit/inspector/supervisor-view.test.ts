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
