/** Quotas over the wire: what is refused and how, what counts and what does not, also over a restart. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ask, connect, start, type TestClient, welcome } from '../../support/client.ts';
import { makeFolder } from '../../support/end-of-file.ts';
import { eventually } from '../../support/eventually.ts';
import { startServer } from '../../support/server.ts';
import { startServerProcess } from '../../support/server-process.ts';
import type { TestServer } from '../../support/test-server.ts';

const scenario = {
  answers: [
    { when: 'hang', steps: [{ say: 'One. Two. ' }, { hang: true }] },
    { when: '', steps: [{ echo: true }] },
  ],
  speech: { chunks_per_sentence: 1 },
};

const dir = makeFolder('recital-quota-');

async function serve(name: string, env: Readonly<Record<string, string>>): Promise<[TestServer, TestClient]> {
  const server = await startServer({ scenario, env: { DATA_DIR: join(dir, name), ...env } });
  return [server, connect(server.grpcPort)];
}

const collect = { phase: 1 } as const;
const commit = { phase: 2 } as const;

describe('a quota', { timeout: 60_000 }, () => {
  test.each([
    ['QUOTA_DAILY', 'Daily', 'T00:00:00Z'],
    ['QUOTA_WEEKLY', 'Weekly', 'T00:00:00Z'],
    ['QUOTA_MONTHLY', 'Monthly', '-01T00:00:00Z'],
  ])('%s refuses the request beyond it, one device at a time', async (name, title, ending) => {
    const [server, client] = await serve(name, { [name]: '2' });
    for (const prompt of ['one', 'two']) expect((await ask(client, { prompt, hardware_id: 'd' })).code).toBe('OK');
    const refused = await ask(client, { prompt: 'three', hardware_id: 'd', session_id: 's-3' });
    const { code, errorType, kinds, details } = refused;
    expect({ code, errorType, kinds }).toEqual({
      code: 'PERMISSION_DENIED',
      errorType: 'access_denied',
      kinds: ['error_message'],
    });
    expect(details.startsWith(`${title} limit exceeded: 2 of 2 requests used; resets at 20`)).toBe(true);
    expect(details.endsWith(ending)).toBe(true);
    expect(refused.frames[0]?.error_message).toBe(details);
    expect((await ask(client, { prompt: 'one', hardware_id: 'e' })).code).toBe('OK');
    expect(await server.status()).toMatchObject({ active_streams: 0, in_flight: 0, rejected: { access_denied: 1 } });
    expect(server.logsOf('reject')).toMatchObject([
      {
        level: 40,
        scope: 'workflow',
        method: 'StreamAudio',
        ctx: { session_id: 's-3', hardware_id: 'd', reason: 'access_denied' },
      },
    ]);
    // The one line that a refused call has.
    expect(server.logsOf('error')).toEqual([]);
    client.close();
  });

  test('admits of parallel calls exactly as many as are left', async () => {
    const [, client] = await serve('parallel', { QUOTA_DAILY: '3' });
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => ask(client, { prompt: 'hello', hardware_id: 'd' })),
    );
    const codes = outcomes.map(({ code }) => code);
    expect(codes.filter((code) => code === 'OK')).toHaveLength(3);
    expect(codes.filter((code) => code === 'PERMISSION_DENIED')).toHaveLength(17);
    client.close();
  });

  test('does not count what is refused for another reason, nor chunks, nor welcomes', async () => {
    const [server, client] = await serve('others', { QUOTA_DAILY: '2', BACKPRESSURE_MAX_STREAMS: '1' });
    const running = start(client, { prompt: 'hang', hardware_id: 'd', session_id: 's' });
    await running.firstFrame;
    for (let call = 0; call < 5; call += 1) {
      const duplicate = await ask(client, { prompt: 'again', hardware_id: 'd', session_id: 's' });
      expect(duplicate.errorType).toBe('concurrent_request');
      expect((await ask(client, { prompt: 'more', hardware_id: 'd' })).errorType).toBe('stream_limit_exceeded');
      expect((await ask(client, { prompt: ' ', hardware_id: 'd' })).errorType).toBe('empty_prompt');
      const chunk = { ...collect, chunk_seq: call, chunk_text: 'x', hardware_id: 'd', session_id: 't' };
      expect((await ask(client, chunk)).code).toBe('OK');
    }
    running.call.cancel();
    await eventually(
      () => server.status(),
      ({ active_streams }) => active_streams === 0,
    );
    expect((await welcome(client, { text: 'Hello.' })).code).toBe('OK');
    expect((await ask(client, { prompt: 'second', hardware_id: 'd' })).code).toBe('OK');
    expect((await ask(client, { prompt: 'third', hardware_id: 'd' })).errorType).toBe('access_denied');
    expect((await welcome(client, { text: 'Hello.' })).code).toBe('OK');
    client.close();
  });

  test('that is used up does not hide that a request is a duplicate, but does hide a full house', async () => {
    const [, client] = await serve('order', { QUOTA_DAILY: '1', BACKPRESSURE_MAX_STREAMS: '1' });
    const running = start(client, { prompt: 'hang', hardware_id: 'd', session_id: 's' });
    await running.firstFrame;
    const again = { prompt: 'again', hardware_id: 'd' };
    expect((await ask(client, { ...again, session_id: 's' })).errorType).toBe('concurrent_request');
    expect((await ask(client, again)).errorType).toBe('access_denied');
    running.call.cancel();
    client.close();
  });

  test('that refuses a COMMIT keeps what was collected', async () => {
    const [server, client] = await serve('commit', { QUOTA_DAILY: '1' });
    const whose = { hardware_id: 'd', session_id: 's' };
    await ask(client, { prompt: 'one', hardware_id: 'd' });
    await ask(client, { ...collect, chunk_seq: 1, chunk_text: 'Collected words', ...whose });
    expect((await ask(client, { ...commit, ...whose })).errorType).toBe('access_denied');
    expect(await server.status()).toMatchObject({ collect_buffers: 1 });
    client.close();
  });

  test('counts all calls without an id together', async () => {
    const [, client] = await serve('unknown', { QUOTA_DAILY: '2' });
    expect((await ask(client, { prompt: 'one' })).code).toBe('OK');
    expect((await ask(client, { prompt: 'two', hardware_id: 'unknown' })).code).toBe('OK');
    expect((await ask(client, { prompt: 'three' })).errorType).toBe('access_denied');
    client.close();
  });

  test.each(['SIGTERM', 'SIGKILL'] as const)('is still used up after a restart (%s)', async (signal) => {
    const env = { QUOTA_MONTHLY: '3', QUOTA_DAILY: '3' };
    const first = await startServerProcess({ scenario, env: { DATA_DIR: join(dir, signal), ...env } });
    const itsClient = connect(first.grpcPort);
    for (const prompt of ['one', 'two']) await ask(itsClient, { prompt, hardware_id: 'd' });
    itsClient.close();
    first.process.kill(signal);
    await first.exited;
    const [second, client] = await serve(signal, env);
    expect(await second.status()).toMatchObject({ quota: { monthly: 3, devices: 1 } });
    expect((await ask(client, { prompt: 'three', hardware_id: 'd' })).code).toBe('OK');
    const { details } = await ask(client, { prompt: 'four', hardware_id: 'd' });
    expect(details).toMatch(/^Monthly limit exceeded: 3 of 3 requests used; resets at /);
    client.close();
  });

  test('is off by default', async () => {
    const [server, client] = await serve('off', {});
    for (let call = 0; call < 5; call += 1) expect((await ask(client, { prompt: 'x' })).code).toBe('OK');
    expect(await server.status()).toMatchObject({ quota: 'off' });
    client.close();
  });
});
