/**
 * The welcome chart: one GenerateWelcomeAudio call from its admission to its one end. A given text is read in slices, its
 * sentences are spoken in order and synthesised ahead (the invariants of the queue stand in stream/speech-queue.ts).
 *
 * Guarantees, by the shape of the chart: sound in the order of the text; a sentence that can't be spoken ends the stream, for
 * there is no text on the wire to fall back on, but only when it is its turn and all before it is out; every waiting state has a
 * timed exit; the context holds the sentences of a slice or two, however long the text is. It does not know of frames: who
 * speaks is told ahead of the first sound by the outbox.
 */
import { startReading } from '../../text/text-reading.ts';
import { endings, MAX_MICROSTEPS, readerStatesOf, totalTime, voiceEndsOf } from '../stream/stream.states.ts';
import type { StreamLimits } from '../stream/stream.types.ts';
import { welcomeSetup } from './welcome.setup.ts';

const noLimits = {
  idleTimeoutMs: 0,
  speechTimeoutMs: 0,
  sessionTimeoutMs: 0,
  maxFramesPerSecond: 0,
  speechLookahead: 0,
} as const satisfies StreamLimits;

const readerStates = welcomeSetup.createStateConfig(readerStatesOf('welcome'));

const voiceStates = welcomeSetup.createStateConfig({
  initial: 'reading',
  states: {
    reading: {
      id: 'reading',
      entry: 'readOn',
      always: [
        { guard: 'isHeadFailed', target: 'failing' },
        { guard: 'hasSentence', target: 'speaking' },
        { guard: 'isReadOut', target: 'closing' },
      ],
      after: { nextSlice: { target: 'reading', reenter: true } },
    },
    speaking: {
      entry: 'sayHead',
      initial: 'listening',
      always: { guard: 'isHeadFailed', target: 'failing' },
      on: {
        'speech.finished': [
          { guard: 'hasNextSentence', actions: 'sayNext' },
          { guard: 'isHead', target: 'reading', actions: 'dropHead' },
        ],
        'speech.failed': [{ guard: 'isSynthesisWorthRetrying', actions: 'retrySynthesis' }, { actions: 'noteFailure' }],
      },
      states: {
        listening: { after: { speechCheck: 'questioned' } },
        questioned: {
          entry: 'questionSpeech',
          after: {
            replyDue: {
              target: '#welcome.error',
              actions: { type: 'endWith', params: { errorType: 'session_fault' } },
            },
          },
          on: { 'speech.progressReported': { target: 'listening', actions: ['noteSilent', 'planSpeechCheck'] } },
        },
      },
    },
    ...voiceEndsOf('welcome'),
  },
});

export const welcomeMachine = welcomeSetup.createMachine({
  id: 'welcome',
  version: '1',
  context: ({ input }) => ({
    request: { streamId: input?.streamId ?? '', sessionId: input?.sessionId ?? '', voice: '', language: '' },
    limits: input?.limits ?? noLimits,
    reading: startReading(''),
    sentences: [],
    nextSegment: 0,
    synthesisedBelow: 0,
    watch: {
      idleCheckInMs: input?.limits.idleTimeoutMs ?? 0,
      speechCheckInMs: input?.limits.speechTimeoutMs ?? 0,
    },
    failure: null,
  }),
  initial: 'idle',
  after: totalTime,
  on: endings,
  states: {
    idle: {
      ...readerStates,
      on: { 'text.received': { target: 'streaming', actions: 'takeText' } },
    },
    streaming: {
      type: 'parallel',
      invoke: {
        id: 'speech',
        src: 'speech',
        input: ({ context: { request } }) => ({
          streamId: request.streamId,
          ...(request.voice !== '' && { voice: request.voice }),
          ...(request.language !== '' && { language: request.language }),
        }),
        onError: {
          target: '#welcome.error',
          actions: ['reportActorFault', { type: 'endWith', params: { errorType: 'session_fault' } }],
        },
      },
      states: { voice: voiceStates, reader: readerStates },
    },
    done: { type: 'final' },
    error: { type: 'final' },
  },
  output: ({ context }) => ({ reason: context.failure?.errorType ?? 'completed', failure: context.failure }),
  options: { maxIterations: MAX_MICROSTEPS },
});

export type WelcomeMachine = typeof welcomeMachine;
