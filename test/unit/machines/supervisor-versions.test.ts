/**
 * The versions of the supervisor chart say and do the same, in the same order, whatever comes; only their books are other ones. Version 3
 * does where it has none of what the others had not: another policy than reject, a device's share, load, other processes.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { supervisorMachine } from '../../../src/machines/supervisor/supervisor.machine.ts';
import type { SupervisorEvent } from '../../../src/machines/supervisor/supervisor.types.ts';
import { supervisorMachineV1 } from '../../../src/machines/supervisor/supervisor-v1.machine.ts';
import { supervisorMachineV2 } from '../../../src/machines/supervisor/supervisor-v2.machine.ts';
import { PureRun } from '../../support/machines/pure-run.ts';
import { tablesOf } from '../../support/machines/supervisor-tables.ts';

const sessionId = fc.constantFrom('a', 'b', 'c', 'd', 'e', '__proto__', 'constructor', 'toString');
/** A device always has a name: the server asks for one, and a call without is of the device "unknown". */
const hardwareId = fc.constantFrom('unknown', 'x', 'y', '__proto__', 'hasOwnProperty');

type Step =
  | { readonly do: 'request'; readonly sessionId: string; readonly hardwareId: string }
  | { readonly do: 'welcome' | 'chunk'; readonly sessionId: string }
  /** Of the call that came so many calls ago. */
  | { readonly do: 'release'; readonly ago: number }
  | { readonly do: 'interrupt'; readonly hardwareId: string }
  | { readonly do: 'open' | 'drain' }
  | { readonly do: 'wait'; readonly ms: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('request' as const), sessionId, hardwareId }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('welcome' as const), sessionId }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('chunk' as const), sessionId }) },
  { weight: 7, arbitrary: fc.record({ do: fc.constant('release' as const), ago: fc.nat(30) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('interrupt' as const), hardwareId }) },
);
const ending: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: step },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('open' as const, 'drain' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat(40_000) }) },
);

const limits = fc.record({
  maxStreams: fc.constantFrom(1, 3, 50),
  oneStreamPerDevice: fc.boolean(),
  gracePeriodMs: fc.constantFrom(0, 30_000),
});

function eventOf(given: Exclude<Step, { readonly do: 'wait' }>, call: number): SupervisorEvent {
  const streamId = `call-${call}`;
  switch (given.do) {
    case 'request':
      return { type: 'stream.requested', streamId, sessionId: given.sessionId, hardwareId: given.hardwareId };
    case 'welcome':
      return { type: 'welcome.requested', streamId, sessionId: given.sessionId };
    case 'chunk':
      return { type: 'chunk.received', streamId, sessionId: given.sessionId };
    case 'release':
      return { type: 'stream.released', streamId: `call-${call - given.ago}` };
    case 'interrupt':
      return { type: 'device.interruptRequested', hardwareId: given.hardwareId };
    case 'open':
      return { type: 'service.opened' };
    case 'drain':
      return { type: 'drain.requested' };
  }
}

/** Ends of ten thousand streams take their time since they come in slices: the one delay that is another one. */
const oldMachine = supervisorMachineV1.provide({ delays: { endingDue: 10_000 } });

test.each([
  [2, supervisorMachineV2],
  [3, supervisorMachine],
] as const)(
  'version %i says what version 1 said, goes to the same states, and has the same streams in the same order',
  (_version, machine) => {
    fc.assert(
      fc.property(
        limits,
        fc.array(step, { maxLength: 120 }),
        fc.array(ending, { maxLength: 30 }),
        (given, open, end) => {
          const old = new PureRun(oldMachine, given);
          const now = new PureRun(machine, given);
          const steps: readonly Step[] = [{ do: 'open' }, ...open, ...end];
          for (const [call, each] of steps.entries()) {
            const [was, is] = [old, now].map((run) =>
              each.do === 'wait' ? run.advance(each.ms) : run.send(eventOf(each, call)),
            );
            expect({ value: is?.value, effects: is?.effects }).toEqual({ value: was?.value, effects: was?.effects });
            expect(now.timers()).toEqual(old.timers());
            const { streams, inFlight } = tablesOf(now.context);
            const inOrder = Object.entries(streams).sort(([, a], [, b]) => a.admission - b.admission);
            expect(inOrder.map(([streamId, { admission: _, ...stream }]) => [streamId, stream])).toEqual(
              Object.entries(old.context.streams),
            );
            expect(inFlight).toEqual(old.context.inFlight);
            expect(now.context.streams.size).toBe(old.context.activeStreams);
          }
        },
      ),
      { numRuns: 120 },
    );
  },
);

test('in all of them a welcome stream that outlives the answer of its session is not the one stream of its device', () => {
  for (const machine of [supervisorMachineV1, supervisorMachineV2, supervisorMachine]) {
    const run = new PureRun(machine, { maxStreams: 50, oneStreamPerDevice: true, gracePeriodMs: 0 });
    run.send({ type: 'service.opened' });
    run.send({ type: 'stream.requested', streamId: 'answer', sessionId: 'a', hardwareId: 'x' });
    run.send({ type: 'welcome.requested', streamId: 'welcome', sessionId: 'a' });
    run.send({ type: 'stream.released', streamId: 'answer' });
    const { effects } = run.send({ type: 'stream.requested', streamId: 'next', sessionId: 'b', hardwareId: 'x' });
    expect(effects).toContainEqual({ said: { type: 'stream.admitted', streamId: 'next', activeStreams: 2 } });
  }
});
