/**
 * Clients on their worst day: the way out of a call with its reader, and what the client does meanwhile. What the server hands over passes
 * the ledger first; a planted fault may stand between (plants.ts).
 */
import type { Frame, FrameSink, OpenStream, SinkListener, StreamEnd } from '../../../src/call/gateway.ts';
import type { CallRecord, Ledger } from './invariants.ts';
import type { VirtualTime } from './virtual-time.ts';

/** What a client does that is not reading. */
export interface ClientActions {
  readonly cancel: () => void;
  readonly interrupt: () => void;
}

export class SimulatedSink implements FrameSink {
  readonly connection: string;
  readonly #record: CallRecord;
  readonly #ledger: Ledger;
  readonly #time: VirtualTime;
  readonly #actions: ClientActions;
  readonly #trace: (what: string) => void;
  #listener: SinkListener | null = null;
  #room: number;
  #isStuck = false;
  #paceMs: number;
  /** Frames after which it does what it is here for. */
  #patience: number;

  constructor(
    record: CallRecord,
    around: {
      readonly ledger: Ledger;
      readonly time: VirtualTime;
      readonly actions: ClientActions;
      readonly trace: (what: string) => void;
    },
  ) {
    const { chance, client, connection } = record.plan;
    this.connection = connection;
    this.#record = record;
    this.#ledger = around.ledger;
    this.#time = around.time;
    this.#actions = around.actions;
    this.#trace = around.trace;
    this.#room = client === 'slow' ? 1 : 4;
    this.#paceMs = client === 'slow' ? 20 + chance() * 60 : chance() < 0.6 ? 0 : chance() * 8;
    this.#patience = 1 + Math.floor(chance() * 8);
  }

  /** It takes nothing any more. */
  vanish(): void {
    this.#isStuck = true;
  }

  attach(listener: SinkListener): void {
    if (this.#listener !== null) this.#ledger.breach('order of frames', `${this.#record.streamId}: attached twice`);
    this.#listener = listener;
  }

  canWrite(): boolean {
    return this.#room > 0 && this.#record.end === null;
  }

  write(frame: Frame): void {
    if (!this.canWrite() && this.#record.end === null) {
      this.#ledger.breach('order of frames', `${this.#record.streamId}: a ${frame.kind} frame without room`);
    }
    this.#patience -= 1;
    const { client } = this.#record.plan;
    if (this.#patience === 0 && client === 'breaks') throw new Error('the transport is broken');
    this.#room -= 1;
    this.#trace(`${this.#record.streamId} ${frame.kind} ${frame.kind === 'text' ? frame.text : sizeOf(frame)}`);
    this.#ledger.frame(this.#record, frame);
    if (this.#patience === 0 && client === 'stalls') this.#isStuck = true;
    if (this.#patience === 0 && client === 'cancels behind a write') process.nextTick(this.#actions.cancel);
    if (this.#patience === 0 && client === 'interrupts behind a write') process.nextTick(this.#actions.interrupt);
    if (!this.#isStuck) this.#time.after(this.#paceMs, () => this.#take());
  }

  finish(end: StreamEnd): void {
    this.#trace(`${this.#record.streamId} end ${end.ok ? 'ok' : `${end.failure.errorType} ${end.failure.message}`}`);
    this.#ledger.finish(this.#record, end);
  }

  #take(): void {
    if (this.#isStuck) return;
    this.#record.lastAcceptedAtMs = this.#time.now();
    this.#room += 1;
    this.#listener?.frameAccepted();
    this.#listener?.roomFreed();
  }
}

function sizeOf(frame: Frame): number {
  return frame.kind === 'audio' ? frame.bytes.byteLength : 0;
}

/** What the client does while its call runs; `open` is the call once it is asked for. */
export function behave(record: CallRecord, sink: SimulatedSink, time: VirtualTime, open: OpenStream): void {
  const { client, chance } = record.plan;
  const inMs = chance() * chance() * 1_500;
  switch (client) {
    case 'vanishes':
      time.after(inMs, () => {
        sink.vanish();
        open.cancel();
      });
      return;
    case 'cancels':
      time.after(inMs, () => open.cancel());
      return;
    case 'cancels twice':
      time.after(inMs, () => {
        open.cancel();
        open.cancel();
      });
      // Also long after its end.
      time.after(inMs + 9_000 * chance(), () => open.cancel());
  }
}
