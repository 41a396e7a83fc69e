/**
 * What passes between the owner of admissions (admissions.ts) and a floor where streams run (stream-floor.ts), as types only. Everything is
 * asked with a callback, never a promise: an owner in the same process answers before `ask` returns, one in another process later.
 *
 * What both rely on, cited as "Admission port N":
 *  1. each question is answered once, or never if it was abandoned before;
 *  2. what one floor says is heard in its order, and so is what it is told;
 *  3. a stream that was granted is the floor's from that call on: nothing is waited for between the grant and the floor's knowing it.
 */
import type { Call } from '../../call/call.ts';
import type { CollectedChunk, Screen } from '../../call/gateway.ts';
import type { Failure } from '../../errors.ts';
import type { LoadReason } from '../../machines/supervisor/supervisor.types.ts';
import type { OutsideEnd } from './live-streams.ts';

/** The words and the screen of one request. */
export interface Utterance {
  readonly prompt: string;
  readonly screen: Screen;
}

/** A call that wants a slot. */
export interface AdmissionRequest {
  readonly call: Call;
  /** null = a welcome stream, whose words nobody collected. */
  readonly utterance: Utterance | null;
  /** What the floor found wrong with the words by themselves; absent = nothing is. It is due where a fault of the words would be. */
  readonly fault?: Failure;
}

/** It has a slot. */
export interface Grant {
  /** Streams that hold one, this among them. */
  readonly activeStreams: number;
  /** With what was collected of it; null where the request had none. */
  readonly utterance: Utterance | null;
  /** The stream that it is to hear; null = it has one of its own. */
  readonly leader: string | null;
  /** Where that runs, by its number; absent = on the same floor. */
  readonly leaderWorker?: number;
}

/** A call that was asked for. */
export interface Asked {
  /** Its client has gone: no answer comes any more, and a grant that is on its way is given back. Idempotent, harmless after the answer. */
  abandon(): void;
}

/** The owner of admissions, as one floor sees it. Every failure that it gives has been counted and logged. */
export interface AdmissionPort {
  ask(request: AdmissionRequest, answer: (verdict: Grant | Failure) => void): Asked;
  /** A stream of this floor is over; `freed` is told how many still hold a slot, or null where it had been given back before. */
  released(streamId: string, freed: (activeStreams: number | null) => void): void;
  /** Keeps a chunk for the COMMIT to come; null = kept, or old and dropped. */
  collect(chunk: CollectedChunk, answer: (refused: Failure | null) => void): void;
  /** Counts and logs a refusal of which the floor found the reason. */
  refuse(call: Call, why: Failure): void;
  /** Why the process of this floor takes on nothing new from now on; empty = it does. */
  loaded(reasons: readonly LoadReason[]): void;
  /** Ends all of the device; answers with its session ids, each once, when the last stream is over. */
  interrupt(hardwareId: string, answer: (sessionIds: readonly string[]) => void): void;
}

/** A floor, as the owner sees it. */
export interface Floor {
  /** Its number, from 1; absent = it is in the owner's process. */
  readonly worker?: number;
  /** Ends these streams; `over` is told the sessions that this has ended when all of them are over. */
  end(streamIds: readonly string[], why: OutsideEnd, over: (sessionIds: readonly string[]) => void): void;
}
