/**
 * What one turn of a chart did, said alike by the recorder and by the replayer: the new state, the digests of the context fields that
 * changed, and the effects in their order. Both go through this file, so that a difference is a difference of the chart.
 */
import type { AnyMachineSnapshot, ExecutableActionObject, StateValue } from 'xstate';
import { digestOf } from './digest.ts';
import type { Changes, TurnOutcome } from './log-format.ts';

/** An action as XState hands it to its executor. */
export type AskedAction = Pick<ExecutableActionObject, 'type' | 'params'>;

/** Longer values are told by their digest. */
const SHOWN_MAX_CHARS = 24;

/** Tells the outcomes of one actor's turns, in their order. */
export class OutcomeTeller {
  #state = '';
  #context: unknown = null;

  /** The outcome of the next turn, which led to `after`. */
  tell(after: AnyMachineSnapshot, actions: readonly AskedAction[]): TurnOutcome {
    const state = stateText(after.value);
    const changes = changesOf(this.#context, after.context);
    const isElsewhere = state !== this.#state;
    this.#state = state;
    this.#context = after.context;
    return {
      ...(isElsewhere && { state }),
      ...(changes !== null && { changes }),
      ...(actions.length > 0 && { effects: actions.map(effectText) }),
      ...(after.status !== 'active' && { status: after.status }),
    };
  }
}

/** `streaming.answer.receiving | streaming.voice.silent`: the atomic states, in the order of the chart. */
export function stateText(value: StateValue): string {
  if (typeof value === 'string') return value;
  let text = '';
  for (const key in value) {
    const inner = value[key];
    if (inner === undefined) continue;
    for (const leaf of stateText(inner).split(' | ')) {
      text += `${text === '' ? '' : ' | '}${key}${leaf === '' ? '' : '.'}${leaf}`;
    }
  }
  return text;
}

function changesOf(before: unknown, after: Readonly<Record<string, unknown>>): Changes | null {
  if (before === after) return null;
  const known = isRecord(before) ? before : {};
  const changes: Record<string, unknown> = {};
  let hasChanges = false;
  for (const field in after) {
    const value = after[field];
    if (known[field] === value) continue;
    changes[field] = shown(field, value);
    hasChanges = true;
  }
  return hasChanges ? changes : null;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function shown(field: string, value: unknown): unknown {
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return value;
  return `#${digestOf(value, field)}`;
}

/** One effect in a few words; what it carries is told by its digest. */
function effectText({ type, params }: AskedAction): string {
  switch (type) {
    case 'xstate.emit':
      return `say ${eventText(field(params, 'event'))}`;
    case 'xstate.sendTo':
      return `tell ${String(field(params, 'targetId'))} ${eventText(field(params, 'event'))}`;
    case 'xstate.raise':
      return `arm ${timerText(field(params, 'id'))} ${String(field(params, 'delay'))}ms`;
    case 'xstate.cancel':
      return `cancel ${timerText(field(params, 'sendId'))}`;
    case 'xstate.spawnChild':
      return `start ${String(field(params, 'id'))}`;
    case 'xstate.stopChild':
      return `stop ${String(field(params, 'id'))}`;
    default:
      return type.slice(0, SHOWN_MAX_CHARS * 2);
  }
}

/** `xstate.after.idleCheck.session.idle` as `idleCheck@session.idle`. */
function timerText(id: unknown): string {
  return String(id).replace(/^xstate\.after\.([^.]+)\./, '$1@');
}

function eventText(event: unknown): string {
  if (typeof event !== 'object' || event === null) return 'nothing';
  const type = String(field(event, 'type'));
  return Object.keys(event).length > 1 ? `${type}#${digestOf(event)}` : type;
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
