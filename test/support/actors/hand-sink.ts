/** A call's way out, worked by hand: it takes as many frames as the test allows and keeps what it was given. */
import type { Frame, FrameSink, SinkListener, StreamEnd } from '../../../src/call/gateway.ts';

export class HandSink implements FrameSink {
  readonly connection: string;
  readonly frames: Frame[] = [];
  readonly ends: StreamEnd[] = [];
  /** How many more frames it takes; Infinity = all. */
  room: number;
  /** Thrown by the next write, if set. */
  writeError: Error | null = null;
  finishError: Error | null = null;
  /** Called within each write, before it returns. */
  onWrite: (frame: Frame) => void = () => {};
  #listener: SinkListener | null = null;

  constructor(room = Number.POSITIVE_INFINITY, connection = 'by hand') {
    this.room = room;
    this.connection = connection;
  }

  attach(listener: SinkListener): void {
    if (this.#listener !== null) throw new Error('attached twice');
    this.#listener = listener;
  }

  canWrite(): boolean {
    return this.room > 0 && this.ends.length === 0;
  }

  write(frame: Frame): void {
    if (!this.canWrite()) throw new Error(`a ${frame.kind} frame that the sink did not ask for`);
    if (this.writeError !== null) throw this.writeError;
    this.room -= 1;
    this.frames.push(frame);
    this.onWrite(frame);
  }

  finish(end: StreamEnd): void {
    this.ends.push(end);
    if (this.finishError !== null) throw this.finishError;
  }

  /** The client takes a frame. */
  accept(): void {
    this.#listener?.frameAccepted();
  }

  /** The transport has room for `frames` more. */
  free(frames: number): void {
    this.room += frames;
    this.#listener?.roomFreed();
  }

  /** Frames as short words: text, a number of bytes, a command or the end. */
  get brief(): readonly string[] {
    return this.frames.map(briefOf);
  }
}

export function briefOf(frame: Frame): string {
  switch (frame.kind) {
    case 'text':
      return frame.text;
    case 'audio':
      return `${frame.bytes.byteLength} bytes`;
    case 'action':
      return `command ${frame.command}`;
    case 'end':
      return `end ${frame.message}`;
    case 'metadata':
      return `metadata ${frame.method}`;
  }
}
