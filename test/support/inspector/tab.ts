/** A tab of the inspector without a page: what came of each log, and the list as it stands. */
import { expect } from 'vitest';
import type { FeedLine, ListRow } from '../../../src/inspector/feed-format.ts';

export const TAB_TOKEN = 'a-token-of-this-test';

export const tabHeaders = { authorization: `Bearer ${TAB_TOKEN}` };

export class Tab {
  readonly rows = new Map<string, ListRow>();
  readonly said: FeedLine[] = [];
  readonly lines = new Map<string, string[]>();
  readonly closed: Promise<void>;
  readonly #abort = new AbortController();
  #rest = '';
  #head: { readonly log: string; left: number } | null = null;

  constructor(port: number, query: string) {
    this.closed = this.#read(`http://127.0.0.1:${port}/inspect/api/feed?${query}`);
  }

  close(): void {
    this.#abort.abort();
  }

  row(match: (row: ListRow) => boolean): ListRow | undefined {
    return [...this.rows.values()].find(match);
  }

  async #read(url: string): Promise<void> {
    try {
      const response = await fetch(url, { headers: tabHeaders, signal: this.#abort.signal });
      expect(response.headers.get('content-type')).toBe('application/x-ndjson');
      const decoder = new TextDecoder();
      for await (const chunk of response.body ?? []) this.#take(decoder.decode(chunk, { stream: true }));
    } catch {
      // Aborted.
    }
  }

  #take(chunk: string): void {
    const lines = (this.#rest + chunk).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#takeLine(line);
  }

  #takeLine(line: string): void {
    if (this.#head !== null && this.#head.left > 0) {
      this.#head.left -= 1;
      this.lines.get(this.#head.log)?.push(line);
      return;
    }
    if (line === '') return;
    const value: FeedLine = JSON.parse(line);
    this.said.push(value);
    if (value.kind === 'lines') {
      if (!this.lines.has(value.log)) this.lines.set(value.log, []);
      this.#head = { log: value.log, left: value.count };
    } else if (value.kind === 'list') {
      if (value.isWhole) this.rows.clear();
      for (const row of value.rows) this.rows.set(row.id, row);
      for (const id of value.gone) this.rows.delete(id);
    }
  }
}
