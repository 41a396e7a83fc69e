/**
 * The words that every chart that speaks has in common: delays and guards, spread into its `setup()`, and what shared
 * actions compute. XState types an action by the whole chart it belongs to, so each setup lists its actions itself.
 */
import type { Failure } from '../../errors.ts';
import { orOff } from '../timer.ts';
import { isHeadFailed, isHeadSaid, isNextSentenceDue } from './speech-queue.ts';
import { type HeardEvent, isStreamEvent, type StreamContext } from './stream.types.ts';

/** What XState hands to a delay and a guard. */
interface Given {
  readonly context: StreamContext;
  readonly event: HeardEvent;
}

/** The outbox and the speech actor answer a question within one turn; later is a bug of ours. */
const REPLY_DUE_MS = 5_000;

export const streamDelays = {
  idleCheck: ({ context }: Given) => orOff(context.watch.idleCheckInMs),
  speechCheck: ({ context }: Given) => orOff(context.watch.speechCheckInMs),
  sessionTimeout: ({ context }: Given) => orOff(context.limits.sessionTimeoutMs),
  replyDue: REPLY_DUE_MS,
} as const;

export const streamGuards = {
  hasSentence: ({ context }: Given) => context.sentences.length > 0,
  hasNextSentence: ({ context, event }: Given) => isNextSentenceDue(context, event),
  isHead: ({ context, event }: Given) => isHeadSaid(context, event),
  isHeadFailed: ({ context }: Given) => isHeadFailed(context),
  isReaderIdle: ({ context, event }: Given) =>
    isStreamEvent(event, 'outbox.activityReported') &&
    context.limits.idleTimeoutMs > 0 &&
    event.idleMs >= context.limits.idleTimeoutMs,
} as const;

/** When the reader's idle timeout may pass next, in ms from now; 0 = it is off. */
export function nextIdleCheckMs({ limits, watch }: StreamContext, event: HeardEvent): number {
  if (!isStreamEvent(event, 'outbox.activityReported')) return watch.idleCheckInMs;
  return limits.idleTimeoutMs > 0 ? Math.max(1, limits.idleTimeoutMs - event.idleMs) : 0;
}

/** The failure that the head brings to its stream. */
export function failureOfHead({ sentences, failure }: StreamContext): Failure | null {
  return sentences[0]?.failure ?? failure;
}

/** What an event that carries an actor's error has to tell the log. */
export function errorDetailOf(event: object): string {
  if (!('error' in event)) return 'an actor ended with an unknown error';
  return event.error instanceof Error ? (event.error.stack ?? event.error.message) : String(event.error);
}
