/**
 * What the page and its worker say to each other. The worker holds the connection to the server and every log, and re-executes them; the
 * page asks, and draws. Structured clones: plain data only.
 */
import type { ChartGeometry, ChartLevel } from '../../analysis/chart/chart-geometry.ts';
import type { ListRow, ServerFacts, Totals } from '../feed-format.ts';
import type { ViewAnswers, ViewQuestion } from './view-questions.ts';
import type { ContextLevel, LogOverview, Timeline, TurnView, ValueView } from './views.ts';

/** To the worker. */
export type Order =
  | { readonly kind: 'connect'; readonly base: string; readonly token: string }
  /** A hidden tab closes its stream. */
  | { readonly kind: 'show'; readonly isVisible: boolean }
  /** The logs that are looked at, of the server or out of a segment: their lines are wanted. Those no longer named are forgotten. */
  | { readonly kind: 'watch'; readonly logs: readonly string[] }
  /** Files that were dropped or chosen; each becomes a log with the id `file:<n>:<name>`, or a segment whose logs have `<this>#<name>`. */
  | { readonly kind: 'open'; readonly files: readonly { readonly name: string; readonly blob: Blob }[] }
  /** A file, or a segment with all of its logs. */
  | { readonly kind: 'close'; readonly log: string }
  | { readonly kind: 'ask'; readonly id: number; readonly question: Question };

/** A question about a log; each has the answer of its name in `Answers`. */
export type Question =
  | ViewQuestion
  | { readonly kind: 'turn'; readonly log: string; readonly turn: number }
  | { readonly kind: 'chart'; readonly log: string; readonly level: ChartLevel }
  /** A chart of this build by its name, of no log. */
  | { readonly kind: 'chartOf'; readonly machine: string; readonly level: ChartLevel }
  /** `toMs`: so far a live one has come on its own clock; 0 = to its last turn. */
  | { readonly kind: 'timeline'; readonly log: string; readonly toMs: number }
  /** Of the turns from `fromTurn` to `toTurn`, both included; no group reaches beyond. A log that grows is asked for its last group anew. */
  | {
      readonly kind: 'entries';
      readonly log: string;
      readonly isGrouped: boolean;
      readonly fromTurn: number;
      readonly toTurn: number;
    }
  | { readonly kind: 'raw'; readonly log: string; readonly from: number; readonly count: number }
  /** The nearest turn before or after `turn`, without it, in which `mark` is true; null = there is none. */
  | {
      readonly kind: 'seek';
      readonly log: string;
      readonly turn: number;
      readonly direction: 'before' | 'after';
      readonly mark: TurnMark;
    }
  /** What stands at `path` (as in `FieldChange`) before a turn and after it, whole. */
  | { readonly kind: 'value'; readonly log: string; readonly turn: number; readonly path: string }
  /** One level of the context after a turn: what stands directly in `path`; '' = its fields. */
  | { readonly kind: 'context'; readonly log: string; readonly turn: number; readonly path: string };

/** A question about one log. */
export type LogQuestion = Exclude<Extract<Question, { readonly log: string }>, ViewQuestion>;

/** What a turn is looked for by. */
export type TurnMark =
  /** A state was entered. */
  | { readonly kind: 'entered'; readonly state: string }
  /** Something at this path of the context changed, or in it. */
  | { readonly kind: 'changed'; readonly path: string }
  /** A transition led to another state. */
  | { readonly kind: 'led' }
  /** It came no later than this: with the direction `before`, what stood at a moment. */
  | { readonly kind: 'by'; readonly atMs: number };

export interface Answers extends ViewAnswers {
  readonly turn: TurnView;
  readonly chart: ChartGeometry;
  readonly chartOf: ChartGeometry;
  readonly timeline: Timeline;
  readonly entries: readonly LogEntry[];
  readonly raw: readonly string[];
  readonly seek: number | null;
  readonly value: ValueView;
  readonly context: ContextLevel;
}

/** A row of the log view: one turn, or a run of turns that did the same (`69 × answer.textReceived, 812 characters`). */
export interface LogEntry {
  readonly fromTurn: number;
  readonly toTurn: number;
  readonly atMs: number;
  readonly words: string;
  /** States that it led to, in words; '' = it stayed. */
  readonly led: string;
  readonly tone: 'plain' | 'good' | 'bad';
}

/** From the worker. */
export type Report =
  | {
      readonly kind: 'connection';
      readonly state: ConnectionState;
      readonly words: string;
      readonly server: ServerFacts | null;
    }
  | {
      readonly kind: 'list';
      readonly isWhole: boolean;
      readonly rows: readonly ListRow[];
      readonly gone: readonly string[];
      readonly more: number;
      readonly totals: Totals | null;
    }
  /** A segment was opened: logs of it, the newest first, in parts; the last part has all that is to be said of it. */
  | {
      readonly kind: 'segment';
      readonly id: string;
      /** That stand in it. */
      readonly logs: number;
      readonly rows: readonly ListRow[];
      readonly isReading: boolean;
      /** What people should know of it: that it has no end, what is wrong with it; '' = nothing. */
      readonly words: string;
      readonly isBad: boolean;
    }
  /** A log is new, grew, or was judged; at most once a frame of the screen. */
  | { readonly kind: 'log'; readonly overview: LogOverview }
  | {
      readonly kind: 'answer';
      readonly id: number;
      readonly answer: Answers[keyof Answers] | null;
      readonly error: string | null;
    };

/** `refused` = the token is wrong; `lost` = it tries again by itself. */
export type ConnectionState = 'none' | 'connecting' | 'live' | 'hidden' | 'lost' | 'refused';
