/**
 * The settings of answers from a language model, as rows of the table of settings (settings-table.ts puts them into their place). What they
 * mean together is compiled by answer-config.ts.
 */
import { providerUrlExpectation } from './provider-url.ts';
import { longestTimerSeconds, type Setting } from './setting.ts';

/** OpenAI's range; others refuse the upper half of it themselves. */
export const temperatureRange = { min: 0, max: 2 } as const;

/** The store of usage keeps names up to this. */
export const modelMaxChars = 512;

/** Completes "must be …". */
export const modelExpectation = `a name that the provider knows, one line of at most ${modelMaxChars} characters`;

/** More than any model writes in one answer. */
export const maxTokensMost = 1_000_000;

/** Where OpenAI itself answers. */
export const defaultBaseUrl = 'https://api.openai.com/v1';

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
