/**
 * A sink that writes a WAV file. The header is written first with open-ended lengths, which players accept, and gets the
 * true ones at the end, so that an interrupted recording is still a file that plays.
 */
import { closeSync, fstatSync, openSync, rmSync, writeSync } from 'node:fs';
import { audioFormat } from '../engines/speech-engine.ts';
import type { SoundSink } from './sound.ts';

const headerBytes = 44;
const openEndedLength = 0xffff_ffff;

/** Opens `path` at once, so that a path that can't be written is found before anything is asked. Throws what fs throws. */
export function createWavSink(path: string): SoundSink {
  const file = openSync(path, 'w');
  // A pipe or a device can't go back to its header.
  const isRegularFile = fstatSync(file).isFile();
  let pcmBytes = 0;
  let failure: string | undefined;
  let isOpen = true;
  attempt(() => writeSync(file, wavHeader(undefined)));

  function attempt(write: () => void): void {
    if (failure !== undefined || !isOpen) return;
    try {
      write();
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error);
    }
  }

  function close(): void {
    if (!isOpen) return;
    if (isRegularFile) attempt(() => writeSync(file, wavHeader(pcmBytes), 0, headerBytes, 0));
    isOpen = false;
    closeSync(file);
    // Whoever finds a file expects sound in it.
    if (isRegularFile && pcmBytes === 0) rmSync(path, { force: true });
  }

  return {
    async write(pcm) {
      attempt(() => {
        for (let written = 0; written < pcm.length; ) written += writeSync(file, pcm, written);
        pcmBytes += pcm.length;
      });
    },
    async finish() {
      close();
      return failure === undefined
        ? { words: `in ${path}`, isLost: false }
        : { words: `lost, ${path} can't be written: ${failure}`, isLost: true };
    },
    abort: close,
  };
}

/** The 44 bytes in front of PCM in the wire's format; `pcmBytes` undefined = not known yet. */
function wavHeader(pcmBytes: number | undefined): Buffer {
  const { sampleRateHz, channels, bytesPerSample } = audioFormat;
  const frameBytes = channels * bytesPerSample;
  const dataLength = Math.min(pcmBytes ?? openEndedLength, openEndedLength);
  const header = Buffer.alloc(headerBytes);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(Math.min(dataLength + headerBytes - 8, openEndedLength), 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(channels, 22);
  header.writeUInt32LE(sampleRateHz, 24);
  header.writeUInt32LE(sampleRateHz * frameBytes, 28);
  header.writeUInt16LE(frameBytes, 32);
  header.writeUInt16LE(bytesPerSample * 8, 34);
  header.write('data', 36, 'latin1');
  header.writeUInt32LE(dataLength, 40);
  return header;
}
