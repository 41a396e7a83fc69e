/** A chart for other tools of XState: what is read back is the same chart. */
import { describe, expect, test } from 'vitest';
import { type AnyStateMachine, and, createMachine, not, or, setup, stateIn } from 'xstate';
import { chartOf } from '../../../src/analysis/chart/chart-content.ts';
import { mermaidOf, wholePicture } from '../../../src/analysis/chart/mermaid.ts';
import { nameOfTransition, transitionIdOf, transitionsOf } from '../../../src/analysis/chart/transition-words.ts';
import { xstateJson, xstateModule } from '../../../src/analysis/chart/xstate-export.ts';
import { definitionHash } from '../../../src/log/chart-definition.ts';
import { bootstrapMachine } from '../../../src/machines/bootstrap.machine.ts';
import { collectMachine } from '../../../src/machines/collect.machine.ts';
import { sessionMachine } from '../../../src/machines/session/session.machine.ts';
import { supervisorMachine } from '../../../src/machines/supervisor/supervisor.machine.ts';
import { supervisorMachineV1 } from '../../../src/machines/supervisor/supervisor-v1.machine.ts';
import { welcomeMachine } from '../../../src/machines/welcome/welcome.machine.ts';

const charts: readonly (readonly [name: string, machine: AnyStateMachine])[] = [
  ['session', sessionMachine],
  ['bootstrap', bootstrapMachine],
  ['welcome', welcomeMachine],
  ['supervisor', supervisorMachine],
  ['supervisor, version 1,', supervisorMachineV1],
  ['collect', collectMachine],
];

function readBack(machine: AnyStateMachine): AnyStateMachine {
  return createMachine(JSON.parse(xstateJson(machine)));
}

/** Guards that XState has no JSON for, as its functions. */
function revived(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('type' in value) || !('params' in value)) return value;
  const params: { guards?: unknown; stateValue?: unknown } = Object(value.params);
  const parts = Array.isArray(params.guards) ? params.guards : [];
  switch (value.type) {
    case 'xstate.and':
      return and(parts);
    case 'xstate.or':
      return or(parts);
    case 'xstate.not':
      return not(parts[0]);
    case 'xstate.stateIn':
      return stateIn(String(params.stateValue));
    default:
      return value;
  }
}

describe.each(charts)('JSON of %s', (_name, machine) => {
  test('makes a machine with the same transitions in the same order', () => {
    const again = readBack(machine);
    expect(transitionsOf(again).length).toBeGreaterThan(10);
    expect(transitionsOf(again).map(nameOfTransition)).toEqual(transitionsOf(machine).map(nameOfTransition));
    expect(transitionsOf(again).map(transitionIdOf)).toEqual(transitionsOf(machine).map(transitionIdOf));
  });

  test('loses nothing: read back and written again it is the same', () => {
    expect(xstateJson(readBack(machine))).toBe(xstateJson(machine));
  });

  test('is the chart that logs are checked against, once its combined guards are functions again', () => {
    const again = createMachine(JSON.parse(xstateJson(machine), revived));
    expect(definitionHash(again)).toBe(definitionHash(machine));
  });
});

const door = setup({
  guards: { isDay: () => true, isUnlocked: () => true, isFire: () => false },
  delays: { closingDue: 3000, spring: () => 20 },
  actions: { ring: (_, _params: { where: string }) => undefined, lock: () => undefined },
}).createMachine({
  id: 'door',
  version: '3',
  context: () => ({ visitors: 0 }),
  initial: 'open',
  states: {
    open: {
      exit: { type: 'ring', params: { where: "the porter's hall" } },
      on: {
        pushed: [
          { guard: or(['isFire', and(['isDay', not('isUnlocked')])]), target: 'closed' },
          { guard: stateIn('#door.open'), actions: 'lock' },
        ],
        guard: { guard: not('isDay'), target: 'closed' },
      },
      after: { closingDue: 'closed', spring: { actions: 'lock' } },
    },
    closed: { entry: 'lock' },
  },
});

describe('guards that are combined', () => {
  test('stand in JSON with their parts as params', () => {
    expect(JSON.parse(xstateJson(door)).states.open.on.pushed[0].guard).toEqual({
      type: 'xstate.or',
      params: {
        guards: [
          'isFire',
          {
            type: 'xstate.and',
            params: { guards: ['isDay', { type: 'xstate.not', params: { guards: ['isUnlocked'] } }] },
          },
        ],
      },
    });
    expect(JSON.parse(xstateJson(readBack(door)))).toEqual(JSON.parse(xstateJson(door)));
    expect(transitionsOf(readBack(door)).map(nameOfTransition)).toEqual([
      'door.open: pushed [or(isFire, and(isDay, not(isUnlocked)))] → door.closed',
      'door.open: pushed [xstate.stateIn] → no target',
      'door.open: guard [not(isDay)] → door.closed',
      'door.open: xstate.after.closingDue.door.open → door.closed',
      'door.open: xstate.after.spring.door.open → no target',
    ]);
  });

  test('are called in a module, which has a placeholder behind every name', () => {
    const text = xstateModule(door);
    expect(text).toContain("import { and, not, or, setup, stateIn } from 'xstate';");
    expect(text).toContain("guard: or(['isFire', and(['isDay', not('isUnlocked')])]),");
    expect(text).toContain("guard: stateIn('#door.open'),");
    expect(text).toContain('where: "the porter\'s hall",');
    expect(text).toContain('closingDue: 3000,');
    expect(text).toContain('spring: 1000,');
    expect(text).toContain('export const doorMachine = setup({');
  });
});

test.each(charts)('Mermaid draws %s with all of its states', (_name, machine) => {
  const chart = chartOf(machine);
  const text = mermaidOf(chart, wholePicture(chart));
  for (const { path } of chart.states) if (path !== '') expect(text).toContain(`${path.replaceAll('.', '_')}_`);
});
