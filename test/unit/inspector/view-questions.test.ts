/** The questions of views over whole logs, as the worker answers them. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { answerView } from '../../../src/inspector/debugger/view-answers.ts';
import { type DebuggedLog, isViewQuestion } from '../../../src/inspector/debugger/view-questions.ts';
import { machineFor } from '../../../src/replay/machine-shelf.ts';
import { ChartRun } from '../../../src/replay/pure-chart.ts';
import { goodLog } from '../../support/replay/hand-recording.ts';

function opened(path: string): DebuggedLog {
  const log = goodLog(readFileSync(new URL(`../../recordings/${path}.jsonl`, import.meta.url), 'utf8'));
  const machine = machineFor(log.header.machine, log.header.version);
  if (machine === undefined) throw new Error('no chart');
  const run = new ChartRun(machine);
  const snapshots = log.turns.map(({ event, turn }) => {
    if (turn === 0) run.start(log.header.input);
    else run.take(event);
    return run.snapshot;
  });
  return { log, machine, snapshotAfter: (turn) => snapshots[turn] ?? null };
}

const logs: Readonly<Record<string, DebuggedLog>> = {
  plain: opened('session/completed-plain-v1'),
  command: opened('session/completed-command-v1'),
  supervisor: opened('supervisor/race-v2'),
};

function find(id: string): DebuggedLog {
  const found = logs[id];
  if (found === undefined) throw new Error(`the log ${id} is not open`);
  return found;
}

test('each question has the answer of its name, in data that can be posted', () => {
  const answers = [
    answerView({ kind: 'forkOptions', log: 'plain', turn: 4 }, find),
    answerView({ kind: 'fork', log: 'plain', turn: 4, change: { kind: 'lost' } }, find),
    answerView({ kind: 'sequence', log: 'plain', around: 0, supervisor: 'supervisor' }, find),
    answerView({ kind: 'compare', log: 'plain', other: 'command' }, find),
    answerView({ kind: 'supervisor', log: 'supervisor', turn: 5 }, find),
  ];
  expect(answers.map((answer) => structuredClone(answer))).toEqual(answers);
  expect(answers.map((answer) => Object.keys(answer)[0])).toEqual(['turn', 'turn', 'lanes', 'machine', 'maxStreams']);
});

test('what cannot be answered is an error that says why', () => {
  expect(() => answerView({ kind: 'fork', log: 'plain', turn: 99, change: { kind: 'lost' } }, find)).toThrow(
    'turn 99 must be 0..16',
  );
  expect(() => answerView({ kind: 'compare', log: 'plain', other: 'gone' }, find)).toThrow('gone is not open');
});

test('other questions are told apart', () => {
  const turn = { kind: 'turn', log: 'plain', turn: 1 } as const;
  expect(isViewQuestion(turn)).toBe(false);
  expect(isViewQuestion({ kind: 'sequence', log: 'plain', around: 0, supervisor: null })).toBe(true);
});
