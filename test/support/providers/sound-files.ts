/** Sound files for tests: WAVs as they are built here, chunk by chunk, and the samples of real encoders in `sounds/`. */
import { readFileSync } from 'node:fs';

export interface WavOptions {
  readonly rateHz?: number;
  readonly channels?: number;
  readonly bits?: number;
  readonly kind?: number;
  /** Of the sound; default: what it has. */
  readonly declaredBytes?: number;
  /** Of the RIFF; default 0, as Azure sends it; 'right' = up to the end of all chunks. */
  readonly riffBytes?: number | 'right';
  readonly before?: Buffer;
  readonly after?: Buffer;
}

const EXTENSIBLE = 0xfffe;

/** A WAV around `sound`. */
export function wavOf(sound: Buffer, options: WavOptions = {}): Buffer {
  const { rateHz = 48_000, channels = 1, bits = 16, kind = 1, declaredBytes = sound.length, riffBytes = 0 } = options;
  const { before = Buffer.alloc(0), after = Buffer.alloc(0) } = options;
  const format = Buffer.alloc(kind === EXTENSIBLE ? 48 : 24);
  format.write('fmt ', 0, 'latin1');
  format.writeUInt32LE(format.length - 8, 4);
  format.writeUInt16LE(kind, 8);
  format.writeUInt16LE(channels, 10);
  format.writeUInt32LE(rateHz, 12);
  format.writeUInt32LE((rateHz * channels * bits) / 8, 16);
  format.writeUInt16LE((channels * bits) / 8, 20);
  format.writeUInt16LE(bits, 22);
  if (kind === EXTENSIBLE) format.writeUInt16LE(1, 32);
  const data = Buffer.alloc(8);
  data.write('data', 0, 'latin1');
  data.writeUInt32LE(declaredBytes, 4);
  const file = Buffer.concat([Buffer.from('RIFF\0\0\0\0WAVE', 'latin1'), before, format, data, sound, after]);
  file.writeUInt32LE(riffBytes === 'right' ? file.length - 8 : riffBytes, 4);
  return file;
}

/** A chunk of a RIFF with `bytes` bytes of loud content, padded to an even length. */
export function chunkOf(name: string, bytes: number): Buffer {
  const made = Buffer.alloc(8 + bytes + (bytes % 2), 'x');
  made.write(name, 0, 'latin1');
  made.writeUInt32LE(bytes, 4);
  if (bytes % 2 === 1) made[made.length - 1] = 0;
  return made;
}

/** What a real encoder made; `sounds/README.md` says how. */
export function soundFile(name: string): Buffer {
  return readFileSync(new URL(`sounds/${name}.bin`, import.meta.url));
}
