/**
 * Calls whose quota is being asked for: neither admitted nor refused yet. Each may be ended meanwhile, by its client or by its device; it is
 * over at once then, and what comes of the quota is given back.
 */
import type { Call } from '../../call/call.ts';
import type { StreamRequest } from '../../call/gateway.ts';
import { type Failure, failure, failureOfUnexpected } from '../../errors.ts';
import type { Asked, Floor, Grant } from './admission-port.ts';

const nothingToAbandon: Asked = Object.freeze({ abandon: () => {} });

/**
 * The port to whoever says how much a device may ask for. It is asked once for a call that is good and that the supervisor would look
 * at, before it takes a slot. The check and the taking are one step of whoever keeps the counts, and the call waits for it: see docs/MEMORY.md.
 */
export interface QuotaPort {
  /**
   * Takes one request of the device, or says why it may have none; with `requests` 0 it only looks. Answers those of a device in their order,
   * within a bound of its own. Never rejects.
   */
  reserve(call: Call, requests: 0 | 1): Promise<QuotaReservation | Failure>;
}

/** One request that is taken: of calls at the same time only as many have one as are left. */
export interface QuotaReservation {
  /** Called once: whether the call got a stream. If not, the request was never made. */
  settle(isAdmitted: boolean): void;
}

/** Whoever admits calls, as far as those that wait for their quota must know it. */
export interface House {
  /** Why the call would be refused whatever its quota says; null = it would not. */
  readonly due: (call: Call, floor: Floor) => Failure | null;
  /** Why it would be refused at all. */
  readonly full: (call: Call, floor: Floor) => Failure | null;
  readonly whole: (request: StreamRequest, floor: Floor) => StreamRequest | Failure;
  readonly admit: (whole: StreamRequest, terms: Terms) => Asked;
  /** Counts and logs the refusal; gives it back. */
  readonly refuse: (call: Call, why: Failure) => Failure;
  readonly report: (error: unknown, call: Call) => void;
}

export type Answer = (verdict: Grant | Failure) => void;

/** An answer stream that is asked for, and where. */
interface Application {
  readonly request: StreamRequest;
  readonly floor: Floor;
  readonly answer: Answer;
}

/** What is known of an application when the chart is asked. */
export interface Terms extends Omit<Application, 'request'> {
  /** Its request is taken; null = no quota. */
  readonly reserved: QuotaReservation | null;
}

/** A call whose quota is to be asked for. */
interface QuotaQuestion extends Application {
  readonly pending: PendingCall;
  /** The one of its session that came before it and is not decided yet. */
  readonly earlier: PendingCall | undefined;
}

/** What decides a call whose request was asked for. */
interface QuotaVerdict extends Application {
  readonly reserved: QuotaReservation | Failure;
  /** Why it was only looked for: the house was full. */
  readonly full: Failure | null;
}

/** One call that waits. */
class PendingCall {
  readonly call: Call;
  /** Resolves when it is admitted, refused or ended. */
  readonly decided: Promise<void>;
  #noteDecided: () => void = () => {};
  readonly #end: (why: Failure) => void;
  #isOver = false;
  #asked: Asked | null = null;

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

  /** What it waits for behind its quota. */
  waitFor(asked: Asked): void {
    this.#asked = asked;
  }

  /** Its client has gone. */
  abandon(): void {
    this.#asked?.abandon();
  }

  /** Who waits for it may go on. */
  close(): void {
    this.#noteDecided();
  }
}

/** By device, so that an interrupt costs the same however many others wait; as many as the transport has streams open. */
export class PendingCalls {
  readonly #house: House;
  readonly #ofDevice = new Map<string, Set<PendingCall>>();
  /** By session, the one that came last. */
  readonly #lastOfSession = new Map<string, PendingCall>();

  constructor(house: House) {
    this.#house = house;
  }

  /** The call waits for its request; then it is decided as any other. */
  admit(quota: QuotaPort, application: Application): Asked {
    const { request, floor, answer } = application;
    const { call } = request;
    // A duplicate is one whatever its device may still ask for.
    const due = this.#house.due(call, floor);
    if (due !== null) {
      answer(this.#house.refuse(call, due));
      return nothingToAbandon;
    }
    const pending = new PendingCall(call, (why) => answer(this.#house.refuse(call, why)));
    const earlier = this.#add(pending);
    const asked = this.#askQuota(quota, { ...application, pending, earlier }).catch((error: unknown) => {
      this.#house.report(error, call);
      pending.end(failureOfUnexpected('session_fault', call.streamId));
    });
    void asked.finally(() => this.#forget(pending));
    return {
      abandon: () => {
        if (pending.leave()) this.#house.refuse(call, failure('client_cancelled', 'Cancelled by the client'));
        else pending.abandon();
      },
    };
  }

  async #askQuota(quota: QuotaPort, { pending, earlier, ...application }: QuotaQuestion): Promise<void> {
    const { request, floor } = application;
    const { call } = request;
    // Without an earlier one it is asked in this turn, so that calls of a device stay in their order.
    if (earlier !== undefined) await earlier.decided;
    if (pending.isOver) return;
    const due = this.#house.due(call, floor);
    if (due !== null) {
      pending.end(due);
      return;
    }
    // A full house lets wait for what would be refused anyway: who has none left is told so, who has keeps it.
    const full = this.#house.full(call, floor);
    const reserved = await quota.reserve(call, full === null ? 1 : 0);
    this.#decide(pending, { ...application, reserved, full });
  }

  #decide(pending: PendingCall, { reserved, full, request, floor, answer }: QuotaVerdict): void {
    const isDenied = 'errorCode' in reserved;
    if (pending.isOver) {
      if (!isDenied) reserved.settle(false);
      return;
    }
    // What was collected may have been used meanwhile.
    const whole = this.#house.whole(request, floor);
    const refused =
      this.#house.due(request.call, floor) ??
      (isDenied ? reserved : null) ??
      full ??
      ('errorCode' in whole ? whole : null);
    if (isDenied || refused !== null || 'errorCode' in whole) {
      if (!isDenied) reserved.settle(false);
      if (refused !== null) pending.end(refused);
      return;
    }
    pending.leave();
    // If it waits from here on, it is for its session id.
    pending.waitFor(this.#house.admit(whole, { floor, answer, reserved }));
  }

  /** Returns the one of its session that came before it: if that is admitted, this is a duplicate, and should take no request meanwhile. */
  #add(pending: PendingCall): PendingCall | undefined {
    const { sessionId, hardwareId } = pending.call;
    const earlier = this.#lastOfSession.get(sessionId);
    const its = this.#ofDevice.get(hardwareId);
    if (its === undefined) this.#ofDevice.set(hardwareId, new Set([pending]));
    else its.add(pending);
    this.#lastOfSession.set(sessionId, pending);
    return earlier;
  }

  /** It is decided. */
  #forget(pending: PendingCall): void {
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
