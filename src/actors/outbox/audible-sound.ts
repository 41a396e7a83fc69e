/**
 * Where sound begins that people hear. Voices start with silence, of zeros or of a faint noise, so the first frame of sound says
 * little about when a stream is heard.
 */
import { audioFormat } from '../../call/wire.ts';

/** The first sample value above -60 dB of full scale, which is where ffmpeg's silencedetect draws the line, too: 32768 / 1000 = 32.8. */
const AUDIBLE_AMPLITUDE = 33;

/** Bytes before the first sample that is heard, in PCM of 16 bits, little-endian; null if all of it is silence. */
export function silentBytesBefore(sound: Uint8Array): number | null {
  const samples = new DataView(sound.buffer, sound.byteOffset, sound.byteLength);
  for (let offset = 0; offset + audioFormat.bytesPerSample <= sound.byteLength; offset += audioFormat.bytesPerSample) {
    const sample = samples.getInt16(offset, true);
    if (sample >= AUDIBLE_AMPLITUDE || sample <= -AUDIBLE_AMPLITUDE) return offset;
  }
  return null;
}
