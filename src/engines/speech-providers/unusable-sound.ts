/** Thrown for sound that can't become the PCM of the wire; the message completes "the voice … sent …". */
export class UnusableSound extends Error {
  override readonly name = 'UnusableSound';
}
