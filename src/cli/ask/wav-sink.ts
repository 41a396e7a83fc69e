/** A sink that writes a WAV file; see engines/wav-file.ts for the file itself. */
import { lstat, rm } from 'node:fs/promises';
import { createWavFile, type WavFile } from '../../engines/wav-file.ts';
import type { SoundSink } from './sound.ts';

/** Opens `path` at once, so that one that can't be written is found before anything is asked. Rejects with what fs says. */
export async function createWavSink(path: string): Promise<SoundSink> {
  const file = await createWavFile(path);
  let failure: string | undefined;
  const attempt = async (work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      failure ??= error instanceof Error ? error.message : String(error);
    }
  };
  const close = async () => {
    await attempt(() => file.close());
    await attempt(() => removeIfSilent(path, file));
  };
  // Waits for the header: opening alone succeeds on a full disk.
  await attempt(() => file.write(new Uint8Array(0)));
  if (failure !== undefined) {
    const reason = failure;
    await close();
    throw new Error(reason);
  }
  return {
    write: (pcm) => attempt(() => file.write(pcm)),
    async finish() {
      await close();
      const isLost = failure !== undefined;
      return { words: isLost ? `lost, ${path} can't be written: ${failure}` : `in ${path}`, isLost };
    },
    abort: () => void close(),
  };
}

/** Whoever finds a file expects sound in it. Devices and pipes are not ours to remove. */
async function removeIfSilent(path: string, file: WavFile): Promise<void> {
  if (file.dataBytes > 0) return;
  const isRegularFile = await lstat(path).then(
    (stats) => stats.isFile(),
    () => false,
  );
  if (isRegularFile) await rm(path, { force: true });
}
