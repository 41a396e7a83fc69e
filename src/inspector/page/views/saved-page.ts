/**
 * A log as one HTML file: the template that the build made (a whole inspector without a network) with the log's lines in it. They stand in a
 * block of JSON that no script can begin or end in, whatever a log holds: every `<`, `>`, `&` and line separator is written by its number.
 */

export interface SavedLog {
  readonly name: string;
  /** As they stand in the file, each without its line feed. */
  readonly lines: readonly string[];
  /** The turn at which it opens; null = the last. */
  readonly turn: number | null;
  /** ISO date and time. */
  readonly savedAt: string;
  /** Of the server whose inspector saved it; '' = none was there. */
  readonly version: string;
}

/** The id of the block. */
export const SAVED_BLOCK = 'saved-log';
/** How the block of the template, and no other text of it before, goes. */
const EMPTY_BLOCK = `id="${SAVED_BLOCK}">null<`;

/** This page is one that was saved: it has one log, no list and no server. */
export function isSavedPage(): boolean {
  return document.querySelector('.is-saved') !== null;
}

/** The template with `saved` in it; throws where the template is none. */
export function savedPage(template: string, saved: SavedLog): string {
  const at = template.indexOf(EMPTY_BLOCK);
  if (at < 0) throw new Error('the template of a saved page has no place for a log');
  const block = EMPTY_BLOCK.replace('null', () => scriptSafe(JSON.stringify(saved)));
  return template.slice(0, at) + block + template.slice(at + EMPTY_BLOCK.length);
}

function scriptSafe(json: string): string {
  return json.replace(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** A name that every file system takes: `recital-2e0ce7e1-b1dd.html`. */
export function savedFileName(title: string, ending: 'html' | 'jsonl' = 'html'): string {
  const name = title
    .replace(/[^\w.-]+/g, '-')
    .replace(/^[-.]+|[-.]+$/g, '')
    .slice(0, 80);
  return `recital-${name || 'session'}.${ending}`;
}

/** What the block of a saved page holds; null where it is none, or a template that holds nothing. */
export function readSavedLog(block: string | null | undefined): SavedLog | null {
  const value: unknown = JSON.parse(block ?? 'null');
  return isSavedLog(value) ? value : null;
}

function isSavedLog(value: unknown): value is SavedLog {
  return typeof value === 'object' && value !== null && 'lines' in value && Array.isArray(value.lines);
}
