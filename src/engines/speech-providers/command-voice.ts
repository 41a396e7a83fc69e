/**
 * A program on this machine as a voice: `piper --model {voice} --output-raw`, `espeak-ng --stdout -v {voice}`. The sentence goes to
 * its standard input unless the template has {text}; its standard output is the sound, as WAV, or raw at SPEECH_SAMPLE_RATE. It runs in a
 * process group of its own without a shell, and the whole group is ended when nobody listens any more: SIGTERM, and SIGKILL shortly after.
 *
 * Guarantees: names of voices that clients send can't be paths or options; settings that hold keys are not in the program's environment; an
 * end by anything but exit code 0 is a failure, with the last line that the program wrote to stderr; a program that does not read its input
 * harms nobody; leaving the iteration ends the group within 100 ms; nothing is left of it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, open, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { wordsOf } from '../../errors.ts';
import { readErrorBody } from '../provider/error-words.ts';
import { type NextTry, ProviderFailure } from '../provider/failure.ts';
import { onAbort } from '../provider/linked-abort.ts';
import { type CommandTemplate, fillCommandTemplate } from './command-template.ts';
import {
  type SpeechProvider,
  type SpeechProviderKind,
  type SpeechProviderSettings,
  unknownVoice,
  type VoicedSentence,
} from './speech-provider.ts';

/** Names as clients may send them; paths and options are for the configuration alone. */
const safeVoice = /^[\p{L}\p{N}_][\p{L}\p{N}_.+ -]{0,127}$/u;
const secretNames = /key|token|secret|passw|credential/i;
/** Where a voice is missing, in the words that a client is told. */
const where = 'for the configured command';
const noSuchVoice = /voice|model/i;
const missing =
  /not.{0,4}(found|exist|valid)|unknown|invalid|no such|failed to (read|load)|unable|can.?t (open|find|load)/i;

/** The engine's provider for SPEECH_COMMAND; `env` is what the program may see, but for its secrets. */
function createCommandVoice(
  { command, sampleRateHz }: SpeechProviderSettings,
  env: Readonly<Record<string, string | undefined>>,
): SpeechProvider {
  const provider = 'command';
  if (command === null) throw new Error('a speech command needs SPEECH_COMMAND');
  return {
    name: provider,
    defaultVoice: '',
    check: () => findProgram(command, env.PATH ?? ''),
    async open(sentence, signal) {
      if (sentence.isVoiceOfRequest && !(command.needsVoice && safeVoice.test(sentence.voice))) {
        throw unknownVoice(sentence.voice, where);
      }
      // No argument can hold a NUL, and programs that read lines take each for an utterance of its own.
      const text = sentence.text.replaceAll('\0', ' ').replace(/\s+/g, ' ');
      const sound = childSound(
        {
          program: command.program,
          text,
          args: fillCommandTemplate(command, { text, voice: sentence.voice, language: sentence.language }),
          input: command.takesTextAsArgument ? null : `${text}\n`,
          env: visibleOf(env),
        },
        signal,
      );
      return { rawRateHz: sampleRateHz === 0 ? null : sampleRateHz, chunks: knowingVoices(sound, sentence) };
    },
    close() {},
  };
}

export const commandVoice: SpeechProviderKind = {
  defaultBaseUrl: '',
  needsKeyAt: () => false,
  ratesHz: null,
  make: createCommandVoice,
};

type Variables = Readonly<Record<string, string | undefined>>;

/** The variables that hold no secret: neither by their name nor by holding the same as one that does. */
function visibleOf(env: Variables): Variables {
  // What is shorter may be anything, such as "on".
  const SHORTEST_KEY_CHARS = 8;
  const variables = Object.entries(env);
  const secrets = new Set(variables.flatMap(([name, text = '']) => (secretNames.test(name) ? [text] : [])));
  const isSecret = ([name, text = '']: readonly [string, string | undefined]) =>
    secretNames.test(name) || (text.length >= SHORTEST_KEY_CHARS && secrets.has(text));
  return Object.fromEntries(variables.filter((variable) => !isSecret(variable)));
}

/** The same sound; a program that says that it lacks the voice of a request is the request's mistake. */
async function* knowingVoices(
  sound: AsyncIterable<Uint8Array>,
  { voice, isVoiceOfRequest }: VoicedSentence,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* sound;
  } catch (error) {
    if (!(error instanceof ProviderFailure) || !isVoiceOfRequest) throw error;
    const { detail } = error;
    if (!noSuchVoice.test(detail) || !missing.test(detail)) throw error;
    throw unknownVoice(voice, where, { detail, cause: error });
  }
}

/** Rejects if the program is neither a path to something that can be run nor on the PATH. */
async function findProgram({ program }: CommandTemplate, path: string): Promise<void> {
  const places = program.includes('/') ? [program] : path.split(delimiter).map((folder) => join(folder, program));
  for (const place of places) {
    try {
      await access(place, constants.X_OK);
      // A folder may be "run" as well.
      if (!(await stat(place)).isFile()) continue;
    } catch {
      continue;
    }
    const interpreter = await interpreterOf(place);
    if (interpreter === null) return;
    await access(interpreter, constants.X_OK).catch(() => {
      const shown = JSON.stringify(interpreter);
      throw new Error(
        `SPEECH_COMMAND: the program "${program}" is a script for ${shown}, which is not there, or may not be run`,
      );
    });
    return;
  }
  throw new Error(`SPEECH_COMMAND: the program "${program}" is not there, or may not be run`);
}

/** What a script names in its first line as the program to read it, as the system takes it: a CR at its end belongs to it. */
async function interpreterOf(path: string): Promise<string | null> {
  const LONGEST_LINE_BYTES = 256;
  try {
    const file = await open(path);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(LONGEST_LINE_BYTES), 0, LONGEST_LINE_BYTES, 0);
      return /^#![ \t]*([^ \t\n]+)/.exec(buffer.toString('utf8', 0, bytesRead))?.[1] ?? null;
    } finally {
      await file.close();
    }
  } catch {
    // It may be run, but not read: so it is no script.
    return null;
  }
}

export interface SpokenCommand {
  readonly program: string;
  readonly args: readonly string[];
  /** What is said: taken out of the program's own words. */
  readonly text: string;
  /** What the program reads; null = nothing. */
  readonly input: string | null;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly silenceLimitMs?: number;
}

/** Between "please" and "now": a well-behaved program needs a few milliseconds. */
const TERM_GRACE_MS = 50;
/** After its exit, for what something that it left behind still holds open. */
const CLOSE_GRACE_MS = 200;
/** The longest wait for a piece of sound; the chart's SPEECH_TIMEOUT is shorter as a rule. */
const SILENCE_LIMIT_MS = 60_000;
/** As much of stderr as is kept: its end. */
const MAX_STDERR_CHARS = 4096;

interface ChildEnd {
  readonly code: number | null;
  readonly signal: string | null;
  readonly startError: Error | null;
}

type SpeakingChild = ChildProcess & { readonly stdin: Writable; readonly stdout: Readable; readonly stderr: Readable };

/** The sound of one run, begun with the first pull. Throws ProviderFailure. */
export async function* childSound(
  command: SpokenCommand,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { program, silenceLimitMs = SILENCE_LIMIT_MS } = command;
  signal.throwIfAborted();
  const child = started(command);
  const ended = endOf(child);
  const lastWords = keptEnd(child.stderr, command.text);
  const unlink = onAbort(signal, () => endGroup(child));
  let isTooSilent = false;
  const tooSilent = () => {
    isTooSilent = true;
    endGroup(child);
  };
  let timer = setTimeout(tooSilent, silenceLimitMs);
  let isReadOut = false;
  try {
    try {
      for await (const chunk of child.stdout) {
        clearTimeout(timer);
        if (chunk instanceof Uint8Array) yield chunk;
        timer = setTimeout(tooSilent, silenceLimitMs);
      }
    } catch {
      // A program that could not be started, or was ended, leaves a broken pipe: its end says why.
    }
    const end = await ended;
    isReadOut = true;
    signal.throwIfAborted();
    if (isTooSilent) throw failed(program, `gave no sound for ${silenceLimitMs} ms`, lastWords());
    if (end.startError !== null) throw failed(program, "can't be started", end.startError.message, 'other');
    if (end.code !== 0) throw failed(program, endWordsOf(end), lastWords(), 'again', endedByItself(end));
  } finally {
    clearTimeout(timer);
    unlink();
    if (!isReadOut) endGroup(child);
  }
}

function started({ program, args, input, env }: SpokenCommand): SpeakingChild {
  try {
    const child = spawn(program, [...args], { detached: true, env, stdio: ['pipe', 'pipe', 'pipe'] });
    // A program that has read enough closes its input: EPIPE is its good right.
    child.stdin.on('error', () => {});
    child.stdin.end(input ?? '');
    return child;
  } catch (error) {
    // An argument that no program can take, such as one that is too long.
    throw failed(program, "can't be started", wordsOf(error), 'other');
  }
}

function endOf(child: SpeakingChild): Promise<ChildEnd> {
  return new Promise((resolve) => {
    child.once('error', (startError) => resolve({ code: null, signal: null, startError }));
    child.once('close', (code, signal) => resolve({ code, signal, startError: null }));
    child.once('exit', () => {
      // 'close' waits for everybody who holds a pipe, also for what the program left behind.
      const timer = setTimeout(() => child.stderr.destroy(), CLOSE_GRACE_MS);
      child.once('close', () => clearTimeout(timer));
    });
  });
}

/** Keeps the end of what comes, and gives its last line. */
function keptEnd(stderr: Readable, text: string): () => string {
  let kept = '';
  stderr.setEncoding('utf8').on('data', (words: string) => {
    kept = (kept + words).slice(-MAX_STDERR_CHARS);
  });
  return () => readErrorBody(kept.trimEnd().split('\n').at(-1) ?? '', { text }).said;
}

/** A crash is as much a program's own answer as an exit code; these signals are sent by others. */
const signalsOfOthers: readonly string[] = ['SIGTERM', 'SIGKILL', 'SIGINT', 'SIGHUP'];

function endedByItself({ signal }: ChildEnd): boolean {
  return signal === null || !signalsOfOthers.includes(signal);
}

function endWordsOf({ code, signal }: ChildEnd): string {
  return signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
}

/** The program and its words are for the log alone: they may hold paths. */
function failed(
  program: string,
  words: string,
  said: string,
  next: NextTry = 'again',
  isAboutSound = false,
): ProviderFailure {
  const detail = `${program} ${words}${said === '' ? '' : `: ${said}`}`;
  return new ProviderFailure({ code: 'UNAVAILABLE', words, detail, next, isAboutSound });
}

/** Asks the program and everything it started to end, and makes them soon after. */
function endGroup(child: SpeakingChild): void {
  if (child.pid === undefined) return;
  const group = child.pid;
  child.stdout.destroy();
  child.stderr.destroy();
  kill(group, 'SIGTERM');
  setTimeout(() => kill(group, 'SIGKILL'), TERM_GRACE_MS);
}

function kill(group: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(-group, signal);
  } catch {
    // The group is gone already, which is what was wanted.
  }
}
