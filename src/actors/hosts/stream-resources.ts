/**
 * What belongs to one stream and is no plain JSON: its way out, its figures, its screenshot. It stands beside the chart;
 * the stream's actors find it by stream id, so that a machine is built once and a context stays data.
 */
import { assert } from '../../assert.ts';
import type { Call } from '../../call/call.ts';
import type { Screen } from '../../call/gateway.ts';
import type { SpeechInbox } from '../../machines/stream/stream.types.ts';
import type { StreamFigures } from '../figures/stream-figures.ts';
import type { Outbox } from '../outbox/outbox.ts';

export interface StreamResources {
  readonly call: Call;
  /** Empty where nothing was shown. */
  readonly screen: Screen;
  readonly outbox: Outbox;
  /** Filled by whoever sees a thing happen. */
  readonly figures: StreamFigures;
  /** Where the voice hears facts while the stream speaks; the speech actor puts it there. */
  tellSpeech: (fact: SpeechInbox) => void;
  /** What stops the stream's actors, each idempotent: XState leaves them running if the chart breaks in its very end (xstate #5153). */
  readonly disposers: (() => void)[];
}

/** The resources of all live streams, by stream id. */
export type StreamResourceMap = Map<string, StreamResources>;

/** The resources of a live stream; missing ones are a bug. */
export function resourcesOf(streams: ReadonlyMap<string, StreamResources>, streamId: string): StreamResources {
  const resources = streams.get(streamId);
  assert(resources !== undefined, `no resources for stream ${streamId}`);
  return resources;
}
