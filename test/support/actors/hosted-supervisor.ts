/** The supervisor with the real session chart and the real actors, over engines worked by hand: all but the wire. */
import { onTestFinished } from 'vitest';
import type { AnyActorLogic, AnyStateMachine } from 'xstate';
import type { ConversationMemory } from '../../../src/actors/answer/conversation-memory.ts';
import { HistoryLookup } from '../../../src/actors/answer/history-lookup.ts';
import type { QuotaPort } from '../../../src/actors/hosts/pending-calls.ts';
import type { StreamResourceMap } from '../../../src/actors/hosts/stream-resources.ts';
import type { SupervisorHost } from '../../../src/actors/hosts/supervisor-host.ts';
import type { Call } from '../../../src/call/call.ts';
import type { CollectedChunk, StreamRequest, WelcomeRequest } from '../../../src/call/gateway.ts';
import type { AnswerEngine } from '../../../src/engines/answer-engine.ts';
import type { SpeechEngine } from '../../../src/engines/speech-engine.ts';
import type { Failure } from '../../../src/errors.ts';
import type { SessionMachine } from '../../../src/machines/session/session.machine.ts';
import type { SessionLimits } from '../../../src/machines/session/session.types.ts';
import type { SupervisorInput } from '../../../src/machines/supervisor/supervisor.types.ts';
import type { FaultLog } from '../../../src/observe/fault-log.ts';
import type { LogFields, Logger } from '../../../src/observe/logger.ts';
import { type ChartWatch, type Composition, composeStreams } from '../../../src/server/composition.ts';
import { testLimits } from '../machines/session-run.ts';
import { ownTimeOf } from '../own-time.ts';
import { HandAnswerEngine, HandSpeechEngine } from './hand-engines.ts';

export interface KeptLine extends LogFields {
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'announce';
}

export interface HostBench extends Omit<Composition, 'supervisor'> {
  readonly host: SupervisorHost;
  readonly answers: HandAnswerEngine;
  readonly voice: HandSpeechEngine;
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
  readonly recording?: Pick<ChartWatch, 'ofSessions' | 'ofSupervisor'>;
  /** A clock that goes by itself instead of `clock`. */
  readonly now?: () => number;
  /** Called with every log line before it is kept; may throw. */
  readonly onLine?: (line: KeptLine) => void;
}

/**
 * A supervisor, open unless told otherwise: the server's own composition. Timers are real and long. What still runs when its test is over is
 * ended: files share their threads, and what waits by a clock that stands would be armed again and again in the tests behind it.
 */
export function openHost(options: HostBenchOptions = {}): HostBench {
  const answers = new HandAnswerEngine();
  const voice = new HandSpeechEngine();
  const lines: KeptLine[] = [];
  const faults: { id: string; error: unknown }[] = [];
  const clock = { ms: 1_000 };
  const log = keepingLog((line) => {
    options.onLine?.(line);
    lines.push(line);
  });
  const { memory = null, quota = null, answerEngine = answers, speechEngine = voice } = options;
  const now = options.now ?? (() => clock.ms);
  const ownTime = ownTimeOf(now);
  const engines = { answer: answerEngine, speech: speechEngine };
  const { supervisor: host, ...rest } = composeStreams({
    // A stream of another process is over by the time that it is to be heard.
    heardElsewhere: () => ({ listen: (listener) => listener.leaderEnded({ ok: true }), forget: () => {} }),
    settings: {
      admission: { maxStreams: 50, oneStreamPerDevice: false, gracePeriodMs: 30_000, ...options.admission },
      limits: { ...testLimits, maxFramesPerSecond: 0, ...options.limits },
      collect: {
        ttlMs: 120_000,
        maxBuffers: 1_000,
        maxChars: 32_768,
        promptMaxChars: 32_768,
        screenshotMaxBytes: 1024,
      },
    },
    engines: { inUse: () => engines, peek: () => engines },
    recording: watchOf(options),
    memory,
    history: memory === null ? null : new HistoryLookup({ memory, log, ownTime }),
    quota,
    noteUsage: () => {},
    log,
    faults: keepingFaults(faults),
    now,
    ownTime,
  });
  onTestFinished(() => endAll(rest.resources));
  if (options.isClosed !== true) host.openAdmission();
  const linesOf = (decision: string) => lines.filter((line) => line.decision === decision);
  return { host, ...rest, answers, voice, lines, faults, clock, linesOf };
}

/** Ends the work of actors. */
export function endAll(resources: StreamResourceMap): void {
  for (const { disposers } of [...resources.values()]) for (const dispose of disposers) dispose();
}

function keepingLog(keepLine: (line: KeptLine) => void): Logger {
  const keep = (level: KeptLine['level']) => (fields: LogFields) => keepLine({ level, ...fields });
  return {
    debug: keep('debug'),
    info: keep('info'),
    warn: keep('warn'),
    error: keep('error'),
    announce: keep('announce'),
  };
}

/** Keeps bugs of ours and what engines threw in one list. */
export function keepingFaults(faults: { id: string; error: unknown }[]): FaultLog {
  const keep = (_method: string, id: string, error: unknown) => {
    faults.push({ id, error });
  };
  return { bug: keep, unexpected: keep };
}

function watchOf({ endThrows, onTurn, recording }: HostBenchOptions): ChartWatch {
  const broken = (machine: SessionMachine): SessionMachine =>
    endThrows === undefined
      ? machine
      : machine.provide({
          actions: {
            endWith: () => {
              throw endThrows;
            },
          },
        });
  return {
    ofSupervisor: (machine) => recording?.ofSupervisor(machine) ?? machine,
    ofSessions: (machine) => {
      const given = broken(machine);
      return watched(recording?.ofSessions(given) ?? given, onTurn);
    },
    ofWelcomes: (machine) => machine,
    ofUtterances: (machine) => watched(machine, onTurn),
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
  return { call: callOf(streamId, sessionId, hardwareId), prompt: streamId, screen: {} };
}

export function welcomeOf(streamId: string, sessionId: string, text: string): WelcomeRequest {
  return { call: { method: 'GenerateWelcomeAudio', streamId, sessionId, hardwareId: '' }, text };
}

/** What became of the chunk; throws where that is not said before `collect` returns. */
export function collectNow(host: SupervisorHost, chunk: CollectedChunk): Failure | null {
  const answers: (Failure | null)[] = [];
  host.collect(chunk, (refused) => answers.push(refused));
  const [answer] = answers;
  if (answer === undefined) throw new Error('nothing was said of the chunk');
  return answer;
}

/** A call of StreamAudio. */
export function callOf(streamId: string, sessionId: string, hardwareId = 'device-1'): Call {
  return { method: 'StreamAudio', streamId, sessionId, hardwareId };
}
