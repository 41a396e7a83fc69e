/**
 * Reads given texts as typed values, and the files that they name. A text that is out of its bounds becomes a fault in `faults` and the
 * default takes its place, so that one run finds every fault; a file that can't be read is one beside all others, and never an exception.
 */
import { isIP } from 'node:net';
import { assert } from '../assert.ts';
import { wordsOf } from '../errors.ts';
import { type ConfigSource, type GivenSetting, MAX_SETTINGS_BYTES, quoted } from './given-settings.ts';
import { isGoodSecret, withoutCredentials } from './secret.ts';
import { expectationOf, MAX_TEXT_CHARS, type Setting } from './setting.ts';
import { type NameOfType, type SettingName, settingsTable } from './settings-table.ts';

/** Decimal only: Number() alone would also take "", "0x10" and "Infinity". */
const decimalNumber = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** DNS names, also with the underscores that container networks use. */
const hostName = /^[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_])?$/i;

const onWords: readonly string[] = ['on', 'true', 'yes', '1'];
const offWords: readonly string[] = ['off', 'false', 'no', '0'];

export interface SettingReader {
  /** What was wrong so far, one line each. */
  readonly faults: readonly string[];
  /** Adds a fault that only shows when several settings are seen together. */
  addFault(fault: string): void;
  /** Where the value came from; undefined = not given. */
  originOf(name: SettingName): string | undefined;
  /** The text that counts, as it was given or as the default is written; not for what is secret. */
  textOf(name: SettingName): string;
  integer(name: NameOfType<'integer'>): number;
  /** May be a fraction; null = not given and without a default. */
  number(name: NameOfType<'number'>): number | null;
  /** Whole milliseconds of a duration in seconds; 0 stays 0, and nothing else becomes 0. */
  milliseconds(name: NameOfType<'seconds'>): number;
  isOn(name: NameOfType<'switch'>): boolean;
  choice<Allowed extends string>(name: NameOfType<'choice'>, allowed: readonly Allowed[]): Allowed;
  list<Allowed extends string>(name: NameOfType<'list'>, allowed: readonly Allowed[]): readonly Allowed[];
  host(name: NameOfType<'host'>): string;
  /** Names, addresses (IPv6 without brackets) and `*`, as given; none = []. */
  hosts(name: NameOfType<'hosts'>): readonly string[];
  /** The path as given; empty = not given and without a default. */
  path(name: NameOfType<'path'>): string;
  /** Empty = not given and without a default. `isGood` says whether a given one is what the table expects. */
  text(name: NameOfType<'text'>, isGood?: (text: string) => boolean): string;
  /** Empty = not given. Never shown in a fault. */
  secret(name: NameOfType<'secret'>): string;
}

/** A reader over what was given. */
export function createSettingReader(given: ReadonlyMap<SettingName, GivenSetting>): SettingReader {
  const faults: string[] = [];

  /** `parse` gives undefined for a text it can't accept; it accepts every default. */
  function read<Value>(name: SettingName, parse: (text: string) => Value | undefined): Value {
    const setting = given.get(name);
    if (setting !== undefined) {
      const value = parse(setting.text);
      if (value !== undefined) return value;
      faults.push(
        `${name}${shownValue(settingsTable[name], setting.text)} (${setting.origin}) must be ${expectationOf(settingsTable[name])}`,
      );
    }
    const fallback = parse(settingsTable[name].default);
    assert(fallback !== undefined, `the default of ${name} is outside its own bounds`);
    return fallback;
  }

  return {
    faults,
    addFault: (fault) => faults.push(fault),
    originOf: (name) => given.get(name)?.origin,
    textOf: (name) => given.get(name)?.text ?? settingsTable[name].default,
    integer(name) {
      const { min, max } = settingsTable[name];
      return read(name, (text) => {
        const value = numberOf(text);
        return Number.isInteger(value) && value >= min && value <= max ? value : undefined;
      });
    },
    number(name) {
      const { min, max } = settingsTable[name];
      return read(name, (text) => {
        // A given text is never empty.
        if (text === '') return null;
        const value = numberOf(text);
        return value >= min && value <= max ? value : undefined;
      });
    },
    milliseconds(name) {
      const { min, max } = settingsTable[name];
      return read(name, (text) => {
        const seconds = numberOf(text);
        if (!(seconds >= min && seconds <= max)) return undefined;
        // 0 means "off" to most settings, so a tiny duration must not round to it.
        return seconds === 0 ? 0 : Math.max(1, Math.round(seconds * 1000));
      });
    },
    isOn: (name) => read(name, switchOf),
    choice: (name, allowed) => read(name, (text) => nameIn(allowed, text)),
    list: (name, allowed) => read(name, (text) => namesIn(allowed, text)),
    host: (name) => read(name, (text) => (isHost(text) ? text : undefined)),
    hosts: (name) => read(name, hostsIn),
    path: (name) => read(name, (text) => (text.includes('\0') ? undefined : text)),
    text: (name, isGood = () => true) =>
      // The default is empty, or good by itself.
      read(name, (text) => (text === settingsTable[name].default || isGoodText(text, isGood) ? text : undefined)),
    secret: (name) => read(name, (text) => (isGoodSecret(text) ? text : undefined)),
  };
}

function shownValue({ type }: Setting, text: string): string {
  if (type === 'secret') return '';
  return ` ${quoted(type === 'text' ? withoutCredentials(text) : text)}`;
}

/** True if `text` is one line of bounded length. */
export function isOneLine(text: string): boolean {
  return text.length <= MAX_TEXT_CHARS && !/\p{Cc}/u.test(text);
}

function isGoodText(text: string, isGood: (text: string) => boolean): boolean {
  return isOneLine(text) && isGood(text);
}

/** NaN for anything but a decimal number; -0 becomes 0. */
function numberOf(text: string): number {
  return decimalNumber.test(text) ? Number(text) + 0 : Number.NaN;
}

function isHost(text: string): boolean {
  return isIP(text) !== 0 || hostName.test(text);
}

/** A trailing comma and a trailing dot are forgiven, and the brackets of an IPv6 address. */
function hostsIn(text: string): readonly string[] | undefined {
  const items = text.split(',').map((item) => item.trim());
  const hosts = items.filter((item) => item !== '').map((item) => item.replace(/^\[(.*)\]$|\.$/, '$1'));
  return hosts.every((host) => host === '*' || isHost(host)) ? hosts : undefined;
}

/** undefined = the text is no switch. */
export function switchOf(text: string): boolean | undefined {
  const word = text.toLowerCase();
  if (onWords.includes(word)) return true;
  return offWords.includes(word) ? false : undefined;
}

function nameIn<Allowed extends string>(allowed: readonly Allowed[], text: string): Allowed | undefined {
  const wanted = text.toLowerCase();
  return allowed.find((name) => name === wanted);
}

/** Distinct names in the order given; a trailing comma is forgiven, a text of commas alone is not a list. */
function namesIn<Allowed extends string>(allowed: readonly Allowed[], text: string): readonly Allowed[] | undefined {
  if (text === '') return [];
  const names = new Set<Allowed>();
  for (const item of text.split(',')) {
    const trimmed = item.trim();
    if (trimmed === '') continue;
    const name = nameIn(allowed, trimmed);
    if (name === undefined) return undefined;
    names.add(name);
  }
  return names.size === 0 ? undefined : [...names];
}

/** A file that was read: its text, and how a fault in it begins. */
export interface GivenFile {
  readonly path: string;
  readonly text: string;
  /** The setting, the path and where that came from. */
  readonly place: string;
}

/** The file that `name` names; null if it names none, or after adding a fault. */
export function readGivenFile(
  name: NameOfType<'path'>,
  values: SettingReader,
  readFile: ConfigSource['readFile'],
  maxBytes = MAX_SETTINGS_BYTES,
): GivenFile | null {
  const path = values.path(name);
  if (path === '') return null;
  const place = `${name} ${quoted(path)} (${values.originOf(name)})`;
  try {
    return { path, place, text: readFile(path, maxBytes) };
  } catch (error) {
    values.addFault(`${place} can't be read: ${wordsOf(error)}`);
    return null;
  }
}
