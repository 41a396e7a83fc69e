/**
 * What belongs to one session and is no plain JSON: its way out, its screenshot, its clock. It stands beside the chart;
 * the session's actors find it by stream id, so that a machine is built once and a context stays data.
 */
import { assert } from '../assert.ts';
import type { SpeechInbox } from '../machines/session.types.ts';
import type { StreamRequest } from '../machines/stream-port.ts';
import type { Outbox } from './outbox.ts';

export interface SessionResources {
  readonly request: StreamRequest;
  readonly outbox: Outbox;
  /** Where the voice hears facts while the session streams; the speech actor puts it there. */
  tellSpeech: (fact: SpeechInbox) => void;
  /** What stops the session's actors, each idempotent: XState leaves them running if the chart breaks in its very end (xstate #5153). */
  readonly disposers: (() => void)[];
}

/** The resources of all live sessions, by stream id. */
export type SessionResourceMap = Map<string, SessionResources>;

/** The resources of a live session; a missing one is a bug. */
export function resourcesOf(sessions: ReadonlyMap<string, SessionResources>, streamId: string): SessionResources {
  const resources = sessions.get(streamId);
  assert(resources !== undefined, `no resources for stream ${streamId}`);
  return resources;
}
