/**
 * Streams whose every byte tells whose it is and where it stands: the wire (rpc and outbox) over a stand-in for the streams, and a client
 * that knows what has to come. Sound is counted on from a seed, a stream its own.
 */
import { type ClientReadableStream, Metadata, status } from '@grpc/grpc-js';
import { onTestFinished } from 'vitest';
import { createOutbox, type Outbox } from '../../src/actors/outbox/outbox.ts';
import { assert } from '../../src/assert.ts';
import type { FrameSink, StreamGateway } from '../../src/call/gateway.ts';
import { loadConfig } from '../../src/config.ts';
import { failure } from '../../src/errors.ts';
import type { StreamResponse__Output } from '../../src/rpc/generated/streaming/StreamResponse.ts';
import { createGrpcServer } from '../../src/rpc/server.ts';
import { connect, type TestClient } from './client.ts';
import { ownTimeOf } from './own-time.ts';

/** A full chunk, which goes by a template, and others, which don't: of a few bytes, and of more than a batch holds. */
const chunkBytes = [4096, 4096, 4096, 4096, 10, 4096, 4096, 2048, 4096, 60_000] as const;

/** The sound of one stream from its byte `at`, which is even. */
function soundOf(seed: number, at: number, bytes: number): Uint8Array {
  const words = new Uint16Array(bytes / 2);
  for (let index = 0; index < words.length; index += 1) {
    words[index] = Math.imul(seed + 1, 40_503) + Math.imul(at / 2 + index, 2_654_435) + (at >>> 16);
  }
  return new Uint8Array(words.buffer);
}

async function speak(outbox: Outbox, seed: number, chunks: number): Promise<void> {
  let at = 0;
  for (let chunk = 0; chunk < chunks; chunk += 1) {
    const bytes = chunkBytes[(chunk + seed) % chunkBytes.length] ?? 0;
    if (chunk % 10 === 0) outbox.push({ kind: 'text', text: `${seed}:${chunk} ` });
    outbox.push({ kind: 'audio', bytes: soundOf(seed, at, bytes) });
    at += bytes;
    if (!outbox.hasRoom()) await new Promise<void>((wake) => outbox.onceRoom(wake));
  }
  outbox.push({ kind: 'end', message: String(at) });
}

/** Speaks a prompt "SEED CHUNKS". */
function open(prompt: string, sink: FrameSink) {
  const [seed = 0, chunks = 0] = prompt.split(' ').map(Number);
  const outbox = createOutbox({
    sink,
    maxFramesPerSecond: 0,
    now: () => performance.now(),
    notify: () => sink.finish({ ok: true }),
    commandSent: () => {},
    handoverFailed: (error) => {
      throw error;
    },
  });
  void speak(outbox, seed, chunks);
  return { cancel: () => outbox.discard() };
}

/** Starts the wire; stopped with the test. Returns its port. */
async function startWire(): Promise<number> {
  const config = loadConfig({ env: { GRPC_PORT: '0' }, readFile: () => '' });
  const unavailable = failure('overloaded', 'only streams are spoken here');
  const gateway: StreamGateway = {
    open: ({ prompt }, sink) => open(prompt, sink),
    openWelcome: () => unavailable,
    collect: (_chunk, answer) => answer(unavailable),
    refuse: (_call, refused) => refused,
    interrupt: () => Promise.reject(new Error('only streams are spoken here')),
  };
  const usage = { record: () => Promise.resolve({ stored: false, reason: 'only streams are spoken here' } as const) };
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, announce: () => {} };
  const server = createGrpcServer({ config, gateway, usage, log, ownTime: ownTimeOf() });
  onTestFinished(() => server.close(0));
  return server.listen();
}

export interface OwnSoundLoad {
  readonly streams: number;
  readonly connections: number;
  readonly chunks: number;
}

/** What became of all streams, and the first thing that was wrong. */
export interface OwnSoundOutcome {
  readonly whole: number;
  readonly cancelled: number;
  readonly audioBytes: number;
  readonly wrong: readonly string[];
}

/** How a client of the load behaves, by the number of its stream: every third cancels, every third pauses, every third reads on. */
const PAUSE_MS = 25;

/** One call: every byte that comes is looked at. */
function hear(client: TestClient, seed: number, chunks: number, note: (wrong: string) => void): Promise<Heard> {
  const call = client.StreamAudio({ prompt: `${seed} ${chunks}`, hardware_id: `own-${seed}` }, new Metadata());
  const cancelsAt = seed % 3 === 0 ? 1 + (seed % chunks) : Number.POSITIVE_INFINITY;
  let [at, chunk, isWhole] = [0, 0, false];
  const wrong = (what: string): void => note(`stream ${seed}, chunk ${chunk}, byte ${at}: ${what}`);
  call.on('data', (frame: StreamResponse__Output) => {
    if (frame.audio_chunk) {
      const { audio_data: heard } = frame.audio_chunk;
      if (!heard.equals(soundOf(seed, at, heard.length))) wrong(`${heard.length} bytes of something else`);
      if (heard.length !== chunkBytes[(chunk + seed) % chunkBytes.length]) wrong(`${heard.length} bytes`);
      at += heard.length;
      chunk += 1;
      if (chunk === cancelsAt) call.cancel();
      else if (seed % 3 === 1 && chunk % 20 === 7) pauseFor(call, PAUSE_MS);
    } else if (frame.end_message !== undefined) isWhole = frame.end_message === String(at) && chunk === chunks;
    else if (frame.text_chunk !== `${seed}:${chunk} `) wrong(`text ${frame.text_chunk}`);
  });
  return new Promise((resolve) => {
    const end = (ended: string): void => {
      if (!isWhole && !ended.startsWith(`${status.CANCELLED} `)) wrong(`ended with ${ended}`);
      resolve({ audioBytes: at, isWhole });
    };
    call.on('error', () => {});
    call.on('status', ({ code, details }) => {
      if (code === status.CANCELLED && chunk < cancelsAt) wrong('cancelled by somebody else');
      // A status of OK is told before what a pause holds back is read.
      if (code !== status.OK || call.readableEnded) end(`${code} ${details}`);
      else call.on('end', () => end('0 OK'));
    });
  });
}

interface Heard {
  readonly audioBytes: number;
  readonly isWhole: boolean;
}

function pauseFor(call: ClientReadableStream<StreamResponse__Output>, ms: number): void {
  call.pause();
  setTimeout(() => call.resume(), ms);
}

/** Speaks `streams` streams at once over so many connections, and compares every byte. */
export async function hearOwnSound({ streams, connections, chunks }: OwnSoundLoad): Promise<OwnSoundOutcome> {
  const port = await startWire();
  const clients = Array.from({ length: connections }, () => connect(port));
  const wrong: string[] = [];
  const note = (what: string): void => {
    wrong.push(what);
  };
  const heard = await Promise.all(
    Array.from({ length: streams }, (_, seed) => {
      const client = clients[seed % connections];
      assert(client !== undefined, 'a load has connections');
      return hear(client, seed, chunks, note);
    }),
  );
  for (const client of clients) client.close();
  const whole = heard.filter(({ isWhole }) => isWhole).length;
  const audioBytes = heard.reduce((sum, call) => sum + call.audioBytes, 0);
  return { whole, cancelled: streams - whole, audioBytes, wrong: wrong.slice(0, 5) };
}
