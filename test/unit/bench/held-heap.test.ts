/** Of a heap snapshot: what the program holds, by kind, without what V8 keeps for itself; and what of it grew. */
import { expect, test } from 'vitest';
import { growthOf, heldIn, totalOf } from '../../../bench/harness/held-heap.mjs';

const types = [
  'hidden',
  'array',
  'string',
  'object',
  'code',
  'closure',
  'concatenated string',
  'object shape',
  'native',
];
const fields = ['type', 'name', 'id', 'self_size', 'edge_count'];

/** A snapshot as V8 writes it, of nodes with a type, a name and bytes. */
function snapshotOf(nodes: readonly (readonly [string, string, number])[]): string {
  const strings = [...new Set(nodes.map(([, name]) => name))];
  const flat = nodes.flatMap(([type, name, bytes], id) => [types.indexOf(type), strings.indexOf(name), id, bytes, 0]);
  return JSON.stringify({ snapshot: { meta: { node_fields: fields, node_types: [types] } }, nodes: flat, strings });
}

const before = snapshotOf([
  ['object', 'Map', 40],
  ['object', 'Map', 20],
  ['string', 'one', 10],
  ['concatenated string', 'two', 32],
  ['closure', 'tell', 64],
  ['native', 'ArrayBufferData', 500],
  ['code', '(code for tell)', 9_000],
  ['hidden', 'system / WeakArrayList', 9_000],
  ['object shape', 'system / Map', 9_000],
]);

test('objects, texts, closures and buffers count, each under its kind; compiled code and shapes do not', () => {
  expect(Object.fromEntries(heldIn(before))).toEqual({
    'object Map': 60,
    string: 42,
    'closure tell': 64,
    'native ArrayBufferData': 500,
  });
  expect(totalOf(heldIn(before))).toBe(666);
});

test('what grew by a kibibyte and more is told, the most first', () => {
  const after = snapshotOf([
    ['object', 'Map', 60 + 2_048],
    ['string', 'one', 42 + 1_023],
    ['object', 'Session', 4_096],
    ['code', '(code for tell)', 900_000],
  ]);
  expect(growthOf(heldIn(before), heldIn(after))).toEqual(['object Session: 4.0 KiB more', 'object Map: 2.0 KiB more']);
});
