/**
 * WAV files of 16-bit PCM, written while the sound comes: a header with sizes of zero first, the true sizes at the end.
 * A file whose writer died keeps its samples; most players play it to its end all the same.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { audioFormat } from '../call/wire.ts';

const headerBytes = 44;
/** Sizes in a RIFF header are unsigned 32-bit and count 36 bytes of the header. */
const maxDataBytes = 0xffff_ffff - 36;

export interface WavFormat {
  readonly dataBytes: number;
  readonly sampleRateHz: number;
  readonly channels: number;
}

/** The 44 bytes before `dataBytes` of signed 16-bit little-endian PCM; throws RangeError if a size does not fit. */
export function wavHeader({ dataBytes, sampleRateHz, channels }: WavFormat): Buffer {
  if (!Number.isInteger(dataBytes) || dataBytes < 0 || dataBytes > maxDataBytes) {
    throw new RangeError(`dataBytes ${dataBytes} must be a whole number 0..${maxDataBytes}`);
  }
  const frameBytes = channels * audioFormat.bytesPerSample;
  const header = Buffer.alloc(headerBytes);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(36 + dataBytes, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(16, 16); // length of the format chunk
  header.writeUInt16LE(1, 20); // PCM
  header.writeUInt16LE(channels, 22);
  header.writeUInt32LE(sampleRateHz, 24);
  header.writeUInt32LE(sampleRateHz * frameBytes, 28);
  header.writeUInt16LE(frameBytes, 32);
  header.writeUInt16LE(audioFormat.bytesPerSample * 8, 34);
  header.write('data', 36, 'latin1');
  header.writeUInt32LE(dataBytes, 40);
  return header;
}

export interface WavFile {
  /** Bytes of PCM written so far. */
  readonly dataBytes: number;
  /** Appends PCM; resolves when it is written. Calls may overlap, the order stays. */
  write(pcm: Uint8Array): Promise<void>;
  /** Waits for the writes, puts the sizes in and closes the file; idempotent. Rejects if a write failed. */
  close(): Promise<void>;
}

/** Creates or replaces the file at `path`; the format is that of the wire unless told otherwise. */
export async function createWavFile(
  path: string,
  format: Omit<WavFormat, 'dataBytes'> = audioFormat,
): Promise<WavFile> {
  const file = await open(path, 'w');
  let dataBytes = 0;
  await writeAll(file, wavHeader({ ...format, dataBytes: 0 }), 0);
  let written: Promise<void> = Promise.resolve();
  let closed: Promise<void> | undefined;

  async function finish(): Promise<void> {
    try {
      await written;
      await writeAll(file, wavHeader({ ...format, dataBytes }), 0);
    } finally {
      await file.close();
    }
  }

  return {
    get dataBytes() {
      return dataBytes;
    },
    write(pcm) {
      if (closed !== undefined) return Promise.reject(new Error(`${path} is closed`));
      if (dataBytes + pcm.length > maxDataBytes) return Promise.reject(new RangeError(`${path} would pass 4 GiB`));
      const position = headerBytes + dataBytes;
      dataBytes += pcm.length;
      written = written.then(() => writeAll(file, pcm, position));
      return written;
    },
    close() {
      closed ??= finish();
      return closed;
    },
  };
}

/** One write may take a part only. */
async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at, position + at);
    at += bytesWritten;
  }
}
