/**
 * The line between the server's process and one worker: messages in their order, questions that are answered once. What one callback says goes out
 * together. Whoever is lost answers nothing any more: `close` forgets what was asked of it.
 */

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
  readonly #send: (batch: ParcelBatch<TOut['told'], Question<TOut>>) => void;
  readonly #waiting = new Map<number, (answer: never) => void>();
  #hearer: Hearer<TIn> | null = null;
  #lastId = 0;
  #batch: Parcel<TOut['told'], Question<TOut>>[] = [];
  #isClosed = false;

  constructor(send: (batch: ParcelBatch<TOut['told'], Question<TOut>>) => void) {
    this.#send = send;
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
    this.#batch = [];
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
    if (this.#batch.length === 0) process.nextTick(() => this.#flush());
    this.#batch.push(parcel);
  }

  #flush(): void {
    const batch = this.#batch;
    this.#batch = [];
    if (batch.length > 0) this.#send(batch);
  }
}
