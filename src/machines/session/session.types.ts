/**
 * The session chart's vocabulary: what it is given, what it holds, what it hears and what it says.
 * Everything here is plain JSON: it is recorded, hashed and replayed. Sound and screenshots never enter;
 * they travel beside the chart, which knows a screenshot by its length and sound by the sentence it belongs to.
 */
import type { Failure } from '../../errors.ts';
import type { AnswerEnvelope } from '../../text/answer-envelope.ts';
import type { CommandName } from '../../text/commands.ts';
import type { SentenceCutter } from '../../text/sentence-cutter.ts';
import type { SpeakableState } from '../../text/speakable.ts';
import type { SpokenSentence } from '../stream/speech-queue.ts';

/** The settings a session lives under; all times in milliseconds, 0 = off. */
export interface SessionLimits {
  readonly idleTimeoutMs: number;
  readonly firstTokenTimeoutMs: number;
  readonly answerStallTimeoutMs: number;
  readonly speechTimeoutMs: number;
  readonly sessionTimeoutMs: number;
  /** Frames within one second; 0 = off. Enforced by the outbox, named in the failure's text. */
  readonly maxFramesPerSecond: number;
  /** How many sentences are synthesised ahead of the one being said. */
  readonly speechLookahead: number;
  /** What a sentence without sound does to the stream. */
  readonly speechFailure: 'degrade' | 'fail';
  readonly allowedCommands: readonly CommandName[];
}

export interface SessionInput {
  readonly streamId: string;
  readonly sessionId: string;
  readonly hardwareId: string;
  readonly limits: SessionLimits;
}

/** A sentence that was cut and is not said yet. The first of the queue is the one being said. */
export interface Sentence extends SpokenSentence {
  /** As the user sees it, to the character. */
  readonly text: string;
}

export interface AcceptedCommand {
  readonly command: CommandName;
  readonly args: Readonly<Record<string, unknown>>;
}

/** Whose session it is, and what was asked ('' until it was). */
export interface SessionRequest {
  readonly streamId: string;
  readonly sessionId: string;
  readonly hardwareId: string;
  readonly prompt: string;
}

/** When to look again at what waits; a look that is due asks or computes how long it really has been. */
export interface SessionWatch {
  /** At the reader, in ms from the last look. */
  readonly idleCheckInMs: number;
  /** At the voice, in ms from the last look. */
  readonly speechCheckInMs: number;
  /** Whether the model still finishes sentences, in ms since the session began. */
  readonly stallCheckAtMs: number;
  /** The same, in ms from the last look. */
  readonly stallCheckInMs: number;
}

/**
 * At most twelve fields: XState copies a context at every change, and from about that size on V8 does so three times as
 * slowly (measured: 12 us an event with 12 fields, 20 us with 22).
 */
export interface SessionContext {
  readonly request: SessionRequest;
  readonly limits: SessionLimits;
  /** The raw answer as far as it must be kept: the parser of plain text or one JSON object. */
  readonly envelope: AnswerEnvelope;
  /** Text that is no whole sentence yet. */
  readonly cutter: SentenceCutter;
  readonly speakable: SpeakableState;
  /** Cut and not said yet, head first. */
  readonly sentences: readonly Sentence[];
  /** The number the next sentence gets; 0 = the answer had no words so far. */
  readonly nextSegment: number;
  /** Synthesis was asked for every segment below this one. */
  readonly synthesisedBelow: number;
  /** The one command, until it is sent. */
  readonly command: AcceptedCommand | null;
  readonly watch: SessionWatch;
  /** When the last sentence was complete (before the first: when the first text came), in ms since the session began. */
  readonly lastSentenceAtMs: number;
  /** Why the session failed; null until it does. */
  readonly failure: Failure | null;
}

export interface SpeechSilence {
  readonly segment: number;
  /** How long the engine has been asked for sound and gave none, in ms; 0 while it is we who make it wait. */
  readonly silentMs: number;
}

/** Facts that every stream hears: from its voice, its reader and the outside. */
export type StreamEvent =
  | { readonly type: 'speech.finished'; readonly segment: number; readonly audioBytes: number }
  | { readonly type: 'speech.failed'; readonly segment: number; readonly retryable: boolean; readonly failure: Failure }
  | { readonly type: 'speech.progressReported'; readonly silences: readonly SpeechSilence[] }
  | { readonly type: 'outbox.activityReported'; readonly idleMs: number }
  | { readonly type: 'outbox.rateExceeded'; readonly framesInLastSecond: number }
  /** The outbox can take more; the answer to `room.awaited`, for those who ask. */
  | { readonly type: 'outbox.roomFound' }
  /** Every frame so far is with the transport; the answer to `flush.awaited`, and what follows the end frame. */
  | { readonly type: 'outbox.flushed' }
  | { readonly type: 'client.cancelled' }
  | { readonly type: 'device.interruptRequested' }
  | { readonly type: 'server.graceExpired' }
  /** A bug: something of ours threw. The id finds the log line. */
  | { readonly type: 'session.faulted'; readonly faultId: string };

/** Facts the session hears. */
export type SessionEvent =
  | StreamEvent
  | { readonly type: 'request.received'; readonly prompt: string }
  /** A delta, with the time it came in ms since the session began. */
  | { readonly type: 'answer.textReceived'; readonly text: string; readonly atMs: number }
  /** The model has said nothing for a moment (150 to 250 ms): what ends like a sentence is one. */
  | { readonly type: 'answer.fellQuiet'; readonly atMs: number }
  | { readonly type: 'answer.commandReceived'; readonly name: string; readonly args: unknown }
  | { readonly type: 'answer.finished' }
  | { readonly type: 'answer.failed'; readonly failure: Failure };

/** What every stream's chart has to say to the outside, as data; carried out by its host. */
export type StreamEmitted =
  | { readonly type: 'speech.informed'; readonly facts: readonly SpeechInbox[] }
  | { readonly type: 'end.reached' }
  | { readonly type: 'activity.questioned' }
  /** Nothing more will be said: tell when all frames so far are with the transport. */
  | { readonly type: 'flush.awaited' }
  /** An actor of the stream threw: a bug, for the log. */
  | { readonly type: 'actor.faulted'; readonly detail: string };

/** What a session's chart has to say. */
export type SessionEmitted =
  | StreamEmitted
  /** A sentence's turn: its text goes out, and the voice is told the facts. */
  | { readonly type: 'sentence.reached'; readonly text: string; readonly facts: readonly SpeechInbox[] }
  | {
      readonly type: 'command.reached';
      readonly command: CommandName;
      readonly args: Readonly<Record<string, unknown>>;
    }
  | { readonly type: 'command.dropped'; readonly name: string; readonly reason: string; readonly detail: string }
  | { readonly type: 'sentence.leftUnspoken'; readonly segment: number; readonly reason: string }
  | { readonly type: 'room.awaited' };

/** The one reason a session ended: 'completed', or the error_type of its failure. */
export interface SessionOutput {
  readonly reason: 'completed' | Failure['errorType'];
  readonly failure: Failure | null;
}

/** To the answer actor: facts about the queue behind it. */
export type AnswerInbox = { readonly type: 'backlog.filled' } | { readonly type: 'backlog.drained' };

export interface AnswerInput {
  readonly streamId: string;
  readonly hardwareId: string;
  readonly prompt: string;
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
