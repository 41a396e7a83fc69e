/**
 * What a stream sent, counted as each frame is handed to the transport: how much of what, and when the first of it. Sound is
 * looked at only until something was heard in it; from then on a frame costs two additions.
 */
import type { Frame } from '../../call/gateway.ts';
import { silentBytesBefore } from './audible-sound.ts';

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
