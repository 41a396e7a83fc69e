/** The rows of the settings table that are about voices from outside; they stand in it after SPEECH_ENGINE. */
import type { Setting } from './setting.ts';

/** The engines among those of SPEECH_ENGINE that these settings are for. */
export const speechProviderNames = ['openai', 'azure', 'elevenlabs', 'piper', 'command'] as const;

export const speechProviderSettings = {
  SPEECH_BASE_URL: {
    type: 'text',
    expectation: 'an http or https URL without credentials, query and fragment',
    default: '',
    meaning:
      'Where the voice is; empty = https://api.openai.com/v1, https://api.elevenlabs.io, http://127.0.0.1:5000 (piper). azure needs it.',
  },
  SPEECH_API_KEY: {
    type: 'secret',
    default: '',
    meaning: 'The key for the voice; azure, elevenlabs and OpenAI itself need one. Never shown.',
  },
  SPEECH_API_KEY_FILE: {
    type: 'path',
    default: '',
    meaning: 'A file whose first line is that key, in place of SPEECH_API_KEY.',
  },
  SPEECH_MODEL: {
    type: 'text',
    expectation: 'a name that the provider knows, on one line',
    default: '',
    meaning:
      'The model that speaks; empty = gpt-4o-mini-tts (openai), eleven_flash_v2_5 (elevenlabs). Others have none.',
  },
  SPEECH_VOICE: {
    type: 'text',
    expectation: 'the name of a voice, at most 256 characters on one line',
    default: '',
    meaning: 'Who speaks a sentence whose language has no voice of its own; empty = the default voice of the provider.',
  },
  SPEECH_VOICES: {
    type: 'text',
    expectation: 'a comma list of language=voice, such as en=alloy,ru=nova, each language once',
    default: '',
    meaning: "Voices by the language of a sentence, as its letters and the request's language tell it.",
  },
  SPEECH_SAMPLE_RATE: {
    type: 'integer',
    unit: 'Hz',
    min: 0,
    max: 192_000,
    default: '0',
    meaning:
      "The rate of the voice's sound whatever it declares; 0 = what the format or the WAV header declares. azure and elevenlabs are asked for it.",
  },
  SPEECH_COMMAND: {
    type: 'text',
    expectation: 'a program with arguments, quoted as in a shell, with {text}, {voice}, {language} where they belong',
    default: '',
    meaning:
      'The program that speaks for SPEECH_ENGINE=command; it gets the sentence on stdin unless {text} stands in it. No shell is involved.',
  },
  SPEECH_RETRIES: {
    type: 'integer',
    unit: 'tries',
    min: 0,
    max: 5,
    default: '1',
    meaning:
      'Further tries of a sentence at a provider that failed before its first sound; the only ones such a sentence gets.',
  },
  SPEECH_MAX_CONCURRENT: {
    type: 'integer',
    unit: 'sentences',
    min: 1,
    max: 1000,
    default: '16',
    meaning: 'Sentences that are with a provider at once, or programs that run; more of them wait.',
  },
} as const satisfies Readonly<Record<string, Setting>>;
