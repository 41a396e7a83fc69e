/**
 * The queue of sentences between the model and the voice, as pure functions over the session's context: who is said now, who is
 * synthesised meanwhile, and whose engine has been silent for too long. The window is the head and `speechLookahead` behind it.
 */
import { assert } from '../assert.ts';
import type { TextPatch } from './session.text.ts';
import type { Sentence, SessionContext, SessionEmitted, SessionEvent, SpeechInbox } from './session.types.ts';

/** A synthesis that failed without a sound is tried once more. */
const MAX_SPEECH_RETRIES = 1;

/** The sentence with this number, if it is not said yet. */
export function sentenceOf(context: SessionContext, segment: number): Sentence | undefined {
  return context.sentences.find((sentence) => sentence.segment === segment);
}

/** True for a sentence whose synthesis may be tried once more. */
export function isRetryLeft(sentence: Sentence | undefined): boolean {
  return sentence !== undefined && sentence.failedAttempts < MAX_SPEECH_RETRIES;
}

/** The queue with one sentence exchanged for its successor of the same number. */
export function replaceSentence(context: SessionContext, replacement: Sentence): readonly Sentence[] {
  return context.sentences.map((sentence) => (sentence.segment === replacement.segment ? replacement : sentence));
}

/** `patch`, and what the voice must know of it: the head and its look-ahead, as far as it was not told yet. */
export function withDueSentences(context: SessionContext, patch: TextPatch) {
  const { sentences } = patch;
  if (sentences === undefined) return { patch, facts: [] };
  const facts = dueFacts(context, sentences);
  return { patch: { ...patch, synthesisedBelow: windowEnd(context, sentences) }, facts };
}

/** The first of `sentences` is to be said. */
export function headReached(context: SessionContext, sentences: readonly Sentence[]) {
  const [head] = sentences;
  assert(head !== undefined, 'there is no sentence to say');
  const facts: SpeechInbox[] = dueFacts(context, sentences);
  if (head.speech !== '') facts.push({ type: 'sentence.turnCame', segment: head.segment });
  const emitted: SessionEmitted = { type: 'sentence.reached', text: head.text, facts };
  return { patch: { sentences, synthesisedBelow: windowEnd(context, sentences) }, emitted };
}

function dueFacts(context: SessionContext, sentences: readonly Sentence[]): SpeechInbox[] {
  const facts: SpeechInbox[] = [];
  for (const { segment, speech } of sentences.slice(0, 1 + context.limits.speechLookahead)) {
    if (segment >= context.synthesisedBelow && speech !== '') facts.push({ type: 'sentence.due', segment, speech });
  }
  return facts;
}

/** Where the look-ahead behind the head ends: the segment after its last one. */
function windowEnd(context: SessionContext, sentences: readonly Sentence[]): number {
  const last = sentences[Math.min(sentences.length - 1, context.limits.speechLookahead)];
  return last === undefined ? context.synthesisedBelow : Math.max(context.synthesisedBelow, last.segment + 1);
}

/** Segments whose engine gave no sound for the timeout. */
export function silentSegments(context: SessionContext, event: SessionEvent): readonly number[] {
  const { speechTimeoutMs } = context.limits;
  if (event.type !== 'speech.progressReported' || speechTimeoutMs === 0) return [];
  return event.silences.filter(({ silentMs }) => silentMs >= speechTimeoutMs).map(({ segment }) => segment);
}

/**
 * When to look at the voice of the first of `sentences` once it is reached: after the whole timeout, or at once if it was synthesised ahead and may
 * have been silent all the while.
 */
export function firstSpeechCheckMs(context: SessionContext, sentences: readonly Sentence[]): number {
  const { speechTimeoutMs } = context.limits;
  const [head] = sentences;
  const isSynthesisedAhead = head !== undefined && head.segment < context.synthesisedBelow && head.speech !== '';
  return isSynthesisedAhead && speechTimeoutMs > 0 ? 1 : speechTimeoutMs;
}

/** When the longest remaining silence reaches the timeout. */
export function nextSpeechCheckMs(context: SessionContext, event: SessionEvent): number {
  const { speechTimeoutMs } = context.limits;
  if (event.type !== 'speech.progressReported' || speechTimeoutMs === 0) return speechTimeoutMs;
  const remaining = event.silences
    .map(({ silentMs }) => speechTimeoutMs - silentMs)
    .filter((remainingMs) => remainingMs > 0);
  return Math.max(1, Math.min(speechTimeoutMs, ...remaining));
}
