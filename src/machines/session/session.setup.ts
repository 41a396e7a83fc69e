/**
 * What the session chart is made of, by name: its delays, guards and actions (XState's `setup`). The chart itself, which says when
 * each of them happens, is session.machine.ts. Context changes only in assign; everything for the outside is an emitted fact.
 *
 * Below them is how the session's buffers change, as pure functions over its context: text in, sentences and at most one command out,
 * and when a sentence has its turn. Guarantees: the texts of all sentences joined are the answer's words (only the two ends trimmed), and
 * a second command changes nothing. Cost is linear in the answer.
 */
import { assign, type EventObject, emit, enqueueActions, fromCallback, sendTo, setup, stateIn } from 'xstate';
import { assert } from '../../assert.ts';
import { type ErrorType, type Failure, failure } from '../../errors.ts';
import { finishAnswer, type ProposedCommand, pushAnswer } from '../../text/answer-envelope.ts';
import { judgeCommand } from '../../text/commands.ts';
import { finishText, pushText, type SentenceCutter, settleQuiet } from '../../text/sentence-cutter.ts';
import { quietWaitMs } from '../../text/sentence-quiet.ts';
import { speak } from '../../text/speakable.ts';
import {
  dueFacts,
  failedSentence,
  isRetryLeft,
  nextSpeechCheckMs,
  replaceSentence,
  retried,
  silentSegments,
  windowEnd,
  withFailure,
} from '../stream/speech-queue.ts';
import { type StreamFailureType, secondsText, streamFailureOf } from '../stream/stream.failures.ts';
import type { SpeechInbox, SpeechInput, StreamOutput } from '../stream/stream.types.ts';
import {
  errorDetailOf,
  failureOfHead,
  nextIdleCheckMs,
  streamDelays,
  streamGuards,
} from '../stream/stream.vocabulary.ts';
import { orOff } from '../timer.ts';
import type {
  AnswerInbox,
  AnswerInput,
  Sentence,
  SessionContext,
  SessionEmitted,
  SessionEvent,
  SessionInput,
} from './session.types.ts';

/** Sentences waiting for the voice at which the model is made to wait, and at which it may go on. */
const BACKLOG_FULL_SENTENCES = 64;
const BACKLOG_LOW_SENTENCES = 16;

/** As long as any actor may take for its answer. */
const END_GRACE_MS = 5_000;

const notProvided = (name: string) => () => {
  throw new Error(`${name} not provided`);
};

/** The vocabulary of the session chart. */
export const sessionSetup = setup({
  types: {
    context: {} as SessionContext,
    events: {} as SessionEvent,
    emitted: {} as SessionEmitted,
    input: {} as SessionInput | undefined,
    output: {} as StreamOutput,
    children: {} as { answer: 'answer'; speech: 'speech' },
  },
  actors: {
    answer: fromCallback<AnswerInbox, AnswerInput>(notProvided('answer')),
    speech: fromCallback<EventObject, SpeechInput>(notProvided('speech')),
  },
  delays: {
    ...streamDelays,
    firstTokenTimeout: ({ context }) => orOff(context.limits.firstTokenTimeoutMs),
    answerStallTimeout: ({ context }) => orOff(context.limits.answerStallTimeoutMs),
    stallCheck: ({ context }) => orOff(context.watch.stallCheckInMs),
  },
  guards: {
    ...streamGuards,
    isAnswered: stateIn('#answered'),
    hasCommand: ({ context }) => context.command !== null,
    hasNoWords: ({ context }) => context.nextSegment === 0,
    isFinishingSentences: ({ context }) =>
      context.lastSentenceAtMs + context.limits.answerStallTimeoutMs > context.watch.stallCheckAtMs,
    isAtPossibleBoundary: ({ context, event }) =>
      event.type === 'answer.fellQuiet' && isLongEnough(quietWaitMs(context.cutter), event.quietMs),
    isBacklogFull: ({ context }) => context.sentences.length >= BACKLOG_FULL_SENTENCES,
    isBacklogLow: ({ context }) => context.sentences.length <= BACKLOG_LOW_SENTENCES,
    isHeadWithoutSpeech: ({ context }) => context.sentences[0]?.speech === '',
    isSynthesisWorthRetrying: ({ context, event }) => isRetryLeft(context, event),
    isSpeechFailureFatal: ({ context, event }) =>
      context.limits.speechFailure === 'fail' &&
      (event.type === 'speech.failed'
        ? failedSentence(context, event) !== undefined
        : silentSegments(context, event).length > 0),
  },
  actions: {
    takeRequest: assign({
      request: ({ context, event }) =>
        event.type === 'request.received' ? { ...context.request, prompt: event.prompt } : context.request,
    }),
    endWith: assign({
      failure: ({ context, event }, params: { errorType: OwnFailureType }): Failure =>
        failureOf(params.errorType, context, event),
    }),
    endAsDeclared: assign({
      failure: ({ context, event }) => (event.type === 'answer.failed' ? event.failure : context.failure),
    }),
    hearText: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'answer.textReceived') return;
      const { patch, facts } = withDueSentences(context, hearText(context, event));
      enqueue.assign(patch);
      if (facts.length > 0) enqueue.emit({ type: 'speech.informed', facts });
    }),
    hearQuiet: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'answer.fellQuiet') return;
      const { patch, facts } = withDueSentences(context, hearQuiet(context, event));
      enqueue.assign(patch);
      if (facts.length > 0) enqueue.emit({ type: 'speech.informed', facts });
    }),
    startStallWatch: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'answer.textReceived' && event.type !== 'answer.endAnnounced') return;
      const { answerStallTimeoutMs } = context.limits;
      const graceMs = event.type === 'answer.endAnnounced' ? END_GRACE_MS : 0;
      enqueue.assign({
        lastSentenceAtMs: event.atMs + graceMs,
        watch: {
          ...context.watch,
          stallCheckAtMs: event.atMs + graceMs + answerStallTimeoutMs,
          stallCheckInMs: orStaysOff(answerStallTimeoutMs, graceMs),
        },
      });
    }),
    /** The model owes no further sentence: its engine ends the wait, and is given the time to. */
    extendStallWatch: assign({
      lastSentenceAtMs: ({ context, event }) =>
        event.type === 'answer.endAnnounced' ? event.atMs + END_GRACE_MS : context.lastSentenceAtMs,
    }),
    planStallCheck: enqueueActions(({ context, enqueue }) => {
      const nextCheckAtMs = context.lastSentenceAtMs + context.limits.answerStallTimeoutMs;
      const stallCheckInMs = nextCheckAtMs - context.watch.stallCheckAtMs;
      enqueue.assign({ watch: { ...context.watch, stallCheckAtMs: nextCheckAtMs, stallCheckInMs } });
    }),
    hearEnd: enqueueActions(({ context, event, enqueue }) => {
      const end = hearEnd(context, event.type === 'answer.finished' && event.isCutOff === true);
      const { patch, facts } = withDueSentences(context, end.patch);
      enqueue.assign(patch);
      if (facts.length > 0) enqueue.emit({ type: 'speech.informed', facts });
      for (const dropped of end.dropped) enqueue.emit({ type: 'command.dropped', ...dropped });
    }),
    hearCommand: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'answer.commandReceived') return;
      const { patch, dropped } = hearCommand(context, event);
      enqueue.assign(patch);
      if (dropped !== null) enqueue.emit({ type: 'command.dropped', ...dropped });
    }),
    holdAnswer: sendTo('answer', { type: 'backlog.filled' }),
    resumeAnswer: sendTo('answer', { type: 'backlog.drained' }),
    /** The head's text goes out, its sound may follow, and the next sentences are synthesised meanwhile. */
    sayHead: enqueueActions(({ context, enqueue }) => {
      const { patch, emitted } = headReached(context, context.sentences);
      enqueue.assign(patch);
      enqueue.emit(emitted);
    }),
    /** The head is said: the same for the one behind it. */
    sayNext: enqueueActions(({ context, enqueue }) => {
      const { patch, emitted } = headReached(context, context.sentences.slice(1));
      enqueue.assign(patch);
      enqueue.emit(emitted);
    }),
    retrySynthesis: enqueueActions(({ context, event, enqueue }) => {
      const sentence = failedSentence(context, event);
      if (sentence === undefined) return;
      const { sentences, facts } = retried(context, sentence);
      enqueue.assign({ sentences });
      enqueue.emit({ type: 'speech.informed', facts });
    }),
    giveUpSpeech: enqueueActions(({ context, event, enqueue }) => {
      const sentence = failedSentence(context, event);
      if (event.type !== 'speech.failed' || sentence === undefined) return;
      enqueue.assign({ sentences: replaceSentence(context, { ...sentence, speech: '' }) });
      enqueue.emit({ type: 'sentence.leftUnspoken', segment: event.segment, reason: event.failure.message });
    }),
    noteFailure: enqueueActions(({ context, event, enqueue }) => {
      const sentence = failedSentence(context, event);
      if (sentence === undefined) return;
      const why = streamFailureOf('speech_failed', context, event);
      const { sentences, facts } = withFailure(context, [sentence.segment], why);
      enqueue.assign({ sentences });
      if (facts.length > 0) enqueue.emit({ type: 'speech.informed', facts });
    }),
    noteSilent: enqueueActions(({ context, event, enqueue }) => {
      const silent = silentSegments(context, event);
      if (silent.length === 0) return;
      const { sentences, facts } = withFailure(context, silent, streamFailureOf('speech_failed', context, event));
      enqueue.assign({ sentences });
      if (facts.length > 0) enqueue.emit({ type: 'speech.informed', facts });
    }),
    abandonSilent: enqueueActions(({ context, event, enqueue }) => {
      const silent = silentSegments(context, event);
      enqueue.assign({
        sentences: context.sentences.map((s) => (silent.includes(s.segment) ? { ...s, speech: '' } : s)),
        watch: { ...context.watch, speechCheckInMs: nextSpeechCheckMs(context, event) },
      });
      for (const segment of silent) {
        enqueue.emit({ type: 'speech.informed', facts: [{ type: 'sentence.abandoned', segment }] });
        enqueue.emit({
          type: 'sentence.leftUnspoken',
          segment,
          reason: `No sound for ${secondsText(context.limits.speechTimeoutMs)}`,
        });
      }
    }),
    planSpeechCheck: assign(({ context, event }) => ({
      watch: { ...context.watch, speechCheckInMs: nextSpeechCheckMs(context, event) },
    })),
    questionSpeech: emit({ type: 'speech.informed', facts: [{ type: 'progress.questioned' }] }),
    /** The head is said, sound and all: the voice works, so it is looked at only after the whole timeout. */
    dropHead: assign(({ context }) => ({
      sentences: context.sentences.slice(1),
      watch: { ...context.watch, speechCheckInMs: context.limits.speechTimeoutMs },
    })),
    /** The head goes without sound: whoever comes next may have been silent all the while. */
    dropUnvoicedHead: assign(({ context }) => {
      const sentences = context.sentences.slice(1);
      return { sentences, watch: { ...context.watch, speechCheckInMs: firstSpeechCheckMs(context, sentences) } };
    }),
    awaitRoom: emit({ type: 'room.awaited' }),
    reportActorFault: enqueueActions(({ event, enqueue }) => {
      enqueue.emit({ type: 'actor.faulted', detail: errorDetailOf(event) });
    }),
    sendCommand: enqueueActions(({ context, enqueue }) => {
      if (context.command === null) return;
      enqueue.emit({ type: 'command.reached', ...context.command });
      // The reader may have been idle for a while: the watch begins anew here, so it looks at once.
      const idleCheckInMs = context.limits.idleTimeoutMs > 0 ? 1 : 0;
      enqueue.assign({ command: null, watch: { ...context.watch, idleCheckInMs } });
    }),
    awaitFlush: emit({ type: 'flush.awaited' }),
    endAsFailed: assign({ failure: ({ context }) => failureOfHead(context) }),
    sendEnd: emit({ type: 'end.reached' }),
    questionActivity: emit({ type: 'activity.questioned' }),
    planIdleCheck: assign(({ context, event }) => ({
      watch: { ...context.watch, idleCheckInMs: nextIdleCheckMs(context, event) },
    })),
  },
});

/** Ends that the session chart itself decides; the others come as a ready failure with their event. */
type OwnFailureType = StreamFailureType | Extract<ErrorType, 'first_token_timeout' | 'answer_stalled' | 'empty_answer'>;

/** The failure for `errorType`, with the actual values and bounds in its text. */
function failureOf(errorType: OwnFailureType, context: SessionContext, event: SessionEvent): Failure {
  const { limits } = context;
  switch (errorType) {
    case 'first_token_timeout':
      return failure(errorType, `The model said nothing for ${secondsText(limits.firstTokenTimeoutMs)}`);
    case 'answer_stalled':
      return failure(errorType, `The model finished no sentence for ${secondsText(limits.answerStallTimeoutMs)}`);
    case 'empty_answer':
      return failure(errorType, 'The model ended with nothing to say');
    default:
      return streamFailureOf(errorType, context, event);
  }
}

/** The part of the context that text changes. */
type TextPatch = Partial<
  Pick<
    SessionContext,
    'envelope' | 'cutter' | 'speakable' | 'sentences' | 'nextSegment' | 'command' | 'lastSentenceAtMs'
  >
>;

/** A command that will not be carried out, and why; never its arguments. */
interface DroppedCommand {
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

/** What a silence was that does not say how long it was: older logs have only such. */
const WHOLE_SILENCE_MS = 200;

function isLongEnough(waitMs: number | null, quietMs: number = WHOLE_SILENCE_MS): boolean {
  return waitMs !== null && quietMs >= waitMs;
}

/** A short silence: what ends like a sentence is one, the surer the sooner. */
export function hearQuiet(
  context: SessionContext,
  { atMs, quietMs = WHOLE_SILENCE_MS }: { readonly atMs: number; readonly quietMs?: number },
): TextPatch {
  const patch = enqueued(context, settleQuiet(context.cutter, quietMs));
  return { ...patch, ...sentenceTime(patch, atMs) };
}

/**
 * The answer is over: whatever is left is the last sentence; a command may stand in its object. There is none in an answer that did not end
 * in order, however whole its object is.
 */
export function hearEnd(
  context: SessionContext,
  isCutOff = false,
): { patch: TextPatch; dropped: readonly DroppedCommand[] } {
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
  const accepted = proposal.patch.command ?? context.command;
  if (!isCutOff || accepted === null) return { patch: { envelope, ...patch, ...proposal.patch }, dropped };
  const detail = 'the model did not end its answer in order';
  dropped.push({ name: accepted.command, reason: 'cut_off', detail });
  return { patch: { envelope, ...patch, command: null }, dropped };
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
function withDueSentences(context: SessionContext, patch: TextPatch) {
  const { sentences } = patch;
  if (sentences === undefined) return { patch, facts: [] };
  const facts = dueFacts(context, sentences);
  return { patch: { ...patch, synthesisedBelow: windowEnd(context, sentences) }, facts };
}

/** The first of `sentences` is to be said. */
function headReached(context: SessionContext, sentences: readonly Sentence[]) {
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
function firstSpeechCheckMs(context: SessionContext, sentences: readonly Sentence[]): number {
  const { speechTimeoutMs } = context.limits;
  const [head] = sentences;
  const isSynthesisedAhead = head !== undefined && head.segment < context.synthesisedBelow && head.speech !== '';
  return isSynthesisedAhead && speechTimeoutMs > 0 ? 1 : speechTimeoutMs;
}

/** Off stays off. */
function orStaysOff(timeoutMs: number, graceMs: number): number {
  return timeoutMs > 0 ? timeoutMs + graceMs : timeoutMs;
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
