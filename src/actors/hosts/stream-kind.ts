/**
 * The kinds of streams: what is an answer's or a welcome's own. One host runs them all (stream-host.ts); a kind only says which chart,
 * what that is told first, and what goes beside it. No kind knows its host.
 */
import { createActor } from 'xstate';
import type { Call } from '../../call/call.ts';
import type { Frame, Screen, StreamRequest, WelcomeRequest } from '../../call/gateway.ts';
import type { OwnTime } from '../../call/own-time.ts';
import type { Failure } from '../../errors.ts';
import type { SessionMachine } from '../../machines/session/session.machine.ts';
import type { SessionEmitted, SessionLimits } from '../../machines/session/session.types.ts';
import type { StreamEvent, StreamLimits } from '../../machines/stream/stream.types.ts';
import type { WelcomeMachine } from '../../machines/welcome/welcome.machine.ts';
import { type ConversationMemory, HeardWords } from '../answer/conversation-memory.ts';
import { withChartTimers } from './chart-timers.ts';

/** The actor of a stream's chart, as far as its host must know it. */
export interface StreamChart<TFirst> {
  start(): unknown;
  send(event: StreamEvent | TFirst): void;
  on(type: '*', handler: (emitted: SessionEmitted) => void): unknown;
  subscribe(observer: { readonly complete: () => void; readonly error: (error: unknown) => void }): unknown;
  getSnapshot(): { readonly context: { readonly failure: Failure | null; readonly nextSegment: number } };
}

/** What every kind is asked with. */
export interface HostedRequest {
  readonly call: Call;
  readonly screen?: Screen;
}

export interface StreamKind<TRequest extends HostedRequest, TFirst> {
  /** The chart of one stream, made and not started; its delays are of the time in which this process runs. */
  chartOf(request: TRequest, clock: OwnTime): StreamChart<TFirst>;
  /** What the chart is told as soon as it runs. */
  firstFact(request: TRequest): TFirst;
  /** Makes the frame that goes ahead of the first one, whatever that is; absent = none does. */
  readonly opening?: () => Frame;
  /** Keeps what the client hears, to remember it; absent = nothing is remembered. */
  readonly heard?: (request: TRequest) => HeardWords;
}

interface RequestReceived {
  readonly type: 'request.received';
  readonly prompt: string;
}

interface TextReceived {
  readonly type: 'text.received';
  readonly text: string;
  readonly voice: string;
  readonly language: string;
}

export type AnswerKind = StreamKind<StreamRequest, RequestReceived>;
export type WelcomeKind = StreamKind<WelcomeRequest, TextReceived>;

export interface AnswerKindOptions {
  /** The session machine with its actors, behind the fault barrier; built once. */
  readonly machine: SessionMachine;
  readonly limits: SessionLimits;
  readonly memory: ConversationMemory | null;
}

/** StreamAudio: a model answers a prompt. */
export function answerKind({ machine, limits, memory }: AnswerKindOptions): AnswerKind {
  return {
    chartOf: ({ call: { streamId, sessionId, hardwareId } }, clock) =>
      withChartTimers(
        createActor(machine, { id: streamId, clock, input: { streamId, sessionId, hardwareId, limits } }),
        clock,
      ),
    firstFact: ({ prompt }) => ({ type: 'request.received', prompt }),
    ...(memory !== null && {
      heard: ({ call, prompt }) => new HeardWords(memory, { hardwareId: call.hardwareId, prompt }),
    }),
  };
}

export interface WelcomeKindOptions {
  /** The welcome machine with its voice, behind the fault barrier; built once. */
  readonly machine: WelcomeMachine;
  readonly limits: StreamLimits;
  /** The name of the speech engine that is in use now. */
  readonly voiceName: () => string;
}

/** GenerateWelcomeAudio: a given text is spoken, and the frame that says who speaks goes ahead. */
export function welcomeKind({ machine, limits, voiceName }: WelcomeKindOptions): WelcomeKind {
  return {
    chartOf: ({ call: { streamId, sessionId } }, clock) =>
      withChartTimers(createActor(machine, { id: streamId, clock, input: { streamId, sessionId, limits } }), clock),
    firstFact: ({ text, voice = '', language = '' }) => ({ type: 'text.received', text, voice, language }),
    opening: () => ({ kind: 'metadata', method: voiceName() }),
  };
}
