/** Where the sound of an answer goes. A sink is given whole chunks of PCM in the one format of the wire. */
import { audioFormat } from '../../call/wire.ts';
import type { AnswerFrame } from './client.ts';

export interface SoundPlace {
  /** Where the sound went, or why not: "in answer.wav". */
  readonly words: string;
  /** True if sound was lost that the user asked to keep. */
  readonly isLost: boolean;
}

export interface SoundSink {
  /** Takes a chunk; waits only when what it holds grows too large. Never throws: a failure shows in `finish`. */
  write(pcm: Uint8Array): Promise<void>;
  /** Waits until the sound is where it belongs. */
  finish(): Promise<SoundPlace>;
  /** Drops what has not been played yet; idempotent. */
  abort(): void;
}

type AudioFrame = Extract<AnswerFrame, { kind: 'audio_chunk' }>;

/** True if the chunk is in the format that clients play; anything else they drop. */
export function isPlayable({ audio, dtype, sampleRateHz, channels }: AudioFrame): boolean {
  const isWireFormat =
    dtype === audioFormat.dtype && sampleRateHz === audioFormat.sampleRateHz && channels === audioFormat.channels;
  return isWireFormat && audio.length > 0 && audio.length % audioFormat.bytesPerSample === 0;
}

/** Seconds of sound in so many bytes. */
export function secondsOf(pcmBytes: number): number {
  return pcmBytes / (audioFormat.sampleRateHz * audioFormat.channels * audioFormat.bytesPerSample);
}

/** A sink that keeps nothing, for when there is nowhere to put the sound. */
export function discardSound(reason: string): SoundSink {
  return {
    write: () => Promise.resolve(),
    finish: () => Promise.resolve({ words: reason, isLost: false }),
    abort: () => undefined,
  };
}
