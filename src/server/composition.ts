/**
 * The streams of a server, put together: charts with their actors, behind fault barriers, recorded, under one supervisor. Everything that
 * reaches outside is a port, so that tests run the same composition over engines, clocks and logs worked by hand. Nothing here decides.
 */
import { type AnswerActorOptions, createAnswerActor } from '../actors/answer/answer.actor.ts';
import type { ConversationMemory } from '../actors/answer/conversation-memory.ts';
import { JobCount, StreamCounters } from '../actors/figures/stream-counters.ts';
import { Admissions } from '../actors/hosts/admissions.ts';
import { withFaultBarrier } from '../actors/hosts/fault-barrier.ts';
import type { HeardStream } from '../actors/hosts/listener.ts';
import type { QuotaPort } from '../actors/hosts/pending-calls.ts';
import { StreamFloor, type StreamFloorOptions } from '../actors/hosts/stream-floor.ts';
import { answerKind, welcomeKind } from '../actors/hosts/stream-kind.ts';
import type { StreamResourceMap } from '../actors/hosts/stream-resources.ts';
import { SupervisorHost } from '../actors/hosts/supervisor-host.ts';
import { UtteranceCollector, type UtteranceCollectorOptions } from '../actors/hosts/utterance-collector.ts';
import { createSpeechActor } from '../actors/speech/speech.actor.ts';
import type { RpcMethod } from '../call/call.ts';
import type { OwnTime } from '../call/own-time.ts';
import type { Config } from '../config.ts';
import { type CollectMachine, collectMachine } from '../machines/collect.machine.ts';
import { type SessionMachine, sessionMachine } from '../machines/session/session.machine.ts';
import type { SessionLimits } from '../machines/session/session.types.ts';
import { supervisorMachine } from '../machines/supervisor/supervisor.machine.ts';
import type { SupervisorInput } from '../machines/supervisor/supervisor.types.ts';
import { type WelcomeMachine, welcomeMachine } from '../machines/welcome/welcome.machine.ts';
import type { FaultLog } from '../observe/fault-log.ts';
import type { Logger } from '../observe/logger.ts';
import type { EngineSet } from './engines-in-use.ts';

/** What streams may do, and for how long. */
export interface StreamSettings {
  readonly admission: SupervisorInput;
  readonly limits: SessionLimits;
  readonly collect: UtteranceCollectorOptions['limits'];
}

/** Sees each chart before it runs, and gives the one to run: the same, or one whose turns are watched. */
export interface ChartWatch {
  ofSupervisor(machine: typeof supervisorMachine): typeof supervisorMachine;
  ofSessions(machine: SessionMachine): SessionMachine;
  ofWelcomes(machine: WelcomeMachine): WelcomeMachine;
  /** Absent = what is said in pieces is watched by nobody. */
  ofUtterances?(machine: CollectMachine): CollectMachine;
}

/** What the owner of admissions needs. */
export interface AdmissionPorts {
  readonly settings: StreamSettings;
  readonly recording: Pick<ChartWatch, 'ofSupervisor' | 'ofUtterances'>;
  readonly quota: QuotaPort | null;
  readonly log: Logger;
  readonly faults: FaultLog;
  readonly ownTime: OwnTime;
}

/** What a floor of streams needs. */
export interface FloorPorts {
  readonly settings: StreamSettings;
  readonly engines: {
    /** Throws before they are up. */
    inUse(): EngineSet;
    /** Null before they are up. */
    peek(): EngineSet | null;
  };
  readonly recording: Pick<ChartWatch, 'ofSessions' | 'ofWelcomes'>;
  /** What outlives the server; the parts that are switched off are null. */
  readonly memory: ConversationMemory | null;
  readonly history: AnswerActorOptions['history'];
  readonly noteUsage: AnswerActorOptions['noteUsage'];
  readonly onAsked?: StreamFloorOptions['onAsked'];
  /** A stream of another worker, for who attaches to it; absent = there is no other. */
  readonly heardElsewhere?: (worker: number, streamId: string) => HeardStream;
  readonly log: Logger;
  readonly faults: FaultLog;
  /** A monotonic clock in ms. */
  readonly now: () => number;
  /** What waits for others is measured by it: the charts of streams, readers, models and voices. */
  readonly ownTime: OwnTime;
}

export interface CompositionPorts extends Omit<AdmissionPorts, 'recording'>, Omit<FloorPorts, 'recording'> {
  readonly recording: ChartWatch;
}

export interface AdmissionsComposition {
  /** Admits nobody yet. */
  readonly admissions: Admissions;
  readonly collector: UtteranceCollector;
  /** Of what is refused. */
  readonly counters: StreamCounters;
}

export interface FloorComposition {
  /** Of the live streams. */
  readonly resources: StreamResourceMap;
  readonly counters: StreamCounters;
  /** Model jobs and voice jobs at work. */
  readonly answerJobs: JobCount;
  readonly speechJobs: JobCount;
}

export interface Composition extends AdmissionsComposition, FloorComposition {
  readonly supervisor: SupervisorHost;
}

/** The supervisor with everything that its streams need, in one process. */
export function composeStreams(ports: CompositionPorts): Composition {
  const owner = composeAdmissions(ports);
  const { options, ...rest } = floorOptions(ports, owner.counters);
  return { ...owner, ...rest, supervisor: new SupervisorHost(owner.admissions, options) };
}

/** The owner of admissions; streams run elsewhere. */
export function composeAdmissions(ports: AdmissionPorts): AdmissionsComposition {
  const { settings, recording, ownTime, log, faults, quota } = ports;
  const counters = new StreamCounters();
  const collector = new UtteranceCollector({
    machine: recording.ofUtterances?.(collectMachine) ?? collectMachine,
    limits: settings.collect,
    ownTime,
    log,
    faults,
  });
  const admissions = new Admissions({
    machine: recording.ofSupervisor(supervisorMachine),
    admission: settings.admission,
    collector,
    counters,
    quota,
    log,
    faults,
  });
  return { admissions, collector, counters };
}

/** A floor whose streams are admitted elsewhere. */
export function composeFloor(
  ports: FloorPorts,
  admissions: StreamFloorOptions['admissions'],
): FloorComposition & { readonly floor: StreamFloor } {
  const { options, ...rest } = floorOptions(ports, new StreamCounters());
  return { ...rest, floor: new StreamFloor({ ...options, admissions }) };
}

function floorOptions(
  ports: FloorPorts,
  counters: StreamCounters,
): FloorComposition & { readonly options: Omit<StreamFloorOptions, 'admissions'> } {
  const { settings, engines, recording, memory, log, faults, now, ownTime } = ports;
  const { limits } = settings;
  const resources: StreamResourceMap = new Map();
  const { meter } = counters;
  const answerJobs = new JobCount((call) => meter.called({ engine: 'answer', ...call }));
  const speechJobs = new JobCount((call) => meter.called({ engine: 'speech', ...call }));
  const waiting = { ...ports, resources, now: () => ownTime.now() };
  const answer = createAnswerActor({ ...waiting, engine: () => engines.inUse().answer, jobs: answerJobs });
  const speech = createSpeechActor({ ...waiting, engine: () => engines.inUse().speech, jobs: speechJobs });
  const sessions = recording.ofSessions(sessionMachine.provide({ actors: { answer, speech } }));
  const welcomes = recording.ofWelcomes(welcomeMachine.provide({ actors: { speech } }));
  const reportBy = (method: RpcMethod) => (id: string, fault: { readonly error: unknown }) =>
    faults.bug(method, id, fault.error);
  const options = {
    maxStreams: settings.admission.maxStreams,
    listening: settings.admission.duplicatePolicy === 'attach' ? { limits, ...heardElsewhereOf(ports) } : null,
    answers: answerKind({ machine: withFaultBarrier(sessions, reportBy('StreamAudio')), limits, memory }),
    welcomes: welcomeKind({
      machine: withFaultBarrier(welcomes, reportBy('GenerateWelcomeAudio')),
      limits,
      voiceName: () => engines.peek()?.speech.name ?? 'none',
    }),
    resources,
    maxFramesPerSecond: limits.maxFramesPerSecond,
    counters,
    ...(ports.onAsked !== undefined && { onAsked: ports.onAsked }),
    log,
    faults,
    now,
    ownTime,
  };
  return { options, resources, counters, answerJobs, speechJobs };
}

function heardElsewhereOf({ heardElsewhere }: FloorPorts) {
  return heardElsewhere === undefined ? {} : { elsewhere: heardElsewhere };
}

/** The bounds of streams, as the configuration sets them. */
export function streamSettingsOf(config: Config): StreamSettings {
  const { backpressure, duplicates, timeouts, speech, commands, killSwitches } = config;
  const { maxStreams, maxStreamsPerDevice, oneStreamPerDevice, gracePeriodMs } = backpressure;
  const { idleTimeoutMs, maxFramesPerSecond } = backpressure;
  return {
    admission: {
      maxStreams,
      maxStreamsPerDevice,
      oneStreamPerDevice,
      gracePeriodMs,
      duplicatePolicy: duplicates.policy,
      queueTimeoutMs: duplicates.queueTimeoutMs,
      queueMax: duplicates.queueMax,
    },
    limits: {
      idleTimeoutMs,
      firstTokenTimeoutMs: timeouts.firstTokenTimeoutMs,
      answerStallTimeoutMs: timeouts.answerStallTimeoutMs,
      speechTimeoutMs: timeouts.speechTimeoutMs,
      sessionTimeoutMs: timeouts.sessionTimeoutMs,
      maxFramesPerSecond,
      speechLookahead: speech.lookaheadSentences,
      speechFailure: speech.failurePolicy,
      allowedCommands: killSwitches.disableForwardAssistantActions ? [] : commands.allowed,
    },
    collect: config.collect,
  };
}
