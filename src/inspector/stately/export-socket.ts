/**
 * The connection to whoever shows the messages: a WebSocket to a port of this machine, as an adapter of @statelyai/inspect.
 *
 * What holds: nothing ever throws, waits or piles up. What is sent while nobody is connected is gone; what waits for a reader is at most
 * MAX_BUFFERED_BYTES, beyond which whole messages are dropped and counted; who has gone is called again, later each time it fails. Of a
 * connection at most three log lines are written: that it is there, that its reader is behind, that it is gone.
 */
import { connect, type Socket } from 'node:net';
import type { StatelyInspectionEvent } from '@statelyai/inspect';
import { WebSocket } from 'ws';
import { wordsOf } from '../../errors.ts';
import type { Logger } from '../../observe/logger.ts';

export const MAX_BUFFERED_BYTES = 1024 * 1024;
/** What goes out by one call of the system; far below the bound, which a crowd of actors must not meet while the reader keeps up. */
const GATHERED_BYTES = 64 * 1024;
const CONNECT_TIMEOUT_MS = 5_000;
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 30_000;
/** One that is lost sooner was no success, and is not called again at once. */
const GOOD_CONNECTION_MS = 10_000;
/** Nothing is expected from there but what a relay passes on of others. */
const MAX_RECEIVED_BYTES = 1024 * 1024;

export interface ExportCounts {
  readonly isConnected: boolean;
  readonly sent: number;
  readonly dropped: number;
}

export class ExportSocket {
  readonly #url: string;
  readonly #log: Logger;
  #socket: WebSocket | null = null;
  /** What it runs over. */
  #wire: Socket | null = null;
  /** The same while it holds back what is sent: of all actors together, for a call of the system is most of what a message costs. */
  #gathered: Socket | null = null;
  #timer: NodeJS.Timeout | null = null;
  #retryMs = FIRST_RETRY_MS;
  #isStopped = false;
  /** How often a connection came about: what was told on an earlier one this one's reader does not know. */
  #connections = 0;
  /** That nobody answers was told. */
  #isAbsenceTold = false;
  #isBehindTold = false;
  #sent = 0;
  #dropped = 0;

  constructor(url: string, log: Logger) {
    this.#url = url;
    this.#log = log;
  }

  get counts(): ExportCounts {
    return { isConnected: this.connection !== null, sent: this.#sent, dropped: this.#dropped };
  }

  /** Which connection it is, from 1; null = there is none at present. */
  get connection(): number | null {
    return this.#socket?.readyState === WebSocket.OPEN ? this.#connections : null;
  }

  /** Connects, now and whenever the connection is lost. */
  start(): void {
    if (this.#socket === null && !this.#isStopped) this.#connect();
  }

  /** Ends the connection; nothing is sent from then on. */
  stop(): void {
    this.#isStopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#letGo();
    this.#socket?.close(NORMAL_CLOSURE);
    // Who does not answer is not waited for.
    const socket = this.#socket;
    setTimeout(() => socket?.terminate(), CLOSE_GRACE_MS).unref();
  }

  /** Sends a message, or drops it: `trySend` says which. */
  send(message: StatelyInspectionEvent): void {
    this.trySend(message);
  }

  /** False = it was dropped: nobody is connected, or the reader is behind. */
  trySend(message: StatelyInspectionEvent): boolean {
    const socket = this.#socket;
    if (socket === null || this.connection === null) return false;
    const bytes = Buffer.from(JSON.stringify(message));
    if (socket.bufferedAmount + bytes.length > MAX_BUFFERED_BYTES) {
      this.#noteDrop(socket.bufferedAmount);
      return false;
    }
    this.#gather(socket);
    // Its end is told by its own event.
    socket.send(bytes, { binary: false }, () => {});
    this.#sent += 1;
    return true;
  }

  /** Holds back what is sent until this round of the event loop is over, or GATHERED_BYTES are there. */
  #gather(socket: WebSocket): void {
    if (this.#gathered === null) {
      const gathered = this.#wire;
      gathered?.cork();
      this.#gathered = gathered;
      setImmediate(() => this.#letGo());
    } else if (socket.bufferedAmount >= GATHERED_BYTES) {
      this.#gathered.uncork();
      this.#gathered.cork();
    }
  }

  #letGo(): void {
    this.#gathered?.uncork();
    this.#gathered = null;
  }

  #connect(): void {
    this.#timer = null;
    const { hostname, port } = new URL(this.#url);
    const options = {
      createConnection: () => {
        const host = hostname.replace(/^\[|\]$/g, '');
        // Who makes the socket sets its clock: handshakeTimeout alone never ends one that says nothing.
        const wire = connect({ host, port: Number(port || HTTP_PORT), timeout: CONNECT_TIMEOUT_MS });
        this.#wire = wire;
        return wire;
      },
      perMessageDeflate: false,
      handshakeTimeout: CONNECT_TIMEOUT_MS,
      maxPayload: MAX_RECEIVED_BYTES,
      followRedirects: false,
    };
    let socket: WebSocket;
    try {
      socket = new WebSocket(this.#url, options);
    } catch (error) {
      this.#lost(wordsOf(error), 0);
      return;
    }
    this.#socket = socket;
    let why = 'the connection was closed';
    let openedMs = 0;
    socket.on('open', () => {
      openedMs = performance.now();
      this.#connections += 1;
      this.#isBehindTold = false;
      this.#isAbsenceTold = false;
      this.#note('info', 'export_connected', {}, 'what the charts do is told to the tool at INSPECTOR_EXPORT');
    });
    socket.on('error', (error) => {
      why = wordsOf(error);
    });
    socket.on('close', () => this.#lost(why, openedMs === 0 ? 0 : performance.now() - openedMs));
  }

  #lost(why: string, lastedMs: number): void {
    this.#socket = null;
    this.#wire = null;
    if (this.#isStopped) return;
    if (lastedMs >= GOOD_CONNECTION_MS) this.#retryMs = FIRST_RETRY_MS;
    const ctx = { why, dropped_messages: this.#dropped };
    if (!this.#isAbsenceTold) {
      this.#note(
        'warn',
        'export_unreachable',
        ctx,
        'nobody listens at INSPECTOR_EXPORT; tried again from time to time',
      );
    }
    this.#isAbsenceTold = true;
    this.#timer = setTimeout(() => this.#connect(), this.#retryMs);
    // A server that has nothing else to do may end.
    this.#timer.unref();
    this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS);
  }

  #noteDrop(bufferedBytes: number): void {
    this.#dropped += 1;
    if (this.#isBehindTold) return;
    this.#isBehindTold = true;
    const ctx = { buffered_bytes: bufferedBytes, max_bytes: MAX_BUFFERED_BYTES };
    this.#note('warn', 'export_behind', ctx, 'the reader at INSPECTOR_EXPORT is behind: messages are dropped');
  }

  #note(level: 'info' | 'warn', decision: string, ctx: Readonly<Record<string, unknown>>, message: string): void {
    // What stands behind the path may be a secret of a relay.
    const { origin, pathname } = new URL(this.#url);
    const url = `${origin}${pathname === '/' ? '' : pathname}`;
    this.#log[level]({ scope: 'inspector', method: 'export', decision, ctx: { url, ...ctx } }, message);
  }
}

/** Of a ws:// address without one. */
const HTTP_PORT = 80;
const NORMAL_CLOSURE = 1000;
const CLOSE_GRACE_MS = 200;
