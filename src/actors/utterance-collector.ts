/** Keeps what clients COLLECT until their COMMIT. */
import type { Failure } from '../errors.ts';
import type { CollectedChunk, CollectedUtterance, UtteranceKey } from '../machines/stream-port.ts';

export class UtteranceCollector {
  collect(_chunk: CollectedChunk): Failure | null {
    return null;
  }

  /** What was collected and is not used up. */
  collected(_key: UtteranceKey): CollectedUtterance | null {
    return null;
  }

  /** The COMMIT was admitted: the buffer is used up. */
  use(_key: UtteranceKey): void {}
}
