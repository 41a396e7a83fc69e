// What a program holds, of a heap snapshot of V8: objects, texts, numbers, closures and their tables, by kind. What V8 keeps for itself is not
// among it: compiled code, what it learned for compiling, shapes of objects, and its own lists of who depends on which. It grows by tens
// of kB a thousand sessions for as long as something is compiled anew, whatever the program holds. Nor is memory outside of the heap: pools of
// buffers come and go by 36 KiB each, and a buffer that is kept shows by its object.
import { readFileSync } from 'node:fs';

const notHeld = new Set(['code', 'hidden', 'object shape', 'synthetic', 'native']);
const texts = new Set(['string', 'concatenated string', 'sliced string']);
/** Of one kind that grew, how much is worth a line. */
const TOLD_BYTES = 1_024;
const MOST_TOLD = 12;

/**
 * Bytes by kind ("object Map", "string", …), of the text of a snapshot.
 * @param {string} text
 * @returns {Map<string, number>}
 */
export function heldIn(text) {
  const { snapshot, nodes, strings } = JSON.parse(text);
  const { node_fields: fields, node_types: types } = snapshot.meta;
  const [typeAt, nameAt, sizeAt] = ['type', 'name', 'self_size'].map((name) => fields.indexOf(name));
  const held = new Map();
  for (let at = 0; at < nodes.length; at += fields.length) {
    const type = types[typeAt][nodes[at + typeAt]];
    if (notHeld.has(type)) continue;
    const kind = texts.has(type) ? 'string' : `${type} ${strings[nodes[at + nameAt]]}`.slice(0, 60);
    held.set(kind, (held.get(kind) ?? 0) + nodes[at + sizeAt]);
  }
  return held;
}

/** The same of a file. */
export function heldInFile(path) {
  return heldIn(readFileSync(path, 'utf8'));
}

export function totalOf(held) {
  return [...held.values()].reduce((sum, bytes) => sum + bytes, 0);
}

/** The kinds that grew most, as lines. */
export function growthOf(before, after) {
  return [...after]
    .map(([kind, bytes]) => ({ kind, bytes: bytes - (before.get(kind) ?? 0) }))
    .filter(({ bytes }) => bytes >= TOLD_BYTES)
    .sort((a, b) => b.bytes - a.bytes)
    .slice(0, MOST_TOLD)
    .map(({ kind, bytes }) => `${kind}: ${(bytes / 1024).toFixed(1)} KiB more`);
}
