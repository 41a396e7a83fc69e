/**
 * What the welcome chart is made of, by name: its delays, guards and actions (XState's `setup`). The chart itself is
 * welcome.machine.ts. Context changes only in assign; everything for the outside is an emitted fact.
 */
import { assign, type EventObject, emit, enqueueActions, fromCallback, setup } from 'xstate';
import { assert } from '../../assert.ts';
import { type ErrorType, type Failure, failure } from '../../errors.ts';
import { greetingFor, readSlice, startReading } from '../../text/text-reading.ts';
import {
  dueFacts,
  failedSentence,
  isRetryLeft,
  nextSpeechCheckMs,
  retried,
  silentSegments,
  windowEnd,
  withFailure,
} from '../stream/speech-queue.ts';
import { type StreamFailureType, streamFailureOf } from '../stream/stream.failures.ts';
import type { SpeechInput, SpokenSentence, StreamEmitted, StreamOutput } from '../stream/stream.types.ts';
import {
  errorDetailOf,
  failureOfHead,
  nextIdleCheckMs,
  streamDelays,
  streamGuards,
} from '../stream/stream.vocabulary.ts';
import type { WelcomeContext, WelcomeEvent, WelcomeInput } from './welcome.types.ts';

/** Between two slices without a sentence the event loop gets a breath. */
const NEXT_SLICE_MS = 1;

/** What a voice may say of the request itself: to try again is pointless, and the client should know. */
const verdicts: readonly ErrorType[] = ['not_found', 'access_denied', 'unauthenticated', 'invalid_request'];

/** The vocabulary of the welcome chart. */
export const welcomeSetup = setup({
  types: {
    context: {} as WelcomeContext,
    events: {} as WelcomeEvent,
    emitted: {} as StreamEmitted,
    input: {} as WelcomeInput | undefined,
    output: {} as StreamOutput,
    children: {} as { speech: 'speech' },
  },
  actors: {
    speech: fromCallback<EventObject, SpeechInput>(() => {
      throw new Error('speech not provided');
    }),
  },
  delays: {
    ...streamDelays,
    nextSlice: NEXT_SLICE_MS,
  },
  guards: {
    ...streamGuards,
    isReadOut: ({ context }) => context.reading.isFinished,
    isSynthesisWorthRetrying: ({ context, event }) =>
      isRetryLeft(context, event) && !(event.type === 'speech.failed' && verdicts.includes(event.failure.errorType)),
  },
  actions: {
    takeText: assign(({ context, event }) => {
      if (event.type !== 'text.received') return {};
      const { voice } = event;
      const { text, language } = event.text.trim() === '' ? greetingFor(event.language) : event;
      return { request: { ...context.request, voice, language }, reading: startReading(text) };
    }),
    readOn: assign(({ context }) => readPatch(context, context.sentences)),
    /** The head's sound may go out, and the next sentences are synthesised meanwhile. */
    sayHead: enqueueActions(({ context, enqueue }) => {
      const { patch, facts } = headReached(context, context.sentences);
      enqueue.assign(patch);
      enqueue.emit({ type: 'speech.informed', facts });
    }),
    /** The head is said: the same for the one behind it. */
    sayNext: enqueueActions(({ context, enqueue }) => {
      const { patch, facts } = headReached(context, context.sentences.slice(1));
      enqueue.assign(patch);
      enqueue.emit({ type: 'speech.informed', facts });
    }),
    dropHead: assign(({ context }) => ({
      sentences: context.sentences.slice(1),
      watch: { ...context.watch, speechCheckInMs: context.limits.speechTimeoutMs },
    })),
    retrySynthesis: enqueueActions(({ context, event, enqueue }) => {
      const sentence = failedSentence(context, event);
      if (sentence === undefined) return;
      const { sentences, facts } = retried(context, sentence);
      enqueue.assign({ sentences });
      enqueue.emit({ type: 'speech.informed', facts });
    }),
    noteFailure: enqueueActions(({ context, event, enqueue }) => {
      const sentence = failedSentence(context, event);
      if (event.type !== 'speech.failed' || sentence === undefined) return;
      const { sentences, facts } = withFailure(context, [sentence.segment], unspokenBecause(event.failure));
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
    questionSpeech: emit({ type: 'speech.informed', facts: [{ type: 'progress.questioned' }] }),
    planSpeechCheck: assign(({ context, event }) => ({
      watch: { ...context.watch, speechCheckInMs: nextSpeechCheckMs(context, event) },
    })),
    questionActivity: emit({ type: 'activity.questioned' }),
    planIdleCheck: assign(({ context, event }) => ({
      watch: { ...context.watch, idleCheckInMs: nextIdleCheckMs(context, event) },
    })),
    awaitFlush: emit({ type: 'flush.awaited' }),
    sendEnd: emit({ type: 'end.reached' }),
    endWith: assign({
      failure: ({ context, event }, params: { errorType: StreamFailureType }): Failure =>
        streamFailureOf(params.errorType, context, event),
    }),
    endAsFailed: assign({ failure: ({ context }) => failureOfHead(context) }),
    reportActorFault: enqueueActions(({ event, enqueue }) => {
      enqueue.emit({ type: 'actor.faulted', detail: errorDetailOf(event) });
    }),
  },
});

/** One slice more, behind the sentences that wait. */
function readPatch(context: WelcomeContext, waiting: readonly SpokenSentence[]) {
  const slice = readSlice(context.reading);
  const { nextSegment } = context;
  const read = slice.sentences.map((speech, index) => ({ segment: nextSegment + index, speech, failedAttempts: 0 }));
  return {
    reading: slice.reading,
    sentences: read.length === 0 ? waiting : [...waiting, ...read],
    nextSegment: nextSegment + read.length,
  };
}

/** The first of `waiting` is to be said; a slice more is read if the look-ahead behind it is not filled. */
function headReached(context: WelcomeContext, waiting: readonly SpokenSentence[]) {
  const isFilled = waiting.length > context.limits.speechLookahead;
  const { reading, sentences, nextSegment } = isFilled
    ? { ...context, sentences: waiting }
    : readPatch(context, waiting);
  const [head] = sentences;
  assert(head !== undefined, 'there is no sentence to say');
  const synthesisedBelow = windowEnd(context, sentences);
  return {
    patch: { reading, sentences, nextSegment, synthesisedBelow },
    facts: [...dueFacts(context, sentences), { type: 'sentence.turnCame', segment: head.segment } as const],
  };
}

/** Some failures the client can do something about; of all others it hears that there is no voice at the moment. */
function unspokenBecause(failed: Failure): Failure {
  const isTold = verdicts.includes(failed.errorType) || failed.errorType === 'overloaded';
  return isTold ? failed : failure('speech_failed', failed.message);
}
