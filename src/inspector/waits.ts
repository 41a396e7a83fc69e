/**
 * For whom a stream waits, told by the states that its chart is in: the one rule for the strips of the list, the waterfall and its sums. The
 * server applies it to live sessions, the page to logs, so that both draw the same.
 *
 * A stream waits for one thing at a time: for its reader, where sound stands ready and is not fetched; else for the voice, where a sentence
 * is being spoken; else for the end of what is under way; else for the model.
 */
import type { Waits } from './feed-format.ts';

export type WaitName = keyof Waits;

/** In the order in which they count: the first whose state is among the active ones. */
const rules: readonly { readonly place: RegExp; readonly wait: WaitName }[] = [
  { place: /(^|\.)voice\.speaking\.unvoiced$/, wait: 'reader' },
  { place: /(^|\.)voice\.speaking(\.|$)/, wait: 'voice' },
  { place: /(^|\.)voice\.(closing|failing)$/, wait: 'out' },
  { place: /^commandSent(\.|$)/, wait: 'out' },
  { place: /^idle(\.|$)/, wait: 'start' },
  { place: /(^|\.)answer\.running\.awaitingFirstToken$/, wait: 'start' },
  { place: /(^|\.)answer(\.|$)/, wait: 'model' },
  { place: /(^|\.)voice\./, wait: 'voice' },
];

/** `state` is `a.b | c.d`, the leaves as a log tells them; null = it waits for nobody, or is no stream. */
export function waitOf(state: string): WaitName | null {
  const leaves = state.split(' | ');
  return rules.find(({ place }) => leaves.some((leaf) => place.test(leaf)))?.wait ?? null;
}

export const noWaits: Waits = Object.freeze({ start: 0, model: 0, voice: 0, reader: 0, out: 0 });
