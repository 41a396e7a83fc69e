/**
 * Who may have a stream, by the books of the supervisor: the conditions of its chart, and what a call is told that may not. A call that waited
 * for its session id is judged by the same, in the same order, when that comes free (`refusalOf`).
 *
 * The order, and why: the session id first, since a duplicate is one whatever else is true; then what binds the device, since the caller can
 * do something about it; then the slots, which last until a stream ends; then the load, which passes by itself.
 */
import { isOneDevice } from '../../call/call.ts';
import { duplicateOf, type Failure, failure } from '../../errors.ts';
import { emptyTable, lookUp } from './persistent-table.ts';
import type { LoadReason, SupervisorContext } from './supervisor.types.ts';

/** What a call is judged by. */
export interface Claim {
  readonly streamId: string;
  readonly sessionId: string;
  readonly hardwareId: string;
  /** Absent = the process of the chart, as 0. */
  readonly worker?: number | undefined;
}

export type RefusalType =
  | 'starting'
  | 'draining'
  | 'interrupted'
  | 'overloaded'
  | 'concurrent_request'
  | 'concurrent_hardware_id'
  | 'device_limit_exceeded'
  | 'stream_limit_exceeded';

/** What a second call of a session id in flight is; null = the id is free. */
export function duplicateKindOf({ inFlight, duplicatePolicy }: SupervisorContext, { sessionId }: Claim) {
  return lookUp(inFlight, sessionId) === undefined ? null : (duplicatePolicy ?? 'reject');
}

/**
 * True for a call of another device than the stream in flight: an id that is known says nothing about whose it is, and nobody ends, hears or
 * holds up what is another one's. Calls that name no device are one device here: nothing tells them apart.
 */
export function isOfAnotherDevice(context: SupervisorContext, { sessionId, hardwareId }: Claim): boolean {
  const running = lookUp(context.streams, lookUp(context.inFlight, sessionId) ?? '')?.hardwareId ?? '';
  return running !== hardwareId && (isOneDevice(running) || isOneDevice(hardwareId));
}

/** True if the queue of the call's session id has no place left. */
export function isQueueFull(context: SupervisorContext, { sessionId }: Claim): boolean {
  return queueOf(context, sessionId).length >= (context.queueMax ?? 0);
}

export function isDeviceStreaming(context: SupervisorContext, claim: Claim): boolean {
  return context.oneStreamPerDevice && isOneDevice(claim.hardwareId) && deviceStreams(context, claim) > 0;
}

export function isDeviceFull(context: SupervisorContext, claim: Claim): boolean {
  const most = context.maxStreamsPerDevice ?? 0;
  return most > 0 && isOneDevice(claim.hardwareId) && deviceStreams(context, claim) >= most;
}

/** A stream that supersedes another one takes over its slot. */
export function isFull(context: SupervisorContext, claim: Claim | null): boolean {
  const takenOver = claim !== null && supersededBy(context, claim) !== undefined ? 1 : 0;
  return context.streams.size - takenOver >= context.maxStreams;
}

/** Why the process of a call, or the whole server, takes on nothing; empty = it does. */
export function loadOf({ loads = emptyTable }: SupervisorContext, worker: number | undefined): readonly LoadReason[] {
  return [...(lookUp(loads, 'all') ?? []), ...(lookUp(loads, String(worker ?? 0)) ?? [])];
}

/** Why a call that finds its session id free gets no stream; null = it gets one. The chart asks the same, in the same order. */
export function refusalOf(context: SupervisorContext, claim: Claim): RefusalType | null {
  if (isDeviceStreaming(context, claim)) return 'concurrent_hardware_id';
  if (isDeviceFull(context, claim)) return 'device_limit_exceeded';
  if (isFull(context, claim)) return 'stream_limit_exceeded';
  return loadOf(context, claim.worker).length > 0 ? 'overloaded' : null;
}

/** CONTRACT §1 fixes the text of stream_limit_exceeded. */
export function refusal(errorType: RefusalType, context: SupervisorContext, claim: Partial<Claim>): Failure {
  return errorType === 'concurrent_request'
    ? duplicateOf(claim.sessionId ?? '')
    : failure(errorType, refusalText(errorType, context, claim));
}

function refusalText(
  errorType: Exclude<RefusalType, 'concurrent_request'>,
  context: SupervisorContext,
  claim: Partial<Claim>,
): string {
  const { sessionId = '', hardwareId = '', worker } = claim;
  switch (errorType) {
    case 'starting':
      return 'The server is starting; try again in a moment';
    case 'draining':
      return 'The server is shutting down';
    case 'interrupted':
      return 'Interrupted by the device';
    case 'overloaded':
      return `The server is overloaded: ${loadOf(context, worker)
        .map((reason) => loadWords[reason])
        .join('; ')}`;
    case 'concurrent_hardware_id':
      return 'The device already has a running stream; only one per device is allowed';
    case 'device_limit_exceeded':
      return `DEVICE_LIMIT_EXCEEDED: Maximum concurrent streams of one device (${context.maxStreamsPerDevice ?? 0}) reached. Current active: ${deviceStreams(context, { streamId: '', sessionId, hardwareId })}`;
    case 'stream_limit_exceeded':
      return `STREAM_LIMIT_EXCEEDED: Maximum concurrent streams (${context.maxStreams}) reached. Current active: ${context.streams.size}`;
  }
}

const loadWords: Readonly<Record<LoadReason, string>> = {
  lag: 'its event loop is late (OVERLOAD_MAX_LAG)',
  starts: 'too many streams begin at once',
  memory: 'its memory runs out',
  prompts: 'it holds as many bytes of requests as it may',
};

/** The stream that the call supersedes. */
export function supersededBy(context: SupervisorContext, claim: Claim): string | undefined {
  return context.duplicatePolicy === 'supersede' ? lookUp(context.inFlight, claim.sessionId) : undefined;
}

/** How many streams the device has, without the one that the call supersedes. */
function deviceStreams(context: SupervisorContext, claim: Claim): number {
  const its = lookUp(context.groups, answersOf(claim.hardwareId)) ?? emptyTable;
  const older = supersededBy(context, claim);
  return older !== undefined && lookUp(its, older) !== undefined ? its.size - 1 : its.size;
}

export function queueOf({ queues = emptyTable }: SupervisorContext, sessionId: string): readonly string[] {
  return lookUp<readonly string[]>(queues, sessionId) ?? [];
}

/** The group of a device's answers, and of what it listens to. */
export function answersOf(hardwareId: string): string {
  return `answers of ${hardwareId}`;
}
