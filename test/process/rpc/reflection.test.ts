/**
 * What tools learn from the open port, by grpc.reflection v1 and v1alpha. buf curl speaks v1; grpcurl is not there to be run, and
 * its older versions ask for v1alpha alone: the client written out in reflection-client.ts stands for them.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runBuf, whatBufLacks } from '../../support/buf.ts';
import { startServer } from '../../support/server.ts';
import type { TestServer } from '../../support/test-server.ts';
import {
  askReflection,
  collect,
  createReflectionClient,
  type ReflectionAnswer,
  type ReflectionClient,
  type ReflectionRequest,
  reflectionVersions,
} from './reflection-client.ts';

const scenario = {
  answers: [
    { when: 'safari', steps: [{ say: 'Gladly.' }, { command: { command: 'open_app', args: { app_name: 'Safari' } } }] },
    { when: '', steps: [{ say: 'Good day.' }] },
  ],
  speech: { chunks_per_sentence: 1, chunk_bytes: 8 },
};
/** Everything that the port serves. */
const services = [
  'grpc.health.v1.Health',
  'grpc.reflection.v1.ServerReflection',
  'grpc.reflection.v1alpha.ServerReflection',
  'streaming.StreamingService',
];

let server: TestServer;
let dir: string;
beforeAll(async () => {
  server = await startServer({ scenario });
  dir = mkdtempSync(join(tmpdir(), 'recital-reflection-'));
});
afterAll(() => {
  rmSync(dir, { recursive: true, force: true });
  expect(server.logsOf('fault')).toEqual([]);
});

describe.each(reflectionVersions)('grpc.reflection.%s', (version) => {
  let client: ReflectionClient;
  beforeAll(() => {
    client = createReflectionClient(server.grpcPort, version);
  });
  afterAll(() => client.close());

  async function answerTo(request: ReflectionRequest): Promise<ReflectionAnswer> {
    const { answers, code } = await askReflection(client, [request]);
    expect({ answers: answers.length, code }).toEqual({ answers: 1, code: 'OK' });
    const [answer] = answers;
    if (answer === undefined) throw new Error('no answer');
    return answer;
  }

  test('lists every service of the port', async () => {
    const { list_services_response } = await answerTo({ list_services: '*' });
    expect(list_services_response?.service.map(({ name }) => name).toSorted()).toEqual(services);
  });

  test.each<ReflectionRequest>([
    { file_containing_symbol: 'streaming.StreamingService' },
    { file_containing_symbol: 'streaming.StreamingService.StreamAudio' },
    { file_containing_symbol: 'streaming.StreamRequest' },
    { file_containing_symbol: 'streaming.RequestPhase' },
    { file_by_filename: 'streaming.proto' },
  ])('gives the contract for %j', async (request) => {
    const { file_descriptor_response, original_request } = await answerTo(request);
    expect(original_request).toMatchObject(request);
    const files = file_descriptor_response?.file_descriptor_proto ?? [];
    expect(files).toHaveLength(1);
    expect(files[0]?.includes('GenerateWelcomeAudio')).toBe(true);
  });

  test('gives a file together with what it imports', async () => {
    const { file_descriptor_response } = await answerTo({ file_containing_symbol: 'google.rpc.ErrorInfo' });
    const files = file_descriptor_response?.file_descriptor_proto.map((file) => file.toString('latin1')) ?? [];
    const names = ['google/rpc/status.proto', 'google/protobuf/any.proto', 'google/protobuf/duration.proto'];
    expect(files).toHaveLength(names.length);
    // A file begins with its name: field 1, length, text.
    for (const name of names) expect(files.some((file) => file.startsWith(name, 2))).toBe(true);
  });

  test.each<ReflectionRequest>([
    { file_containing_symbol: 'streaming.Nothing' },
    { file_containing_symbol: '' },
    { file_containing_symbol: '.' },
    { file_containing_symbol: 'streaming.StreamRequest\u0000' },
    { file_containing_symbol: 'constructor' },
    { file_containing_symbol: '__proto__' },
    { file_by_filename: 'nothing.proto' },
    { file_by_filename: '../package.json' },
    { file_by_filename: 'toString' },
    { all_extension_numbers_of_type: 'streaming.Nothing' },
    { all_extension_numbers_of_type: 'hasOwnProperty' },
    { file_containing_extension: { containing_type: 'streaming.StreamRequest', extension_number: 7 } },
    { file_containing_extension: { containing_type: '__proto__', extension_number: -1 } },
  ])('answers %j with NOT_FOUND', async (request) => {
    const answer = await answerTo(request);
    expect(answer.error_response?.error_code).toBe(status.NOT_FOUND);
    expect(answer.file_descriptor_response).toBeUndefined();
  });

  test('answers a request for nothing with UNIMPLEMENTED', async () => {
    expect((await answerTo({ host: 'localhost' })).error_response?.error_code).toBe(status.UNIMPLEMENTED);
  });

  test('goes on after an error, in order, and ends well when the client has no more', async () => {
    const asked: ReflectionRequest[] = [
      { file_containing_symbol: 'streaming.Nothing' },
      { list_services: '' },
      { file_by_filename: 'health/v1/health.proto' },
    ];
    const { answers, code } = await askReflection(client, asked);
    expect(code).toBe('OK');
    expect(answers.map(({ original_request }) => original_request)).toMatchObject(asked);
    expect(answers.map((answer) => Object.keys(answer).at(-1))).toEqual([
      'error_response',
      'list_services_response',
      'file_descriptor_response',
    ]);
  });

  test('a call without a request ends well', async () => {
    expect(await askReflection(client, [])).toEqual({ answers: [], code: 'OK', errorType: null });
  });

  test('a name longer than any ends the call with INVALID_ARGUMENT/invalid_request', async () => {
    const outcome = await askReflection(client, [{ file_containing_symbol: 'a'.repeat(5_000) }]);
    expect(outcome).toEqual({ answers: [], code: 'INVALID_ARGUMENT', errorType: 'invalid_request' });
  });

  test('an open call takes no slot', async () => {
    const call = client.open();
    const outcome = collect(call);
    const answered = new Promise((resolve) => call.once('data', resolve));
    call.write({ list_services: '*' });
    await answered;
    expect(await server.status()).toMatchObject({ active_streams: 0, in_flight: 0 });
    call.cancel();
    expect((await outcome).code).toBe('CANCELLED');
  });
});

const lacking = whatBufLacks();

describe.skipIf(lacking !== null)(`buf curl${lacking === null ? '' : ` (${lacking})`}`, () => {
  const curl = (path: string, ...args: string[]) =>
    runBuf([
      'curl',
      '--protocol',
      'grpc',
      '--http2-prior-knowledge',
      `http://127.0.0.1:${server.grpcPort}${path}`,
      ...args,
    ]);
  const call = (rpc: string, request: object) =>
    curl(`/streaming.StreamingService/${rpc}`, '-d', JSON.stringify(request));
  /** Messages come one after the other, each over several lines. */
  const messagesIn = (stdout: string): unknown[] => JSON.parse(`[${stdout.trim().replaceAll('\n}\n{', '\n},\n{')}]`);

  test('lists the services and their methods', async () => {
    expect(await curl('', '--list-services')).toEqual({ exitCode: 0, stdout: `${services.join('\n')}\n`, stderr: '' });
    const { stdout } = await curl('', '--list-methods');
    const ours = stdout.split('\n').filter((line) => line.startsWith('streaming.'));
    expect(ours).toEqual([
      'streaming.StreamingService/GenerateWelcomeAudio',
      'streaming.StreamingService/InterruptSession',
      'streaming.StreamingService/ReportUsage',
      'streaming.StreamingService/StreamAudio',
    ]);
  });

  test('calls InterruptSession', async () => {
    const { exitCode, stdout } = await call('InterruptSession', { hardware_id: 'd' });
    expect({ exitCode, said: messagesIn(stdout) }).toEqual({
      exitCode: 0,
      said: [{ success: true, message: 'No running stream' }],
    });
  });

  test('calls StreamAudio: the whole stream, field by field', async () => {
    const request = { prompt: 'safari', session_id: 'buf-1', phase: 'REQUEST_PHASE_COMMIT', screen_width: 800 };
    const { exitCode, stdout, stderr } = await call('StreamAudio', request);
    const action = { command: 'open_app', args: { app_name: 'Safari' }, session_id: 'buf-1' };
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(messagesIn(stdout)).toEqual([
      { textChunk: 'Gladly.' },
      { audioChunk: { audioData: expect.any(String), dtype: 'int16', sampleRate: 48_000, channels: 1 } },
      { actionMessage: { actionJson: JSON.stringify(action), sessionId: 'buf-1' } },
      { endMessage: 'COMPLETED' },
    ]);
  });

  test('shows an error with its ErrorInfo', async () => {
    const { exitCode, stdout, stderr } = await call('StreamAudio', { prompt: ' ' });
    // buf curl exits with the gRPC code, shifted by three bits.
    expect(exitCode).toBe(status.INVALID_ARGUMENT << 3);
    const [frame] = messagesIn(stdout);
    const shown: { code: string; message: string; details: { type: string; value: string }[] } = JSON.parse(stderr);
    expect(frame).toEqual({ errorMessage: shown.message });
    expect(shown).toMatchObject({ code: 'invalid_argument', details: [{ type: 'google.rpc.ErrorInfo' }] });
    expect(Buffer.from(shown.details[0]?.value ?? '', 'base64').toString('latin1')).toContain('EMPTY_PROMPT');
  });

  test('calls the health service', async () => {
    const { exitCode, stdout } = await curl('/grpc.health.v1.Health/Check');
    expect({ exitCode, said: messagesIn(stdout) }).toEqual({ exitCode: 0, said: [{ status: 'SERVING' }] });
  });

  test('knows what the contract does not have', async () => {
    const method = await call('Nothing', {});
    expect({ exitCode: method.exitCode, said: method.stderr }).toMatchObject({
      exitCode: 1,
      said: expect.stringContaining('no such method'),
    });
    expect((await call('StreamAudio', { words: 'hi' })).stderr).toContain('unknown field "words"');
  });

  test.each(reflectionVersions)('reflection %s describes proto/streaming.proto to the last flag', async (version) => {
    const client = createReflectionClient(server.grpcPort, version);
    const { answers } = await askReflection(client, [{ file_by_filename: 'streaming.proto' }]);
    client.close();
    const files = answers[0]?.file_descriptor_response?.file_descriptor_proto ?? [];
    const reflected = join(dir, `${version}.binpb`);
    writeFileSync(reflected, Buffer.concat(files.flatMap((file) => [lengthPrefix(file.length), file])));
    // An independent reader for both: a file that it can't link, or reads differently, is another contract.
    const [known, told] = await Promise.all([descriptorOf('proto'), descriptorOf(reflected)]);
    expect(known).toContain('proto3Optional');
    expect(JSON.parse(told)).toEqual(JSON.parse(known));
  });

  /** streaming.proto out of `input`, as JSON. */
  async function descriptorOf(input: string): Promise<string> {
    const args = [
      '--as-file-descriptor-set',
      '--exclude-source-info',
      '--exclude-imports',
      '--type',
      services.at(-1) ?? '',
    ];
    const { stdout, stderr, exitCode } = await runBuf(['build', input, ...args, '-o', '-#format=json']);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    return stdout;
  }

  /** Tag 1 with a length: how a file stands in a FileDescriptorSet. */
  function lengthPrefix(length: number): Buffer {
    const varint: number[] = [];
    for (let rest = length; ; rest = Math.floor(rest / 128)) {
      if (rest < 128) return Buffer.from([0x0a, ...varint, rest]);
      varint.push((rest % 128) + 128);
    }
  }
});
