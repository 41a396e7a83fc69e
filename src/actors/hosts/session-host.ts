/**
 * Hosts one session chart: makes its actor over the resources of an answer, and lets stream-host.ts do what is the same for all streams.
 * What was said goes to the memory when the stream ends and before its client can see that: the device's next call hears of it.
 */
import { createActor } from 'xstate';
import type { FrameSink, StreamRequest } from '../../call/gateway.ts';
import type { SessionMachine } from '../../machines/session/session.machine.ts';
import type { SessionLimits } from '../../machines/session/session.types.ts';
import { type ConversationMemory, HeardWords } from '../answer/conversation-memory.ts';
import { StreamFigures } from '../figures/stream-figures.ts';
import type { SessionResourceMap, SessionResources } from './session-resources.ts';
import { type HostedStream, hostStream, type StreamHostOptions, type StreamSummary } from './stream-host.ts';

export interface SessionHostOptions extends StreamHostOptions {
  /** The session machine with its actors, behind the fault barrier; built once. */
  readonly machine: SessionMachine;
  readonly limits: SessionLimits;
  readonly sessions: SessionResourceMap;
  /** Absent = nothing is remembered. */
  readonly memory?: ConversationMemory;
}

/** Makes a session for an admitted request; see hostStream. */
export function hostSession(
  options: SessionHostOptions,
  request: StreamRequest,
  sink: FrameSink,
  onEnded: (summary: StreamSummary) => void,
): HostedStream {
  const { machine, limits, sessions, memory } = options;
  const { streamId, sessionId, hardwareId } = request;
  const heard = memory === undefined ? null : new HeardWords(memory, request);
  return hostStream(options, {
    call: { streamId, sessionId, hardwareId, method: 'StreamAudio' },
    sink,
    maxFramesPerSecond: limits.maxFramesPerSecond,
    ...(heard !== null && { textSent: (text: string) => heard.add(text) }),
    onEnded: (summary) => {
      onEnded(summary);
      heard?.remember();
    },
    launch: (outbox) => {
      const figures = new StreamFigures(options.now);
      const resources: SessionResources = { request, outbox, figures, tellSpeech: () => {}, disposers: [] };
      sessions.set(streamId, resources);
      const actor = createActor(machine, { id: streamId, input: { streamId, sessionId, hardwareId, limits } });
      return {
        chart: actor,
        resources,
        begin: () => {
          actor.start();
          actor.send({ type: 'request.received', prompt: request.prompt });
        },
        forget: () => sessions.delete(streamId),
      };
    },
  });
}
