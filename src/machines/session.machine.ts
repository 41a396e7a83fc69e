/**
 * The session chart: one StreamAudio call from its admission to its one end.
 *
 * Guarantees, by the shape of the chart: at most one command, and only after all words and sound are out; nothing after
 * an end; a sentence's text before its sound and both before the next sentence; every waiting state has a timed exit; a
 * failure of any kind is an ordinary transition to `error`. It does not know gRPC, engines or a clock: time enters
 * through named delays and through facts that carry a duration. What it says to the outside are emitted facts.
 */
import { and, assign, type EventObject, emit, enqueueActions, fromCallback, sendTo, setup, stateIn } from 'xstate';
import { assert } from '../assert.ts';
import type { Failure } from '../errors.ts';
import { emptyAnswerEnvelope } from '../text/answer-envelope.ts';
import { emptySentenceCutter } from '../text/sentence-cutter.ts';
import { initialSpeakable } from '../text/speakable.ts';
import { failureOf, type OwnFailureType } from './session.failures.ts';
import { hearCommand, hearEnd, hearQuiet, hearText, type TextPatch } from './session.text.ts';
import type {
  AnswerInbox,
  AnswerInput,
  Sentence,
  SessionContext,
  SessionEmitted,
  SessionEvent,
  SessionInput,
  SessionLimits,
  SessionOutput,
  SpeechInbox,
  SpeechInput,
} from './session.types.ts';

/** A delay that is switched off: the longest a timer can wait (24.8 days). */
const OFF_DELAY_MS = 2 ** 31 - 1;
/** The outbox and the speech actor answer a question within one turn; later is a bug of ours. */
const REPLY_DUE_MS = 5_000;
/** Sentences waiting for the voice at which the model is made to wait, and at which it may go on. */
const BACKLOG_FULL_SENTENCES = 64;
const BACKLOG_LOW_SENTENCES = 16;
/** A synthesis that failed without a sound is tried once more. */
const MAX_SPEECH_RETRIES = 1;
/** One delta is at most 4 KiB of text: enough microsteps for any turn, few enough to stop a chart that runs in circles. */
const MAX_MICROSTEPS = 20_000;

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

const notProvided = (name: string) => () => {
  throw new Error(`${name} not provided`);
};

const sessionSetup = setup({
  types: {
    context: {} as SessionContext,
    events: {} as SessionEvent,
    emitted: {} as SessionEmitted,
    input: {} as SessionInput | undefined,
    output: {} as SessionOutput,
    children: {} as { answer: 'answer'; speech: 'speech' },
  },
  actors: {
    answer: fromCallback<AnswerInbox, AnswerInput>(notProvided('answer')),
    speech: fromCallback<EventObject, SpeechInput>(notProvided('speech')),
  },
  delays: {
    idleCheck: ({ context }) => orOff(context.watch.idleCheckInMs),
    firstTokenTimeout: ({ context }) => orOff(context.limits.firstTokenTimeoutMs),
    answerStallTimeout: ({ context }) => orOff(context.limits.answerStallTimeoutMs),
    stallCheck: ({ context }) => orOff(context.watch.stallCheckInMs),
    speechCheck: ({ context }) => orOff(context.watch.speechCheckInMs),
    sessionTimeout: ({ context }) => orOff(context.limits.sessionTimeoutMs),
    replyDue: REPLY_DUE_MS,
  },
  guards: {
    isAnswered: stateIn('#answered'),
    hasSentence: ({ context }) => context.sentences.length > 0,
    hasCommand: ({ context }) => context.command !== null,
    hasNoWords: ({ context }) => context.nextSegment === 0,
    isFinishingSentences: ({ context }) =>
      context.lastSentenceAtMs + context.limits.answerStallTimeoutMs > context.watch.stallCheckAtMs,
    hasNextSentence: ({ context, event }) =>
      event.type === 'speech.finished' &&
      context.sentences[0]?.segment === event.segment &&
      context.sentences.length > 1,
    isBacklogFull: ({ context }) => context.sentences.length >= BACKLOG_FULL_SENTENCES,
    isBacklogLow: ({ context }) => context.sentences.length <= BACKLOG_LOW_SENTENCES,
    isHeadWithoutSpeech: ({ context }) => context.sentences[0]?.speech === '',
    isHead: ({ context, event }) => event.type === 'speech.finished' && context.sentences[0]?.segment === event.segment,
    isSynthesisWorthRetrying: ({ context, event }) =>
      event.type === 'speech.failed' && event.retryable && isRetryLeft(sentenceOf(context, event.segment)),
    isSpeechFailureFatal: ({ context, event }) =>
      context.limits.speechFailure === 'fail' &&
      (event.type === 'speech.failed'
        ? sentenceOf(context, event.segment) !== undefined
        : silentSegments(context, event).length > 0),
    isReaderIdle: ({ context, event }) =>
      event.type === 'outbox.activityReported' &&
      context.limits.idleTimeoutMs > 0 &&
      event.idleMs >= context.limits.idleTimeoutMs,
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
      if (event.type !== 'answer.textReceived') return;
      const { answerStallTimeoutMs } = context.limits;
      enqueue.assign({
        lastSentenceAtMs: event.atMs,
        watch: {
          ...context.watch,
          stallCheckAtMs: event.atMs + answerStallTimeoutMs,
          stallCheckInMs: answerStallTimeoutMs,
        },
      });
    }),
    planStallCheck: enqueueActions(({ context, enqueue }) => {
      const nextCheckAtMs = context.lastSentenceAtMs + context.limits.answerStallTimeoutMs;
      const stallCheckInMs = nextCheckAtMs - context.watch.stallCheckAtMs;
      enqueue.assign({ watch: { ...context.watch, stallCheckAtMs: nextCheckAtMs, stallCheckInMs } });
    }),
    hearEnd: enqueueActions(({ context, enqueue }) => {
      const end = hearEnd(context);
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
      enqueue.assign({ ...patch, watch: { ...context.watch, speechCheckInMs: context.limits.speechTimeoutMs } });
      enqueue.emit(emitted);
    }),
    /** The head is said: the same for the one behind it. */
    sayNext: enqueueActions(({ context, enqueue }) => {
      const { patch, emitted } = headReached(context, context.sentences.slice(1));
      enqueue.assign(patch);
      enqueue.emit(emitted);
    }),
    retrySynthesis: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'speech.failed') return;
      const sentence = sentenceOf(context, event.segment);
      if (sentence === undefined) return;
      const { segment, speech, failedAttempts } = sentence;
      enqueue.assign({
        sentences: replaceSentence(context, { ...sentence, failedAttempts: failedAttempts + 1 }),
      });
      const due: SpeechInbox = { type: 'sentence.due', segment, speech };
      const turn: SpeechInbox = { type: 'sentence.turnCame', segment };
      enqueue.emit({ type: 'speech.informed', facts: context.sentences[0] === sentence ? [due, turn] : [due] });
    }),
    giveUpSpeech: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'speech.failed') return;
      const sentence = sentenceOf(context, event.segment);
      if (sentence === undefined) return;
      enqueue.assign({ sentences: replaceSentence(context, { ...sentence, speech: '' }) });
      enqueue.emit({ type: 'sentence.leftUnspoken', segment: event.segment, reason: event.message });
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
          reason: `No sound for ${context.limits.speechTimeoutMs / 1000}s`,
        });
      }
    }),
    questionSpeech: emit({ type: 'speech.informed', facts: [{ type: 'progress.questioned' }] }),
    dropHead: assign({ sentences: ({ context }) => context.sentences.slice(1) }),
    awaitRoom: emit({ type: 'room.awaited' }),
    reportActorFault: enqueueActions(({ event, enqueue }) => {
      enqueue.emit({ type: 'actor.faulted', detail: errorDetailOf(event) });
    }),
    sendCommand: enqueueActions(({ context, enqueue }) => {
      if (context.command === null) return;
      enqueue.emit({ type: 'command.reached', ...context.command });
      enqueue.assign({ command: null });
    }),
    sendEnd: emit({ type: 'end.reached' }),
    questionActivity: emit({ type: 'activity.questioned' }),
    planIdleCheck: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'outbox.activityReported') return;
      const { idleTimeoutMs } = context.limits;
      const idleCheckInMs = idleTimeoutMs > 0 ? Math.max(1, idleTimeoutMs - event.idleMs) : 0;
      enqueue.assign({ watch: { ...context.watch, idleCheckInMs } });
    }),
  },
});

/** Watches the reader: asks the outbox only when the timeout may have passed, so that frames need no event. */
const readerStates = sessionSetup.createStateConfig({
  initial: 'attentive',
  states: {
    attentive: { after: { idleCheck: 'questioned' } },
    questioned: {
      entry: 'questionActivity',
      after: {
        replyDue: { target: '#session.error', actions: { type: 'endWith', params: { errorType: 'session_fault' } } },
      },
      on: {
        'outbox.activityReported': [
          {
            guard: 'isReaderIdle',
            target: '#session.error',
            actions: { type: 'endWith', params: { errorType: 'stream_idle_timeout' } },
          },
          { target: 'attentive', actions: 'planIdleCheck' },
        ],
      },
    },
  },
});

const answerStates = sessionSetup.createStateConfig({
  initial: 'running',
  states: {
    running: {
      invoke: {
        id: 'answer',
        src: 'answer',
        input: ({ context: { request } }) => ({
          streamId: request.streamId,
          hardwareId: request.hardwareId,
          prompt: request.prompt,
        }),
        onError: {
          target: '#session.error',
          actions: ['reportActorFault', { type: 'endWith', params: { errorType: 'session_fault' } }],
        },
      },
      initial: 'awaitingFirstToken',
      on: {
        'answer.fellQuiet': { actions: 'hearQuiet' },
        'answer.commandReceived': { actions: 'hearCommand' },
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
          on: { 'answer.textReceived': { target: 'receiving', actions: ['startStallWatch', 'hearText'] } },
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
          {
            guard: 'isSpeechFailureFatal',
            target: '#session.error',
            actions: { type: 'endWith', params: { errorType: 'speech_failed' } },
          },
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
              {
                guard: 'isSpeechFailureFatal',
                target: '#session.error',
                actions: { type: 'endWith', params: { errorType: 'speech_failed' } },
              },
              { target: 'listening', actions: 'abandonSilent' },
            ],
          },
        },
        unvoiced: {
          entry: 'awaitRoom',
          on: { 'outbox.roomFound': { target: '#silent', actions: 'dropHead' } },
        },
      },
    },
    closing: {
      entry: 'sendEnd',
      on: { 'outbox.flushed': '#session.done' },
    },
  },
});

export const sessionMachine = sessionSetup.createMachine({
  id: 'session',
  version: '1',
  context: ({ input }) => ({
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
  after: {
    sessionTimeout: { target: '.error', actions: { type: 'endWith', params: { errorType: 'session_timeout' } } },
  },
  on: {
    'client.cancelled': { target: '.error', actions: { type: 'endWith', params: { errorType: 'client_cancelled' } } },
    'device.interruptRequested': {
      target: '.error',
      actions: { type: 'endWith', params: { errorType: 'interrupted' } },
    },
    'server.graceExpired': { target: '.error', actions: { type: 'endWith', params: { errorType: 'draining' } } },
    'outbox.rateExceeded': {
      target: '.error',
      actions: { type: 'endWith', params: { errorType: 'rate_limit_exceeded' } },
    },
    'session.faulted': { target: '.error', actions: { type: 'endWith', params: { errorType: 'session_fault' } } },
  },
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
        input: ({ context }) => ({ streamId: context.request.streamId }),
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
  output: ({ context }) => ({ reason: context.failure?.errorType ?? 'completed', failure: context.failure }),
  options: { maxIterations: MAX_MICROSTEPS },
});

export type SessionMachine = typeof sessionMachine;

function orOff(ms: number): number {
  return ms > 0 ? Math.min(ms, OFF_DELAY_MS) : OFF_DELAY_MS;
}

function errorDetailOf(event: object): string {
  if (!('error' in event)) return 'an actor ended with an unknown error';
  return event.error instanceof Error ? (event.error.stack ?? event.error.message) : String(event.error);
}

function sentenceOf(context: SessionContext, segment: number): Sentence | undefined {
  return context.sentences.find((sentence) => sentence.segment === segment);
}

function isRetryLeft(sentence: Sentence | undefined): boolean {
  return sentence !== undefined && sentence.failedAttempts < MAX_SPEECH_RETRIES;
}

function replaceSentence(context: SessionContext, replacement: Sentence): readonly Sentence[] {
  return context.sentences.map((sentence) => (sentence.segment === replacement.segment ? replacement : sentence));
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
function silentSegments(context: SessionContext, event: SessionEvent): readonly number[] {
  const { speechTimeoutMs } = context.limits;
  if (event.type !== 'speech.progressReported' || speechTimeoutMs === 0) return [];
  return event.silences.filter(({ silentMs }) => silentMs >= speechTimeoutMs).map(({ segment }) => segment);
}

/** When the longest remaining silence reaches the timeout. */
function nextSpeechCheckMs(context: SessionContext, event: SessionEvent): number {
  const { speechTimeoutMs } = context.limits;
  if (event.type !== 'speech.progressReported' || speechTimeoutMs === 0) return speechTimeoutMs;
  const remaining = event.silences
    .map(({ silentMs }) => speechTimeoutMs - silentMs)
    .filter((remainingMs) => remainingMs > 0);
  return Math.max(1, Math.min(speechTimeoutMs, ...remaining));
}
