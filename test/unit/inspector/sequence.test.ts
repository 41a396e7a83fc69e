/** A log as messages between lanes: nothing that it holds is left out, nothing is drawn that it does not hold. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { sequenceOf } from '../../../src/inspector/debugger/sequence.ts';
import type { EventLog } from '../../../src/log/log-reader.ts';
import { sessionMachine } from '../../../src/machines/session/session.machine.ts';
import { machineFor } from '../../../src/replay/machine-shelf.ts';
import { ChartRun } from '../../../src/replay/pure-chart.ts';
import { goodLog } from '../../support/replay/hand-recording.ts';
import { plainPlan, recordWorld } from '../../support/replay/recorded-world.ts';

function recording(path: string): EventLog {
  return goodLog(readFileSync(new URL(`../../recordings/${path}.jsonl`, import.meta.url), 'utf8'));
}

function messagesOf(log: EventLog, supervisor: EventLog | null = null) {
  const machine = machineFor(log.header.machine, log.header.version);
  if (machine === undefined) throw new Error('no chart');
  return sequenceOf(log, machine, supervisor, { around: 0, snapshotAfter: () => null });
}

test('a session is told by all its lanes, in the order in which it happened', () => {
  const { lanes, messages, hasSupervisor, fromTurn, toTurn } = messagesOf(recording('session/completed-command-v1'));
  expect(messages.map(({ from, to, label }) => `${from} > ${to}: ${label}`)).toEqual([
    'supervisor > session: start',
    'rpc > session: request.received prompt=command',
    'session > speech: start',
    'session > answer: start',
    'answer > session: answer.textReceived "Xxxxxxx Xxxxxx for you."',
    'answer > session: answer.commandReceived name=open_app args={"app_name":"Xxxxxx"}',
    'answer > session: answer.finished',
    'session > answer: stop',
    'session > speech: sentence.due 0',
    'session > outbox: sentence.reached "Xxxxxxx Xxxxxx for you."',
    'session > speech: sentence.turnCame 0',
    'speech > session: speech.finished segment=0 audioBytes=8192',
    'session > speech: stop',
    'session > outbox: command.reached command=open_app args={"app_name":"Xxxxxx"}',
    'session > outbox: end.reached',
    'outbox > session: outbox.flushed',
    'session > rpc: ended: completed',
  ]);
  expect(lanes.map(({ lane }) => lane)).toEqual(['rpc', 'supervisor', 'session', 'answer', 'speech', 'outbox']);
  expect({ hasSupervisor, fromTurn, toTurn }).toEqual({ hasSupervisor: false, fromTurn: 0, toTurn: 6 });
});

test('a run of deltas with nothing said between them is one message, with its turns and its characters', () => {
  const { messages } = messagesOf(recording('session/completed-plain-v1'));
  const run = messages.find(({ count }) => count > 1);
  expect(run).toMatchObject({ from: 'answer', to: 'session', fromTurn: 2, toTurn: 6, count: 5 });
  expect(run?.label).toMatch(/^5 × answer\.textReceived, \d+ characters$/);
});

test('every turn of a log stands in exactly one message to its chart', () => {
  for (const name of ['completed-plain', 'completed-many', 'speech-fails', 'stream-idle-timeout', 'engine-throws']) {
    const log = recording(`session/${name}-v1`);
    const seen = new Map<number, number>();
    for (const { from, to, fromTurn, toTurn, label } of messagesOf(log).messages) {
      const isTold =
        to === 'session' && (from !== 'session' || label.startsWith('after ') || label.startsWith('session.'));
      if (!isTold || fromTurn === null || toTurn === null) continue;
      for (let turn = fromTurn; turn <= toTurn; turn += 1) seen.set(turn, (seen.get(turn) ?? 0) + 1);
    }
    expect([name, ...log.turns.map(({ turn }) => seen.get(turn))]).toEqual([name, ...log.turns.map(() => 1)]);
  }
});

test('the supervisor of a stream is joined by the stream id, on one clock', () => {
  const supervisor = recording('supervisor/race-v2');
  const session = recording('session/completed-plain-v1');
  const startedAt = new Date(Date.parse(supervisor.header.startedAt) + 600).toISOString();
  const input = { ...Object(session.header.input), streamId: 'bbe9242d-705a-45d0-90b0-dd4bceaf24c5' };
  const log = { ...session, header: { ...session.header, startedAt, input } };
  const { messages, hasSupervisor } = messagesOf(log, supervisor);
  expect(hasSupervisor).toBe(true);
  const ofSupervisor = messages.filter(({ fromTurn }) => fromTurn === null);
  expect(ofSupervisor.map(({ from, to, label, atMs }) => `${Math.round(atMs)} ${from} > ${to}: ${label}`)).toEqual([
    '-16 rpc > supervisor: stream.requested sessionId=twice',
    '-16 supervisor > rpc: stream.admitted',
    '98 session > supervisor: stream.released',
    '98 supervisor > session: slot.freed',
  ]);
  expect(messagesOf(session, supervisor).hasSupervisor).toBe(false);
});

test('a supervisor is told by its own log', () => {
  const { messages } = messagesOf(recording('supervisor/race-v2'));
  expect(messages.slice(0, 6).map(({ from, to, tone }) => [from, to, tone])).toEqual([
    ['supervisor', 'supervisor', 'plain'],
    ['supervisor', 'supervisor', 'plain'],
    ['rpc', 'supervisor', 'plain'],
    ['supervisor', 'rpc', 'out'],
    ['rpc', 'supervisor', 'plain'],
    ['supervisor', 'rpc', 'error'],
  ]);
});

test('a very long log is told in stretches, each as the whole would tell it', () => {
  const answer = Array.from({ length: 5_000 }, (_, place) => ({
    afterMs: 10,
    say: place % 20 === 19 ? 'end. ' : 'word ',
  }));
  const { log } = recordWorld({ ...plainPlan, limits: { ...plainPlan.limits, sessionTimeoutMs: 0 }, answer });
  const run = new ChartRun(sessionMachine);
  const snapshots = log.turns.map(({ event, turn }) => {
    if (turn === 0) run.start(log.header.input);
    else run.take(event);
    return run.snapshot;
  });
  const at = (around: number) =>
    sequenceOf(log, sessionMachine, null, { around, snapshotAfter: (turn) => snapshots[turn] ?? null });
  const [first, second] = [at(1_999), at(2_000)];
  expect([first.fromTurn, first.toTurn, second.fromTurn, second.toTurn]).toEqual([0, 2_500, 1_500, 4_500]);
  const shared = ({ messages }: typeof first) =>
    messages.filter(({ fromTurn, toTurn }) => (fromTurn ?? 0) > 1_600 && (toTurn ?? 0) < 2_400);
  expect(shared(second).length).toBeGreaterThan(30);
  expect(shared(second)).toEqual(shared(first));
});
