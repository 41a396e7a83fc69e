/** The command that makes a test of a log (docs/REPLAY.md). */
import { shellWord } from '../../debugger/shell-word.ts';
import type { LogOverview } from '../../debugger/views.ts';

/**
 * `recital log to-test PATH` for a log: of `file`, its path, where the list tells one (`recital inspect`). Of a server with these `settings`
 * it is taken out of its segment first, by its id or, without one, by its name; so is one that has a file of its own. null = of a file that was
 * opened in the page: a browser does not tell where it is.
 */
export function testCommand(
  { id, header }: Pick<LogOverview, 'id' | 'header'>,
  settings: Readonly<Record<string, string>> | null,
  file?: string,
): string | null {
  if (file !== undefined) return `recital log to-test ${shellWord(file)}`;
  if (id.startsWith('file:')) return null;
  const folder = settings?.EVENT_LOG_DIR ?? './data/event-logs';
  const name = nameOf(id, header);
  const out = shellWord(`${name}.jsonl`);
  return `recital log extract ${shellWord(name)} ${shellWord(folder)} --out ${out} && recital log to-test ${out}`;
}

/** What the log can be found by: its stream id, or the beginning of its name. */
function nameOf(id: string, header: LogOverview['header']): string {
  // What has no stream id is named by its place: the day, and its name.
  const place = /^\d{4}-\d\d-\d\d\.(\d{6}\..+)$/.exec(id);
  if (place?.[1] !== undefined) return place[1];
  const [, time = ''] = (header?.startedAt ?? '').split('T');
  if (header?.machine === 'supervisor') return `${time.replaceAll(':', '').replace('Z', '')}-`;
  return id.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 64);
}
