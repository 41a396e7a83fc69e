// Plays PCM as it comes: through ffplay or aplay, or into answer.wav where there is neither.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Writable } from 'node:stream';
import type { AudioChunk } from './service.ts';

const players = [
  ['ffplay', '-loglevel', 'error', '-nodisp', '-autoexit', '-f', 's16le', '-ar', '48000', '-i', '-'],
  ['aplay', '-q', '-t', 'raw', '-f', 'S16_LE', '-r', '48000', '-c', '1', '-'],
];
const folders = (process.env.PATH ?? '').split(delimiter);
const isInstalled = ([name = '']: string[]) => folders.some((folder) => existsSync(join(folder, name)));

/** A loudspeaker whose `say` never waits: Node queues what the player has not read yet. */
export function createSpeaker() {
  const [program, ...args] = players.find(isInstalled) ?? [];
  const chunks: Buffer[] = [];
  let player: ChildProcessByStdio<Writable, null, null> | undefined;
  let ended: Promise<unknown> | undefined;
  return {
    /** Takes an AudioChunk; drops a format that nobody promised. */
    say({ audio_data, dtype, sample_rate, channels }: AudioChunk): void {
      if (dtype !== 'int16' || sample_rate !== 48000 || channels !== 1) return;
      if (program === undefined) {
        chunks.push(audio_data);
        return;
      }
      if (player === undefined) {
        player = spawn(program, args, { stdio: ['pipe', 'ignore', 'inherit'] });
        player.stdin.on('error', () => {}); // a player that dies costs the sound, not the text
        ended = once(player, 'close');
      }
      player.stdin.write(audio_data);
    },
    /** Resolves when everything was played, or written. */
    async finish(): Promise<void> {
      player?.stdin.end();
      await ended;
      if (chunks.length === 0) return;
      const pcm = Buffer.concat(chunks);
      writeFileSync('answer.wav', Buffer.concat([wavHeader(pcm.length), pcm]));
      console.log('sound: answer.wav');
    },
    /** Stops at once; what was not played is dropped. */
    silence(): void {
      player?.kill();
    },
  };
}

/** 44 bytes: mono, 16 bit, 48 kHz. */
function wavHeader(dataBytes: number): Buffer {
  const header = Buffer.alloc(44);
  header.write('RIFF', 0);
  header.writeUInt32LE(36 + dataBytes, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20); // PCM
  header.writeUInt16LE(1, 22); // channels
  header.writeUInt32LE(48000, 24);
  header.writeUInt32LE(96000, 28); // bytes a second
  header.writeUInt16LE(2, 32); // bytes a sample
  header.writeUInt16LE(16, 34);
  header.write('data', 36);
  header.writeUInt32LE(dataBytes, 40);
  return header;
}
