/** grpc.health.v1 and the HTTP side door: what probes see. */
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { startServer } from '../../support/server.ts';
import type { TestServer } from '../../support/test-server.ts';
import { checkHealth, createHealthClient, type HealthClient, type HealthState } from './health-client.ts';

const scenario = { answers: [{ when: '', steps: [{ say: 'Good day.' }] }] };
const SERVICE = 'streaming.StreamingService';

let server: TestServer;
let health: HealthClient;
beforeAll(async () => {
  server = await startServer({ scenario });
  health = createHealthClient(server.grpcPort);
});
afterAll(() => health.close());

describe('grpc.health.v1', () => {
  test.each(['', SERVICE])('Check of "%s" is SERVING', async (service) => {
    expect(await checkHealth(health, service)).toBe('SERVING');
  });

  test('Check of an unknown service is NOT_FOUND', async () => {
    expect(await checkHealth(health, 'streaming.Nothing')).toBe('NOT_FOUND');
  });

  test.each([
    { service: '', first: 'SERVING' },
    { service: SERVICE, first: 'SERVING' },
    { service: 'streaming.Nothing', first: 'SERVICE_UNKNOWN' },
  ])('Watch of "$service" begins with $first and stays open', async ({ service, first }) => {
    const states: string[] = [];
    const watch = health.watch(service);
    watch.on('data', (state: HealthState) => states.push(state.status));
    watch.on('error', () => {});
    await eventually(
      () => states,
      (seen) => seen.length > 0,
    );
    expect(states).toEqual([first]);
    watch.cancel();
  });
});

describe('HTTP', () => {
  const get = (path: string, init: RequestInit = {}) => fetch(`http://127.0.0.1:${server.httpPort}${path}`, init);

  test('/health is 200 while the process works', async () => {
    const response = await get('/health');
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ health: 'ok' });
  });

  test('/ready is 200 when calls are admitted', async () => {
    const response = await get('/ready');
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ ready: true });
  });

  test('/status has the state, the load and the counts, by name', async () => {
    const response = await get('/status?verbose');
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    const { version }: { version: string } = JSON.parse(readFileSync('package.json', 'utf8'));
    const status: unknown = await response.json();
    expect(status).toEqual({
      state: 'ready',
      health: 'ok',
      last_error: null,
      active_streams: 0,
      max_streams: 50,
      in_flight: 0,
      queued_calls: 0,
      attached_streams: 0,
      active_answers: 0,
      active_speech: 0,
      rejected: {},
      idle_timeouts: 0,
      commands_sent: 0,
      collect_buffers: 0,
      answer_engine: 'scripted',
      speech_engine: 'scripted',
      usage_store: 'ok',
      usage_store_error: null,
      memory: { remembered: 0, lost: 0, lookups_late: 0, lookups_failed: 0 },
      quota: 'off',
      totals: {
        streams_ended: 0,
        first_token_seconds: { count: 0, sum: 0, max: 0 },
        first_text_seconds: { count: 0, sum: 0, max: 0 },
        first_sound_seconds: { count: 0, sum: 0, max: 0 },
        answer_retries: 0,
        input_tokens: 0,
        output_tokens: 0,
        sentences: 0,
        sentences_spoken: 0,
        sentences_unspoken: 0,
        sentences_wasted: 0,
        speech_retries: 0,
        speech_chars: 0,
        audio_seconds: 0,
        wasted_audio_seconds: 0,
      },
      event_log: {
        open_files: 1,
        files_failed: 0,
        turns_dropped: 0,
        files_deleted: 0,
        deletions_failed: 0,
        lag_seconds: expect.any(Number),
      },
      uptime_seconds: expect.any(Number),
      version,
    });
  });

  test('uptime_seconds grows', async () => {
    const first = Number((await server.status()).uptime_seconds);
    expect(first).toBeGreaterThan(0);
    await eventually(
      async () => Number((await server.status()).uptime_seconds),
      (later) => later > first,
    );
  });

  test('another path is 404, another method 405, HEAD has no body', async () => {
    expect((await get('/')).status).toBe(404);
    expect((await get('/status/more')).status).toBe(404);
    expect((await get('/status', { method: 'POST', body: '{}' })).status).toBe(405);
    const head = await get('/status', { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
  });

  test('a client that breaks off in the middle of its request harms nobody', async () => {
    const broken = request({
      port: server.httpPort,
      path: '/status',
      method: 'POST',
      headers: { 'content-length': 9 },
    });
    broken.on('error', () => {});
    broken.write('half');
    await eventually(
      () => broken.socket?.connecting === false,
      (isConnected) => isConnected,
    );
    broken.destroy();
    expect((await get('/health')).status).toBe(200);
  });
});
