/**
 * Version 1 of the supervisor chart, frozen: its logs are replayed by it (replay/machine-shelf.ts), and nothing else runs it.
 * Its tables were plain records that were copied at every admission and release, which costs time linear in the running
 * streams; what it said, version 2 says.
 */
import { enqueueActions, setup } from 'xstate';
import { type RefusalType, refusal } from './admission-rules.ts';
import { emptyTable } from './persistent-table.ts';
import type { SupervisorEmitted, SupervisorEvent, SupervisorInput } from './supervisor.types.ts';
import { chartBeforeDuplicates } from './supervisor-v2.machine.ts';

interface AdmittedStream {
  /** A welcome stream speaks a given text; only answers are in flight under their session id. */
  readonly kind: 'answer' | 'welcome';
  readonly sessionId: string;
  /** Of a welcome stream: the device whose session was in flight under its id when it came; '' = none. */
  readonly hardwareId: string;
}

interface SupervisorContext extends SupervisorInput {
  /** Streams that hold a slot, by stream id. */
  readonly streams: Readonly<Record<string, AdmittedStream>>;
  /** How many they are. Kept beside because counting the keys of a record is linear. */
  readonly activeStreams: number;
  /** The stream id that holds each session id in flight. */
  readonly inFlight: Readonly<Record<string, string>>;
}

/** What a call without a hardware_id runs under (rpc/identity.ts): it names no device, so two of them are not one. */
const NO_DEVICE = 'unknown';

/** Sessions end in the turn that asks them to; a slot still held after this is a bug, and no reason to stay up. */
const ENDING_DUE_MS = 2_000;

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
      event.type === 'stream.requested' && Object.hasOwn(context.inFlight, event.sessionId),
    isDeviceStreaming: ({ context, event }) =>
      event.type === 'stream.requested' &&
      context.oneStreamPerDevice &&
      event.hardwareId !== NO_DEVICE &&
      Object.values(context.streams).some(
        (stream) => stream.kind === 'answer' && stream.hardwareId === event.hardwareId,
      ),
    isFull: ({ context }) => context.activeStreams >= context.maxStreams,
    isHoldingSlot: ({ context, event }) =>
      event.type === 'stream.released' && Object.hasOwn(context.streams, event.streamId),
    isEmpty: ({ context }) => context.activeStreams === 0,
  },
  actions: {
    admit: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'stream.requested') return;
      const { streamId, sessionId, hardwareId } = event;
      const activeStreams = context.activeStreams + 1;
      enqueue.assign({
        streams: { ...context.streams, [streamId]: { kind: 'answer', sessionId, hardwareId } },
        inFlight: { ...context.inFlight, [sessionId]: streamId },
        activeStreams,
      });
      enqueue.emit({ type: 'stream.admitted', streamId, activeStreams });
    }),
    admitWelcome: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'welcome.requested') return;
      const { streamId, sessionId } = event;
      const activeStreams = context.activeStreams + 1;
      const hardwareId = deviceInFlight(context, sessionId);
      enqueue.assign({
        streams: { ...context.streams, [streamId]: { kind: 'welcome', sessionId, hardwareId } },
        activeStreams,
      });
      enqueue.emit({ type: 'stream.admitted', streamId, activeStreams });
    }),
    admitChunk: enqueueActions(({ event, enqueue }) => {
      if (event.type === 'chunk.received') enqueue.emit({ type: 'chunk.admitted', streamId: event.streamId });
    }),
    refuse: enqueueActions(({ context, event, enqueue }, params: { errorType: RefusalType }) => {
      if (!isRequest(event)) return;
      enqueue.emit({
        type: 'stream.refused',
        streamId: event.streamId,
        failure: refusal(params.errorType, asBooks(context), event),
        activeStreams: context.activeStreams,
      });
    }),
    free: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'stream.released') return;
      const held = context.streams[event.streamId];
      if (held === undefined) return;
      const activeStreams = context.activeStreams - 1;
      enqueue.assign({
        streams: without(context.streams, event.streamId),
        inFlight: held.kind === 'answer' ? without(context.inFlight, held.sessionId) : context.inFlight,
        activeStreams,
      });
      enqueue.emit({ type: 'slot.freed', streamId: event.streamId, activeStreams });
    }),
    noteFreedTwice: enqueueActions(({ event, enqueue }) => {
      if (event.type === 'stream.released') enqueue.emit({ type: 'slot.alreadyFreed', streamId: event.streamId });
    }),
    interruptDevice: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'device.interruptRequested') return;
      enqueue.emit({ type: 'device.interrupted', streamIds: interruptedBy(context, event.hardwareId) });
    }),
    expireGrace: enqueueActions(({ context, enqueue }) => {
      enqueue.emit({ type: 'grace.expired', streamIds: Object.keys(context.streams) });
    }),
    finishDrain: enqueueActions(({ enqueue }) => {
      enqueue.emit({ type: 'drain.finished' });
    }),
  },
});

export const supervisorMachineV1 = supervisorSetup.createMachine({
  id: 'supervisor',
  version: '1',
  context: ({ input }) => ({
    maxStreams: input?.maxStreams ?? 1,
    oneStreamPerDevice: input?.oneStreamPerDevice ?? false,
    gracePeriodMs: input?.gracePeriodMs ?? 0,
    streams: {},
    activeStreams: 0,
    inFlight: {},
  }),
  ...chartBeforeDuplicates,
});

/** As far as a refusal tells of them: how many streams there are, and may be. */
function asBooks({ activeStreams, streams: _, inFlight: __, ...limits }: SupervisorContext) {
  const books = { inFlight: emptyTable, groups: emptyTable, admissions: 0 };
  return { ...limits, ...books, streams: { ...emptyTable, size: activeStreams } };
}

/** The device's streams, and the welcome streams of a session that it has in flight now or had when they came. */
function interruptedBy(context: SupervisorContext, hardwareId: string): readonly string[] {
  return Object.entries(context.streams)
    .filter(
      ([, stream]) =>
        stream.hardwareId === hardwareId ||
        (stream.kind === 'welcome' && deviceInFlight(context, stream.sessionId) === hardwareId),
    )
    .map(([streamId]) => streamId);
}

/** The device that has this session in flight; '' = none has. */
function deviceInFlight({ inFlight, streams }: SupervisorContext, sessionId: string): string {
  const streamId = Object.hasOwn(inFlight, sessionId) ? inFlight[sessionId] : undefined;
  return streamId === undefined ? '' : (streams[streamId]?.hardwareId ?? '');
}

type Request = Extract<SupervisorEvent, { readonly type: 'stream.requested' | 'welcome.requested' | 'chunk.received' }>;

function isRequest(event: SupervisorEvent): event is Request {
  return event.type === 'stream.requested' || event.type === 'welcome.requested' || event.type === 'chunk.received';
}

function without<T>(record: Readonly<Record<string, T>>, key: string): Readonly<Record<string, T>> {
  const { [key]: _removed, ...rest } = record;
  return rest;
}
