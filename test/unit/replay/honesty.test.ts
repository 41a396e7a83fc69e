/**
 * A verdict can be trusted: whatever is done to a recording, by accident or by someone who can make its hashes fit again, is found, at the
 * right turn; and so is a chart that was relaxed. Over the recordings of real sessions in test/recordings.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { LogTurn } from '../../../src/log/log-format.ts';
import { type EventLog, readLog } from '../../../src/log/log-reader.ts';
import { sessionMachine } from '../../../src/machines/session/session.machine.ts';
import { playedEvents } from '../../../src/replay/played-events.ts';
import { replay } from '../../../src/replay/replayer.ts';
import { chainedAnew, goodLog, orderlessLog } from '../../support/replay/hand-recording.ts';

const folder = fileURLToPath(new URL('../../recordings/session', import.meta.url));
const recordings = readdirSync(folder)
  .filter((name) => name.endsWith('.jsonl'))
  .map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }));

/** Every turn of a short recording, some of a long one. */
function chosenTurns(turns: number): readonly number[] {
  return Array.from({ length: turns }, (_, turn) => turn).filter((turn) => turn < 16 || turn % 13 === 0);
}

/** The lines of a log that hold its turns, by turn. */
function turnLines(lines: readonly string[]): readonly number[] {
  return lines.flatMap((line, index) => (line.startsWith('{"kind":"turn"') ? [index] : []));
}

const joined = (lines: readonly string[]) => `${lines.join('\n')}\n`;

function swapped<T>(values: readonly T[], a: number, b: number): T[] {
  const copy = [...values];
  const [first, second] = [values[a], values[b]];
  if (first !== undefined && second !== undefined) [copy[a], copy[b]] = [second, first];
  return copy;
}

/** Replays `log` with other turns, as an adversary would leave it: numbered, counted and chained so that it reads well. */
function divergenceWith(log: EventLog, turns: readonly LogTurn[]) {
  const numbered = turns.map((turn, index) => ({ ...turn, turn: index }));
  const footer = { ...log.footer, turns: turns.length };
  const bodies = [log.header, ...numbered, footer].map((line) => JSON.stringify(line));
  return replay(orderlessLog(chainedAnew(bodies)), sessionMachine).divergence;
}

/** What a turn did, without when and why. */
function outcomeOf({ state, changes, effects, status }: LogTurn): string {
  return JSON.stringify({ state, changes, effects, status });
}

describe.each(recordings)('in $name', ({ text }) => {
  const lines = text.trimEnd().split('\n');
  const places = turnLines(lines);
  const log = goodLog(text);
  const { turns } = log;
  const chosen = chosenTurns(turns.length).flatMap((turn) => {
    const [line, recorded] = [places[turn], turns[turn]];
    return line === undefined || recorded === undefined ? [] : [{ turn, line, recorded }];
  });

  test('a line that was altered anywhere is found at that line and turn', () => {
    for (const { turn, line } of chosen) {
      const given = lines[line] ?? '';
      for (const place of [20, Math.floor(given.length / 2), given.length - 4]) {
        const other = given[place] === '0' ? '1' : '0';
        const altered = lines.with(line, given.slice(0, place) + other + given.slice(place + 1));
        expect(readLog(joined(altered))).toMatchObject({ line: line + 1, turn });
      }
    }
  });

  test('two lines that changed places, and one that is gone, are found at the first of them', () => {
    for (const { turn, line } of chosen) {
      expect(readLog(joined(lines.toSpliced(line, 1)))).toMatchObject({ line: line + 1, turn });
      expect(readLog(joined(swapped(lines, line, line + 1)))).toMatchObject({ line: line + 1, turn });
    }
  });

  test('with hashes that fit: what a turn did, altered in any part, diverges at that turn, in that field', () => {
    for (const { turn, recorded } of chosen) {
      for (const [field, altered] of alterations(recorded)) {
        const divergence = divergenceWith(log, turns.with(turn, altered));
        expect({ turn: divergence?.turn, field: divergence?.field }).toEqual({ turn, field });
      }
    }
  });

  test('with hashes that fit: events that changed places, their outcomes not, diverge at the first of them', () => {
    for (const { turn, recorded } of chosen.slice(1)) {
      const next = turns[turn + 1];
      // Two of a kind may be the same: deltas of one shape, a sentence that fails twice.
      if (next === undefined || next.event.type === recorded.event.type) continue;
      if (outcomeOf(next) === outcomeOf(recorded)) continue;
      const changed = turns
        .with(turn, { ...recorded, event: next.event })
        .with(turn + 1, { ...next, event: recorded.event });
      expect({ turn, at: divergenceWith(log, changed)?.turn }).toEqual({ turn, at: turn });
    }
  });

  test('with hashes that fit: turns that changed places whole diverge there, or the session could have gone so', () => {
    for (const { turn } of chosen.slice(1)) {
      const changed = swapped(turns, turn, turn + 1);
      const divergence = divergenceWith(log, changed);
      if (divergence !== null) expect(divergence.turn).toBeGreaterThanOrEqual(turn);
      // The end of a session can't come earlier.
      if (turn === turns.length - 2) expect(divergence).not.toBeNull();
    }
  });

  test('with hashes that fit: a turn that is gone is missed there or behind it, or the session could have gone so', () => {
    for (const { turn, recorded } of chosen.slice(1)) {
      const divergence = divergenceWith(log, turns.toSpliced(turn, 1));
      if (turn === turns.length - 1) expect(divergence).toMatchObject({ turn: turn - 1, field: 'end' });
      else if (divergence !== null) expect(divergence.turn).toBeGreaterThanOrEqual(turn);
      // A session that was cut short from outside may have been cut before it.
      else expect([log.footer?.reason, recorded.state]).not.toEqual(['completed', expect.any(String)]);
    }
  });

  test('with hashes that fit: another event in the place of one that did something diverges at that turn', () => {
    for (const { turn, recorded } of chosen.slice(1)) {
      if (recorded.event.type === 'client.cancelled' || outcomeOf(recorded) === '{}') continue;
      const changed = turns.with(turn, { ...recorded, event: { type: 'client.cancelled' } });
      expect({ turn, at: divergenceWith(log, changed)?.turn }).toEqual({ turn, at: turn });
    }
  });
});

/** A turn with one part of its outcome altered, for each part it has. */
function alterations(recorded: LogTurn): readonly (readonly [field: string, altered: LogTurn])[] {
  const { state, changes, effects, status } = recorded;
  return [
    ...(state === undefined ? [] : [['state', { ...recorded, state: `nowhere.${state}` }] as const]),
    ...Object.keys(changes ?? {}).map(
      (name) => [`context.${name}`, { ...recorded, changes: { ...changes, [name]: '#000000000000' } }] as const,
    ),
    ...(effects ?? []).map(
      (_, index) => ['effects', { ...recorded, effects: (effects ?? []).toSpliced(index, 1) }] as const,
    ),
    ...(status === undefined ? [] : [['status', { ...recorded, status: 'error' }] as const]),
  ];
}

describe('a relaxed guard', () => {
  /** Those of our own; `stateIn` and the like are XState's. */
  const guards = Object.entries(sessionMachine.implementations.guards).flatMap(([name, guard]) => {
    return typeof guard === 'function' && !('check' in guard) ? [name] : [];
  });
  /** What they let through where they should not may do nothing at all. */
  const harmless = new Set(['isAtPossibleBoundary']);
  const found = new Set<string>();

  /** The chart with one guard that always says `verdict`. */
  const relaxed = (name: string, verdict: boolean) => sessionMachine.provide({ guards: { [name]: () => verdict } });

  /** The first turn at which the real guard says something else than `verdict`; null = in this session it never does. */
  function firstOther(text: string, name: string, verdict: boolean): number | null {
    const real: unknown = Reflect.get(sessionMachine.implementations.guards, name);
    if (typeof real !== 'function') throw new Error(`there is no guard ${name}`);
    let said = false;
    const watching = sessionMachine.provide({
      guards: {
        [name]: (args: unknown, params: unknown) => {
          const answer: unknown = real(args, params);
          said ||= answer !== verdict;
          return answer === true;
        },
      },
    });
    for (const { recorded } of playedEvents(goodLog(text), watching)) if (said) return recorded.turn;
    return null;
  }

  test.each(guards)('%s is found in every session where it matters, at the first turn that it decides', (name) => {
    for (const verdict of [true, false]) {
      for (const { name: recording, text } of recordings) {
        const first = firstOther(text, name, verdict);
        const at = replay(goodLog(text), relaxed(name, verdict)).divergence?.turn ?? null;
        const isHarmless = at === null && harmless.has(name);
        expect({ recording, verdict, first, at }).toEqual({ recording, verdict, first, at: isHarmless ? at : first });
        if (at !== null) found.add(name);
      }
    }
  });

  test('nearly all of them matter in some recording', () => {
    expect(guards.filter((name) => !found.has(name))).toEqual(expect.toSatisfy((missed) => missed.length <= 4));
  });

  test('a session that stalled is found at its end by a guard that never sees a stall', () => {
    const stalled = recordings.find(({ name }) => name.startsWith('answer-stalled'));
    expect(stalled).toBeDefined();
    const log = goodLog(stalled?.text ?? '');
    const { divergence } = replay(log, relaxed('isFinishingSentences', true));
    expect(divergence).toMatchObject({
      turn: log.turns.length - 1,
      field: 'state',
      recorded: 'error',
      now: 'as before',
    });
  });
});
