/** CONTRACT §8, /metrics: every family, after calls of every fate, with one process and with two workers; read by a checker that is not ours. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { ask, connect, start } from '../../support/client.ts';
import { eventually } from '../../support/eventually.ts';
import { startServer } from '../../support/server.ts';
import type { TestServer } from '../../support/test-server.ts';
import { pidOfWorker, serveWithTwo, twoClients, workersOf } from '../../support/workers.ts';

const scenario = {
  answers: [
    { when: '^hang', steps: [{ say: 'One is here. ' }, { hang: true }] },
    { when: '^fail', steps: [{ fail: { error_code: 'ANSWER_UNAVAILABLE', message: 'away' } }] },
    { when: '^open', steps: [{ command: { command: 'open_app', args: { app_name: 'Safari' } } }] },
    { when: '', steps: [{ say: 'One is said. Two is said.' }] },
  ],
  speech: { chunks_per_sentence: 2 },
};

/** Values by the whole name of the sample, labels included. */
type Samples = ReadonlyMap<string, number>;

async function scrape({ httpPort }: TestServer): Promise<{ readonly text: string; readonly samples: Samples }> {
  const response = await fetch(`http://127.0.0.1:${httpPort}/metrics`);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  const text = await response.text();
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const samples = new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]));
  expect(samples.size).toBe(lines.length);
  return { text, samples };
}

/** Name and type of each family that is ours. */
function familiesIn(text: string): Readonly<Record<string, string>> {
  const types = [...text.matchAll(/^# TYPE (recital_\w+) (\w+)$/gm)];
  return Object.fromEntries(types.map(([, name = '', type = '']) => [name, type]));
}

const rows = readFileSync(new URL('../../../docs/METRICS.md', import.meta.url), 'utf8').matchAll(
  /^\| `(recital_\w+)` \| (\w+) \|/gm,
);
const documented = Object.fromEntries([...rows].map(([, name = '', type = '']) => [name, type]));

test('tells of calls of every fate, and of nobody’s ids', async () => {
  const server = await startServer({ scenario, env: { BACKPRESSURE_MAX_STREAMS: '3' } });
  const client = connect(server.grpcPort);
  const before = await scrape(server);
  expect(familiesIn(before.text)).toEqual(documented);
  const ids = { session_id: 'canary-session-7f3a', hardware_id: 'canary-device-91bc' };
  const hanging = start(client, { prompt: 'hang canary-prompt', ...ids });
  await hanging.firstFrame;
  expect((await ask(client, { prompt: 'twice', ...ids })).errorType).toBe('concurrent_request');
  expect((await ask(client, { prompt: '' })).errorType).toBe('empty_prompt');
  const failed = await ask(client, { prompt: 'fail' });
  expect(failed.code).toBe('INTERNAL');
  expect((await ask(client, { prompt: 'open it' })).code).toBe('OK');
  for (let call = 0; call < 2; call += 1) expect((await ask(client, { prompt: 'hello' })).code).toBe('OK');
  const { samples } = await scrape(server);
  const seen = (name: string) => samples.get(name);
  expect(seen('recital_streams_active')).toBe(1);
  expect(seen('recital_admissions_total{result="admitted"}')).toBe(5);
  expect(seen('recital_admissions_total{result="refused"}')).toBe(2);
  expect(seen('recital_refusals_total{error_type="concurrent_request"}')).toBe(1);
  expect(seen('recital_refusals_total{error_type="empty_prompt"}')).toBe(1);
  expect(seen('recital_single_flight_rejections_total')).toBe(1);
  expect(seen('recital_sessions_total{method="StreamAudio",reason="completed"}')).toBe(3);
  expect(seen(`recital_sessions_total{method="StreamAudio",reason="${failed.errorType}"}`)).toBe(1);
  expect(seen('recital_time_to_first_audio_seconds_count')).toBe(2);
  expect(seen('recital_session_duration_seconds_count')).toBe(4);
  expect(seen('recital_session_duration_seconds_bucket{le="+Inf"}')).toBe(4);
  expect(seen('recital_frames_total{kind="end"}')).toBe(3);
  expect(seen('recital_frames_total{kind="action"}')).toBe(1);
  expect(seen('recital_frames_total{kind="audio"}')).toBe(10);
  expect(seen('recital_engine_calls_total{engine="answer",provider="scripted",result="ok"}')).toBe(3);
  expect(seen('recital_engine_calls_total{engine="answer",provider="scripted",result="failed"}')).toBe(1);
  expect(seen('recital_engine_calls_total{engine="speech",provider="scripted",result="ok"}')).toBe(5);
  expect(seen('recital_engine_call_seconds_count{engine="speech"}')).toBe(5);
  expect(seen('recital_queue_depth{queue="answers"}')).toBe(1);
  expect(seen('recital_workers')).toBe(1);
  expect(seen('recital_fleet_up')).toBe(0);
  expect(seen('process_resident_memory_bytes')).toBeGreaterThan(1e7);
  hanging.call.cancel();
  await eventually(
    () => scrape(server),
    (now) =>
      now.samples.get('recital_sessions_total{method="StreamAudio",reason="client_cancelled"}') === 1 &&
      now.samples.get('recital_engine_calls_total{engine="answer",provider="scripted",result="aborted"}') === 1 &&
      now.samples.get('recital_streams_active') === 0,
  );
  expect((await scrape(server)).text).not.toMatch(/canary/);
  client.close();
  expect(await server.stop()).toBe(0);
});

test('with workers it is the sum of them, and what a killed one counted is not lost', async () => {
  const server = await serveWithTwo({ scenario });
  const clients = await twoClients(server);
  for (const client of clients) expect((await ask(client, { prompt: 'hello' })).code).toBe('OK');
  const completed = 'recital_sessions_total{method="StreamAudio",reason="completed"}';
  const both = await eventually(
    () => scrape(server),
    ({ samples }) => samples.get(completed) === 2,
  );
  expect(both.samples.get('recital_workers')).toBe(2);
  expect(both.samples.get('recital_admissions_total{result="admitted"}')).toBe(2);
  expect(both.samples.get('recital_frames_total{kind="audio"}')).toBe(8);
  // Three processes.
  expect(both.samples.get('process_resident_memory_bytes')).toBeGreaterThan(1e8);
  process.kill(await pidOfWorker(server, 1), 'SIGKILL');
  await eventually(
    () => workersOf(server),
    (workers) => workers.every(({ state }) => state === 'up') && workers.some(({ restarts }) => restarts === 1),
  );
  expect((await scrape(server)).samples.get(completed)).toBe(2);
  expect(await server.stop()).toBe(0);
});

const hasChecker = spawnSync('promtool', ['--version']).error === undefined;
if (!hasChecker && process.env.CI === 'true') throw new Error('promtool is missing: apt-get install prometheus');

test.skipIf(!hasChecker).each([
  ['one process', () => startServer({ scenario })],
  ['two workers', () => serveWithTwo({ scenario })],
] as const)(
  'Prometheus’ own checker finds nothing wrong with %s (apt-get install prometheus has it)',
  async (_, begin) => {
    const server = await begin();
    const client = connect(server.grpcPort);
    // The first one begins to watch the event loop, whose figures are there in the second.
    for (let round = 0; round < 2; round += 1) {
      expect((await ask(client, { prompt: 'hello' })).code).toBe('OK');
      const { text } = await scrape(server);
      const { stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
      // It does not like three names of prom-client's own.
      const lines = `${stdout}${stderr}`.split('\n');
      expect(lines.filter((line) => line !== '' && !/^nodejs_active_\w+_total /.test(line))).toEqual([]);
      expect(text).not.toMatch(/ (?:null|undefined)$/m);
    }
    client.close();
    expect(await server.stop()).toBe(0);
  },
);

test.skipIf(!hasChecker)(
  'the alert rules of ops are sound, each fires where it should, and they ask for nothing that is not told',
  () => {
    const folder = fileURLToPath(new URL('../../../ops/prometheus', import.meta.url));
    const run = (...args: readonly string[]) => spawnSync('promtool', args, { cwd: folder, encoding: 'utf8' });
    for (const { status, stdout, stderr } of [
      run('check', 'rules', 'alerts.yaml'),
      run('test', 'rules', 'alerts.test.yaml'),
    ]) {
      expect({ status, said: status === 0 ? '' : `${stdout}${stderr}` }).toEqual({ status: 0, said: '' });
    }
    const rules = readFileSync(`${folder}/alerts.yaml`, 'utf8');
    const alerts = [...rules.matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
    const tested = [...readFileSync(`${folder}/alerts.test.yaml`, 'utf8').matchAll(/alertname="(\w+)"/g)].map(
      ([, name]) => name,
    );
    expect(tested).toEqual(alerts);
    const asked = [...rules.matchAll(/expr: (.*)/g)].flatMap(([, expr = '']) => expr.match(/recital_\w+/g) ?? []);
    expect(asked.length).toBeGreaterThan(alerts.length);
    expect(asked.filter((name) => documented[name.replace(/_bucket$/, '')] === undefined)).toEqual([]);
  },
);
