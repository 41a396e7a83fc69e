/**
 * The speech actor: turns the speech port into sound and facts, one actor a stream, one job a sentence.
 *
 * A job synthesises as soon as its sentence is due and keeps its sound (at most LOOKAHEAD_BYTES) until the sentence's turn
 * comes; from then on its sound goes to the outbox at the reader's pace. Sound never passes through the chart: the chart hears when a
 * sentence finished or failed, and, when it asks, how long each engine has been silent. The order of sentences, retries and
 * timeouts are the chart's.
 */
import { type EventObject, fromCallback } from 'xstate';
import { assertNever } from '../../assert.ts';
import type { SpeechEngine } from '../../engines/speech-engine.ts';
import type { SpeechInbox, SpeechInput, StreamEvent } from '../../machines/stream/stream.types.ts';
import type { FaultLog } from '../../observe/fault-log.ts';
import type { JobCount } from '../figures/stream-counters.ts';
import { resourcesOf, type StreamResourceMap } from '../hosts/stream-resources.ts';
import { SpeechJob, type SpeechJobSurroundings } from './speech-job.ts';

export interface SpeechActorOptions {
  /** The engine that is in use now; throws if none came up. */
  readonly engine: () => SpeechEngine;
  readonly resources: StreamResourceMap;
  /** Counts sentences whose engine is really at work. */
  readonly jobs: JobCount;
  readonly faults: FaultLog;
  /** A monotonic clock in ms. */
  readonly now: () => number;
}

/** The logic of the actor `speech` of the charts that speak. */
export function createSpeechActor(options: SpeechActorOptions) {
  return fromCallback<EventObject, SpeechInput>(({ input, sendBack }) => {
    const resources = resourcesOf(options.resources, input.streamId);
    const { call, outbox, figures } = resources;
    const jobs = new Map<number, SpeechJob>();
    let isStopped = false;
    const surroundings: SpeechJobSurroundings = {
      ...options,
      ...input,
      call,
      outbox,
      figures,
      tell: (job: SpeechJob, event: StreamEvent) => {
        if (isStopped || jobs.get(job.segment) !== job) return;
        jobs.delete(job.segment);
        sendBack(event);
      },
    };
    resources.tellSpeech = (fact: SpeechInbox): void => {
      switch (fact.type) {
        case 'sentence.due': {
          const job = new SpeechJob(fact, figures.speechDue(fact), surroundings);
          jobs.set(fact.segment, job);
          void job.run();
          return;
        }
        case 'sentence.turnCame':
          figures.speechTurnCame(fact.segment, outbox.stats().audioBytes);
          jobs.get(fact.segment)?.giveTurn();
          return;
        case 'sentence.abandoned':
          jobs.get(fact.segment)?.abort();
          jobs.delete(fact.segment);
          return;
        case 'progress.questioned':
          sendBack({
            type: 'speech.progressReported',
            silences: [...jobs.values()].map((job) => ({ segment: job.segment, silentMs: job.silentMs() })),
          });
          return;
        default:
          assertNever(fact);
      }
    };
    const dispose = (): void => {
      isStopped = true;
      resources.tellSpeech = () => {};
      for (const job of jobs.values()) job.abort();
      jobs.clear();
    };
    resources.disposers.push(dispose);
    return dispose;
  });
}
