/**
 * The streams that were admitted and are not over yet, each with its turns: one to begin, and one to end if it is ended from outside. A
 * single stream has them at once; crowds share the event loop in slices (work-slices.ts), by the connections that brought them.
 *
 * What holds, cited as "Live streams N":
 *  1. streams of one connection begin and end in the order in which they were asked to, and each begins before it ends;
 *  2. the first end from outside counts: a stream is told of no second one;
 *  3. one that is ended before its turn to begin never asks a model: its chart hears the end as its first fact, and ends like any other, with
 *     its line, its log and its one status;
 *  4. `end` resolves behind the last of its ends, and has told all of them before it returns unless a slice was not enough;
 *  5. at most two jobs wait for a stream, which holds a slot meanwhile, and one for each connection and call of `end` that is under way:
 *     slots, and the calls that HTTP/2 lets a connection have at a time, bound what waits.
 */
import type { OpenStream } from '../../call/gateway.ts';
import type { StreamEvent } from '../../machines/stream/stream.types.ts';
import type { HostedStream } from './stream-host.ts';
import { WorkSlices } from './work-slices.ts';

/** What ends a stream whatever it is doing. */
export type OutsideEnd = Extract<
  StreamEvent,
  { readonly type: 'client.cancelled' | 'device.interruptRequested' | 'server.graceExpired' }
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
  isEnding: boolean;
}

export class LiveStreams {
  readonly #report: LiveStreamsOptions['report'];
  readonly #streams = new Map<string, LiveStream>();
  readonly #slices: WorkSlices;

  constructor({ now, report }: LiveStreamsOptions) {
    this.#report = report;
    this.#slices = new WorkSlices({ now, report });
  }

  /** Lets the stream begin, now or in its turn. Known from here on, so that an end finds it whenever that comes. */
  begin(hosted: HostedStream, connection: string): OpenStream {
    const stream: LiveStream = { hosted, connection, hasBegun: false, isEnding: false };
    const { streamId } = hosted.call;
    this.#streams.set(streamId, stream);
    this.#slices.run(connection, () => this.#beginNow(stream));
    return this.#openStream(streamId);
  }

  /** The sessions of these streams, each once, as far as nothing has ended them yet. */
  sessionsOf(streamIds: readonly string[]): readonly string[] {
    const live = streamIds.flatMap((streamId) => this.#streams.get(streamId) ?? []);
    const running = live.filter(({ isEnding }) => !isEnding);
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

  /** The stream is over. */
  forget(streamId: string): void {
    this.#streams.delete(streamId);
  }

  #beginNow(stream: LiveStream): void {
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
    if (stream.isEnding) return;
    stream.isEnding = true;
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
