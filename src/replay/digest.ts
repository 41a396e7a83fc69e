/**
 * Digests of a chart's context, made alike while a session is recorded and while it is replayed. A text counts as its length: so the digest
 * of a context is the digest of its shape (text/shape.ts), a growing buffer is not hashed again in every turn, and nothing that anyone said
 * can be guessed from it. Words that are the chart's own (modes, reasons, codes) count to the letter.
 */

/** Fields whose text is one of ours, or an id. Everything else is what somebody said, or may be. */
const ownWords: ReadonlySet<string> = new Set(
  (
    'type mode phase errorType errorCode kind status openFence speechFailure allowedCommands command expects role ' +
    'streamId sessionId hardwareId streamIds'
  ).split(' '),
);

/** Texts of which only it counts whether there are any: what a voice gets differs between a text and its shape, a stack between machines. */
const presenceOnly: ReadonlySet<string> = new Set(['speech', 'detail']);

/** Fields of which only it counts whether they are there: a command's arguments keep their validity in a shape, not their numbers. */
const opaque: ReadonlySet<string> = new Set(['args']);

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
/** Of the second lane: the two together make an accidental match as rare as one in 2^48. */
const SECOND_OFFSET = 0x9e3779b9;
const SECOND_PRIME = 0x85ebca6b;

class Lanes {
  a = FNV_OFFSET;
  b = SECOND_OFFSET;

  mix(value: number): void {
    this.a = Math.imul(this.a ^ value, FNV_PRIME);
    this.b = Math.imul(this.b ^ value, SECOND_PRIME);
    this.b ^= this.b >>> 13;
  }

  mixText(text: string): void {
    for (let index = 0; index < text.length; index += 1) this.mix(text.charCodeAt(index));
    this.mix(text.length);
  }

  toString(): string {
    return hex(this.a) + hex(this.b).slice(0, 4);
  }
}

function hex(lane: number): string {
  return (lane >>> 0).toString(16).padStart(8, '0');
}

/** The digest of any plain JSON value: 12 hexadecimal digits. Linear in the number of its fields, not in the length of its texts. */
export function digestOf(value: unknown): string {
  const lanes = new Lanes();
  mixValue(lanes, '', value);
  return lanes.toString();
}

function mixValue(lanes: Lanes, key: string, value: unknown): void {
  switch (typeof value) {
    case 'string':
      mixString(lanes, key, value);
      return;
    case 'number':
      mixNumber(lanes, value);
      return;
    case 'boolean':
      lanes.mix(value ? 3 : 4);
      return;
    case 'object':
      if (value === null) lanes.mix(5);
      else if (opaque.has(key)) lanes.mix(11);
      else if (Array.isArray(value)) mixArray(lanes, key, value);
      else mixObject(lanes, value);
      return;
    default:
      lanes.mix(6);
  }
}

function mixString(lanes: Lanes, key: string, value: string): void {
  if (ownWords.has(key)) {
    lanes.mix(1);
    lanes.mixText(value);
  } else {
    lanes.mix(2);
    lanes.mix(presenceOnly.has(key) ? Math.min(1, value.length) : value.length);
  }
}

function mixNumber(lanes: Lanes, value: number): void {
  lanes.mix(7);
  if (Number.isSafeInteger(value)) {
    lanes.mix(value | 0);
    lanes.mix(Math.floor(value / 2 ** 32));
  } else {
    lanes.mixText(String(value));
  }
}

function mixArray(lanes: Lanes, key: string, values: readonly unknown[]): void {
  lanes.mix(8);
  lanes.mix(values.length);
  for (const value of values) mixValue(lanes, key, value);
}

function mixObject(lanes: Lanes, value: object): void {
  lanes.mix(9);
  for (const [key, field] of Object.entries(value)) {
    if (field === undefined) continue;
    lanes.mixText(key);
    mixValue(lanes, key, field);
  }
  lanes.mix(10);
}
