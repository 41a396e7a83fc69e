/** A server and a clock in the hands of a test, as the inspector's worker sees them: nothing happens but what the test does. */
import type { FeedWorld } from '../../../src/inspector/debugger/feed-client.ts';

interface Timer {
  readonly atMs: number;
  readonly then: () => void;
}

/** A request that the page made. */
export interface Asked {
  readonly url: string;
  readonly authorization: string;
  readonly signal: AbortSignal;
  /** Answers with this status and body; a body that is left out stays open, and gets what `send` sends. */
  answer(status: number, body?: string): void;
  send(bytes: Uint8Array | string): void;
  end(): void;
  fail(why: string): void;
}

export class HandWorld implements FeedWorld {
  readonly asked: Asked[] = [];
  #nowMs = 0;
  #timers: Timer[] = [];

  now(): number {
    return this.#nowMs;
  }

  spread(): number {
    return 0.5;
  }

  after(ms: number, then: () => void): () => void {
    const timer = { atMs: this.#nowMs + ms, then };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((each) => each !== timer);
    };
  }

  /** When the next timer is due, in ms from now; null = there is none. */
  get nextTimerMs(): number | null {
    const due = this.#timers.map(({ atMs }) => atMs - this.#nowMs);
    return due.length === 0 ? null : Math.min(...due);
  }

  /** Lets time pass, timer by timer, and what they begin come to rest. */
  async pass(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await settled();
    while (true) {
      const [next] = this.#timers.filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs);
      if (next === undefined) break;
      this.#timers = this.#timers.filter((each) => each !== next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.then();
      await settled();
    }
    this.#nowMs = endMs;
  }

  fetch(
    url: string,
    init: { readonly headers: Readonly<Record<string, string>>; readonly signal: AbortSignal },
  ): Promise<Response> {
    return new Promise((resolve, reject) => {
      let sink: ReadableStreamDefaultController<Uint8Array> | null = null;
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => {
          sink = controller;
        },
      });
      const fail = (why: Error) => {
        reject(why);
        try {
          sink?.error(why);
        } catch {
          // It was over already.
        }
      };
      init.signal.addEventListener('abort', () => fail(new Error(String(init.signal.reason?.message ?? 'aborted'))));
      const answer = (status: number, text?: string) => {
        if (text === undefined) resolve(new Response(body, { status }));
        else resolve(new Response(text, { status }));
      };
      this.asked.push({
        url,
        authorization: init.headers.authorization ?? '',
        signal: init.signal,
        answer,
        send: (given) => sink?.enqueue(typeof given === 'string' ? new TextEncoder().encode(given) : given),
        end: () => sink?.close(),
        fail: (why) => fail(new Error(why)),
      });
    });
  }

  /** The last request whose address has this in it. */
  last(part: string): Asked {
    const found = this.asked.findLast(({ url }) => url.includes(part));
    if (found === undefined)
      throw new Error(`nobody asked for ${part}; asked were ${this.asked.map(({ url }) => url)}`);
    return found;
  }

  count(part: string): number {
    return this.asked.filter(({ url }) => url.includes(part)).length;
  }
}

/** All that is ready to go on has gone on. */
export function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(() => setImmediate(resolve));
  });
}
