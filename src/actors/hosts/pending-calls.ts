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
  /** Resolves when it is admitted, refused or ended. */
  readonly decided: Promise<void>;
  #noteDecided: () => void = () => {};
  readonly #end: (why: Failure) => void;
  #isOver = false;
  /** The stream that it became. */
  #stream: OpenStream | null = null;

  /** `end` ends the call of the client. */
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

  cancel(): void {
    if (this.#stream !== null) this.#stream.cancel();
    else this.end(failure('client_cancelled', 'Cancelled by the client'));
  }

  /** Idempotent. */
  end(why: Failure): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#end(why);
    this.#noteDecided();
  }

  /** It was admitted: from now on its stream answers for it. */
  become(stream: OpenStream): void {
    this.#isOver = true;
    this.#stream = stream;
  }

  /** Who waits for it may go on. */
  close(): void {
    this.#noteDecided();
  }
}

export class PendingCalls {
  readonly #calls = new Set<PendingCall>();
  /** By session, the one that came last. */
  readonly #lastOfSession = new Map<string, PendingCall>();

  /** Returns the one of its session that came before it: if that is admitted, this is a duplicate, and should take no request meanwhile. */
  add(pending: PendingCall): PendingCall | undefined {
    const { sessionId } = pending.call;
    const earlier = this.#lastOfSession.get(sessionId);
    this.#calls.add(pending);
    this.#lastOfSession.set(sessionId, pending);
    return earlier;
  }

  /** It is decided. */
  forget(pending: PendingCall): void {
    const { sessionId } = pending.call;
    this.#calls.delete(pending);
    if (this.#lastOfSession.get(sessionId) === pending) this.#lastOfSession.delete(sessionId);
    pending.close();
  }

  /** Ends those of the device; returns their session ids. */
  interrupt(hardwareId: string): readonly string[] {
    const its = [...this.#calls].filter(({ call, isOver }) => call.hardwareId === hardwareId && !isOver);
    for (const pending of its) pending.end(failure('interrupted', 'Interrupted by the device'));
    return its.map(({ call }) => call.sessionId);
  }
}
