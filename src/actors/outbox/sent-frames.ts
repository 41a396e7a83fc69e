/**
 * What a stream sent, counted as each frame is handed to the transport: how much of what, and when the first of it. Sound is
 * looked at only until something was heard in it; from then on a frame costs two additions.
 */
import type { Frame } from '../../call/gateway.ts';
import { audioFormat } from '../../call/wire.ts';

/** Times in ms of the given clock; null = nothing of the kind was sent. */
export interface SentTally {
  readonly frames: number;
  /** UTF-16 units. */
  readonly textChars: number;
  readonly audioBytes: number;
  readonly firstTextAtMs: number | null;
  readonly firstAudioAtMs: number | null;
  /** The frame with the first sample that is heard. */
  readonly firstSoundAtMs: number | null;
  /** Silent sound before that sample. */
  readonly leadingSilenceBytes: number | null;
}

export class SentFrames {
  readonly #now: () => number;
  #frames = 0;
  #textChars = 0;
  #audioBytes = 0;
  #firstTextAtMs: number | null = null;
  #firstAudioAtMs: number | null = null;
  #firstSoundAtMs: number | null = null;
  #leadingSilenceBytes: number | null = null;

  constructor(now: () => number) {
    this.#now = now;
  }

  count(frame: Frame): void {
    this.#frames += 1;
    if (frame.kind === 'text') {
      this.#textChars += frame.text.length;
      this.#firstTextAtMs ??= this.#now();
    }
    if (frame.kind === 'audio') {
      if (this.#firstSoundAtMs === null) this.#listen(frame.bytes);
      this.#audioBytes += frame.bytes.byteLength;
      this.#firstAudioAtMs ??= this.#now();
    }
  }

  tally(): SentTally {
    return {
      frames: this.#frames,
      textChars: this.#textChars,
      audioBytes: this.#audioBytes,
      firstTextAtMs: this.#firstTextAtMs,
      firstAudioAtMs: this.#firstAudioAtMs,
      firstSoundAtMs: this.#firstSoundAtMs,
      leadingSilenceBytes: this.#leadingSilenceBytes,
    };
  }

  #listen(sound: Uint8Array): void {
    const silentBytes = silentBytesBefore(sound);
    if (silentBytes === null) return;
    this.#firstSoundAtMs = this.#now();
    this.#leadingSilenceBytes = this.#audioBytes + silentBytes;
  }
}

/** The first sample value above -60 dB of full scale, which is where ffmpeg's silencedetect draws the line, too: 32768 / 1000 = 32.8. */
const AUDIBLE_AMPLITUDE = 33;

/**
 * Where sound begins that people hear: bytes before the first sample that is heard; null if all of it is silence. Voices start with
 * silence, of zeros or of a faint noise, so the first frame of sound says little about when a stream is heard.
 */
export function silentBytesBefore(sound: Uint8Array): number | null {
  const samples = new DataView(sound.buffer, sound.byteOffset, sound.byteLength);
  for (let offset = 0; offset + audioFormat.bytesPerSample <= sound.byteLength; offset += audioFormat.bytesPerSample) {
    const sample = samples.getInt16(offset, true);
    if (sample >= AUDIBLE_AMPLITUDE || sample <= -AUDIBLE_AMPLITUDE) return offset;
  }
  return null;
}
