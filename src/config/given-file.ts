/** The text of a file that a setting names. One that can't be read is a fault beside all others, and never an exception. */
import { wordsOf } from '../errors.ts';
import { type ConfigSource, quoted } from './given-settings.ts';
import type { SettingReader } from './setting-reader.ts';
import type { NameOfType } from './settings-table.ts';

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
): GivenFile | null {
  const path = values.path(name);
  if (path === '') return null;
  const place = `${name} ${quoted(path)} (${values.originOf(name)})`;
  try {
    return { path, place, text: readFile(path) };
  } catch (error) {
    values.addFault(`${place} can't be read: ${wordsOf(error)}`);
    return null;
  }
}
