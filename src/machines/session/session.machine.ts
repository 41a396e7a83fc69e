/**
 * The session chart: one StreamAudio call from its admission to its one end. It does not know gRPC, engines or a clock: time enters through
 * named delays and through facts that carry a duration. What it says to the outside are emitted facts, carried out by its host.
 *
 * Invariants, by the shape of the chart; the host, the outbox and the client rely on them:
 *  1. One end. `done` and `error` are final: behind them it says nothing, and no actor and no timer of it is left.
 *  2. Order. A sentence's text is said before its sound may leave, and both before the next sentence's text; the texts joined are the
 *     answer (session.setup.ts). Who is synthesised meanwhile is the speech queue's (stream/speech-queue.ts).
 *  3. Command. At most one, and behind all words and all sound: only `commandSent` says it, and nothing leads back from there.
 *  4. Time. Every waiting state has a timed exit. In ms: sessionTimeoutMs over everything, firstTokenTimeoutMs until the model's first
 *     words, answerStallTimeoutMs from one whole sentence to the next, 5,000 for an actor's answer; 0 = off, which is 24.8 days. Behind
 *     an announced end the engine has answerStallTimeoutMs of its own, so the chart's runs 5,000 longer.
 *  5. Backlog. At 64 waiting sentences the model is made to wait (`held`), at 16 it goes on; what it had sent by then is kept.
 *  6. Failure. Whatever goes wrong is an ordinary transition to `error` with one Failure in the context. A sentence that must not fail and
 *     does ends the stream when it is its turn and all before it is out.
 */
import { and } from 'xstate';
import { emptyAnswerEnvelope } from '../../text/answer-envelope.ts';
import { emptySentenceCutter } from '../../text/sentence-cutter.ts';
import { initialSpeakable } from '../../text/speakable.ts';
import { endings, MAX_MICROSTEPS, readerStatesOf, totalTime, voiceEndsOf } from '../stream/stream.states.ts';
import type { StreamOutput } from '../stream/stream.types.ts';
import { sessionSetup } from './session.setup.ts';
import type { SessionContext, SessionInput, SessionLimits } from './session.types.ts';

const noLimits: SessionLimits = {
  idleTimeoutMs: 0,
  firstTokenTimeoutMs: 0,
  answerStallTimeoutMs: 0,
  speechTimeoutMs: 0,
  sessionTimeoutMs: 0,
  maxFramesPerSecond: 0,
  speechLookahead: 0,
  speechFailure: 'degrade',
  allowedCommands: [],
};

const readerStates = sessionSetup.createStateConfig(readerStatesOf('session'));

const answerStates = sessionSetup.createStateConfig({
  initial: 'running',
  states: {
    running: {
      invoke: {
        id: 'answer',
        src: 'answer',
        input: ({ context: { request } }) => ({
          streamId: request.streamId,
          prompt: request.prompt,
        }),
        onError: {
          target: '#session.error',
          actions: ['reportActorFault', { type: 'endWith', params: { errorType: 'session_fault' } }],
        },
      },
      initial: 'awaitingFirstToken',
      on: {
        'answer.fellQuiet': { guard: 'isAtPossibleBoundary', actions: 'hearQuiet' },
        'answer.commandReceived': { actions: 'hearCommand' },
        'answer.endAnnounced': { actions: 'extendStallWatch' },
        'answer.finished': { target: 'answered', actions: 'hearEnd' },
        'answer.failed': { target: '#session.error', actions: 'endAsDeclared' },
      },
      states: {
        awaitingFirstToken: {
          after: {
            firstTokenTimeout: {
              target: '#session.error',
              actions: { type: 'endWith', params: { errorType: 'first_token_timeout' } },
            },
          },
          on: {
            'answer.textReceived': { target: 'receiving', actions: ['startStallWatch', 'hearText'] },
            'answer.endAnnounced': { target: 'receiving', actions: 'startStallWatch' },
          },
        },
        receiving: {
          after: {
            stallCheck: [
              { guard: 'isFinishingSentences', target: 'receiving', reenter: true, actions: 'planStallCheck' },
              { target: '#session.error', actions: { type: 'endWith', params: { errorType: 'answer_stalled' } } },
            ],
          },
          always: { guard: 'isBacklogFull', target: 'held' },
          on: { 'answer.textReceived': { actions: 'hearText' } },
        },
        held: {
          entry: 'holdAnswer',
          exit: 'resumeAnswer',
          always: { guard: 'isBacklogLow', target: 'resuming' },
          on: { 'answer.textReceived': { actions: 'hearText' } },
        },
        /** The model was made to wait; its time to finish a sentence begins with its next words. */
        resuming: {
          after: {
            answerStallTimeout: {
              target: '#session.error',
              actions: { type: 'endWith', params: { errorType: 'answer_stalled' } },
            },
          },
          on: {
            'answer.textReceived': { target: 'receiving', actions: ['startStallWatch', 'hearText'] },
          },
        },
      },
    },
    answered: { id: 'answered' },
  },
});

const voiceStates = sessionSetup.createStateConfig({
  initial: 'silent',
  states: {
    silent: {
      id: 'silent',
      always: [
        { guard: 'isHeadFailed', target: 'failing' },
        { guard: 'hasSentence', target: 'speaking' },
        { guard: and(['isAnswered', 'hasCommand']), target: '#session.commandSent' },
        {
          guard: and(['isAnswered', 'hasNoWords']),
          target: '#session.error',
          actions: { type: 'endWith', params: { errorType: 'empty_answer' } },
        },
        { guard: 'isAnswered', target: 'closing' },
      ],
    },
    speaking: {
      entry: 'sayHead',
      initial: 'listening',
      always: { guard: 'isHeadFailed', target: 'failing' },
      on: {
        'speech.finished': [
          {
            guard: 'hasNextSentence',
            actions: 'sayNext',
          },
          { guard: 'isHead', target: 'silent', actions: 'dropHead' },
        ],
        'speech.failed': [
          { guard: 'isSynthesisWorthRetrying', actions: 'retrySynthesis' },
          { guard: 'isSpeechFailureFatal', actions: 'noteFailure' },
          { actions: 'giveUpSpeech' },
        ],
      },
      states: {
        listening: {
          always: { guard: 'isHeadWithoutSpeech', target: 'unvoiced' },
          after: { speechCheck: 'questioned' },
        },
        questioned: {
          entry: 'questionSpeech',
          always: { guard: 'isHeadWithoutSpeech', target: 'unvoiced' },
          after: {
            replyDue: {
              target: '#session.error',
              actions: { type: 'endWith', params: { errorType: 'session_fault' } },
            },
          },
          on: {
            'speech.progressReported': [
              { guard: 'isSpeechFailureFatal', target: 'listening', actions: ['noteSilent', 'planSpeechCheck'] },
              { target: 'listening', actions: 'abandonSilent' },
            ],
          },
        },
        unvoiced: {
          entry: 'awaitRoom',
          on: { 'outbox.roomFound': { target: '#silent', actions: 'dropUnvoicedHead' } },
        },
      },
    },
    ...voiceEndsOf('session'),
  },
});

interface Given {
  readonly context: SessionContext;
}

/** The chart without its version, and without what ends it in any state. */
const sessionChart = {
  context: ({ input }: { readonly input: SessionInput | undefined }) => ({
    request: {
      streamId: input?.streamId ?? '',
      sessionId: input?.sessionId ?? '',
      hardwareId: input?.hardwareId ?? '',
      prompt: '',
    },
    limits: input?.limits ?? noLimits,
    envelope: emptyAnswerEnvelope,
    cutter: emptySentenceCutter,
    speakable: initialSpeakable,
    sentences: [],
    nextSegment: 0,
    synthesisedBelow: 0,
    command: null,
    watch: {
      idleCheckInMs: input?.limits.idleTimeoutMs ?? 0,
      speechCheckInMs: input?.limits.speechTimeoutMs ?? 0,
      stallCheckAtMs: 0,
      stallCheckInMs: 0,
    },
    lastSentenceAtMs: 0,
    failure: null,
  }),
  initial: 'idle',
  after: totalTime,
  states: {
    idle: {
      ...readerStates,
      on: { 'request.received': { target: 'streaming', actions: 'takeRequest' } },
    },
    streaming: {
      type: 'parallel',
      invoke: {
        id: 'speech',
        src: 'speech',
        input: ({ context }: Given) => ({ streamId: context.request.streamId }),
        onError: {
          target: '#session.error',
          actions: ['reportActorFault', { type: 'endWith', params: { errorType: 'session_fault' } }],
        },
      },
      states: { answer: answerStates, voice: voiceStates, reader: readerStates },
    },
    commandSent: {
      ...readerStates,
      entry: ['sendCommand', 'sendEnd'],
      on: { 'outbox.flushed': 'done' },
    },
    done: { type: 'final' },
    error: { type: 'final' },
  },
  output: ({ context }: Given): StreamOutput => ({
    reason: context.failure?.errorType ?? 'completed',
    failure: context.failure,
  }),
  options: { maxIterations: MAX_MICROSTEPS },
} as const;

export const sessionMachine = sessionSetup.createMachine({
  ...sessionChart,
  id: 'session',
  version: '2',
  on: {
    ...endings,
    'session.superseded': { target: '.error', actions: { type: 'endWith', params: { errorType: 'superseded' } } },
  },
});

/** Version 1, in which no session was superseded: its logs are replayed by it (replay/machine-shelf.ts), and nothing else runs it. */
export const sessionMachineV1 = sessionSetup.createMachine({
  ...sessionChart,
  id: 'session',
  version: '1',
  on: endings,
});

export type SessionMachine = typeof sessionMachine;
