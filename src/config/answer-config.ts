/**
 * The answers of language models, compiled: who is asked in which order, how often, how long, and what they are told. The settings make the
 * first provider, ANSWER_PROVIDERS_FILE those behind it. Keys are held as Secret from here on, and no fault shows one.
 */
import type { ConfigSource } from './given-settings.ts';
import { isProviderUrl, modelMaxChars } from './provider-settings.ts';
import { type AnswerProvider, readProvidersFile } from './providers-file.ts';
import { keyFileExpectation, keyOfFile, Secret } from './secret.ts';
import { readGivenFile, type SettingReader } from './setting-reader.ts';

export interface AnswerConfig {
  /** In the order they are asked; empty = no model is named. */
  readonly providers: readonly AnswerProvider[];
  /** Further tries at the same provider. */
  readonly retries: number;
  /** 0 = off. */
  readonly attemptTimeoutMs: number;
  /** null = our own words. */
  readonly systemPrompt: string | null;
}

/** A system prompt is sent with every request, and paid for. */
const systemPromptMaxChars = 65_536;

/** Reads everything about answers. */
export function compileAnswer(values: SettingReader, readFile: ConfigSource['readFile']): AnswerConfig {
  const main = compileMain(values, readFile);
  const file = readGivenFile('ANSWER_PROVIDERS_FILE', values, readFile);
  const others = file === null ? [] : readProvidersFile(file, readFile);
  for (const fault of others) if (typeof fault === 'string') values.addFault(fault);
  const providers = [main, ...others.filter((each) => typeof each !== 'string')];
  return Object.freeze({
    providers: Object.freeze(main.model === '' ? [] : providers),
    retries: values.integer('ANSWER_RETRIES'),
    attemptTimeoutMs: values.milliseconds('ANSWER_ATTEMPT_TIMEOUT'),
    systemPrompt: compileSystemPrompt(values, readFile),
  });
}

function compileMain(values: SettingReader, readFile: ConfigSource['readFile']): AnswerProvider {
  return Object.freeze({
    name: 'main',
    baseUrl: values.text('ANSWER_BASE_URL', isProviderUrl),
    model: values.text('ANSWER_MODEL', (text) => text.length <= modelMaxChars),
    apiKey: compileKey(values, readFile),
    temperature: values.number('ANSWER_TEMPERATURE'),
    maxTokens: values.integer('ANSWER_MAX_TOKENS'),
  });
}

function compileKey(values: SettingReader, readFile: ConfigSource['readFile']): Secret | null {
  const given = values.secret('ANSWER_API_KEY');
  const file = readGivenFile('ANSWER_API_KEY_FILE', values, readFile);
  if (values.originOf('ANSWER_API_KEY') !== undefined && values.originOf('ANSWER_API_KEY_FILE') !== undefined) {
    values.addFault('ANSWER_API_KEY and ANSWER_API_KEY_FILE are both given, but only one of them may be');
  }
  if (file === null) return given === '' ? null : new Secret(given);
  const key = keyOfFile(file.text);
  if (key === null) values.addFault(`${file.place} must hold ${keyFileExpectation}`);
  return key;
}

function compileSystemPrompt(values: SettingReader, readFile: ConfigSource['readFile']): string | null {
  const file = readGivenFile('ANSWER_SYSTEM_PROMPT_FILE', values, readFile);
  if (file === null) return null;
  const text = file.text.replace(/^\uFEFF/, '').trim();
  if (text !== '' && text.length <= systemPromptMaxChars) return text;
  values.addFault(`${file.place} has ${text.length} characters, but must have 1 to ${systemPromptMaxChars}`);
  return null;
}
