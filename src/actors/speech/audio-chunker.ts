/**
 * Cuts an engine's sound into chunks of the wire's size: 4096 bytes, the last one of a sentence shorter, never an odd length
 * (CONTRACT §1). A chunk that already has the size passes without a copy.
 */
import { AUDIO_CHUNK_BYTES } from '../../call/wire.ts';

const nothing = new Uint8Array(0);

export class AudioChunker {
  #carry: Uint8Array = nothing;
  #carried = 0;

  /** Whole chunks that `bytes` completes; what is left over waits. The chunks may share memory with `bytes`. */
  push(bytes: Uint8Array): readonly Uint8Array[] {
    if (this.#carried === 0 && bytes.byteLength === AUDIO_CHUNK_BYTES) return [bytes];
    const chunks: Uint8Array[] = [];
    let offset = 0;
    if (this.#carried > 0) {
      offset = Math.min(bytes.byteLength, AUDIO_CHUNK_BYTES - this.#carried);
      this.#carry.set(bytes.subarray(0, offset), this.#carried);
      this.#carried += offset;
      if (this.#carried < AUDIO_CHUNK_BYTES) return chunks;
      chunks.push(this.#carry);
      this.#carried = 0;
    }
    for (; offset + AUDIO_CHUNK_BYTES <= bytes.byteLength; offset += AUDIO_CHUNK_BYTES) {
      chunks.push(bytes.subarray(offset, offset + AUDIO_CHUNK_BYTES));
    }
    if (offset < bytes.byteLength) {
      // A new one each time: the one before is on its way.
      this.#carry = new Uint8Array(AUDIO_CHUNK_BYTES);
      this.#carry.set(bytes.subarray(offset));
      this.#carried = bytes.byteLength - offset;
    }
    return chunks;
  }

  /** The rest at the end of a sentence; null if there is none. Half a sample at the very end is dropped. */
  flush(): Uint8Array | null {
    const evenBytes = this.#carried - (this.#carried % 2);
    this.#carried = 0;
    return evenBytes === 0 ? null : this.#carry.subarray(0, evenBytes);
  }
}
