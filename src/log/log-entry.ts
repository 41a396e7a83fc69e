/**
 * Whether a value is a line of a log: every field by name, what it must be, and the first that is not. By hand and by a table: this is asked of
 * every line of every log, in the inspector's page, too, where a library for it would be an eighth of all that is loaded.
 *
 * Fields that are not named are left out: a newer server may have written them.
 */
import {
  count,
  type FieldRule,
  fieldsBy,
  isRecord,
  number,
  oneOf,
  optional,
  type Rules,
  record,
  text,
  texts,
  utcTime,
} from './line-fields.ts';
import type { LogLine } from './log-format.ts';

const anything: FieldRule = { must: 'a value', is: (value) => value !== undefined };
const event: FieldRule = {
  must: 'an object with a type',
  is: (value) => isRecord(value) && typeof value.type === 'string',
};

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
  const fields = fieldsBy(rules, value);
  if (typeof fields === 'string') return fields;
  return isLine(fields, rules) ? fields : 'the line: it has a fault';
}

/** Each field was looked at by its rule. */
function isLine(entry: unknown, rules: Rules): entry is LogLine {
  return isRecord(entry) && rules.length > 0;
}
