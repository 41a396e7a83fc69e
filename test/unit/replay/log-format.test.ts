/** The lines of a log: what is put together by hand is JSON as everybody else makes it, and what is read is what was written. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LineChain, type LogLine, type LogTurn } from '../../../src/log/log-format.ts';
import { runs } from '../../support/runs.ts';

/** Texts with quotes, escapes, lone surrogates, digests, names like `__proto__`. */
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('#0a1b2c3d4e5f', '#', '#"', 'plain', '\ud800', '"', '\\', '\u2028', '__proto__', ''),
);
const json = fc.oneof(fc.jsonValue(), text);

const turnLine: fc.Arbitrary<LogTurn> = fc.record(
  {
    kind: fc.constant('turn' as const),
    turn: fc.nat(),
    atMs: fc.double({ min: 0, max: 1e9, noNaN: true, noDefaultInfinity: true }),
    event: fc.dictionary(text, json).map((fields) => ({ ...fields, type: 'speech.finished' })),
    state: text,
    changes: fc.dictionary(text, json),
    effects: fc.array(text),
    status: text,
  },
  { requiredKeys: ['kind', 'turn', 'atMs', 'event'] },
);

const otherLine: fc.Arbitrary<LogLine> = fc.oneof(
  fc.record({ kind: fc.constant('amendment' as const), turn: fc.nat(), tail: text }),
  fc.record({
    kind: fc.constant('footer' as const),
    status: fc.constantFrom('done', 'error', 'abandoned'),
    reason: text,
    turns: fc.nat(),
    dropped: fc.nat(),
  }),
);

test('a turn is written as JSON.stringify would write it, whatever stands in it', () => {
  fc.assert(
    fc.property(turnLine, (line) => {
      const body = new LineChain().read(new LineChain().write(line).trimEnd());
      expect(body).toBe(JSON.stringify(line));
    }),
    { numRuns: runs(2_000) },
  );
});

test('a field that is not there is not written, also if it is there without a value', () => {
  const outcome = { changes: { request: undefined, nextSegment: 3 } };
  const line = new LineChain().writeTurn({ turn: 1, atMs: 0.5, event: { type: 'answer.finished' } }, outcome);
  expect(new LineChain().read(line.trimEnd())).toBe(
    '{"kind":"turn","turn":1,"atMs":0.5,"event":{"type":"answer.finished"},"changes":{"nextSegment":3}}',
  );
});

test('lines are read back in the order in which they were written, and in no other', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(turnLine, otherLine), { minLength: 2, maxLength: 6 }), (lines) => {
      const writer = new LineChain();
      const written = lines.map((line) => writer.write(line).trimEnd());
      const reader = new LineChain();
      expect(written.map((line) => reader.read(line))).toEqual(lines.map((line) => JSON.stringify(line)));
      const [first = '', second = ''] = written;
      const swapped = new LineChain();
      expect(swapped.read(second)).toBeNull();
      expect(new LineChain().read(`${first.slice(0, 10)}~${first.slice(11)}`)).toBeNull();
    }),
    { numRuns: runs(200) },
  );
});
