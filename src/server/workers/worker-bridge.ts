/**
 * How a call hears a stream of another worker (DUPLICATE_POLICY=attach): over a socket between the two workers alone, which the server's process makes when it is
 * first needed and hands to both. That process carries no frame, and while nobody listens across workers there is no socket.
 *
 * Guarantees: a listener gets the frames of the stream in their order, and its end; a worker that does not take what is sent to it holds up
 * nobody: beyond MAX_UNSENT_BYTES its listeners end as `overloaded`; a stream that is over, or whose worker is lost, ends who listens to it.
 */
import type { Socket } from 'node:net';
import { deserialize, serialize } from 'node:v8';
import type { FrameListener, HeardStream } from '../../actors/hosts/listener.ts';
import type { Frame, StreamEnd } from '../../call/gateway.ts';
import { failure } from '../../errors.ts';

/** Of all listeners of one worker at another: forty seconds of sound. */
const MAX_UNSENT_BYTES = 4 * 1024 * 1024;
const LENGTH_BYTES = 4;

type Message =
  | { readonly listen: number; readonly streamId: string }
  | { readonly forget: number }
  | { readonly to: number; readonly frame: Frame }
  | { readonly to: number; readonly end: StreamEnd };

/** Finds a stream of this worker that others may hear; null = it is over. */
export type FindStream = (streamId: string) => HeardStream | null;

const over: StreamEnd = Object.freeze({ ok: true });

/** One worker's bridges to the others. */
export class WorkerBridges {
  readonly #find: FindStream;
  readonly #bridges = new Map<number, Bridge>();

  constructor(find: FindStream) {
    this.#find = find;
  }

  /** A stream of another worker. */
  streamOf(worker: number, streamId: string): HeardStream {
    return this.#bridgeTo(worker).streamOf(streamId);
  }

  /** The socket to another worker is there. */
  connected(worker: number, socket: Socket): void {
    this.#bridgeTo(worker).connect(socket);
  }

  /** That worker is gone, or can't be reached. */
  lost(worker: number): void {
    this.#bridges.get(worker)?.close();
    this.#bridges.delete(worker);
  }

  #bridgeTo(worker: number): Bridge {
    const known = this.#bridges.get(worker);
    if (known !== undefined) return known;
    const bridge = new Bridge(this.#find, () => {
      if (this.#bridges.get(worker) === bridge) this.#bridges.delete(worker);
    });
    this.#bridges.set(worker, bridge);
    return bridge;
  }
}

class Bridge {
  readonly #find: FindStream;
  readonly #onClosed: () => void;
  #socket: Socket | null = null;
  /** What is said before there is a socket: a few words for each call that begins to listen. */
  #unsaid: Buffer[] = [];
  #lastId = 0;
  /** Calls here that hear a stream there. */
  readonly #listeners = new Map<number, FrameListener>();
  /** Calls there that hear a stream here. */
  readonly #heard = new Map<number, { readonly stream: HeardStream; readonly listener: FrameListener }>();
  #received: Buffer = Buffer.alloc(0);
  #isClosed = false;

  constructor(find: FindStream, onClosed: () => void) {
    this.#find = find;
    this.#onClosed = onClosed;
  }

  connect(socket: Socket): void {
    if (this.#isClosed || this.#socket !== null) {
      socket.destroy();
      return;
    }
    this.#socket = socket;
    socket.on('error', () => {});
    socket.on('close', () => this.close());
    socket.on('data', (bytes: Buffer) => this.#take(bytes));
    for (const each of this.#unsaid.splice(0)) socket.write(each);
  }

  streamOf(streamId: string): HeardStream {
    const ids = new Map<FrameListener, number>();
    return {
      listen: (listener) => {
        if (this.#isClosed) {
          listener.leaderEnded(lostEnd());
          return;
        }
        this.#lastId += 1;
        ids.set(listener, this.#lastId);
        this.#listeners.set(this.#lastId, listener);
        this.#say({ listen: this.#lastId, streamId });
      },
      forget: (listener) => {
        const id = ids.get(listener);
        if (id !== undefined && this.#listeners.delete(id)) this.#say({ forget: id });
      },
    };
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#onClosed();
    this.#socket?.destroy();
    const listeners = [...this.#listeners.values()];
    this.#listeners.clear();
    for (const { stream, listener } of this.#heard.values()) stream.forget(listener);
    this.#heard.clear();
    for (const listener of listeners) listener.leaderEnded(lostEnd());
  }

  #say(message: Message): void {
    if (this.#isClosed) return;
    const body = serialize(message);
    const bytes = Buffer.allocUnsafe(LENGTH_BYTES + body.length);
    bytes.writeUInt32LE(body.length);
    body.copy(bytes, LENGTH_BYTES);
    if (this.#socket === null) this.#unsaid.push(bytes);
    else this.#socket.write(bytes);
  }

  #take(bytes: Buffer): void {
    let rest = this.#received.length === 0 ? bytes : Buffer.concat([this.#received, bytes]);
    while (rest.length >= LENGTH_BYTES) {
      const end = LENGTH_BYTES + rest.readUInt32LE();
      if (rest.length < end) break;
      const message: Message = deserialize(rest.subarray(LENGTH_BYTES, end));
      rest = rest.subarray(end);
      this.#hear(message);
    }
    this.#received = rest;
  }

  #hear(message: Message): void {
    if ('listen' in message) this.#begin(message.listen, message.streamId);
    else if ('forget' in message) this.#forget(message.forget);
    else if ('frame' in message) this.#listeners.get(message.to)?.take(message.frame);
    else {
      const listener = this.#listeners.get(message.to);
      this.#listeners.delete(message.to);
      listener?.leaderEnded(message.end);
    }
  }

  /** A call there hears a stream here from now on. */
  #begin(id: number, streamId: string): void {
    const stream = this.#find(streamId);
    if (stream === null) {
      this.#say({ to: id, end: over });
      return;
    }
    const listener: FrameListener = {
      take: (frame) => {
        if ((this.#socket?.writableLength ?? 0) <= MAX_UNSENT_BYTES) {
          this.#say({ to: id, frame });
          return;
        }
        this.#forget(id);
        const words = `The worker of this call does not take what it is sent; at most ${MAX_UNSENT_BYTES} bytes are kept for it`;
        this.#say({ to: id, end: { ok: false, failure: failure('overloaded', words) } });
      },
      leaderEnded: (end) => {
        this.#heard.delete(id);
        this.#say({ to: id, end });
      },
    };
    this.#heard.set(id, { stream, listener });
    stream.listen(listener);
  }

  #forget(id: number): void {
    const heard = this.#heard.get(id);
    this.#heard.delete(id);
    heard?.stream.forget(heard.listener);
  }
}

function lostEnd(): StreamEnd {
  return {
    ok: false,
    failure: failure('answer_failed', 'The process of the stream that this call listened to was lost'),
  };
}
