/**
 * The bootstrap chart: the one start-up path and the one way down. Servers first (so that a probe and an early client get a
 * truthful answer), then both engines side by side. One that does not come up is replaced by the embedded one, that engine alone, and
 * that is loud: a log line, health `degraded`, who and why on /health and /status. START_FAILURE=fail ends the server instead; the kill
 * switch puts the embedded ones in both places. Behind the embedded one there is nothing.
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
export const engineParts = ['answer', 'speech'] as const;
export type EnginePart = (typeof engineParts)[number];

export interface BootstrapInput {
  /** The kill switch disable_module_coordinator: the embedded engines, whatever is configured. */
  readonly forceEmergency: boolean;
  readonly gracePeriodMs: number;
  /** What an engine that does not come up means: 'emergency' = the embedded one in its place, 'fail' = no server. */
  readonly startFailure: 'emergency' | 'fail';
  /** The engines that the configuration names. */
  readonly engines: Readonly<Record<EnginePart, string>>;
}

/** 'configured': the engine that the configuration names. 'embedded': the one in its place. */
export type EngineProfile = 'configured' | 'embedded';

/** The engine that is to come up. */
export interface EngineOrder {
  readonly part: EnginePart;
  readonly profile: EngineProfile;
}

/** Why the embedded engine stands in the place of the configured one. */
export type ReplacedEngines = Readonly<Partial<Record<EnginePart, string>>>;

export interface BootstrapContext extends BootstrapInput {
  readonly replaced: ReplacedEngines;
  /** What went wrong last, in one line; null if nothing did. */
  readonly lastError: string | null;
}

export type BootstrapEvent = { readonly type: 'shutdown.requested' };

/** Facts for the host: it logs them, opens admission, prints the ready line, sets the exit code. */
export type BootstrapEmitted =
  | { readonly type: 'service.ready' }
  | { readonly type: 'service.degraded'; readonly replaced: ReplacedEngines }
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
    children: {} as { servers: 'servers'; answer: 'engine'; speech: 'engine'; drain: 'drain'; stop: 'stop' },
  },
  actors: {
    /** Binds the HTTP and the gRPC server; calls are answered "starting" until the service is ready. */
    servers: fromPromise<void>(notProvided('servers')),
    engine: fromPromise<void, EngineOrder>(notProvided('engine')),
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
    /** Nothing stands behind this engine, or nothing may. */
    isIrreplaceable: ({ context }, { part }: PartParams) =>
      context.startFailure === 'fail' || context.engines[part] === 'embedded',
    isEngineReplaced: ({ context }) => engineParts.some((part) => context.replaced[part] !== undefined),
  },
  actions: {
    noteServersFailed: assign({
      lastError: ({ event }) => `servers did not start: ${errorTextOf(event)}`,
    }),
    noteEngineFailed: assign({
      lastError: ({ context, event }, { part, profile }: EngineOrder) =>
        `${engineTitle(part, profile === 'embedded' ? 'embedded' : context.engines[part])} did not start: ${errorTextOf(event)}`,
    }),
    noteReplaced: assign(({ context, event }, { part }: PartParams) => {
      const reason = errorTextOf(event);
      const title = engineTitle(part, context.engines[part]);
      return {
        replaced: { ...context.replaced, [part]: reason },
        lastError: `${title} did not start, the embedded one is in its place: ${reason}`,
      };
    }),
    noteForcedEmergency: assign(({ context }, { part }: PartParams) => ({
      replaced: { ...context.replaced, [part]: FORCED },
      lastError: `${FORCED}: the embedded engines are in use`,
    })),
    sayReady: emit({ type: 'service.ready' }),
    sayDegraded: enqueueActions(({ context, enqueue }) => {
      enqueue.emit({ type: 'service.degraded', replaced: context.replaced });
    }),
    sayDraining: emit({ type: 'service.drainStarted' }),
    sayFailed: enqueueActions(({ context, enqueue }) => {
      enqueue.emit({ type: 'service.failed', reason: context.lastError ?? '' });
    }),
    sayStopped: emit({ type: 'service.stopped' }),
  },
});

interface PartParams {
  readonly part: EnginePart;
}

const FORCED = 'KILL_SWITCHES=disable_module_coordinator';

const serversFailed = { target: '#failing', actions: 'noteServersFailed' } as const;

/** The way up of one engine. */
function engineRegion<const Part extends EnginePart>(part: Part) {
  const configuredFailed = [
    {
      guard: { type: 'isIrreplaceable', params: { part } },
      target: '#failing',
      actions: { type: 'noteEngineFailed', params: { part, profile: 'configured' } },
    },
    { target: 'startingEmbedded', actions: { type: 'noteReplaced', params: { part } } },
  ] as const;
  const embeddedFailed = {
    target: '#failing',
    actions: { type: 'noteEngineFailed', params: { part, profile: 'embedded' } },
  } as const;
  return bootstrapSetup.createStateConfig({
    initial: 'choosing',
    states: {
      choosing: {
        always: [
          {
            guard: 'isEmergencyForced',
            target: 'startingEmbedded',
            actions: { type: 'noteForcedEmergency', params: { part } },
          },
          { target: 'startingConfigured' },
        ],
      },
      startingConfigured: {
        invoke: {
          id: part,
          src: 'engine',
          input: { part, profile: 'configured' },
          onDone: 'up',
          onError: configuredFailed,
        },
        after: { startDue: configuredFailed },
      },
      startingEmbedded: {
        invoke: {
          id: part,
          src: 'engine',
          input: { part, profile: 'embedded' },
          onDone: 'up',
          onError: embeddedFailed,
        },
        after: { startDue: embeddedFailed },
      },
      up: { type: 'final' },
    },
  });
}

export const bootstrapMachine = bootstrapSetup.createMachine({
  id: 'bootstrap',
  version: '2',
  context: ({ input }) => ({
    forceEmergency: input?.forceEmergency ?? false,
    gracePeriodMs: input?.gracePeriodMs ?? 0,
    startFailure: input?.startFailure ?? 'emergency',
    engines: input?.engines ?? { answer: 'embedded', speech: 'embedded' },
    replaced: {},
    lastError: null,
  }),
  initial: 'starting',
  states: {
    starting: {
      initial: 'bindingServers',
      on: { 'shutdown.requested': 'draining' },
      states: {
        bindingServers: {
          invoke: { id: 'servers', src: 'servers', onDone: 'startingEngines', onError: serversFailed },
          after: { startDue: serversFailed },
        },
        startingEngines: {
          type: 'parallel',
          states: { answer: engineRegion('answer'), speech: engineRegion('speech') },
          onDone: [{ guard: 'isEngineReplaced', target: '#degraded' }, { target: '#ready' }],
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

function engineTitle(part: EnginePart, name: string): string {
  return `${part} engine "${name}"`;
}
