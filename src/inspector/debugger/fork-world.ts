/**
 * What is under way around a chart, told by what it said: which actors run, which sentences the voice has, which questions are open. By it
 * a recorded fact is found to make sense for a chart that went another way, or not.
 */
import type { PlayedTurn } from '../../analysis/what-if/play.ts';
import type { LoggedEvent } from '../../log/log-format.ts';
import { field } from '../../record/turn-outcome.ts';

export type WorldQuestion = 'room' | 'flush' | 'activity' | 'progress';

interface VoiceJob {
  readonly dueAtMs: number;
  readonly hasTurn: boolean;
}

const questionsAsked: Readonly<Record<string, WorldQuestion>> = {
  'room.awaited': 'room',
  'flush.awaited': 'flush',
  'end.reached': 'flush',
  'activity.questioned': 'activity',
};

const answers: Readonly<Record<string, { readonly question: WorldQuestion; readonly why: string }>> = {
  'outbox.roomFound': { question: 'room', why: 'nobody waits for room here' },
  'outbox.flushed': { question: 'flush', why: 'nothing waits to be out here' },
  'outbox.activityReported': { question: 'activity', why: 'nobody asked here' },
  'speech.progressReported': { question: 'progress', why: 'nobody asked here' },
};

const givenToReader: ReadonlySet<string> = new Set(['sentence.reached', 'command.reached', 'end.reached']);

export class World {
  readonly #running = new Set<string>();
  /** Streams that a supervisor refused. */
  readonly #refused = new Set<string>();
  readonly #jobs = new Map<number, VoiceJob>();
  readonly #open: Record<WorldQuestion, number> = { room: 0, flush: 0, activity: 0, progress: 0 };
  #lastGivenAtMs: number | null = null;

  /** When the reader was last given something to take; null = never. */
  get lastGivenAtMs(): number | null {
    return this.#lastGivenAtMs;
  }

  /** Sentences in synthesis, with the times from which they were. */
  voiceJobs(): ReadonlyMap<number, number> {
    return new Map([...this.#jobs].map(([segment, { dueAtMs }]) => [segment, dueAtMs]));
  }

  isRunning(actor: string): boolean {
    return this.#running.has(actor);
  }

  /** A question that nobody of `other` has asked, too; null = there is none. */
  openQuestion(other: World | null): WorldQuestion | null {
    const names: readonly WorldQuestion[] = ['room', 'activity', 'progress', 'flush'];
    return names.find((name) => this.#open[name] > 0 && (other === null || other.#open[name] === 0)) ?? null;
  }

  /** Why a fact has no cause here; null = it has one, or needs none. */
  whyUnheard(event: LoggedEvent): string | null {
    const { type, segment, streamId } = event;
    const answer = answers[type];
    if (answer !== undefined) return this.#open[answer.question] > 0 ? null : answer.why;
    if (type.startsWith('answer.')) return this.#running.has('answer') ? null : 'the model was stopped by then';
    if (type === 'speech.finished' || type === 'speech.failed') {
      const job = typeof segment === 'number' ? this.#jobs.get(segment) : undefined;
      if (job === undefined) return `the voice is not at sentence ${String(segment)} here`;
      return job.hasTurn || type === 'speech.failed'
        ? null
        : `the turn of sentence ${String(segment)} has not come here`;
    }
    if (type === 'stream.released' && this.#refused.has(String(streamId))) return 'that stream was refused here';
    return null;
  }

  /** An event comes in: what it answers or ends is open no longer. */
  hear({ type, segment }: LoggedEvent): void {
    const answer = answers[type];
    if (answer !== undefined) this.#open[answer.question] = Math.max(0, this.#open[answer.question] - 1);
    if ((type === 'speech.finished' || type === 'speech.failed') && typeof segment === 'number')
      this.#jobs.delete(segment);
  }

  /** The chart took a turn. */
  note(played: PlayedTurn, atMs: number): void {
    for (const { type, params } of played.actions) {
      if (type === 'xstate.spawnChild') this.#running.add(String(field(params, 'id')));
      else if (type === 'xstate.stopChild') this.#running.delete(String(field(params, 'id')));
      else if (type === 'xstate.emit') this.#noteSaid(field(params, 'event'), atMs);
    }
    for (const { type, segment } of played.voice) {
      if (type === 'sentence.due') this.#jobs.set(segment, { dueAtMs: atMs, hasTurn: false });
      else if (type === 'sentence.abandoned') this.#jobs.delete(segment);
      else if (type === 'progress.questioned') this.#open.progress += 1;
      else if (type === 'sentence.turnCame') {
        const dueAtMs = this.#jobs.get(segment)?.dueAtMs ?? atMs;
        this.#jobs.set(segment, { dueAtMs, hasTurn: true });
      }
    }
  }

  #noteSaid(event: unknown, atMs: number): void {
    const type = String(field(event, 'type'));
    const question = questionsAsked[type];
    if (question !== undefined) this.#open[question] += 1;
    if (givenToReader.has(type)) this.#lastGivenAtMs = atMs;
    if (type === 'stream.refused') this.#refused.add(String(field(event, 'streamId')));
  }
}
