/**
 * The speech actor: turns the speech port into sound and facts, one actor a session, one job a sentence.
 *
 * A job synthesises as soon as its sentence is due and keeps its sound (at most LOOKAHEAD_BYTES) until the sentence's turn
 * comes; from then on its sound goes to the outbox at the reader's pace. Sound never passes through the chart: the chart hears when a
 * sentence finished or failed, and, when it asks, how long each engine has been silent. The order of sentences, retries and
 * timeouts are the chart's.
 */
import { fromCallback } from 'xstate';
import { assertNever } from '../assert.ts';
import type { SpeechEngine } from '../engines/speech-engine.ts';
import type { SessionEvent, SpeechInbox, SpeechInput } from '../machines/session.types.ts';
import type { JobCount } from './job-count.ts';
import { resourcesOf, type SessionResourceMap } from './session-resources.ts';
import { SpeechJob, type SpeechJobSurroundings } from './speech-job.ts';
import type { ReportUnexpected } from './thrown-failure.ts';

export interface SpeechActorOptions {
  /** The engine that is in use now; throws if none came up. */
  readonly engine: () => SpeechEngine;
  readonly sessions: SessionResourceMap;
  /** Counts sentences whose engine is really at work. */
  readonly jobs: JobCount;
  readonly report: ReportUnexpected;
  /** A monotonic clock in ms. */
  readonly now: () => number;
}

/** The logic of the actor `speech` of the session chart. */
export function createSpeechActor(options: SpeechActorOptions) {
  return fromCallback<SpeechInbox, SpeechInput>(({ input, sendBack, receive }) => {
    const { outbox } = resourcesOf(options.sessions, input.streamId);
    const jobs = new Map<number, SpeechJob>();
    let isStopped = false;
    const surroundings: SpeechJobSurroundings = {
      ...options,
      streamId: input.streamId,
      outbox,
      tell: (job: SpeechJob, event: SessionEvent) => {
        if (isStopped || jobs.get(job.segment) !== job) return;
        jobs.delete(job.segment);
        sendBack(event);
      },
    };
    receive((event) => {
      switch (event.type) {
        case 'sentence.due': {
          const job = new SpeechJob(event.segment, event.speech, surroundings);
          jobs.set(event.segment, job);
          void job.run();
          return;
        }
        case 'sentence.turnCame':
          jobs.get(event.segment)?.giveTurn();
          return;
        case 'sentence.abandoned':
          jobs.get(event.segment)?.abort();
          jobs.delete(event.segment);
          return;
        case 'progress.questioned':
          sendBack({
            type: 'speech.progressReported',
            silences: [...jobs.values()].map((job) => ({ segment: job.segment, silentMs: job.silentMs() })),
          });
          return;
        default:
          assertNever(event);
      }
    });
    return () => {
      isStopped = true;
      for (const job of jobs.values()) job.abort();
      jobs.clear();
    };
  });
}
