/**
 * The session chart's vocabulary: what it is given, holds, hears and says beside what every stream does (stream.types.ts).
 * Everything here is plain JSON: it is recorded, hashed and replayed. Screenshots never enter: they travel beside the chart.
 */
import type { Failure } from '../../errors.ts';
import type { AnswerEnvelope } from '../../text/answer-envelope.ts';
import type { CommandName } from '../../text/commands.ts';
import type { SentenceCutter } from '../../text/sentence-cutter.ts';
import type { SpeakableState } from '../../text/speakable.ts';
import type {
  SpeechInbox,
  SpokenSentence,
  StreamContext,
  StreamEmitted,
  StreamEvent,
  StreamLimits,
  StreamWatch,
} from '../stream/stream.types.ts';

/** The settings a session lives under; all times in milliseconds, 0 = off. */
export interface SessionLimits extends StreamLimits {
  readonly firstTokenTimeoutMs: number;
  readonly answerStallTimeoutMs: number;
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

/** It looks at the model, too: computes whether it still finishes sentences. */
export interface SessionWatch extends StreamWatch {
  /** When it looks at the model, in ms since the session began. */
  readonly stallCheckAtMs: number;
  /** The same, in ms from the last look. */
  readonly stallCheckInMs: number;
}

/**
 * At most twelve fields: XState copies a context at every change, and from about that size on V8 does so three times as
 * slowly (measured: 12 us an event with 12 fields, 20 us with 22).
 */
export interface SessionContext extends StreamContext {
  readonly request: SessionRequest;
  readonly limits: SessionLimits;
  /** The raw answer as far as it must be kept: the parser of plain text or one JSON object. */
  readonly envelope: AnswerEnvelope;
  /** Text that is no whole sentence yet. */
  readonly cutter: SentenceCutter;
  readonly speakable: SpeakableState;
  readonly sentences: readonly Sentence[];
  /** The one command, until it is sent. */
  readonly command: AcceptedCommand | null;
  readonly watch: SessionWatch;
  /** When the last sentence was complete (before the first: when the first text came), in ms since the session began. */
  readonly lastSentenceAtMs: number;
}

/** Facts the session hears. */
export type SessionEvent =
  | StreamEvent
  | { readonly type: 'request.received'; readonly prompt: string }
  /** A delta, with the time it came in ms since the session began. */
  | { readonly type: 'answer.textReceived'; readonly text: string; readonly atMs: number }
  /** The model has said nothing for `quietMs` (logs before it: 200): what ends like a sentence is one, the surer the sooner. */
  | { readonly type: 'answer.fellQuiet'; readonly atMs: number; readonly quietMs?: number }
  | { readonly type: 'answer.commandReceived'; readonly name: string; readonly args: unknown }
  /** The model said that it has ended, but its stream is open still: more may come, for a time that its engine bounds. */
  | { readonly type: 'answer.endAnnounced'; readonly atMs: number }
  /** `isCutOff`: not in order, but at its longest length or by a filter. Absent = in order. */
  | { readonly type: 'answer.finished'; readonly isCutOff?: boolean }
  | { readonly type: 'answer.failed'; readonly failure: Failure };

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

/** To the answer actor: facts about the queue behind it. */
export type AnswerInbox = { readonly type: 'backlog.filled' } | { readonly type: 'backlog.drained' };

export interface AnswerInput {
  readonly streamId: string;
  readonly prompt: string;
}
