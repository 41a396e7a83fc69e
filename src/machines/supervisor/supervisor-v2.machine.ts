/**
 * Version 2 of the supervisor chart: its logs are replayed by it (replay/machine-shelf.ts), and nothing else runs it. It is version 3 where
 * every duplicate is refused, no device has a share, no load is reported and all is one process, with books that have no place for the rest.
 */
import { emptyTable } from './persistent-table.ts';
import { closedOn, drainedState, drainingStates, supervisorSetup } from './supervisor.machine.ts';

/** The chart of versions 1 and 2, without its books. */
export const chartBeforeDuplicates = {
  on: {
    'stream.released': [{ guard: 'isHoldingSlot', actions: 'free' }, { actions: 'noteFreedTwice' }],
    'device.interruptRequested': { actions: 'interruptDevice' },
  },
  initial: 'closed',
  states: {
    closed: { on: closedOn },
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
    draining: drainingStates,
    drained: drainedState,
  },
} as const;

export const supervisorMachineV2 = supervisorSetup.createMachine({
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
  ...chartBeforeDuplicates,
});
