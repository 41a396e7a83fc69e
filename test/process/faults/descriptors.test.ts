/** A server with few descriptors: logs and connections have their shares, and who asks how it is gets an answer whatever else goes on. */
import { readdirSync } from 'node:fs';
import { get } from 'node:http';
import { connect as connectTcp, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { ask, connect, start } from '../../support/client.ts';
import { eventually } from '../../support/eventually.ts';
import { type ServerProcess, startServerProcess } from '../../support/server-process.ts';
import { expectGoodEnd } from '../rpc/outcomes.ts';

const LIMIT = 256;
const STREAMS = 150;
const launcher = ['bash', '-c', `ulimit -n ${LIMIT}; exec "$@"`, 'bash'] as const;
const scenario = {
  answers: [
    { when: '^hang', steps: [{ say: 'One is here. And' }, { hang: true }] },
    { when: '', steps: [{ say: 'Good day.' }] },
  ],
  speech: { chunks_per_sentence: 1 },
};

/** Resolves once it is connected, or closed again. */
function socketTo(port: number): Promise<Socket> {
  const socket = connectTcp(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.resume();
  return new Promise((resolve) => socket.once('connect', () => resolve(socket)).once('close', () => resolve(socket)));
}

const sockets = (port: number, count: number) => Promise.all(Array.from({ length: count }, () => socketTo(port)));

/** Undefined = no answer. */
function health({ httpPort }: ServerProcess): Promise<number | undefined> {
  return new Promise((resolve) => {
    get({ port: httpPort, path: '/health', agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).once('error', () => resolve(undefined));
  });
}

test(`at ${LIMIT} descriptors: ${STREAMS} logs, more connections than there is room for, and probes are answered`, async () => {
  const env = {
    EVENT_LOG_FILES: 'session',
    BACKPRESSURE_MAX_STREAMS: '400',
    BACKPRESSURE_MAX_STREAMS_PER_DEVICE: '0',
    MAX_STREAMS_PER_CONNECTION: '200',
  };
  const server = await startServerProcess({ scenario, env, launcher });
  const { pid = 0 } = server.process;
  expect(server.logsOf('descriptors').map(({ level, ctx }) => ({ level, ctx }))).toEqual([
    {
      level: 40,
      ctx: { limit: LIMIT, log_files: 32, connections: 160, max_connections: 1_000, http_connections: 16 },
    },
  ]);
  const good = connect(server.grpcPort);
  const held = Array.from({ length: STREAMS }, () => start(good, { prompt: 'hang' }));
  await Promise.all(held.map(({ firstFrame }) => firstFrame));
  const others = [...(await sockets(server.grpcPort, 300)), ...(await sockets(server.httpPort, 100))];
  // Who asks as soon as they have come may be told to come again.
  await eventually(
    () => health(server),
    (code) => code === 200,
  );
  expect(readdirSync(`/proc/${pid}/fd`).length).toBeLessThan(LIMIT);
  expectGoodEnd(await ask(good, { prompt: 'still here' }));
  // Silent connections give their places to who has something to say.
  const late = connect(server.grpcPort);
  await eventually(
    () => ask(late, { prompt: 'one more' }),
    ({ code }) => code === 'OK',
  );
  late.close();
  for (const socket of others) socket.destroy();
  for (const { call } of held) call.cancel();
  await eventually(
    () => server.status(),
    ({ active_streams, health: word }) => active_streams === 0 && word === 'ok',
  );
  expect(await server.status()).toMatchObject({ event_log: { files_failed: 0, turns_dropped: 0 } });
  for (const decision of ['fault', 'event_log_failed']) expect(server.logsOf(decision)).toEqual([]);
  good.close();
});
