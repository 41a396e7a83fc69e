/**
 * The queue of sentences between the model and the voice, as pure functions over the session's context: who is said now, and when
 * to look at the voice. What it shares with other streams is speech-queue.ts.
 */
import { assert } from '../../assert.ts';
import { dueFacts, windowEnd } from '../stream/speech-queue.ts';
import type { TextPatch } from './session.text.ts';
import type { Sentence, SessionContext, SessionEmitted, SpeechInbox } from './session.types.ts';

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
