/**
 * Hosts one session chart: runs its actor, carries out what it says, and ends the call with its output, once.
 *
 * Guarantees: the slot is given back before the client can see the end; the children of an ended session are stopped; an observer
 * that throws harms nobody else. It decides nothing the chart should decide.
 */
import { type Actor, createActor } from 'xstate';
import { assertNever } from '../assert.ts';
import { failureOfUnexpected } from '../errors.ts';
import type { SessionMachine } from '../machines/session.machine.ts';
import type {
  SessionContext,
  SessionEmitted,
  SessionEvent,
  SessionLimits,
  SessionOutput,
} from '../machines/session.types.ts';
import type { FrameSink, StreamRequest } from '../machines/stream-port.ts';
import type { Logger } from '../observe/logger.ts';
import { createOutbox, type OutboxStats } from './outbox.ts';
import type { SessionResourceMap, SessionResources } from './session-resources.ts';

/** What every good stream ends with. */
const END_MESSAGE = 'COMPLETED';

export interface SessionHostOptions {
  /** The session machine with its actors, behind the fault barrier; built once. */
  readonly machine: SessionMachine;
  readonly limits: SessionLimits;
  readonly sessions: SessionResourceMap;
  readonly log: Logger;
  /** A monotonic clock in ms. */
  readonly now: () => number;
  /** Reports a bug under the id that the client sees. */
  readonly reportFault: (faultId: string, error: unknown) => void;
}

/** How a session went, for logs and counters. */
export interface SessionSummary {
  readonly output: SessionOutput;
  readonly stats: OutboxStats;
  readonly commandsSent: number;
  /** The limit it lived under; 0 = off. */
  readonly maxFramesPerSecond: number;
}

export interface HostedSession {
  readonly request: StreamRequest;
  /** Starts the chart; it may end before this returns. Called once. */
  begin(): void;
  /** Tells the chart a fact; ignored after the end. */
  send(event: SessionEvent): void;
}

/**
 * Makes a session for an admitted request; `begin` starts it. `onEnded` is called exactly once, synchronously in the chart's last
 * turn and before the call is ended.
 */
export function hostSession(
  options: SessionHostOptions,
  request: StreamRequest,
  sink: FrameSink,
  onEnded: (summary: SessionSummary) => void,
): HostedSession {
  const { machine, limits, sessions, now } = options;
  const { streamId, sessionId, hardwareId } = request;
  let commandsSent = 0;

  const outbox = createOutbox({
    sink,
    maxFramesPerSecond: limits.maxFramesPerSecond,
    now,
    notify: (event) => actor.send(event),
    commandSent: (command) => {
      commandsSent += 1;
      options.log.info(fields('command', 'complete', request, { command }), 'the command went to the desktop');
    },
    handoverFailed: (error) => fault(error),
  });
  const resources: SessionResources = { request, outbox, tellSpeech: () => {}, disposers: [] };
  sessions.set(streamId, resources);

  const actor: Actor<SessionMachine> = createActor(machine, {
    id: streamId,
    input: { streamId, sessionId, hardwareId, limits },
  });

  const report = (error: unknown): void => options.reportFault(streamId, error);
  const fault = (error: unknown): void => {
    report(error);
    actor.send({ type: 'session.faulted', faultId: streamId });
  };
  const end = once((output: SessionOutput) => {
    outbox.discard();
    sessions.delete(streamId);
    const stats = outbox.stats();
    attempt(() => onEnded({ output, stats, commandsSent, maxFramesPerSecond: limits.maxFramesPerSecond }), report);
    attempt(() => sink.finish(output.failure === null ? { ok: true } : { ok: false, failure: output.failure }), report);
  });

  actor.on('*', (emitted) => {
    try {
      if (emitted.type === 'actor.faulted') options.reportFault(streamId, emitted.detail);
      else carryOut(emitted, { resources, actor, log: options.log });
    } catch (error) {
      fault(error);
    }
  });
  actor.subscribe({
    complete: () => end(outputOf(actor.getSnapshot().context)),
    error: (error) => {
      report(error);
      for (const dispose of resources.disposers) dispose();
      end({ reason: 'session_fault', failure: failureOfUnexpected('session_fault', streamId) });
    },
  });
  return {
    request,
    begin: () => {
      actor.start();
      actor.send({ type: 'request.received', prompt: request.prompt });
    },
    send: (event) => actor.send(event),
  };
}

interface CarryOutTargets {
  readonly resources: SessionResources;
  readonly actor: { send(event: SessionEvent): void };
  readonly log: Logger;
}

function carryOut(
  emitted: Exclude<SessionEmitted, { readonly type: 'actor.faulted' }>,
  { resources, actor, log }: CarryOutTargets,
): void {
  const { outbox, request } = resources;
  switch (emitted.type) {
    case 'sentence.reached':
      for (const text of framesOf(emitted.text)) outbox.push({ kind: 'text', text });
      for (const fact of emitted.facts) resources.tellSpeech(fact);
      return;
    case 'speech.informed':
      for (const fact of emitted.facts) resources.tellSpeech(fact);
      return;
    case 'command.reached':
      outbox.push({ kind: 'action', command: emitted.command, args: emitted.args });
      return;
    case 'command.dropped': {
      const { name, reason, detail } = emitted;
      log.warn(fields('command', 'dropped', request, { command: name, reason, detail }), 'a command was dropped');
      return;
    }
    case 'sentence.leftUnspoken': {
      const { segment, reason } = emitted;
      log.warn(fields('speech', 'left_unspoken', request, { segment, reason }), 'a sentence goes out without sound');
      return;
    }
    case 'end.reached':
      outbox.push({ kind: 'end', message: END_MESSAGE });
      return;
    case 'activity.questioned':
      actor.send({ type: 'outbox.activityReported', idleMs: Math.round(outbox.idleMs()) });
      return;
    case 'room.awaited':
      outbox.askRoom();
      return;
    default:
      assertNever(emitted);
  }
}

function fields(scope: string, decision: string, request: StreamRequest, ctx: Readonly<Record<string, unknown>>) {
  return { scope, method: 'StreamAudio', decision, ctx: { ...identityOf(request), ...ctx } };
}

/** The longest text of one frame: clients accept 4 MiB, and only a run of white space makes a sentence that long. */
const MAX_TEXT_FRAME_CHARS = 256 * 1024;

function* framesOf(text: string): Generator<string> {
  let start = 0;
  while (text.length - start > MAX_TEXT_FRAME_CHARS) {
    let end = start + MAX_TEXT_FRAME_CHARS;
    // A frame does not end between the halves of a character.
    if (/[\ud800-\udbff]/.test(text.charAt(end - 1))) end -= 1;
    yield text.slice(start, end);
    start = end;
  }
  yield text.slice(start);
}

/** Whose call it is. */
export type CallIdentity = Pick<StreamRequest, 'sessionId' | 'hardwareId' | 'streamId'>;

/** The three ids that every log line of a stream carries. */
export function identityOf({ sessionId, hardwareId, streamId }: CallIdentity) {
  return { session_id: sessionId, hardware_id: hardwareId, stream_id: streamId };
}

function outputOf({ failure }: SessionContext): SessionOutput {
  return { reason: failure?.errorType ?? 'completed', failure };
}

/** XState throws what an observer throws in a timer of its own, where it would end the process. */
function attempt(run: () => void, report: (error: unknown) => void): void {
  try {
    run();
  } catch (error) {
    report(error);
  }
}

function once<T>(run: (value: T) => void): (value: T) => void {
  let hasRun = false;
  return (value) => {
    if (hasRun) return;
    hasRun = true;
    run(value);
  };
}
