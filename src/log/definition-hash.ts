/** The hash that tells whether a chart's definition is the one that a log was recorded with. */
import { hash } from 'node:crypto';
import type { AnyStateMachine } from 'xstate';

const DEFINITION_CHARS = 16;

/** A hash over all that the definition says as data: states, transitions, names of guards, actions and delays. */
export function definitionHash(machine: AnyStateMachine): string {
  return hash('sha256', JSON.stringify(machine.config)).slice(0, DEFINITION_CHARS);
}
