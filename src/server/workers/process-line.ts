/**
 * The line between the server's process and one worker: messages in their order, questions that are answered once. What one callback says goes out
 * together, and the next batch when the system has taken the one before it: what a stopped process is to be told waits here, where it is counted.
 * Whoever is lost answers nothing any more: `close` forgets what was asked of it.
 *
 * What waits is bounded. Beyond the lower bounds the line is `isFull`: whoever can say no to what it brings then says it. Beyond the upper ones, which what
 * can't be refused alone comes to, the other side is given up: nothing more is sent, and `onGivenUp` is called once.
 */

/** Of what waits: to be sent, or on its way to the other side's end of the line. */
export interface LineBounds {
  readonly fullMessages: number;
  readonly fullBytes: number;
  readonly maxMessages: number;
  readonly maxBytes: number;
}

/** A second or two of the fastest that clients can ask; three of the largest requests. Sixteen seconds of interrupts alone. */
export const lineBounds: LineBounds = Object.freeze({
  fullMessages: 10_000,
  fullBytes: 64 * 1024 * 1024,
  maxMessages: 100_000,
  maxBytes: 256 * 1024 * 1024,
});

export interface LineOptions<TBatch> {
  /** `sent` is called when the system has taken the batch, or never will. */
  readonly send: (batch: TBatch, sent: () => void) => void;
  readonly bounds?: LineBounds;
  /** Told when the line becomes full, and when it is not any more. */
  readonly onFull?: (isFull: boolean) => void;
  /** `why` is for people. */
  readonly onGivenUp?: (why: string) => void;
}

/** What is on the line. */
type Parcel<TTold, TAsked> =
  | { readonly told: TTold }
  | { readonly asked: TAsked; readonly id: number }
  | { readonly answer: unknown; readonly to: number };

export type ParcelBatch<TTold, TAsked> = readonly Parcel<TTold, TAsked>[];

/** What is said in one direction. */
export interface Speech {
  /** What is only told, by kind. */
  readonly told: { readonly kind: string };
  /** Questions by kind, and what answers each. */
  readonly asked: Readonly<Record<string, { readonly question: object; readonly answer: unknown }>>;
}

type Question<T extends Speech> = {
  [Kind in keyof T['asked'] & string]: T['asked'][Kind]['question'] & { readonly kind: Kind };
}[keyof T['asked'] & string];

/** Hears what the other side says. */
export interface Hearer<T extends Speech> {
  told(message: T['told']): void;
  readonly asked: {
    readonly [Kind in keyof T['asked'] & string]: (
      question: T['asked'][Kind]['question'],
      answer: (answer: T['asked'][Kind]['answer']) => void,
    ) => void;
  };
}

export class ProcessLine<TOut extends Speech, TIn extends Speech> {
  readonly #options: LineOptions<ParcelBatch<TOut['told'], Question<TOut>>>;
  readonly #bounds: LineBounds;
  readonly #waiting = new Map<number, (answer: never) => void>();
  #hearer: Hearer<TIn> | null = null;
  #lastId = 0;
  #unsent: Parcel<TOut['told'], Question<TOut>>[] = [];
  /** Of each of those. */
  #weights: number[] = [];
  #isSending = false;
  /** What waits, and the batch that is on its way. */
  readonly #held = { messages: 0, bytes: 0 };
  #onSent: (() => void) | null = null;
  #isFull = false;
  #isClosed = false;

  constructor(options: LineOptions<ParcelBatch<TOut['told'], Question<TOut>>>) {
    this.#options = options;
    this.#bounds = options.bounds ?? lineBounds;
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  /** Names who hears the other side; called once, before anything is taken. */
  hear(hearer: Hearer<TIn>): void {
    this.#hearer = hearer;
  }

  tell(message: TOut['told']): void {
    this.#put({ told: message });
  }

  /** `answer` is called once, or never if the other side is lost. */
  ask<Kind extends keyof TOut['asked'] & string>(
    kind: Kind,
    question: TOut['asked'][Kind]['question'],
    answer: (answer: TOut['asked'][Kind]['answer']) => void,
  ): void {
    this.#lastId += 1;
    this.#waiting.set(this.#lastId, answer);
    this.#put({ asked: { ...question, kind }, id: this.#lastId });
  }

  /** What the other side sent. */
  take(batch: ParcelBatch<TIn['told'], Question<TIn>>): void {
    if (this.#isClosed) return;
    for (const parcel of batch) {
      if ('told' in parcel) this.#hearer?.told(parcel.told);
      else if ('asked' in parcel) this.#answer(parcel.asked, parcel.id);
      else this.#settle(parcel.to, parcel.answer);
    }
  }

  /** The other side is gone. */
  close(): void {
    this.#isClosed = true;
    this.#waiting.clear();
    this.#unsent = [];
    this.#weights = [];
  }

  /** Calls `then` when all that was said until then has gone out; nothing is said behind it. */
  afterAll(then: () => void): void {
    this.#onSent = then;
    this.#flush();
  }

  #answer(asked: Question<TIn>, id: number): void {
    this.#hearer?.asked[asked.kind]?.(asked, (answer: unknown) => this.#put({ answer, to: id }));
  }

  #settle(id: number, answer: unknown): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    // The one who answers is of the same build, and its types say what it answers.
    waiting?.(answer as never);
  }

  #put(parcel: Parcel<TOut['told'], Question<TOut>>): void {
    if (this.#isClosed) return;
    if (this.#unsent.length === 0 && !this.#isSending) process.nextTick(() => this.#flush());
    const bytes = MESSAGE_BYTES + weightOf(parcel);
    this.#unsent.push(parcel);
    this.#weights.push(bytes);
    this.#count(1, bytes);
  }

  #flush(): void {
    if (this.#isSending || this.#isClosed) return;
    let [messages, bytes] = [0, 0];
    while (messages < this.#weights.length && (messages === 0 || bytes < BATCH_BYTES)) {
      bytes += this.#weights[messages] ?? 0;
      messages += 1;
    }
    if (messages === 0) {
      this.#onSent?.();
      return;
    }
    const batch = this.#unsent.splice(0, messages);
    this.#weights.splice(0, messages);
    this.#isSending = true;
    this.#options.send(batch, () => {
      this.#isSending = false;
      this.#count(-messages, -bytes);
      this.#flush();
    });
  }

  #count(messages: number, bytes: number): void {
    const { fullMessages, fullBytes, maxMessages, maxBytes } = this.#bounds;
    const held = this.#held;
    held.messages += messages;
    held.bytes += bytes;
    if (!this.#isClosed && (held.messages > maxMessages || held.bytes > maxBytes)) {
      this.close();
      this.#options.onGivenUp?.(`it has not taken ${held.messages} messages of ${held.bytes} bytes`);
    }
    if (this.#isClosed) return;
    // What is on the way in one batch does not make it full and free again with each.
    const share = this.#isFull ? 2 : 1;
    const isFull = held.messages * share > fullMessages || held.bytes * share > fullBytes;
    if (isFull === this.#isFull) return;
    this.#isFull = isFull;
    this.#options.onFull?.(isFull);
  }
}

/** What goes out at once: it is made in one go, and some milliseconds. */
const BATCH_BYTES = 1024 * 1024;
/** What a message takes beside its words. */
const MESSAGE_BYTES = 200;

/** Of its texts and bytes. */
function weightOf(value: unknown): number {
  if (typeof value === 'string') return value.length * 2;
  if (typeof value !== 'object' || value === null) return 0;
  if (ArrayBuffer.isView(value)) return value.byteLength;
  let bytes = 0;
  for (const each of Object.values(value)) bytes += weightOf(each);
  return bytes;
}
