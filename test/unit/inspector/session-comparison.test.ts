/** Two logs compared: first difference, what only one took, and both courses aligned. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type Comparison, compareSessions } from '../../../src/inspector/debugger/session-comparison.ts';
import type { EventLog } from '../../../src/log/log-reader.ts';
import { machineFor } from '../../../src/replay/machine-shelf.ts';
import { goodLog } from '../../support/replay/hand-recording.ts';
import { plainPlan, recordWorld } from '../../support/replay/recorded-world.ts';

function recording(path: string): EventLog {
  return goodLog(readFileSync(new URL(`../../recordings/${path}.jsonl`, import.meta.url), 'utf8'));
}

function compared(a: EventLog, b: EventLog): Comparison {
  const [ofA, ofB] = [a, b].map(({ header }) => machineFor(header.machine, header.version));
  if (ofA === undefined || ofB === undefined) throw new Error('no chart');
  return compareSessions({ log: a, machine: ofA }, { log: b, machine: ofB });
}

const plain = recording('session/completed-plain-v1');
const command = recording('session/completed-command-v1');

test('a session and itself have no difference, and each step stands beside itself', () => {
  const { difference, flowDifference, rows, transitions, events } = compared(plain, plain);
  expect({ difference, flowDifference }).toEqual({ difference: null, flowDifference: null });
  expect(rows.every(({ a, b }) => a !== null && JSON.stringify(a) === JSON.stringify(b))).toBe(true);
  expect(transitions.length).toBeGreaterThan(5);
  expect([...transitions, ...events].filter(({ a, b }) => a !== b)).toEqual([]);
});

test('what only one of them took is named by the ids of the drawn chart', () => {
  const { transitions, ends, turns, events } = compared(plain, command);
  const ofOne = transitions.filter(({ a, b }) => a === 0 || b === 0);
  expect(ofOne).toContainEqual({
    id: 'streaming.voice.silent:always:2',
    words: expect.stringContaining('→ commandSent'),
    a: 0,
    b: 1,
  });
  expect(transitions.slice(0, ofOne.length)).toEqual(ofOne);
  expect({ ends, turns }).toEqual({ ends: { a: 'completed', b: 'completed' }, turns: { a: 17, b: 7 } });
  expect(events.find(({ type }) => type === 'answer.commandReceived')).toEqual({
    type: 'answer.commandReceived',
    a: 0,
    b: 1,
  });
});

test('aligned rows hold every turn of both once, in order, and a row of both is of one kind', () => {
  for (const [a, b] of [
    [plain, command],
    [recording('session/speech-fails-v1'), recording('session/completed-many-v1')],
  ] as const) {
    const { rows } = compared(a, b);
    for (const [side, log] of [
      ['a', a],
      ['b', b],
    ] as const) {
      const turns = rows.flatMap((row) => {
        const step = row[side];
        return step === null
          ? []
          : Array.from({ length: step.toTurn - step.fromTurn + 1 }, (_, index) => step.fromTurn + index);
      });
      expect(turns).toEqual(log.turns.map(({ turn }) => turn));
    }
    for (const { a: ofA, b: ofB } of rows) if (ofA !== null && ofB !== null) expect(ofA.led).toBe(ofB.led);
    expect(rows.some(({ a: ofA, b: ofB }) => ofA !== null && ofB !== null)).toBe(true);
  }
});

test('waits add up to what was waited for, each from turn to turn', () => {
  const { log } = recordWorld(plainPlan);
  const { waits, durationMs } = compared(log, log);
  const sum = Object.values(waits.a).reduce((total, ms) => total + ms, 0);
  expect(sum).toBeCloseTo(durationMs.a, 6);
  expect(waits.a).toMatchObject({ start: 400, reader: 0 });
  expect(waits.a.voice).toBeGreaterThan(2_000);
});

test('logs of two charts are compared as far as that goes', () => {
  const { difference, transitions, machine } = compared(plain, recording('supervisor/race-v2'));
  expect(difference).toMatchObject({ turn: 0, field: 'machine' });
  expect({ transitions, machine }).toEqual({ transitions: [], machine: { a: 'session', b: 'supervisor' } });
});

test('very long sessions are aligned as far as a screen goes, in bounded work', () => {
  const turns = Array.from({ length: 6_000 }, (_, turn) => ({
    kind: 'turn' as const,
    turn,
    atMs: turn,
    event: { type: turn % 2 === 0 ? 'answer.textReceived' : 'answer.fellQuiet' },
  }));
  const long: EventLog = { ...plain, turns };
  const { rows, more } = compared(long, long);
  expect({ rows: rows.length, more }).toEqual({ rows: 1_000, more: 5_000 });
});
