/** What stands between a server and Stately's tools: a WebSocket server that passes on what one client says to the others. */
import { createServer, type Socket } from 'node:net';
import { createWebSocketReceiver, type StatelyInspectionEvent } from '@statelyai/inspect';
import { type WebSocket, WebSocketServer } from 'ws';
import { atEndOfFile } from '../../support/end-of-file.ts';

export interface Relay {
  readonly url: string;
  readonly port: number;
  /** Clients that are connected. */
  readonly clients: number;
  /** Ends every connection, and goes on listening. */
  cut(): void;
  close(): Promise<void>;
}

/** On `port`, 0 = any free one. */
export async function startRelay(port = 0): Promise<Relay> {
  const server = new WebSocketServer({ host: '127.0.0.1', port });
  await new Promise((resolve) => server.once('listening', resolve));
  const clients = new Set<WebSocket>();
  server.on('connection', (client) => {
    clients.add(client);
    client.on('error', () => {});
    client.on('close', () => clients.delete(client));
    client.on('message', (data) => {
      for (const other of clients) if (other !== client) other.send(String(data));
    });
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the relay has no port');
  const close = () =>
    new Promise<void>((resolve) => {
      for (const client of clients) client.terminate();
      server.close(() => resolve());
    });
  atEndOfFile(close);
  return {
    url: `ws://127.0.0.1:${address.port}`,
    port: address.port,
    get clients() {
      return clients.size;
    },
    cut: () => {
      for (const client of clients) client.terminate();
    },
    close,
  };
}

/** What the package's own receiver is told, in order; it ends when the relay does. */
export function receiveFrom({ url }: Pick<Relay, 'url'>): readonly StatelyInspectionEvent[] {
  const received: StatelyInspectionEvent[] = [];
  createWebSocketReceiver({ server: url }).subscribe((message) => received.push(message));
  return received;
}

/** A WebSocket server that accepts one connection after the other and reads nothing more of any. */
export async function startDeafServer(): Promise<Pick<Relay, 'url'>> {
  const { createHash } = await import('node:crypto');
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('data', (request) => {
      const [, key = ''] = /sec-websocket-key: (\S+)/i.exec(request.toString()) ?? [];
      const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
      socket.pause();
      const head = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'];
      socket.write([...head, `Sec-WebSocket-Accept: ${accept}`, '', ''].join('\r\n'));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEndOfFile(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return { url: `ws://127.0.0.1:${address.port}` };
}
