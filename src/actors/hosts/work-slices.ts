/**
 * Work that comes in crowds, done in slices: thousands of streams that vanish, are interrupted or begin together must not keep everybody
 * else waiting until the last of them is through. A lane is whoever brings the work: one connection.
 *
 * What holds, cited as "Slices N":
 *  1. one slice, which is all that is done here between two rounds of the event loop, has at most MAX_JOBS_PER_SLICE jobs, and once it has
 *     MIN_JOBS_PER_SLICE no further one begins when SLICE_MS are used up;
 *  2. a job before which nothing waits is done at once, inside of `run`, as long as the slice has room: a single stream begins and ends as
 *     if there were no slices;
 *  3. the jobs of one lane are done in the order in which they came, each once;
 *  4. lanes take turns, a job each: what one connection brings delays another one's job by no more than a slice and a job of each lane;
 *  5. a job that throws is reported, and harms no other.
 * It bounds nothing itself: what waits is bounded by those who bring it (supervisor-host.ts says by what).
 */
const MAX_JOBS_PER_SLICE = 50;
/** A few streams end in one turn also where the processor is not ours: the clock goes on while others have it. */
const MIN_JOBS_PER_SLICE = 10;
/** Speech sends a frame every 42 ms, and a round of the loop has more to do than this. */
const SLICE_MS = 5;

type Job = () => void;

export interface WorkSlicesOptions {
  /** A monotonic clock in ms. */
  readonly now: () => number;
  /** Takes what a job threw; never throws. */
  readonly report: (error: unknown) => void;
}

export class WorkSlices {
  readonly #now: () => number;
  readonly #report: (error: unknown) => void;
  /** Those in which something waits; whose turn it is comes first. */
  readonly #lanes = new Map<string, Job[]>();
  #waiting = 0;
  /** Of the slice that is under way. */
  #jobs = 0;
  #usedMs = 0;
  #isWorking = false;
  #isRoundAwaited = false;

  constructor({ now, report }: WorkSlicesOptions) {
    this.#now = now;
    this.#report = report;
  }

  /** Jobs that wait. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Does the job now, or in its turn. */
  run(lane: string, job: Job): void {
    const queue = this.#lanes.get(lane);
    if (queue === undefined && this.#hasRoom) {
      this.#do(job);
      return;
    }
    if (queue === undefined) this.#lanes.set(lane, [job]);
    else queue.push(job);
    this.#waiting += 1;
    this.#awaitRound();
  }

  get #hasRoom(): boolean {
    if (this.#jobs < MIN_JOBS_PER_SLICE) return true;
    return this.#jobs < MAX_JOBS_PER_SLICE && this.#usedMs < SLICE_MS;
  }

  #do(job: Job): void {
    this.#jobs += 1;
    this.#awaitRound();
    // A job inside of a job is in the time of the outer one.
    const isOuter = !this.#isWorking;
    const startedAtMs = this.#now();
    this.#isWorking = true;
    try {
      job();
    } catch (error) {
      this.#report(error);
    } finally {
      if (isOuter) {
        this.#isWorking = false;
        this.#usedMs += this.#now() - startedAtMs;
      }
    }
  }

  /** The slice ends with the present round of the event loop. */
  #awaitRound(): void {
    if (this.#isRoundAwaited) return;
    this.#isRoundAwaited = true;
    setImmediate(() => {
      this.#isRoundAwaited = false;
      this.#jobs = 0;
      this.#usedMs = 0;
      this.#workOff();
    });
  }

  #workOff(): void {
    while (this.#hasRoom) {
      const job = this.#takeNext();
      if (job === undefined) return;
      this.#do(job);
    }
    if (this.#waiting > 0) this.#awaitRound();
  }

  /** The next job of the lane whose turn it is; that lane is last from now on. */
  #takeNext(): Job | undefined {
    const [first] = this.#lanes;
    if (first === undefined) return undefined;
    const [lane, jobs] = first;
    const job = jobs.shift();
    this.#waiting -= 1;
    this.#lanes.delete(lane);
    if (jobs.length > 0) this.#lanes.set(lane, jobs);
    return job;
  }
}
