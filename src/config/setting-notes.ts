/**
 * What is no fault of a configuration and was probably not meant: settings that were given and that nothing reads as things are, such as a
 * key for a voice that needs none; names in the environment that are a slip of the finger away from a setting. Each is said once, at start.
 */
import { speechProviderNames } from '../engines/speech-providers/provider-table.ts';
import { answerSettings, speechProviderSettings } from './provider-settings.ts';
import { type SettingReader, switchOf } from './setting-reader.ts';
import { isSettingName, type SettingName, settingNames, settingsTable } from './settings-table.ts';

export interface SettingNote {
  /** As it was given. */
  readonly name: string;
  /** Completes the name to a sentence. */
  readonly note: string;
}

interface Condition {
  readonly names: readonly SettingName[];
  /** The setting that decides whether these count, and the values under which they do. */
  readonly decider: SettingName;
  readonly values: readonly string[];
}

const httpVoices = speechProviderNames.filter((name) => name !== 'command');

/** The first row that does not hold is told. */
const conditions: readonly Condition[] = [
  { names: namesIn(answerSettings), decider: 'ANSWER_ENGINE', values: ['openai'] },
  { names: namesIn(speechProviderSettings), decider: 'SPEECH_ENGINE', values: speechProviderNames },
  { names: ['SPEECH_COMMAND'], decider: 'SPEECH_ENGINE', values: ['command'] },
  {
    names: ['SPEECH_BASE_URL', 'SPEECH_API_KEY', 'SPEECH_API_KEY_FILE', 'SPEECH_MODEL'],
    decider: 'SPEECH_ENGINE',
    values: httpVoices,
  },
  { names: namesWith('MEMORY_'), decider: 'MEMORY', values: ['on'] },
  { names: namesWith('EVENT_LOG_'), decider: 'EVENT_LOG', values: ['on'] },
  { names: namesWith('DUPLICATE_QUEUE_'), decider: 'DUPLICATE_POLICY', values: ['queue'] },
  { names: ['OVERLOAD_MAX_LAG'], decider: 'OVERLOAD', values: ['on'] },
  { names: ['INSPECTOR_TOKEN', 'INSPECTOR_TRY'], decider: 'INSPECTOR', values: ['on'] },
  { names: ['INSPECTOR_EXPORT'], decider: 'EVENT_LOG', values: ['on'] },
];

/** The settings that were given and have no effect. A scenario may serve either engine. */
export function unusedSettings(values: SettingReader): readonly SettingNote[] {
  const notes = new Map<SettingName, string>();
  const tell = (name: SettingName, reason: string): void => {
    const origin = values.originOf(name);
    // A file with every setting in it, as check-config prints one, wants nothing by its defaults.
    const isDefault = values.textOf(name) === settingsTable[name].default;
    if (origin !== undefined && !isDefault && !notes.has(name)) notes.set(name, `(${origin}) has no effect: ${reason}`);
  };
  for (const { names, decider, values: meant } of conditions) {
    const value = givenValue(decider, values);
    if (meant.includes(value)) continue;
    for (const name of names) tell(name, `${decider} is ${value}`);
  }
  const engines = [givenValue('ANSWER_ENGINE', values), givenValue('SPEECH_ENGINE', values)];
  if (!engines.includes('scripted')) tell('SCENARIO_FILE', 'neither ANSWER_ENGINE nor SPEECH_ENGINE is scripted');
  return [...notes].map(([name, note]) => ({ name, note }));
}

function givenValue(name: SettingName, values: SettingReader): string {
  const text = values.textOf(name).toLowerCase();
  if (settingsTable[name].type !== 'switch') return text;
  return switchOf(text) === true ? 'on' : 'off';
}

function namesIn(table: object): readonly SettingName[] {
  return Object.keys(table).filter(isSettingName);
}

function namesWith(prefix: string): readonly SettingName[] {
  return settingNames.filter((name) => name.startsWith(prefix));
}

/** A shorter name is a word of everybody's. */
const MIN_NAME_CHARS = 8;
/** Letters that may be missing, wrong, too many or swapped. */
const MAX_SLIPS = 2;
/** Nobody reads more; an environment may have any number of variables. */
const MAX_NOTES = 10;

/** Names of the environment that are no setting and nearly one. Only ours are read, so a stranger's is no fault. */
export function unknownNames(env: Readonly<Record<string, string | undefined>>): readonly SettingNote[] {
  const strangers = Object.keys(env).filter((name) => name.length >= MIN_NAME_CHARS && !isSettingName(name));
  const notes = strangers.flatMap((name) => {
    const meant = settingNames.find((setting) => isNearly(name.toUpperCase(), setting));
    return meant === undefined ? [] : [{ name, note: `(environment) is not a setting; did you mean ${meant}?` }];
  });
  return notes.slice(0, MAX_NOTES);
}

function isNearly(name: string, setting: SettingName): boolean {
  // HTTP_HOSTS of a stranger is further from a setting of ours than a slip.
  const slips = setting.length < 2 * MIN_NAME_CHARS ? 1 : MAX_SLIPS;
  return Math.abs(name.length - setting.length) <= slips && slipsBetween(name, setting) <= slips;
}

/** How many letters were left out, put in, mistaken or swapped with their neighbour. */
function slipsBetween(one: string, other: string): number {
  const columns = Array.from({ length: other.length + 1 }, (_, index) => index);
  let before: readonly number[] = [];
  let row: readonly number[] = columns;
  for (let at = 1; at <= one.length; at += 1) {
    const next = [at];
    for (let to = 1; to <= other.length; to += 1) {
      const isSame = one[at - 1] === other[to - 1];
      const isSwapped = at > 1 && to > 1 && one[at - 1] === other[to - 2] && one[at - 2] === other[to - 1];
      const ways = [
        (row[to - 1] ?? 0) + (isSame ? 0 : 1),
        (row[to] ?? 0) + 1,
        (next[to - 1] ?? 0) + 1,
        ...(isSwapped ? [(before[to - 2] ?? 0) + 1] : []),
      ];
      next.push(Math.min(...ways));
    }
    [before, row] = [row, next];
  }
  return row[other.length] ?? 0;
}
