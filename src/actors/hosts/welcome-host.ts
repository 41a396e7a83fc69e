/**
 * Hosts one welcome chart: the frame that says who speaks goes ahead of everything else, whatever that is; the rest is what
 * stream-host.ts does for all streams.
 */
import { createActor } from 'xstate';
import type { FrameSink, WelcomeRequest } from '../../call/gateway.ts';
import type { StreamLimits } from '../../machines/stream/stream.types.ts';
import type { WelcomeMachine } from '../../machines/welcome/welcome.machine.ts';
import { StreamFigures } from '../figures/stream-figures.ts';
import type { StreamResources, WelcomeResourceMap } from './session-resources.ts';
import { type HostedStream, hostStream, type StreamHostOptions, type StreamSummary } from './stream-host.ts';

export interface WelcomeHostOptions extends StreamHostOptions {
  /** The welcome machine with its voice, behind the fault barrier; built once. */
  readonly machine: WelcomeMachine;
  readonly limits: StreamLimits;
  readonly streams: WelcomeResourceMap;
  /** The name of the speech engine that is in use now. */
  readonly voiceName: () => string;
}

/** Makes a welcome stream for an admitted request; see hostStream. */
export function hostWelcome(
  options: WelcomeHostOptions,
  request: WelcomeRequest,
  sink: FrameSink,
  onEnded: (summary: StreamSummary) => void,
): HostedStream {
  const { machine, limits, streams, voiceName } = options;
  const { streamId, sessionId, text, voice = '', language = '' } = request;
  return hostStream(options, {
    call: { streamId, sessionId, hardwareId: '', method: 'GenerateWelcomeAudio' },
    sink,
    maxFramesPerSecond: limits.maxFramesPerSecond,
    opening: () => ({ kind: 'metadata', method: voiceName() }),
    onEnded,
    launch: (outbox) => {
      const figures = new StreamFigures(options.now);
      const resources: StreamResources = { outbox, figures, tellSpeech: () => {}, disposers: [] };
      streams.set(streamId, resources);
      const actor = createActor(machine, { id: streamId, input: { streamId, sessionId, limits } });
      return {
        chart: actor,
        resources,
        begin: () => {
          actor.start();
          actor.send({ type: 'text.received', text, voice, language });
        },
        forget: () => streams.delete(streamId),
      };
    },
  });
}
