/** The welcome chart's vocabulary: what it is given, what it holds, what it hears and what it says. Plain JSON throughout. */
import type { Failure } from '../../errors.ts';
import type { TextReading } from '../../text/text-reading.ts';
import type { SessionLimits, StreamEmitted, StreamEvent } from '../session/session.types.ts';
import type { SpokenSentence } from '../stream/speech-queue.ts';

/** The settings a welcome stream lives under; all times in milliseconds, 0 = off. */
export type WelcomeLimits = Pick<
  SessionLimits,
  'idleTimeoutMs' | 'speechTimeoutMs' | 'sessionTimeoutMs' | 'maxFramesPerSecond' | 'speechLookahead'
>;

export interface WelcomeInput {
  readonly streamId: string;
  readonly sessionId: string;
  readonly limits: WelcomeLimits;
}

/** Whose stream it is, and how it is to sound. */
export interface WelcomeStream {
  readonly streamId: string;
  readonly sessionId: string;
  /** '' = the engine chooses. */
  readonly voice: string;
  /** '' = by the text's script. */
  readonly language: string;
}

export interface WelcomeContext {
  readonly request: WelcomeStream;
  readonly limits: WelcomeLimits;
  /** The text, how much of it was read, and what of that is no whole sentence yet. */
  readonly reading: TextReading;
  /** Read and not said yet, head first; none is without speech. */
  readonly sentences: readonly SpokenSentence[];
  /** The number the next sentence gets. */
  readonly nextSegment: number;
  /** Synthesis was asked for every segment below this one. */
  readonly synthesisedBelow: number;
  /** When to look again at the reader and at the voice, in ms from the last look. */
  readonly watch: { readonly idleCheckInMs: number; readonly speechCheckInMs: number };
  /** Why the stream failed; null until it does. */
  readonly failure: Failure | null;
}

/** Facts a welcome stream hears. */
export type WelcomeEvent =
  | StreamEvent
  /** The admitted request; a blank text asks for the greeting, '' of the others leaves the choice to the engine. */
  | { readonly type: 'text.received'; readonly text: string; readonly voice: string; readonly language: string };

/** What a welcome stream's chart has to say. */
export type WelcomeEmitted = StreamEmitted;

/** The one reason a welcome stream ended: 'completed', or the error_type of its failure. */
export interface WelcomeOutput {
  readonly reason: 'completed' | Failure['errorType'];
  readonly failure: Failure | null;
}
