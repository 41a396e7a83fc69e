/** Times, and what is put on the clipboard, as these views say and do it. */
import { durationText } from '../../../log/duration-text.ts';
import { store } from '../store.ts';

/** When, since the log began: `348 ms`, `1.204 s`; before it, with a minus. */
export function placeText(ms: number): string {
  const far = Math.abs(ms);
  const text = far < 1000 ? `${Math.round(far)} ms` : `${(far / 1000).toFixed(far < 100_000 ? 3 : 1)} s`;
  return ms < 0 ? `−${text}` : text;
}

/** How long: `0.4 ms`, `2.35 s`, `4 min 10 s`. */
export function lengthText(ms: number): string {
  return durationText(ms);
}

/** Copies, and says so; where the browser refuses, the text is shown to be copied by hand. */
export async function copyText(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    store.notice.value = `Copied: ${text}`;
  } catch {
    store.notice.value = `The browser copies nothing here; the command is: ${text}`;
  }
}
