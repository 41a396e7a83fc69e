/**
 * A queue of sentences before the voice, as pure functions: who is synthesised meanwhile, who may be tried again, whose engine has
 * been silent for too long, and where a stream that can't go on without a sentence will end. The first sentence is the one being
 * said; the window is it and `speechLookahead` behind it.
 */
import type { Failure } from '../../errors.ts';
import type { SessionEvent, SpeechInbox } from '../session/session.types.ts';
import type { WelcomeEvent } from '../welcome/welcome.types.ts';

/** A synthesis that failed without a sound is tried once more. */
const MAX_SPEECH_RETRIES = 1;

/** What the voice's side of a chart must know of a sentence. */
export interface SpokenSentence {
  /** Counts from 0 over the whole stream. */
  readonly segment: number;
  /** As the voice gets it; '' = nothing to speak, or its speech was given up. */
  readonly speech: string;
  /** Syntheses that failed so far. */
  readonly failedAttempts: number;
  /** What the stream ends with when it is this sentence's turn; absent = it can be said as far as we know. */
  readonly failure?: Failure;
}

/** The part of a chart's context that the queue is. */
export interface SpeechQueue<TSentence extends SpokenSentence = SpokenSentence> {
  readonly sentences: readonly TSentence[];
  /** Synthesis was asked for every segment below this one. */
  readonly synthesisedBelow: number;
  readonly limits: {
    /** How many sentences are synthesised ahead of the one being said. */
    readonly speechLookahead: number;
    /** 0 = off. */
    readonly speechTimeoutMs: number;
  };
}

/** The sentence with this number, if it is not said yet. */
export function sentenceOf<TSentence extends SpokenSentence>(
  queue: SpeechQueue<TSentence>,
  segment: number,
): TSentence | undefined {
  return queue.sentences.find((sentence) => sentence.segment === segment);
}

/** True if this event says that the head is said and a sentence that did not fail waits behind it. */
export function isNextSentenceDue(queue: SpeechQueue, event: SessionEvent | WelcomeEvent): boolean {
  const next = queue.sentences[1];
  return isHeadSaid(queue, event) && next !== undefined && next.failure === undefined;
}

/** True if it is the turn of a sentence that can't be said. */
export function isHeadFailed({ sentences }: SpeechQueue): boolean {
  return sentences[0]?.failure !== undefined;
}

/** True if this event says that the head is said, sound and all. */
export function isHeadSaid({ sentences }: SpeechQueue, event: SessionEvent | WelcomeEvent): boolean {
  return event.type === 'speech.finished' && sentences[0]?.segment === event.segment;
}

/** True for a sentence whose synthesis may be tried once more. */
export function isRetryLeft(sentence: SpokenSentence | undefined): boolean {
  return sentence !== undefined && sentence.failure === undefined && sentence.failedAttempts < MAX_SPEECH_RETRIES;
}

/** The queue with one sentence exchanged for its successor of the same number. */
export function replaceSentence<TSentence extends SpokenSentence>(
  queue: SpeechQueue<TSentence>,
  replacement: TSentence,
): readonly TSentence[] {
  return queue.sentences.map((sentence) => (sentence.segment === replacement.segment ? replacement : sentence));
}

/** The queue in which the sentence's synthesis is tried once more, and what the voice must know. */
export function retried<TSentence extends SpokenSentence>(queue: SpeechQueue<TSentence>, sentence: TSentence) {
  const { segment, speech, failedAttempts } = sentence;
  const due: SpeechInbox = { type: 'sentence.due', segment, speech };
  const turn: SpeechInbox = { type: 'sentence.turnCame', segment };
  return {
    sentences: replaceSentence(queue, { ...sentence, failedAttempts: failedAttempts + 1 }),
    facts: queue.sentences[0] === sentence ? [due, turn] : [due],
  };
}

/**
 * The queue in which these segments can't be said, and what the voice must know: the stream will end at the first of them, so the
 * synthesis of all from there on is abandoned.
 */
export function withFailure<TSentence extends SpokenSentence>(
  queue: SpeechQueue<TSentence>,
  segments: readonly number[],
  failure: Failure,
) {
  const sentences = queue.sentences.map((sentence) =>
    segments.includes(sentence.segment) && sentence.failure === undefined ? { ...sentence, failure } : sentence,
  );
  const first = sentences.findIndex((sentence) => sentence.failure !== undefined);
  const facts: SpeechInbox[] = [];
  for (const { segment, speech } of first < 0 ? [] : sentences.slice(first)) {
    if (segment < queue.synthesisedBelow && speech !== '') facts.push({ type: 'sentence.abandoned', segment });
  }
  return { sentences, facts };
}

/**
 * What the voice must know of `sentences`, the next queue: the head and its look-ahead, as far as it was not told yet. Nobody is
 * synthesised behind a sentence that can't be said.
 */
export function dueFacts(queue: SpeechQueue, sentences: readonly SpokenSentence[]): SpeechInbox[] {
  const facts: SpeechInbox[] = [];
  for (const { segment, speech, failure } of sentences.slice(0, 1 + queue.limits.speechLookahead)) {
    if (failure !== undefined) break;
    if (segment >= queue.synthesisedBelow && speech !== '') facts.push({ type: 'sentence.due', segment, speech });
  }
  return facts;
}

/** Where the look-ahead behind the head ends: the segment after its last one. */
export function windowEnd(queue: SpeechQueue, sentences: readonly SpokenSentence[]): number {
  const last = sentences[Math.min(sentences.length - 1, queue.limits.speechLookahead)];
  return last === undefined ? queue.synthesisedBelow : Math.max(queue.synthesisedBelow, last.segment + 1);
}

/** Segments whose engine gave no sound for the timeout. */
export function silentSegments({ limits }: SpeechQueue, event: SessionEvent | WelcomeEvent): readonly number[] {
  const { speechTimeoutMs } = limits;
  if (event.type !== 'speech.progressReported' || speechTimeoutMs === 0) return [];
  return event.silences.filter(({ silentMs }) => silentMs >= speechTimeoutMs).map(({ segment }) => segment);
}

/** When the longest remaining silence reaches the timeout. */
export function nextSpeechCheckMs({ limits }: SpeechQueue, event: SessionEvent | WelcomeEvent): number {
  const { speechTimeoutMs } = limits;
  if (event.type !== 'speech.progressReported' || speechTimeoutMs === 0) return speechTimeoutMs;
  const remaining = event.silences
    .map(({ silentMs }) => speechTimeoutMs - silentMs)
    .filter((remainingMs) => remainingMs > 0);
  return Math.max(1, Math.min(speechTimeoutMs, ...remaining));
}
