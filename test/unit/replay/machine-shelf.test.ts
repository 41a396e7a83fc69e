/** Old versions of a chart can be kept for their logs; what was recorded tells with which definition and by which server. */

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { setup } from 'xstate';
import { definitionHash } from '../../../src/log/chart-definition.ts';
import { machineFor } from '../../../src/replay/machine-shelf.ts';
import { replay } from '../../../src/replay/replayer.ts';
import { goodLog, recordByHand } from '../../support/replay/hand-recording.ts';

/** A door that closes when it is pushed; from version 2 on it locks, too. */
function door(version: '1' | '2') {
  return setup({ types: { events: {} as { type: 'pushed' } } }).createMachine({
    id: 'door',
    version,
    initial: 'open',
    states: { open: { on: { pushed: version === '1' ? 'closed' : 'locked' } }, closed: {}, locked: {} },
  });
}

const old = door('1');
const newest = door('2');
const log = goodLog(recordByHand(old, [{ type: 'pushed' }]));

test('a header carries the version of its chart, the hash of its definition and the build of its server', () => {
  expect(log.header).toMatchObject({ machine: 'door', version: '1', definition: definitionHash(old), build: 'test' });
  expect(definitionHash(newest)).not.toBe(definitionHash(old));
});

test('a log is replayed with its own version as long as that is kept, and is identical', () => {
  const machine = machineFor('door', log.header.version, [old, newest]);
  expect(machine).toBe(old);
  expect(replay(log, old)).toMatchObject({ divergence: null, definitionChanges: [] });
});

test('once its version is gone, the newest replays it: the change of definition is told first, then what differs', () => {
  const machine = machineFor('door', log.header.version, [newest]);
  expect(machine).toBe(newest);
  const { definitionChanges, divergence } = replay(log, newest);
  expect(definitionChanges).toEqual([
    'version 1 was recorded, 2 replays',
    `the definition of the chart was ${definitionHash(old)} and is ${definitionHash(newest)}`,
  ]);
  expect(divergence).toMatchObject({ turn: 1, field: 'state', recorded: 'closed', now: 'locked' });
});

test('a chart that nobody knows has no machine', () => {
  expect(machineFor('window', '1')).toBeUndefined();
  expect(machineFor('session', 'never')?.id).toBe('session');
});

test.each(['1', '2', '3'])(
  'a log of version %s of the supervisor is replayed with that version, and is identical',
  (version) => {
    const file = new URL(`../../recordings/supervisor/race-v${version}.jsonl`, import.meta.url);
    const recorded = goodLog(readFileSync(file, 'utf8'));
    const machine = machineFor('supervisor', version);
    if (machine === undefined) expect.fail('it is not on the shelf');
    expect(machine.version).toBe(version);
    expect(replay(recorded, machine)).toMatchObject({ divergence: null, definitionChanges: [] });
  },
);
