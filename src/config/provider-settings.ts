/**
 * The settings of engines outside of this server, as rows of the table of settings (settings-table.ts puts them into their places):
 * language models and voices. What they mean together is compiled by answer-config.ts and speech-config.ts.
 */
import { longestTimerSeconds, type Setting } from './setting.ts';

/** Completes "must be …". */
export const providerUrlExpectation =
  'a URL that begins with http:// or https://, without user, password, query and fragment';

/** True if `text` is an address to which a path can be added, with nothing in it that is secret. */
export function isProviderUrl(text: string): boolean {
  if (!URL.canParse(text) || /[\s?#\\]/.test(text)) return false;
  const { protocol, username, password, hostname } = new URL(text);
  return (protocol === 'http:' || protocol === 'https:') && username === '' && password === '' && hostname !== '';
}

/** OpenAI's range; others refuse the upper half of it themselves. */
export const temperatureRange = { min: 0, max: 2 } as const;

/** The store of usage keeps names up to this. */
export const modelMaxChars = 512;

/** Completes "must be …". */
export const modelExpectation = `a name that the provider knows, one line of at most ${modelMaxChars} characters`;

/** More than any model writes in one answer. */
export const maxTokensMost = 1_000_000;

/** How thoughts in a model's text are known. */
export const thoughtsModes = ['auto', 'closing-tag', 'off'] as const;

/** Where OpenAI itself answers. */
const defaultBaseUrl = 'https://api.openai.com/v1';

export const answerSettings = {
  ANSWER_BASE_URL: {
    type: 'text',
    expectation: providerUrlExpectation,
    default: defaultBaseUrl,
    meaning: 'Where ANSWER_ENGINE=openai finds chat completions: the address before /chat/completions.',
  },
  ANSWER_MODEL: {
    type: 'text',
    expectation: modelExpectation,
    default: '',
    meaning: 'The model that answers; ANSWER_ENGINE=openai needs it.',
  },
  ANSWER_API_KEY: {
    type: 'secret',
    default: '',
    meaning: 'The key for the provider of answers; empty = it wants none. Never shown.',
  },
  ANSWER_API_KEY_FILE: {
    type: 'path',
    default: '',
    meaning: 'A file with that key, read at start, instead of ANSWER_API_KEY.',
  },
  ANSWER_TEMPERATURE: {
    type: 'number',
    ...temperatureRange,
    default: '',
    meaning: 'How freely the model answers; empty = as the provider chooses.',
  },
  ANSWER_MAX_TOKENS: {
    type: 'integer',
    unit: 'tokens',
    min: 0,
    max: maxTokensMost,
    default: '0',
    meaning: 'The longest answer a model may write; 0 = as the provider chooses.',
  },
  ANSWER_THOUGHTS: {
    type: 'choice',
    allowed: thoughtsModes,
    default: 'auto',
    meaning:
      'Which part of a text is thought and never spoken: what stands in a mark at its beginning as <think>, all before the first closing mark ' +
      '(where the template has opened it), or nothing (docs/PROVIDERS.md).',
  },
  ANSWER_SYSTEM_PROMPT_FILE: {
    type: 'path',
    default: '',
    meaning:
      'A file with what the model is told of its task, instead of our own words; {{commands}} in it stands for the commands.',
  },
  ANSWER_PROVIDERS_FILE: {
    type: 'path',
    default: '',
    meaning: 'A YAML list of further providers, asked in its order when those before fail (docs/PROVIDERS.md).',
  },
  ANSWER_RETRIES: {
    type: 'integer',
    unit: 'tries',
    min: 0,
    max: 10,
    default: '1',
    meaning: 'Further tries at the same provider before the next one is asked; only while nothing was said yet.',
  },
  ANSWER_ATTEMPT_TIMEOUT: {
    type: 'seconds',
    min: 0,
    max: longestTimerSeconds,
    default: '10',
    meaning: 'How long a try may say nothing before the next one; the last try has until FIRST_TOKEN_TIMEOUT; 0 = off.',
  },
} as const satisfies Readonly<Record<string, Setting>>;

export const speechProviderSettings = {
  SPEECH_BASE_URL: {
    type: 'text',
    expectation: 'a URL that begins with http:// or https://, without credentials, query and fragment',
    default: '',
    meaning:
      'Where the voice is; empty = https://api.openai.com/v1, https://api.elevenlabs.io, http://127.0.0.1:5000 (piper). ' +
      'azure needs it.',
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
      "The rate of the voice's sound whatever it declares; 0 = what the format or the WAV header declares. " +
      'azure and elevenlabs are asked for it.',
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
