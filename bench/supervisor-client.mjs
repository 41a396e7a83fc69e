// A client of bench/supervisor.mjs, in a process of its own: does what its parent asks it to, one thing after the other, and answers when
// that is done. As the crowd it holds streams, interrupts them, calls many times at once or resets its calls; as the witness it measures.
import { connect, constants } from 'node:http2';
import { fileURLToPath } from 'node:url';
import { credentials, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const CONNECTIONS = 8;
const DEVICE = 'crowd';
/** Opened side by side while streams are gathered, which is not what is measured. */
const OPENED_AT_ONCE = 40;
const WITNESS_PAUSE_MS = 20;

const port = Number(process.argv[2]);
const proto = fileURLToPath(new URL('../proto/streaming.proto', import.meta.url));
const { streaming } = loadPackageDefinition(loadSync(proto, { keepCase: true, defaults: true, oneofs: true }));
const { path, requestSerialize } = streaming.StreamingService.service.StreamAudio;
const newClient = () =>
  new streaming.StreamingService(`127.0.0.1:${port}`, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
  });
let clients = [newClient()];

const deeds = {
  async hold({ streams }) {
    clients = Array.from({ length: CONNECTIONS }, newClient);
    let opened = 0;
    const opener = async () => {
      while (opened < streams) {
        opened += 1;
        await firstFrame(clients[opened % CONNECTIONS].StreamAudio({ prompt: 'held', hardware_id: DEVICE }));
      }
    };
    await Promise.all(Array.from({ length: OPENED_AT_ONCE }, opener));
  },
  async interrupt() {
    await new Promise((resolve, reject) => {
      clients[0].InterruptSession({ hardware_id: DEVICE }, (error) => (error ? reject(error) : resolve()));
    });
  },
  async burst({ calls }) {
    clients = Array.from({ length: CONNECTIONS }, newClient);
    await Promise.all(clients.map((client) => over(client.StreamAudio({ prompt: 'small', hardware_id: DEVICE }))));
    await Promise.all(
      Array.from({ length: calls }, (_, index) =>
        over(clients[index % CONNECTIONS].StreamAudio({ prompt: 'small', hardware_id: DEVICE })),
      ),
    );
  },
  /** Over bare HTTP/2, so that the resets really leave: grpc-js does not send what was cancelled at once. */
  async reset({ connections, calls }) {
    const body = requestSerialize({ prompt: 'held', hardware_id: DEVICE });
    const frame = Buffer.concat([Buffer.alloc(5), body]);
    frame.writeUInt32BE(body.length, 1);
    await Promise.all(Array.from({ length: connections }, () => resetOver(frame, calls)));
  },
  /** Small calls at a steady pace, each timed from when it was due; those that failed are counted by their words, and have no time. */
  async witness({ ms }) {
    const tookMs = [];
    const failed = {};
    const calls = [];
    const startedAtMs = performance.now();
    for (let dueMs = startedAtMs; dueMs < startedAtMs + ms; dueMs += WITNESS_PAUSE_MS) {
      await new Promise((wake) => setTimeout(wake, Math.max(0, dueMs - performance.now())));
      const call = clients[0].StreamAudio({ prompt: 'small', hardware_id: 'witness' });
      const note = () => tookMs.push(performance.now() - dueMs);
      const noteFailure = ({ message }) => {
        failed[message] = (failed[message] ?? 0) + 1;
      };
      calls.push(over(call).then(note, noteFailure));
    }
    await Promise.all(calls);
    return { sorted: tookMs.toSorted((a, b) => a - b), failed };
  },
};

process.on('message', async (message) => process.send((await deeds[message.do](message)) ?? {}));
process.on('disconnect', () => process.exit());
process.send('here');

function firstFrame(call) {
  return new Promise((resolve) => {
    call.once('data', resolve);
    call.on('data', () => {});
    call.on('error', resolve);
  });
}

function over(call) {
  return new Promise((resolve, reject) => {
    call.on('data', () => {});
    call.on('error', reject);
    call.on('end', resolve);
  });
}

async function resetOver(frame, calls) {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on('error', () => {});
  await new Promise((resolve) => session.once('remoteSettings', resolve));
  const headers = { ':method': 'POST', ':path': path, te: 'trailers', 'content-type': 'application/grpc' };
  const closed = Array.from({ length: calls }, () => {
    const stream = session.request(headers);
    stream.on('error', () => {});
    stream.end(frame);
    setImmediate(() => stream.close(constants.NGHTTP2_CANCEL));
    return new Promise((resolve) => stream.once('close', resolve));
  });
  await Promise.all(closed);
  // The server has seen the resets when it answers what was sent behind them.
  await new Promise((resolve) => session.ping(resolve));
  session.close();
}
