/** The supervisor with the real session chart and the real actors, over engines worked by hand: all but the wire. */
import type { AnyActorLogic, AnyStateMachine } from 'xstate';
import { createAnswerActor } from '../../../src/actors/answer/answer.actor.ts';
import type { ConversationMemory } from '../../../src/actors/answer/conversation-memory.ts';
import { HistoryLookup } from '../../../src/actors/answer/history-lookup.ts';
import { JobCount } from '../../../src/actors/figures/job-count.ts';
import { StreamCounters } from '../../../src/actors/figures/stream-counters.ts';
import { withFaultBarrier } from '../../../src/actors/hosts/fault-barrier.ts';
import type { QuotaPort } from '../../../src/actors/hosts/quota-port.ts';
import type { SessionResourceMap, WelcomeResourceMap } from '../../../src/actors/hosts/session-resources.ts';
import { SupervisorHost } from '../../../src/actors/hosts/supervisor-host.ts';
import { UtteranceCollector } from '../../../src/actors/hosts/utterance-collector.ts';
import { createSpeechActor } from '../../../src/actors/speech/speech.actor.ts';
import type { StreamRequest, WelcomeRequest } from '../../../src/call/gateway.ts';
import type { AnswerEngine } from '../../../src/engines/answer-engine.ts';
import type { SpeechEngine } from '../../../src/engines/speech-engine.ts';
import { collectMachine } from '../../../src/machines/collect.machine.ts';
import { type SessionMachine, sessionMachine } from '../../../src/machines/session/session.machine.ts';
import type { SessionLimits } from '../../../src/machines/session/session.types.ts';
import type { SupervisorInput, supervisorMachine } from '../../../src/machines/supervisor/supervisor.machine.ts';
import { welcomeMachine } from '../../../src/machines/welcome/welcome.machine.ts';
import type { LogFields, Logger } from '../../../src/observe/logger.ts';
import { testLimits } from '../machines/session-run.ts';
import { HandAnswerEngine, HandSpeechEngine } from './hand-engines.ts';

export interface KeptLine extends LogFields {
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'announce';
}

export interface HostBench {
  readonly host: SupervisorHost;
  readonly answers: HandAnswerEngine;
  readonly voice: HandSpeechEngine;
  readonly answerJobs: JobCount;
  readonly speechJobs: JobCount;
  readonly counters: StreamCounters;
  readonly sessions: SessionResourceMap;
  readonly welcomes: WelcomeResourceMap;
  readonly lines: readonly KeptLine[];
  readonly faults: readonly { readonly id: string; readonly error: unknown }[];
  readonly clock: { ms: number };
  linesOf(decision: string): readonly KeptLine[];
}

export interface HostBenchOptions {
  /** Admits nothing yet. */
  readonly isClosed?: true;
  readonly admission?: Partial<SupervisorInput>;
  readonly limits?: Partial<SessionLimits>;
  readonly answerEngine?: AnswerEngine;
  readonly speechEngine?: SpeechEngine;
  readonly memory?: ConversationMemory;
  readonly quota?: QuotaPort;
  /** A bug that the fault barrier can't turn into an end: the transition to error throws as well. */
  readonly endThrows?: Error;
  /** Called with every event that a session or collect chart processes, and the snapshot that it leads to. */
  readonly onTurn?: (event: unknown, snapshot: unknown) => void;
  /** Sees the charts before they run: a recorder. */
  readonly recorded?: {
    readonly sessions: (machine: SessionMachine) => SessionMachine;
    readonly supervisor: typeof supervisorMachine;
  };
  /** A clock that goes by itself instead of `clock`. */
  readonly now?: () => number;
  /** Called with every log line before it is kept; may throw. */
  readonly onLine?: (line: KeptLine) => void;
}

/** A supervisor, open unless told otherwise. The machine's actors are XState's own, its timers are real and long. */
export function openHost(options: HostBenchOptions = {}): HostBench {
  const answers = new HandAnswerEngine();
  const voice = new HandSpeechEngine();
  const answerJobs = new JobCount();
  const speechJobs = new JobCount();
  const counters = new StreamCounters();
  const sessions: SessionResourceMap = new Map();
  const welcomes: WelcomeResourceMap = new Map();
  const lines: KeptLine[] = [];
  const faults: { id: string; error: unknown }[] = [];
  const clock = { ms: 1_000 };
  const now = options.now ?? (() => clock.ms);
  const report = (id: string, error: unknown): void => {
    faults.push({ id, error });
  };
  const keep = (level: KeptLine['level']) => (fields: LogFields) => {
    const line = { level, ...fields };
    options.onLine?.(line);
    lines.push(line);
  };
  const log: Logger = {
    debug: keep('debug'),
    info: keep('info'),
    warn: keep('warn'),
    error: keep('error'),
    announce: keep('announce'),
  };
  const { endThrows, recorded, memory, quota } = options;
  const history = memory === undefined ? null : new HistoryLookup({ memory, log });
  const machine = sessionMachine.provide({
    ...(endThrows !== undefined && {
      actions: {
        endWith: () => {
          throw endThrows;
        },
      },
    }),
    actors: {
      answer: createAnswerActor({
        engine: () => options.answerEngine ?? answers,
        sessions,
        jobs: answerJobs,
        report,
        noteUsage: () => {},
        ...(history !== null && { historyOf: (device, signal) => history.of(device, signal) }),
        now,
      }),
      speech: createSpeechActor({
        engine: () => options.speechEngine ?? voice,
        streams: sessions,
        jobs: speechJobs,
        report,
        now,
      }),
    },
  });
  const collector = new UtteranceCollector({
    machine: watched(collectMachine, options.onTurn),
    limits: { ttlMs: 120_000, maxBuffers: 1_000, maxChars: 32_768, screenshotMaxBytes: 1024 },
    log,
    reportFault: report,
  });
  const welcome = welcomeMachine.provide({
    actors: {
      speech: createSpeechActor({
        engine: () => options.speechEngine ?? voice,
        streams: welcomes,
        jobs: speechJobs,
        report,
        now,
      }),
    },
  });
  const limits = { ...testLimits, maxFramesPerSecond: 0, ...options.limits };
  const host = new SupervisorHost({
    ...(recorded !== undefined && { machine: recorded.supervisor }),
    admission: { maxStreams: 50, oneStreamPerDevice: false, gracePeriodMs: 30_000, ...options.admission },
    session: {
      machine: withFaultBarrier(watched(recorded?.sessions(machine) ?? machine, options.onTurn), (id, fault) =>
        report(id, fault.error),
      ),
      limits,
      sessions,
      ...(memory !== undefined && { memory }),
      log,
      now,
      reportFault: report,
    },
    welcome: {
      machine: withFaultBarrier(welcome, (id, fault) => report(id, fault.error)),
      limits,
      streams: welcomes,
      voiceName: () => voice.name,
      log,
      now,
      reportFault: report,
    },
    collector,
    counters,
    ...(quota !== undefined && { quota }),
    log,
    reportFault: report,
  });
  if (options.isClosed !== true) host.openAdmission();
  return {
    host,
    answers,
    voice,
    answerJobs,
    speechJobs,
    counters,
    sessions,
    welcomes,
    lines,
    faults,
    clock,
    linesOf: (decision) => lines.filter((line) => line.decision === decision),
  };
}

/** The same chart, whose turns somebody looks at. */
function watched<T extends AnyStateMachine>(machine: T, onTurn: HostBenchOptions['onTurn']): T {
  if (onTurn === undefined) return machine;
  const logic: T = Object.create(machine);
  const transition: AnyActorLogic['transition'] = (snapshot, event, scope) => {
    const next = machine.transition(snapshot, event, scope);
    onTurn(event, next);
    return next;
  };
  Object.defineProperty(logic, 'transition', { value: transition });
  return logic;
}

export function requestOf(streamId: string, sessionId: string, hardwareId = 'device-1'): StreamRequest {
  return { streamId, sessionId, hardwareId, prompt: streamId };
}

export function welcomeOf(streamId: string, sessionId: string, text: string): WelcomeRequest {
  return { streamId, sessionId, text };
}
