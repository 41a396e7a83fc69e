/**
 * For whom a stream waits: the one rule for the strips of the list, the waterfall and its sums, and two sessions beside each other. The
 * server applies it to live sessions, the page to logs, so that all draw the same.
 *
 * A stream waits for one thing at a time, told by the states that its chart is in: for its reader, where a sentence without sound waits for
 * room; else for the voice, where a sentence is being spoken; else for the end of what is under way; else for the model. A chart does not see
 * that a sentence's sound stands ready and is not fetched: events from voice and outbox tell how long that was in all (`fullMs`), and so much
 * of the voice's time was the reader's. It is known from such an event on: at the end of a sentence, where the voice or the reader is
 * looked at, and so at the end of a stream that was idle.
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

/** The account of one stream, in ms of the caller's clock, which begins at `sinceMs`. */
export class WaitAccount {
  readonly #sums: Record<WaitName, number> = { ...noWaits };
  #wait: WaitName | null = null;
  #sinceMs: number;
  #fullMs = 0;

  constructor(sinceMs: number) {
    this.#sinceMs = sinceMs;
  }

  /** From now on it waits for this; null = for nobody. */
  enter(wait: WaitName | null, atMs: number): void {
    if (this.#wait !== null) this.#sums[this.#wait] += atMs - this.#sinceMs;
    this.#sinceMs = atMs;
    this.#wait = wait;
  }

  /** An event with this `fullMs` came, in the state that was entered last. What is full behind the last sentence is counted as `out`. */
  hear(fullMs: unknown): void {
    if (typeof fullMs === 'number' && this.#wait !== 'out') this.#fullMs = Math.max(this.#fullMs, fullMs);
  }

  /** For whom it waited until `atMs`. */
  until(atMs: number): Waits {
    const waits = { ...this.#sums };
    if (this.#wait !== null) waits[this.#wait] += atMs - this.#sinceMs;
    const unfetchedMs = Math.min(waits.voice, Math.max(0, this.#fullMs - waits.reader));
    return { ...waits, voice: waits.voice - unfetchedMs, reader: waits.reader + unfetchedMs };
  }
}

/** The account of a whole log, up to `endMs`. */
export function waitsOf(turns: readonly LoggedWait[], endMs = turns.at(-1)?.atMs ?? 0): Waits {
  const account = new WaitAccount(0);
  for (const { atMs, event, state } of turns) {
    account.hear(event.fullMs);
    if (state !== undefined) account.enter(waitOf(state), atMs);
  }
  return account.until(endMs);
}

/** What of a log's turn is accounted. */
interface LoggedWait {
  readonly atMs: number;
  readonly event: { readonly type: string; readonly [field: string]: unknown };
  readonly state?: string;
}
