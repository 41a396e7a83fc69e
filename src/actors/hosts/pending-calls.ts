/**
 * Calls whose quota is being asked for: neither admitted nor refused yet. Each may be ended meanwhile, by its client or by its device; it is
 * over at once then, and what comes of the quota is given back.
 */
import type { Call } from '../../call/call.ts';
import { type Failure, failure } from '../../errors.ts';

/** One call that waits. */
export class PendingCall {
  readonly call: Call;
  /** Resolves when it is admitted, refused or ended. */
  readonly decided: Promise<void>;
  #noteDecided: () => void = () => {};
  readonly #end: (why: Failure) => void;
  #isOver = false;

  /** `end` tells who asked for it. */
  constructor(call: Call, end: (why: Failure) => void) {
    this.call = call;
    this.#end = end;
    this.decided = new Promise((resolve) => {
      this.#noteDecided = resolve;
    });
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Idempotent. */
  end(why: Failure): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#end(why);
    this.#noteDecided();
  }

  /** It is over, and nobody is told by this; false = it was before. Who waits for it may go on once it is forgotten. */
  leave(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    return true;
  }

  /** Who waits for it may go on. */
  close(): void {
    this.#noteDecided();
  }
}

/** By device, so that an interrupt costs the same however many others wait; as many as the transport has streams open. */
export class PendingCalls {
  readonly #ofDevice = new Map<string, Set<PendingCall>>();
  /** By session, the one that came last. */
  readonly #lastOfSession = new Map<string, PendingCall>();

  /** Returns the one of its session that came before it: if that is admitted, this is a duplicate, and should take no request meanwhile. */
  add(pending: PendingCall): PendingCall | undefined {
    const { sessionId, hardwareId } = pending.call;
    const earlier = this.#lastOfSession.get(sessionId);
    const its = this.#ofDevice.get(hardwareId);
    if (its === undefined) this.#ofDevice.set(hardwareId, new Set([pending]));
    else its.add(pending);
    this.#lastOfSession.set(sessionId, pending);
    return earlier;
  }

  /** It is decided. */
  forget(pending: PendingCall): void {
    const { sessionId, hardwareId } = pending.call;
    const its = this.#ofDevice.get(hardwareId);
    its?.delete(pending);
    if (its?.size === 0) this.#ofDevice.delete(hardwareId);
    if (this.#lastOfSession.get(sessionId) === pending) this.#lastOfSession.delete(sessionId);
    pending.close();
  }

  /** Ends those of the device; returns their session ids. */
  interrupt(hardwareId: string): readonly string[] {
    const its = [...(this.#ofDevice.get(hardwareId) ?? [])].filter(({ isOver }) => !isOver);
    for (const pending of its) pending.end(failure('interrupted', 'Interrupted by the device'));
    return its.map(({ call }) => call.sessionId);
  }
}
