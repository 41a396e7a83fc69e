/**
 * Bytes of a stream into whole lines, wherever it is cut, also inside of a character. A line that does not end is not told; one that grows
 * beyond MAX_LINE_CHARS is an error: nobody writes such, and it would fill the memory.
 */

/** A log's largest line is a prompt of 32,768 characters in JSON; a part of the list is some 100 KiB. */
const MAX_LINE_CHARS = 32 * 1024 * 1024;

export class LineSplitter {
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  #rest = '';

  /** The lines that end in these bytes, without their line feeds. Throws on a line without an end. */
  push(bytes: Uint8Array): readonly string[] {
    const lines = this.#decoder.decode(bytes, { stream: true }).split('\n');
    lines[0] = this.#rest + (lines[0] ?? '');
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > MAX_LINE_CHARS) throw new Error(`a line is longer than ${MAX_LINE_CHARS} characters`);
    return lines;
  }
}
