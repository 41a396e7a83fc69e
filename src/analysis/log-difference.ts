/**
 * The first difference of two recorded sessions: the turn at which one heard, became or asked for something else. What differs between any
 * two sessions is not compared: ids, times, how long a timer was armed for, and the digests that ids and times are part of.
 */
import { isDeepStrictEqual } from 'node:util';
import type { LoggedEvent, LogTurn } from '../log/log-format.ts';
import { type EventLog, endReasonOf } from '../log/log-reader.ts';

export interface LogDifference {
  readonly turn: number;
  /** `machine`, `event`, `event.<field>`, `input.<field>`, `state`, `context.<field>`, `effects`, `status` or `end`. */
  readonly field: string;
  readonly a: unknown;
  readonly b: unknown;
}

export interface LogComparison {
  readonly difference: LogDifference | null;
  /** Turns at the beginning that are the same. */
  readonly sameTurns: number;
  /** What is different and no turn: versions, redaction. */
  readonly notes: readonly string[];
}

const ids = ['streamId', 'sessionId', 'hardwareId', 'faultId'] as const;
const times = ['atMs', 'idleMs', 'silentMs'] as const;
const notCompared: ReadonlySet<string> = new Set([...ids, ...times]);

/** Context fields whose digest depends on ids or times; of these it counts whether they changed. */
const variableChanges: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['session', new Set(['request', 'watch', 'lastSentenceAtMs', 'failure'])],
]);

/** What is not compared, for a reader. */
export const ignoredFields: readonly string[] = [
  ...ids,
  ...times,
  'delays of timers',
  'values of the context fields request, watch, lastSentenceAtMs and failure',
];

/**
 * Compares two logs turn by turn. With `isFlow` only what happened counts, not what was said or how much: names of events, states and
 * names of effects.
 */
export function compareLogs(a: EventLog, b: EventLog, isFlow: boolean): LogComparison {
  const notes = notesOn(a, b);
  const found = (turn: number, field: string, values: readonly [unknown, unknown]): LogComparison => ({
    difference: { turn, field, a: values[0], b: values[1] },
    sameTurns: turn,
    notes,
  });
  if (a.header.machine !== b.header.machine) return found(0, 'machine', [a.header.machine, b.header.machine]);
  const input = differentField(a.header.input, b.header.input, 'input');
  if (input !== null) return found(0, input.field, input.values);
  const isText = a.header.redaction === b.header.redaction;
  for (const [turn, ofA] of a.turns.entries()) {
    const ofB = b.turns[turn];
    if (ofB === undefined) return found(turn, 'end', [ofA.event.type, endReasonOf(b.footer)]);
    const different = differenceOf(ofA, ofB, { machine: a.header.machine, isText, isFlow });
    if (different !== null) return found(turn, different.field, different.values);
  }
  const sameTurns = a.turns.length;
  const further = b.turns[sameTurns];
  if (further !== undefined) return found(sameTurns, 'end', [endReasonOf(a.footer), further.event.type]);
  if (endReasonOf(a.footer) !== endReasonOf(b.footer))
    return found(sameTurns, 'end', [endReasonOf(a.footer), endReasonOf(b.footer)]);
  return { difference: null, sameTurns, notes };
}

function notesOn({ header: a }: EventLog, { header: b }: EventLog): string[] {
  const told = { version: 'chart version', definition: 'definition of the chart', build: 'server', redaction: 'texts' };
  const notes: string[] = [];
  for (const name of ['version', 'definition', 'build', 'redaction'] as const) {
    if (a[name] !== b[name]) notes.push(`${told[name]}: ${a[name]} and ${b[name]}`);
  }
  return notes;
}

interface Terms {
  readonly machine: string;
  /** False where one log has texts and the other their shapes: then their lengths count. */
  readonly isText: boolean;
  readonly isFlow: boolean;
}

interface Different {
  readonly field: string;
  readonly values: readonly [unknown, unknown];
}

function differenceOf(a: LogTurn, b: LogTurn, terms: Terms): Different | null {
  if (a.event.type !== b.event.type) return { field: 'event', values: [eventOf(a.event), eventOf(b.event)] };
  const said = terms.isFlow ? null : differentField(comparable(a.event, terms), comparable(b.event, terms), 'event');
  if (said !== null) return said;
  if (a.state !== b.state) return { field: 'state', values: [a.state ?? 'as before', b.state ?? 'as before'] };
  const changes = terms.isFlow ? null : differentField(changesOf(a, terms), changesOf(b, terms), 'context');
  if (changes !== null) return changes;
  const [ofA, ofB] = [effectsOf(a, terms), effectsOf(b, terms)];
  if (!isDeepStrictEqual(ofA, ofB)) return { field: 'effects', values: [ofA, ofB] };
  if (a.status !== b.status) return { field: 'status', values: [a.status ?? 'active', b.status ?? 'active'] };
  return null;
}

function eventOf(event: LoggedEvent): unknown {
  return withoutVariable(event);
}

function comparable(event: LoggedEvent, { isText }: Terms): unknown {
  return isText ? event : JSON.parse(JSON.stringify(event, (_name, value) => lengthOf(value)));
}

function lengthOf(value: unknown): unknown {
  return typeof value === 'string' ? value.length : value;
}

/** The first field that is in only one of two objects, or differs. */
function differentField(a: unknown, b: unknown, place: string): Different | null {
  const [ofA, ofB] = [recordOf(withoutVariable(a)), recordOf(withoutVariable(b))];
  for (const name of new Set([...Object.keys(ofA), ...Object.keys(ofB)])) {
    const [inA, inB] = [ofA[name], ofB[name]];
    if (isDeepStrictEqual(inA, inB)) continue;
    const isDeeper = isRecord(inA) && isRecord(inB);
    if (isDeeper) return differentField(inA, inB, `${place}.${name}`);
    return { field: `${place}.${name}`, values: [inA ?? 'none', inB ?? 'none'] };
  }
  return null;
}

/** The same value without ids and times, however deep. */
function withoutVariable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutVariable);
  if (!isRecord(value)) return value;
  const kept = Object.entries(value).filter(([name]) => !notCompared.has(name));
  return Object.fromEntries(kept.map(([name, inner]) => [name, withoutVariable(inner)]));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {};
}

function changesOf({ changes }: LogTurn, { machine }: Terms): Readonly<Record<string, unknown>> {
  const isVariable = (name: string) => variableChanges.get(machine)?.has(name) ?? true;
  const entries = Object.entries(changes ?? {});
  return Object.fromEntries(
    entries.map(([name, value]) => [name, isVariable(name) && value !== null ? 'changed' : value]),
  );
}

function effectsOf({ effects }: LogTurn, { isFlow, isText }: Terms): readonly string[] {
  const withoutDelay = (effects ?? []).map((effect) => effect.replace(/^(arm .*) \d+(?:\.\d+)?ms$/, '$1'));
  return isFlow || !isText ? withoutDelay.map((effect) => effect.replace(/#[0-9a-f]+$/, '')) : withoutDelay;
}
