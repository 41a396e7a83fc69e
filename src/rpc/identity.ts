/**
 * Who calls: the only place that makes calls, with their session ids and stream ids (CONTRACT §1, "Identity"). Below it a device
 * without an id has one name, NO_DEVICE, whatever its client wrote.
 */
import { randomUUID } from 'node:crypto';
import { type Call, isNoId, isOneDevice, NO_DEVICE, type RpcMethod } from '../call/call.ts';
import type { Config } from '../config.ts';
import { type Failure, failure } from '../errors.ts';

/** 1 to 128 characters of 0x21 to 0x7E. */
const idPattern = /^[\x21-\x7e]{1,128}$/;
const uuidV4Pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;
/** RequestPhase COLLECT: the one call that is in vain without a session id of its own. */
export const COLLECT_PHASE = 1;

export type IdentityPolicy = Config['identity']['policy'];

/** The ids as the wire carries them. */
export interface GivenIds {
  readonly session_id?: string;
  readonly hardware_id?: string;
  /** Of a StreamAudio. */
  readonly phase?: number | string;
}

/** A call, and why its ids are refused; null = they are good. An id that is not good is '' in it: nobody should have to read it. */
export interface Identified {
  readonly call: Call;
  readonly failure: Failure | null;
}

type Id = string | Failure;

/**
 * What a policy asks of a StreamAudio. All other rpcs ask the same under each: of a session id that it is well formed, of the device what
 * they need it for.
 */
const policyRules: Readonly<
  Record<IdentityPolicy, { readonly isSessionGiven: boolean; readonly isDeviceGiven: boolean }>
> = {
  lenient: { isSessionGiven: false, isDeviceGiven: false },
  device: { isSessionGiven: false, isDeviceGiven: true },
  strict: { isSessionGiven: true, isDeviceGiven: true },
};

/** Makes the call of each rpc, and the ids that are missing where the policy makes them. The failure is that of the first bad id. */
export const identify: Readonly<Record<RpcMethod, (policy: IdentityPolicy, given: GivenIds) => Identified>> = {
  StreamAudio: (policy, { session_id = '', hardware_id = '', phase }) => {
    const { isSessionGiven, isDeviceGiven } = policyRules[policy];
    const sessionIdOf = isSessionGiven ? givenUuidOf : phase === COLLECT_PHASE ? collectedIdOf : givenOrMadeIdOf;
    const hardwareIdOf = isDeviceGiven ? requiredHardwareIdOf : givenHardwareIdOf;
    return identified('StreamAudio', sessionIdOf(session_id), hardwareIdOf(hardware_id));
  },
  // It names no device: whose session it is, only a running answer can tell.
  GenerateWelcomeAudio: (_policy, { session_id = '' }) =>
    identified('GenerateWelcomeAudio', givenOrMadeIdOf(session_id), ''),
  InterruptSession: (_policy, { hardware_id = '' }) =>
    identified('InterruptSession', '', requiredHardwareIdOf(hardware_id)),
  ReportUsage: (policy, { session_id = '', hardware_id = '' }) => {
    // A device must be named, though it may call itself "unknown" where it may be.
    const isNamed = !policyRules[policy].isDeviceGiven && isNoId(hardware_id);
    const hardwareId = isNamed ? NO_DEVICE : requiredHardwareIdOf(hardware_id);
    const sessionId = isAbsent(session_id) ? '' : checkedId('session_id', session_id, 'invalid_session_id');
    const { call, failure: why } = identified('ReportUsage', sessionId, hardwareId);
    // The device is what a report can't do without, so its fault is told first.
    return { call, failure: typeof hardwareId === 'string' ? why : hardwareId };
  },
};

function identified(method: RpcMethod, sessionId: Id, hardwareId: Id): Identified {
  const call: Call = {
    method,
    streamId: randomUUID(),
    sessionId: typeof sessionId === 'string' ? sessionId : '',
    hardwareId: typeof hardwareId === 'string' ? hardwareId : '',
  };
  if (typeof sessionId !== 'string') return { call, failure: sessionId };
  return { call, failure: typeof hardwareId === 'string' ? null : hardwareId };
}

/** A hardware_id where one is required. */
function requiredHardwareIdOf(given: string): Id {
  if (!isOneDevice(given)) {
    return failure('invalid_hardware_id', `hardware_id is required: ${quote(given)} names no device`);
  }
  return checkedId('hardware_id', given, 'invalid_hardware_id');
}

/** True where a client has no id to give. */
function isAbsent(id: string): boolean {
  return id === '' || isNoId(id);
}

/** The session id a call runs under, or why it can't; made here where there is none. */
function givenOrMadeIdOf(given: string): Id {
  return isAbsent(given) ? randomUUID() : checkedId('session_id', given, 'invalid_session_id');
}

/** The session id of a COLLECT: under one that is made here its COMMIT could never find it. */
function collectedIdOf(given: string): Id {
  if (given.trim() !== '' && !isNoId(given)) return checkedId('session_id', given, 'invalid_session_id');
  const why = 'what is collected without one could never be committed';
  return failure('missing_session_id', `session_id is required, not ${quote(given)}: ${why}`);
}

/** A session id where clients make them. */
function givenUuidOf(given: string): Id {
  if (given.trim() === '' || isNoId(given)) {
    return failure('missing_session_id', `session_id is required: send a UUID v4, not ${quote(given)}`);
  }
  if (uuidV4Pattern.test(given)) return given;
  return failure('invalid_session_id', `session_id ${quote(given)} must be a UUID v4`);
}

function givenHardwareIdOf(given: string): Id {
  return isAbsent(given) ? NO_DEVICE : checkedId('hardware_id', given, 'invalid_hardware_id');
}

function checkedId(field: string, given: string, errorType: 'invalid_session_id' | 'invalid_hardware_id'): Id {
  if (idPattern.test(given)) return given;
  return failure(errorType, `${field} ${quote(given)} must be 1 to 128 characters of 0x21 to 0x7E`);
}

/** A client's value in an error text: bounded, control characters escaped. */
export function quote(value: string): string {
  const MAX_QUOTED_CHARS = 140;
  const shown = value.length > MAX_QUOTED_CHARS ? `${value.slice(0, MAX_QUOTED_CHARS)}…` : value;
  return JSON.stringify(shown.toWellFormed());
}
