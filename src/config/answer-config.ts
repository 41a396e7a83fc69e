/**
 * The answers of language models, compiled: who is asked in which order, how often, how long, and what they are told. The settings make the
 * first provider, ANSWER_PROVIDERS_FILE those behind it. Keys are held as Secret from here on, and no fault shows one.
 *
 * The file is a YAML list of providers, asked in its order. Strict: a key that is unknown, missing, given twice or out of its bounds is a
 * fault with its line and path. All faults come at once.
 */
import { isNode, LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { wordsOf } from '../errors.ts';
import { type ConfigSource, MAX_SETTINGS_BYTES, quoted } from './given-settings.ts';
import {
  isProviderUrl,
  maxTokensMost,
  modelExpectation,
  modelMaxChars,
  providerUrlExpectation,
  temperatureRange,
  thoughtsModes,
} from './provider-settings.ts';
import { isGoodSecret, keyFileExpectation, keyOfFile, Secret, withoutCredentials } from './secret.ts';
import { type GivenFile, isOneLine, readGivenFile, type SettingReader } from './setting-reader.ts';

/** One chat completions endpoint and what is asked of it, whether settings or an entry of the file made it. */
export interface AnswerProvider {
  /** As logs, /status and errors call it; "main" is the one of the settings. */
  readonly name: string;
  readonly baseUrl: string;
  readonly model: string;
  /** null = none is sent. */
  readonly apiKey: Secret | null;
  /** null = not sent. */
  readonly temperature: number | null;
  /** 0 = not sent. */
  readonly maxTokens: number;
  /** How thoughts in its text are known. */
  readonly thoughts: (typeof thoughtsModes)[number];
}

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
    thoughts: values.choice('ANSWER_THOUGHTS', thoughtsModes),
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

/** Nobody waits for more of them. */
const mostProviders = 16;

/** What each key must be, in words that complete "must be …". */
const expectations: Readonly<Record<string, string>> = Object.freeze({
  name: '1 to 64 letters, digits, dots, dashes or underscores, and not "main"',
  base_url: providerUrlExpectation,
  model: modelExpectation,
  api_key: 'one line of printable ASCII characters',
  api_key_file: 'a path',
  temperature: `a number from ${temperatureRange.min} to ${temperatureRange.max}`,
  max_tokens: `a whole number from 0 to ${maxTokensMost}`,
  thoughts: `one of ${thoughtsModes.join(', ')}`,
});

const entrySchema = z.strictObject({
  name: z.string().regex(/^(?!main$)[A-Za-z0-9._-]{1,64}$/),
  base_url: z.string().refine(isProviderUrl),
  model: z.string().trim().min(1).max(modelMaxChars).refine(isOneLine),
  api_key: z.string().trim().min(1).refine(isGoodSecret).optional(),
  api_key_file: z.string().min(1).optional(),
  temperature: z.number().min(temperatureRange.min).max(temperatureRange.max).optional(),
  max_tokens: z.int().min(0).max(maxTokensMost).optional(),
  thoughts: z.enum(thoughtsModes).optional(),
});

type Entry = z.infer<typeof entrySchema>;

/** The providers of the file, and beside them every fault as a text. */
function readProvidersFile(
  { text, place }: GivenFile,
  readFile: ConfigSource['readFile'],
): readonly (AnswerProvider | string)[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const broken = [...document.errors, ...document.warnings];
  // Half a file is not used: what a broken one means is a guess. The parser's own words may show a line of it, with a key.
  if (broken.length > 0) {
    return broken.map(({ code, pos }) => `${place} line ${lines.linePos(pos[0]).line} is not valid YAML: ${code}`);
  }
  const items = parsedList(() => document.toJS());
  if (items === null) return [`${place} must be a YAML list of 1 to ${mostProviders} providers`];
  const placeOf = (path: readonly (string | number)[]): string => {
    const node = document.getIn(path, true) ?? document.getIn(path.slice(0, 1), true);
    const start = isNode(node) ? (node.range?.[0] ?? 0) : 0;
    const [index = 0, ...keys] = path;
    return `${place} line ${lines.linePos(start).line} [${index}]${keys.map((key) => `.${key}`).join('')}`;
  };
  const names = new Map<string, number>();
  return items.flatMap((item, index) => {
    const parsed = entrySchema.safeParse(item);
    if (!parsed.success) return parsed.error.issues.flatMap((issue) => faultsOf(issue, { item, index, placeOf }));
    return providerOf(parsed.data, { index, names, placeOf, readFile });
  });
}

/** null = no list, or too long a one; also one that an alias blows up. */
function parsedList(read: () => unknown): readonly unknown[] | null {
  try {
    const value = read();
    return Array.isArray(value) && value.length >= 1 && value.length <= mostProviders ? value : null;
  } catch {
    return null;
  }
}

type PlaceOf = (path: readonly (string | number)[]) => string;

interface FaultyItem {
  readonly item: unknown;
  readonly index: number;
  readonly placeOf: PlaceOf;
}

function faultsOf(issue: z.core.$ZodIssue, { item, index, placeOf }: FaultyItem): readonly string[] {
  if (issue.code === 'unrecognized_keys') {
    const known = Object.keys(expectations).join(', ');
    return issue.keys.map((key) => `${placeOf([index])} has the unknown key ${quoted(key)}; there are ${known}`);
  }
  const [key] = issue.path;
  if (key === undefined) return [`${placeOf([index])} must be a map with name, base_url and model`];
  const name = String(key);
  const value: unknown = new Map(Object.entries(Object(item))).get(name);
  if (value === undefined) return [`${placeOf([index])} needs ${name}`];
  const shown = name === 'api_key' ? '' : ` ${quoted(withoutCredentials(shownText(value)))}`;
  return [`${placeOf([index, name])}${shown} must be ${expectations[name] ?? 'something else'}`];
}

function shownText(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
}

interface EntryContext {
  readonly index: number;
  /** The names so far, and which entry has each. */
  readonly names: Map<string, number>;
  readonly placeOf: PlaceOf;
  readonly readFile: ConfigSource['readFile'];
}

function providerOf(entry: Entry, { index, names, placeOf, readFile }: EntryContext): (AnswerProvider | string)[] {
  const faults: string[] = [];
  const earlier = names.get(entry.name);
  if (earlier !== undefined) faults.push(`${placeOf([index, 'name'])} "${entry.name}" is already that of [${earlier}]`);
  else names.set(entry.name, index);
  if (entry.api_key !== undefined && entry.api_key_file !== undefined) {
    faults.push(`${placeOf([index])} has api_key and api_key_file, but only one of them may be given`);
  }
  let apiKey = entry.api_key === undefined ? null : new Secret(entry.api_key);
  if (entry.api_key_file !== undefined) {
    const file = keyFrom(entry.api_key_file, readFile);
    if (file instanceof Secret) apiKey = file;
    else faults.push(`${placeOf([index, 'api_key_file'])} ${quoted(entry.api_key_file)} ${file}`);
  }
  if (faults.length > 0) return faults;
  return [
    Object.freeze({
      name: entry.name,
      baseUrl: entry.base_url,
      model: entry.model,
      apiKey,
      temperature: entry.temperature ?? null,
      maxTokens: entry.max_tokens ?? 0,
      thoughts: entry.thoughts ?? 'auto',
    }),
  ];
}

/** The key, or what is wrong with the file. */
function keyFrom(path: string, readFile: ConfigSource['readFile']): Secret | string {
  try {
    return keyOfFile(readFile(path, MAX_SETTINGS_BYTES)) ?? `must hold ${keyFileExpectation}`;
  } catch (error) {
    return `can't be read: ${wordsOf(error)}`;
  }
}
