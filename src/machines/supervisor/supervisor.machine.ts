/**
 * The supervisor chart: who may have a stream. It keeps the set of session ids in flight and the slots, and decides
 * every admission in one transition, so nothing can come between the check and the taking.
 *
 * What holds, cited as "Supervisor N":
 *  1. single-flight is checked before a slot is taken;
 *  2. a slot belongs to the call (stream id): a refused duplicate can release nothing but itself, and releasing twice is harmless;
 *  3. never more streams than slots;
 *  4. a turn costs the same with 10 and with 10,000 streams, apart from the streams that it names; those are named in the order in which
 *     they were admitted;
 *  5. `groups` is what `streams` says, in the order in which it is asked for, and nothing else;
 *  6. superseding is one turn: the older stream is named to be ended, the newer has its id and its slot, also where no other is free;
 *  7. a call waits for its session id while that is in flight, `queueMax` of them at most, `queueTimeoutMs` at most, in the order of their
 *     arrival and without a slot; in the turn in which the id comes free the next is decided; an interrupt and a drain end their waiting;
 *  8. a listener holds a slot, counts in its device's share and ends alone; it is in flight under no id;
 *  9. a duplicate of another device than that of the stream in flight is refused, whatever a duplicate is otherwise;
 * 10. load refuses what is new where it is reported, and ends nothing;
 * 11. what a lost process had is free in one turn.
 * It does not start or stop sessions itself: it says so, and its host does. What its turns make of the tables is in supervisor-books.ts, who
 * may have a stream in admission-rules.ts.
 */
import { assign, enqueueActions, setup } from 'xstate';
import {
  type Claim,
  duplicateKindOf,
  isDeviceFull,
  isDeviceStreaming,
  isFull,
  isOfAnotherDevice,
  isQueueFull,
  loadOf,
  type RefusalType,
} from './admission-rules.ts';
import { emptyTable, lookUp } from './persistent-table.ts';
import type {
  SupervisorContext,
  SupervisorEmitted,
  SupervisorEvent,
  SupervisorInput,
  SupervisorRequest,
} from './supervisor.types.ts';
import {
  admitted,
  freed,
  interrupted,
  left,
  loaded,
  nothing,
  queued,
  refusedAs,
  saying,
  streamsInOrder,
  superseded,
  type Turn,
  unqueued,
  waitingInOrder,
  workerCleared,
} from './supervisor-books.ts';

/** Ten thousand streams are ended in some 3 s, in slices; a slot still held after this is a bug, and no reason to stay up. */
const ENDING_DUE_MS = 10_000;

/** An action by what its turn makes of the books: it is said, and the time of those that do not wait any more is over. */
function turning<TParams extends { readonly errorType: RefusalType } | undefined = undefined>(
  turnOf: (context: SupervisorContext, event: SupervisorEvent, params: TParams) => Turn,
) {
  return enqueueActions<
    SupervisorContext,
    SupervisorEvent,
    TParams,
    SupervisorEvent,
    never,
    never,
    never,
    'queueTimeout',
    SupervisorEmitted
  >(({ context, event, enqueue }, params) => {
    const { books, said, over, waits } = turnOf(context, event, params);
    enqueue.assign(books);
    for (const each of said) enqueue.emit(each);
    for (const streamId of over) enqueue.cancel(`wait ${streamId}`);
    for (const streamId of waits) {
      enqueue.raise({ type: 'wait.expired', streamId }, { id: `wait ${streamId}`, delay: 'queueTimeout' });
    }
  });
}

export const supervisorSetup = setup({
  types: {
    context: {} as SupervisorContext,
    events: {} as SupervisorEvent,
    emitted: {} as SupervisorEmitted,
    input: {} as SupervisorInput | undefined,
  },
  delays: {
    gracePeriod: ({ context }) => context.gracePeriodMs,
    endingDue: ENDING_DUE_MS,
    queueTimeout: ({ context }) => context.queueTimeoutMs ?? 0,
  },
  guards: {
    isSessionInFlight: ({ context, event }) =>
      event.type === 'stream.requested' && duplicateKindOf(context, event) === 'reject',
    isOfAnotherDevice: ({ context, event }) =>
      isAnswer(event) && duplicateKindOf(context, event) !== null && isOfAnotherDevice(context, event),
    isQueueFull: ({ context, event }) => isQueuing(context, event) && isQueueFull(context, event),
    isDeviceStreaming: ({ context, event }) => isTaking(context, event) && isDeviceStreaming(context, event),
    isDeviceFull: ({ context, event }) => isTaking(context, event) && isDeviceFull(context, event),
    isFull: ({ context, event }) => !isQueuing(context, event) && isFull(context, isAnswer(event) ? event : null),
    isOverloaded: ({ context, event }) => isRequest(event) && loadOf(context, event.worker).length > 0,
    isShortOfMemory: ({ context, event }) =>
      isRequest(event) && loadOf(context, event.worker).some((reason) => reason === 'memory' || reason === 'prompts'),
    isSuperseding: ({ context, event }) => isAnswer(event) && duplicateKindOf(context, event) === 'supersede',
    isQueuing: ({ context, event }) => isQueuing(context, event),
    isAttaching: ({ context, event }) => isAttaching(context, event),
    isHoldingSlot: ({ context, event }) => 'streamId' in event && lookUp(context.streams, event.streamId) !== undefined,
    isWaiting: ({ context, event }) =>
      'streamId' in event && lookUp(context.waiting ?? emptyTable, event.streamId) !== undefined,
    isLeaving: ({ context, event }) =>
      'streamId' in event && lookUp(context.leaving ?? emptyTable, event.streamId) !== undefined,
    isEmpty: ({ context }) => context.streams.size === 0 && (context.leaving?.size ?? 0) === 0,
  },
  actions: {
    admit: turning((context, event) => (isAnswer(event) ? admitted(context, event, 'answer') : nothing)),
    supersede: turning((context, event) => (isAnswer(event) ? superseded(context, event) : nothing)),
    queue: turning((context, event) => (isAnswer(event) ? queued(context, event) : nothing)),
    attach: turning((context, event) => (isAnswer(event) ? admitted(context, event, 'listener') : nothing)),
    admitWelcome: turning((context, event) => (isRequest(event) ? admitted(context, event, 'welcome') : nothing)),
    admitChunk: turning((_context, event) =>
      saying('streamId' in event && { type: 'chunk.admitted', streamId: event.streamId }),
    ),
    refuse: turning<{ readonly errorType: RefusalType }>((context, event, { errorType }) =>
      saying(isRequest(event) && refusedAs(errorType, context, event)),
    ),
    free: turning((context, event) => ('streamId' in event ? freed(context, event.streamId) : nothing)),
    leaveQueue: turning((context, event) => unqueued(context, 'streamId' in event ? [event.streamId] : [], null)),
    endWaiting: turning((context, event) =>
      unqueued(context, 'streamId' in event ? [event.streamId] : [], 'concurrent_request'),
    ),
    endAllWaiting: turning((context) => unqueued(context, waitingInOrder(context), 'draining')),
    forgetSuperseded: turning((context, event) => ('streamId' in event ? left(context, event.streamId) : nothing)),
    noteFreedTwice: turning((_context, event) =>
      saying('streamId' in event && { type: 'slot.alreadyFreed', streamId: event.streamId }),
    ),
    interruptDevice: turning((context, event) =>
      event.type === 'device.interruptRequested' ? interrupted(context, event.hardwareId) : nothing,
    ),
    noteLoad: assign(({ context, event }) => (event.type === 'load.reported' ? loaded(context, event) : {})),
    clearWorker: turning((context, event) =>
      event.type === 'worker.lost' ? workerCleared(context, event.worker) : nothing,
    ),
    expireGrace: turning((context) => saying({ type: 'grace.expired', streamIds: streamsInOrder(context) })),
    finishDrain: turning(() => saying({ type: 'drain.finished' })),
  },
});

/** Every call is refused. */
function refusing<const T extends RefusalType>(errorType: T) {
  const refused = { actions: { type: 'refuse', params: { errorType } } } as const;
  return { 'stream.requested': refused, 'welcome.requested': refused, 'chunk.received': refused } as const;
}

/** What every version of the chart has: no call is admitted before it is open and behind it. */
export const closedOn = { ...refusing('starting'), 'service.opened': 'open', 'drain.requested': 'draining' } as const;

export const drainingStates = {
  initial: 'waiting',
  always: { guard: 'isEmpty', target: 'drained' },
  on: refusing('draining'),
  states: {
    /** Running streams may end by themselves. */
    waiting: { after: { gracePeriod: 'ending' } },
    /** They are being ended; each frees its slot in its own transition, at once. */
    ending: { entry: 'expireGrace', after: { endingDue: '#drained' } },
  },
} as const;

export const drainedState = { id: 'drained', entry: 'finishDrain', on: refusing('draining') } as const;

export const supervisorMachine = supervisorSetup.createMachine({
  id: 'supervisor',
  version: '3',
  context: ({ input }) => ({
    maxStreams: input?.maxStreams ?? 1,
    maxStreamsPerDevice: input?.maxStreamsPerDevice ?? 0,
    oneStreamPerDevice: input?.oneStreamPerDevice ?? false,
    gracePeriodMs: input?.gracePeriodMs ?? 0,
    duplicatePolicy: input?.duplicatePolicy ?? 'reject',
    queueTimeoutMs: input?.queueTimeoutMs ?? 0,
    queueMax: input?.queueMax ?? 0,
    streams: emptyTable,
    inFlight: emptyTable,
    groups: emptyTable,
    admissions: 0,
    leaving: emptyTable,
    waiting: emptyTable,
    queues: emptyTable,
    arrivals: 0,
    loads: emptyTable,
  }),
  on: {
    'stream.released': [
      { guard: 'isHoldingSlot', actions: 'free' },
      { guard: 'isWaiting', actions: 'leaveQueue' },
      { guard: 'isLeaving', actions: 'forgetSuperseded' },
      { actions: 'noteFreedTwice' },
    ],
    'wait.expired': { guard: 'isWaiting', actions: 'endWaiting' },
    'device.interruptRequested': { actions: 'interruptDevice' },
    'load.reported': { actions: 'noteLoad' },
    'worker.lost': { actions: 'clearWorker' },
  },
  initial: 'closed',
  states: {
    closed: { on: closedOn },
    open: {
      on: {
        'stream.requested': [
          { guard: 'isSessionInFlight', actions: { type: 'refuse', params: { errorType: 'concurrent_request' } } },
          { guard: 'isOfAnotherDevice', actions: { type: 'refuse', params: { errorType: 'concurrent_request' } } },
          { guard: 'isQueueFull', actions: { type: 'refuse', params: { errorType: 'concurrent_request' } } },
          { guard: 'isDeviceStreaming', actions: { type: 'refuse', params: { errorType: 'concurrent_hardware_id' } } },
          { guard: 'isDeviceFull', actions: { type: 'refuse', params: { errorType: 'device_limit_exceeded' } } },
          { guard: 'isFull', actions: { type: 'refuse', params: { errorType: 'stream_limit_exceeded' } } },
          { guard: 'isOverloaded', actions: { type: 'refuse', params: { errorType: 'overloaded' } } },
          { guard: 'isSuperseding', actions: 'supersede' },
          { guard: 'isQueuing', actions: 'queue' },
          { guard: 'isAttaching', actions: 'attach' },
          { actions: 'admit' },
        ],
        'welcome.requested': [
          { guard: 'isFull', actions: { type: 'refuse', params: { errorType: 'stream_limit_exceeded' } } },
          { guard: 'isOverloaded', actions: { type: 'refuse', params: { errorType: 'overloaded' } } },
          { actions: 'admitWelcome' },
        ],
        'chunk.received': [
          { guard: 'isShortOfMemory', actions: { type: 'refuse', params: { errorType: 'overloaded' } } },
          { actions: 'admitChunk' },
        ],
        'drain.requested': 'draining',
      },
    },
    draining: { ...drainingStates, entry: 'endAllWaiting' },
    drained: drainedState,
  },
});

type AnswerRequest = Extract<SupervisorEvent, { readonly type: 'stream.requested' }>;

function isAnswer(event: SupervisorEvent): event is AnswerRequest {
  return event.type === 'stream.requested';
}

function isRequest(event: SupervisorEvent): event is SupervisorRequest {
  return event.type === 'stream.requested' || event.type === 'welcome.requested' || event.type === 'chunk.received';
}

function isQueuing(context: SupervisorContext, event: SupervisorEvent): event is AnswerRequest {
  return isAnswer(event) && duplicateKindOf(context, event) === 'queue';
}

function isAttaching(context: SupervisorContext, event: SupervisorEvent): event is AnswerRequest {
  return isAnswer(event) && duplicateKindOf(context, event) === 'attach';
}

/** It asks for a slot of its device; a call that is to wait asks for it when its id comes free. */
function isTaking(context: SupervisorContext, event: SupervisorEvent): event is AnswerRequest {
  return isAnswer(event) && !isQueuing(context, event satisfies Claim);
}
