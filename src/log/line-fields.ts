/**
 * What the fields of a line of JSON must be, as tables: each field by name with its rule, and the first that breaks it told by name and
 * value. By hand and without a library: this is asked of every line of every log, in the inspector's page, too.
 */

export interface FieldRule {
  /** In words, for who reads the fault. */
  readonly must: string;
  readonly is: (value: unknown) => boolean;
  readonly isOptional?: true;
}

export type Rules = readonly (readonly [name: string, rule: FieldRule])[];

export const text: FieldRule = { must: 'string', is: (value) => typeof value === 'string' };
export const number: FieldRule = { must: 'number', is: (value) => typeof value === 'number' && Number.isFinite(value) };
export const count: FieldRule = { must: 'int', is: Number.isSafeInteger };
export const utcTime: FieldRule = {
  must: 'a date and time of UTC',
  is: (value) => typeof value === 'string' && isUtcTime(value),
};
export const record: FieldRule = { must: 'an object', is: isRecord };
export const texts: FieldRule = {
  must: 'a list of strings',
  is: (value) => Array.isArray(value) && value.every((item) => typeof item === 'string'),
};

export const optional = (rule: FieldRule): FieldRule => ({ ...rule, isOptional: true });
export const oneOf = (...values: readonly string[]): FieldRule => ({
  must: values.map((value) => JSON.stringify(value)).join(' or '),
  is: (value) => typeof value === 'string' && values.includes(value),
});

/** The fields of `value` that its rules name, or the first fault of them: `atMs: "1" must be number`. */
export function fieldsBy(rules: Rules, value: Readonly<Record<string, unknown>>): Record<string, unknown> | string {
  const fields: Record<string, unknown> = {};
  for (const [name, { must, is, isOptional }] of rules) {
    const field = value[name];
    if (field === undefined && isOptional) continue;
    if (!is(field)) return `${name}: ${shown(field)} must be ${must}`;
    fields[name] = field;
  }
  return fields;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
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
