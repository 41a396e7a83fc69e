/**
 * Hosts the chart of one stream, of whatever kind: gives it a way out, carries out what it says, and ends the call with its output. It
 * decides nothing that the chart should decide.
 *
 * Invariants, cited as "Stream host N"; the supervisor's host relies on 1 to 3, the client on 2:
 *  1. One end. The call is ended once, with the one output of its chart; with session_fault if the chart broke and has none.
 *  2. The order of the end. What waits in the outbox is dropped, what was heard is remembered, the slot is given back (`onEnded`), then the
 *     call is ended: who has seen an end can use its slot at once.
 *  3. Nothing stays. After the end the actors of the stream are stopped, also where the chart broke in its very end, and what stood beside
 *     the chart is gone from the map.
 *  4. Words. What the chart says is carried out within its turn, in order. A text frame has at most MAX_TEXT_FRAME_CHARS UTF-16 units, and
 *     does not end between the halves of a character.
 *  5. Faults. Whatever throws in here (the sink, a log, an observer) is reported once, under the stream's id, and becomes the end of this
 *     stream alone: session.faulted before its end, nothing more after it.
 */
import { assertNever } from '../../assert.ts';
import { type Call, idsOf } from '../../call/call.ts';
import type { Frame, FrameSink, Screen, StreamEnd } from '../../call/gateway.ts';
import type { OwnTime } from '../../call/own-time.ts';
import { failureOfUnexpected } from '../../errors.ts';
import type { SessionEmitted } from '../../machines/session/session.types.ts';
import type { StreamEvent, StreamOutput } from '../../machines/stream/stream.types.ts';
import type { FaultLog } from '../../observe/fault-log.ts';
import type { Logger } from '../../observe/logger.ts';
import type { HeardWords } from '../answer/conversation-memory.ts';
import { StreamFigures, type StreamTally } from '../figures/stream-figures.ts';
import { createOutbox, type OutboxOptions, type OutboxStats, unfetchedOf } from '../outbox/outbox.ts';
import type { HostedRequest, StreamChart, StreamKind } from './stream-kind.ts';
import type { StreamResourceMap, StreamResources } from './stream-resources.ts';

/** What every good stream ends with. */
const END_MESSAGE = 'COMPLETED';

export interface StreamHostOptions {
  /** Where the actors of the stream find what is beside their chart. */
  readonly resources: StreamResourceMap;
  /** 0 = off. */
  readonly maxFramesPerSecond: number;
  /** Counts what streams send. */
  readonly counters: { readonly meter: NonNullable<OutboxOptions['meter']> };
  readonly log: Logger;
  readonly faults: FaultLog;
  /** A monotonic clock in ms. */
  readonly now: () => number;
  readonly ownTime: OwnTime;
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
  readonly call: Call;
  /** What it holds of its request in memory, beside its chart. */
  readonly screenshotBytes: number;
  /** Starts the chart; it may end before this returns. Called once. */
  begin(): void;
  /** Tells the chart a fact; ignored after the end. */
  send(event: StreamEvent): void;
}

/** Where the frames of a stream go, and who hears of its end. */
export interface StreamWayOut {
  readonly sink: FrameSink;
  /** Called exactly once, synchronously in the chart's last turn; the call is ended by `endCall`, as soon as its slot is free. */
  readonly onEnded: (summary: StreamSummary, endCall: () => void) => void;
}

/** Makes the surroundings of an admitted stream; `begin` starts it. */
export function hostStream<TRequest extends HostedRequest, TFirst>(
  options: StreamHostOptions,
  kind: StreamKind<TRequest, TFirst>,
  request: TRequest,
  wayOut: StreamWayOut,
): HostedStream {
  // Without spreading: an object that is put together by it has a shape of its own, which weighs more than it does.
  return new StreamHost(options, {
    sink: wayOut.sink,
    onEnded: wayOut.onEnded,
    call: request.call,
    screen: request.screen ?? noScreen,
    chart: kind.chartOf(request, options.ownTime),
    firstFact: kind.firstFact(request),
    opening: kind.opening ?? null,
    heard: kind.heard?.(request) ?? null,
  });
}

const noScreen: Screen = Object.freeze({});

interface StreamParts<TFirst> extends StreamWayOut {
  readonly call: Call;
  readonly screen: Screen;
  readonly chart: StreamChart<TFirst>;
  readonly firstFact: TFirst;
  readonly opening: (() => Frame) | null;
  readonly heard: HeardWords | null;
}

class StreamHost<TFirst> implements HostedStream {
  readonly call: Call;
  readonly screenshotBytes: number;
  readonly #options: StreamHostOptions;
  readonly #parts: StreamParts<TFirst>;
  readonly #resources: StreamResources;
  #commandsSent = 0;
  #isEnded = false;

  constructor(options: StreamHostOptions, parts: StreamParts<TFirst>) {
    const { call, screen, chart, heard, opening } = parts;
    this.call = call;
    this.screenshotBytes = screen.screenshot?.bytes.byteLength ?? 0;
    this.#options = options;
    this.#parts = parts;
    const outbox = createOutbox({
      sink: parts.sink,
      maxFramesPerSecond: options.maxFramesPerSecond,
      now: options.now,
      ownNow: () => options.ownTime.now(),
      notify: (event) => chart.send(event),
      meter: options.counters.meter,
      commandSent: (command) => this.#commandSent(command),
      handoverFailed: (error) => this.#fault(error),
      ...(heard !== null && { textSent: (text: string) => heard.add(text) }),
      ...(opening !== null && { opening }),
    });
    const figures = new StreamFigures(options.now);
    this.#resources = { call, screen, outbox, figures, tellSpeech: () => {}, disposers: [] };
    options.resources.set(call.streamId, this.#resources);
    chart.on('*', (emitted) => {
      try {
        this.#carryOut(emitted);
      } catch (error) {
        this.#fault(error);
      }
    });
    chart.subscribe({
      complete: () => {
        const { failure } = chart.getSnapshot().context;
        this.#end({ reason: failure?.errorType ?? 'completed', failure });
      },
      error: (error) => this.#break(error),
    });
  }

  begin(): void {
    const { chart, firstFact } = this.#parts;
    chart.start();
    // What ended it before its turn came, it heard first.
    if (!this.#isEnded) chart.send(firstFact);
  }

  send(event: StreamEvent): void {
    this.#parts.chart.send(event);
  }

  #carryOut(emitted: SessionEmitted): void {
    const { outbox, figures } = this.#resources;
    switch (emitted.type) {
      case 'sentence.reached':
        figures.sentenceComplete();
        for (const text of framesOf(emitted.text)) outbox.push({ kind: 'text', text });
        for (const fact of emitted.facts) this.#resources.tellSpeech(fact);
        return;
      case 'speech.informed':
        for (const fact of emitted.facts) this.#resources.tellSpeech(fact);
        return;
      case 'command.reached':
        outbox.push({ kind: 'action', command: emitted.command, args: emitted.args });
        return;
      case 'command.dropped': {
        const { name, reason, detail } = emitted;
        const fields = this.#fields('command', 'dropped', { command: name, reason, detail });
        this.#options.log.warn(fields, 'a command was dropped');
        return;
      }
      case 'sentence.leftUnspoken': {
        const { segment, reason } = emitted;
        figures.sentenceLeftUnspoken();
        const fields = this.#fields('speech', 'left_unspoken', { segment, reason });
        this.#options.log.warn(fields, 'a sentence goes out without sound');
        return;
      }
      case 'end.reached':
        outbox.push({ kind: 'end', message: END_MESSAGE });
        return;
      case 'activity.questioned':
        this.send({ type: 'outbox.activityReported', idleMs: Math.round(outbox.idleMs()), ...unfetchedOf(outbox) });
        return;
      case 'flush.awaited':
        outbox.askFlushed();
        return;
      case 'room.awaited':
        outbox.askRoom();
        return;
      case 'actor.faulted':
        this.#report(emitted.detail);
        return;
      default:
        assertNever(emitted);
    }
  }

  #commandSent(command: string): void {
    this.#commandsSent += 1;
    this.#options.log.info(this.#fields('command', 'complete', { command }), 'the command went to the desktop');
  }

  /** Something of ours threw, and the chart can still end the stream. */
  #fault(error: unknown): void {
    this.#report(error);
    this.send({ type: 'session.faulted', faultId: this.call.streamId });
  }

  /** The chart itself broke, in its very end. */
  #break(error: unknown): void {
    this.#report(error);
    for (const dispose of this.#resources.disposers) dispose();
    this.#end({ reason: 'session_fault', failure: failureOfUnexpected('session_fault', this.call.streamId) });
  }

  #end(output: StreamOutput): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    const { chart, sink, heard, onEnded } = this.#parts;
    const { resources, maxFramesPerSecond } = this.#options;
    const { outbox, figures } = this.#resources;
    outbox.discard();
    resources.delete(this.call.streamId);
    const stats = outbox.stats();
    const tally = figures.tally(stats.audioBytes);
    const sentences = chart.getSnapshot().context.nextSegment;
    const commandsSent = this.#commandsSent;
    const endCall = (): void => this.#attempt(() => sink.finish(endOf(output)));
    this.#attempt(() => heard?.remember(output.failure));
    try {
      onEnded({ output, stats, figures: tally, sentences, commandsSent, maxFramesPerSecond }, endCall);
    } catch (error) {
      this.#report(error);
      endCall();
    }
  }

  /** XState throws what an observer throws in a timer of its own, where it would end the process. */
  #attempt(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#report(error);
    }
  }

  #report(error: unknown): void {
    this.#options.faults.bug(this.call.method, this.call.streamId, error);
  }

  #fields(scope: string, decision: string, ctx: Readonly<Record<string, unknown>>) {
    return { scope, method: this.call.method, decision, ctx: { ...idsOf(this.call), ...ctx } };
  }
}

/** A stream that was admitted is refused by the rate limit alone, which has a line of its own (stream-end.ts). */
export function endOf({ failure }: StreamOutput): StreamEnd {
  if (failure === null) return { ok: true };
  return { ok: false, failure, ...(failure.errorType === 'rate_limit_exceeded' && { isRefusal: true }) };
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
