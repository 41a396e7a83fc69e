/**
 * What the charts of all streams have in common, as pieces of a chart: the watch over the reader, and the events that end a stream
 * whatever it is doing. They name delays, guards and actions that each chart's setup provides.
 */
import { LONGEST_TIMER_MS } from '../../call/time.ts';

/** The outbox and the speech actor answer a question within one turn; later is a bug of ours. */
export const REPLY_DUE_MS = 5_000;

/** One piece of text is at most 4 KiB: enough microsteps for any turn, few enough to stop a chart that runs in circles. */
export const MAX_MICROSTEPS = 20_000;

/** The delay of a time that may be switched off (0). */
export function orOff(ms: number): number {
  return ms > 0 ? Math.min(ms, LONGEST_TIMER_MS) : LONGEST_TIMER_MS;
}

/** Watches the reader: asks the outbox only when the timeout may have passed, so that frames need no event. */
export function readerStatesOf<const Id extends string>(machineId: Id) {
  const error = `#${machineId}.error` as const;
  return {
    initial: 'attentive',
    states: {
      attentive: { after: { idleCheck: 'questioned' } },
      questioned: {
        entry: 'questionActivity',
        after: { replyDue: { target: error, actions: { type: 'endWith', params: { errorType: 'session_fault' } } } },
        on: {
          'outbox.activityReported': [
            {
              guard: 'isReaderIdle',
              target: error,
              actions: { type: 'endWith', params: { errorType: 'stream_idle_timeout' } },
            },
            { target: 'attentive', actions: 'planIdleCheck' },
          ],
        },
      },
    },
  } as const;
}

/** How the voice of a stream comes to an end, good or bad. Guards lead to `failing` when it is the turn of a sentence that can't be said. */
export function voiceEndsOf<const Id extends string>(machineId: Id) {
  return {
    /** All before the head was said, but is perhaps not with the transport yet: an end drops what waits there. */
    failing: {
      entry: 'awaitFlush',
      on: { 'outbox.flushed': { target: `#${machineId}.error`, actions: 'endAsFailed' } },
    },
    closing: {
      entry: 'sendEnd',
      on: { 'outbox.flushed': `#${machineId}.done` },
    },
  } as const;
}

/** Ends a stream in any state; `error` is a state at the top of its chart. */
export const endings = {
  'client.cancelled': { target: '.error', actions: { type: 'endWith', params: { errorType: 'client_cancelled' } } },
  'device.interruptRequested': { target: '.error', actions: { type: 'endWith', params: { errorType: 'interrupted' } } },
  'server.graceExpired': { target: '.error', actions: { type: 'endWith', params: { errorType: 'draining' } } },
  'outbox.rateExceeded': {
    target: '.error',
    actions: { type: 'endWith', params: { errorType: 'rate_limit_exceeded' } },
  },
  'session.faulted': { target: '.error', actions: { type: 'endWith', params: { errorType: 'session_fault' } } },
} as const;

/** The total time is over all states. */
export const totalTime = {
  sessionTimeout: { target: '.error', actions: { type: 'endWith', params: { errorType: 'session_timeout' } } },
} as const;

/** When the reader's idle timeout may pass next, from now, in ms; 0 = it is off. */
export function nextIdleCheckMs(idleTimeoutMs: number, idleMs: number): number {
  return idleTimeoutMs > 0 ? Math.max(1, idleTimeoutMs - idleMs) : 0;
}

/** What an event that carries an actor's error has to tell the log. */
export function errorDetailOf(event: object): string {
  if (!('error' in event)) return 'an actor ended with an unknown error';
  return event.error instanceof Error ? (event.error.stack ?? event.error.message) : String(event.error);
}
