/**
 * From a voice's sample rate to the 48 kHz of the wire, as a stream, by SpeexDSP's resampler in WebAssembly. One load serves any number of
 * sounds at once, each with a filter of its own whose history lives as long as the sound, so that borders of chunks are seamless.
 *
 * Guarantees: the same samples however the sound is cut; round(samples × 48000 / rate) of them; the first one is the sound's first, the
 * filter's delay is taken off; what is too loud saturates; a filter is given back when its sound ends or is closed, so memory holds
 * what is open and no more. Leaves to others: encodings, channels, half samples, and 48 kHz, which needs no resampler.
 *
 * Why this library and these qualities: docs/decisions/0018-one-resampler.md.
 */
import { assert } from '../assert.ts';
import { audioFormat } from '../call/wire.ts';

/** Samples that go into the filter in one call: 16 KiB of sound. */
const BLOCK_SAMPLES = 8192;
/** The lowest and the highest rate that a sound may have. */
export const resamplerRatesHz = Object.freeze({ min: 4000, max: 192_000 });
/** More than one block can make at the lowest rate. */
const MAX_OUTPUT_SAMPLES = (BLOCK_SAMPLES * audioFormat.sampleRateHz) / resamplerRatesHz.min + 16;
const { bytesPerSample } = audioFormat;
/** Speex's scale, 0 to 10. Where it has a filter for each place between two samples: flat to 0.92 of the lower Nyquist. */
const QUALITY = 7;
/** Where there are too many such places it interpolates the filter, at four times the cost; flat to 0.87 of the lower Nyquist. */
const INTERPOLATED_QUALITY = 5;
/** Places up to which Speex has a filter for each, at both qualities. */
const MAX_PHASES = 16;
/** Lengths and errors are whole numbers of 32 bits. */
const NUMBER_BYTES = 4;

/** One sound on its way to 48 kHz: whole samples of 16 bits, little-endian, mono. */
export interface ResampledSound {
  /** The next samples, as far as their neighbours are known; may be empty. A buffer of its own, which may be transferred. */
  push(samples: Uint8Array): Uint8Array<ArrayBuffer>;
  /** What was still in the filter; the sound is closed then. */
  flush(): Uint8Array<ArrayBuffer>;
  /** The rest is not wanted: gives the filter back; idempotent. */
  close(): void;
}

export interface Resampler {
  /** Begins a sound of a whole number of Hz within `resamplerRatesHz`; to be flushed or closed. */
  open(rateHz: number): ResampledSound;
  /** Sounds that are open. */
  readonly openSounds: number;
  /** Of all filters and of the library itself. */
  readonly memoryBytes: number;
}

type SpeexBuild = () => Promise<{ readonly default: SpeexFactory }>;
const simdBuild: SpeexBuild = () => import('@echogarden/speex-resampler-wasm/simd');
export const plainBuild: SpeexBuild = () => import('@echogarden/speex-resampler-wasm');

/**
 * Loads the library once a thread, in some milliseconds. A processor without SIMD gets the plain build, which makes the same samples but
 * for rounding, at four times the cost. `builds` are tried in their order; replaced in tests.
 */
export async function loadResampler(builds: readonly SpeexBuild[] = [simdBuild, plainBuild]): Promise<Resampler> {
  const quiet = { printErr: () => {} };
  let failure: unknown;
  for (const build of builds) {
    try {
      const { default: make } = await build();
      return new SpeexResampler(await make(quiet));
    } catch (error) {
      failure = error;
    }
  }
  throw new Error('the resampler could not be loaded', { cause: failure });
}

class SpeexResampler implements Resampler {
  readonly #speex: SpeexModule;
  /** Places in the library's memory that all sounds use in turns: nothing is awaited between filling and emptying them. */
  readonly #input: number;
  readonly #output: number;
  readonly #inputLength: number;
  readonly #outputLength: number;
  #openSounds = 0;

  constructor(speex: SpeexModule) {
    this.#speex = speex;
    this.#input = this.#allocate(BLOCK_SAMPLES * bytesPerSample);
    this.#output = this.#allocate(MAX_OUTPUT_SAMPLES * bytesPerSample);
    this.#inputLength = this.#allocate(NUMBER_BYTES);
    this.#outputLength = this.#allocate(NUMBER_BYTES);
  }

  get openSounds(): number {
    return this.#openSounds;
  }

  get memoryBytes(): number {
    return this.#speex.HEAPU8.length;
  }

  open(rateHz: number): ResampledSound {
    const { min, max } = resamplerRatesHz;
    assert(
      Number.isInteger(rateHz) && rateHz >= min && rateHz <= max,
      `a rate of ${rateHz} Hz; it must be ${min}..${max}`,
    );
    const state = this.#begin(rateHz);
    let isOpen = true;
    let inputSamples = 0;
    let outputSamples = 0;
    const convert = (samples: Uint8Array): Uint8Array<ArrayBuffer> => {
      assert(isOpen, 'a sound that ended takes no more samples');
      const made = this.#convert(state, samples);
      inputSamples += samples.length / bytesPerSample;
      outputSamples += made.length / bytesPerSample;
      return made;
    };
    const close = () => {
      if (!isOpen) return;
      isOpen = false;
      this.#speex._speex_resampler_destroy(state);
      this.#openSounds -= 1;
    };
    return {
      push: convert,
      flush: () => {
        const missing = Math.round((inputSamples * audioFormat.sampleRateHz) / rateHz) - outputSamples;
        // As many zeros as the last sample has neighbours to come.
        const latency = this.#speex._speex_resampler_get_input_latency(state);
        const rest = convert(new Uint8Array(latency * bytesPerSample));
        close();
        return rest.slice(0, missing * bytesPerSample);
      },
      close,
    };
  }

  #begin(rateHz: number): number {
    const error = this.#outputLength;
    const quality = phasesOf(rateHz) <= MAX_PHASES ? QUALITY : INTERPOLATED_QUALITY;
    const state = this.#speex._speex_resampler_init(1, rateHz, audioFormat.sampleRateHz, quality, error);
    if (state === 0)
      throw new Error(`the resampler refuses ${rateHz} Hz: error ${this.#speex.HEAP32[error / NUMBER_BYTES]}`);
    this.#speex._speex_resampler_skip_zeros(state);
    this.#openSounds += 1;
    return state;
  }

  #convert(state: number, samples: Uint8Array): Uint8Array<ArrayBuffer> {
    const blockBytes = BLOCK_SAMPLES * bytesPerSample;
    if (samples.length <= blockBytes) return this.#convertBlock(state, samples);
    const blocks: Uint8Array[] = [];
    for (let at = 0; at < samples.length; at += blockBytes) {
      blocks.push(this.#convertBlock(state, samples.subarray(at, at + blockBytes)));
    }
    return new Uint8Array(Buffer.concat(blocks));
  }

  #convertBlock(state: number, samples: Uint8Array): Uint8Array<ArrayBuffer> {
    const speex = this.#speex;
    const length = samples.length / bytesPerSample;
    const [inputLength, outputLength] = [this.#inputLength / NUMBER_BYTES, this.#outputLength / NUMBER_BYTES];
    speex.HEAPU8.set(samples, this.#input);
    speex.HEAP32[inputLength] = length;
    speex.HEAP32[outputLength] = MAX_OUTPUT_SAMPLES;
    const error = speex._speex_resampler_process_int(
      state,
      0,
      this.#input,
      this.#inputLength,
      this.#output,
      this.#outputLength,
    );
    assert(error === 0 && speex.HEAP32[inputLength] === length, `the resampler left samples behind: error ${error}`);
    const made = (speex.HEAP32[outputLength] ?? 0) * bytesPerSample;
    return speex.HEAPU8.slice(this.#output, this.#output + made);
  }

  #allocate(bytes: number): number {
    const place = this.#speex._malloc(bytes);
    assert(place !== 0, `the resampler has no ${bytes} bytes`);
    return place;
  }
}

/** Places between two samples of a sound at which an output sample may stand. */
function phasesOf(rateHz: number): number {
  return audioFormat.sampleRateHz / greatestCommonDivisor(rateHz, audioFormat.sampleRateHz);
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
