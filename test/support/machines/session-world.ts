/**
 * The surroundings of a session chart as a small simulation: a virtual clock, a model that plays a script, a voice with an outcome
 * for every sentence, a reader that takes frames or stalls. Deterministic: the same plan gives the same run, and nothing waits.
 *
 * It follows what the real actors promise (see src/actors): one answer for every question, sound in turn, silence only while
 * the engine is asked, the model made to wait by a full backlog.
 */

import { failure } from '../../../src/errors.ts';
import type { SessionEvent, SessionLimits } from '../../../src/machines/session/session.types.ts';
import type { SpeechInbox } from '../../../src/machines/stream/stream.types.ts';
import type { Effect, TurnObserver } from './pure-run.ts';
import { idleSession, type SessionRun } from './session-run.ts';

export type AnswerStep =
  | { readonly afterMs: number; readonly say: string }
  | { readonly afterMs: number; readonly command: { readonly name: string; readonly args: unknown } }
  | { readonly afterMs: number; readonly fail: true };

/** What the voice makes of one sentence; `failures` is how often it breaks before it works. */
export interface SpeechPlan {
  readonly soundAfterMs: number;
  readonly lastsMs: number;
  readonly failures: number;
  /** Breaks after some sound was handed over: can't be repeated. */
  readonly breaksInSound: boolean;
  readonly hangs: boolean;
}

export interface WorldPlan {
  readonly limits: Partial<SessionLimits>;
  readonly answer: readonly AnswerStep[];
  /** The model never says that it is finished. */
  readonly answerHangs: boolean;
  /** Taken in turn, and again from the front. */
  readonly speech: readonly SpeechPlan[];
  /** From then on the reader takes nothing; null = it always reads. */
  readonly readerStallsAtMs: number | null;
  readonly intrusions: readonly { readonly atMs: number; readonly event: SessionEvent }[];
}

export interface WorldRun {
  readonly session: SessionRun;
  /** What left the session, in order. */
  readonly frames: readonly WorldFrame[];
  /** The order in which sentences were synthesised, said and given their turn. */
  readonly history: readonly WorldMark[];
  /** Facts about bounds that were broken while it ran. */
  readonly complaints: readonly string[];
}

export type WorldFrame =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'audio'; readonly segment: number }
  | { readonly kind: 'command' }
  | { readonly kind: 'end' };

export type WorldMark = { readonly mark: 'due' | 'turn'; readonly segment: number } | { readonly mark: 'text' };

/** The answer actor tells of a silence once it lasted this long. */
const quietMs = 200;
/** More events than any plan of the tests needs: a chart that runs in circles fails here. */
const maxEvents = 20_000;

interface Due {
  readonly atMs: number;
  readonly act: () => void;
  /** False once its actor was stopped or its cause is gone. */
  isWanted: () => boolean;
}

interface Job {
  readonly segment: number;
  readonly plan: SpeechPlan;
  askedAtMs: number | null;
  hasTurn: boolean;
  isSynthesised: boolean;
}

export function runWorld(plan: WorldPlan, onTurn?: TurnObserver): WorldRun {
  return new World(plan, onTurn).run();
}

class World {
  readonly #plan: WorldPlan;
  readonly #session: SessionRun;
  readonly #frames: WorldFrame[] = [];
  readonly #history: WorldMark[] = [];
  readonly #complaints: string[] = [];
  readonly #due: Due[] = [];
  readonly #running = new Set<string>();
  readonly #jobs = new Map<number, Job>();
  readonly #attempts = new Map<number, number>();
  /** Effects arise while an event is processed; what they cause comes after it, as with real actors. */
  readonly #inbox: SessionEvent[] = [];
  #isHeld = false;
  #answerAt = 0;
  #lastTextAtMs = 0;
  #lastAcceptedAtMs = 0;
  #texts = 0;

  constructor(plan: WorldPlan, onTurn?: TurnObserver) {
    this.#plan = plan;
    this.#session = idleSession(plan.limits, onTurn);
  }

  run(): WorldRun {
    for (const { atMs, event } of this.#plan.intrusions) this.#at(atMs, () => this.#tell(event));
    this.#tell({ type: 'request.received', prompt: 'x' });
    for (let events = 0; this.#session.isLive; events += 1) {
      if (events > maxEvents) this.#complain('it runs in circles');
      if (events > maxEvents || !this.#step()) break;
    }
    return {
      session: this.#session,
      frames: this.#frames,
      history: this.#history,
      complaints: this.#complaints,
    };
  }

  /** Processes what comes next; false if nothing ever will. */
  #step(): boolean {
    const event = this.#inbox.shift();
    if (event !== undefined) {
      this.#carryOut(this.#session.send(event).effects);
      return true;
    }
    const next = this.#due
      .filter((each) => each.isWanted())
      .reduce<Due | null>((first, each) => (first === null || each.atMs < first.atMs ? each : first), null);
    const timerAtMs = this.#session.nextTimerAtMs();
    if (next === null && timerAtMs === Number.POSITIVE_INFINITY) {
      this.#complain(`stuck in ${JSON.stringify(this.#session.value)}`);
      return false;
    }
    if (next === null || timerAtMs <= next.atMs) {
      this.#carryOut(this.#session.advanceTo(timerAtMs).effects);
      return true;
    }
    this.#due.splice(this.#due.indexOf(next), 1);
    this.#session.advanceTo(next.atMs);
    next.act();
    return true;
  }

  #carryOut(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if ('started' in effect) this.#start(effect.started);
      else if ('stopped' in effect) this.#stop(effect.stopped);
      else if ('said' in effect) this.#hear(effect.said);
      else if (effect.told === 'answer') this.#isHeld = effect.event.type === 'backlog.filled';
      else this.#speak(speechFact(effect.event));
    }
  }

  #start(actor: string): void {
    if (this.#running.has(actor)) this.#complain(`${actor} started twice`);
    this.#running.add(actor);
    if (actor === 'answer') this.#playAnswer();
  }

  #stop(actor: string): void {
    this.#running.delete(actor);
    if (actor === 'speech') this.#jobs.clear();
  }

  #playAnswer(): void {
    const step = this.#plan.answer[this.#answerAt];
    this.#answerAt += 1;
    const isWanted = () => this.#running.has('answer') && !this.#isHeld;
    if (step === undefined) {
      if (!this.#plan.answerHangs) this.#after(1, () => this.#tell({ type: 'answer.finished' }), isWanted);
      return;
    }
    this.#after(step.afterMs, () => this.#playStep(step), isWanted);
  }

  #playStep(step: AnswerStep): void {
    if ('say' in step) {
      this.#lastTextAtMs = this.#nowMs;
      this.#tell({ type: 'answer.textReceived', text: step.say, atMs: this.#nowMs });
      const saidAtMs = this.#nowMs;
      this.#after(
        quietMs,
        () => this.#tell({ type: 'answer.fellQuiet', atMs: this.#nowMs }),
        () => this.#running.has('answer') && this.#lastTextAtMs === saidAtMs,
      );
    } else if ('command' in step) {
      this.#tell({ type: 'answer.commandReceived', ...step.command });
    } else {
      const failure = { errorCode: 'UNAVAILABLE', errorType: 'answer_failed', message: 'model is down' } as const;
      this.#tell({ type: 'answer.failed', failure });
      return;
    }
    this.#playAnswer();
  }

  #speak(fact: SpeechInbox): void {
    switch (fact.type) {
      case 'sentence.due': {
        const { segment } = fact;
        this.#history.push({ mark: 'due', segment });
        const lookahead = this.#session.context.limits.speechLookahead;
        // The head may be said within this very step: its text is not counted yet.
        if (segment > this.#texts + lookahead) this.#complain(`segment ${segment} is synthesised too early`);
        const plan = this.#plan.speech[segment % this.#plan.speech.length];
        if (plan === undefined) throw new Error('a plan needs a voice');
        this.#synthesise({ segment, plan, askedAtMs: this.#nowMs, hasTurn: false, isSynthesised: false });
        return;
      }
      case 'sentence.turnCame': {
        this.#history.push({ mark: 'turn', segment: fact.segment });
        if (this.#texts !== fact.segment + 1) this.#complain(`turn of ${fact.segment} after ${this.#texts} texts`);
        const job = this.#jobs.get(fact.segment);
        if (job === undefined) return;
        job.hasTurn = true;
        this.#finishIfDone(job);
        return;
      }
      case 'sentence.abandoned':
        this.#jobs.delete(fact.segment);
        return;
      case 'progress.questioned': {
        const silences = [...this.#jobs.values()].map(({ segment, askedAtMs }) => ({
          segment,
          silentMs: askedAtMs === null ? 0 : this.#nowMs - askedAtMs,
        }));
        this.#tell({ type: 'speech.progressReported', silences });
      }
    }
  }

  #synthesise(job: Job): void {
    const { segment, plan } = job;
    this.#jobs.set(segment, job);
    if (plan.hangs) return;
    const isWanted = () => this.#jobs.get(segment) === job;
    const attempt = (this.#attempts.get(segment) ?? 0) + 1;
    this.#attempts.set(segment, attempt);
    if (attempt > 2) this.#complain(`segment ${segment} is synthesised a third time`);
    this.#after(
      plan.soundAfterMs,
      () => {
        if (attempt <= plan.failures) this.#break(job);
        else this.#after(plan.lastsMs, () => this.#synthesised(job), isWanted);
      },
      isWanted,
    );
  }

  #break({ segment, plan, hasTurn }: Job): void {
    this.#jobs.delete(segment);
    const isHeard = plan.breaksInSound && hasTurn;
    if (isHeard) this.#frames.push({ kind: 'audio', segment });
    this.#tell({
      type: 'speech.failed',
      segment,
      retryable: !isHeard,
      failure: failure('speech_failed', 'the voice broke'),
    });
  }

  #synthesised(job: Job): void {
    job.isSynthesised = true;
    job.askedAtMs = null;
    this.#finishIfDone(job);
  }

  /** Its sound goes out in its turn, when the reader takes it. */
  #finishIfDone(job: Job): void {
    if (!job.hasTurn || !job.isSynthesised || this.#isStalled) return;
    this.#jobs.delete(job.segment);
    this.#frames.push({ kind: 'audio', segment: job.segment });
    this.#accept();
    this.#tell({ type: 'speech.finished', segment: job.segment, audioBytes: 4096 });
  }

  #hear(said: { readonly type: string; readonly text?: unknown }): void {
    switch (said.type) {
      case 'sentence.reached':
        this.#texts += 1;
        this.#history.push({ mark: 'text' });
        this.#frames.push({ kind: 'text', text: String(said.text) });
        this.#accept();
        return;
      case 'command.reached':
        this.#frames.push({ kind: 'command' });
        this.#accept();
        return;
      case 'end.reached':
        this.#frames.push({ kind: 'end' });
        if (!this.#isStalled) this.#after(1, () => this.#tell({ type: 'outbox.flushed' }));
        return;
      case 'flush.awaited':
        if (!this.#isStalled) this.#after(1, () => this.#tell({ type: 'outbox.flushed' }));
        return;
      case 'room.awaited':
        if (!this.#isStalled) this.#tell({ type: 'outbox.roomFound' });
        return;
      case 'activity.questioned':
        this.#tell({ type: 'outbox.activityReported', idleMs: this.#nowMs - this.#lastAcceptedAtMs });
        return;
    }
  }

  #accept(): void {
    if (!this.#isStalled) this.#lastAcceptedAtMs = this.#nowMs;
  }

  get #isStalled(): boolean {
    const { readerStallsAtMs } = this.#plan;
    return readerStallsAtMs !== null && this.#nowMs >= readerStallsAtMs;
  }

  get #nowMs(): number {
    return this.#session.nowMs;
  }

  #tell(event: SessionEvent): void {
    this.#inbox.push(event);
  }

  #after(ms: number, act: () => void, isWanted: () => boolean = () => true): void {
    this.#at(this.#nowMs + ms, act, isWanted);
  }

  #at(atMs: number, act: () => void, isWanted: () => boolean = () => true): void {
    this.#due.push({ atMs, act, isWanted });
  }

  #complain(what: string): void {
    this.#complaints.push(what);
  }
}

function speechFact(event: {
  readonly type: string;
  readonly segment?: unknown;
  readonly speech?: unknown;
}): SpeechInbox {
  const segment = Number(event.segment);
  switch (event.type) {
    case 'sentence.due':
      return { type: 'sentence.due', segment, speech: String(event.speech) };
    case 'sentence.turnCame':
    case 'sentence.abandoned':
      return { type: event.type, segment };
    case 'progress.questioned':
      return { type: 'progress.questioned' };
    default:
      throw new Error(`the voice does not know ${event.type}`);
  }
}
