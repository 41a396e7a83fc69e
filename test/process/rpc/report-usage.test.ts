/** ReportUsage over the wire: what is refused, what "stored" means, and when it is served. */

import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { status as grpcStatus, Metadata, type ServiceError } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { UsageRequest } from '../../../src/rpc/generated/streaming/UsageRequest.ts';
import { ask, connect, start, type TestClient } from '../../support/client.ts';
import { makeFolder } from '../../support/end-of-file.ts';
import { eventually } from '../../support/eventually.ts';
import { runCli } from '../../support/run-cli.ts';
import { startServer } from '../../support/server.ts';
import { startServerProcess } from '../../support/server-process.ts';
import type { TestServer } from '../../support/test-server.ts';

type Outcome =
  | { readonly code: 'OK'; readonly success: boolean; readonly message: string }
  | { readonly code: string; readonly errorType: string | undefined; readonly details: string };

function report(client: TestClient, request: UsageRequest, deadlineMs = 20_000): Promise<Outcome> {
  return new Promise((resolve) => {
    const options = { deadline: Date.now() + deadlineMs };
    client.ReportUsage(request, new Metadata(), options, (error: ServiceError | null, response) => {
      if (error === null && response !== undefined) resolve({ code: 'OK', ...response });
      else {
        const errorType = error?.metadata.get('error-type')[0]?.toString();
        resolve({ code: grpcStatus[error?.code ?? 2] ?? '', errorType, details: error?.details ?? '' });
      }
    });
  });
}

interface Group {
  readonly kind: string;
  readonly [field: string]: unknown;
}

async function usageOf(dataDir: string, ...args: readonly string[]): Promise<Group[]> {
  const { stdout } = await runCli(['usage', '--json', ...args], { env: { DATA_DIR: dataDir } });
  return stdout
    .trim()
    .split('\n')
    .map((line): Group => JSON.parse(line));
}

const stored = { code: 'OK', success: true, message: 'Stored' };
const scenario = {
  answers: [
    { when: 'hang', steps: [{ say: 'One. Two. ' }, { hang: true }] },
    { when: '', steps: [{ usage: { input_tokens: 12, output_tokens: 5, model: 'm' } }, { say: 'Hello.' }] },
  ],
  speech: { chunks_per_sentence: 1 },
};

let dir: string;
let server: TestServer;
let client: TestClient;
beforeAll(async () => {
  dir = makeFolder('recital-usage-');
  server = await startServer({ scenario, env: { DATA_DIR: join(dir, 'main') } });
  client = connect(server.grpcPort);
});
afterAll(() => {
  client.close();
});

describe('a report', () => {
  test('is stored with everything it said, and read back by the command line while the server runs', async () => {
    const given = { hardware_id: 'laptop-7', session_id: 's-1', source: 'stt', model: 'модель' };
    expect(await report(client, { ...given, input_tokens: 2_147_483_647, output_tokens: 1 })).toEqual(stored);
    expect(await report(client, { ...given, input_tokens: 2_147_483_647 })).toEqual(stored);
    const [group, total] = await usageOf(join(dir, 'main'), '--hardware', 'laptop-7');
    const sums = { reports: 2, input_tokens: 4_294_967_294, output_tokens: 1 };
    const named = { hardware_id: 'laptop-7', reporter: 'client', source: 'stt', model: 'модель' };
    expect(group).toMatchObject({ kind: 'usage', ...named, ...sums });
    expect(Math.abs(Date.parse(String(group?.last)) - Date.now())).toBeLessThan(60_000);
    expect(total).toEqual({ kind: 'total', ...sums, unreadable: 0 });
  });

  test.each<UsageRequest>([
    { hardware_id: 'd', session_id: '' },
    { hardware_id: 'unknown' },
    { hardware_id: 'Unknown', session_id: 'UNKNOWN' },
    { hardware_id: '!'.repeat(128), session_id: '~'.repeat(128) },
    { hardware_id: 'd', source: 'я'.repeat(128), model: '🙂'.repeat(128) },
  ])('like %j is accepted', async (request) => {
    expect(await report(client, request)).toEqual(stored);
  });

  test('of no device is found under every way to write that', async () => {
    expect(await report(client, { hardware_id: 'UNKNOWN', source: 'nobody' })).toEqual(stored);
    const groups = await usageOf(join(dir, 'main'), '--hardware', 'UnKnown');
    expect(groups.map(({ source }) => source)).toContain('nobody');
  });

  test.each<[UsageRequest, string, string]>([
    [{}, 'invalid_hardware_id', 'hardware_id is required: "" names no device'],
    [{ hardware_id: ' \t' }, 'invalid_hardware_id', 'hardware_id is required: " \\t" names no device'],
    [{ hardware_id: 'a b' }, 'invalid_hardware_id', 'hardware_id "a b" must be 1 to 128 characters of 0x21 to 0x7E'],
    [{ hardware_id: 'd'.repeat(129) }, 'invalid_hardware_id', 'must be 1 to 128 characters'],
    [{ hardware_id: 'd', session_id: 'é' }, 'invalid_session_id', 'session_id "é" must be 1 to 128 characters'],
    [{ hardware_id: 'd', session_id: ' ' }, 'invalid_session_id', 'session_id " " must be 1 to 128 characters'],
    [{ hardware_id: 'd', input_tokens: -1 }, 'invalid_request', 'input_tokens -1 must be 0..2147483647'],
    [{ hardware_id: 'd', output_tokens: -7 }, 'invalid_request', 'output_tokens -7 must be 0..2147483647'],
    [{ hardware_id: 'd', source: 'x'.repeat(129) }, 'invalid_request', 'must have at most 128 characters'],
    [{ hardware_id: 'd', model: '🙂'.repeat(129) }, 'invalid_request', 'must have at most 128 characters'],
    [
      { hardware_id: 'd', source: 'a\u001b[2J' },
      'invalid_request',
      'source "a\\u001b[2J" must have no control characters',
    ],
    [{ hardware_id: 'd', model: 'a\u2028b' }, 'invalid_request', 'must have no control characters'],
  ])('like %j is INVALID_ARGUMENT/%s', async (request, errorType, details) => {
    expect(await report(client, request)).toEqual({
      code: 'INVALID_ARGUMENT',
      errorType,
      details: expect.stringContaining(details),
    });
  });

  test('that is refused is counted and not stored', async () => {
    const [before, { rejected }] = [await usageOf(join(dir, 'main')), await server.status()];
    await report(client, { hardware_id: 'd', input_tokens: -1 });
    expect(await usageOf(join(dir, 'main'))).toEqual(before);
    expect((await server.status()).rejected.invalid_request).toBe((rejected.invalid_request ?? 0) + 1);
  });

  test('of more than 16 MiB is RESOURCE_EXHAUSTED/request_too_large', async () => {
    const outcome = await report(client, { hardware_id: 'd', source: 'x'.repeat(17 * 1024 * 1024) });
    expect(outcome).toMatchObject({ code: 'RESOURCE_EXHAUSTED', errorType: 'request_too_large' });
  });

  test('whose client does not wait harms nothing', async () => {
    const call = client.ReportUsage({ hardware_id: 'gone' }, () => {});
    call.cancel();
    expect(await report(client, { hardware_id: 'd' }, 0)).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    expect(await report(client, { hardware_id: 'd' })).toEqual(stored);
    expect(server.logsOf('fault')).toEqual([]);
  });
});

test('the strict policy refuses the device "unknown", and still no session_id is needed', async () => {
  const strict = await startServer({ scenario, env: { IDENTITY_POLICY: 'strict' } });
  const its = connect(strict.grpcPort);
  expect(await report(its, { hardware_id: 'unknown' })).toMatchObject({ errorType: 'invalid_hardware_id' });
  expect(await report(its, { hardware_id: 'd' })).toEqual(stored);
  its.close();
  await strict.stop();
});

test('what the server itself used is recorded beside the stream, without a frame more', async () => {
  const outcome = await ask(client, { prompt: 'hi', hardware_id: 'asker' });
  expect(outcome.kinds).toEqual(['text_chunk', 'audio_chunk', 'end_message']);
  const [group] = await eventually(
    () => usageOf(join(dir, 'main'), '--hardware', 'asker'),
    (lines) => lines.length === 2,
  );
  const tokens = { input_tokens: 12, output_tokens: 5, reports: 1 };
  expect(group).toMatchObject({ reporter: 'server', source: 'answer', model: 'm', ...tokens });
});

test('what an answer used until its client left is recorded as well', async () => {
  const env = { DATA_DIR: join(dir, 'left'), ANSWER_ENGINE: 'embedded' };
  const embedded = await startServer({ scenario, env });
  const its = connect(embedded.grpcPort);
  const running = start(its, { prompt: `Repeat after me: One. ${'word '.repeat(190)}`, hardware_id: 'asker' });
  await running.firstFrame;
  running.call.cancel();
  const [group] = await eventually(
    () => usageOf(join(dir, 'left')),
    (lines) => lines.length === 2,
  );
  expect(group).toMatchObject({ reporter: 'server', model: 'recital-embedded', reports: 1, input_tokens: 194 });
  expect(Number(group?.output_tokens)).toBeGreaterThan(0);
  its.close();
  expect(await embedded.stop()).toBe(0);
});

test('when the data folder is deleted under a running server, no report is called stored that is not', async () => {
  const data = join(dir, 'deleted');
  const bereft = await startServer({ scenario, env: { DATA_DIR: data } });
  const its = connect(bereft.grpcPort);
  expect(await report(its, { hardware_id: 'before' })).toEqual(stored);
  rmSync(data, { recursive: true });
  const reason = 'the store cannot be written (its file was removed or replaced)';
  const outcome = await report(its, { hardware_id: 'd' });
  expect(outcome).toEqual({ code: 'OK', success: false, message: `Not stored: ${reason}` });
  expect(await bereft.status()).toMatchObject({ usage_store: 'failed', usage_store_error: reason });
  await eventually(
    () => report(its, { hardware_id: 'after' }),
    (each) => 'success' in each && each.success,
    20_000,
  );
  expect(await usageOf(data)).toMatchObject([{ hardware_id: 'after', reports: 1 }, { kind: 'total' }]);
  its.close();
  expect(await bereft.stop()).toBe(0);
});

test('a report is stored while streams run and while the server drains', async () => {
  const draining = await startServer({
    scenario,
    env: { DATA_DIR: join(dir, 'drain'), BACKPRESSURE_GRACE_PERIOD: '20' },
  });
  const its = connect(draining.grpcPort);
  const running = start(its, { prompt: 'hang' });
  await running.firstFrame;
  expect(await report(its, { hardware_id: 'd' })).toEqual(stored);
  draining.shutDown();
  await eventually(
    () => draining.logsOf('drain').length,
    (count) => count === 1,
  );
  expect(await report(its, { hardware_id: 'd' })).toEqual(stored);
  running.call.cancel();
  its.close();
  expect(await draining.exited).toBe(0);
  expect(await usageOf(join(dir, 'drain'))).toMatchObject([{ reports: 2 }, { kind: 'total' }]);
});

describe('a server that is killed', { timeout: 60_000 }, () => {
  test('has kept a report that it called stored', async () => {
    const data = join(dir, 'killed');
    const victim = await startServerProcess({ scenario, env: { DATA_DIR: data } });
    const its = connect(victim.grpcPort);
    expect(await report(its, { hardware_id: 'd', input_tokens: 7 })).toEqual(stored);
    victim.process.kill('SIGKILL');
    await victim.exited;
    its.close();
    expect(await usageOf(data)).toMatchObject([{ hardware_id: 'd', input_tokens: 7 }, { kind: 'total' }]);
  });

  test('in a storm of reports has kept all that it called stored, and the next one goes on with the same store', async () => {
    const data = join(dir, 'storm');
    const victim = await startServerProcess({ scenario, env: { DATA_DIR: data, LOG_LEVEL: 'error' } });
    const its = connect(victim.grpcPort);
    const acknowledged: number[] = [];
    let sent = 0;
    const storm = Array.from({ length: 20 }, async () => {
      for (let isUp = true; isUp; ) {
        sent += 1;
        const id = sent;
        const outcome = await report(its, { hardware_id: `d-${id}` });
        isUp = 'success' in outcome && outcome.success;
        if (isUp) acknowledged.push(id);
        if (acknowledged.length === 300) victim.process.kill('SIGKILL');
      }
    });
    await Promise.all(storm);
    its.close();
    expect(acknowledged.length).toBeGreaterThanOrEqual(300);
    const kept = new Set((await usageOf(data)).map(({ hardware_id }) => hardware_id));
    expect(acknowledged.filter((id) => !kept.has(`d-${id}`))).toEqual([]);

    const next = await startServer({ scenario, env: { DATA_DIR: data } });
    const again = connect(next.grpcPort);
    expect(await report(again, { hardware_id: 'after' })).toEqual(stored);
    again.close();
    await next.stop();
    expect(await usageOf(data, '--hardware', 'after')).toMatchObject([{ reports: 1 }, { kind: 'total' }]);
    expect((await usageOf(data)).length).toBeGreaterThanOrEqual(acknowledged.length + 2);
  });
});

describe('a store that cannot be opened', { timeout: 60_000 }, () => {
  test.each([['DATA_DIR is a file', (data: string) => writeFileSync(data, 'x')]])(
    '(%s) keeps no stream from running; reports are told, until it is mended',
    async (_why, spoil) => {
      const data = join(dir, 'spoilt');
      spoil(data);
      const broken = await startServer({ scenario, env: { DATA_DIR: data } });
      const its = connect(broken.grpcPort);
      const { state, health, last_error, usage_store, usage_store_error } = await broken.status();
      expect({ state, health, usage_store }).toEqual({ state: 'ready', health: 'degraded', usage_store: 'failed' });
      expect(last_error?.startsWith(`usage, memories and quotas are not stored: ${usage_store_error}`)).toBe(true);
      expect(usage_store_error).toBe('the store cannot be opened (ENOTDIR: not a directory)');
      const outcome = await report(its, { hardware_id: 'd' });
      expect(outcome).toEqual({ code: 'OK', success: false, message: `Not stored: ${usage_store_error}` });
      expect((await ask(its, { prompt: 'hi' })).code).toBe('OK');
      expect(broken.logsOf('store_failed')).toMatchObject([
        { level: 50, scope: 'store', ctx: { data_dir: data, reason: usage_store_error } },
      ]);

      rmSync(data);
      await eventually(
        () => report(its, { hardware_id: 'd' }),
        (each) => 'success' in each && each.success,
        20_000,
      );
      // The event logs, whose folder is in DATA_DIR, look for it by themselves.
      const mended = await eventually(broken.status, (each) => each.health === 'ok');
      expect(mended).toMatchObject({ usage_store: 'ok', usage_store_error: null });
      expect(existsSync(join(data, 'store', 'data.mdb'))).toBe(true);
      its.close();
      expect(await broken.stop()).toBe(0);
    },
  );
});
