/**
 * A program on this machine as a voice: `piper --model {voice} --output-raw`, `espeak-ng --stdout -v {voice}`. The sentence goes to
 * its standard input unless the template has {text}; sound comes back as WAV, or raw at SPEECH_SAMPLE_RATE.
 *
 * Names of voices that clients send can't be paths or options. Settings that hold keys are not in the program's environment.
 */
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { ProviderFailure } from '../provider/failure.ts';
import { childSound } from './child-sound.ts';
import { type CommandTemplate, fillCommandTemplate } from './command-template.ts';
import type { SpeechProvider, SpeechProviderSettings } from './speech-provider.ts';
import type { VoicedSentence } from './voice-choice.ts';
import { unknownVoice } from './voice-refusal.ts';

/** Names as clients may send them; paths and options are for the configuration alone. */
const safeVoice = /^[\p{L}\p{N}_][\p{L}\p{N}_.+ -]{0,127}$/u;
const secretNames = /key|token|secret|passw|credential/i;
/** Where a voice is missing, in the words that a client is told. */
const where = 'for the configured command';
const noSuchVoice = /voice|model/i;
const missing =
  /not.{0,4}(found|exist|valid)|unknown|invalid|no such|failed to (read|load)|unable|can.?t (open|find|load)/i;

/** The engine's provider for SPEECH_COMMAND; `env` is what the program may see, but for its secrets. */
export function createCommandVoice(
  { command, sampleRateHz }: SpeechProviderSettings,
  env: Readonly<Record<string, string | undefined>>,
): SpeechProvider {
  const provider = 'command';
  if (command === null) throw new Error('a speech command needs SPEECH_COMMAND');
  const visible = Object.fromEntries(Object.entries(env).filter(([name]) => !secretNames.test(name)));
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
          env: visible,
        },
        signal,
      );
      return { rawRateHz: sampleRateHz === 0 ? null : sampleRateHz, chunks: knowingVoices(sound, sentence) };
    },
    close() {},
  };
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
      return;
    } catch {
      // The next place.
    }
  }
  throw new Error(`SPEECH_COMMAND: the program "${program}" is not there, or may not be run`);
}
