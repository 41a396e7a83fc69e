/**
 * A server that is beyond its bounds, as its clients see it: new streams and welcomes are refused with the time to come back, interrupts and
 * what runs are served, and it recovers. Nothing here depends on the clock: how fast that is, `npm run bench:overload` tells.
 */
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { afterEach, expect, test } from 'vitest';
import { connect, interrupt, start, startWelcome } from '../../support/client.ts';
import { eventually } from '../../support/eventually.ts';
import { createLogFolder, identical, verdictOf } from '../../support/replay/log-folder.ts';
import { type ServerProcess, startServerProcess } from '../../support/server-process.ts';
import { framed, STREAM_AUDIO_PATH } from './raw-call.ts';
import { richStatusOf } from './rich-status.ts';

const MIB = 1024 * 1024;
/** Of the smallest budget, which a small heap has, nine tenths; two of them fit. */
const HELD_BYTES = 12 * MIB;
const smallHeap = { NODE_OPTIONS: '--max-old-space-size=128', OVERLOAD: 'on' };
const scenario = {
  answers: [
    { when: 'hang', steps: [{ say: 'One is here. Two' }, { hang: true }] },
    { when: '', steps: [{ say: 'At once.' }] },
  ],
  speech: { chunks_per_sentence: 1 },
};

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean();
});

async function serverWith(env: Readonly<Record<string, string>>) {
  const server = await startServerProcess({ scenario, env });
  const client = connect(server.grpcPort);
  cleanups.push(
    () => server.stop(),
    () => client.close(),
  );
  return { server, client };
}

/** Requests that never end, and hold as much as requests may. */
function holdRequests(server: ServerProcess): ClientHttp2Session {
  const session = connectHttp2(`http://127.0.0.1:${server.grpcPort}`);
  session.on('error', () => {});
  for (let each = 0; each < 2; each += 1) {
    const headers = { 'content-type': 'application/grpc', te: 'trailers' };
    const stream = session.request({ ':method': 'POST', ':path': STREAM_AUDIO_PATH, ...headers });
    stream.on('error', () => {});
    stream.write(framed(Buffer.alloc(HELD_BYTES), HELD_BYTES + 1));
  }
  cleanups.push(() => session.destroy());
  return session;
}

/** Resolves with what /status says of the load once the server sheds, or no longer does; it never sheds without a reason. */
async function loadWhen(server: ServerProcess, isShedding: boolean): Promise<unknown> {
  const { load } = await eventually(
    async () => {
      const status = await server.status();
      expect(status.load).not.toMatchObject({ is_shedding: true, reasons: [] });
      return status;
    },
    (status) => JSON.stringify(status.load).includes(`"is_shedding":${isShedding}`),
  );
  return load;
}

test('who is new is refused with the time to come back; who runs and who interrupts is served; then all is as before', async () => {
  const { server, client } = await serverWith(smallHeap);
  const running = start(client, { prompt: 'hang', hardware_id: 'device-a' });
  await running.firstFrame;
  const holding = holdRequests(server);
  expect(await loadWhen(server, true)).toMatchObject({ reasons: ['prompts'] });
  expect(await server.status()).toMatchObject({ state: 'ready', health: 'degraded' });
  for (const refused of [
    await start(client, { prompt: 'new', hardware_id: 'device-b' }).outcome,
    await startWelcome(client, { text: 'Hello.' }).outcome,
  ]) {
    expect(refused).toMatchObject({ code: 'RESOURCE_EXHAUSTED', errorType: 'overloaded', kinds: ['error_message'] });
    expect(refused.details).toContain('overloaded');
    expect(richStatusOf(refused.trailers)).toMatchObject({ reason: 'OVERLOADED', retryAfterMs: 1_000 });
  }
  expect(await interrupt(client, 'device-a')).toMatchObject({ success: true, message: 'Interrupted streams: 1' });
  expect(await running.outcome).toMatchObject({ code: 'CANCELLED', errorType: 'interrupted' });

  holding.destroy();
  expect(await loadWhen(server, false)).toMatchObject({ reasons: [] });
  expect(await start(client, { prompt: 'new', hardware_id: 'device-b' }).outcome).toMatchObject({ code: 'OK' });
  expect(await server.status()).toMatchObject({ health: 'ok', last_error: null, rejected: { overloaded: 2 } });
  expect([server.logsOf('overloaded').length, server.logsOf('overload_over').length]).toEqual([1, 1]);
  expect(server.logsOf('overloaded')[0]).toMatchObject({ scope: 'backpressure', ctx: { reasons: ['prompts'] } });
});

test('the log of a supervisor that shed load has what it was told and whom it refused, and replays identical', async () => {
  const folder = createLogFolder();
  const { server, client } = await serverWith({ ...smallHeap, EVENT_LOG_DIR: folder.dir, EVENT_LOG: 'on' });
  const holding = holdRequests(server);
  await loadWhen(server, true);
  expect(await start(client, { prompt: 'new' }).outcome).toMatchObject({ errorType: 'overloaded' });
  holding.destroy();
  await loadWhen(server, false);
  expect(await start(client, { prompt: 'new' }).outcome).toMatchObject({ code: 'OK' });
  expect(await server.stop()).toBe(0);
  const [supervisor, ...others] = folder.logs('supervisor');
  if (supervisor === undefined) expect.fail('it has no log');
  expect(others).toEqual([]);
  const told = supervisor.log.turns.filter(({ event }) => event.type === 'load.reported');
  const prompts = told.map(({ event }) => JSON.stringify(event.reasons).includes('prompts'));
  expect([prompts.includes(true), prompts.at(-1)]).toEqual([true, false]);
  const effects = supervisor.log.turns.flatMap((turn) => turn.effects ?? []);
  expect(effects.filter((effect) => effect.startsWith('say stream.refused')).length).toBeGreaterThanOrEqual(1);
  expect(verdictOf(supervisor)).toMatchObject(identical({ turns: supervisor.log.turns.length }));
});

test('an event loop that is later than OVERLOAD_MAX_LAG refuses', async () => {
  const { server, client } = await serverWith({ OVERLOAD: 'on', OVERLOAD_MAX_LAG: '0.001' });
  expect(await loadWhen(server, true)).toMatchObject({ reasons: ['lag'] });
  const { code, details } = await start(client, { prompt: 'new' }).outcome;
  expect({ code, details }).toEqual({
    code: 'RESOURCE_EXHAUSTED',
    details: expect.stringContaining('OVERLOAD_MAX_LAG'),
  });
});

test('OVERLOAD=off refuses nobody and watches nothing', async () => {
  const { server, client } = await serverWith({ ...smallHeap, OVERLOAD: 'off', OVERLOAD_MAX_LAG: '0.001' });
  holdRequests(server);
  expect(await start(client, { prompt: 'new' }).outcome).toMatchObject({ code: 'OK' });
  expect((await server.status()).load).toBeUndefined();
});

test('a crowd that comes at once is admitted or refused with the time to come back, and nothing else', async () => {
  const bounds = { BACKPRESSURE_MAX_STREAMS: '10000', BACKPRESSURE_MAX_STREAMS_PER_DEVICE: '0' };
  const { server, client } = await serverWith({ ...smallHeap, ...bounds });
  const calls = Array.from({ length: 800 }, () => start(client, { prompt: 'new' }).outcome);
  const outcomes = await Promise.all(calls);
  const refused = outcomes.filter(({ code }) => code !== 'OK');
  expect(new Set(refused.map(({ errorType }) => errorType))).toEqual(new Set(refused.length > 0 ? ['overloaded'] : []));
  for (const { trailers } of refused) expect(richStatusOf(trailers).retryAfterMs).toBe(1_000);
  expect(outcomes.length - refused.length).toBeGreaterThanOrEqual(50);
  // Those that were refused come back, a few at a time.
  await eventually(
    () => start(client, { prompt: 'new' }).outcome,
    ({ code }) => code === 'OK',
  );
  expect(server.process.exitCode).toBeNull();
});
