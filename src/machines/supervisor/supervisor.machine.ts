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
 *  5. `groups` is what `streams` says, in the order in which it is asked for, and nothing else.
 * It does not start or stop sessions itself: it says so, and its host does.
 */
import { enqueueActions, setup } from 'xstate';
import { isOneDevice } from '../../call/call.ts';
import { type Failure, failure } from '../../errors.ts';
import { emptyTable, entriesOf, lookUp, type Table, withEntry, withoutEntry } from './persistent-table.ts';

export interface SupervisorInput {
  /** Slots; at least 1. */
  readonly maxStreams: number;
  readonly oneStreamPerDevice: boolean;
  /** How long a drain waits for running streams, in ms; 0 = not at all. */
  readonly gracePeriodMs: number;
}

export interface AdmittedStream {
  /** A welcome stream speaks a given text; only answers are in flight under their session id. */
  readonly kind: 'answer' | 'welcome';
  readonly sessionId: string;
  /** Of a welcome stream: the device whose session was in flight under its id when it came; '' = none. */
  readonly hardwareId: string;
  /** Its place in the order of all admissions. */
  readonly admission: number;
}

export interface SupervisorContext extends SupervisorInput {
  /** Streams that hold a slot, by stream id. */
  readonly streams: Table<AdmittedStream>;
  /** The stream id that holds each session id in flight. */
  readonly inFlight: Table<string>;
  /**
   * The streams that are asked for together, by the name of their group: the admissions of each, by stream id. Without it one stream per
   * device and an interrupt would have to look at all streams.
   */
  readonly groups: Table<Table<number>>;
  /** How many streams were ever admitted. */
  readonly admissions: number;
}

export type SupervisorEvent =
  | {
      readonly type: 'stream.requested';
      readonly streamId: string;
      readonly sessionId: string;
      readonly hardwareId: string;
    }
  | { readonly type: 'welcome.requested'; readonly streamId: string; readonly sessionId: string }
  /** A COLLECT came: it takes no slot, but a server that is not open keeps nothing. */
  | { readonly type: 'chunk.received'; readonly streamId: string; readonly sessionId: string }
  | { readonly type: 'stream.released'; readonly streamId: string }
  | { readonly type: 'device.interruptRequested'; readonly hardwareId: string }
  | { readonly type: 'service.opened' }
  | { readonly type: 'drain.requested' };

export type SupervisorEmitted =
  | { readonly type: 'stream.admitted'; readonly streamId: string; readonly activeStreams: number }
  | { readonly type: 'chunk.admitted'; readonly streamId: string }
  | {
      readonly type: 'stream.refused';
      readonly streamId: string;
      readonly failure: Failure;
      readonly activeStreams: number;
    }
  | {
      readonly type: 'slot.freed';
      readonly streamId: string;
      readonly activeStreams: number;
    }
  | { readonly type: 'slot.alreadyFreed'; readonly streamId: string }
  | { readonly type: 'device.interrupted'; readonly streamIds: readonly string[] }
  | { readonly type: 'grace.expired'; readonly streamIds: readonly string[] }
  | { readonly type: 'drain.finished' };

/** Ten thousand streams are ended in some 3 s, in slices; a slot still held after this is a bug, and no reason to stay up. */
const ENDING_DUE_MS = 10_000;

const supervisorSetup = setup({
  types: {
    context: {} as SupervisorContext,
    events: {} as SupervisorEvent,
    emitted: {} as SupervisorEmitted,
    input: {} as SupervisorInput | undefined,
  },
  delays: {
    gracePeriod: ({ context }) => context.gracePeriodMs,
    endingDue: ENDING_DUE_MS,
  },
  guards: {
    isSessionInFlight: ({ context, event }) =>
      event.type === 'stream.requested' && lookUp(context.inFlight, event.sessionId) !== undefined,
    isDeviceStreaming: ({ context, event }) =>
      event.type === 'stream.requested' &&
      context.oneStreamPerDevice &&
      isOneDevice(event.hardwareId) &&
      lookUp(context.groups, answersOf(event.hardwareId)) !== undefined,
    isFull: ({ context }) => context.streams.size >= context.maxStreams,
    isHoldingSlot: ({ context, event }) =>
      event.type === 'stream.released' && lookUp(context.streams, event.streamId) !== undefined,
    isEmpty: ({ context }) => context.streams.size === 0,
  },
  actions: {
    admit: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'stream.requested') return;
      const { streamId, sessionId, hardwareId } = event;
      const admitted = withStream(context, streamId, { kind: 'answer', sessionId, hardwareId });
      enqueue.assign({ ...admitted, inFlight: withEntry(context.inFlight, sessionId, streamId) });
      enqueue.emit({ type: 'stream.admitted', streamId, activeStreams: admitted.streams.size });
    }),
    admitWelcome: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'welcome.requested') return;
      const { streamId, sessionId } = event;
      const hardwareId = deviceInFlight(context, sessionId);
      const admitted = withStream(context, streamId, { kind: 'welcome', sessionId, hardwareId });
      enqueue.assign(admitted);
      enqueue.emit({ type: 'stream.admitted', streamId, activeStreams: admitted.streams.size });
    }),
    admitChunk: enqueueActions(({ event, enqueue }) => {
      if (event.type === 'chunk.received') enqueue.emit({ type: 'chunk.admitted', streamId: event.streamId });
    }),
    refuse: enqueueActions(({ context, event, enqueue }, params: { errorType: RefusalType }) => {
      if (!isRequest(event)) return;
      enqueue.emit({
        type: 'stream.refused',
        streamId: event.streamId,
        failure: failure(params.errorType, refusalText(params.errorType, context, event.sessionId)),
        activeStreams: context.streams.size,
      });
    }),
    free: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'stream.released') return;
      const { streamId } = event;
      const held = lookUp(context.streams, streamId);
      if (held === undefined) return;
      const streams = withoutEntry(context.streams, streamId);
      const groups = groupsOf(held).reduce((all, name) => withoutMember(all, name, streamId), context.groups);
      if (held.kind === 'answer') {
        enqueue.assign({ streams, groups, inFlight: withoutEntry(context.inFlight, held.sessionId) });
      } else {
        enqueue.assign({ streams, groups });
      }
      enqueue.emit({ type: 'slot.freed', streamId, activeStreams: streams.size });
    }),
    noteFreedTwice: enqueueActions(({ event, enqueue }) => {
      if (event.type === 'stream.released') enqueue.emit({ type: 'slot.alreadyFreed', streamId: event.streamId });
    }),
    interruptDevice: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'device.interruptRequested') return;
      enqueue.emit({ type: 'device.interrupted', streamIds: interruptedBy(context, event.hardwareId) });
    }),
    expireGrace: enqueueActions(({ context, enqueue }) => {
      enqueue.emit({ type: 'grace.expired', streamIds: admittedStreams(context) });
    }),
    finishDrain: enqueueActions(({ enqueue }) => {
      enqueue.emit({ type: 'drain.finished' });
    }),
  },
});

export const supervisorMachine = supervisorSetup.createMachine({
  id: 'supervisor',
  version: '2',
  context: ({ input }) => ({
    maxStreams: input?.maxStreams ?? 1,
    oneStreamPerDevice: input?.oneStreamPerDevice ?? false,
    gracePeriodMs: input?.gracePeriodMs ?? 0,
    streams: emptyTable,
    inFlight: emptyTable,
    groups: emptyTable,
    admissions: 0,
  }),
  on: {
    'stream.released': [{ guard: 'isHoldingSlot', actions: 'free' }, { actions: 'noteFreedTwice' }],
    'device.interruptRequested': { actions: 'interruptDevice' },
  },
  initial: 'closed',
  states: {
    closed: {
      on: {
        'stream.requested': { actions: { type: 'refuse', params: { errorType: 'starting' } } },
        'welcome.requested': { actions: { type: 'refuse', params: { errorType: 'starting' } } },
        'chunk.received': { actions: { type: 'refuse', params: { errorType: 'starting' } } },
        'service.opened': 'open',
        'drain.requested': 'draining',
      },
    },
    open: {
      on: {
        'stream.requested': [
          { guard: 'isSessionInFlight', actions: { type: 'refuse', params: { errorType: 'concurrent_request' } } },
          { guard: 'isDeviceStreaming', actions: { type: 'refuse', params: { errorType: 'concurrent_hardware_id' } } },
          { guard: 'isFull', actions: { type: 'refuse', params: { errorType: 'stream_limit_exceeded' } } },
          { actions: 'admit' },
        ],
        'welcome.requested': [
          { guard: 'isFull', actions: { type: 'refuse', params: { errorType: 'stream_limit_exceeded' } } },
          { actions: 'admitWelcome' },
        ],
        'chunk.received': { actions: 'admitChunk' },
        'drain.requested': 'draining',
      },
    },
    draining: {
      initial: 'waiting',
      always: { guard: 'isEmpty', target: 'drained' },
      on: {
        'stream.requested': { actions: { type: 'refuse', params: { errorType: 'draining' } } },
        'welcome.requested': { actions: { type: 'refuse', params: { errorType: 'draining' } } },
        'chunk.received': { actions: { type: 'refuse', params: { errorType: 'draining' } } },
      },
      states: {
        /** Running streams may end by themselves. */
        waiting: { after: { gracePeriod: 'ending' } },
        /** They are being ended; each frees its slot in its own transition, at once. */
        ending: { entry: 'expireGrace', after: { endingDue: '#drained' } },
      },
    },
    drained: {
      id: 'drained',
      entry: 'finishDrain',
      on: {
        'stream.requested': { actions: { type: 'refuse', params: { errorType: 'draining' } } },
        'welcome.requested': { actions: { type: 'refuse', params: { errorType: 'draining' } } },
        'chunk.received': { actions: { type: 'refuse', params: { errorType: 'draining' } } },
      },
    },
  },
});

type RefusalType = 'starting' | 'draining' | 'concurrent_request' | 'concurrent_hardware_id' | 'stream_limit_exceeded';

function refusalText(errorType: RefusalType, context: SupervisorContext, sessionId: string): string {
  switch (errorType) {
    case 'starting':
      return 'The server is starting; try again in a moment';
    case 'draining':
      return 'The server is shutting down';
    case 'concurrent_request':
      return `Concurrent request for session_id=${sessionId} is not allowed`;
    case 'concurrent_hardware_id':
      return 'The device already has a running stream; only one per device is allowed';
    case 'stream_limit_exceeded':
      return `STREAM_LIMIT_EXCEEDED: Maximum concurrent streams (${context.maxStreams}) reached. Current active: ${context.streams.size}`;
  }
}

type StreamIds = Omit<AdmittedStream, 'admission'>;

/** The tables with one more stream. */
function withStream(context: SupervisorContext, streamId: string, stream: StreamIds) {
  const admission = context.admissions + 1;
  return {
    streams: withEntry(context.streams, streamId, { ...stream, admission }),
    groups: groupsOf(stream).reduce((all, name) => withMember(all, name, streamId, admission), context.groups),
    admissions: admission,
  };
}

/** The groups that a stream is in. */
function groupsOf({ kind, sessionId, hardwareId }: StreamIds): readonly string[] {
  if (kind === 'answer') return [answersOf(hardwareId)];
  return hardwareId === '' ? [welcomesOf(sessionId)] : [welcomesOf(sessionId), welcomesBeside(hardwareId)];
}

function answersOf(hardwareId: string): string {
  return `answers of ${hardwareId}`;
}

/** Those that came while the device had their session in flight. */
function welcomesBeside(hardwareId: string): string {
  return `welcomes beside ${hardwareId}`;
}

function welcomesOf(sessionId: string): string {
  return `welcomes of ${sessionId}`;
}

function withMember(groups: Table<Table<number>>, name: string, streamId: string, admission: number) {
  return withEntry(groups, name, withEntry(lookUp(groups, name) ?? emptyTable, streamId, admission));
}

/** A group without members is none. */
function withoutMember(groups: Table<Table<number>>, name: string, streamId: string) {
  const left = withoutEntry(lookUp(groups, name) ?? emptyTable, streamId);
  return left.size === 0 ? withoutEntry(groups, name) : withEntry(groups, name, left);
}

/** The device's streams, and the welcome streams of a session that it has in flight now or had when they came. */
function interruptedBy({ groups, streams }: SupervisorContext, hardwareId: string): readonly string[] {
  const membersOf = (name: string) => entriesOf(lookUp(groups, name) ?? emptyTable);
  const answers = membersOf(answersOf(hardwareId));
  const welcomes = answers.flatMap(([streamId]) => membersOf(welcomesOf(lookUp(streams, streamId)?.sessionId ?? '')));
  // A welcome stream may be found both ways.
  return inOrder(new Map([...answers, ...welcomes, ...membersOf(welcomesBeside(hardwareId))]));
}

function admittedStreams({ streams }: SupervisorContext): readonly string[] {
  return inOrder(entriesOf(streams).map(([streamId, { admission }]) => [streamId, admission]));
}

/** The streams as they were admitted: the order is told to clients. */
function inOrder(admissions: Iterable<readonly [streamId: string, admission: number]>): readonly string[] {
  return [...admissions].sort(([, a], [, b]) => a - b).map(([streamId]) => streamId);
}

/** The device that has this session in flight; '' = none has. */
function deviceInFlight({ inFlight, streams }: SupervisorContext, sessionId: string): string {
  const streamId = lookUp(inFlight, sessionId);
  return streamId === undefined ? '' : (lookUp(streams, streamId)?.hardwareId ?? '');
}

type Request = Extract<SupervisorEvent, { readonly type: 'stream.requested' | 'welcome.requested' | 'chunk.received' }>;

function isRequest(event: SupervisorEvent): event is Request {
  return event.type === 'stream.requested' || event.type === 'welcome.requested' || event.type === 'chunk.received';
}
