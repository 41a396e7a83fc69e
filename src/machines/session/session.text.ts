/**
 * How the session's buffers change, as pure functions over its context: text in, sentences and at most one command out, and when a
 * sentence has its turn.
 * Guarantees: the texts of all sentences joined are the answer's words (only the two ends trimmed), and a second command
 * changes nothing. Cost is linear in the answer.
 */
import { assert } from '../../assert.ts';
import { finishAnswer, type ProposedCommand, pushAnswer } from '../../text/answer-envelope.ts';
import { judgeCommand } from '../../text/commands.ts';
import { finishText, pushText, type SentenceCutter, settleQuiet } from '../../text/sentence-cutter.ts';
import { speak } from '../../text/speakable.ts';
import { dueFacts, windowEnd } from '../stream/speech-queue.ts';
import type { SpeechInbox } from '../stream/stream.types.ts';
import type { Sentence, SessionContext, SessionEmitted } from './session.types.ts';

/** The part of the context that text changes. */
export type TextPatch = Partial<
  Pick<
    SessionContext,
    'envelope' | 'cutter' | 'speakable' | 'sentences' | 'nextSegment' | 'command' | 'lastSentenceAtMs'
  >
>;

/** A command that will not be carried out, and why; never its arguments. */
export interface DroppedCommand {
  readonly name: string;
  readonly reason: string;
  readonly detail: string;
}

/** A delta of the raw answer came in. */
export function hearText(context: SessionContext, delta: { readonly text: string; readonly atMs: number }): TextPatch {
  const { envelope, text } = pushAnswer(context.envelope, delta.text);
  if (text === '') return { envelope };
  const patch = enqueued(context, pushText(context.cutter, text));
  return { envelope, ...patch, ...sentenceTime(patch, delta.atMs) };
}

/** A short silence: what ends like a sentence is one. */
export function hearQuiet(context: SessionContext, { atMs }: { readonly atMs: number }): TextPatch {
  const patch = enqueued(context, settleQuiet(context.cutter));
  return { ...patch, ...sentenceTime(patch, atMs) };
}

/** The answer is over: whatever is left is the last sentence; a command may stand in its object. */
export function hearEnd(context: SessionContext): { patch: TextPatch; dropped: readonly DroppedCommand[] } {
  const { envelope, text, command, rejected } = finishAnswer(context.envelope);
  const pushed = pushText(context.cutter, text);
  const finished = finishText(pushed.cutter);
  const patch = enqueued(context, {
    cutter: finished.cutter,
    sentences: [...pushed.sentences, ...finished.sentences],
  });
  const proposal = command === null ? { patch: {}, dropped: null } : hearCommand(context, command);
  const dropped = proposal.dropped === null ? [] : [proposal.dropped];
  if (rejected !== null) dropped.push({ name: '', reason: rejected.reason, detail: rejected.detail });
  return { patch: { envelope, ...patch, ...proposal.patch }, dropped };
}

/** The model proposes a command: the first good one is kept, every other is dropped. */
export function hearCommand(
  context: SessionContext,
  proposed: ProposedCommand,
): { patch: TextPatch; dropped: DroppedCommand | null } {
  const verdict = judgeCommand(proposed, context.limits.allowedCommands);
  if (!verdict.accepted) {
    return { patch: {}, dropped: { name: verdict.name, reason: verdict.reason, detail: verdict.detail } };
  }
  if (context.command !== null) {
    const detail = `${context.command.command} came first; a session has at most one command`;
    return { patch: {}, dropped: { name: verdict.command, reason: 'second_command', detail } };
  }
  return { patch: { command: { command: verdict.command, args: verdict.args } }, dropped: null };
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

/**
 * When to look at the voice of the first of `sentences` once it is reached: after the whole timeout, or at once if it was synthesised
 * ahead and may have been silent all the while.
 */
export function firstSpeechCheckMs(context: SessionContext, sentences: readonly Sentence[]): number {
  const { speechTimeoutMs } = context.limits;
  const [head] = sentences;
  const isSynthesisedAhead = head !== undefined && head.segment < context.synthesisedBelow && head.speech !== '';
  return isSynthesisedAhead && speechTimeoutMs > 0 ? 1 : speechTimeoutMs;
}

function sentenceTime(patch: TextPatch, atMs: number): TextPatch {
  return patch.sentences === undefined ? {} : { lastSentenceAtMs: atMs };
}

function enqueued(context: SessionContext, cut: { cutter: SentenceCutter; sentences: readonly string[] }): TextPatch {
  if (cut.sentences.length === 0) return { cutter: cut.cutter };
  let speakable = context.speakable;
  let nextSegment = context.nextSegment;
  const sentences: Sentence[] = [...context.sentences];
  for (const text of cut.sentences) {
    const spoken = speak(speakable, text);
    speakable = spoken.state;
    sentences.push({ segment: nextSegment, text, speech: spoken.speech, failedAttempts: 0 });
    nextSegment += 1;
  }
  return { cutter: cut.cutter, speakable, sentences, nextSegment };
}
