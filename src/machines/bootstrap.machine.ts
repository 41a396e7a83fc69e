/**
 * The bootstrap chart: the one start-up path and the one way down. Servers first (so that a probe and an early client get a
 * truthful answer), then the configured engines; if these do not come up the embedded ones take over as the emergency
 * profile, and that is loud: a log line, health `degraded`, last_error. The kill switch forces that profile.
 *
 * Guarantees: `ready` is said once and only when calls are admitted; every starting state has a timed exit; after `stopped`
 * or `failed` nothing runs. It starts nothing itself: its actors do.
 */

import { assign, emit, enqueueActions, fromPromise, setup } from 'xstate';
import { LONGEST_TIMER_MS } from '../call/time.ts';
import { wordsOf } from '../errors.ts';

/** Bringing up one part may take this long: loading and warming two voices takes about 2 s on a small machine. */
const START_DUE_MS = 60_000;
/** Beyond the grace period, for sockets that do not close. */
const DRAIN_MARGIN_MS = 5_000;
export interface BootstrapInput {
  /** The kill switch disable_module_coordinator: start in the emergency profile. */
  readonly forceEmergency: boolean;
  readonly gracePeriodMs: number;
}

/** 'configured': the engines that the configuration names. 'emergency': the embedded ones in their place. */
export type EngineProfile = 'configured' | 'emergency';

export interface BootstrapContext extends BootstrapInput {
  /** What went wrong last, in one line; null if nothing did. */
  readonly lastError: string | null;
}

export type BootstrapEvent = { readonly type: 'shutdown.requested' };

/** Facts for the host: it logs them, opens admission, prints the ready line, sets the exit code. */
export type BootstrapEmitted =
  | { readonly type: 'service.ready' }
  | { readonly type: 'service.degraded'; readonly reason: string }
  | { readonly type: 'service.drainStarted' }
  | { readonly type: 'service.failed'; readonly reason: string }
  | { readonly type: 'service.stopped' };

/** The exit code of the process: 0 after an orderly stop, 1 if it never came up. */
export interface BootstrapOutput {
  readonly exitCode: 0 | 1;
}

export type ServiceState = 'starting' | 'ready' | 'draining' | 'stopped' | 'failed';
export type ServiceHealth = 'ok' | 'degraded' | 'down';

const notProvided = (name: string) => async () => {
  throw new Error(`${name} not provided`);
};

const bootstrapSetup = setup({
  types: {
    context: {} as BootstrapContext,
    events: {} as BootstrapEvent,
    emitted: {} as BootstrapEmitted,
    input: {} as BootstrapInput | undefined,
    output: {} as BootstrapOutput,
    children: {} as { servers: 'servers'; engines: 'engines'; drain: 'drain'; stop: 'stop' },
  },
  actors: {
    /** Binds the HTTP and the gRPC server; calls are answered "starting" until the service is ready. */
    servers: fromPromise<void>(notProvided('servers')),
    engines: fromPromise<void, { readonly profile: EngineProfile }>(notProvided('engines')),
    /** Lets running streams end, at most for the grace period. */
    drain: fromPromise<void>(notProvided('drain')),
    /** Closes servers and engines. */
    stop: fromPromise<void>(notProvided('stop')),
  },
  delays: {
    startDue: START_DUE_MS,
    drainDue: ({ context }) => Math.min(context.gracePeriodMs + DRAIN_MARGIN_MS, LONGEST_TIMER_MS),
    stopDue: DRAIN_MARGIN_MS,
  },
  guards: {
    isEmergencyForced: ({ context }) => context.forceEmergency,
  },
  actions: {
    noteError: assign({
      lastError: ({ event }, params: { readonly what: string }) => `${params.what}: ${errorTextOf(event)}`,
    }),
    noteForcedEmergency: assign({
      lastError: 'KILL_SWITCHES=disable_module_coordinator: the embedded engines are in use',
    }),
    sayReady: emit({ type: 'service.ready' }),
    sayDegraded: enqueueActions(({ context, enqueue }) => {
      enqueue.emit({ type: 'service.degraded', reason: context.lastError ?? '' });
    }),
    sayDraining: emit({ type: 'service.drainStarted' }),
    sayFailed: enqueueActions(({ context, enqueue }) => {
      enqueue.emit({ type: 'service.failed', reason: context.lastError ?? '' });
    }),
    sayStopped: emit({ type: 'service.stopped' }),
  },
});

const serversFailed = {
  target: '#failing',
  actions: { type: 'noteError', params: { what: 'servers did not start' } },
} as const;
const enginesFailed = {
  target: 'startingEmergencyEngines',
  actions: { type: 'noteError', params: { what: 'configured engines did not start' } },
} as const;
const emergencyFailed = {
  target: '#failing',
  actions: { type: 'noteError', params: { what: 'embedded engines did not start' } },
} as const;

export const bootstrapMachine = bootstrapSetup.createMachine({
  id: 'bootstrap',
  version: '1',
  context: ({ input }) => ({
    forceEmergency: input?.forceEmergency ?? false,
    gracePeriodMs: input?.gracePeriodMs ?? 0,
    lastError: null,
  }),
  initial: 'starting',
  states: {
    starting: {
      initial: 'bindingServers',
      on: { 'shutdown.requested': 'draining' },
      states: {
        bindingServers: {
          invoke: {
            id: 'servers',
            src: 'servers',
            onDone: [
              { guard: 'isEmergencyForced', target: 'startingEmergencyEngines', actions: 'noteForcedEmergency' },
              { target: 'startingEngines' },
            ],
            onError: serversFailed,
          },
          after: { startDue: serversFailed },
        },
        startingEngines: {
          invoke: {
            id: 'engines',
            src: 'engines',
            input: { profile: 'configured' },
            onDone: '#ready',
            onError: enginesFailed,
          },
          after: { startDue: enginesFailed },
        },
        startingEmergencyEngines: {
          invoke: {
            id: 'engines',
            src: 'engines',
            input: { profile: 'emergency' },
            onDone: '#degraded',
            onError: emergencyFailed,
          },
          after: { startDue: emergencyFailed },
        },
      },
    },
    ready: {
      id: 'ready',
      entry: 'sayReady',
      on: { 'shutdown.requested': 'draining' },
      initial: 'ok',
      states: {
        ok: {},
        degraded: { id: 'degraded', entry: 'sayDegraded' },
      },
    },
    draining: {
      entry: 'sayDraining',
      invoke: { id: 'drain', src: 'drain', onDone: 'stopping', onError: 'stopping' },
      after: { drainDue: 'stopping' },
    },
    stopping: {
      invoke: { id: 'stop', src: 'stop', onDone: 'stopped', onError: 'stopped' },
      after: { stopDue: 'stopped' },
    },
    /** It never came up: what did is taken down again. */
    failing: {
      id: 'failing',
      entry: 'sayFailed',
      invoke: { id: 'stop', src: 'stop', onDone: 'failed', onError: 'failed' },
      after: { stopDue: 'failed' },
    },
    stopped: { type: 'final', entry: 'sayStopped', output: { exitCode: 0 } },
    failed: { type: 'final', output: { exitCode: 1 } },
  },
  output: ({ event }) => exitOf(event),
});

function exitOf(event: { readonly type: string; readonly output?: unknown }): BootstrapOutput {
  const { output } = event;
  const failed = typeof output === 'object' && output !== null && 'exitCode' in output && output.exitCode === 1;
  return { exitCode: failed ? 1 : 0 };
}

function errorTextOf(event: object): string {
  if (!('error' in event)) return `no answer within ${START_DUE_MS / 1000}s`;
  return wordsOf(event.error);
}
