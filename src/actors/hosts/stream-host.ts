/**
 * Hosts the chart of one stream, of whatever kind: gives it a way out, carries out what it says, and ends the call with its output, once.
 *
 * Guarantees: the slot is given back before the client can see the end; the children of an ended chart are stopped; an observer
 * that throws harms nobody else. It decides nothing the chart should decide.
 */
import { assertNever } from '../../assert.ts';
import type { Frame, FrameSink, RpcMethod } from '../../call/gateway.ts';
import { type Failure, failureOfUnexpected } from '../../errors.ts';
import type { SessionEmitted, SessionEvent } from '../../machines/session/session.types.ts';
import type { StreamEvent, StreamOutput } from '../../machines/stream/stream.types.ts';
import type { Logger } from '../../observe/logger.ts';
import type { StreamTally } from '../figures/stream-figures.ts';
import { createOutbox, type Outbox, type OutboxStats } from '../outbox/outbox.ts';
import type { StreamResources } from './session-resources.ts';

/** What every good stream ends with. */
const END_MESSAGE = 'COMPLETED';

export interface StreamHostOptions {
  readonly log: Logger;
  /** A monotonic clock in ms. */
  readonly now: () => number;
  /** Reports a bug under the id that the client sees. */
  readonly reportFault: (faultId: string, error: unknown) => void;
}

/** Whose call it is; a stream without a device has '' for its hardware id. */
export interface CallIdentity {
  readonly streamId: string;
  readonly sessionId: string;
  readonly hardwareId: string;
}

export interface HostedCall extends CallIdentity {
  readonly method: RpcMethod;
}

/** How a stream went, for logs and counters. */
export interface StreamSummary {
  readonly output: StreamOutput;
  readonly stats: OutboxStats;
  readonly figures: StreamTally;
  /** Sentences that its text was cut into. */
  readonly sentences: number;
  readonly commandsSent: number;
  /** The limit it lived under; 0 = off. */
  readonly maxFramesPerSecond: number;
}

export interface HostedStream {
  readonly call: HostedCall;
  /** Starts the chart; it may end before this returns. Called once. */
  begin(): void;
  /** Tells the chart a fact; ignored after the end. */
  send(event: StreamEvent): void;
}

/** The actor of a stream's chart, as far as its host must know it. */
export interface StreamChart {
  send(event: StreamEvent): void;
  on(type: '*', handler: (emitted: SessionEmitted) => void): unknown;
  subscribe(observer: { readonly complete: () => void; readonly error: (error: unknown) => void }): unknown;
  getSnapshot(): { readonly context: { readonly failure: Failure | null; readonly nextSegment: number } };
}

/** A chart that was made for a stream and is not started yet. */
export interface LaunchedChart {
  readonly chart: StreamChart;
  readonly resources: StreamResources;
  /** Starts the chart and tells it what was asked. */
  begin(): void;
  /** Its resources are no longer needed. */
  forget(): void;
}

export interface StreamToHost {
  readonly call: HostedCall;
  readonly sink: FrameSink;
  /** 0 = off. */
  readonly maxFramesPerSecond: number;
  /** Takes the words that were handed to the transport. */
  readonly textSent?: (text: string) => void;
  /** Makes the frame that goes ahead of the first one. */
  readonly opening?: () => Frame;
  readonly launch: (outbox: Outbox) => LaunchedChart;
  /** Called exactly once, synchronously in the chart's last turn and before the call is ended. */
  readonly onEnded: (summary: StreamSummary) => void;
}

/** Makes the surroundings of an admitted stream; `begin` starts it. */
export function hostStream(options: StreamHostOptions, stream: StreamToHost): HostedStream {
  const { call, sink, opening, textSent, maxFramesPerSecond } = stream;
  const { streamId } = call;
  let commandsSent = 0;

  const outbox = createOutbox({
    sink,
    maxFramesPerSecond,
    now: options.now,
    notify: (event) => chart.send(event),
    commandSent: (command) => {
      commandsSent += 1;
      options.log.info(fields('command', 'complete', call, { command }), 'the command went to the desktop');
    },
    handoverFailed: (error) => fault(error),
    ...(textSent !== undefined && { textSent }),
    ...(opening !== undefined && { opening }),
  });
  const { chart, resources, begin, forget } = stream.launch(outbox);

  const report = (error: unknown): void => options.reportFault(streamId, error);
  const fault = (error: unknown): void => {
    report(error);
    chart.send({ type: 'session.faulted', faultId: streamId });
  };
  const end = once((output: StreamOutput) => {
    outbox.discard();
    forget();
    const stats = outbox.stats();
    const figures = resources.figures.tally(stats.audioBytes);
    const sentences = chart.getSnapshot().context.nextSegment;
    attempt(() => stream.onEnded({ output, stats, figures, sentences, commandsSent, maxFramesPerSecond }), report);
    attempt(() => sink.finish(output.failure === null ? { ok: true } : { ok: false, failure: output.failure }), report);
  });

  chart.on('*', (emitted) => {
    try {
      if (emitted.type === 'actor.faulted') options.reportFault(streamId, emitted.detail);
      else carryOut(emitted, { call, resources, chart, log: options.log });
    } catch (error) {
      fault(error);
    }
  });
  chart.subscribe({
    complete: () => end(outputOf(chart.getSnapshot().context)),
    error: (error) => {
      report(error);
      for (const dispose of resources.disposers) dispose();
      end({ reason: 'session_fault', failure: failureOfUnexpected('session_fault', streamId) });
    },
  });
  return { call, begin, send: (event) => chart.send(event) };
}

interface CarryOutTargets {
  readonly call: HostedCall;
  readonly resources: StreamResources;
  readonly chart: { send(event: SessionEvent): void };
  readonly log: Logger;
}

function carryOut(
  emitted: Exclude<SessionEmitted, { readonly type: 'actor.faulted' }>,
  { call, resources, chart, log }: CarryOutTargets,
): void {
  const { outbox, figures } = resources;
  switch (emitted.type) {
    case 'sentence.reached':
      figures.sentenceComplete();
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
      log.warn(fields('command', 'dropped', call, { command: name, reason, detail }), 'a command was dropped');
      return;
    }
    case 'sentence.leftUnspoken': {
      const { segment, reason } = emitted;
      figures.sentenceLeftUnspoken();
      log.warn(fields('speech', 'left_unspoken', call, { segment, reason }), 'a sentence goes out without sound');
      return;
    }
    case 'end.reached':
      outbox.push({ kind: 'end', message: END_MESSAGE });
      return;
    case 'activity.questioned':
      chart.send({ type: 'outbox.activityReported', idleMs: Math.round(outbox.idleMs()) });
      return;
    case 'flush.awaited':
      outbox.askFlushed();
      return;
    case 'room.awaited':
      outbox.askRoom();
      return;
    default:
      assertNever(emitted);
  }
}

function fields(scope: string, decision: string, call: HostedCall, ctx: Readonly<Record<string, unknown>>) {
  return { scope, method: call.method, decision, ctx: { ...identityOf(call), ...ctx } };
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

/** The three ids that every log line of a stream carries. */
export function identityOf({ sessionId, hardwareId, streamId }: CallIdentity) {
  return { session_id: sessionId, hardware_id: hardwareId, stream_id: streamId };
}

function outputOf({ failure }: { readonly failure: Failure | null }): StreamOutput {
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
