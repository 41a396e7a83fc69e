/**
 * A log names the definition of its chart by a hash: a changed definition is told first, an unchanged one never, whichever scheme
 * named it.
 */
import { describe, expect, test } from 'vitest';
import { and, createMachine } from 'xstate';
import { definitionHash, definitionHashAs } from '../../../src/log/chart-definition.ts';
import type { EventLog } from '../../../src/log/log-reader.ts';
import { replay } from '../../../src/replay/replayer.ts';
import { goodLog, recordByHand } from '../../support/replay/hand-recording.ts';

type Config = Parameters<typeof createMachine>[0];

const closed = { on: { pushed: { guard: 'isUnlocked', target: 'open' } } };
const door: Config = { id: 'door', version: '1', initial: 'closed', states: { closed, open: {} } };
const guards = { isUnlocked: () => true, isDay: () => true, isNight: () => true, isOlder: () => true };

/** The door with another guard; every guard holds, so nothing but the definition differs. */
function guardedBy(guard: object | string) {
  const config: Config = {
    ...door,
    states: Object({ closed: { on: { pushed: { guard, target: 'open' } } }, open: {} }),
  };
  return createMachine(config, { guards });
}

/** The same definition, its fields in another order. */
const reordered = createMachine(
  { initial: 'closed', states: { open: {}, closed }, version: '1', id: 'door' },
  { guards },
);

/** `sha256` of the JSON of the config of the door that is guarded by isUnlocked, as scheme 1 took it. */
const DOOR_BY_SCHEME_ONE = 'a222189b39665389';

const logOf = (machine: Parameters<typeof recordByHand>[0]) => goodLog(recordByHand(machine, [{ type: 'pushed' }]));
const named = (log: EventLog, definition: string): EventLog => ({ ...log, header: { ...log.header, definition } });

describe('a log of today', () => {
  const both = guardedBy(and(['isUnlocked', 'isDay']));

  test('is named by scheme 2', () => {
    expect(logOf(both).header.definition).toMatch(/^2:[0-9a-f]{16}$/);
  });

  test('of an unchanged chart is replayed without a word', () => {
    expect(replay(logOf(both), guardedBy(and(['isUnlocked', 'isDay'])))).toMatchObject({
      divergence: null,
      definitionChanges: [],
    });
  });

  test('tells of a chart whose combined guard changed, though every turn is the same', () => {
    const changed = guardedBy(and(['isUnlocked', 'isNight']));
    expect(replay(logOf(both), changed)).toMatchObject({
      divergence: null,
      definitionChanges: [`the definition of the chart was ${definitionHash(both)} and is ${definitionHash(changed)}`],
    });
  });

  test("tells of a chart whose guard's params changed", () => {
    const recorded = guardedBy({ type: 'isOlder', params: { than: 7 } });
    const changed = guardedBy({ type: 'isOlder', params: { than: 8 } });
    expect(replay(logOf(recorded), changed).definitionChanges).toEqual([
      `the definition of the chart was ${definitionHash(recorded)} and is ${definitionHash(changed)}`,
    ]);
  });

  test('tells nothing of another order of what has none', () => {
    expect(replay(logOf(guardedBy('isUnlocked')), reordered).definitionChanges).toEqual([]);
  });
});

describe('a log whose header was written by scheme 1', () => {
  const unlocked = guardedBy('isUnlocked');
  const old = named(logOf(unlocked), DOOR_BY_SCHEME_ONE);

  test('of an unchanged chart is replayed without a word', () => {
    expect(replay(old, unlocked)).toMatchObject({ divergence: null, definitionChanges: [] });
  });

  test('tells of a changed chart, both named by the scheme of the log', () => {
    const changed = guardedBy('isDay');
    const now = definitionHashAs(DOOR_BY_SCHEME_ONE, changed);
    expect(now).toMatch(/^[0-9a-f]{16}$/);
    expect(replay(old, changed)).toMatchObject({
      divergence: null,
      definitionChanges: [`the definition of the chart was ${DOOR_BY_SCHEME_ONE} and is ${now}`],
    });
  });

  test('can not tell of a combined guard that changed: that scheme did not see it', () => {
    const both = guardedBy(and(['isUnlocked', 'isDay']));
    const log = named(logOf(both), definitionHashAs(DOOR_BY_SCHEME_ONE, both));
    expect(replay(log, guardedBy(and(['isUnlocked', 'isNight']))).definitionChanges).toEqual([]);
  });
});

test.each(['3:5ad7f29e0d0ac8e1', '2:5ad7f29e0d0ac8e1', 'abcdef', ''])(
  'a header with %s, a hash of no known scheme or of another chart, is told with the hash of today',
  (definition) => {
    const machine = guardedBy('isUnlocked');
    expect(replay(named(logOf(machine), definition), machine).definitionChanges).toEqual([
      `the definition of the chart was ${definition} and is ${definitionHash(machine)}`,
    ]);
  },
);
