/**
 * Whatever a voice sends, as the PCM of the wire: a WAV container is taken off where there is one, channels are mixed, any rate
 * becomes 48 kHz. Sound that has the wire's format already passes bit for bit. One pipeline serves one sentence.
 *
 * Refuses, by UnusableSound: compressed sound, a rate out of bounds, raw sound of an unknown rate, and more sound
 * than a sentence can have.
 */
import { audioFormat } from '../../call/wire.ts';
import { maxRateHz, minRateHz, RateConverter, type RateFilter } from './rate-converter.ts';
import { joined, SampleReader, UnusableSound } from './sample-reader.ts';
import { looksLikeWav, WavReader, wavMagicBytes } from './wav-reader.ts';

/** Five minutes: a sentence of the longest that the cutter lets through takes less than two. */
export const maxSentenceSoundBytes = 5 * 60 * audioFormat.sampleRateHz * audioFormat.bytesPerSample;

export interface SoundPipelineOptions {
  /** The rate of sound without a header; null = not known. */
  readonly rawRateHz: number | null;
  /** The rate that counts whatever a header says; null = the header counts. */
  readonly forcedRateHz: number | null;
  /** The filters of the rates in use. */
  readonly filterOf: (rateHz: number) => RateFilter;
  /** The most that a sentence may have; smaller in tests. */
  readonly maxSoundBytes?: number;
}

/** Beginnings of compressed sound that no PCM has by chance. */
const compressedMagic: readonly (readonly [magic: string, name: string])[] = [
  ['ID3', 'MP3'],
  ['OggS', 'Ogg'],
  ['fLaC', 'FLAC'],
];

export class SoundPipeline {
  readonly #options: SoundPipelineOptions;
  /** The first bytes, until they tell what this is. */
  #beginning: Uint8Array | null = new Uint8Array(0);
  #wav: WavReader | null = null;
  #samples: SampleReader | null = null;
  #converter: RateConverter | null = null;
  #soundBytes = 0;
  #inputBytes = 0;

  constructor(options: SoundPipelineOptions) {
    this.#options = options;
  }

  /** Bytes that came in so far, header and all. */
  get inputBytes(): number {
    return this.#inputBytes;
  }

  /** The sound in the next bytes, in `audioFormat`; may be empty. */
  push(chunk: Uint8Array): Uint8Array {
    this.#inputBytes += chunk.length;
    if (this.#beginning === null) return this.#convert(this.#unwrap(chunk));
    this.#beginning = joined(this.#beginning, chunk);
    if (this.#beginning.length < wavMagicBytes && looksLikeWav(this.#beginning)) return chunk.subarray(0, 0);
    return this.#begin(this.#beginning);
  }

  /** The sentence is over: the rest of its sound. */
  flush(): Uint8Array {
    const beginning = this.#beginning;
    // Less than a magic number: a few samples of raw sound, or nothing.
    const first = beginning === null || beginning.length === 0 ? new Uint8Array(0) : this.#begin(beginning);
    const last = this.#wav === null ? first.subarray(0, 0) : this.#convert(this.#wav.flush());
    const tail = this.#converter === null ? last.subarray(0, 0) : this.#counted(bytesOf(this.#converter.flush()));
    return joined(joined(first, last), tail);
  }

  #begin(bytes: Uint8Array): Uint8Array {
    this.#beginning = null;
    const compressed = compressedMagic.find(
      ([magic]) => magic === String.fromCharCode(...bytes.subarray(0, magic.length)),
    );
    if (compressed !== undefined) throw new UnusableSound(`${compressed[1]} instead of PCM or WAV`);
    if (bytes.length >= wavMagicBytes && looksLikeWav(bytes)) this.#wav = new WavReader();
    return this.#convert(this.#unwrap(bytes));
  }

  #unwrap(chunk: Uint8Array): Uint8Array {
    return this.#wav === null ? chunk : this.#wav.push(chunk);
  }

  #convert(sound: Uint8Array): Uint8Array {
    if (sound.length === 0) return sound;
    this.#samples ??= this.#openSamples();
    const samples = this.#samples.push(sound);
    return this.#counted(bytesOf(this.#converter === null ? samples : this.#converter.push(samples)));
  }

  /** The format is known from the first sound on. */
  #openSamples(): SampleReader {
    const { rawRateHz, forcedRateHz, filterOf } = this.#options;
    const header = this.#wav?.format ?? null;
    const rateHz = forcedRateHz ?? header?.sampleRateHz ?? rawRateHz;
    if (rateHz === null) throw new UnusableSound('sound without a header: SPEECH_SAMPLE_RATE must say its rate');
    if (!Number.isInteger(rateHz) || rateHz < minRateHz || rateHz > maxRateHz) {
      throw new UnusableSound(`a sample rate of ${rateHz} Hz; it must be ${minRateHz}..${maxRateHz}`);
    }
    if (rateHz !== audioFormat.sampleRateHz) this.#converter = new RateConverter(filterOf(rateHz));
    return new SampleReader({
      sampleRateHz: rateHz,
      channels: header?.channels ?? 1,
      encoding: header?.encoding ?? 'int16',
    });
  }

  #counted(sound: Uint8Array): Uint8Array {
    const { maxSoundBytes = maxSentenceSoundBytes } = this.#options;
    this.#soundBytes += sound.length;
    if (this.#soundBytes > maxSoundBytes) {
      throw new UnusableSound(`more than ${maxSoundBytes} bytes of sound for one sentence`);
    }
    return sound;
  }
}

/** Little-endian, as every machine that Node runs on. */
function bytesOf(samples: Int16Array): Uint8Array {
  return new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
}
