/**
 * The port to whoever says how much a device may ask for. It is asked once for a call that is good and that the supervisor would look at,
 * before it takes a slot, and answers synchronously, because nothing may come between the check and the taking. A quota that lives elsewhere
 * answers from what it holds here (a lease of some requests a device) and renews that in the background: see docs/MEMORY.md.
 */
import type { Failure } from '../../errors.ts';

export interface QuotaPort {
  /** Takes one request of the device, or says why it may have none. Never throws. */
  reserve(call: { readonly hardwareId: string; readonly streamId: string }): QuotaReservation | Failure;
}

/** One request that is taken: of calls at the same time only as many have one as are left. */
export interface QuotaReservation {
  /** Called once, before anything else is asked of the port: whether the call got a stream. If not, the request was never made. */
  settle(isAdmitted: boolean): void;
}
