/**
 * The noise floor of a sentence. Clients do not play chunks that are silent (QUIET_AMPLITUDE), so a pause without a floor is left out and
 * the words on both sides of it run into each other. Windows of a chunk in which nothing is louder than that become noise of about -61 dBFS;
 * everything else passes bit for bit, whoever spoke it.
 *
 * Every sample of the noise is louder than what clients take for silence and quieter than what people hear (the outbox's AUDIBLE_AMPLITUDE),
 * so a chunk of a single sample is played, too, and the figures still call a pause a pause. Signs and sizes are independent of each other
 * and of the sound: the spectrum is flat, and nothing clicks. The same sentence has the same noise, however its sound came in pieces.
 */
import { audioFormat, isQuiet, QUIET_AMPLITUDE } from '../../call/wire.ts';

/** 5.3 ms: a pause begins and ends where the words do, and a window holds a quarter of the lowest note that a voice has. */
const WINDOW_BYTES = 512;
/** Bits of a random number that a sample takes: one for its sign, three for its size. */
const BITS_PER_SAMPLE = 4;
const SIZE_MASK = 7;
const SAMPLES_PER_NUMBER = 32 / BITS_PER_SAMPLE;
/** Any number but 0. */
const SEED = 0x9e3779b9;

export class NoiseFloor {
  #random = SEED;

  /** `chunk`, whole samples, with its quiet windows filled. A copy, if there are any: it may be shared. */
  fill(chunk: Uint8Array): Uint8Array {
    let filled: Uint8Array | null = null;
    for (let from = 0; from < chunk.byteLength; from += WINDOW_BYTES) {
      const to = Math.min(from + WINDOW_BYTES, chunk.byteLength);
      if (!isQuiet(chunk, from, to)) continue;
      // Not slice(): that of a Buffer shares its memory.
      filled ??= new Uint8Array(chunk);
      this.#fillWindow(filled, from, to);
    }
    return filled ?? chunk;
  }

  #fillWindow(chunk: Uint8Array, from: number, to: number): void {
    let bits = 0;
    let samplesLeft = 0;
    for (let at = from; at + 1 < to; at += audioFormat.bytesPerSample) {
      if (samplesLeft === 0) {
        bits = this.#nextRandom();
        samplesLeft = SAMPLES_PER_NUMBER;
      }
      const size = QUIET_AMPLITUDE + 1 + (bits & SIZE_MASK);
      const sample = (bits & (SIZE_MASK + 1)) === 0 ? size : -size;
      chunk[at] = sample & 0xff;
      chunk[at + 1] = (sample >> 8) & 0xff;
      bits >>>= BITS_PER_SAMPLE;
      samplesLeft -= 1;
    }
  }

  /** Marsaglia's xorshift: 32 bits that no ear and no spectrum tells from chance. */
  #nextRandom(): number {
    let random = this.#random;
    random ^= random << 13;
    random ^= random >>> 17;
    random ^= random << 5;
    this.#random = random;
    return random >>> 0;
  }
}
