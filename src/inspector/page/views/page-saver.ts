/** Saves a log as a page (the template from the server, the lines from the worker) or as the file that it was: for the browser to keep. */
import type { LogOverview } from '../../debugger/views.ts';
import { ask } from '../engine.ts';
import { store } from '../store.ts';
import { savedFileName, savedPage } from './saved-page.ts';

/** Throws why it could not be made. */
export async function savePage(overview: LogOverview): Promise<void> {
  const answer = await fetch('saved-page.html');
  if (!answer.ok) throw new Error(`its template could not be had (${answer.status})`);
  const template = await answer.text();
  const lines = await linesOf(overview);
  const html = savedPage(template, {
    name: overview.title,
    lines,
    turn: store.isFollowing.peek() ? null : store.turn.peek(),
    savedAt: new Date().toISOString(),
    version: store.connection.peek().server?.version ?? '',
  });
  keep(html, 'text/html', savedFileName(overview.title));
}

/** The way back out of a saved page: what the command line reads. */
export async function saveLog(overview: LogOverview): Promise<void> {
  const lines = await linesOf(overview);
  keep(`${lines.join('\n')}\n`, 'application/x-ndjson', savedFileName(overview.title, 'jsonl'));
}

function linesOf({ id }: LogOverview): Promise<readonly string[]> {
  return ask<'raw'>({ kind: 'raw', log: id, from: 0, count: Number.MAX_SAFE_INTEGER });
}

function keep(text: string, type: string, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  // The browser has begun to read it by then; without this it is kept as long as the tab lives.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
