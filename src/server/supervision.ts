/** Composes the charts of streams with their actors, behind fault barriers, under one supervisor. Nothing here decides. */
import { type AnswerActorOptions, createAnswerActor } from '../actors/answer/answer.actor.ts';
import type { JobCount } from '../actors/figures/job-count.ts';
import type { StreamCounters } from '../actors/figures/stream-counters.ts';
import { withFaultBarrier } from '../actors/hosts/fault-barrier.ts';
import type { SessionResourceMap, StreamResources, WelcomeResourceMap } from '../actors/hosts/session-resources.ts';
import type { StreamHostOptions } from '../actors/hosts/stream-host.ts';
import { SupervisorHost } from '../actors/hosts/supervisor-host.ts';
import type { UtteranceCollector } from '../actors/hosts/utterance-collector.ts';
import { createSpeechActor } from '../actors/speech/speech.actor.ts';
import type { RpcMethod } from '../call/gateway.ts';
import type { Config } from '../config.ts';
import { sessionMachine } from '../machines/session/session.machine.ts';
import { welcomeMachine } from '../machines/welcome/welcome.machine.ts';
import type { FaultLog } from '../observe/fault-log.ts';
import type { Logger } from '../observe/logger.ts';
import type { EngineShelf } from './engine-shelf.ts';
import type { Persistence } from './persistence.ts';
import type { Recording } from './recording.ts';
import { limitsOf } from './session-limits.ts';

export interface SupervisionOptions {
  readonly config: Config;
  readonly log: Logger;
  readonly faults: FaultLog;
  readonly engines: EngineShelf;
  readonly collector: UtteranceCollector;
  readonly recording: Recording;
  readonly counters: StreamCounters;
  /** Model jobs and voice jobs at work, for /status. */
  readonly answers: JobCount;
  readonly speech: JobCount;
  readonly noteUsage: AnswerActorOptions['noteUsage'];
  /** What outlives the server; the parts that are switched off are null. */
  readonly persistence: Pick<Persistence, 'memory' | 'history' | 'quota'>;
}

/** The supervisor with everything that its streams need; it admits nobody yet. */
export function createSupervisor(options: SupervisionOptions): SupervisorHost {
  const { config, log, faults, engines, collector, counters } = options;
  const { maxStreams, oneStreamPerDevice, gracePeriodMs } = config.backpressure;
  const { quota } = options.persistence;
  const limits = limitsOf(config);
  return new SupervisorHost({
    machine: options.recording.ofSupervisor(),
    admission: { maxStreams, oneStreamPerDevice, gracePeriodMs },
    session: { ...sessionsOf(options), limits },
    welcome: { ...welcomesOf(options), limits, voiceName: () => engines.peek()?.speech.name ?? 'none' },
    collector,
    counters,
    ...(quota !== null && { quota }),
    log,
    reportFault: (id, error) => faults.bug('supervisor', id, error),
  });
}

function sessionsOf(options: SupervisionOptions) {
  const { faults, engines } = options;
  const { memory, history } = options.persistence;
  const method = 'StreamAudio';
  const sessions: SessionResourceMap = new Map();
  const machine = sessionMachine.provide({
    actors: {
      answer: createAnswerActor({
        engine: () => engines.inUse().answer,
        sessions,
        jobs: options.answers,
        report: (id, error) => faults.unexpected(method, id, error),
        noteUsage: options.noteUsage,
        ...(history !== null && { historyOf: (device, signal) => history.of(device, signal) }),
        now,
      }),
      speech: voiceOf(options, method, sessions),
    },
  });
  return {
    ...hostOf(options, method),
    machine: withFaultBarrier(options.recording.ofSessions(machine), (id, { error }) => faults.bug(method, id, error)),
    sessions,
    ...(memory !== null && { memory }),
  };
}

function welcomesOf(options: SupervisionOptions) {
  const method = 'GenerateWelcomeAudio';
  const streams: WelcomeResourceMap = new Map();
  const machine = welcomeMachine.provide({ actors: { speech: voiceOf(options, method, streams) } });
  return {
    ...hostOf(options, method),
    machine: withFaultBarrier(options.recording.ofWelcomes(machine), (id, { error }) =>
      options.faults.bug(method, id, error),
    ),
    streams,
  };
}

function voiceOf(
  { engines, faults, speech }: SupervisionOptions,
  method: RpcMethod,
  streams: ReadonlyMap<string, StreamResources>,
) {
  return createSpeechActor({
    engine: () => engines.inUse().speech,
    streams,
    jobs: speech,
    report: (id, error) => faults.unexpected(method, id, error),
    now,
  });
}

function hostOf({ log, faults }: SupervisionOptions, method: RpcMethod): StreamHostOptions {
  return { log, now, reportFault: (id, error) => faults.bug(method, id, error) };
}

function now(): number {
  return performance.now();
}
