/**
 * The settings of voices from outside, compiled: what each provider needs, the key from its file, the voices by language, the
 * command as an argument list. Adds a fault for everything that is wrong, and never shows a key.
 */
import { resamplerRatesHz } from '../engines/resampler.ts';
import {
  type CommandTemplate,
  CommandTemplateFault,
  parseCommandTemplate,
} from '../engines/speech-providers/command-template.ts';
import {
  type ChosenProviderSettings,
  isSpeechProvider,
  speechProviders,
} from '../engines/speech-providers/provider-table.ts';
import type { SpeechProviderKind } from '../engines/speech-providers/speech-provider.ts';
import { type ConfigSource, quoted } from './given-settings.ts';
import { Secret } from './secret.ts';
import { readGivenFile, type SettingReader } from './setting-reader.ts';
import type { speechEngineNames } from './settings-table.ts';

type EngineName = (typeof speechEngineNames)[number];

/** What the configuration holds of a provider: printing it shows no key. */
export type ConfiguredVoice = Omit<ChosenProviderSettings, 'apiKey'> & { readonly apiKey: Secret | null };

const MAX_VOICE_CHARS = 256;
const MAX_KEY_CHARS = 4096;

/** Null for an engine that is inside of this server; the settings are checked all the same. */
export function compileSpeechProvider(
  engine: EngineName,
  values: SettingReader,
  readFile: ConfigSource['readFile'],
): ConfiguredVoice | null {
  const baseUrl = readBaseUrl(values);
  const key = readKey(values, readFile);
  const settings = {
    apiKey: key === '' ? null : new Secret(key),
    model: values.text('SPEECH_MODEL'),
    voice: values.text('SPEECH_VOICE', (text) => text.length <= MAX_VOICE_CHARS),
    voices: Object.freeze(voicesOf(values.text('SPEECH_VOICES', (text) => voicesOf(text) !== null)) ?? []),
    sampleRateHz: values.integer('SPEECH_SAMPLE_RATE'),
    command: readCommand(values),
    retries: values.integer('SPEECH_RETRIES'),
    maxConcurrent: values.integer('SPEECH_MAX_CONCURRENT'),
  };
  if (!isSpeechProvider(engine)) return null;
  const { defaultBaseUrl } = speechProviders[engine];
  const compiled = { ...settings, provider: engine, baseUrl: baseUrl === '' ? defaultBaseUrl : baseUrl };
  addMissing(compiled, values);
  addWrongRate(compiled, values);
  return Object.freeze(compiled);
}

function addMissing(settings: ConfiguredVoice, values: SettingReader): void {
  const { provider, baseUrl, apiKey, command, voice, voices } = settings;
  const needs = (what: string) =>
    values.addFault(
      `SPEECH_ENGINE "${provider}" (${values.originOf('SPEECH_ENGINE')}) needs ${what}, which is not set`,
    );
  const hasKey = apiKey !== null || values.originOf('SPEECH_API_KEY') !== undefined;
  const hasKeyFile = values.originOf('SPEECH_API_KEY_FILE') !== undefined;
  const { needsKeyAt, baseUrlExample }: SpeechProviderKind = speechProviders[provider];
  // What was given and is faulty is told as such.
  if (needsKeyAt(baseUrl) && !hasKey && !hasKeyFile) needs('SPEECH_API_KEY or SPEECH_API_KEY_FILE');
  if (baseUrlExample !== undefined && values.originOf('SPEECH_BASE_URL') === undefined) {
    needs(`SPEECH_BASE_URL, such as ${baseUrlExample}`);
  }
  if (provider !== 'command') return;
  if (values.originOf('SPEECH_COMMAND') === undefined) needs('SPEECH_COMMAND');
  if (command?.needsVoice === true && voice === '' && voices.length === 0) {
    needs('SPEECH_VOICE or SPEECH_VOICES for the {voice} of SPEECH_COMMAND');
  }
}

function addWrongRate({ provider, sampleRateHz }: ConfiguredVoice, values: SettingReader): void {
  if (sampleRateHz === 0) return;
  const given = `SPEECH_SAMPLE_RATE "${sampleRateHz}" (${values.originOf('SPEECH_SAMPLE_RATE')})`;
  const offered: SpeechProviderKind['ratesHz'] = speechProviders[provider].ratesHz;
  if (offered !== null && !offered.includes(sampleRateHz)) {
    values.addFault(`${given} must be 0 or one of ${offered.join(', ')} for SPEECH_ENGINE "${provider}"`);
  } else if (sampleRateHz < resamplerRatesHz.min) {
    values.addFault(`${given} must be 0, or ${resamplerRatesHz.min} or more`);
  }
}

/** Without the slash at its end; '' = not given, or faulty. */
function readBaseUrl(values: SettingReader): string {
  const text = values.text('SPEECH_BASE_URL', (given) => hasCredentials(given) || isBaseUrl(given));
  if (!hasCredentials(text)) return text.replace(/\/+$/, '');
  // Its value is not shown: there is a password in it.
  values.addFault(
    `SPEECH_BASE_URL (${values.originOf('SPEECH_BASE_URL')}) must not have credentials in it; the key belongs in SPEECH_API_KEY`,
  );
  return '';
}

function hasCredentials(text: string): boolean {
  return /^[a-z+]*:?\/*[^/?#]*@/i.test(text);
}

function isBaseUrl(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : null;
  return url !== null && /^https?:$/.test(url.protocol) && url.search === '' && url.hash === '' && !/[?#]/.test(text);
}

function readKey(values: SettingReader, readFile: ConfigSource['readFile']): string {
  const key = values.secret('SPEECH_API_KEY');
  const file = readGivenFile('SPEECH_API_KEY_FILE', values, readFile);
  if (file === null) return key;
  const { place, text } = file;
  if (values.originOf('SPEECH_API_KEY') !== undefined) {
    values.addFault(`${place} must not be set together with SPEECH_API_KEY (${values.originOf('SPEECH_API_KEY')})`);
    return '';
  }
  const line = text.split('\n', 1)[0]?.trim() ?? '';
  if (line !== '' && line.length <= MAX_KEY_CHARS && /^[\x21-\x7e]+$/.test(line)) return line;
  values.addFault(
    `${place} must have a key as its first line: 1 to ${MAX_KEY_CHARS} printable ASCII characters without spaces`,
  );
  return '';
}

/** Null if `text` is no such list. */
function voicesOf(text: string): ChosenProviderSettings['voices'] | null {
  const items = text.split(',').map((item) => item.trim());
  const voices: { readonly language: string; readonly voice: string }[] = [];
  const seen = new Set<string>();
  for (const item of items) {
    if (item === '') continue;
    const [, language = '', voice = ''] = /^([a-z]{2,3}(?:[-_][a-z0-9]{2,8}){0,3})\s*=\s*(.{1,256})$/i.exec(item) ?? [];
    const tag = language.toLowerCase().replaceAll('_', '-');
    if (tag === '' || seen.has(tag)) return null;
    seen.add(tag);
    voices.push(Object.freeze({ language: tag, voice }));
  }
  return voices;
}

/** Null if it is not given, or faulty. */
function readCommand(values: SettingReader): CommandTemplate | null {
  const template = values.text('SPEECH_COMMAND');
  if (template === '') return null;
  try {
    return Object.freeze(parseCommandTemplate(template));
  } catch (error) {
    if (!(error instanceof CommandTemplateFault)) throw error;
    values.addFault(`SPEECH_COMMAND ${quoted(template)} (${values.originOf('SPEECH_COMMAND')}) ${error.message}`);
    return null;
  }
}
