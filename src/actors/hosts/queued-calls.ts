/**
 * Calls that wait for their session id (DUPLICATE_POLICY=queue). The supervisor's chart has their places and their time, and decides them; here
 * is what stands beside: who is told of it, and when. What a turn of the chart decides is told behind that turn, since a stream may begin
 * in it and a client may call again, but before anybody else can ask for anything.
 */
import { type Call, idsOf } from '../../call/call.ts';
import type { Logger } from '../../observe/logger.ts';
import type { Asked } from './admission-port.ts';

export interface QueuedCall<TVerdict> {
  /** Takes the verdict, in the turn of the chart; null = its client has gone. What it returns tells who asked, behind the turn. */
  readonly decide: (verdict: TVerdict | null) => () => void;
  /** The chart forgets it. */
  readonly leave: () => void;
}

export class QueuedCalls<TVerdict> {
  readonly #log: Logger;
  readonly #calls = new Map<string, QueuedCall<TVerdict> & { readonly call: Call }>();
  readonly #toTell: (() => void)[] = [];
  readonly #interrupted: string[] = [];

  constructor(log: Logger) {
    this.#log = log;
  }

  /** It waits at `place`, which counts from 1. */
  add(call: Call, place: number, queued: QueuedCall<TVerdict>): Asked {
    this.#calls.set(call.streamId, { ...queued, call });
    const ctx = { ...idsOf(call), place };
    const fields = { scope: 'workflow', method: call.method, decision: 'stream_queued', ctx };
    this.#log.info(fields, 'a call waits for its session id');
    return {
      abandon: () => {
        if (!this.#calls.delete(call.streamId)) return;
        queued.leave();
        queued.decide(null);
      },
    };
  }

  /** The chart has decided a call; one that did not wait is none of these. */
  decide(streamId: string, verdict: TVerdict & { readonly failure?: { readonly errorType: string } }): void {
    const queued = this.#calls.get(streamId);
    if (queued === undefined) return;
    this.#calls.delete(streamId);
    if (verdict.failure?.errorType === 'interrupted') this.#interrupted.push(queued.call.sessionId);
    this.#toTell.push(queued.decide(verdict));
    // Where its time was up nobody but the chart's own clock has begun the turn.
    queueMicrotask(() => this.tell());
  }

  /** The chart has forgotten a call: its process is gone. */
  forget(streamId: string): void {
    const queued = this.#calls.get(streamId);
    if (queued === undefined) return;
    this.#calls.delete(streamId);
    this.#toTell.push(queued.decide(null));
  }

  /** Tells what was decided; called behind each turn that may decide a call. */
  tell(): void {
    for (const each of this.#toTell.splice(0)) each();
  }

  /** The sessions of those that an interrupt has ended since the last time this was asked. */
  takeInterrupted(): readonly string[] {
    return this.#interrupted.splice(0);
  }
}
