/** Guarantees of the noise floor: every chunk is played, pauses are faint and even noise, sound stays as it is, always the same. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { silentBytesBefore } from '../../../src/actors/outbox/outbox.ts';
import { NoiseFloor } from '../../../src/actors/speech/noise-floor.ts';
import { AudioChunker } from '../../../src/actors/speech/speech.actor.ts';
import { AUDIO_CHUNK_BYTES, QUIET_AMPLITUDE } from '../../../src/call/wire.ts';

/** The chunks of a sentence whose sound comes in pieces of `pieceBytes`. */
function floored(sound: Int16Array, pieceBytes = 10_000): Int16Array[] {
  const chunker = new AudioChunker();
  const floor = new NoiseFloor();
  // A Buffer, as sockets give it, over memory that is the engine's.
  const bytes = Buffer.from(sound.buffer, sound.byteOffset, sound.byteLength);
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    for (const chunk of chunker.push(bytes.subarray(at, at + pieceBytes)))
      chunks.push(new Uint8Array(floor.fill(chunk)));
  }
  const rest = chunker.flush();
  if (rest !== null) chunks.push(new Uint8Array(floor.fill(rest)));
  return chunks.map((chunk) => new Int16Array(chunk.buffer, 0, chunk.length / 2));
}

const whole = (chunks: readonly Int16Array[]) => Int16Array.from(chunks.flatMap((chunk) => [...chunk]));
const peak = (samples: Int16Array) => samples.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
const rms = (samples: Int16Array) => Math.sqrt(samples.reduce((sum, x) => sum + x * x, 0) / samples.length);
const chunkSamples = AUDIO_CHUNK_BYTES / 2;

describe('a client that plays only what is louder than its limit', () => {
  test('plays every chunk of any sound, also the last one of a single sample', () => {
    const levels = fc.oneof(fc.constant(0), fc.integer({ min: -24, max: 24 }), fc.integer({ min: -300, max: 300 }));
    const sound = fc.array(fc.tuple(levels, fc.integer({ min: 1, max: 3000 })), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(sound, fc.integer({ min: 1, max: 9000 }), (parts, pieceBytes) => {
        const samples = Int16Array.from(parts.flatMap(([level, length]) => new Array<number>(length).fill(level)));
        const chunks = floored(samples, pieceBytes);
        expect(chunks.reduce((sum, chunk) => sum + chunk.length, 0)).toBe(samples.length);
        for (const chunk of chunks) expect(peak(chunk)).toBeGreaterThan(QUIET_AMPLITUDE);
      }),
    );
  });
});

describe('a pause', () => {
  const pause = whole(floored(new Int16Array(48_000)));

  test('is noise of about -60 dBFS, which nobody hears and which leaves no direct current', () => {
    const levelDb = 20 * Math.log10(rms(pause) / 32_768);
    expect(levelDb).toBeGreaterThan(-63);
    expect(levelDb).toBeLessThan(-59);
    expect(Math.abs(pause.reduce((sum, x) => sum + x, 0) / pause.length)).toBeLessThan(1);
    expect(silentBytesBefore(Buffer.from(pause.buffer))).toBeNull();
  });

  test('is even: no window and no band of it stands out', () => {
    for (let at = 0; at < pause.length; at += 480) {
      expect(Math.abs(20 * Math.log10(rms(pause.subarray(at, at + 480)) / rms(pause)))).toBeLessThan(0.5);
    }
    const powers = bandPowers(pause);
    const mean = powers.reduce((sum, power) => sum + power, 0) / powers.length;
    for (const power of powers) expect(Math.abs(10 * Math.log10(power / mean))).toBeLessThan(1.5);
  });

  test('does not repeat itself', () => {
    for (const lag of [1, 2, 8, 256, chunkSamples, 4096, 24_000]) {
      let sum = 0;
      for (let at = lag; at < pause.length; at++) sum += (pause[at] ?? 0) * (pause[at - lag] ?? 0);
      expect(Math.abs(sum / (pause.length - lag)) / rms(pause) ** 2).toBeLessThan(0.03);
    }
  });

  test('within words begins and ends with them: no step at its borders is greater than the floor', () => {
    const samples = new Int16Array(12_000);
    for (let at = 0; at < 12_000; at++) {
      const isWord = at < 4000 || at > 8000;
      samples[at] = isWord ? Math.round(6000 * Math.sin((2 * Math.PI * 200 * (at - 4000)) / 48_000)) : 0;
    }
    const out = whole(floored(samples));
    for (let at = 1; at < out.length; at++) {
      const step = Math.abs((samples[at] ?? 0) - (samples[at - 1] ?? 0));
      expect(Math.abs((out[at] ?? 0) - (out[at - 1] ?? 0))).toBeLessThanOrEqual(step + 64);
    }
  });
});

describe('sound', () => {
  test('that is louder passes bit for bit and without a copy', () => {
    const tone = Int16Array.from({ length: chunkSamples }, (_, at) => 40 * Math.sin((2 * Math.PI * 440 * at) / 48_000));
    const chunk = new Uint8Array(tone.buffer);
    expect(new NoiseFloor().fill(chunk)).toBe(chunk);
  });

  test('of the same sentence is the same, however it came in pieces, and what the engine gave is left alone', () => {
    const samples = Int16Array.from({ length: 20_000 }, (_, at) => (at % 7000 < 3000 ? 0 : 5000 * Math.sin(at / 9)));
    const before = samples.slice();
    const expected = whole(floored(samples));
    for (const pieceBytes of [1, 7, 4096, 5000, 100_000]) {
      const again = whole(floored(samples, pieceBytes));
      expect(again.every((x, at) => x === expected[at])).toBe(true);
    }
    expect(samples).toEqual(before);
  });
});

/** Power in eight bands of equal width up to 24 kHz, by the discrete Fourier transform of windows of 512 samples. */
function bandPowers(samples: Int16Array): number[] {
  const size = 512;
  const powers = new Array<number>(8).fill(0);
  for (let from = 0; from + size <= samples.length; from += size * 4) {
    for (let bin = 4; bin < size / 2; bin += 4) {
      let re = 0;
      let im = 0;
      for (let at = 0; at < size; at++) {
        const angle = (2 * Math.PI * bin * at) / size;
        re += (samples[from + at] ?? 0) * Math.cos(angle);
        im += (samples[from + at] ?? 0) * Math.sin(angle);
      }
      const band = Math.floor((bin * 16) / size);
      powers[band] = (powers[band] ?? 0) + re * re + im * im;
    }
  }
  return powers;
}
