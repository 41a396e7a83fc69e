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
