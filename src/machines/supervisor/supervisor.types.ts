/**
 * What the supervisor chart lives under, keeps, hears and says. Plain JSON throughout: it is recorded, hashed and replayed, and in a server
 * of several processes it is what passes between them and the one that has the chart.
 */
import type { Failure } from '../../errors.ts';
import type { Table } from './persistent-table.ts';

/** What a second call of a session id in flight is: refused, the one that goes on, the next one, or a listener. */
export type DuplicatePolicy = 'reject' | 'supersede' | 'queue' | 'attach';

export interface SupervisorInput {
  /** Slots; at least 1. */
  readonly maxStreams: number;
  readonly oneStreamPerDevice: boolean;
  /** How long a drain waits for running streams, in ms; 0 = not at all. */
  readonly gracePeriodMs: number;
  /** Slots that one device may hold; 0 or absent = any number. */
  readonly maxStreamsPerDevice?: number;
  /** Absent = reject. */
  readonly duplicatePolicy?: DuplicatePolicy;
  /** How long a call waits for its session id under `queue`, in ms. */
  readonly queueTimeoutMs?: number;
  /** Calls that may wait for one session id under `queue`. */
  readonly queueMax?: number;
}

export interface AdmittedStream {
  /** A welcome stream speaks a given text, a listener hears another stream; only answers are in flight under their session id. */
  readonly kind: 'answer' | 'welcome' | 'listener';
  readonly sessionId: string;
  /** Of a welcome stream: the device whose session was in flight under its id when it came; '' = none. */
  readonly hardwareId: string;
  /** Its place in the order of all admissions. */
  readonly admission: number;
  /** The process that has its call; absent = that of the chart. */
  readonly worker?: number;
  /** Of a listener: the stream that it hears. */
  readonly leader?: string;
}

/** A call that waits for its session id. */
export interface WaitingCall {
  readonly streamId: string;
  readonly sessionId: string;
  readonly hardwareId: string;
  /** Its place in the order of all that ever waited. */
  readonly arrival: number;
  readonly worker?: number;
}

export interface SupervisorContext extends SupervisorInput {
  /** Streams that hold a slot, by stream id. */
  readonly streams: Table<AdmittedStream>;
  /** The stream id that holds each session id in flight. */
  readonly inFlight: Table<string>;
  /**
   * The streams that are asked for together, by the name of their group: the admissions of each, by stream id; of calls that wait, their
   * arrivals. Without it a device's share and an interrupt would have to look at all streams.
   */
  readonly groups: Table<Table<number>>;
  /** How many streams were ever admitted. */
  readonly admissions: number;
  /** Streams that were superseded and have not told their end: they hold nothing. */
  readonly leaving?: Table<AdmittedStream>;
  /** Calls that wait for their session id, by stream id. */
  readonly waiting?: Table<WaitingCall>;
  /** The stream ids that wait for each session id, in the order of their arrival. */
  readonly queues?: Table<readonly string[]>;
  /** How many calls ever waited. */
  readonly arrivals?: number;
  /** Why a process takes on nothing, by its number; `all` = the whole server. */
  readonly loads?: Table<readonly LoadReason[]>;
}

/**
 * The bounds that a process can be beyond: its event loop, streams that begin at once, its memory, the bytes of requests that it holds.
 * What is told is that one is passed, or is not any more, never by how much: a log has a turn where something changed.
 */
export const loadReasons = ['lag', 'starts', 'memory', 'prompts'] as const;

export type LoadReason = (typeof loadReasons)[number];

/** Who asks. The process that has the call is 0, or absent, where it is that of the chart; others count from 1. */
interface Asking {
  readonly streamId: string;
  readonly sessionId: string;
  readonly worker?: number;
}

export type SupervisorRequest =
  | ({ readonly type: 'stream.requested'; readonly hardwareId: string } & Asking)
  | ({ readonly type: 'welcome.requested' } & Asking)
  /** A COLLECT came: it takes no slot, but a server that is not open, or has no memory left, keeps nothing. */
  | ({ readonly type: 'chunk.received' } & Asking);

export type SupervisorEvent =
  | SupervisorRequest
  /** The call is over: it ended, or its client left before it was decided. What it held or waited for is free. */
  | { readonly type: 'stream.released'; readonly streamId: string }
  /** The call has waited for its session id as long as a call may. */
  | { readonly type: 'wait.expired'; readonly streamId: string }
  | { readonly type: 'device.interruptRequested'; readonly hardwareId: string }
  | { readonly type: 'load.reported'; readonly worker: number | 'all'; readonly reasons: readonly LoadReason[] }
  /** The process is gone, with all its calls; its number may be another one's afterwards. */
  | { readonly type: 'worker.lost'; readonly worker: number }
  | { readonly type: 'service.opened' }
  | { readonly type: 'drain.requested' };

export type SupervisorEmitted =
  | { readonly type: 'stream.admitted'; readonly streamId: string; readonly activeStreams: number }
  /** It hears the stream `leader` from its next sentence on; it holds a slot like any other. */
  | {
      readonly type: 'stream.attached';
      readonly streamId: string;
      readonly leader: string;
      readonly activeStreams: number;
    }
  /** It waits for its session id; `place` counts from 1. It will be admitted or refused. */
  | { readonly type: 'stream.queued'; readonly streamId: string; readonly place: number }
  /** It does not wait any more: its call is over. */
  | { readonly type: 'stream.unqueued'; readonly streamId: string }
  | { readonly type: 'chunk.admitted'; readonly streamId: string }
  | {
      readonly type: 'stream.refused';
      readonly streamId: string;
      readonly failure: Failure;
      readonly activeStreams: number;
    }
  /** It is to be ended: its session id and its slot are the newer stream's, which is admitted in the same turn. */
  | { readonly type: 'stream.superseded'; readonly streamId: string; readonly newerStreamId: string }
  /** A superseded stream is over. */
  | { readonly type: 'stream.left'; readonly streamId: string; readonly activeStreams: number }
  | {
      readonly type: 'slot.freed';
      readonly streamId: string;
      readonly activeStreams: number;
    }
  | { readonly type: 'slot.alreadyFreed'; readonly streamId: string }
  | { readonly type: 'device.interrupted'; readonly streamIds: readonly string[] }
  /** All its streams are over, those that were leaving too; a `slot.freed` follows for each that held one. Its calls that waited do not. */
  | {
      readonly type: 'worker.cleared';
      readonly worker: number;
      readonly streamIds: readonly string[];
      readonly forgotten: readonly string[];
    }
  | { readonly type: 'grace.expired'; readonly streamIds: readonly string[] }
  | { readonly type: 'drain.finished' };
