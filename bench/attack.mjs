// npm run bench:attack: requests that no client makes, from a seed (--seed N repeats them). First in this process, through the decoder and
// the checks of a request; then against a real server, each attack by itself, while a good client in a process of its own makes a small call
// every 20 ms. Told of each: how often it was tried, what came back, the good client's p50 and p99, the largest resident memory of the server's
// processes, and slots afterwards. Ends with 1 where something was thrown, a fault was logged, a slot was not given back, the server ended, or
// the good client was refused or kept waiting; OVERLOAD=off tells waits where the machine has other work than this.
// --decodes 1000000, --streams 100000 (mutated requests through a socket), --only NAME,NAME; --quiet leaves the good client out.
import { fork } from 'node:child_process';
import { connect as connectHttp2, constants } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { count, Trial, told } from './harness/trial.mjs';
import { percentile } from './measure.mjs';
import { createChance, mutatedFrame, mutatedRequest } from './mutations.mjs';

const { values: options } = parseArgs({
  options: {
    seed: { type: 'string' },
    decodes: { type: 'string', default: '1000000' },
    streams: { type: 'string', default: '100000' },
    only: { type: 'string', default: '' },
    quiet: { type: 'boolean', default: false },
  },
});
const trial = new Trial(options.seed);
const streams = Number(options.streams);
const here = (file) => fileURLToPath(new URL(file, import.meta.url));
const { streamingService } = await import('../dist/rpc/proto.js');
const { checkStreamRequest } = await import('../dist/rpc/streaming-rpcs.js');
const { identify } = await import('../dist/rpc/identity.js');
const encode = streamingService.StreamAudio.requestSerialize;
const PATH = '/streaming.StreamingService/StreamAudio';
const SCREENSHOT_MAX_BYTES = 10_485_760;
/** Calls at once on one connection, and connections at once. */
const AT_ONCE = 50;
const CONNECTIONS = 4;
/** Of a good client's small calls beside an attack; where nothing happens, 'nothing' tells what the machine takes. */
const MAX_GOOD_P99_MS = 250;
const NOTHING_MS = 5_000;
/** A call that is never complete is given up by the attacker; any other one is answered long before. */
const INCOMPLETE_MS = 500;
const GIVE_UP_MS = 20_000;

console.log(`seed ${trial.seed}`);
decode(Number(options.decodes));

/** What the decoder refuses, grpc-js answers; behind it nothing may throw. */
function decode(requests) {
  const chance = createChance(trial.seed);
  const seen = new Map();
  for (let index = 0; index < requests; index += 1) {
    const bytes = mutatedRequest(chance, encode);
    let given;
    try {
      given = streamingService.StreamAudio.requestDeserialize(bytes);
    } catch {
      count(seen, 'not decodable');
      continue;
    }
    try {
      const { call, failure } = identify.StreamAudio(chance.of(['lenient', 'device', 'strict']), given);
      const checked = failure ?? checkStreamRequest(call, given, { screenshotMaxBytes: SCREENSHOT_MAX_BYTES });
      count(seen, 'errorCode' in checked ? `${checked.errorCode} ${checked.errorType}` : 'accepted');
    } catch (error) {
      trial.found(`the check of ${bytes.toString('base64')} threw ${error}`);
    }
  }
  console.log(`in process: ${requests} requests`);
  for (const line of told(seen)) console.log(`  ${line}`);
}

function headersOf(chance) {
  const headers = { ':method': 'POST', ':path': PATH, te: 'trailers', 'content-type': 'application/grpc' };
  switch (chance.below(20)) {
    case 0:
      return { ...headers, 'content-type': chance.of(['application/json', 'application/grpc+json', 'x']) };
    case 1:
      return { ...headers, 'grpc-encoding': chance.of(['gzip', 'deflate', 'snail', '']) };
    case 2:
      return { ...headers, 'grpc-timeout': chance.of(['0n', 'soon', '99999999H', '-1S']) };
    case 3:
      return { ...headers, ':path': chance.of(['/', '/streaming.StreamingService/', `${PATH}x`, '/x/y']) };
    case 4:
      return { ...headers, 'x-filler': 'x'.repeat(chance.below(60_000)) };
    default:
      return headers;
  }
}

/** Calls over HTTP/2 that `make` writes; each is counted by how it ended. */
async function calls(port, seen, tries, make) {
  let left = tries;
  const lane = async () => {
    while (left > 0) {
      const session = connectHttp2(`http://127.0.0.1:${port}`);
      session.on('error', () => {});
      const callers = Array.from({ length: AT_ONCE }, async () => {
        while (left > 0 && !session.destroyed && !session.closed) {
          left -= 1;
          count(seen, await oneCall(session, make));
        }
      });
      await Promise.all(callers);
      session.destroy();
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, lane));
}

function oneCall(session, make) {
  return new Promise((resolve) => {
    const { headers, write, giveUpMs = GIVE_UP_MS } = make();
    let status;
    const look = (from) => {
      status = from['grpc-status'] ?? status ?? (from[':status'] === 200 ? undefined : `HTTP ${from[':status']}`);
    };
    let stream;
    try {
      stream = session.request(headers);
    } catch {
      resolve('connection closed');
      return;
    }
    const timer = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), giveUpMs);
    stream.on('response', look);
    stream.on('trailers', look);
    stream.on('error', () => {});
    stream.on('close', () => {
      clearTimeout(timer);
      resolve(status === undefined ? `reset ${stream.rstCode}` : `status ${status}`);
    });
    stream.resume();
    write(stream);
  });
}

/**
 * Nothing is reset behind a write that still waits: Node's client then sends empty frames without end now and then, since 20.13
 * (nodejs/node#52952); this process had 24 GB once. `rapid reset` resets what was sent.
 */
function write(stream, bytes) {
  if (bytes.length > 0) stream.write(bytes);
}

const mutated = (chance) => () => {
  const body = mutatedFrame(chance, mutatedRequest(chance, encode));
  const order = chance.below(20);
  const isWhole = body.length >= 5 && body.readUInt32BE(1) <= body.length - 5 && order !== 3;
  const send = (stream) => {
    if (order === 0) stream.close(constants.NGHTTP2_CANCEL);
    else if (order === 1) stream.end();
    else if (order === 2) {
      write(stream, body.subarray(0, body.length >> 1));
      stream.end();
    } else if (order === 3) write(stream, body);
    else {
      write(stream, body);
      stream.end();
    }
  };
  return { headers: headersOf(chance), write: send, giveUpMs: isWhole ? GIVE_UP_MS : INCOMPLETE_MS };
};
const framed = (request, times = 1) => {
  const body = encode(request);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(body.length, 1);
  return Buffer.concat(Array.from({ length: times }, () => [prefix, body]).flat());
};
const plain =
  (body, headers = {}) =>
  () => ({
    headers: { ':method': 'POST', ':path': PATH, te: 'trailers', 'content-type': 'application/grpc', ...headers },
    write: (stream) => stream.end(body),
  });

const PREFACE = Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(4, 0, 0)]);
function frame(type, flags, id, payload = Buffer.alloc(0)) {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(id, 5);
  return Buffer.concat([head, payload]);
}

/** Connections that send `bytes` and hold still; resolves after `holdMs` with how many the server had closed. */
async function sockets(port, seen, tries, bytesOf, holdMs) {
  const open = Array.from({ length: tries }, (_, index) => {
    const socket = connectTcp(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.once('close', () => count(seen, 'closed by the server'));
    socket.resume();
    socket.write(bytesOf(index));
    return socket;
  });
  await new Promise((wake) => setTimeout(wake, holdMs));
  seen.set('connected', tries);
  for (const socket of open) socket.removeAllListeners('close').destroy();
}

/** By name: how often it is tried, and how. */
const attacks = {
  nothing: { tries: 0, run: () => new Promise((wake) => setTimeout(wake, options.quiet ? 0 : NOTHING_MS)) },
  mutated: { tries: streams, run: (port, seen, tries, chance) => calls(port, seen, tries, mutated(chance)) },
  'rapid reset': {
    tries: Math.min(streams, 20_000),
    run: (port, seen, tries) =>
      calls(port, seen, tries, () => ({
        ...plain(framed({ prompt: 'hang' }))(),
        write: (stream) => {
          stream.end(framed({ prompt: 'hang' }));
          setImmediate(() => stream.close(constants.NGHTTP2_CANCEL));
        },
      })),
  },
  'metadata flood': {
    tries: Math.min(streams, 2_000),
    run: (port, seen, tries) =>
      calls(port, seen, tries, plain(framed({ prompt: 'hello' }), { 'x-filler': 'x'.repeat(40_000) })),
  },
  'tiny messages': {
    tries: Math.min(streams, 100),
    run: (port, seen, tries) => calls(port, seen, tries, plain(framed({ prompt: '' }, 20_000))),
  },
  'COLLECT flood': {
    tries: Math.min(streams, 20_000),
    run: (port, seen, tries, chance) =>
      calls(port, seen, tries, () =>
        plain(framed({ phase: 1, chunk_seq: 1, session_id: `c${chance.below(1e9)}`, chunk_text: 'x'.repeat(1_000) }))(),
      ),
  },
  'continuation abuse': {
    tries: Math.min(streams, 200),
    run: (port, seen, tries) => {
      // Headers that never end: pieces of a header block, without the flag of the last one.
      const piece = frame(
        9,
        0,
        1,
        Buffer.concat([Buffer.of(0, 1, 0x61, 0x7f, 0x81, 0x7c), Buffer.alloc(16_000, 0x78)]),
      );
      const bytes = Buffer.concat([
        PREFACE,
        frame(1, 0, 1, Buffer.of(0x83)),
        ...Array.from({ length: 20 }, () => piece),
      ]);
      return sockets(port, seen, tries, () => bytes, 2_000);
    },
  },
  'half open': {
    tries: Math.min(streams, 500),
    run: (port, seen, tries) =>
      sockets(port, seen, tries, (index) => PREFACE.subarray(0, index % 2 === 0 ? 0 : 11), options.quiet ? 500 : 6_500),
  },
  silent: {
    tries: Math.min(streams, 1_500),
    run: (port, seen, tries) => sockets(port, seen, tries, () => PREFACE, 2_000),
  },
};

const server = await trial.startServer(
  {
    answers: [
      { when: '^hang', steps: [{ say: 'One is here. And' }, { hang: true }] },
      { when: '', steps: [{ say: 'Good day.' }] },
    ],
    speech: { chunks_per_sentence: 1 },
  },
  {
    env: {
      BACKPRESSURE_MAX_STREAMS: '500',
      BACKPRESSURE_MAX_STREAMS_PER_DEVICE: '0',
      LOG_LEVEL: 'error',
      OVERLOAD: process.env.OVERLOAD ?? 'on',
    },
  },
);
const witness = options.quiet ? null : fork(here('./supervisor-client.mjs'), [String(server.port)]);
if (witness !== null) await new Promise((resolve) => witness.once('message', resolve));

/** Small calls for as long as the attack goes on: windows of a second, one behind the other. What those took that were answered, and why others were not. */
async function watchGood(during) {
  const took = [];
  const failed = new Map();
  let isOver = false;
  void during.finally(() => {
    isOver = true;
  });
  while (witness !== null && !isOver) {
    witness.send({ do: 'witness', ms: 1_000 });
    const window = await new Promise((resolve) => witness.once('message', resolve));
    took.push(...window.sorted);
    for (const [words, times] of Object.entries(window.failed)) failed.set(words, (failed.get(words) ?? 0) + times);
  }
  await during;
  return { took: took.toSorted((a, b) => a - b), failed };
}

/** What is told of the good client; what it may not suffer is found. */
function judgeGood(name, { took, failed }) {
  if (witness === null) return '';
  const refused = [...failed.values()].reduce((sum, times) => sum + times, 0);
  const [p50, p99] = [0.5, 0.99].map((share) => percentile(took, share) ?? Number.POSITIVE_INFINITY);
  if (p99 > MAX_GOOD_P99_MS)
    trial.found(`${name}: a good client waited ${p99.toFixed(0)} ms in one of a hundred calls`);
  for (const [words, times] of failed) trial.found(`${name}: ${times} good calls failed: ${words}`);
  const calls = took.length + refused;
  return `, ${calls} good calls p50 ${p50.toFixed(0)} p99 ${p99.toFixed(0)} ms, ${refused} failed`;
}

async function attack(name, { tries, run }) {
  const seen = new Map();
  let peakMb = server.residentMb();
  const watch = setInterval(() => {
    peakMb = Math.max(peakMb, server.residentMb());
  }, 100);
  const good = await watchGood(run(server.port, seen, tries, createChance(trial.seed)));
  clearInterval(watch);
  const { active_streams: slots } = await server.settled();
  if (slots !== 0) trial.found(`${name}: ${slots} slots are taken`);
  const beside = judgeGood(name, good);
  console.log(`${name}: ${tries} tries${beside}, at most ${peakMb.toFixed(0)} MB, ${slots} slots after`);
  console.log(`  ${told(seen).join(', ')}`);
}

try {
  const only = options.only === '' ? Object.keys(attacks) : options.only.split(',');
  for (const name of only) await attack(name, attacks[name]);
} catch (error) {
  trial.found(String(error));
} finally {
  witness?.disconnect();
  await server.stop();
}
trial.end();
