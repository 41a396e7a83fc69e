/**
 * The sound of a stream, sentence by sentence: what the voice gave and what of it was sent, so that its end can tell which sentences
 * were synthesised for nothing. Frames are not marked: sound leaves in the order of the sentences, so how many bytes were sent says
 * whose they were.
 *
 * Holds the sentences that are synthesised or still wait in the outbox; both bound it. A frame costs an addition.
 */

/** The sound of one sentence, over all tries. */
export class SentenceSound {
  readonly segment: number;
  #tries = 0;
  #givenBytes = 0;
  #handedOverBytes = 0;

  constructor(segment: number) {
    this.segment = segment;
  }

  /** The voice is asked for it. */
  begin(): void {
    this.#tries += 1;
  }

  /** The voice gave this much. */
  give(bytes: number): void {
    this.#givenBytes += bytes;
  }

  /** The outbox got this much. */
  handOver(bytes: number): void {
    this.#handedOverBytes += bytes;
  }

  get tries(): number {
    return this.#tries;
  }

  get givenBytes(): number {
    return this.#givenBytes;
  }

  get handedOverBytes(): number {
    return this.#handedOverBytes;
  }
}

export interface SoundTally {
  /** What the voice gave, sent or not. */
  readonly givenBytes: number;
  /** Sentences of which sound was sent. */
  readonly spoken: number;
  /** Sentences of which the voice gave sound, and none was sent. */
  readonly wasted: number;
}

export class SentenceSounds {
  /** By rising segment. */
  readonly #open: SentenceSound[] = [];
  #closed: SoundTally = { givenBytes: 0, spoken: 0, wasted: 0 };
  /** What the outbox got of the closed ones. */
  #closedBytes = 0;

  /** The sound of the sentence that is to be synthesised now, perhaps once more. */
  begin(segment: number): SentenceSound {
    const known = this.#open.find((sound) => sound.segment === segment);
    const sound = known ?? new SentenceSound(segment);
    if (known === undefined) this.#open.push(sound);
    sound.begin();
    return sound;
  }

  /** This sentence is said from now on, so nothing is added to those before it. `sentBytes`: sound of the stream that was sent so far. */
  turnCame(segment: number, sentBytes: number): void {
    for (;;) {
      const [first] = this.#open;
      if (first === undefined || first.segment >= segment) return;
      const isUndecided = first.handedOverBytes > 0 && this.#closedBytes >= sentBytes;
      if (isUndecided) return;
      this.#closed = withSound(this.#closed, first, this.#closedBytes < sentBytes);
      this.#closedBytes += first.handedOverBytes;
      this.#open.shift();
    }
  }

  /** How it is, or was, when this much sound of the stream was sent. */
  tally(sentBytes: number): SoundTally {
    let tally = this.#closed;
    let beforeBytes = this.#closedBytes;
    for (const sound of this.#open) {
      tally = withSound(tally, sound, beforeBytes < sentBytes);
      beforeBytes += sound.handedOverBytes;
    }
    return tally;
  }

  /** Sentences that it holds. */
  get held(): number {
    return this.#open.length;
  }
}

function withSound(tally: SoundTally, sound: SentenceSound, isReached: boolean): SoundTally {
  const isSent = isReached && sound.handedOverBytes > 0;
  const isWasted = !isSent && sound.givenBytes > 0;
  return {
    givenBytes: tally.givenBytes + sound.givenBytes,
    spoken: tally.spoken + (isSent ? 1 : 0),
    wasted: tally.wasted + (isWasted ? 1 : 0),
  };
}
