/**
 * The answer actor: turns the answer port into facts for the session chart, one answer an actor.
 *
 * Owns the answer's AbortController: when the chart leaves the state that invoked it, the engine is told at once.
 * It makes the model wait while the chart's backlog is full, and cuts monstrous deltas so that no turn of the chart is long.
 * It decides nothing: timeouts, retries and ends are the chart's.
 */
import { fromCallback } from 'xstate';
import type { AnswerEngine, AnswerPart, AnswerRequest } from '../engines/answer-engine.ts';
import type { AnswerInbox, AnswerInput, SessionEvent } from '../machines/session.types.ts';
import type { StreamRequest } from '../machines/stream-port.ts';
import { Gate } from './gate.ts';
import type { JobCount } from './job-count.ts';
import { resourcesOf, type SessionResourceMap } from './session-resources.ts';
import { failureOfThrown, type ReportUnexpected } from './thrown-failure.ts';

/** The longest text one fact carries; models send a few characters, an echo of a 16 MiB prompt does not. */
const MAX_DELTA_CHARS = 4096;

export interface AnswerActorOptions {
  /** The engine that is in use now; throws if none came up. */
  readonly engine: () => AnswerEngine;
  readonly sessions: SessionResourceMap;
  /** Counts answers whose engine is really at work. */
  readonly jobs: JobCount;
  readonly report: ReportUnexpected;
}

/** The logic of the actor `answer` of the session chart. */
export function createAnswerActor(options: AnswerActorOptions) {
  return fromCallback<AnswerInbox, AnswerInput>(({ input, sendBack, receive }) => {
    const abort = new AbortController();
    const gate = new Gate();
    receive((event) => {
      if (event.type === 'backlog.filled') gate.close();
      else gate.open();
    });
    const tell = (event: SessionEvent): void => {
      if (!abort.signal.aborted) sendBack(event);
    };
    const request = answerRequestOf(resourcesOf(options.sessions, input.streamId).request, input.prompt);
    void answer(options, { request, streamId: input.streamId, signal: abort.signal, gate, tell });
    return () => {
      abort.abort();
      gate.open();
    };
  });
}

interface AnswerJob {
  readonly request: AnswerRequest;
  readonly streamId: string;
  readonly signal: AbortSignal;
  readonly gate: Gate;
  readonly tell: (event: SessionEvent) => void;
}

/** Never rejects. */
async function answer({ engine, jobs, report }: AnswerActorOptions, job: AnswerJob): Promise<void> {
  jobs.begin();
  try {
    for await (const part of engine().answer(job.request, job.signal)) {
      if (job.signal.aborted) return;
      for (const event of eventsOf(part)) {
        if (job.gate.isClosed) await job.gate.whenOpen();
        job.tell(event);
      }
      if (job.gate.isClosed) await job.gate.whenOpen();
      if (job.signal.aborted) return;
    }
    job.tell({ type: 'answer.finished' });
  } catch (error) {
    if (job.signal.aborted) return;
    job.tell({ type: 'answer.failed', failure: failureOfThrown(error, job.streamId, report) });
  } finally {
    jobs.end();
  }
}

function* eventsOf(part: AnswerPart): Generator<SessionEvent> {
  switch (part.kind) {
    case 'text':
      for (let start = 0; start < part.text.length; start += MAX_DELTA_CHARS) {
        yield { type: 'answer.textReceived', text: part.text.slice(start, start + MAX_DELTA_CHARS) };
      }
      return;
    case 'command':
      yield { type: 'answer.commandReceived', name: part.name, args: part.args };
  }
}

function answerRequestOf(request: StreamRequest, prompt: string): AnswerRequest {
  const { hardwareId, screenshot, screenWidth, screenHeight } = request;
  return {
    prompt,
    hardwareId,
    ...(screenshot !== undefined && { screenshot }),
    ...(screenWidth !== undefined && { screenWidth }),
    ...(screenHeight !== undefined && { screenHeight }),
  };
}
