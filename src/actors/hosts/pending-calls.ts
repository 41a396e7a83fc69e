/**
 * Calls whose quota is being asked for: neither admitted nor refused yet. Each may be ended meanwhile, by its client or by its device; it is
 * over at once then, and what comes of the quota is given back.
 */
import type { Call } from '../../call/call.ts';
import type { OpenStream } from '../../call/gateway.ts';
import { type Failure, failure } from '../../errors.ts';

/** One call that waits. */
export class PendingCall implements OpenStream {
  readonly call: Call;
  readonly #end: (why: Failure) => void;
  #isOver = false;
  /** The stream that it became. */
  #stream: OpenStream | null = null;

  /** `end` ends the call of the client. */
  constructor(call: Call, end: (why: Failure) => void) {
    this.call = call;
    this.#end = end;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  cancel(): void {
    if (this.#stream !== null) this.#stream.cancel();
    else this.end(failure('client_cancelled', 'Cancelled by the client'));
  }

  /** Idempotent. */
  end(why: Failure): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#end(why);
  }

  /** It was decided: from now on its stream answers for it. */
  become(stream: OpenStream): void {
    this.#isOver = true;
    this.#stream = stream;
  }
}

export class PendingCalls {
  readonly #calls = new Set<PendingCall>();

  add(pending: PendingCall): void {
    this.#calls.add(pending);
  }

  forget(pending: PendingCall): void {
    this.#calls.delete(pending);
  }

  /** Ends those of the device; returns their session ids. */
  interrupt(hardwareId: string): readonly string[] {
    const its = [...this.#calls].filter(({ call, isOver }) => call.hardwareId === hardwareId && !isOver);
    for (const pending of its) pending.end(failure('interrupted', 'Interrupted by the device'));
    return its.map(({ call }) => call.sessionId);
  }
}
