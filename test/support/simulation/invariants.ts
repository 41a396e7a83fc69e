/**
 * What must hold in a simulated world, whatever its engines and clients do: checked as each frame, end and log line comes, and of all calls
 * together behind every step. It knows what it was told to expect (plans) and what can be seen from outside (frames, ends, log lines), and
 * nothing of how the server comes to it.
 */
import type { Frame, StreamEnd } from '../../../src/call/gateway.ts';
import type { Failure } from '../../../src/errors.ts';
import type { LogFields } from '../../../src/observe/logger.ts';
import { type CallPlan, ownerOf, sampleOf, type WorldPlan } from './plan.ts';

/** One of each kind is planted to show that it is seen (plants.ts). */
export type Invariant =
  | 'one owner an id'
  | 'slots'
  | 'share of a device'
  | 'load'
  | 'one terminal'
  | 'one command'
  | 'nothing after the end'
  | 'order of frames'
  | 'own text'
  | 'own sound'
  | 'deadlines'
  | 'waiting'
  | 'no live child'
  | 'no timer left'
  | 'no fault'
  | 'refusals'
  | 'interrupts'
  | 'drain'
  | 'quota'
  | 'memory'
  | 'replay';

export interface Breach {
  readonly invariant: Invariant;
  readonly what: string;
  readonly atMs: number;
}

/** A job of an engine, as far as it is seen whether somebody still wants it. */
export interface EngineJob {
  readonly signal: { readonly aborted: boolean };
  /** It has ended by itself, or was told to. */
  isOver: boolean;
  /** When the chart must have given it up at the latest; null = no limit of its own. */
  overdueAtMs: number | null;
}

/** A call, and what was seen of it. */
export class CallRecord {
  readonly plan: CallPlan;
  readonly streamId: string;
  readonly isWelcome: boolean;
  /** What its client must hear, as far as it goes. */
  readonly expected: string;
  state: 'asked' | 'queued' | 'live' | 'over' = 'asked';
  leader: CallRecord | null = null;
  acquiredAtMs = 0;
  queuedAtMs = 0;
  lastAcceptedAtMs = 0;
  heard = 0;
  hasBegun = false;
  textAtMs = 0;
  frames = 0;
  actions = 0;
  hasEndFrame = false;
  sample: number | null = null;
  end: StreamEnd | null = null;
  refused: Failure | null = null;
  rejectLines = 0;
  isForgotten = false;
  reason: string | null = null;
  readonly jobs: EngineJob[] = [];

  constructor(plan: CallPlan, expected: string) {
    this.plan = plan;
    this.streamId = `stream-${plan.number}`;
    this.isWelcome = plan.client === 'welcome';
    this.expected = expected;
  }
}

/** Beyond a deadline: a timer of the process that is late, several in a row; and the tenth that an idle timeout may be off. */
const SLACK_MS = 260;
/** The longest silence that ends a sentence, from which the time for the next one counts. */
const QUIET_MS = 200;
/** The longest that the charts wait for an actor's word, or for the end that a model announced. */
const REPLY_DUE_MS = 5_000;
/** A drain that has ended what it may lets that take so long. */
const ENDING_DUE_MS = 10_000;

export interface LedgerPorts {
  readonly now: () => number;
  /** What the server says of itself. */
  readonly activeStreams: () => number;
  readonly inFlight: () => number;
  readonly timersLeft: () => number;
  readonly collectBuffers: () => number;
}

export class Ledger {
  readonly breaches: Breach[] = [];
  readonly records: CallRecord[] = [];
  readonly #byStream = new Map<string, CallRecord>();
  readonly #live = new Set<CallRecord>();
  readonly #waiting = new Set<CallRecord>();
  /** Ended since the last step. */
  readonly #ended: CallRecord[] = [];
  readonly #plan: WorldPlan;
  readonly #ports: LedgerPorts;
  readonly #slackMs: number;
  isOverloaded = false;
  drainAskedAtMs: number | null = null;
  isDrained = false;
  /** Quota and memory answer whom they were asked by. */
  outsideJobs = 0;
  /** Requests of a quota that were taken and not settled. */
  readonly #reserved = new Set<string>();
  #checkedAtMs = -1;

  constructor(plan: WorldPlan, ports: LedgerPorts) {
    this.#plan = plan;
    this.#ports = ports;
    this.#slackMs = SLACK_MS + 8 * plan.maxLagMs;
  }

  get live(): ReadonlySet<CallRecord> {
    return this.#live;
  }

  add(record: CallRecord): void {
    this.records.push(record);
    this.#byStream.set(record.streamId, record);
  }

  recordOf(streamId: string): CallRecord | undefined {
    return this.#byStream.get(streamId);
  }

  /** Its client left before it asked for a stream. */
  forget(record: CallRecord): void {
    record.isForgotten = true;
  }

  breach(invariant: Invariant, what: string): void {
    if (this.breaches.length < 20) this.breaches.push({ invariant, what, atMs: this.#ports.now() });
  }

  frame(record: CallRecord, frame: Frame): void {
    record.frames += 1;
    if (record.end !== null) this.breach('nothing after the end', `${record.streamId}: a ${frame.kind} frame`);
    if (record.hasEndFrame)
      this.breach('nothing after the end', `${record.streamId}: ${frame.kind} behind the end frame`);
    if (record.state !== 'live') this.breach('order of frames', `${record.streamId}: a frame while ${record.state}`);
    switch (frame.kind) {
      case 'text':
        this.#text(record, frame.text);
        return;
      case 'audio':
        this.#audio(record, frame.bytes);
        return;
      case 'action':
        record.actions += 1;
        if (record.actions > 1) this.breach('one command', `${record.streamId}: ${record.actions} commands`);
        return;
      case 'end':
        record.hasEndFrame = true;
        return;
      case 'metadata':
        if (record.frames > 1) this.breach('order of frames', `${record.streamId}: metadata behind another frame`);
    }
  }

  #text(record: CallRecord, text: string): void {
    const { expected } = record.leader ?? record;
    if (record.actions > 0) this.breach('order of frames', `${record.streamId}: text behind the command`);
    // Who listens begins with any sentence.
    if (record.leader !== null && !record.hasBegun) record.heard = Math.max(0, expected.indexOf(text));
    record.hasBegun = true;
    if (!expected.startsWith(text, record.heard)) {
      const due = expected.slice(record.heard, record.heard + 60);
      this.breach('own text', `${record.streamId}: heard ${quoted(text)}, due is ${quoted(due)}`);
    }
    record.heard += text.length;
    const owner = ownerOf(text);
    record.sample = owner === null ? null : sampleOf(owner);
  }

  #audio(record: CallRecord, bytes: Uint8Array): void {
    const { byteLength } = bytes;
    if (byteLength === 0 || byteLength % 2 === 1 || byteLength > 4_096) {
      this.breach('own sound', `${record.streamId}: ${byteLength} bytes of sound`);
    }
    if (record.actions > 0) this.breach('order of frames', `${record.streamId}: sound behind the command`);
    const sample = (bytes[0] ?? 0) | ((bytes[1] ?? 0) << 8);
    if (record.isWelcome) {
      const isOwn = [0, 1].some((place) => sample === sampleOf({ number: record.plan.number, place }));
      if (!isOwn) this.breach('own sound', `${record.streamId}: sound ${sample} is not its own`);
      return;
    }
    if (!record.hasBegun) this.breach('order of frames', `${record.streamId}: sound before its text`);
    if (record.sample !== null && sample !== record.sample) {
      this.breach('own sound', `${record.streamId}: sound ${sample} where ${record.sample} is due`);
    }
  }

  finish(record: CallRecord, end: StreamEnd): void {
    if (record.end !== null || record.refused !== null) this.breach('one terminal', `${record.streamId}: two ends`);
    record.end = end;
    if (end.ok !== record.hasEndFrame) {
      this.breach(
        'one terminal',
        `${record.streamId}: ${end.ok ? 'a good end without its frame' : 'an error behind the end'}`,
      );
    }
    if (end.ok && record.leader === null && !record.isWelcome && record.heard !== record.expected.trimEnd().length) {
      this.breach('own text', `${record.streamId}: ${record.heard} of ${record.expected.trimEnd().length} characters`);
    }
    if (!end.ok && end.isRefusal === true && record.rejectLines !== 1) {
      this.breach('refusals', `${record.streamId}: refused with ${record.rejectLines} lines`);
    }
    this.#over(record);
  }

  /** The call was refused before `open` returned. */
  refuse(record: CallRecord, why: Failure): void {
    if (record.end !== null || record.frames > 0)
      this.breach('one terminal', `${record.streamId}: refused after its end`);
    record.refused = why;
    // An error of ours is no refusal, and told by the fault itself.
    if (record.rejectLines !== 1 && why.errorType !== 'session_fault') {
      this.breach('refusals', `${record.streamId}: refused with ${record.rejectLines} lines`);
    }
    this.#over(record);
  }

  #over(record: CallRecord): void {
    record.state = 'over';
    this.#waiting.delete(record);
    if (this.#live.delete(record)) this.breach('slots', `${record.streamId}: ended before its slot was free`);
    this.#ended.push(record);
  }

  line(fields: LogFields): void {
    const streamId: unknown = fields.ctx.stream_id;
    const record = typeof streamId === 'string' ? this.#byStream.get(streamId) : undefined;
    if (record === undefined) return;
    switch (fields.decision) {
      case 'stream_acquired':
        this.#acquired(record, fields);
        return;
      case 'stream_queued':
        record.state = 'queued';
        record.queuedAtMs = this.#ports.now();
        this.#waiting.add(record);
        return;
      case 'stream_released':
        if (!this.#live.delete(record)) this.breach('slots', `${record.streamId}: gave back what it had not`);
        return;
      case 'reject':
        record.rejectLines += 1;
        return;
      case 'end':
        record.reason = String(fields.ctx.reason);
    }
  }

  #acquired(record: CallRecord, { ctx }: LogFields): void {
    const { admission } = this.#plan.settings;
    const leader: unknown = ctx.attached_to;
    record.leader = typeof leader === 'string' ? (this.#byStream.get(leader) ?? null) : null;
    if (record.state !== 'asked' && record.state !== 'queued') {
      this.breach('one terminal', `${record.streamId}: admitted when ${record.state}`);
    }
    if (this.isOverloaded) this.breach('load', `${record.streamId}: admitted while there is too much load`);
    if (this.drainAskedAtMs !== null) this.breach('drain', `${record.streamId}: admitted while draining`);
    const { sessionId, hardwareId } = record.plan;
    const others = [...this.#live];
    const isAnswer = !record.isWelcome && record.leader === null;
    const owner = others.find((each) => !each.isWelcome && each.leader === null && each.plan.sessionId === sessionId);
    if (isAnswer && owner !== undefined) {
      this.breach('one owner an id', `${record.streamId} beside ${owner.streamId}: both have ${sessionId}`);
    }
    const its = others.filter((each) => !each.isWelcome && each.plan.hardwareId === hardwareId).length;
    const most = admission.oneStreamPerDevice ? 1 : (admission.maxStreamsPerDevice ?? 0);
    if (!record.isWelcome && hardwareId !== 'unknown' && most > 0 && its >= most) {
      this.breach('share of a device', `${record.streamId}: ${hardwareId} has ${its} already`);
    }
    if (this.#live.size >= admission.maxStreams) {
      this.breach('slots', `${record.streamId}: ${this.#live.size} of ${admission.maxStreams} slots were taken`);
    }
    record.state = 'live';
    record.acquiredAtMs = this.#ports.now();
    record.lastAcceptedAtMs = record.acquiredAtMs;
    this.#waiting.delete(record);
    this.#live.add(record);
  }

  /** Behind every step. */
  afterStep(): void {
    const { activeStreams, inFlight, timersLeft, collectBuffers, now } = this.#ports;
    const { size } = this.#live;
    if (activeStreams() !== size) this.breach('slots', `${activeStreams()} slots are taken by ${size} streams`);
    if (inFlight() > size) this.breach('one owner an id', `${inFlight()} session ids in flight, ${size} streams`);
    for (const record of this.#ended.splice(0)) {
      const isLeft = record.jobs.some(({ isOver, signal }) => !isOver && !signal.aborted);
      if (isLeft) this.breach('no live child', `${record.streamId}: an engine works for nobody`);
    }
    const nowMs = now();
    if (nowMs !== this.#checkedAtMs) this.#checkDeadlines(nowMs);
    this.#checkedAtMs = nowMs;
    if (size === 0 && this.#waiting.size === 0 && this.outsideJobs === 0 && collectBuffers() === 0) {
      const left = timersLeft();
      if (left > 0) this.breach('no timer left', `${left} timers or immediates where nothing goes on`);
    }
  }

  #checkDeadlines(nowMs: number): void {
    const { limits, admission } = this.#plan.settings;
    const slackMs = this.#slackMs;
    for (const record of this.#live) {
      const { acquiredAtMs, lastAcceptedAtMs, jobs } = record;
      const isOld = limits.sessionTimeoutMs > 0 && nowMs - acquiredAtMs > limits.sessionTimeoutMs + slackMs;
      const isIdle = limits.idleTimeoutMs > 0 && nowMs - lastAcceptedAtMs > limits.idleTimeoutMs * 1.1 + slackMs;
      const isOverdue = jobs.some(
        (job) => !job.isOver && job.overdueAtMs !== null && nowMs > job.overdueAtMs + slackMs,
      );
      if (!isOld && !isIdle && !isOverdue) continue;
      const which = isOld ? 'total time' : isIdle ? 'idle timeout' : 'time for its model';
      this.breach('deadlines', `${record.streamId}: ${which} is over since it began at ${acquiredAtMs.toFixed(0)}`);
      this.#live.delete(record);
    }
    for (const record of this.#waiting) {
      if (nowMs - record.queuedAtMs <= (admission.queueTimeoutMs ?? 0) + slackMs) continue;
      this.breach('waiting', `${record.streamId}: waits for its session id since ${record.queuedAtMs.toFixed(0)}`);
      this.#waiting.delete(record);
    }
    if (this.drainAskedAtMs === null || this.isDrained) return;
    const drainDueMs = this.drainAskedAtMs + admission.gracePeriodMs + ENDING_DUE_MS + slackMs;
    if (nowMs > drainDueMs) this.breach('drain', `not over at ${nowMs.toFixed(0)}`);
  }

  /** An interrupt is over: none of these may be live, and each session is named once. */
  interrupted(streams: readonly CallRecord[], sessionIds: readonly string[]): void {
    if (new Set(sessionIds).size !== sessionIds.length) this.breach('interrupts', `${sessionIds}: named twice`);
    for (const record of streams) {
      if (record.state !== 'over') this.breach('interrupts', `${record.streamId} goes on`);
      const isIts =
        record.reason === 'interrupted' || (record.end?.ok === false && record.end.failure.errorType === 'interrupted');
      if (isIts && !record.isWelcome && !sessionIds.includes(record.plan.sessionId)) {
        this.breach('interrupts', `${record.streamId}: ${record.plan.sessionId} is not named`);
      }
    }
  }

  quotaTaken(streamId: string): void {
    this.#reserved.add(streamId);
  }

  quotaSettled(streamId: string, isAdmitted: boolean): void {
    this.#reserved.delete(streamId);
    // A reservation is settled in the turn that admits, or refuses.
    const hasSlot = this.#byStream.get(streamId)?.state === 'live';
    if (isAdmitted === hasSlot || this.#byStream.get(streamId)?.state === 'over') return;
    if (!isAdmitted) this.breach('quota', `${streamId}: given back, and it has a slot`);
  }

  /** Nothing is due any more. */
  atTheEnd(): void {
    for (const record of this.records) {
      if (!record.isForgotten && record.end === null && record.refused === null)
        this.breach('one terminal', `${record.streamId}: no end`);
      if (record.jobs.some(({ isOver }) => !isOver))
        this.breach('no live child', `${record.streamId}: an engine never ended`);
    }
    if (this.#reserved.size > 0) this.breach('quota', `${[...this.#reserved]}: never settled`);
    if (!this.isDrained) this.breach('drain', 'it never came to an end');
  }
}

/** Of a text that a model sends last at `atMs`, without an end. */
export function overdueAfterText(atMs: number, stallMs: number, isEndAnnounced: boolean): number | null {
  return stallMs === 0 ? null : atMs + QUIET_MS + stallMs + (isEndAnnounced ? stallMs + REPLY_DUE_MS : 0);
}

/** True if what was heard is of the call whose words were asked with. */
export function ownWords(prompt: string, answer: string): boolean {
  const number = /q(\d+)/.exec(prompt)?.[1];
  return [...answer.matchAll(/k(\d+)s\d/g)].every(([, owner]) => owner === number);
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
