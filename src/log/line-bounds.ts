/**
 * What a line of a log may hold beside its fields: how deep it nests, how large its numbers are, how late its times. A server writes
 * nothing beyond; a line that does was made by somebody else, and would end the reader's recursion or make nonsense of its clock.
 *
 * What a model chose as the arguments of a command (`args`) may be any number: only its depth is bound.
 */

/** A server records nothing that nests deeper than half of it (record/actor-log.ts). */
const MAX_LINE_DEPTH = 128;
/** 31 years: longer than any server runs, far below where milliseconds lose their precision. */
const MAX_TIME_MS = 1e12;

const [openBrace, closeBrace, openBracket, closeBracket, quote, backslash, colon] = [...'{}[]"\\:'].map((char) =>
  char.charCodeAt(0),
);

/** What can be told of a JSON text before it is parsed. */
export interface LineShape {
  readonly isTooDeep: boolean;
  /** Fields of all its objects. */
  readonly fields: number;
}

/** Linear, and without recursion: it is asked before anybody recurses. */
export function shapeOf(json: string): LineShape {
  let depth = 0;
  let fields = 0;
  let isInText = false;
  for (let index = 0; index < json.length; index += 1) {
    const code = json.charCodeAt(index);
    if (isInText) {
      if (code === backslash) index += 1;
      else if (code === quote) isInText = false;
    } else if (code === quote) {
      isInText = true;
    } else if (code === colon) {
      fields += 1;
    } else if (code === openBrace || code === openBracket) {
      depth += 1;
      if (depth > MAX_LINE_DEPTH) return { isTooDeep: true, fields };
    } else if (code === closeBrace || code === closeBracket) {
      depth -= 1;
    }
  }
  return { isTooDeep: false, fields };
}

export const tooDeepWords = `it nests deeper than ${MAX_LINE_DEPTH} levels`;

/** Fields of all objects in a value; less than its text has where a name stands twice, of which one was lost. */
export function fieldsIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let fields = 0;
  for (const name of Object.keys(value)) fields += fieldsIn(Reflect.get(value, name));
  return Array.isArray(value) ? fields : fields + Object.keys(value).length;
}

/**
 * What `fieldsIn` tells of a line in which `valueFaultOf` finds nothing, in one walk instead of two: nearly all lines are such. -1 = there may
 * be a fault, and those two know.
 */
export function fieldsWithinBounds(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let fields = 0;
  if (Array.isArray(value)) {
    for (const item of value) {
      const inner = isPlainlyWithin(item) ? fieldsWithinBounds(item) : -1;
      if (inner < 0) return -1;
      fields += inner;
    }
    return fields;
  }
  for (const [name, field] of Object.entries(value)) {
    const inner =
      name === 'args'
        ? fieldsIn(field)
        : name !== '__proto__' && isPlainlyWithin(field)
          ? fieldsWithinBounds(field)
          : -1;
    if (inner < 0) return -1;
    fields += inner + 1;
  }
  return fields;
}

/** Whatever it is the value of. */
function isPlainlyWithin(value: unknown): boolean {
  return typeof value !== 'number' || (value >= 0 && value <= MAX_TIME_MS);
}

/** A longer line is not searched: an expression that backtracks through a string of megabytes runs out of stack. */
const searchedMaxChars = 1024 * 1024;

/** The first name that stands twice in one object of a JSON text; '' if none does, or the text is too long to be searched. */
export function doubledName(json: string): string {
  if (json.length > searchedMaxChars) return '';
  const scopes: Set<string>[] = [];
  for (const [token, text] of json.matchAll(/"([^"\\]*(?:\\.[^"\\]*)*)"(?=\s*:)|"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]]/g)) {
    if (token === '{' || token === '[') scopes.push(new Set());
    else if (token === '}' || token === ']') scopes.pop();
    else if (text !== undefined) {
      const name = String(JSON.parse(token));
      const names = scopes.at(-1);
      if (names?.has(name)) return name;
      names?.add(name);
    }
  }
  return '';
}

/** The first number or name in a line that no server writes: where it stands, its value and its bound; null = there is none. */
export function valueFaultOf(line: object): string | null {
  const fault = faultIn(line);
  return fault === null ? null : `${fault.place.slice(1)} ${fault.why}`;
}

interface ValueFault {
  /** `.event.silences[0].silentMs`, put together on the way back: nearly all lines have no fault. */
  readonly place: string;
  readonly why: string;
}

function faultIn(value: object): ValueFault | null {
  const isList = Array.isArray(value);
  for (const name of Object.keys(value)) {
    if (name === 'args') continue;
    const inner: unknown = Reflect.get(value, name);
    const fault = faultUnder(name, inner);
    if (fault !== null) return { place: `${isList ? `[${name}]` : `.${name}`}${fault.place}`, why: fault.why };
  }
  return null;
}

function faultUnder(name: string, value: unknown): ValueFault | null {
  // Who copies an object field by field loses it.
  if (name === '__proto__') return { place: '', why: 'is no field of a log' };
  if (typeof value === 'object' && value !== null) return faultIn(value);
  if (typeof value !== 'number') return null;
  // Times, sizes and counts: none is negative.
  const max = name.endsWith('Ms') ? MAX_TIME_MS : Number.MAX_SAFE_INTEGER;
  return value >= 0 && value <= max ? null : { place: '', why: `${value} must be 0..${max}` };
}
