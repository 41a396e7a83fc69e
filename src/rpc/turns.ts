/**
 * Whose turn it is to send, among the streams of one connection. What they have with the transport is bounded together: whatever waits there
 * waits ahead of the next stream's first word (docs/decisions/0019). A stream sends in batches, and has one batch under way at a time.
 *
 * Invariants, cited as "Turns N"; the streams of a connection rely on all of them:
 *  1. Bound. While CONNECTION_MESSAGES are under way, who has more to send waits.
 *  2. Order. Turns are given in the order in which they were asked for, BATCH_MESSAGES each.
 *  3. At once. A stream that has nothing under way and does not wait sends one message whatever the others do: its first word, or what
 *     a slow voice has just said.
 *  4. Slow readers. Nobody waits for a reader that does not read: a batch that more than OVERTAKING_BATCHES overtook, or that stands still
 *     with everything else for STANDSTILL_MS, waits for its own reader, and does not count. Nor do those after one that was overtaken,
 *     until one is taken in time.
 *  5. Nothing stays. What a stream has under way is given back when it leaves.
 *
 * What it leaves to others: HTTP/2 flow control knows which stream's window is exhausted and tells nobody; here it is seen by what moves.
 */

/** 8 frames of sound: half of HTTP/2's initial window, and as closely as a slow reader is seen to read. */
export const BATCH_MESSAGES = 8;
/** 32 frames of sound, twice that window: as much as a connection lets through at once, and as much to follow it. */
export const CONNECTION_MESSAGES = 4 * BATCH_MESSAGES;
/** http2 serves its streams in turns of 16 KiB, a full batch in three: one that can leave is overtaken by a few short ones at most. */
const OVERTAKING_BATCHES = 16;
/** Longer than a window takes in a local network. In a slow one, more waits in the transport than could leave. */
export const STANDSTILL_MS = 20;

/** One stream, and what is known of its batch; only the turns of its connection write here. */
export interface Sender {
  /** Messages that count; 0 = none of it is under way, or it waits for its own reader. */
  share: number;
  /** How many batches the connection had taken when its own was handed over. */
  handedOverAt: number;
  isSlow: boolean;
  /** It may send `messages`. */
  turnCame(messages: number): void;
}

/** The turns of one connection. */
export class Turns {
  /** Those whose batch counts, oldest first. */
  readonly #counted = new Set<Sender>();
  readonly #waiting = new Set<Sender>();
  #messages = 0;
  #batchesTaken = 0;
  #watch: NodeJS.Timeout | null = null;

  /** Begins a batch for a stream that has nothing under way and does not wait: so many messages it may have. */
  begin(sender: Sender): number {
    const messages = sender.isSlow || this.#hasTurn() ? BATCH_MESSAGES : 1;
    this.#count(sender, messages);
    return messages;
  }

  /** The batch was handed over with `messages` in it, perhaps none. */
  handedOver(sender: Sender, messages: number): void {
    sender.handedOverAt = this.#batchesTaken;
    if (sender.share === 0) return;
    const unused = sender.share - messages;
    if (messages === 0) this.#uncount(sender);
    else {
      this.#messages -= unused;
      sender.share = messages;
    }
    if (unused > 0) this.#giveTurns();
  }

  /** The transport took the whole batch; `hasMore`: it asks for another turn. */
  taken(sender: Sender, hasMore: boolean): void {
    this.#uncount(sender);
    sender.isSlow = this.#isOvertaken(sender);
    this.#batchesTaken += 1;
    for (const oldest of this.#counted) {
      if (!this.#isOvertaken(oldest)) break;
      this.#setAside(oldest);
    }
    if (hasMore) this.#wait(sender);
    this.#giveTurns();
  }

  /** Nothing more is sent; what is under way still is. */
  stopWaiting(sender: Sender): void {
    this.#waiting.delete(sender);
  }

  /** The stream is over, whatever became of its batch. */
  leave(sender: Sender): void {
    this.#waiting.delete(sender);
    this.#uncount(sender);
    this.#giveTurns();
  }

  #hasTurn(): boolean {
    return this.#messages <= CONNECTION_MESSAGES - BATCH_MESSAGES;
  }

  #isOvertaken({ handedOverAt }: Sender): boolean {
    return this.#batchesTaken - handedOverAt > OVERTAKING_BATCHES;
  }

  #count(sender: Sender, messages: number): void {
    if (sender.isSlow) return;
    sender.share = messages;
    this.#messages += messages;
    this.#counted.add(sender);
  }

  #uncount(sender: Sender): void {
    if (sender.share === 0) return;
    this.#messages -= sender.share;
    sender.share = 0;
    this.#counted.delete(sender);
  }

  #setAside(sender: Sender): void {
    this.#uncount(sender);
    sender.isSlow = true;
  }

  #wait(sender: Sender): void {
    if (sender.isSlow) sender.turnCame(BATCH_MESSAGES);
    else this.#waiting.add(sender);
  }

  #giveTurns(): void {
    for (const sender of this.#waiting) {
      if (!this.#hasTurn()) {
        this.#watch ??= this.#watchFor(this.#batchesTaken);
        return;
      }
      this.#giveTurn(sender);
    }
  }

  #giveTurn(sender: Sender): void {
    this.#waiting.delete(sender);
    this.#count(sender, BATCH_MESSAGES);
    sender.turnCame(BATCH_MESSAGES);
  }

  /** Looks again and again whether something moves, for as long as somebody waits. */
  #watchFor(batchesTaken: number): NodeJS.Timeout {
    const timer = setTimeout(() => {
      this.#watch = null;
      if (this.#batchesTaken === batchesTaken) this.#endStandstill();
      if (this.#waiting.size > 0) this.#watch ??= this.#watchFor(this.#batchesTaken);
    }, STANDSTILL_MS);
    return timer.unref();
  }

  /** Everybody has a turn: once is enough, however many of them are not read either. */
  #endStandstill(): void {
    for (const sender of this.#counted) this.#setAside(sender);
    for (const sender of this.#waiting) this.#giveTurn(sender);
  }
}
