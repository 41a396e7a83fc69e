/**
 * The queue of sentences before the voice, as pure functions over a chart's context. The first sentence is the head: the one being
 * said. The window is the head and the `limits.speechLookahead` sentences behind it.
 *
 * Invariants, cited as "Speech queue N"; both charts that speak rely on them, and the speech actor (actors/speech) on 2 to 5:
 *  1. Order. Segments are numbered from 0 without a gap, wait in that order, and leave the queue at the head only.
 *  2. Window. Synthesis (`sentence.due`) is asked for in the order of the segments, for each once (4 apart), and only inside the window:
 *     at most 1 + speechLookahead sentences are synthesised or kept as sound. `synthesisedBelow` is the first segment not asked for; it
 *     never falls. A sentence without speech ('') is never asked for.
 *  3. Turn. `sentence.turnCame` is told of the head alone, and never before its `sentence.due`.
 *  4. Retry. A synthesis that failed is asked for again at most MAX_SPEECH_RETRIES times a sentence; a retried head has its turn again.
 *  5. Failure. A sentence that can't be said keeps the first failure it got. No sentence behind it is asked for, those that were are
 *     abandoned, and those before it are said; the chart ends with that failure when its turn comes.
 *  6. Silence. While the voice is at work it is looked at after 1..speechTimeoutMs ms, and exactly when the longest silence that has not
 *     reached the timeout would reach it. With speechTimeoutMs = 0 (off) no voice is ever too silent.
 *  7. Late facts. A failure of a sentence whose sound is not wanted any more (said, given up, or behind one that failed) and an end of any
 *     but the head change nothing: such facts may be on their way when the chart tells the voice to stop.
 */
import type { Failure } from '../../errors.ts';
import { type HeardEvent, isStreamEvent, type SpeechInbox, type SpokenSentence } from './stream.types.ts';

const MAX_SPEECH_RETRIES = 1;

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

/**
 * The sentence whose synthesis failed by this event, if its sound is still wanted: it was neither said nor given up, and no failed one
 * stands before it (invariant 7).
 */
export function failedSentence<TSentence extends SpokenSentence>(
  { sentences }: SpeechQueue<TSentence>,
  event: HeardEvent,
): TSentence | undefined {
  if (!isStreamEvent(event, 'speech.failed')) return undefined;
  for (const sentence of sentences) {
    if (sentence.failure !== undefined) return undefined;
    if (sentence.segment === event.segment) return sentence.speech === '' ? undefined : sentence;
  }
  return undefined;
}

/** True if this event says that the head is said and a sentence that did not fail waits behind it. */
export function isNextSentenceDue(queue: SpeechQueue, event: HeardEvent): boolean {
  const next = queue.sentences[1];
  return isHeadSaid(queue, event) && next !== undefined && next.failure === undefined;
}

/** True if it is the turn of a sentence that can't be said. */
export function isHeadFailed({ sentences }: SpeechQueue): boolean {
  return sentences[0]?.failure !== undefined;
}

/** True if this event says that the head is said, sound and all. */
export function isHeadSaid({ sentences }: SpeechQueue, event: HeardEvent): boolean {
  return isStreamEvent(event, 'speech.finished') && sentences[0]?.segment === event.segment;
}

/** True if this event tells of a synthesis that failed without a sound and may be tried once more (invariant 4). */
export function isRetryLeft(queue: SpeechQueue, event: HeardEvent): boolean {
  const sentence = failedSentence(queue, event);
  const isSilentFailure = isStreamEvent(event, 'speech.failed') && event.retryable;
  return isSilentFailure && sentence !== undefined && sentence.failedAttempts < MAX_SPEECH_RETRIES;
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

/** The queue in which these segments can't be said, and what the voice must know (invariant 5). */
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

/** What the voice must know of `sentences`, the next queue: what is inside the window and was not told yet (invariants 2, 5). */
export function dueFacts(queue: SpeechQueue, sentences: readonly SpokenSentence[]): SpeechInbox[] {
  const facts: SpeechInbox[] = [];
  for (const { segment, speech, failure } of sentences.slice(0, 1 + queue.limits.speechLookahead)) {
    if (failure !== undefined) break;
    if (segment >= queue.synthesisedBelow && speech !== '') facts.push({ type: 'sentence.due', segment, speech });
  }
  return facts;
}

/** Where the window of `sentences`, the next queue, ends: the segment after its last one. */
export function windowEnd(queue: SpeechQueue, sentences: readonly SpokenSentence[]): number {
  const last = sentences[Math.min(sentences.length - 1, queue.limits.speechLookahead)];
  return last === undefined ? queue.synthesisedBelow : Math.max(queue.synthesisedBelow, last.segment + 1);
}

/** Segments whose engine gave no sound for the timeout. */
export function silentSegments({ limits }: SpeechQueue, event: HeardEvent): readonly number[] {
  const { speechTimeoutMs } = limits;
  if (!isStreamEvent(event, 'speech.progressReported') || speechTimeoutMs === 0) return [];
  return event.silences.filter(({ silentMs }) => silentMs >= speechTimeoutMs).map(({ segment }) => segment);
}

/** When the longest remaining silence reaches the timeout (invariant 6). */
export function nextSpeechCheckMs({ limits }: SpeechQueue, event: HeardEvent): number {
  const { speechTimeoutMs } = limits;
  if (!isStreamEvent(event, 'speech.progressReported') || speechTimeoutMs === 0) return speechTimeoutMs;
  const remaining = event.silences
    .map(({ silentMs }) => speechTimeoutMs - silentMs)
    .filter((remainingMs) => remainingMs > 0);
  return Math.max(1, Math.min(speechTimeoutMs, ...remaining));
}
