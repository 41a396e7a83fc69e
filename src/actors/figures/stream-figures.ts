/**
 * What one stream took, for its end line and its totals: when it began to be answered and heard, and how much of everything. It stands
 * beside the chart and is filled by whoever sees a thing happen: the answer actor, the voice's jobs, the host. It decides nothing.
 *
 * A token, a sentence or a frame costs an addition: no event, no object, no log.
 */
import type { AnswerPart, AnswerUsage } from '../../engines/answer-engine.ts';
import type { ProviderNote } from '../../engines/provider-note.ts';
import { type SentenceSound, SentenceSounds, type SoundTally } from './sentence-sounds.ts';

/** The figures of a stream at its end. Times in ms of the given clock, null = it did not happen. */
export interface StreamTally {
  readonly firstTokenAtMs: number | null;
  readonly firstSentenceAtMs: number | null;
  /** UTF-16 units of the model's answer as it came; null = no model was asked. */
  readonly answerChars: number | null;
  /** Null = the model told none, or not before the end. */
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly answerProvider: string | null;
  readonly answerRetries: number;
  /** UTF-16 units that the voice was given, all tries counted. */
  readonly speechChars: number;
  readonly speechProvider: string | null;
  readonly speechRetries: number;
  /** Sentences that had words for the voice and went out without sound. */
  readonly unspoken: number;
  readonly sound: SoundTally;
}

export class StreamFigures {
  readonly #answer = new ProviderFigures();
  readonly #speech = new ProviderFigures();
  readonly #sounds = new SentenceSounds();
  readonly #now: () => number;
  #firstTokenAtMs: number | null = null;
  #firstSentenceAtMs: number | null = null;
  #answerChars: number | null = null;
  #inputTokens: number | null = null;
  #outputTokens: number | null = null;
  #speechChars = 0;
  #unspoken = 0;

  /** `now`: a monotonic clock in ms. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** This model is asked. */
  answerAsked(engine: string): (note: ProviderNote) => void {
    this.#answerChars ??= 0;
    return this.#answer.begin(engine);
  }

  /** The model said something. */
  answerHeard(part: AnswerPart): void {
    if (part.kind === 'cutOff') return;
    if (part.kind === 'text') {
      if (part.text === '') return;
      this.#answerChars = (this.#answerChars ?? 0) + part.text.length;
    }
    this.#firstTokenAtMs ??= this.#now();
  }

  /** The model tells what it took; adds up. */
  answerUsed({ inputTokens, outputTokens }: AnswerUsage): void {
    this.#inputTokens = (this.#inputTokens ?? 0) + inputTokens;
    this.#outputTokens = (this.#outputTokens ?? 0) + outputTokens;
  }

  /** A sentence is whole: its text goes out, or it is to be synthesised. */
  sentenceComplete(): void {
    this.#firstSentenceAtMs ??= this.#now();
  }

  /** A sentence is to be synthesised, perhaps once more; what comes of it is noted in its sound. */
  speechDue({ segment, speech }: { readonly segment: number; readonly speech: string }): SentenceSound {
    this.sentenceComplete();
    this.#speechChars += speech.length;
    const sound = this.#sounds.begin(segment);
    if (sound.tries > 1) this.#speech.countRetry();
    return sound;
  }

  /** This voice is asked for a sentence. */
  speechAsked(engine: string): (note: ProviderNote) => void {
    return this.#speech.begin(engine);
  }

  /** It is this sentence's turn; see SentenceSounds. */
  speechTurnCame(segment: number, sentAudioBytes: number): void {
    this.#sounds.turnCame(segment, sentAudioBytes);
  }

  /** A sentence goes out without the sound it should have had. */
  sentenceLeftUnspoken(): void {
    this.#unspoken += 1;
  }

  /** The figures as they are when `sentAudioBytes` of sound were sent. */
  tally(sentAudioBytes: number): StreamTally {
    return {
      firstTokenAtMs: this.#firstTokenAtMs,
      firstSentenceAtMs: this.#firstSentenceAtMs,
      answerChars: this.#answerChars,
      inputTokens: this.#inputTokens,
      outputTokens: this.#outputTokens,
      answerProvider: this.#answer.names,
      answerRetries: this.#answer.retries,
      speechChars: this.#speechChars,
      speechProvider: this.#speech.names,
      speechRetries: this.#speech.retries,
      unspoken: this.#unspoken,
      sound: this.#sounds.tally(sentAudioBytes),
    };
  }
}

/** More than anybody configures; beyond that, names are left out. */
const MAX_NAMES = 8;

/**
 * Who did one kind of work for a stream, and after how many failed tries: as the engine tells it (ProviderNote), else by the engine's
 * own name. It holds a handful of names, however many an engine tells.
 */
export class ProviderFigures {
  /** Jobs by who did them last; null until a provider is told. */
  #jobsOf: Map<string, number> | null = null;
  #engine: string | null = null;
  #retries = 0;

  /** An engine is asked to do a job. The returned function takes its notes: each replaces the one before. */
  begin(engine: string): (note: ProviderNote) => void {
    this.#engine = engine;
    let last: ProviderNote | null = null;
    return (note) => {
      this.#retries += note.retries - (last?.retries ?? 0);
      if (last?.provider !== note.provider) {
        this.#count(note.provider, 1);
        if (last !== null) this.#count(last.provider, -1);
      }
      last = note;
    };
  }

  /** A job that failed is done once more. */
  countRetry(): void {
    this.#retries += 1;
  }

  /** Tries that failed and were followed by another one. */
  get retries(): number {
    return this.#retries;
  }

  /** Who was at work, in the order they came, with commas between; null = nobody was asked. */
  get names(): string | null {
    return this.#jobsOf === null || this.#jobsOf.size === 0 ? this.#engine : [...this.#jobsOf.keys()].join(', ');
  }

  #count(provider: string, change: 1 | -1): void {
    this.#jobsOf ??= new Map();
    const jobsOf = this.#jobsOf;
    const jobs = jobsOf.get(provider);
    if (jobs === undefined && (change < 0 || jobsOf.size >= MAX_NAMES)) return;
    const left = (jobs ?? 0) + change;
    if (left > 0) jobsOf.set(provider, left);
    else jobsOf.delete(provider);
  }
}
