/**
 * What the debugger tells of a log that it re-executed: plain data, made for being drawn. The debugger runs in a worker of the page (and in
 * tests); the page knows of charts and logs only what stands here.
 */
import type { LoggedEvent, LogHeader, TurnOutcome } from '../../log/log-format.ts';
import type { Divergence } from '../../replay/replayer.ts';
import type { Waits } from '../feed-format.ts';

/** What the page's own re-execution says of a log. */
export type Verdict =
  | { readonly kind: 'identical'; readonly turns: number; readonly isWhole: boolean }
  | { readonly kind: 'diverged'; readonly turn: number; readonly divergence: Omit<Divergence, 'present' | 'items'> }
  /** A line is not what was written: altered, missing, or no log at all. */
  | { readonly kind: 'bad-log'; readonly line: number; readonly turn: number | null; readonly why: string };

/** A log, whole or growing. */
export interface LogOverview {
  readonly id: string;
  readonly title: string;
  readonly header: LogHeader | null;
  readonly isLive: boolean;
  /** As `endReasonOf` names it; '' while it lives, and of what is no log. */
  readonly reason: string;
  readonly turns: number;
  /** Of the file, as far as they have arrived. */
  readonly lines: number;
  readonly lastMs: number;
  /** After its last turn, as the log tells it; '' = there is none. */
  readonly state: string;
  /** Of a stream that is over and was read to its end; absent = not known yet, or it is none. */
  readonly waits?: Waits;
  readonly verdict: Verdict;
  /** The code is not the one that recorded: said before any divergence. */
  readonly definitionChanges: readonly string[];
  /** What else is to be said of it beside the verdict, in a sentence: that it is too large to be held whole. Absent = nothing. */
  readonly note?: string;
  /** Lines that have not arrived yet, and are being fetched. */
  readonly missingLines: number;
  /** Its file is being read for the first time: what is behind may still be wrong, and nobody is to be told before that it is identical. */
  readonly isReading: boolean;
}

export interface GuardAnswer {
  readonly name: string;
  readonly answer: boolean;
  /** A part of a combined guard, which stands behind its parts: `and(isAnswered, hasCommand)`. */
  readonly depth: number;
}

export interface TakenTransition {
  /** `transitionIdOf` (analysis/chart): what edges and rows of the drawn chart are found by. */
  readonly id: string;
  /** For people: `voice.silent: always [hasSentence] → voice.speaking`. */
  readonly words: string;
  readonly source: string;
  readonly targets: readonly string[];
}

/** One step of a turn: what was asked, and what was taken upon it. */
export interface TurnStep {
  /** It needs no event: it is asked behind what the event led to. */
  readonly isAlways: boolean;
  readonly guards: readonly GuardAnswer[];
  readonly taken: readonly TakenTransition[];
}

export interface FieldChange {
  /** `cutter.scan.words`, `sentences[0].text`. */
  readonly path: string;
  readonly kind: 'created' | 'changed' | 'removed';
  /** Shortened for showing, as JSON; absent = there was, or is, none. */
  readonly before?: string;
  readonly after?: string;
}

export interface ArmedTimer {
  /** The state that armed it. */
  readonly state: string;
  readonly name: string;
  readonly delayMs: number;
  /** On the log's own clock. */
  readonly armedAtMs: number;
}

/** All of a turn. */
export interface TurnView {
  readonly turn: number;
  /** Place of its line in the log, from 0. */
  readonly line: number;
  readonly atMs: number;
  readonly sinceBeforeMs: number;
  readonly event: LoggedEvent;
  /** Active leaves. */
  readonly leaves: readonly string[];
  /** How often each state has been entered up to here; a state that never was has no entry. */
  readonly visits: Readonly<Record<string, number>>;
  /** How often each transition was taken up to here, by its id. */
  readonly taken: Readonly<Record<string, number>>;
  readonly steps: readonly TurnStep[];
  /** The last transition that led anywhere, in this turn or before. */
  readonly last: { readonly turn: number; readonly transitions: readonly TakenTransition[] } | null;
  readonly timers: readonly ArmedTimer[];
  readonly effects: readonly string[];
  readonly changes: readonly FieldChange[];
  /** Changes beyond those that are told. */
  readonly moreChanges: number;
  readonly status: string;
  /** The chart threw here, when it was recorded. */
  readonly hasThrown: boolean;
  /** Where the recording first says something else; null in every other turn. */
  readonly divergence: Divergence | null;
  /**
   * Both sides of a turn that differs, to be shown side by side, and of all behind it: the page's chart goes on with the recorded events from
   * where it came to itself. `leaves`, `timers`, `effects` and `status` are then the recorded ones, all else is recomputed. null = up to here
   * there is no difference.
   */
  readonly sides: {
    readonly recorded: TurnOutcome;
    /** null = the page's chart went no further: it is over, or not known. */
    readonly recomputed: TurnOutcome | null;
    /** Active leaves on the recomputed side. */
    readonly leaves: readonly string[];
  } | null;
}

/** A value of the context as indented JSON, at most MAX_VALUE_CHARS of it; null = there was, or is, none. */
export interface ValueView {
  readonly before: string | null;
  readonly after: string | null;
}

/** More is of no use to a reader, and would be copied from the worker to the page. */
export const MAX_VALUE_CHARS = 65_536;

/** What stands directly in a place of the context. */
export interface ContextLevel {
  readonly children: readonly ContextChild[];
  /** Children that were left out, over MAX_CONTEXT_CHILDREN. */
  readonly more: number;
}

/** A supervisor's tables may have as many rows as there are streams. */
export const MAX_CONTEXT_CHILDREN = 200;

export interface ContextChild {
  /** `words`, `[0]`. */
  readonly name: string;
  /** The whole path, as in `FieldChange`. */
  readonly path: string;
  /** As JSON, shortened; of an object or a list, how much is in it: `{4}`, `[12]`. */
  readonly preview: string;
  readonly hasChildren: boolean;
}

/** What the strips and the waterfall are made of, on the log's own clock in ms. */
export interface Timeline {
  readonly endMs: number;
  readonly waits: Waits;
  readonly lanes: readonly TimelineLane[];
  /** Long times in which nothing happened; drawn as a break mark. */
  readonly quiet: readonly { readonly fromMs: number; readonly toMs: number }[];
}

export interface TimelineLane {
  readonly name: 'model' | 'sentences' | 'voice' | 'reader' | 'frames out' | 'admissions' | 'refusals' | 'ends';
  readonly bars: readonly TimelineBar[];
  /** Moments: a delta. */
  readonly ticks: readonly number[];
}

export interface TimelineBar {
  readonly fromMs: number;
  readonly toMs: number;
  readonly label: string;
  /** The colour of its meaning. */
  readonly tone: 'start' | 'model' | 'voice' | 'reader' | 'out' | 'error' | 'idle';
  readonly isWaiting: boolean;
  readonly turn: number;
}
