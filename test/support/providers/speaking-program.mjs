/**
 * A program that speaks, for tests of SPEECH_COMMAND: `speaking-program.mjs <what> [words…]`. It says a second of a tone of
 * 440 Hz at 16 kHz, raw, unless `what` names something else.
 */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';

const [, , what = 'tone', ...words] = process.argv;
const rateHz = 16_000;
const tone = Buffer.alloc(rateHz * 2);
for (let at = 0; at < rateHz; at += 1) {
  tone.writeInt16LE(Math.round(12_000 * Math.sin((2 * Math.PI * 440 * at) / rateHz)), at * 2);
}

async function input() {
  const pieces = [];
  for await (const piece of process.stdin) pieces.push(piece);
  return Buffer.concat(pieces).toString('utf8');
}

/** What it was told, where the test can read it. */
async function tell(path) {
  writeFileSync(path, JSON.stringify({ words: words.slice(1), input: await input(), env: process.env }));
  process.stdout.write(tone);
}

const doings = {
  tone: () => process.stdout.write(tone),
  tell: () => tell(words[0]),
  async exit() {
    process.stderr.write(`a first line\nthe model is broken by "${(await input()).trim()}"\n`);
    process.exitCode = 3;
  },
  /** All the sound, and then a bad end. */
  late() {
    process.stdout.write(tone, () => process.exit(4));
  },
  signal() {
    process.stdout.write(tone, () => process.kill(process.pid, 'SIGKILL'));
  },
  /** As espeak-ng does over some names of voices. */
  crash() {
    process.kill(process.pid, 'SIGSEGV');
    setInterval(() => {}, 1000);
  },
  novoice() {
    process.stderr.write('Error: The specified voice does not exist.\n');
    process.exitCode = 1;
  },
  /** Closes its input unread. */
  deaf() {
    process.stdin.destroy();
    setTimeout(() => process.stdout.write(tone), 50);
  },
  /** Hears no SIGTERM, nor does what it started; writes both their ids. */
  stubborn() {
    process.on('SIGTERM', () => {});
    const child = spawn(process.execPath, ['-e', "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)"], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    writeFileSync(words[0], JSON.stringify([process.pid, child.pid]));
    setInterval(() => {}, 1000);
  },
  endless() {
    const more = () => {
      while (process.stdout.write(tone));
      process.stdout.once('drain', more);
    };
    more();
  },
  silent() {},
};

await doings[what]();
