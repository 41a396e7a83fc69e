/**
 * Where the sound of an answer goes: nowhere, into a WAV file, or to the first audio player found on this machine. A sink is
 * given whole chunks of PCM in the one format of the wire. A player starts with the first sound; one that fails is a note beside
 * the answer, never a failure of the call. A file that can't be written is one: the sound was asked for.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, mkdtempSync, rmSync, statSync } from 'node:fs';
import { type FileHandle, lstat, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { audioFormat } from '../../call/wire.ts';
import { wordsOf } from '../../errors.ts';
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
  /**
   * The person who listens has stopped: nothing more is played, and no player is started any more. What a file was given and is
   * still given stays in it, `finish` closes it as ever; being stopped is no loss. Idempotent.
   */
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

/**
 * A sink that writes a WAV file. Opens `path` at once, so that one that can't be
 * written is found before anything is asked. Rejects with what fs says.
 */
export async function createWavSink(path: string): Promise<SoundSink> {
  const file = await createWavFile(path);
  let failure: string | undefined;
  const attempt = async (work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      failure ??= wordsOf(error);
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
    // Frames that came before the stop may still be on their way here: the file takes them, and `finish` closes it.
    abort: () => undefined,
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

const headerBytes = 44;
/** Sizes in a RIFF header are unsigned 32-bit and count 36 bytes of the header. */
const maxDataBytes = 0xffff_ffff - 36;

interface WavFormat {
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

interface WavFile {
  /** Bytes of PCM written so far. */
  readonly dataBytes: number;
  /** Appends PCM; resolves when it is written. Calls may overlap, the order stays. */
  write(pcm: Uint8Array): Promise<void>;
  /** Waits for the writes, puts the sizes in and closes the file; idempotent. Rejects if a write failed. */
  close(): Promise<void>;
}

/**
 * Creates or replaces the file at `path`; the format is that of the wire unless told otherwise. The header is written first, with
 * sizes of zero, the true sizes at the end: a file whose writer died keeps its samples, and most players play it all the same.
 */
export async function createWavFile(
  path: string,
  format: Omit<WavFormat, 'dataBytes'> = audioFormat,
): Promise<WavFile> {
  const file = await open(path, 'w');
  let dataBytes = 0;
  try {
    await writeAll(file, wavHeader({ ...format, dataBytes: 0 }), 0);
  } catch (error) {
    await file.close();
    throw error;
  }
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

const rate = String(audioFormat.sampleRateHz);

/** In order of preference. Arguments are for raw PCM on stdin; afplay reads nothing but files. */
const players = [
  {
    name: 'ffplay',
    args: ['-hide_banner', '-loglevel', 'error', '-nodisp', '-autoexit', '-f', 's16le', '-ar', rate, '-i', '-'],
  },
  { name: 'aplay', args: ['-q', '-t', 'raw', '-f', 'S16_LE', '-r', rate, '-c', '1', '-'] },
  { name: 'paplay', args: ['--raw', '--format=s16le', `--rate=${rate}`, '--channels=1'] },
  { name: 'pw-play', args: ['--raw', '--format', 's16', '--rate', rate, '--channels', '1', '-'] },
  { name: 'afplay', args: null },
  { name: 'play', args: ['-q', '-t', 'raw', '-r', rate, '-e', 'signed-integer', '-b', '16', '-c', '1', '-L', '-'] },
] as const;

/** What a player may lag behind before reading the call waits for it. */
const longestLagBytes = 64 * 1024 * 1024;

/** The sink of the first player on `searchPath` (the PATH of the environment), or one that says that there is none. */
export function createPlayerSink(searchPath: string): SoundSink {
  for (const player of players) {
    const file = findExecutable(player.name, searchPath);
    if (file === undefined) continue;
    return player.args === null ? playAtEnd(player.name, file) : playAsItComes(player.name, file, player.args);
  }
  const names = players.map(({ name }) => name).join(', ');
  return discardSound(`not played: none of ${names} is on the PATH; --wav FILE keeps it`);
}

function findExecutable(name: string, searchPath: string): string | undefined {
  return searchPath
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return statSync(file).isFile();
      } catch {
        return false;
      }
    });
}

function playAsItComes(name: string, file: string, args: readonly string[]): SoundSink {
  let running: RunningPlayer | undefined;
  let isAborted = false;
  return {
    async write(pcm) {
      if (isAborted) return;
      running ??= startPlayer(file, args);
      const { stdin } = running.child;
      if (stdin === null || stdin.destroyed) return;
      stdin.write(pcm);
      if (stdin.writableLength > longestLagBytes) await Promise.race([once(stdin, 'drain'), running.ended]);
    },
    async finish() {
      if (running === undefined) return isAborted ? stoppedPlaying : nothingToPlay;
      running.child.stdin?.end();
      const problem = await running.ended;
      return isAborted ? stoppedPlaying : placeOf(name, problem);
    },
    abort() {
      isAborted = true;
      running?.child.kill();
    },
  };
}

function playAtEnd(name: string, file: string): SoundSink {
  const folder = mkdtempSync(join(tmpdir(), 'recital-'));
  const path = join(folder, 'answer.wav');
  const removeFolder = () => rmSync(folder, { recursive: true, force: true });
  let wav: Promise<SoundSink> | undefined;
  let running: RunningPlayer | undefined;
  let isAborted = false;
  return {
    async write(pcm) {
      if (isAborted) return;
      wav ??= createWavSink(path);
      await (await wav).write(pcm);
    },
    async finish() {
      try {
        if (wav !== undefined) await (await wav).finish();
        // Nobody listens any more: an answer that was stopped must not begin to sound at its end.
        if (isAborted) return stoppedPlaying;
        if (wav === undefined) return nothingToPlay;
        running = startPlayer(file, [path]);
        const problem = await running.ended;
        return isAborted ? stoppedPlaying : placeOf(name, problem);
      } finally {
        removeFolder();
      }
    },
    abort() {
      isAborted = true;
      running?.child.kill();
    },
  };
}

interface RunningPlayer {
  readonly child: ChildProcess;
  /** How it failed, in words; undefined = it played. */
  readonly ended: Promise<string | undefined>;
}

function startPlayer(file: string, args: readonly string[]): RunningPlayer {
  const child = spawn(file, args, { stdio: ['pipe', 'ignore', 'pipe'] });
  const longestErrorChars = 500;
  let errorText = '';
  child.stderr?.on('data', (text: Buffer) => {
    errorText = `${errorText}${text.toString()}`.slice(0, longestErrorChars);
  });
  // A player that dies closes its stdin; its exit code tells more than the broken pipe.
  child.stdin?.on('error', () => undefined);
  const ended = new Promise<string | undefined>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => {
      if (code === 0) resolve(undefined);
      else resolve(errorText.trim().split('\n')[0] || `it ended with ${signal ?? `exit code ${code}`}`);
    });
  });
  return { child, ended };
}

const nothingToPlay: SoundPlace = { words: 'nothing to play', isLost: false };
const stoppedPlaying: SoundPlace = { words: 'stopped', isLost: false };

function placeOf(name: string, problem: string | undefined): SoundPlace {
  const words =
    problem === undefined ? `played by ${name}` : `not played, ${name} failed (${problem}); --wav FILE keeps it`;
  return { words, isLost: false };
}
