/**
 * Whose call it is: made once, when rpc/identity.ts has read the ids, and handed on whole. No other type carries ids beside each other.
 * An id that is not known is '': a welcome stream names no device, and a call that is refused for an id has none.
 */

/** The rpc a call belongs to, as the log names it. */
export type RpcMethod = 'StreamAudio' | 'GenerateWelcomeAudio' | 'InterruptSession' | 'ReportUsage';

export interface Call {
  readonly method: RpcMethod;
  /** One call; unique in the process and across restarts. The slot belongs to it. */
  readonly streamId: string;
  readonly sessionId: string;
  readonly hardwareId: string;
}

/** What calls without a hardware_id run under, all of them: it names no device, so nothing is kept under it. */
export const NO_DEVICE = 'unknown';

/** What a client sends in the place of an id that it does not have, in any letter case. */
const NO_ID = NO_DEVICE;

/** True for an id that is the word for having none. */
export function isNoId(id: string): boolean {
  return id.length === NO_ID.length && id.toLowerCase() === NO_ID;
}

/** False for the id that stands for every device without one: blank, or "unknown" in any letter case. */
export function isOneDevice(hardwareId: string): boolean {
  const bare = hardwareId.trim();
  return bare !== '' && !isNoId(bare);
}

/** The three ids that every log line of a call carries. */
export function idsOf({ sessionId, hardwareId, streamId }: Call) {
  return { session_id: sessionId, hardware_id: hardwareId, stream_id: streamId };
}
