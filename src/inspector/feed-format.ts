/**
 * What the inspector's server and its page say to each other. One stream of NDJSON a tab carries it all (`GET /inspect/api/feed`): first
 * `hello`, then whatever changes. The lines of event logs travel as they stand in the file, behind a `lines` line that says whose they
 * are and how many; so the page can check their hash chain, and join them with the file by their place in it. An empty line is a sign of
 * life, every 15 s.
 *
 * What is asked for stands in the query: `list=1`, and `log=<id>` for each log whose lines are wanted (at most MAX_WATCHED_LOGS). A tab
 * that wants something else opens a new stream in the place of the old one. Nothing is kept of a tab when its stream is closed.
 */

export const API_PATH = '/inspect/api/';
/**
 * The id of the running server's own log. The one name that is of another log in another process (`ServerFacts.run`): a stream's is never
 * given twice.
 */
export const SUPERVISOR_LOG = 'supervisor';
/** A tab shows one session, two side by side, or one and the supervisor. */
export const MAX_WATCHED_LOGS = 4;

/** What `hello` tells of the server. */
export interface ServerFacts {
  readonly version: string;
  /** Where its clients reach it: `127.0.0.1:50051`; null for a page that only opens files (`recital inspect`). */
  readonly grpc: string | null;
  readonly maxStreams: number;
  readonly redaction: 'shape' | 'full';
  /** False: EVENT_LOG=off, there are no lines to be had, only the list. */
  readonly hasLogs: boolean;
  /** INSPECTOR_TRY. */
  readonly canTry: boolean;
  /** A new value for each process: what the page knew of another one's sessions is no longer live. */
  readonly run: string;
  /** Settings of this server that `what if` and `try it` show, by name. */
  readonly settings: Readonly<Record<string, string>>;
}

/** What a stream waited for, in ms; what is left of its age nobody waited for. */
export interface Waits {
  readonly start: number;
  readonly model: number;
  readonly voice: number;
  readonly reader: number;
  readonly out: number;
}

/** A session, a welcome or the supervisor, in the list. */
export interface ListRow {
  /** The name of its log: the stream id; `supervisor` for the running server's own. Unique in the list. */
  readonly id: string;
  /** The chart: `session`, `welcome`, `supervisor`. */
  readonly machine: string;
  readonly session: string;
  readonly device: string;
  /** The leaves, as a log's `state` tells them: `streaming.answer.running.receiving | …`. */
  readonly state: string;
  /** ISO date and time. */
  readonly startedAt: string;
  /** How old it is, or became, in ms. */
  readonly ageMs: number;
  readonly turns: number;
  /** For how long nothing had happened in it when this row was made, in ms; 0 of one that is over. */
  readonly quietMs: number;
  readonly isLive: boolean;
  /** How it ended, as `endReasonOf` (log/log-reader.ts) names it; '' while it lives. */
  readonly reason: string;
  /** True for an end that nobody can have wanted. */
  readonly isFailed: boolean;
  /** null where nobody knows without reading the whole log. */
  readonly waits: Waits | null;
  /** The path of its file, where files were opened (`recital inspect`) and no server wrote them just now. */
  readonly file?: string;
  /** Why it can't be read, where `reason` is bad_log: the file is none, or is damaged at its beginning. */
  readonly why?: string;
}

export interface Totals {
  readonly live: number;
  readonly ended: number;
  readonly failed: number;
  /** Streams that hold a slot. */
  readonly slots: number;
  readonly maxStreams: number;
  readonly refused: number;
  /** By error_type. */
  readonly refusedBy: Readonly<Record<string, number>>;
  readonly state: string;
  readonly health: string;
}

export type FeedLine =
  | { readonly kind: 'hello'; readonly server: ServerFacts }
  /** `isWhole`: forget the rows before it, these and those that follow are all; otherwise those that changed. `more`: ended ones that were left out (asked for by `ended?before=`). */
  | {
      readonly kind: 'list';
      readonly isWhole: boolean;
      readonly rows: readonly ListRow[];
      readonly gone: readonly string[];
      readonly more: number;
      readonly totals: Totals;
    }
  /**
   * `count` lines of a log follow as they are; `from` is the place of the first in its file, from 0. One with `count` 0 comes for each log
   * when the stream begins: lines come from that place on, those before it are for `logs/<id>`; 0 for one that is over, whose file has all.
   */
  | { readonly kind: 'lines'; readonly log: string; readonly from: number; readonly count: number }
  /** Lines that this tab was too slow for, since its last line: the file has them. */
  | { readonly kind: 'gap'; readonly lines: number }
  /** There is no such log here, or it cannot be had; `why` is for people. */
  | { readonly kind: 'no-log'; readonly log: string; readonly why: string };

/**
 * `GET logs/<id>` is the file as it is on the disk so far, the last lines of a live one up to 50 ms later; `?from=<n>` leaves out the
 * first n lines. `GET ended?before=<startedAt>&limit=<n>` is older ended ones, the newest first, and how many older ones there are;
 * with `unlisted=1` without those that the list has.
 */
export interface EndedRows {
  readonly rows: readonly ListRow[];
  readonly more: number;
}

/**
 * `POST try` asks this server something, as a client of its own port (INSPECTOR_TRY): the body is a TryRequest, the answer a TryLine a
 * line as they come; `status` is the last. Who goes away takes the question back. One at a time: 409 otherwise.
 */
export interface TryRequest {
  readonly prompt: string;
  /** Absent or '' = as a client that names none. */
  readonly hardware_id?: string;
  /** Base64 of an image. */
  readonly screenshot?: string;
}

export type TryLine =
  | { readonly kind: 'started'; readonly session: string }
  | { readonly kind: 'text_chunk'; readonly text: string }
  /** s16le, mono, 48 kHz, in base64. */
  | { readonly kind: 'audio_chunk'; readonly pcm: string }
  /** The JSON that a client gets. */
  | { readonly kind: 'action_message'; readonly action: string }
  | { readonly kind: 'end_message'; readonly text: string }
  | { readonly kind: 'error_message'; readonly text: string }
  /** How the call ended: the name of its gRPC status, its details, our error_type. */
  | { readonly kind: 'status'; readonly code: string; readonly details: string; readonly errorType: string | null };

/** Of every answer that is not 2xx. */
export interface ApiFault {
  readonly error: string;
}
