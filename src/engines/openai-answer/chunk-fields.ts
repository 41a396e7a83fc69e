/** Looks into JSON of which nothing is known, as chunks of strangers are: a field of another type than hoped for is none. Pure. */

export type Fields = Readonly<Record<string, unknown>>;

/** null = that is no object. */
export function fieldsOf(value: unknown): Fields | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  return Object.fromEntries(Object.entries(value));
}

/** undefined = it has no such field, or null in it. */
export function fieldOf(value: unknown, name: string): unknown {
  return fieldsOf(value)?.[name] ?? undefined;
}

/** The items of a list; none of anything else. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** False for null, false, 0, '', [] and {}. */
export function isFilled(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}

/** The text of a value, a number's digits included; '' = it has none. */
export function wordsIn(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'number' ? String(value) : '';
}
