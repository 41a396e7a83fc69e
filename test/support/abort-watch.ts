/** How soon a server stops working for somebody who has left: asked as fast as it answers, by a stopwatch that a busy machine does not move. */
import { startStopwatch } from './stopwatch.ts';
import type { TestServer } from './test-server.ts';

/** A server that never stops fails by its bound, not by the test's timeout. */
const GIVE_UP_MS = 10_000;

export interface LastWork {
  /** When the question went out whose answer showed it at work for the last time; 0 = it never was seen at work. */
  readonly lastBusyMs: number;
  /** When the answer came that showed it free. */
  readonly freeMs: number;
}

/** Asks on and on until no stream, no answer and no speech is at work; ms by `elapsedMs`, which begins now if it is not given. */
export async function watchUntilFree(server: TestServer, elapsedMs = startStopwatch()): Promise<LastWork> {
  let lastBusyMs = 0;
  for (;;) {
    const askedMs = elapsedMs();
    const { active_streams, in_flight, active_answers, active_speech } = await server.status();
    if (active_streams + in_flight + active_answers + active_speech === 0) return { lastBusyMs, freeMs: elapsedMs() };
    lastBusyMs = askedMs;
    if (lastBusyMs > GIVE_UP_MS) return { lastBusyMs, freeMs: Number.POSITIVE_INFINITY };
  }
}
