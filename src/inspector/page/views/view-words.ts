/** Times, and what is put on the clipboard, as these views say and do it. */
import { sayBriefly, store } from '../store.ts';

/** When, since the log began: `348 ms`, `1.204 s`; before it, with a minus. */
export function placeText(ms: number): string {
  const far = Math.abs(ms);
  const text = far < 1000 ? `${Math.round(far)} ms` : `${(far / 1000).toFixed(far < 100_000 ? 3 : 1)} s`;
  return ms < 0 ? `−${text}` : text;
}

/** What is told of a whole log that grows is asked for this often at most: the longer it is, the more it costs. */
export function refreshMs(turns: number): number {
  return Math.max(1_000, turns);
}

/** Copies, and says so for a while; where the browser refuses, the text is shown to be copied by hand. */
export async function copyText(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    sayBriefly(`Copied: ${text}`);
  } catch {
    store.notice.value = `The browser copies nothing here; the command is: ${text}`;
  }
}
