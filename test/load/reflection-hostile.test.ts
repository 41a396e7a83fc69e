/** Reflection is a door that stands open to all: floods, rubbish and readers who never read harm no stream and cost little. */
import { readFileSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { expectGoodEnd } from '../process/rpc/outcomes.ts';
import { framed, rawCall } from '../process/rpc/raw-call.ts';
import {
  askReflection,
  collect,
  createReflectionClient,
  reflectionVersions,
} from '../process/rpc/reflection-client.ts';
import { ask, connect, start, type TestClient } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { startStopwatch } from '../support/stopwatch.ts';

const SENTENCES = 40;
const CHUNKS = 3;
const words = Array.from({ length: SENTENCES }, (_, index) => `This is sentence number ${index}.`).join(' ');
const scenario = {
  answers: [
    // Two seconds of a stream, to have one beside every flood.
    { when: '^long', steps: words.split(/(?<= )/).flatMap((word) => [{ say: word }, { wait_ms: 10 }]) },
    { when: '', steps: [{ say: 'Good day.' }] },
  ],
  speech: { chunks_per_sentence: CHUNKS },
};
const REFLECTION_PATH = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
/** Floods take seconds, and many on a machine that does other work as well. */
const FLOOD_TIMEOUT_MS = 60_000;
const statuses = { ok: '0', invalidArgument: '3', resourceExhausted: '8', internal: '13' } as const;

let server: ServerProcess;
beforeAll(async () => {
  server = await startServerProcess({ scenario });
});

afterEach(async () => {
  const client = connect(server.grpcPort);
  expectGoodEnd(await ask(client, { prompt: 'hi' }));
  client.close();
  await eventually(
    () => server.status(),
    (status) => status.active_streams === 0 && status.in_flight === 0,
  );
  expect(server.process.exitCode).toBeNull();
  expect(server.logsOf('fault')).toEqual([]);
});

/** A long stream from before `disturb` to after it. */
async function expectUnharmedStreamBeside(disturb: () => Promise<void>): Promise<void> {
  const client: TestClient = connect(server.grpcPort);
  const running = start(client, { prompt: 'long' });
  await running.firstFrame;
  await disturb();
  const outcome = await running.outcome;
  expectGoodEnd(outcome);
  expect(outcome.text).toBe(words);
  expect(outcome.audioBytes).toBe(SENTENCES * CHUNKS * 4096);
  client.close();
}

test.each(reflectionVersions)(
  'a thousand quick calls to %s beside a stream are all answered',
  async (version) => {
    const ROUNDS = 10;
    const AT_ONCE = 100;
    await expectUnharmedStreamBeside(async () => {
      const client = createReflectionClient(server.grpcPort, version);
      for (let round = 0; round < ROUNDS; round += 1) {
        const calls = Array.from({ length: AT_ONCE }, () => askReflection(client, [{ list_services: '*' }]));
        const outcomes = await Promise.all(calls);
        expect(outcomes.filter(({ code, answers }) => code === 'OK' && answers.length === 1)).toHaveLength(AT_ONCE);
      }
      client.close();
    });
  },
  FLOOD_TIMEOUT_MS,
);

test(
  'a thousand calls that are cancelled before, while and after they are answered',
  async () => {
    const ROUNDS = 20;
    const AT_ONCE = 50;
    await expectUnharmedStreamBeside(async () => {
      for (let round = 0; round < ROUNDS; round += 1) {
        // A connection is cut by HTTP/2 itself after about a thousand cancels: that is between it and the client.
        const client = createReflectionClient(server.grpcPort, 'v1');
        const calls = Array.from({ length: AT_ONCE }, () => client.open());
        const outcomes = calls.map(collect);
        for (const [index, call] of calls.entries()) {
          call.write({ file_by_filename: 'streaming.proto' });
          call.write({ list_services: '*' });
          if (index % 3 === 0) call.cancel();
          else if (index % 3 === 1) call.once('data', () => call.cancel());
          else call.end();
        }
        const codes = (await Promise.all(outcomes)).map(({ code }) => code);
        expect(codes.filter((code) => code !== 'CANCELLED' && code !== 'OK')).toEqual([]);
        client.close();
      }
    });
  },
  FLOOD_TIMEOUT_MS,
);

test(
  'one call may ask ten thousand times',
  async () => {
    const client = createReflectionClient(server.grpcPort, 'v1');
    const ASKED = 10_000;
    const requests = Array.from({ length: ASKED }, (_, index) => ({ file_containing_symbol: `nobody.${index}` }));
    const { answers, code } = await askReflection(client, requests);
    expect(code).toBe('OK');
    expect(answers.map(({ original_request }) => original_request)).toMatchObject(requests);
    client.close();
  },
  FLOOD_TIMEOUT_MS,
);

test(
  'a client that asks and never reads costs a bounded amount of memory',
  async () => {
    const ASKED = 400_000;
    // Measured: 4 MB; without the bound, 173 MB.
    const MAX_GROWTH_BYTES = 40_000_000;
    const beforeBytes = server.residentBytes();

    const session = connectHttp2(`http://127.0.0.1:${server.grpcPort}`);
    session.on('error', () => {});
    const stream = session.request({
      ':method': 'POST',
      ':path': REFLECTION_PATH,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    stream.on('error', () => {});
    const started = new Promise((resolve) => stream.once('response', resolve));
    stream.write(Buffer.concat(Array.from({ length: ASKED }, () => framed(fileRequest('streaming.proto')))));
    await started;
    await comesToRest(server);
    expect(server.residentBytes() - beforeBytes).toBeLessThan(MAX_GROWTH_BYTES);
    session.destroy();
  },
  FLOOD_TIMEOUT_MS,
);

test.each([
  { title: 'rubbish', body: framed(Buffer.alloc(64, 0xff)), code: statuses.internal },
  { title: 'a length that breaks off', body: framed(Buffer.of(0x1a, 0x80)), code: statuses.internal },
  {
    title: 'a name of five thousand letters',
    body: framed(fileRequest('a'.repeat(5_000))),
    code: statuses.invalidArgument,
  },
  {
    title: 'a name of a million letters',
    body: framed(fileRequest('a'.repeat(1_000_000))),
    code: statuses.invalidArgument,
  },
  {
    title: 'a message said to have 4 GB',
    body: framed(Buffer.alloc(8), 0xffff_ffff),
    code: statuses.resourceExhausted,
  },
])('a call with $title ends with one status and no answer', async ({ body, code }) => {
  const { messages, statuses: seen } = await rawCall(server.grpcPort, body, { path: REFLECTION_PATH }).outcome;
  expect({ messages: messages.length, seen: seen.map((headers) => headers['grpc-status']) }).toEqual({
    messages: 0,
    seen: [code],
  });
});

test('what was asked before the rubbish is answered, nothing after it', async () => {
  const body = Buffer.concat([
    framed(fileRequest('streaming.proto')),
    framed(Buffer.alloc(64, 0xff)),
    framed(fileRequest('streaming.proto')),
  ]);
  const { messages, statuses: seen } = await rawCall(server.grpcPort, body, { path: REFLECTION_PATH }).outcome;
  expect(messages.length).toBeLessThanOrEqual(1);
  expect(seen.map((headers) => headers['grpc-status'])).toEqual([statuses.internal]);
});

test('a message without a wish is answered as one, a call without a message ends well', async () => {
  const empty = await rawCall(server.grpcPort, framed(Buffer.alloc(0)), { path: REFLECTION_PATH }).outcome;
  expect([empty.messages.length, empty.statuses.map((headers) => headers['grpc-status'])]).toEqual([1, [statuses.ok]]);
  const none = await rawCall(server.grpcPort, Buffer.alloc(0), { path: REFLECTION_PATH }).outcome;
  expect([none.messages.length, none.statuses.map((headers) => headers['grpc-status'])]).toEqual([0, [statuses.ok]]);
});

test('open calls do not keep a server that is told to stop', async () => {
  const stopped = await startServerProcess({ scenario });
  const clients = reflectionVersions.map((version) => createReflectionClient(stopped.grpcPort, version));
  const calls = clients.map((client) => client.open());
  const outcomes = calls.map(collect);
  for (const call of calls) {
    const answered = new Promise((resolve) => call.once('data', resolve));
    call.write({ list_services: '*' });
    await answered;
  }
  const elapsedMs = startStopwatch([stopped.process]);
  expect(await stopped.stop()).toBe(0);
  // The server closes by force after a second; the rest is room for a busy machine.
  expect(elapsedMs()).toBeLessThan(3_000);
  expect(await Promise.all(outcomes)).toMatchObject([{ answers: [{}] }, { answers: [{}] }]);
  for (const client of clients) client.close();
});

/** ServerReflectionRequest{file_by_filename}: field 3, length, text. */
function fileRequest(name: string): Buffer {
  const bytes = Buffer.from(name);
  const varint: number[] = [];
  for (let rest = bytes.length; ; rest >>= 7) {
    if (rest < 0x80) return Buffer.concat([Buffer.of(0x1a, ...varint, rest), bytes]);
    varint.push((rest & 0x7f) | 0x80);
  }
}

/** Resolves when the process sleeps and has used no processor time for a while: it has done all that it will do by itself. */
async function comesToRest({ process }: ServerProcess): Promise<void> {
  const REST_TICKS = 1;
  let before = activityOf(process.pid);
  await eventually(
    async () => {
      await new Promise((wake) => setTimeout(wake, 300));
      const now = activityOf(process.pid);
      // One that waits for a processor is runnable, not asleep.
      const isAtRest = now.isAsleep && before.isAsleep && now.ticks - before.ticks <= REST_TICKS;
      before = now;
      return isAtRest;
    },
    (isAtRest) => isAtRest,
    30_000,
  );
}

/** Whether the process waits for something to happen, and its processor time in ticks of 10 ms (proc(5), /proc/pid/stat). */
function activityOf(pid: number | undefined): { readonly isAsleep: boolean; readonly ticks: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field, the name in brackets, may hold anything; state is the third, utime and stime are 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { isAsleep: fields[0] === 'S', ticks: Number(fields[11]) + Number(fields[12]) };
}
