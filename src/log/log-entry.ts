/**
 * Whether a value is a line of a log: every field by name, what it must be, and the first that is not. By hand and by a table: this is asked of
 * every line of every log, in the inspector's page, too, where a library for it would be an eighth of all that is loaded.
 *
 * Fields that are not named are left out: a newer server may have written them.
 */
import type { LogLine } from './log-format.ts';

interface FieldRule {
  /** In words, for who reads the fault. */
  readonly must: string;
  readonly is: (value: unknown) => boolean;
  readonly isOptional?: true;
}

const text: FieldRule = { must: 'string', is: (value) => typeof value === 'string' };
const number: FieldRule = { must: 'number', is: (value) => typeof value === 'number' && Number.isFinite(value) };
const count: FieldRule = { must: 'int', is: Number.isSafeInteger };
const anything: FieldRule = { must: 'a value', is: (value) => value !== undefined };
const utcTime: FieldRule = {
  must: 'a date and time of UTC',
  is: (value) => typeof value === 'string' && isUtcTime(value),
};
const event: FieldRule = {
  must: 'an object with a type',
  is: (value) => isRecord(value) && typeof value.type === 'string',
};
const record: FieldRule = { must: 'an object', is: isRecord };
const texts: FieldRule = {
  must: 'a list of strings',
  is: (value) => Array.isArray(value) && value.every((item) => typeof item === 'string'),
};

const optional = (rule: FieldRule): FieldRule => ({ ...rule, isOptional: true });
const oneOf = (...values: readonly string[]): FieldRule => ({
  must: values.map((value) => JSON.stringify(value)).join(' or '),
  is: (value) => typeof value === 'string' && values.includes(value),
});

type Rules = readonly (readonly [name: string, rule: FieldRule])[];

const header: Rules = Object.entries({
  kind: text,
  format: number,
  machine: text,
  version: text,
  definition: text,
  build: text,
  redaction: oneOf('shape', 'full'),
  startedAt: utcTime,
  input: anything,
  reason: optional(text),
});
const turn: Rules = Object.entries({
  kind: text,
  turn: count,
  atMs: number,
  event,
  state: optional(text),
  changes: optional(record),
  effects: optional(texts),
  status: optional(text),
});
const amendment: Rules = Object.entries({ kind: text, turn: count, tail: text });
const footer: Rules = Object.entries({
  kind: text,
  status: oneOf('done', 'error', 'abandoned'),
  reason: text,
  turns: count,
  dropped: count,
});
const rulesOf: ReadonlyMap<unknown, Rules> = new Map(Object.entries({ header, turn, amendment, footer }));

/** The line that `value` is, or the first fault of it: `atMs: must be number`. */
export function entryOf(value: unknown): LogLine | string {
  if (!isRecord(value)) return 'the line: must be an object';
  const rules = rulesOf.get(value.kind);
  if (rules === undefined)
    return `kind: must be ${[...rulesOf.keys()].map((kind) => JSON.stringify(kind)).join(' or ')}`;
  const entry: Record<string, unknown> = {};
  for (const [name, { must, is, isOptional }] of rules) {
    const field = value[name];
    if (field === undefined && isOptional) continue;
    if (!is(field)) return `${name}: ${shown(field)} must be ${must}`;
    entry[name] = field;
  }
  return isLine(entry, rules) ? entry : 'the line: it has a fault';
}

/** Each field was looked at by its rule. */
function isLine(entry: unknown, rules: Rules): entry is LogLine {
  return isRecord(entry) && rules.length > 0;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** As `toISOString` writes it. */
function isUtcTime(given: string): boolean {
  return /^\d{4}-\d\d-\d\dT[\d:.]{5,12}Z$/.test(given) && !Number.isNaN(Date.parse(given));
}

/** A value in few characters, for a message. */
export function shown(value: unknown): string {
  const MAX_SHOWN_CHARS = 40;
  const json = String(JSON.stringify(value));
  return json.length > MAX_SHOWN_CHARS ? `${json.slice(0, MAX_SHOWN_CHARS)}…` : json;
}
