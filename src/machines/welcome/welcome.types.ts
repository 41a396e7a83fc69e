/** The welcome chart's vocabulary: what it is given, holds and hears beside what every stream does (stream.types.ts). Plain JSON. */
import type { TextReading } from '../../text/text-reading.ts';
import type { StreamContext, StreamEvent, StreamLimits } from '../stream/stream.types.ts';

export interface WelcomeInput {
  readonly streamId: string;
  readonly sessionId: string;
  readonly limits: StreamLimits;
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

/** None of its `sentences`, which are read and not said yet, is without speech. */
export interface WelcomeContext extends StreamContext {
  readonly request: WelcomeStream;
  /** The text, how much of it was read, and what of that is no whole sentence yet. */
  readonly reading: TextReading;
}

/** Facts a welcome stream hears. */
export type WelcomeEvent =
  | StreamEvent
  /** The admitted request; a blank text asks for the greeting, '' of the others leaves the choice to the engine. */
  | { readonly type: 'text.received'; readonly text: string; readonly voice: string; readonly language: string };
