/**
 * What was given: settings as texts, gathered from the environment and the YAML file, each with the place it came from.
 * The environment wins. Knows names and YAML shapes; what a text means is read by setting-reader.ts.
 */
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Pair, parseDocument, stringify } from 'yaml';
import { assertNever } from '../assert.ts';
import { wordsOf } from '../errors.ts';
import { withoutCredentials } from './secret.ts';
import type { Setting } from './setting.ts';
import { isSettingName, type SettingName, settingNames, settingsTable } from './settings-table.ts';

/** Of a file of settings, providers, a key or a prompt: many times what all settings with their comments take. */
export const MAX_SETTINGS_BYTES = 256 * 1024;

export interface ConfigSource {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The text of a file of at most `maxBytes`; throws when it can't be read. */
  readonly readFile: (path: string, maxBytes: number) => string;
}

/** One given value; `text` is empty only for an explicitly empty YAML list. */
export interface GivenSetting {
  readonly text: string;
  /** "environment", or the file and line. */
  readonly origin: string;
}

export interface GivenSettings {
  readonly settings: ReadonlyMap<SettingName, GivenSetting>;
  readonly faults: readonly string[];
}

/** Everything that was given. Never throws: what can't be read or understood is listed in `faults`. */
export function gatherSettings(source: ConfigSource): GivenSettings {
  const environment = settingsOfEnvironment(source.env);
  const file = environment.get('CONFIG_FILE');
  if (file === undefined) return { settings: environment, faults: [] };
  const { settings, faults } = settingsOfFile(file.text, source.readFile);
  return { settings: new Map([...settings, ...environment]), faults };
}

/** One setting as it is in effect. */
export interface EffectiveSetting {
  readonly name: SettingName;
  /** As one would write it in the environment; empty for a secret, and for what is not set and has no default. */
  readonly text: string;
  /** The same as a value of the YAML file. */
  readonly yaml: string;
  readonly isSecret: boolean;
  /** Part of the text was secret and is left out: given back, it would be another one. */
  readonly isPartial: boolean;
  /** "environment", or the file and line; null = the default. */
  readonly origin: string | null;
}

/** Every setting of the table in its order, secrets without their texts. What of it is faulty is for `loadConfig` to say. */
export function effectiveSettings(source: ConfigSource): readonly EffectiveSetting[] {
  const { settings } = gatherSettings(source);
  const textOf = (name: SettingName): string => settings.get(name)?.text ?? settingsTable[name].default;
  return settingNames.map((name) => {
    const setting: Setting = settingsTable[name];
    const given = settings.get(name);
    const isSecret = setting.type === 'secret';
    const whole = isSecret ? '' : textOf(name).replace('<DATA_DIR>', () => textOf('DATA_DIR'));
    const text = setting.type === 'text' ? withoutCredentials(whole) : whole;
    const isEmptyList = isList(setting) && given !== undefined && text === '';
    const yaml = isEmptyList ? '[]' : yamlOf(setting, text);
    return { name, text, yaml, isSecret, isPartial: text !== whole, origin: given?.origin ?? null };
  });
}

function yamlOf({ type }: Setting, text: string): string {
  const isBare = text === '' || type === 'integer' || type === 'number' || type === 'seconds' || type === 'switch';
  return isBare ? text : stringify(text, { lineWidth: 0, defaultStringType: 'PLAIN' }).trimEnd();
}

/** Only the names of the table are looked up, so that a stranger's variable is never a fault. */
function settingsOfEnvironment(env: ConfigSource['env']): Map<SettingName, GivenSetting> {
  const settings = new Map<SettingName, GivenSetting>();
  for (const name of settingNames) {
    const text = env[name]?.trim() ?? '';
    if (text !== '') settings.set(name, { text, origin: 'environment' });
  }
  return settings;
}

const MAX_SYNTAX_FAULTS = 10;

function settingsOfFile(path: string, readFile: ConfigSource['readFile']): GivenSettings {
  const nothing = new Map<SettingName, GivenSetting>();
  let text: string;
  try {
    text = readFile(path, MAX_SETTINGS_BYTES);
  } catch (error) {
    return {
      settings: nothing,
      faults: [`CONFIG_FILE ${quoted(path)} (environment) can't be read: ${wordsOf(error)}`],
    };
  }
  const lines = new LineCounter();
  // Duplicate keys are found below, where the fault can name the key and both lines.
  const document = parseDocument(text, { uniqueKeys: false, lineCounter: lines, prettyErrors: false });
  const problems = [...document.errors, ...document.warnings];
  // One bracket can make a thousand of them.
  const syntaxFaults = problems
    .slice(0, MAX_SYNTAX_FAULTS)
    .map(
      (problem) =>
        `${path} line ${lines.linePos(problem.pos[0]).line} is not valid YAML: ${parserWords(problem.message)}`,
    );
  const further = problems.length - syntaxFaults.length;
  if (further > 0) syntaxFaults.push(`${path} is not valid YAML in ${further} further places`);
  // Half a file is not used: what a broken one means is a guess.
  if (syntaxFaults.length > 0) return { settings: nothing, faults: syntaxFaults };
  const isEmpty = isScalar(document.contents) && document.contents.value === null;
  if (document.contents === null || isEmpty) return { settings: nothing, faults: [] };
  if (!isMap(document.contents)) {
    return { settings: nothing, faults: [`${path} must be a map of settings, one "NAME: value" a line`] };
  }
  return settingsOfPairs(document.contents.items, {
    originOf: (pair) => `${path} line ${lineOf(pair, lines)}`,
    resolve: (node) => (isAlias(node) ? (node.resolve(document) ?? node) : node),
  });
}

/** Behind a colon the parser shows what stands in the file, which may be a key that should have had quotes around it. */
function parserWords(message: string): string {
  const [words = '', ...shown] = message.split(': ');
  return shown.length === 0 ? words : `${words} (a value that begins with a sign needs quotes)`;
}

interface FileContext {
  readonly originOf: (pair: Pair) => string;
  readonly resolve: (node: unknown) => unknown;
}

function settingsOfPairs(pairs: readonly Pair[], context: FileContext): GivenSettings {
  const settings = new Map<SettingName, GivenSetting>();
  const firstOrigin = new Map<string, string>();
  const faults: string[] = [];
  for (const pair of pairs) {
    const origin = context.originOf(pair);
    const key = isScalar(pair.key) ? String(pair.key.value) : undefined;
    const keyFault = faultOfKey(key, origin, firstOrigin);
    if (key !== undefined && !firstOrigin.has(key)) firstOrigin.set(key, origin);
    if (keyFault !== undefined) faults.push(keyFault);
    if (key === undefined || keyFault !== undefined || !isSettingName(key)) continue;
    const value = textOfNode(context.resolve(pair.value), settingsTable[key], context.resolve);
    if (value.kind === 'wrong') faults.push(`${key} (${origin}) ${value.problem}`);
    if (value.kind === 'text') settings.set(key, { text: value.text, origin });
  }
  return { settings, faults };
}

function faultOfKey(
  key: string | undefined,
  origin: string,
  firstOrigin: ReadonlyMap<string, string>,
): string | undefined {
  if (key === undefined) return `${origin} has a key that is not a plain name`;
  const earlier = firstOrigin.get(key);
  if (earlier !== undefined) return `${key} (${origin}) was already given at ${earlier}`;
  if (key === 'CONFIG_FILE') return `CONFIG_FILE (${origin}) is only read from the environment`;
  if (isSettingName(key)) return undefined;
  const meant = settingNames.find((name) => name === key.trim().toUpperCase().replaceAll('-', '_'));
  return `${quoted(key)} (${origin}) is not a setting${meant === undefined ? '' : `; did you mean ${meant}?`}`;
}

type NodeText =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'notSet' }
  | { readonly kind: 'wrong'; readonly problem: string };

/** A YAML value as the text that the environment would have carried. */
function textOfNode(node: unknown, setting: Setting, resolve: (node: unknown) => unknown): NodeText {
  if (node === null || node === undefined) return { kind: 'notSet' };
  if (isSeq(node)) {
    if (!isList(setting)) return { kind: 'wrong', problem: 'is a list, but must be a single value' };
    const texts = node.items.map((item) => textOfScalar(resolve(item), setting));
    if (texts.includes(undefined)) return { kind: 'wrong', problem: 'has a list item that is not a plain name' };
    return { kind: 'text', text: texts.join(',') };
  }
  const text = textOfScalar(node, setting);
  if (text === undefined)
    return { kind: 'wrong', problem: `must be ${shapeOf(setting)}, not a nested value or a switch` };
  return text === '' ? { kind: 'notSet' } : { kind: 'text', text };
}

/** undefined = not a scalar, or one whose type can't be meant. */
function textOfScalar(node: unknown, setting: Setting): string | undefined {
  if (!isScalar(node)) return undefined;
  const { value } = node;
  if (value === null) return '';
  if (typeof value === 'string') return value.trim();
  const isName = ['path', 'host', 'hosts', 'text', 'secret'].includes(setting.type);
  // YAML reads DATA_DIR: 007 as the number 7; the name of a folder is what stands in the file.
  if (typeof value === 'number') return isName ? node.source : String(value);
  if (typeof value === 'boolean' && !isName) return String(value);
  return undefined;
}

function isList({ type }: Setting): boolean {
  return type === 'list' || type === 'hosts';
}

function shapeOf(setting: Setting): string {
  switch (setting.type) {
    case 'integer':
    case 'number':
    case 'seconds':
      return 'a number';
    case 'list':
    case 'hosts':
      return 'a comma list or a YAML list';
    case 'switch':
      return 'on or off';
    case 'host':
    case 'path':
    case 'choice':
    case 'secret':
      return 'a text';
    case 'text':
      return setting.expectation;
    default:
      return assertNever(setting);
  }
}

function lineOf(pair: Pair, lines: LineCounter): number {
  const range = isScalar(pair.key) || isMap(pair.key) || isSeq(pair.key) ? pair.key.range : undefined;
  return lines.linePos(range?.[0] ?? 0).line;
}

/** A value as it appears in a fault: quoted, on one line, and short. */
export function quoted(text: string): string {
  const longest = 80;
  return JSON.stringify(text.length > longest ? `${text.slice(0, longest)}…` : text);
}
