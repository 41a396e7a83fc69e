/** The command that makes a test of a log (docs/REPLAY.md). */
import { shellWord } from '../../debugger/shell-word.ts';
import type { LogOverview } from '../../debugger/views.ts';

/**
 * `recital log to-test PATH` for a log: of `file`, its path, where the list tells one (`recital inspect`); of a server with these `settings`, by
 * where it writes it (record/event-logs.ts). null = of a file that was opened in the page: a browser does not tell where it is.
 */
export function testCommand(
  { id, header }: Pick<LogOverview, 'id' | 'header'>,
  settings: Readonly<Record<string, string>> | null,
  file?: string,
): string | null {
  if (file === undefined && id.startsWith('file:')) return null;
  return `recital log to-test ${shellWord(file ?? pathOf(id, header, settings))}`;
}

function pathOf(id: string, header: LogOverview['header'], settings: Readonly<Record<string, string>> | null): string {
  const folder = settings?.EVENT_LOG_DIR ?? './data/event-logs';
  // What has no stream id is named by its place.
  const place = /^(\d{4}-\d\d-\d\d)\.(\d{6}\..+)$/.exec(id);
  if (place !== null) return `${folder}/${place[1]}/${place[2]}.jsonl`;
  const [day = '', time = ''] = (header?.startedAt ?? '').split('T');
  const name = header?.machine === 'supervisor' ? '*supervisor' : id.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 64);
  return `${folder}/${day}/${time.replaceAll(':', '').replace('Z', '')}-${name}.jsonl`;
}
