/** Who calls: the only place that makes session ids and stream ids (CONTRACT §1, "Identity"). */
import { randomUUID } from 'node:crypto';
import type { Config } from '../config.ts';
import { type Failure, failure } from '../errors.ts';

/** 1 to 128 characters of 0x21 to 0x7E. */
const idPattern = /^[\x21-\x7e]{1,128}$/;
const uuidV4Pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;
const UNKNOWN = 'unknown';

export type IdentityPolicy = Config['identity']['policy'];

export interface Identity {
  readonly sessionId: string;
  readonly hardwareId: string;
}

/** Why a request is refused, and those of its ids that are good: '' = not given, or an id that nobody should have to read. */
export interface RefusedRequest extends Identity {
  readonly failure: Failure;
}

/** An id for one call, unique in the process and across restarts. */
export function makeStreamId(): string {
  return randomUUID();
}

/** The ids a call runs under, or why it can't. Missing ids are made here when the policy is lenient. */
export function identify(
  policy: IdentityPolicy,
  given: { readonly session_id: string; readonly hardware_id: string },
): Identity | RefusedRequest {
  return identityFrom(identifySession(policy, given.session_id), hardwareIdOf(policy, given.hardware_id));
}

/** Both ids, or the failure of the first that has one beside the other. */
export function identityFrom(sessionId: string | Failure, hardwareId: string | Failure): Identity | RefusedRequest {
  const good = {
    sessionId: typeof sessionId === 'string' ? sessionId : '',
    hardwareId: typeof hardwareId === 'string' ? hardwareId : '',
  };
  if (typeof sessionId !== 'string') return { ...good, failure: sessionId };
  return typeof hardwareId === 'string' ? good : { ...good, failure: hardwareId };
}

/** A hardware_id where one is required, whatever the policy. */
export function requireHardwareId(given: string): string | Failure {
  if (given.trim() === '' || given === UNKNOWN) {
    return failure('invalid_hardware_id', `hardware_id is required: ${quote(given)} names no device`);
  }
  return checkId('hardware_id', given, 'invalid_hardware_id');
}

/** Whose tokens a report is about: a device must be named, though it may call itself "unknown" when the policy is lenient. */
export function identifyReport(
  policy: IdentityPolicy,
  given: { readonly session_id: string; readonly hardware_id: string },
): Identity | RefusedRequest {
  const isNamed = policy === 'lenient' && given.hardware_id === UNKNOWN;
  const hardwareId = isNamed ? UNKNOWN : requireHardwareId(given.hardware_id);
  const sessionId = given.session_id === '' ? '' : checkId('session_id', given.session_id, 'invalid_session_id');
  const identity = identityFrom(sessionId, hardwareId);
  // The device is what a report can't do without, so its fault is told first.
  return typeof hardwareId === 'string' ? identity : { ...identity, failure: hardwareId };
}

/** The session id a call runs under, or why it can't; for calls that name no device. */
export function identifySession(policy: IdentityPolicy, given: string): string | Failure {
  const isMissing = given === '' || given === UNKNOWN;
  if (isMissing && policy === 'lenient') return randomUUID();
  if (isMissing || (policy === 'strict' && given.trim() === '')) {
    return failure('missing_session_id', `session_id is required: send a UUID v4, not ${quote(given)}`);
  }
  if (policy === 'strict' && !uuidV4Pattern.test(given)) {
    return failure('invalid_session_id', `session_id ${quote(given)} must be a UUID v4`);
  }
  return checkId('session_id', given, 'invalid_session_id');
}

function hardwareIdOf(policy: IdentityPolicy, given: string): string | Failure {
  if (policy === 'strict') return requireHardwareId(given);
  return given === '' ? UNKNOWN : checkId('hardware_id', given, 'invalid_hardware_id');
}

function checkId(field: string, given: string, errorType: 'invalid_session_id' | 'invalid_hardware_id') {
  if (idPattern.test(given)) return given;
  return failure(errorType, `${field} ${quote(given)} must be 1 to 128 characters of 0x21 to 0x7E`);
}

/** A client's value in an error text: bounded, control characters escaped. */
export function quote(value: string): string {
  const MAX_QUOTED_CHARS = 140;
  const shown = value.length > MAX_QUOTED_CHARS ? `${value.slice(0, MAX_QUOTED_CHARS)}…` : value;
  return JSON.stringify(shown.toWellFormed());
}
