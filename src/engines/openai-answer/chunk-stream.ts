/**
 * Reads the body of a streaming answer: bytes in, the values that the endpoint sent out, in their order and as soon as each is complete. The
 * words of SSE and the habits of servers that only resemble it, by number (tests cite them):
 *
 * Chunks 1, what it is, its content says and not its label: server-sent events under any content type, one JSON value a line, or one JSON
 * document, a whole answer. What begins like a page is none of them.
 * Chunks 2, lines end with LF, CRLF or CR; a BOM, comments, `id`, `retry` and fields that nobody knows are nothing; so is an event without data.
 * Chunks 3, events end with a blank line, at the end of the body, or where the next `data:` begins behind a whole value: some servers forget
 * the blank line.
 * Chunks 4, `[DONE]` is the end in whichever spelling. What stands behind it is not read.
 * Chunks 5, data that begins like JSON and is none is a failure: a word of the answer may have been in it. Any other text is handed on as
 * words, `[PING]` and what stands between the events as well: a server that broke, or what stands in front of it, says so there.
 * Chunks 6, bounds: an event, a line and a document have at most `eventMaxBytes`, the body `responseMaxBytes`; time is linear in it.
 *
 * Knows nothing of chat completions.
 */
import { parsedJson } from '../../model-json.ts';
import { ProviderFailure } from '../provider/failure.ts';
import { abortableBytes } from '../provider/linked-abort.ts';

export interface StreamBounds {
  /** One event, from one blank line to the next; a line; a JSON document. */
  readonly eventMaxBytes: number;
  /** The whole response, unpacked. */
  readonly responseMaxBytes: number;
}

/** A token comes in some 250 bytes; these are an answer of 130,000 of them, and one chunk larger than all arguments of a command. */
export const defaultStreamBounds: StreamBounds = Object.freeze({
  eventMaxBytes: 1_048_576,
  responseMaxBytes: 33_554_432,
});

export type StreamItem =
  /** `isError`: the event is named as one. */
  | { readonly kind: 'value'; readonly value: unknown; readonly isError: boolean }
  /** Data that is no JSON, and not meant to be. */
  | { readonly kind: 'words'; readonly words: string; readonly isError: boolean }
  | { readonly kind: 'done' };

/** The values of a response's body. Throws ProviderFailure, what a body throws that breaks off, or the signal's reason. */
export async function* readItems(
  response: Response,
  bounds: StreamBounds,
  signal: AbortSignal,
): AsyncGenerator<StreamItem, void, undefined> {
  const reader = new ItemReader(bounds, response.headers.get('content-type') ?? '');
  for await (const bytes of abortableBytes(response, signal)) yield* reader.take(bytes);
  yield* reader.finish();
}

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

export class ItemReader {
  readonly #bounds: StreamBounds;
  readonly #contentType: string;
  #bytes = 0;
  /** Bytes since the last blank line. */
  #eventBytes = 0;
  /** The line that has not ended yet. */
  #line: Uint8Array[] = [];
  /** The last line ended with CR: an LF that follows is the same end. */
  #isBehindReturn = false;
  #isFirstLine = true;
  #hasField = false;
  #hasItem = false;
  /** Lines of a JSON document; null = none has begun. */
  #document: string[] | null = null;
  #eventName = '';
  #data: string[] = [];
  /** JSON over several lines between the events. */
  #loose: string[] = [];

  constructor(bounds: StreamBounds, contentType = '') {
    this.#bounds = bounds;
    this.#contentType = contentType;
  }

  /** Takes the next bytes. */
  *take(bytes: Uint8Array): Generator<StreamItem, void, undefined> {
    const { eventMaxBytes, responseMaxBytes } = this.#bounds;
    this.#bytes += bytes.length;
    if (this.#bytes > responseMaxBytes) throw tooLarge('a response', responseMaxBytes);
    let start = 0;
    let feed = bytes.indexOf(lineFeed);
    let carriage = bytes.indexOf(carriageReturn);
    while (start < bytes.length) {
      if (feed !== -1 && feed < start) feed = bytes.indexOf(lineFeed, start);
      if (carriage !== -1 && carriage < start) carriage = bytes.indexOf(carriageReturn, start);
      const isReturn = carriage !== -1 && (feed === -1 || carriage < feed);
      const lineEnd = isReturn ? carriage : feed;
      const end = lineEnd === -1 ? bytes.length : lineEnd;
      this.#eventBytes += end - start;
      if (this.#eventBytes > eventMaxBytes) throw tooLarge('an event', eventMaxBytes);
      const isSameEnd = this.#isBehindReturn && lineEnd === start && !isReturn && this.#line.length === 0;
      this.#isBehindReturn = lineEnd !== -1 && isReturn;
      if (end > start) this.#line.push(bytes.subarray(start, end));
      if (lineEnd !== -1 && !isSameEnd) {
        this.#eventBytes += 1;
        yield* this.#endLine();
      }
      start = end + 1;
    }
    if (!this.#hasItem && !this.#hasField) this.#refusePage();
  }

  /** The rest, at the end of the body: a last line or event that nobody ended, a document. */
  *finish(): Generator<StreamItem, void, undefined> {
    if (this.#line.length > 0) yield* this.#endLine();
    if (this.#loose.length > 0) yield* this.#endLoose();
    if (this.#document !== null) {
      const value = parsedJson(this.#document.join('\n'));
      if (value === undefined) throw noJson();
      yield this.#itemOf(value);
    }
    yield* this.#endEvent();
    if (!this.#hasItem && !isEventStream(this.#contentType)) throw wrongContent(this.#contentType);
  }

  *#endLine(): Generator<StreamItem, void, undefined> {
    const [only = new Uint8Array(), ...more] = this.#line;
    const bytes = more.length === 0 ? only : Buffer.concat(this.#line);
    this.#line = [];
    const decoded = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
    const line = (this.#isFirstLine ? decoded.replace(/^\uFEFF+/, '') : decoded).trimStart();
    this.#isFirstLine = false;
    if (this.#document !== null) {
      this.#document.push(line);
      return;
    }
    const isBlank = line.trim() === '';
    if (this.#loose.length > 0) {
      if (!isBlank && !/^(?:data|event|id|retry)?\s*:/.test(line)) {
        this.#loose.push(line);
        return;
      }
      yield* this.#endLoose();
    }
    if (isBlank) {
      this.#eventBytes = 0;
      yield* this.#endEvent();
    } else if (isDone(line)) yield this.#done();
    else if (line.startsWith('<') && !this.#hasItem && !this.#hasField) throw wrongContent(this.#contentType);
    else if (line.startsWith('{') || line.startsWith('[')) yield* this.#bareLine(line);
    else yield* this.#field(line);
  }

  /** JSON without a field's name: a line of it, or the beginning of a document. */
  *#bareLine(line: string): Generator<StreamItem, void, undefined> {
    const value = parsedJson(line);
    if (value !== undefined) {
      this.#eventBytes = 0;
      yield this.#itemOf(value);
    } else if (this.#hasField) this.#loose = [line];
    else this.#document = [line];
  }

  *#endLoose(): Generator<StreamItem, void, undefined> {
    const text = this.#loose.join('\n');
    this.#loose = [];
    const value = parsedJson(text);
    yield value === undefined ? this.#wordsOf(text, false) : this.#itemOf(value);
  }

  *#field(line: string): Generator<StreamItem, void, undefined> {
    const colon = line.indexOf(':');
    const name = (colon === -1 ? line : line.slice(0, colon)).trimEnd();
    const value = colon === -1 ? '' : line.slice(colon + 1).trim();
    if (colon === 0 || ['data', 'event', 'id', 'retry'].includes(name)) this.#hasField = true;
    if (name === 'event') this.#eventName = value;
    // What is no field's name is what somebody says.
    if (/[^\w.-]/.test(name) && this.#hasField) yield this.#wordsOf(line, isPage.test(line));
    // llama.cpp has named the field for what is in it.
    if (name === 'error') {
      yield* this.#endEvent();
      this.#eventName = name;
    }
    // A proxy's doubled "data: data: {…}".
    const data = name === 'data' || name === 'error' ? value.replace(/^(?:data:\s*)+/, '') : '';
    if (data === '') return;
    const [held] = this.#data;
    if (held !== undefined && this.#data.length === 1 && isWhole(held)) {
      yield* this.#endEvent();
      this.#eventBytes = line.length;
    }
    this.#data.push(data);
  }

  *#endEvent(): Generator<StreamItem, void, undefined> {
    const isError = errorEventName.test(this.#eventName);
    const lines = this.#data;
    this.#eventName = '';
    this.#data = [];
    const data = lines.join('\n').trim();
    if (data === '') {
      if (isError) yield this.#wordsOf('', isError);
      return;
    }
    const value = isDone(data) ? undefined : parsedJson(data);
    if (value !== undefined) yield this.#itemOf(value, isError);
    else if (lines.length === 1) yield this.#plainItem(data, isError);
    else {
      for (const line of lines) {
        const own = parsedJson(line);
        if (own !== undefined) yield this.#itemOf(own, isError);
        else yield this.#plainItem(line, isError);
      }
    }
  }

  #plainItem(data: string, isError: boolean): StreamItem {
    if (isDone(data)) return this.#done();
    if (/^["{[]/.test(data) && !/^\[[\p{L}\p{N} _-]*\]/u.test(data) && !isError) throw noJson();
    return this.#wordsOf(data, isError);
  }

  #done(): StreamItem {
    this.#hasItem = true;
    return { kind: 'done' };
  }

  #itemOf(value: unknown, isError = false): StreamItem {
    this.#hasItem = true;
    return { kind: 'value', value, isError };
  }

  #wordsOf(words: string, isError: boolean): StreamItem {
    this.#hasItem = true;
    return { kind: 'words', words, isError };
  }

  /** A page is refused as soon as it begins: nobody waits for its end. */
  #refusePage(): void {
    const [first] = this.#line;
    if (first !== undefined && /^\uFEFF?\s*</.test(Buffer.from(first).toString('utf8', 0, 64))) {
      throw wrongContent(this.#contentType);
    }
  }
}

/** What a proxy says when the server behind it is gone. */
const isPage = /^<(?:!doctype|html)\b/i;

/** `error`, `response.failed` and their like. */
const errorEventName = /(?:^|[._-])(?:error|exception|failed|failure|aborted)$/i;

/** `[DONE]`, with or without quotes, in any letter case; DONE without brackets in capitals alone. */
function isDone(text: string): boolean {
  return /^"?(?:\[\s*[dD][oO][nN][eE]\s*\]|DONE\b)/.test(text);
}

function isWhole(text: string): boolean {
  return isDone(text) || parsedJson(text) !== undefined;
}

function isEventStream(contentType: string): boolean {
  return contentType === '' || /^text\/event-stream\b/i.test(contentType);
}

function noJson(): ProviderFailure {
  return new ProviderFailure({ code: 'UNAVAILABLE', words: 'sent a chunk that is no JSON', next: 'again' });
}

function wrongContent(type: string): ProviderFailure {
  const shown = type.replaceAll(/[^\w/;=+. -]/g, '').slice(0, 80);
  return new ProviderFailure({
    code: 'UNAVAILABLE',
    words: `answered with ${shown === '' ? 'something else' : shown} where an event stream was expected; is its base URL right?`,
    next: 'other',
  });
}

function tooLarge(what: string, maxBytes: number): ProviderFailure {
  return new ProviderFailure({
    code: 'UNAVAILABLE',
    words: `sent ${what} of more than ${maxBytes} bytes`,
    next: 'other',
  });
}
