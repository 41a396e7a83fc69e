/** Large screenshots over a link with a round trip: they arrive whole, through a window that is wide enough for one flight. */
import { connect as connectHttp2 } from 'node:http2';
import { createServer } from 'node:net';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { afterEach, describe, expect, test } from 'vitest';
import type { Screenshot, StreamGateway } from '../../src/call/gateway.ts';
import { loadConfig } from '../../src/config.ts';
import { createLogger } from '../../src/observe/logger.ts';
import { CONNECTION_WINDOW_BYTES, configureHttp2Servers, STREAM_WINDOW_BYTES } from '../../src/rpc/http2-servers.ts';
import { createGrpcServer } from '../../src/rpc/server.ts';
import { ask, connect } from '../support/client.ts';
import { startDelayingProxy } from '../support/delaying-proxy.ts';
import { eventually } from '../support/eventually.ts';
import { png } from '../support/images.ts';
import { ownTimeOf } from '../support/own-time.ts';

const PROTOCOL_WINDOW_BYTES = 65_535;
const ROUND_TRIP_MS = 50;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean();
});

/** The rpc layer alone, over a gateway that answers at once and keeps what it was shown. */
async function startRpc(env: Readonly<Record<string, string>> = {}) {
  const shown: Screenshot[] = [];
  const unused = () => {
    throw new Error('not of this test');
  };
  const gateway: StreamGateway = {
    open: ({ screen: { screenshot } }, sink) => {
      if (screenshot !== undefined) shown.push(screenshot);
      sink.attach({ frameAccepted: () => {}, roomFreed: () => {} });
      sink.write({ kind: 'text', text: 'Seen.' });
      sink.write({ kind: 'end', message: 'COMPLETED' });
      sink.finish({ ok: true });
      return { cancel: () => {} };
    },
    openWelcome: unused,
    collect: unused,
    refuse: unused,
    interrupt: unused,
  };
  const config = loadConfig({ env: { GRPC_PORT: '0', ...env }, readFile: unused });
  const server = createGrpcServer({
    config,
    gateway,
    usage: { record: unused },
    log: createLogger('silent'),
    ownTime: ownTimeOf(),
  });
  cleanups.push(() => server.close(0));
  return { shown, server, port: await server.listen() };
}

/** The windows that a server gives to a new connection. */
async function windowsOf(port: number) {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  session.on('error', () => {});
  cleanups.push(() => session.destroy());
  await new Promise((resolve) => session.once('remoteSettings', resolve));
  // The connection's window comes in a frame of its own.
  const connectionBytes = await eventually(
    () => session.state.remoteWindowSize ?? 0,
    (bytes) => bytes > PROTOCOL_WINDOW_BYTES,
    500,
  ).catch(() => session.state.remoteWindowSize);
  return {
    streamBytes: session.remoteSettings.initialWindowSize,
    connectionBytes,
    maxStreams: session.remoteSettings.maxConcurrentStreams,
  };
}

function bindBare(server: Server): Promise<number> {
  cleanups.push(() => server.forceShutdown());
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve(port);
      else reject(error);
    });
  });
}

describe('a screenshot', () => {
  test.each([
    ['3 MB', { width: 2000, height: 1500 }],
    ['10 MB', { width: 3500, height: 2857 }],
  ])('of %s arrives whole, byte for byte', async (_name, size) => {
    const { shown, port } = await startRpc();
    const proxy = await startDelayingProxy(port, ROUND_TRIP_MS);
    const client = connect(proxy.port);
    cleanups.push(proxy.stop, () => client.close());
    const image = png(size, { noise: true });
    const outcome = await ask(client, { prompt: 'What is it?', screenshot: image.toString('base64') });
    expect(outcome).toMatchObject({ code: 'OK', text: 'Seen.' });
    const [screenshot] = shown;
    expect(screenshot).toMatchObject({
      mediaType: 'image/png',
      widthPixels: size.width,
      heightPixels: size.height,
    });
    expect(image.equals(screenshot?.bytes ?? new Uint8Array())).toBe(true);
  });
});

describe('the receive window', () => {
  const wide = { streamBytes: STREAM_WINDOW_BYTES, connectionBytes: CONNECTION_WINDOW_BYTES };

  test('is wide for a stream and for its connection, and the bound on streams stays', async () => {
    const { port } = await startRpc({ MAX_STREAMS_PER_CONNECTION: '107' });
    expect(await windowsOf(port)).toEqual({ ...wide, maxStreams: 107 });
    expect(await windowsOf(port)).toMatchObject(wide);
  });

  test('is wide for two servers that bind at once, by name and by address', async () => {
    const started = await Promise.all([startRpc({ GRPC_HOST: 'localhost' }), startRpc()]);
    for (const { port } of started) expect(await windowsOf(port)).toMatchObject(wide);
  });

  test('of another server in the process is not touched, nor is node:http2', async () => {
    await startRpc();
    const port = await bindBare(new Server());
    expect(await windowsOf(port)).toMatchObject({
      streamBytes: PROTOCOL_WINDOW_BYTES,
      connectionBytes: PROTOCOL_WINDOW_BYTES,
    });
  });

  test('does not hide that a port is taken', async () => {
    const holder = createServer();
    cleanups.push(() => holder.close());
    const port = await new Promise<number>((resolve) => {
      holder.listen(0, '127.0.0.1', () => {
        const address = holder.address();
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
    await expect(startRpc({ GRPC_PORT: String(port) })).rejects.toThrow(
      `EADDRINUSE: address already in use 127.0.0.1:${port}`,
    );
  });

  test('stays as it is, and nothing breaks, with a grpc-js that makes its servers otherwise', () => {
    const configured: unknown[] = [];
    const without = new Server();
    Reflect.set(without, 'createHttp2Server', undefined);
    configureHttp2Servers(without, (made) => configured.push(made));
    expect(Reflect.get(without, 'createHttp2Server')).toBeUndefined();
    const strange = new Server();
    Reflect.set(strange, 'createHttp2Server', (credentials: string) => `made for ${credentials}`);
    configureHttp2Servers(strange, (made) => configured.push(made));
    expect(Reflect.get(strange, 'createHttp2Server')('nobody')).toBe('made for nobody');
    expect(configured).toEqual([]);
  });
});
