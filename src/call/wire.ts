/** The sound on the wire, once (CONTRACT §1): raw PCM, mono, signed 16-bit little-endian, in chunks of one size. */

export const audioFormat = {
  sampleRateHz: 48_000,
  channels: 1,
  /** Signed 16-bit little-endian samples. */
  dtype: 'int16',
  bytesPerSample: 2,
} as const;

/** 96,000. */
export const AUDIO_BYTES_PER_SECOND = audioFormat.sampleRateHz * audioFormat.channels * audioFormat.bytesPerSample;

/** Every chunk of sound, 42.7 ms; only the last one of a sentence may be shorter. */
export const AUDIO_CHUNK_BYTES = 4096;

/** Clients do not play a chunk whose samples are all this small or smaller, to either side: -62.7 dBFS. */
export const QUIET_AMPLITUDE = 24;

/** True if no sample of `sound` from byte `from` up to `to` is louder than that; whole samples, at any offset in memory. */
export function isQuiet(sound: Uint8Array, from = 0, to = sound.byteLength): boolean {
  for (let at = from; at + 1 < to; at += 2) {
    const sample = (((sound[at + 1] ?? 0) << 24) >> 16) | (sound[at] ?? 0);
    if (sample > QUIET_AMPLITUDE || sample < -QUIET_AMPLITUDE) return false;
  }
  return true;
}
