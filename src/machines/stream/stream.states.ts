/**
 * What the charts of all streams have in common, as pieces of a chart: the watch over the reader, and the events that end a stream
 * whatever it is doing. They name delays, guards and actions that each chart's setup provides (stream.vocabulary.ts).
 */

/** One piece of text is at most 4 KiB: enough microsteps for any turn, few enough to stop a chart that runs in circles. */
export const MAX_MICROSTEPS = 20_000;

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

/**
 * How the voice of a stream comes to an end, good or bad. Guards lead to `failing` when it is the turn of a sentence that can't
 * be said.
 */
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
