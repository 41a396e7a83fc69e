/**
 * The log of a supervisor can be trusted like that of a session: its tables are told by sums of what changed, and yet an id that was altered
 * anywhere, by someone who can make the hashes fit again, diverges at exactly that turn.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { LogTurn } from '../../../src/log/log-format.ts';
import { type EventLog, readLog } from '../../../src/log/log-reader.ts';
import { supervisorMachine } from '../../../src/machines/supervisor/supervisor.machine.ts';
import { machineFor } from '../../../src/replay/machine-shelf.ts';
import { replay } from '../../../src/replay/replayer.ts';
import { chainedAnew, goodLog, recordByHand } from '../../support/replay/hand-recording.ts';

const recorded = (name: string) =>
  readFileSync(new URL(`../../recordings/supervisor/${name}.jsonl`, import.meta.url), 'utf8');
const recording = recorded('race-v2');

/** Some dozen streams of a few devices, that come, go and are interrupted in a fixed disorder. */
function crowdedLog(): string {
  const events = Array.from({ length: 160 }, (_, index) => {
    const place = (index * 37) % 61;
    if (index % 41 === 40) return { type: 'device.interruptRequested', hardwareId: `device-${place % 5}` };
    if (index % 7 === 6) return { type: 'welcome.requested', streamId: `call-${index}`, sessionId: `session-${place}` };
    if (index % 3 === 2) return { type: 'stream.released', streamId: `call-${place}` };
    const ids = { streamId: `call-${index}`, sessionId: `session-${index % 47}`, hardwareId: `device-${place % 5}` };
    return { type: 'stream.requested', ...ids };
  });
  const input = { maxStreams: 10_000, oneStreamPerDevice: false, gracePeriodMs: 0 };
  return recordByHand(supervisorMachine, [{ type: 'service.opened' }, ...events, { type: 'drain.requested' }], input);
}

function machineOf({ header }: EventLog) {
  return machineFor('supervisor', header.version) ?? supervisorMachine;
}

function divergenceWith(log: EventLog, turns: readonly LogTurn[]) {
  const bodies = [log.header, ...turns, log.footer].map((line) => JSON.stringify(line));
  return replay(goodLog(chainedAnew(bodies)), machineOf(log)).divergence;
}

/** The same event with one of its ids changed in one character. */
function forgeries({ event }: LogTurn): readonly LogTurn['event'][] {
  return ['streamId', 'sessionId', 'hardwareId'].flatMap((name) => {
    const id = event[name];
    if (typeof id !== 'string') return [];
    return [{ ...event, [name]: `${id.slice(0, -1)}${id.endsWith('~') ? '!' : '~'}` }];
  });
}

describe.each([
  ['the recording of a race', recording],
  ['a race of today', recorded('race-v3')],
  ['a race of calls that supersede', recorded('supersede-v3')],
  ['a race of calls that wait', recorded('queue-v3')],
  ['a race of calls that listen', recorded('attach-v3')],
  ['a crowd', crowdedLog()],
])('in %s', (_what, text) => {
  const log = goodLog(text);
  const chosen = log.turns.filter(({ turn }) => turn > 0 && (log.turns.length < 40 || turn % 5 === 0));

  test('it replays identically', () => {
    expect(replay(log, machineOf(log))).toMatchObject({ divergence: null, definitionChanges: [] });
    expect(chosen.length).toBeGreaterThan(15);
  });

  test('an id that was altered in an event that took or freed a slot diverges at that turn', () => {
    for (const recorded of chosen.filter(({ changes }) => changes !== undefined)) {
      for (const event of forgeries(recorded)) {
        const turns = log.turns.with(recorded.turn, { ...recorded, event });
        expect({ event, at: divergenceWith(log, turns)?.turn }).toEqual({ event, at: recorded.turn });
      }
    }
  });

  test('a table that was altered diverges at that turn, in that table', () => {
    for (const recorded of chosen) {
      for (const name of Object.keys(recorded.changes ?? {})) {
        const changes = { ...recorded.changes, [name]: '#000000000000' };
        const divergence = divergenceWith(log, log.turns.with(recorded.turn, { ...recorded, changes }));
        expect(divergence).toMatchObject({ turn: recorded.turn, field: `context.${name}` });
      }
    }
  });

  test('two admissions that changed places diverge at the first of them', () => {
    const pairs = log.turns.flatMap((first) => {
      const second = log.turns[first.turn + 1];
      const areBoth = [first, second].every((turn) => turn?.event.type === 'stream.requested' && turn.changes);
      return areBoth && second !== undefined ? [{ first, second }] : [];
    });
    expect(pairs).not.toEqual([]);
    for (const { first, second } of pairs.slice(0, 20)) {
      const turns = log.turns
        .with(first.turn, { ...first, event: second.event })
        .with(second.turn, { ...second, event: first.event });
      expect(divergenceWith(log, turns)?.turn).toBe(first.turn);
    }
  });
});

test('what differs is told as a record, not as the trie it is kept in', () => {
  const log = goodLog(recording);
  const at = log.turns.findIndex(({ changes }) => changes?.inFlight !== undefined && changes.admissions === 1);
  const recorded = log.turns[at];
  if (recorded === undefined) expect.fail('nothing was admitted');
  const changes = { ...recorded.changes, inFlight: '#000000000000' };
  const { sessionId, streamId } = recorded.event;
  expect(divergenceWith(log, log.turns.with(at, { ...recorded, changes }))?.present).toEqual({
    [String(sessionId)]: streamId,
  });
});

test('a line that was altered is found before anything is replayed', () => {
  const lines = recording.split('\n');
  for (const [index, line] of lines.slice(0, -1).entries()) {
    const altered = lines.with(
      index,
      line.replace(/[0-9](?=[^0-9]*$)/, (digit) => (digit === '0' ? '1' : '0')),
    );
    expect(readLog(altered.join('\n'))).toMatchObject({ line: index + 1 });
  }
});
