/**
 * From a voice's sample rate to the 48 kHz of the wire, as a stream: a windowed-sinc filter in its polyphase form, whose
 * history lives as long as one sentence, so that borders of chunks are seamless. Exact ratios have exact phases.
 *
 * Guarantees: the output is the same however the input is cut; its length is round(samples × 48000 / rate); images and aliases
 * are 80 dB down; a 48 kHz source needs no converter. Why not libsamplerate, which the embedded voice uses in its
 * workers: docs/decisions/0011-voices-from-outside.md has the figures.
 */
import { audioFormat } from '../../call/wire.ts';

/** The rates that a converter takes; a voice outside of them is a mistake. */
export const minRateHz = 4000;
export const maxRateHz = 192_000;

/** Filter taps on each side of a sample at the lower of both rates: with the window below a transition of 0.24 of its Nyquist. */
const TAPS_A_SIDE = 24;
/** Where the filter is down by 6 dB, of the lower Nyquist: the transition ends at its edge. */
const CUTOFF = 0.89;
/** Kaiser's beta for 90 dB. */
const BETA = 9;
/** Phases of the filter table; every common rate has fewer (22,050 Hz has 320), others take the nearest. */
const MAX_PHASES = 1024;
const fullScale = 32_767;

/** The filter for one rate; made once for each rate in use, 200 KB at most for a common one. */
export interface RateFilter {
  readonly rateHz: number;
  /** Output samples after which the input position is a whole sample again, and how many input samples that is. */
  readonly interpolation: number;
  readonly decimation: number;
  readonly phases: number;
  readonly taps: number;
  /** `phases + 1` rows of `taps` coefficients. */
  readonly table: Float64Array;
}

/** The filter from `rateHz`, a whole number of Hz, to 48 kHz. */
export function createRateFilter(rateHz: number): RateFilter {
  const divisor = greatestCommonDivisor(rateHz, audioFormat.sampleRateHz);
  const interpolation = audioFormat.sampleRateHz / divisor;
  const decimation = rateHz / divisor;
  const phases = Math.min(interpolation, MAX_PHASES);
  const scale = Math.min(1, audioFormat.sampleRateHz / rateHz);
  // An even reach makes the taps a multiple of 4.
  const reach = 2 * Math.ceil(TAPS_A_SIDE / scale / 2);
  const taps = 2 * reach;
  const table = new Float64Array((phases + 1) * taps);
  for (let phase = 0; phase <= phases; phase++) {
    let sum = 0;
    for (let tap = 0; tap < taps; tap++) {
      const distance = tap - reach + 1 - phase / phases;
      const value = sinc(distance * scale * CUTOFF) * kaiser(distance / reach);
      table[phase * taps + tap] = value;
      sum += value;
    }
    // Every phase lets a constant through unchanged: else the phases themselves would be heard as a tone.
    for (let tap = 0; tap < taps; tap++) table[phase * taps + tap] = (table[phase * taps + tap] ?? 0) / sum;
  }
  return { rateHz, interpolation, decimation, phases, taps, table };
}

/** One sentence's way through a filter. */
export class RateConverter {
  readonly #filter: RateFilter;
  /** Input that the filter still reaches; it begins with silence as long as the filter's reach. */
  #history: Float64Array;
  #historyLength: number;
  /** Input samples that were dropped from the front of the history. */
  #droppedSamples = 0;
  #inputSamples = 0;
  /** The next output sample: its place is `#whole + #fraction / interpolation` input samples after the start. */
  #whole = 0;
  #fraction = 0;
  #outputSamples = 0;

  constructor(filter: RateFilter) {
    this.#filter = filter;
    const reach = filter.taps / 2;
    this.#history = new Float64Array(4096 + filter.taps);
    this.#historyLength = reach - 1;
    this.#droppedSamples = 1 - reach;
  }

  /** The next samples at 48 kHz, as far as their neighbours are known; may be empty. */
  push(samples: Int16Array): Int16Array {
    this.#inputSamples += samples.length;
    this.#append(samples);
    return this.#convert(Number.POSITIVE_INFINITY);
  }

  /** What was still inside of the filter; the sentence is over. */
  flush(): Int16Array {
    const { taps, rateHz } = this.#filter;
    const total = Math.round((this.#inputSamples * audioFormat.sampleRateHz) / rateHz);
    this.#append(new Int16Array(taps));
    return this.#convert(total - this.#outputSamples);
  }

  #append(samples: Int16Array): void {
    const needed = this.#historyLength + samples.length;
    if (needed > this.#history.length) {
      const larger = new Float64Array(needed);
      larger.set(this.#history.subarray(0, this.#historyLength));
      this.#history = larger;
    }
    this.#history.set(samples, this.#historyLength);
    this.#historyLength = needed;
  }

  #convert(most: number): Int16Array {
    const { interpolation, decimation, phases, taps, table } = this.#filter;
    const reach = taps / 2;
    const known = this.#droppedSamples + this.#historyLength;
    // The last place whose right neighbours are all there.
    const places = (known - reach - this.#whole) * interpolation - this.#fraction;
    const output = new Int16Array(Math.max(0, Math.min(most, Math.ceil(places / decimation))));
    const history = this.#history;
    for (let at = 0; at < output.length; at++) {
      const row = Math.round((this.#fraction * phases) / interpolation) * taps;
      const first = this.#whole - reach + 1 - this.#droppedSamples;
      output[at] = Math.max(-fullScale - 1, Math.min(fullScale, Math.round(dot(history, first, table, row, taps))));
      this.#fraction += decimation;
      while (this.#fraction >= interpolation) {
        this.#fraction -= interpolation;
        this.#whole += 1;
      }
    }
    this.#outputSamples += output.length;
    this.#forget(this.#whole - reach + 1 - this.#droppedSamples);
    return output;
  }

  #forget(samples: number): void {
    const unneeded = Math.min(samples, this.#historyLength);
    if (unneeded <= 0) return;
    this.#history.copyWithin(0, unneeded, this.#historyLength);
    this.#historyLength -= unneeded;
    this.#droppedSamples += unneeded;
  }
}

/** Four sums at once: one alone would wait for its own last addition every time. `taps` is a multiple of 4. */
function dot(history: Float64Array, first: number, table: Float64Array, row: number, taps: number): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  for (let tap = 0; tap < taps; tap += 4) {
    a += (history[first + tap] ?? 0) * (table[row + tap] ?? 0);
    b += (history[first + tap + 1] ?? 0) * (table[row + tap + 1] ?? 0);
    c += (history[first + tap + 2] ?? 0) * (table[row + tap + 2] ?? 0);
    d += (history[first + tap + 3] ?? 0) * (table[row + tap + 3] ?? 0);
  }
  return a + b + c + d;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** Kaiser's window over -1..1, 0 beyond. */
function kaiser(x: number): number {
  return Math.abs(x) >= 1 ? 0 : bessel(BETA * Math.sqrt(1 - x * x)) / bessel(BETA);
}

/** The modified Bessel function of order 0, by its series. */
function bessel(x: number): number {
  let sum = 1;
  let term = 1;
  for (let n = 1; term > sum * 1e-16; n++) {
    term *= (x / (2 * n)) ** 2;
    sum += term;
  }
  return sum;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
