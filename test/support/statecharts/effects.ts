/**
 * What a machine's actions say to the outside: facts they emit, messages they send to children. Built-in actions carry it as
 * data; an `enqueueActions` is a function, so its text is read. A call that does not name its type literally is reported as such; the documents
 * then demand a hand-written name, so nothing is said that they do not show.
 */

import type { AnyStateMachine } from 'xstate';
import { type Chart, chartOf } from '../../../src/analysis/chart/chart-content.ts';

/** A chart with what its actions do, by their names: what a document tells. */
export interface DocumentedChart extends Chart {
  readonly effects: Readonly<Record<string, ActionEffects>>;
}

/** Reads the chart of `machine`. */
export function documentedChartOf(machine: AnyStateMachine): DocumentedChart {
  return { ...chartOf(machine), effects: effectsOfActions(machine.implementations.actions) };
}

export interface ActionEffects {
  readonly emits: readonly string[];
  /** True if it emits something whose type can't be read. */
  readonly emitsComputed: boolean;
  readonly sends: readonly { readonly to: string; readonly type: string }[];
  /** Events the chart raises for itself. */
  readonly raises: readonly string[];
}

/** The effects of each action, by its name. */
function effectsOfActions(actions: Readonly<Record<string, unknown>>): Record<string, ActionEffects> {
  return Object.fromEntries(Object.entries(actions).map(([name, action]) => [name, effectsOf(name, action)]));
}

const silent: ActionEffects = { emits: [], emitsComputed: false, sends: [], raises: [] };

function effectsOf(name: string, action: unknown): ActionEffects {
  switch (fieldOf(action, 'type')) {
    case 'xstate.assign':
      return silent;
    case 'xstate.emit':
      return { ...silent, emits: [typeOf(name, fieldOf(action, 'event'))] };
    case 'xstate.raise':
      return { ...silent, raises: [typeOf(name, fieldOf(action, 'event'))] };
    case 'xstate.sendTo':
      return {
        ...silent,
        sends: [{ to: String(fieldOf(action, 'to')), type: typeOf(name, fieldOf(action, 'event')) }],
      };
    case 'xstate.enqueueActions':
      return effectsInText(name, String(fieldOf(action, 'collect')));
    default:
      throw new Error(`the action ${name} is of a kind whose effects can't be read`);
  }
}

const quotedText = `["'\`]([^"'\`]+)["'\`]`;
const typeLiteral = `\\{\\s*type:\\s*${quotedText}`;

function effectsInText(name: string, text: string): ActionEffects {
  const emits = literalTypes(text, `enqueue\\.emit\\(\\s*${typeLiteral}`);
  const raises = literalTypes(text, `enqueue\\.raise\\(\\s*${typeLiteral}`);
  const sends = [...text.matchAll(new RegExp(`enqueue\\.sendTo\\(\\s*${quotedText},\\s*${typeLiteral}`, 'g'))];
  const isPassedOn = /[(,]\s*enqueue\s*[,)]/.test(text.slice(text.indexOf('=>')));
  if (isPassedOn || callsOf(text, 'raise') > raises.length || callsOf(text, 'sendTo') > sends.length) {
    throw new Error(`the action ${name} sends something whose type can't be read`);
  }
  return {
    emits: [...new Set(emits)],
    emitsComputed: callsOf(text, 'emit') > emits.length,
    raises: [...new Set(raises)],
    sends: sends.map(([, to = '', type = '']) => ({ to, type })),
  };
}

function literalTypes(text: string, pattern: string): string[] {
  return [...text.matchAll(new RegExp(pattern, 'g'))].map(([, type = '']) => type);
}

function callsOf(text: string, method: string): number {
  return text.split(`enqueue.${method}(`).length - 1;
}

function typeOf(action: string, event: unknown): string {
  const type = fieldOf(event, 'type');
  if (typeof type === 'string') return type;
  throw new Error(`the action ${action} sends an event without a literal type`);
}

function fieldOf(holder: unknown, field: string): unknown {
  const isHolder = typeof holder === 'function' || (typeof holder === 'object' && holder !== null);
  return isHolder ? Reflect.get(holder, field) : undefined;
}
