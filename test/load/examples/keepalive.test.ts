/** What docs/CLIENTS.md says about keepalive: a client that pings often is served, with either gRPC library. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import { StreamingServiceClient } from '../../../src/rpc/proto.ts';
import { start } from '../../support/client.ts';
import { makeStubs, requirePython } from '../../support/python/python-client.ts';
import { startServerProcess } from '../../support/server-process.ts';

const lacking = requirePython();

/** A server that enforces gRPC's default of one ping in 5 minutes ends the connection at the third. */
const PING_EVERY_MS = 20;
const NODE_SILENCE_MS = 2_000;
/** C-core sends at most one ping a second, whatever it is told. */
const PYTHON_SILENCE_MS = 5_000;
const scenarioWith = (silenceMs: number) => ({
  answers: [{ when: '', steps: [{ say: 'One is here. Two' }, { wait_ms: silenceMs }, { say: ' is here.' }] }],
  speech: { chunks_per_sentence: 1, chunk_bytes: 4096 },
});

test('a Node client that pings 50 times a second during a silence of 2 s gets its whole answer', async () => {
  const server = await startServerProcess({ scenario: scenarioWith(NODE_SILENCE_MS) });
  const client = new StreamingServiceClient(`127.0.0.1:${server.grpcPort}`, credentials.createInsecure(), {
    'grpc.keepalive_time_ms': PING_EVERY_MS,
    'grpc.keepalive_timeout_ms': 5_000,
    'grpc.use_local_subchannel_pool': 1,
  });
  const { code, text } = await start(client, { prompt: 'go' }).outcome;
  expect({ code, text }).toEqual({ code: 'OK', text: 'One is here. Two is here.' });
  client.close();
});

describe.skipIf(lacking !== null)('Python grpcio', () => {
  test('a client that pings as often as C-core can, once a second, gets its whole answer, too', async () => {
    const stubsDir = mkdtempSync(join(tmpdir(), 'recital-stubs-'));
    makeStubs(stubsDir);
    const server = await startServerProcess({ scenario: scenarioWith(PYTHON_SILENCE_MS) });
    const options = {
      'grpc.keepalive_time_ms': PING_EVERY_MS,
      'grpc.keepalive_timeout_ms': 5_000,
      'grpc.http2.max_pings_without_data': 0,
      'grpc.http2.min_time_between_pings_ms': PING_EVERY_MS,
      'grpc.http2.min_sent_ping_interval_without_data_ms': PING_EVERY_MS,
    };
    const script = [
      'import json, sys, grpc, streaming_pb2 as pb, streaming_pb2_grpc',
      'channel = grpc.insecure_channel(sys.argv[1], list(json.loads(sys.argv[2]).items()))',
      'stream = streaming_pb2_grpc.StreamingServiceStub(channel).StreamAudio(pb.StreamRequest(prompt="go"))',
      'print("".join(frame.text_chunk for frame in stream), stream.code().name)',
    ].join('\n');
    const child = spawn('/usr/bin/python3', ['-c', script, `127.0.0.1:${server.grpcPort}`, JSON.stringify(options)], {
      env: { PATH: process.env.PATH, PYTHONPATH: stubsDir, PYTHONDONTWRITEBYTECODE: '1' },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (part: string) => {
        output += part;
      });
    }
    await new Promise((resolve) => child.once('close', resolve));
    expect(output).toBe('One is here. Two is here. OK\n');
    rmSync(stubsDir, { recursive: true });
  });
});
