/**
 * The shape of a text: what is left of it when no word that anyone said or heard may be kept, and yet the text rules must do the same
 * with it. Letters become one letter of their class, digits 2, and what the rules look at closer stays: white space, marks, the closed
 * lists (abbreviations.ts, redaction-word.ts), escapes, the beginnings of envelope keys. Guarantees:
 * - unit by unit as long as the text, and linear; the shape of a shape is itself; it does not depend on how the text came in deltas;
 * - cut, read as an envelope, spoken and judged as a command, the shape gives what the text gives: the same pieces by length, the same
 *   silence where nothing is speakable, the same commands by name, the same refusals. So a log of shapes can be replayed;
 * - no word of two letters or more stays but those of the lists, no number of two digits or more but 100 (and 39, 34, 5 in `&#39;`,
 *   `&#34;`, `json5`). Single letters that the lists know (initials, `a`, `в`) stay, as do the letter behind a backslash, the beginning
 *   of an envelope key behind a brace (`{te`, `{comma`), and all marks, symbols and emoji.
 *
 * What is not kept: the value of numbers, therefore a `limit` or a bare number as text written with an exponent or more than 15
 * significant digits may go another way; and unknown argument names, two of which may become one: a digest must leave both out. Not
 * followed either, each for an answer that nobody has seen: plain text in which a backslash or `\u0041` joins a word of the lists to
 * another; a bare key of several words that make `text` (`te xt:`); numeric entities in strings that are quoted with entities; `ſ` for
 * s in an address; a word so long that the cap of the cutter tears it, just before a word of the lists.
 */
import { scanShape } from './redaction-scan.ts';
import type { Before } from './redaction-word.ts';

/** The last units of the shape of an earlier turn, now that it is known how its last word or number went on. */
export interface ShapeAmendment {
  readonly turn: number;
  readonly tail: string;
}

/** The end of an earlier delta, whose word may go on. */
interface OpenPart {
  readonly turn: number;
  /** The shape it was given. */
  readonly shape: string;
}

const noAmendments: readonly ShapeAmendment[] = Object.freeze([]);

/** Deeper values only serve to exhaust somebody's stack; no rule looks into an argument. */
const jsonMaxDepth = 32;

/**
 * Shapes the deltas of one answer. A word may go on in the next delta and only then turn out to be one of the lists: until then it has
 * the shape of an unknown one. A silence ends nothing. Holds at most one word, so that its memory is bounded.
 */
export class DeltaShaper {
  #open = '';
  #parts: OpenPart[] = [];
  #before: Before = 'nothing';

  /** The shape of the delta of turn `turn`, and what of earlier turns is settled by it. */
  push(turn: number, delta: string): { readonly text: string; readonly amendments: readonly ShapeAmendment[] } {
    const deltaStart = this.#open.length;
    const scan = scanShape(this.#open + delta, this.#before, false);
    const text = deltaStart === 0 ? scan.shape : scan.shape.slice(deltaStart);
    const amendments = this.#settle(scan.shape, scan.openStart);
    const openUnits = scan.shape.length - Math.max(scan.openStart, deltaStart);
    if (openUnits > 0) this.#parts.push({ turn, shape: text.slice(-openUnits) });
    this.#open = scan.open;
    this.#before = scan.before;
    return { text, amendments };
  }

  /** The answer is over: its last word is whole. What is pushed after that is another answer. */
  finish(): readonly ShapeAmendment[] {
    const { shape } = scanShape(this.#open, this.#before, true);
    const amendments = this.#settle(shape, shape.length);
    this.#open = '';
    this.#before = 'nothing';
    return amendments;
  }

  /** Compares what the parts were given with their `shape` now; up to `openStart` it is final. */
  #settle(shape: string, openStart: number): readonly ShapeAmendment[] {
    if (this.#parts.length === 0 || openStart === 0) return noAmendments;
    const amendments: ShapeAmendment[] = [];
    const openParts: OpenPart[] = [];
    let start = 0;
    for (const { turn, shape: given } of this.#parts) {
      const settledUnits = Math.min(Math.max(openStart - start, 0), given.length);
      const rest = given.slice(settledUnits);
      const tail = shape.slice(start, start + settledUnits) + rest;
      if (tail !== given) amendments.push({ turn, tail });
      if (rest !== '') openParts.push({ turn, shape: rest });
      start += given.length;
    }
    this.#parts = openParts;
    return amendments;
  }
}

/** The shape of one whole text. */
export function shapeOf(text: string): string {
  return scanShape(text, 'nothing', true).shape;
}

/** The shape of a value as JSON has it, keys included: arguments of a command. Numbers keep their sign, size and kind. */
export function shapeOfJson(value: unknown): unknown {
  return shapeOfValue(value, 0);
}

function shapeOfValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return shapeOf(value);
  if (typeof value === 'number') return Number(shapeOf(String(value)));
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= jsonMaxDepth) return null;
  if (Array.isArray(value)) return value.map((item) => shapeOfValue(item, depth + 1));
  const entries = Object.entries(value).map(([key, item]) => [shapeOf(key), shapeOfValue(item, depth + 1)] as const);
  // A key such as __proto__ becomes a property of its own here, never the prototype.
  return Object.fromEntries(entries);
}
