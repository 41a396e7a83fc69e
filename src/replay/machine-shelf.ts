/** The charts that logs can be replayed with, by id and version. */
import type { AnyStateMachine } from 'xstate';
import { sessionMachine, sessionMachineV1 } from '../machines/session/session.machine.ts';
import { supervisorMachine } from '../machines/supervisor/supervisor.machine.ts';
import { supervisorMachineV1 } from '../machines/supervisor/supervisor-v1.machine.ts';
import { supervisorMachineV2 } from '../machines/supervisor/supervisor-v2.machine.ts';
import { welcomeMachine } from '../machines/welcome/welcome.machine.ts';

/** Newest last. A retired version of a chart is kept here as long as its logs are worth replaying. */
const machines: readonly AnyStateMachine[] = Object.freeze([
  sessionMachineV1,
  sessionMachine,
  welcomeMachine,
  supervisorMachineV1,
  supervisorMachineV2,
  supervisorMachine,
]);

/** The chart with this id, in this version if it is kept, else in its newest; undefined if there is no such chart. */
export function machineFor(id: string, version: string, shelf = machines): AnyStateMachine | undefined {
  const sameId = shelf.filter((machine) => machine.id === id);
  return sameId.find((machine) => machine.version === version) ?? sameId.at(-1);
}
