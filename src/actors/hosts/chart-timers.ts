/**
 * The timers of one stream's charts: what XState arms for their delays, on the clock of the stream. XState's own scheduler keeps each timer in
 * two tables of texts that are made for it (`x:17.xstate.after…`), so that a system could be stored with its timers; ours are never stored,
 * a log is (docs/REPLAY.md). A stream has at most a handful at a time: a list does.
 *
 * Guarantees, as of XState's own: an actor that is over hears of none of its timers, and of two timers of one actor and name the later one holds.
 */
import type { AnyActor, AnyActorRef, AnyEventObject } from 'xstate';
import type { OwnTime, OwnTimer } from '../../call/own-time.ts';

type Scheduler = AnyActor['system']['scheduler'];

interface ChartTimer {
  readonly source: AnyActorRef;
  readonly id: string | undefined;
  timer: OwnTimer | undefined;
}

/** Gives the system of `actor` these timers; before it is started. The same actor, for who makes it. */
export function withChartTimers<TActor extends AnyActor>(actor: TActor, clock: OwnTime): TActor {
  actor.system.scheduler = new ChartTimers(clock);
  return actor;
}

class ChartTimers implements Scheduler {
  readonly #clock: OwnTime;
  readonly #armed: ChartTimer[] = [];

  constructor(clock: OwnTime) {
    this.#clock = clock;
  }

  schedule(source: AnyActorRef, target: AnyActorRef, event: AnyEventObject, delay: number, id: string | undefined) {
    if (id !== undefined) this.cancel(source, id);
    const armed: ChartTimer = { source, id, timer: undefined };
    this.#armed.push(armed);
    armed.timer = this.#clock.setTimeout(() => {
      this.#armed.splice(this.#armed.indexOf(armed), 1);
      target.send(event);
    }, delay);
  }

  cancel(source: AnyActorRef, id: string): void {
    const place = this.#armed.findIndex((armed) => armed.id === id && armed.source === source);
    if (place < 0) return;
    const [armed] = this.#armed.splice(place, 1);
    this.#clock.clearTimeout(armed?.timer);
  }

  cancelAll(source: AnyActorRef): void {
    for (let place = this.#armed.length - 1; place >= 0; place -= 1) {
      const armed = this.#armed[place];
      if (armed?.source !== source) continue;
      this.#armed.splice(place, 1);
      this.#clock.clearTimeout(armed.timer);
    }
  }
}
