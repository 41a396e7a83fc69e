/**
 * MAX_CONNECTIONS of a server with workers: one count for all of them. A connection that comes to a worker is asked for; where all places are taken,
 * one is closed in its favour that has had no stream for long, of the same worker if there is one, else of another; where each has a stream, the one that
 * came is closed.
 *
 * Guarantees: at most `max` connections stay; one that waits for its place is bounded by MAX_WAITING, beyond which it is closed at once; who
 * waits while nobody has room is told together. A worker that is lost gives its places back.
 */

/** They come faster than anybody can make room for them. */
const MAX_WAITING = 1_000;

/** A worker with connections. */
export interface PlaceHolder {
  /** Closes one that is still; `answer` is told whether there was one. Never called again if the worker is lost. */
  makeRoom(answer: (hasMade: boolean) => void): void;
}

interface Waiting {
  readonly holder: PlaceHolder;
  readonly answer: (mayStay: boolean) => void;
}

export class MachinePlaces {
  readonly #max: number;
  readonly #taken = new Map<PlaceHolder, number>();
  #sum = 0;
  #waiting: Waiting[] = [];
  /** Who is asked to make room, and what is done when it is lost. */
  #asked: { readonly holder: PlaceHolder; readonly answer: (hasMade: boolean) => void } | null = null;

  constructor(max: number) {
    this.#max = max;
  }

  /** It is gone, with its connections. */
  left(holder: PlaceHolder): void {
    this.#sum -= this.#taken.get(holder) ?? 0;
    this.#taken.delete(holder);
    this.#waiting = this.#waiting.filter((each) => each.holder !== holder);
    if (this.#asked?.holder === holder) this.#asked.answer(false);
    this.#serve();
  }

  /** A connection has come to this worker. */
  come(holder: PlaceHolder, answer: (mayStay: boolean) => void): void {
    if (this.#waiting.length >= MAX_WAITING) {
      answer(false);
      return;
    }
    this.#waiting.push({ holder, answer });
    this.#serve();
  }

  /** One of this worker is gone, or is being closed. */
  gone(holder: PlaceHolder): void {
    const taken = this.#taken.get(holder) ?? 0;
    if (taken === 0) return;
    this.#taken.set(holder, taken - 1);
    this.#sum -= 1;
    this.#serve();
  }

  /** Gives the places that there are, and asks for room for the next one. */
  #serve(): void {
    while (this.#sum < this.#max) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#taken.set(next.holder, (this.#taken.get(next.holder) ?? 0) + 1);
      this.#sum += 1;
      next.answer(true);
    }
    const [first] = this.#waiting;
    if (first === undefined || this.#asked !== null) return;
    // A worker that has none, as one that still begins, is not asked.
    const having = [...this.#taken].filter(([, taken]) => taken > 0).map(([holder]) => holder);
    this.#askAround(having.sort((a, b) => Number(b === first.holder) - Number(a === first.holder)));
  }

  #askAround([holder, ...others]: readonly PlaceHolder[]): void {
    if (holder === undefined) {
      for (const { answer } of this.#waiting.splice(0)) answer(false);
      return;
    }
    const asked = {
      holder,
      answer: (hasMade: boolean): void => {
        if (this.#asked !== asked) return;
        this.#asked = null;
        // What it has closed was told before.
        if (hasMade || this.#sum < this.#max) this.#serve();
        else this.#askAround(others.filter((each) => this.#taken.has(each)));
      },
    };
    this.#asked = asked;
    holder.makeRoom(asked.answer);
  }
}
