/**
 * What every chart that speaks has in common: the limits it lives under, what it holds, what it hears and what it says. The charts of
 * the session and of the welcome add their own to it; nothing here knows of them. Plain JSON throughout: it is recorded, hashed and
 * replayed. Sound never enters; it travels beside the chart, which knows it by the sentence it belongs to.
 */
import type { Failure } from '../../errors.ts';

/** The settings any stream lives under; all times in milliseconds, 0 = off. */
export interface StreamLimits {
  readonly idleTimeoutMs: number;
  readonly speechTimeoutMs: number;
  readonly sessionTimeoutMs: number;
  /** Frames within one second; 0 = off. Enforced by the outbox, named in the failure's text. */
  readonly maxFramesPerSecond: number;
  /** How many sentences are synthesised ahead of the one being said. */
  readonly speechLookahead: number;
}

/** What the voice's side of a chart must know of a sentence. */
export interface SpokenSentence {
  /** Counts from 0 over the whole stream. */
  readonly segment: number;
  /** As the voice gets it; '' = nothing to speak, or its speech was given up. */
  readonly speech: string;
  /** Syntheses that failed so far. */
  readonly failedAttempts: number;
  /** What the stream ends with when it is this sentence's turn; absent = it can be said as far as we know. */
  readonly failure?: Failure;
}

/** When to look again at what waits; a look that is due asks how long it really has been. */
export interface StreamWatch {
  /** At the reader, in ms from the last look. */
  readonly idleCheckInMs: number;
  /** At the voice, in ms from the last look. */
  readonly speechCheckInMs: number;
}

/** The part of a chart's context that every stream has. */
export interface StreamContext {
  readonly request: { readonly streamId: string; readonly sessionId: string };
  readonly limits: StreamLimits;
  /** Not said yet, head first: the first is the one being said. */
  readonly sentences: readonly SpokenSentence[];
  /** The number the next sentence gets. */
  readonly nextSegment: number;
  /** Synthesis was asked for every segment below this one. */
  readonly synthesisedBelow: number;
  readonly watch: StreamWatch;
  /** Why the stream failed; null until it does. */
  readonly failure: Failure | null;
}

export interface SpeechSilence {
  readonly segment: number;
  /** How long the engine has been asked for sound and gave none, in ms; 0 while it is we who make it wait. */
  readonly silentMs: number;
}

/**
 * How long in all the reader had not fetched sound that stood ready, in ms; absent = no millisecond. No chart looks at it: it tells whoever
 * reads a log for whom was waited, which no state can.
 */
interface UnfetchedSound {
  readonly fullMs?: number;
}

/** Facts that every stream hears: from its voice, its reader and the outside. */
export type StreamEvent =
  | ({ readonly type: 'speech.finished'; readonly segment: number; readonly audioBytes: number } & UnfetchedSound)
  | { readonly type: 'speech.failed'; readonly segment: number; readonly retryable: boolean; readonly failure: Failure }
  | ({ readonly type: 'speech.progressReported'; readonly silences: readonly SpeechSilence[] } & UnfetchedSound)
  | ({ readonly type: 'outbox.activityReported'; readonly idleMs: number } & UnfetchedSound)
  | { readonly type: 'outbox.rateExceeded'; readonly framesInLastSecond: number }
  /** The outbox can take more; the answer to `room.awaited`, for those who ask. */
  | { readonly type: 'outbox.roomFound' }
  /** Every frame so far is with the transport; the answer to `flush.awaited`, and what follows the end frame. */
  | { readonly type: 'outbox.flushed' }
  | { readonly type: 'client.cancelled' }
  | { readonly type: 'device.interruptRequested' }
  | { readonly type: 'server.graceExpired' }
  /** A newer call of its session id took over; only an answer hears it. */
  | { readonly type: 'session.superseded' }
  /** A bug: something of ours threw. The id finds the log line. */
  | { readonly type: 'session.faulted'; readonly faultId: string };

/** An event of any chart that speaks: one of `StreamEvent`, or one that this chart alone hears. */
export interface HeardEvent {
  readonly type: string;
}

/** Narrows the event of any such chart to a fact that all of them hear. */
export function isStreamEvent<TType extends StreamEvent['type']>(
  event: HeardEvent,
  type: TType,
): event is StreamEvent & { readonly type: TType } {
  return event.type === type;
}

/** What every stream's chart has to say to the outside, as data; carried out by its host. */
export type StreamEmitted =
  | { readonly type: 'speech.informed'; readonly facts: readonly SpeechInbox[] }
  | { readonly type: 'end.reached' }
  | { readonly type: 'activity.questioned' }
  /** Nothing more will be said: tell when all frames so far are with the transport. */
  | { readonly type: 'flush.awaited' }
  /** An actor of the stream threw: a bug, for the log. */
  | { readonly type: 'actor.faulted'; readonly detail: string };

/** The one reason a stream ended: 'completed', or the error_type of its failure. */
export interface StreamOutput {
  readonly reason: 'completed' | Failure['errorType'];
  readonly failure: Failure | null;
}

/**
 * To the speech actor. They are emitted facts that the host passes on, not sent events: a send costs an inbox and a turn of the
 * child, several times a sentence.
 */
export type SpeechInbox =
  /** The sentence is within the look-ahead: synthesise it, keep its sound. */
  | { readonly type: 'sentence.due'; readonly segment: number; readonly speech: string }
  /** It is this sentence's turn: let its sound out. */
  | { readonly type: 'sentence.turnCame'; readonly segment: number }
  /** The chart gave up on its sound. */
  | { readonly type: 'sentence.abandoned'; readonly segment: number }
  | { readonly type: 'progress.questioned' };

export interface SpeechInput {
  readonly streamId: string;
  /** An engine's own name of a voice; absent = the engine chooses. */
  readonly voice?: string;
  /** A BCP 47 tag; absent = by the text's script. */
  readonly language?: string;
}
