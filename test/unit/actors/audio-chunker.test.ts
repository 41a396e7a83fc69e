/** Guarantees of the chunker: whatever the engine's chunks, the wire gets 4096-byte chunks with every byte in its place. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AudioChunker } from '../../../src/actors/speech/speech.actor.ts';
import { AUDIO_CHUNK_BYTES } from '../../../src/call/wire.ts';

/** Copies at once: a chunk may share memory that is used again. */
function chunksOf(pieces: readonly Uint8Array[]): readonly Uint8Array[] {
  const chunker = new AudioChunker();
  const chunks = pieces.flatMap((piece) => [...chunker.push(piece)].map((chunk) => chunk.slice()));
  const rest = chunker.flush();
  return rest === null ? chunks : [...chunks, rest.slice()];
}

const bytes = (length: number, seed = 1) => Uint8Array.from({ length }, (_, index) => (index * 31 + seed) % 251);

test('Speech job 1: any chunking in gives full chunks out, the last one shorter and even, and not a byte changed', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.integer({ min: 0, max: 64 }), fc.integer({ min: 0, max: 20_000 })), { maxLength: 12 }),
      (lengths) => {
        const pieces = lengths.map((length, index) => bytes(length, index));
        const chunks = chunksOf(pieces);
        const whole = Buffer.concat(pieces);
        const evenBytes = whole.byteLength - (whole.byteLength % 2);
        expect(Buffer.concat(chunks).equals(whole.subarray(0, evenBytes))).toBe(true);
        for (const chunk of chunks.slice(0, -1)) expect(chunk.byteLength).toBe(AUDIO_CHUNK_BYTES);
        const last = chunks.at(-1);
        if (last !== undefined) {
          expect(last.byteLength).toBeGreaterThan(0);
          expect(last.byteLength).toBeLessThanOrEqual(AUDIO_CHUNK_BYTES);
          expect(last.byteLength % 2).toBe(0);
        }
      },
    ),
  );
});

test('a chunk of the right size passes without a copy', () => {
  const chunk = bytes(AUDIO_CHUNK_BYTES);
  const [passed] = [...new AudioChunker().push(chunk)];
  expect(passed).toBe(chunk);
});

test('a chunk that was handed out never changes afterwards', () => {
  const chunker = new AudioChunker();
  const first = [...chunker.push(bytes(5000, 1)), ...chunker.push(bytes(5000, 2))];
  const copies = first.map((chunk) => chunk.slice());
  [...chunker.push(bytes(9000, 3))];
  expect(first.map((chunk) => Buffer.compare(chunk, copies[first.indexOf(chunk)] ?? bytes(0)))).toEqual([0, 0]);
});

test('Speech job 1: a flush leaves nothing for the next sentence', () => {
  const chunker = new AudioChunker();
  [...chunker.push(bytes(10))];
  expect(chunker.flush()?.byteLength).toBe(10);
  expect(chunker.flush()).toBeNull();
  expect([...chunker.push(bytes(6))]).toEqual([]);
  expect(chunker.flush()?.byteLength).toBe(6);
});

test('half a sample at the very end is dropped', () => {
  expect(chunksOf([bytes(1)])).toEqual([]);
  expect(chunksOf([bytes(3)]).map((chunk) => chunk.byteLength)).toEqual([2]);
  expect(chunksOf([bytes(1), bytes(2)]).map((chunk) => chunk.byteLength)).toEqual([2]);
});
