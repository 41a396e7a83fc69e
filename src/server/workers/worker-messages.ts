/** What the server's process and a worker say to each other; screenshots travel as bytes (`serialization: 'advanced'`). */
import type { Grant } from '../../actors/hosts/admission-port.ts';
import type { OutsideEnd } from '../../actors/hosts/live-streams.ts';
import type { Call } from '../../call/call.ts';
import type { CollectedChunk, Screen } from '../../call/gateway.ts';
import type { Exchange } from '../../engines/answer-engine.ts';
import type { Failure } from '../../errors.ts';
import type { FeedInterest, SentLines } from '../../inspector/server/feed.ts';
import type { SentRows } from '../../inspector/server/list-rows.ts';
import type { EngineOrder } from '../../machines/bootstrap.machine.ts';
import type { LoadReason } from '../../machines/supervisor/supervisor.types.ts';
import type { NodeFigures } from '../../observe/exposition.ts';
import type { RecordOutcome } from '../../store/store-clients.ts';
import type { UsageEntry } from '../../store/usage-entry.ts';
import type { EngineNames, FloorFigures } from '../stream-service.ts';

/** What a worker says first: from now on it hears. */
export const WORKER_LOADED = 'loaded';

/** The first message to a worker, by itself: what it is made of. */
export interface WorkerBirth {
  readonly number: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The files that the configuration names, as the server has read them: a worker that starts later reads the same. */
  readonly files: Readonly<Record<string, string>>;
  /** Of all processes of the server (export-tap.ts). */
  readonly exportRun: string;
  /** GRPC_PORT, and where that is 0 the one that was found. */
  readonly grpcPort: number;
}

/** A message by itself, with a socket: the one to this worker. */
export interface BridgeMessage {
  readonly bridge: number;
}

/** A slot; what is as it was asked for stays away. */
export interface SlimGrant extends Pick<Grant, 'activeStreams'> {
  /** The words, where collected ones came to them. */
  readonly prompt?: string;
  /** What was collected of the screen. */
  readonly screen?: Screen;
  /** It hears that stream, which runs at the worker of this number or, without one, at its own. */
  readonly leader?: string;
  readonly leaderWorker?: number;
}

/** What a worker says. */
export interface FromWorker {
  readonly told:
    | { readonly kind: 'abandoned'; readonly call: Call }
    | { readonly kind: 'refused'; readonly call: Call; readonly why: Failure }
    | { readonly kind: 'loaded'; readonly reasons: readonly LoadReason[] }
    | { readonly kind: 'remember'; readonly heard: HeardExchange }
    | { readonly kind: 'used'; readonly entry: UsageEntry }
    /** A connection that may stay is gone. */
    | { readonly kind: 'disconnected' };
  readonly asked: {
    readonly admission: { readonly question: AdmissionQuestion; readonly answer: SlimGrant | Failure };
    readonly released: { readonly question: { readonly streamId: string }; readonly answer: number | null };
    readonly collect: { readonly question: { readonly chunk: CollectedChunk }; readonly answer: Failure | null };
    readonly interrupt: { readonly question: { readonly hardwareId: string }; readonly answer: readonly string[] };
    readonly recall: { readonly question: { readonly hardwareId: string }; readonly answer: Recalled };
    readonly usage: { readonly question: { readonly entry: UsageEntry }; readonly answer: RecordOutcome };
    /** A connection has come: may it stay? */
    readonly connected: { readonly question: object; readonly answer: boolean };
    /** Of what the inspector watches. Answered when it is taken: the next part is sent then. */
    readonly rows: { readonly question: { readonly rows: SentRows }; readonly answer: null };
    readonly lines: { readonly question: { readonly lines: SentLines }; readonly answer: null };
  };
}

export interface AdmissionQuestion {
  readonly call: Call;
  /** null = a welcome stream. */
  readonly prompt: string | null;
  /** What is wrong with its words by themselves, which are not sent then; null = nothing is. */
  readonly fault: Failure | null;
}

export type HeardExchange = Exchange & { readonly hardwareId: string; readonly askedAtMs: number };

export type Recalled = { readonly exchanges: readonly Exchange[] } | { readonly reason: string };

/** What a worker is told. */
export interface ToWorker {
  readonly told:
    | { readonly kind: 'serving'; readonly isServing: boolean }
    /** Nothing goes over the socket to that worker any more. */
    | { readonly kind: 'unbridged'; readonly worker: number }
    /** What the inspector watches from now on. */
    | { readonly kind: 'watched'; readonly interest: FeedInterest }
    /** It ends its calls, writes its logs and is gone. */
    | { readonly kind: 'dismissed' };
  readonly asked: {
    readonly listen: { readonly question: object; readonly answer: Outcome<{ readonly port: number }> };
    readonly startEngine: {
      readonly question: { readonly order: EngineOrder };
      readonly answer: Outcome<{ readonly names: EngineNames | null }>;
    };
    readonly end: { readonly question: EndQuestion; readonly answer: readonly string[] };
    readonly figures: { readonly question: object; readonly answer: FloorFigures };
    readonly nodeFigures: { readonly question: object; readonly answer: NodeFigures };
    /** Closes a connection without a stream; false = each has one. */
    readonly makeRoom: { readonly question: object; readonly answer: boolean };
  };
}

export interface EndQuestion {
  readonly streamIds: readonly string[];
  readonly why: OutsideEnd;
}

export type Outcome<T> = T | { readonly fault: string };
