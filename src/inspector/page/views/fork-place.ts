/** Which turn of which log is forked, and what is to be different there: kept while one looks at other turns. */
import { signal } from '@preact/signals';
import { store } from '../store.ts';

/** What is forked: a log, and a turn of it that stays while one looks at others. */
export const forked = signal<{ readonly log: string; readonly turn: number }>({ log: '', turn: 0 });
/** The key of what was chosen, with what was typed to it. */
export const chosen = signal<{ readonly key: string; readonly typed: string }>({ key: '', typed: '' });

/** Asks what if, of the shown turn. */
export function openFork(): void {
  if (store.turn.peek() < 0) return;
  forkHere();
  store.dock.value = 'fork';
  if (store.panel.peek() !== 'none') store.panel.value = 'none';
}

/** Forks the shown log at the shown turn. */
export function forkHere(): void {
  forked.value = { log: store.log.peek() ?? '', turn: store.turn.peek() };
  chosen.value = { key: '', typed: '' };
}
