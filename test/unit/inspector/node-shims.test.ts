/** What stands in the page for functions of Node gives what Node's own give. */
import { hash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as cryptoShim from '../../../src/inspector/page/node-shims/crypto.ts';
import * as utilShim from '../../../src/inspector/page/node-shims/util.ts';
import * as zlibShim from '../../../src/inspector/page/node-shims/zlib.ts';
import { runs } from '../../support/runs.ts';

/** Well formed, as whatever stands in a file is. */
const text = fc.string({ unit: 'binary', maxLength: 300 }).map((given) => given.toWellFormed());

test.each(['sha1', 'sha256'] as const)('%s of any text', (algorithm) => {
  // Around the ends of blocks, where padding goes wrong.
  for (let length = 0; length < 200; length += 1) {
    const given = 'a'.repeat(length);
    expect(cryptoShim.hash(algorithm, given)).toBe(hash(algorithm, given));
  }
  fc.assert(
    fc.property(text, (given) => {
      expect(cryptoShim.hash(algorithm, given)).toBe(hash(algorithm, given));
    }),
    { numRuns: runs(300) },
  );
  const long = 'žluťoučký 🐎 '.repeat(20_000);
  expect(cryptoShim.hash(algorithm, long)).toBe(hash(algorithm, long));
});

test('crc32 of any text, going on from any earlier one', () => {
  fc.assert(
    fc.property(text, text, (first, second) => {
      const before = crc32(first);
      expect(zlibShim.crc32(first)).toBe(before);
      expect(zlibShim.crc32(second, before)).toBe(crc32(second, before));
    }),
    { numRuns: runs(300) },
  );
});

test('isDeepStrictEqual of any JSON, and of what differs from it by little', () => {
  const same = (a: unknown, b: unknown) => expect(utilShim.isDeepStrictEqual(a, b)).toBe(isDeepStrictEqual(a, b));
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
      same(a, b);
      same(a, structuredClone(a));
      same([a], { 0: a });
      same({ a, b }, { b, a });
      same({ a }, { a, b: undefined });
      same([a, b], [b, a]);
    }),
    { numRuns: runs(300) },
  );
  for (const [a, b] of [
    [0, -0],
    [Number.NaN, Number.NaN],
    [null, undefined],
    [[], {}],
    [{}, Object.create(null)],
    ['1', 1],
  ]) {
    same(a, b);
  }
});
