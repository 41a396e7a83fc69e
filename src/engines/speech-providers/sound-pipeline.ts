/**
 * Whatever a voice sends, as the PCM of the wire: containers are taken off, channels are mixed, any rate becomes 48 kHz. Sound that has the
 * wire's format already passes bit for bit. One pipeline serves one sentence, and is to be flushed or closed.
 *
 * Refuses, by UnusableSound: what is not sound by its content (sound-kind.ts), whatever its label says; a rate out of bounds, raw sound of an
 * unknown rate, and more sound than a sentence can have. Words instead of sound are WordsInsteadOfSound, with the words.
 */
import { audioFormat } from '../../call/wire.ts';
import { errorBodyMaxBytes } from '../provider/error-words.ts';
import { type ResampledSound, type Resampler, resamplerRatesHz } from '../resampler.ts';
import { type PcmFormat, SampleReader, UnreadBytes, UnusableSound, WordsInsteadOfSound } from './sample-reader.ts';
import {
  areNoise,
  areSamples,
  noiseEvidenceBytes,
  type SoundKind,
  sampleEvidenceBytes,
  soundKindOf,
} from './sound-kind.ts';
import { indexOfFirstFile } from './wav-file-mark.ts';
import { type SoundPiece, WavReader } from './wav-reader.ts';

/** Five minutes: a sentence of the longest that the cutter lets through takes less than two. */
export const maxSentenceSoundBytes = 5 * 60 * audioFormat.sampleRateHz * audioFormat.bytesPerSample;

/** What a provider calls its sound, where that says that it is no PCM. It may lie: a WAV, or bytes that are samples by evidence, are sound. */
export interface SoundLabel {
  readonly type: string;
  readonly meaning: 'text' | 'compressed';
}

export interface SoundPipelineOptions {
  /** The rate of sound without a header; null = not known. */
  readonly rawRateHz: number | null;
  /** The rate that counts whatever a header says; null = the header counts. */
  readonly forcedRateHz: number | null;
  readonly resampler: Resampler;
  readonly label?: SoundLabel | undefined;
  /** What to change where it is sound that is not decoded; '' = nothing is known. */
  readonly formatHint?: string;
  /** The most that a sentence may have; smaller in tests. */
  readonly maxSoundBytes?: number;
}

/** Two seconds of the highest rate: silence that long is no sentence's beginning. */
const maxSilentEvidenceBytes = 2 * audioFormat.sampleRateHz * audioFormat.bytesPerSample;

const nothing = new Uint8Array(0);
const noFormat: PcmFormat = Object.freeze({ sampleRateHz: 0, channels: 1, encoding: 'int16' });

export class SoundPipeline {
  readonly #options: SoundPipelineOptions;
  /** The first bytes, until they tell what this is. */
  readonly #beginning = new UnreadBytes();
  #kind: SoundKind | null = null;
  /** Zeros at the beginning of it. */
  #silentBytes = 0;
  #reader: WavReader | null = null;
  /** The first sound of a WAV, until it tells what it is. */
  readonly #unchecked: SoundPiece[] = [];
  #isSoundChecked = false;
  #format: PcmFormat | null = null;
  #samples: SampleReader | null = null;
  #resampled: ResampledSound | null = null;
  #rateHz = 0;
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
    if (this.#reader !== null) return this.#convert(this.#reader.push(chunk));
    this.#beginning.append(chunk);
    return this.#begin(false);
  }

  /** The sentence is over: the rest of its sound. */
  flush(): Uint8Array {
    // Less than what tells a format: a few samples of raw sound, or nothing.
    const first = this.#reader === null && this.#inputBytes > 0 ? this.#begin(true) : nothing;
    const last = this.#reader === null ? [] : this.#reader.flush();
    return Buffer.concat([first, this.#convert(last, true), this.#endOfRate()]);
  }

  /** The rest is not wanted; idempotent. */
  close(): void {
    this.#resampled?.close();
  }

  /** Looks at what came so far; what follows is read as what it is. */
  #begin(isWhole: boolean): Uint8Array {
    const bytes = this.#beginning.view;
    this.#kind ??= soundKindOf(bytes, isWhole);
    if (this.#kind === null) return bytes.subarray(0, 0);
    const { label } = this.#options;
    if (this.#kind === 'pcm') {
      if (!isWhole && this.#needsMore(bytes)) return bytes.subarray(0, 0);
      const fileAt = indexOfFirstFile(bytes);
      if (fileAt !== -1) return this.#read('wav', bytes.subarray(fileAt));
      this.#checkSamples(bytes);
    }
    if (this.#kind === 'text') {
      if (!isWhole && bytes.length < errorBodyMaxBytes) return bytes.subarray(0, 0);
      throw wordsInsteadOfSound(bytes.subarray(0, errorBodyMaxBytes), label);
    }
    if (typeof this.#kind === 'object') throw this.#undecoded(`${this.#kind.refused} instead of PCM or WAV`);
    return this.#read(this.#kind, bytes);
  }

  #read(kind: 'wav' | 'pcm', bytes: Uint8Array): Uint8Array {
    this.#reader = new WavReader(kind === 'wav');
    this.#isSoundChecked = kind === 'pcm';
    return this.#convert(this.#reader.push(bytes));
  }

  /** `bytes`, which have no mark, do not tell yet whether they are samples. */
  #needsMore(bytes: Uint8Array): boolean {
    if (this.#options.label === undefined) return bytes.length < noiseEvidenceBytes;
    // Silence tells nothing.
    while (bytes[this.#silentBytes] === 0) this.#silentBytes++;
    const evidenceBytes = bytes.length - (this.#silentBytes & ~1);
    return this.#silentBytes < maxSilentEvidenceBytes && evidenceBytes < sampleEvidenceBytes;
  }

  /** Throws unless `bytes` may be samples; where a label says that they are not, unless they are. */
  #checkSamples(bytes: Uint8Array): void {
    const { label } = this.#options;
    if (label === undefined) {
      if (areNoise(bytes)) throw this.#undecoded('compressed data of an unknown format instead of PCM or WAV');
      return;
    }
    if (areSamples(bytes.subarray(this.#silentBytes & ~1))) return;
    if (label.meaning === 'text') throw wordsInsteadOfSound(bytes.subarray(0, errorBodyMaxBytes), label);
    throw this.#undecoded(`${label.type}, which is not decoded here`);
  }

  /** The sound in a WAV, once it is sure that it is none of something else: gateways put headers around whatever they are given. */
  #checked(pieces: readonly SoundPiece[], isEnd: boolean): readonly SoundPiece[] {
    if (this.#isSoundChecked) return pieces;
    this.#unchecked.push(...pieces);
    const [first] = this.#unchecked;
    const sameFormat = this.#unchecked.filter(({ format }) => format === first?.format);
    const isAll = isEnd || sameFormat.length < this.#unchecked.length;
    const kind = soundKindOf(Buffer.concat(sameFormat.map(({ bytes }) => bytes)), isAll);
    if (kind === null) return [];
    if (typeof kind === 'object') throw this.#undecoded(`${kind.refused} inside of a WAV`);
    this.#isSoundChecked = true;
    return this.#unchecked.splice(0);
  }

  #undecoded(what: string): UnusableSound {
    const { formatHint = '' } = this.#options;
    return new UnusableSound(formatHint === '' ? what : `${what}; ${formatHint}`);
  }

  #convert(pieces: readonly SoundPiece[], isEnd = false): Uint8Array {
    const sounds: Uint8Array[] = [];
    for (const { format, bytes } of this.#checked(pieces, isEnd)) {
      const tail = this.#open(format ?? noFormat);
      if (tail.length > 0) sounds.push(tail);
      const samples = this.#samples?.push(bytes) ?? nothing;
      sounds.push(this.#counted(this.#resampled?.push(samples) ?? samples));
    }
    const [first = nothing] = sounds;
    return sounds.length < 2 ? first : Buffer.concat(sounds);
  }

  /** Turns to sound of another format; what the filter of the one before still holds comes back. */
  #open(format: PcmFormat): Uint8Array {
    if (this.#format === format) return nothing;
    const rateHz = this.#rateOf(format);
    // Parts of one rate are one sound: the filter goes on over their border.
    const isSameRate = this.#format !== null && this.#rateHz === rateHz;
    const tail = isSameRate ? nothing : this.#endOfRate();
    this.#format = format;
    this.#samples = new SampleReader({ ...format, sampleRateHz: rateHz });
    if (isSameRate) return tail;
    this.#rateHz = rateHz;
    this.#resampled = rateHz === audioFormat.sampleRateHz ? null : this.#options.resampler.open(rateHz);
    return tail;
  }

  #rateOf(format: PcmFormat): number {
    const { rawRateHz, forcedRateHz } = this.#options;
    const rateHz = forcedRateHz ?? (format === noFormat ? rawRateHz : format.sampleRateHz);
    if (rateHz === null) throw new UnusableSound('sound without a header: SPEECH_SAMPLE_RATE must say its rate');
    const { min, max } = resamplerRatesHz;
    if (!Number.isInteger(rateHz) || rateHz < min || rateHz > max) {
      throw new UnusableSound(`a sample rate of ${rateHz} Hz; it must be ${min}..${max}`);
    }
    return rateHz;
  }

  #endOfRate(): Uint8Array {
    return this.#resampled === null ? nothing : this.#counted(this.#resampled.flush());
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

/** Named as the provider does, else by how it begins. */
function wordsInsteadOfSound(bytes: Uint8Array, label: SoundLabel | undefined): WordsInsteadOfSound {
  const body = new TextDecoder().decode(bytes);
  const [first = ''] = body.trimStart();
  const seen = first === '{' || first === '[' ? 'JSON' : first === '<' ? 'a page' : 'text';
  return new WordsInsteadOfSound(label?.meaning === 'text' ? label.type : seen, body);
}
