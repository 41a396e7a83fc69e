/**
 * The streams that were admitted and are not over yet, each with its turns: one to begin, and one to end if it is ended from outside. A
 * single stream has them at once; crowds share the event loop in slices (WorkSlices), by the connections that brought them.
 *
 * What holds, cited as "Live streams N":
 *  1. streams of one connection begin and end in the order in which they were asked to, and each begins before it ends;
 *  2. the first end from outside counts: a stream is told of no second one;
 *  3. one that is ended before its turn to begin never asks a model: its chart hears the end as its first fact, and ends like any
 *     other, with its line, its log and its one status;
 *  4. `end` resolves behind the last of its ends, and has told all of them before it returns unless a slice was not enough;
 *  5. at most two jobs wait for a stream, which holds a slot meanwhile, and one for each connection and call of `end` that is under way:
 *     slots, and the calls that HTTP/2 lets a connection have at a time, bound what waits.
 *
 * Slices do work that comes in crowds a part at a time: thousands of streams that vanish, are interrupted or begin together must not keep
 * everybody else waiting until the last of them is through. A lane is whoever brings the work: one connection.
 *
 * What holds for them, cited as "Slices N":
 *  1. one slice, which is all that is done here between two rounds of the event loop, has at most MAX_JOBS_PER_SLICE jobs, and once it has
 *     MIN_JOBS_PER_SLICE no further one begins when SLICE_MS are used up;
 *  2. a job before which nothing waits is done at once, inside of `run`, as long as the slice has room: a single stream begins and ends as
 *     if there were no slices;
 *  3. the jobs of one lane are done in the order in which they came, each once;
 *  4. lanes take turns, a job each: what one connection brings delays another one's job by no more than a slice and a job of each lane;
 *  5. a job that throws is reported, and harms no other.
 * They bound nothing themselves: what waits is bounded by those who bring it (supervisor-host.ts says by what).
 */
import type { OpenStream } from '../../call/gateway.ts';
import type { StreamEvent } from '../../machines/stream/stream.types.ts';
import type { HostedStream } from './stream-host.ts';

/** What ends a stream whatever it is doing. */
export type OutsideEnd = Extract<
  StreamEvent,
  { readonly type: 'client.cancelled' | 'device.interruptRequested' | 'server.graceExpired' | 'session.superseded' }
>;

export interface LiveStreamsOptions {
  /** A monotonic clock in ms. */
  readonly now: () => number;
  /** Reports a bug of a stream; never throws. */
  readonly report: (error: unknown, streamId?: string) => void;
}

interface LiveStream {
  readonly hosted: HostedStream;
  /** Whose turns are its turns. */
  readonly connection: string;
  hasBegun: boolean;
  /** What ends it; null = nothing does yet. */
  ending: OutsideEnd | null;
}

export class LiveStreams {
  readonly #report: LiveStreamsOptions['report'];
  readonly #streams = new Map<string, LiveStream>();
  readonly #slices: WorkSlices;
  #screenshotBytes = 0;

  constructor({ now, report }: LiveStreamsOptions) {
    this.#report = report;
    this.#slices = new WorkSlices({ now, report });
  }

  get size(): number {
    return this.#streams.size;
  }

  /** Streams and ends of streams that wait for their turn. */
  get waiting(): number {
    return this.#slices.waiting;
  }

  /** Of all of them. */
  get screenshotBytes(): number {
    return this.#screenshotBytes;
  }

  /** Lets the stream begin, now or in its turn. Known from here on, so that an end finds it whenever that comes. */
  begin(hosted: HostedStream, connection: string): OpenStream {
    const stream: LiveStream = { hosted, connection, hasBegun: false, ending: null };
    const { streamId } = hosted.call;
    this.#streams.set(streamId, stream);
    this.#screenshotBytes += hosted.screenshotBytes;
    this.#slices.run(connection, () => this.#beginNow(stream));
    return this.#openStream(streamId);
  }

  /** The sessions of these streams, each once, as far as nothing has ended them yet. */
  sessionsOf(streamIds: readonly string[]): readonly string[] {
    const live = streamIds.flatMap((streamId) => this.#streams.get(streamId) ?? []);
    const running = live.filter(({ ending }) => ending === null);
    return [...new Set(running.map(({ hosted }) => hosted.call.sessionId))];
  }

  /** Ends these streams; resolves when all of them are over, also those that something else ends already. */
  async end(streamIds: readonly string[], why: OutsideEnd): Promise<void> {
    const connections = new Set<string>();
    for (const streamId of streamIds) {
      const stream = this.#streams.get(streamId);
      if (stream === undefined) continue;
      connections.add(stream.connection);
      this.#end(stream, why);
    }
    // Behind the ends of each connection: jobs of one are done in their order.
    const ends = [...connections].map(
      (connection) => new Promise<void>((resolve) => this.#slices.run(connection, resolve)),
    );
    await Promise.all(ends);
  }

  /**
   * Ends the stream before this returns, out of its turn; a crowd can not come of it, since who asks has a stream to begin in its place. One
   * that something else ends already ends by that.
   */
  endNow(streamId: string, why: OutsideEnd): void {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return;
    stream.ending ??= why;
    this.#beginNow(stream);
    stream.hosted.send(stream.ending);
  }

  /** The stream is over. */
  forget(streamId: string): void {
    this.#screenshotBytes -= this.#streams.get(streamId)?.hosted.screenshotBytes ?? 0;
    this.#streams.delete(streamId);
  }

  #beginNow(stream: LiveStream): void {
    if (stream.hasBegun) return;
    const { hosted } = stream;
    const { streamId } = hosted.call;
    stream.hasBegun = true;
    try {
      hosted.begin();
    } catch (error) {
      this.#report(error, streamId);
      hosted.send({ type: 'session.faulted', faultId: streamId });
    }
  }

  #end(stream: LiveStream, why: OutsideEnd): void {
    if (stream.ending !== null) return;
    stream.ending = why;
    // An actor that has not started keeps what it is sent, and hears it before all that comes later.
    if (stream.hasBegun) this.#slices.run(stream.connection, () => stream.hosted.send(why));
    else stream.hosted.send(why);
  }

  /** Holds nothing but the id of the stream: the call keeps it for as long as its client takes to fetch the end. */
  #openStream(streamId: string): OpenStream {
    return {
      cancel: () => {
        const stream = this.#streams.get(streamId);
        if (stream !== undefined) this.#end(stream, { type: 'client.cancelled' });
      },
    };
  }
}

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
