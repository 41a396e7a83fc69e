// The wire of this server alone, rpc and outbox, with the frames of the bare handler: no charts, no recording, no store. What it costs more
// than the tuned handler is the wire's own share of the whole.

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CHUNK_BYTES, CHUNKS_PER_SENTENCE, sentences } from './workload.mjs';

/** Another build to compare with. */
const root = process.env.BUILD ?? new URL('..', import.meta.url).pathname;
const built = (file) => import(pathToFileURL(join(root, 'dist', file)).href);
const { createGrpcServer } = await built('rpc/server.js');
const { createOutbox } = await built('actors/outbox/outbox.js');
const { loadConfig } = await built('config.js');
const { createLogger } = await built('observe/logger.js');

const sound = new Uint8Array(CHUNK_BYTES).fill(1);
const env = { GRPC_PORT: '0', BACKPRESSURE_MAX_STREAMS: '20000', MAX_STREAMS_PER_CONNECTION: '20000' };
const config = loadConfig({ env, readFile: () => '' });

/** Speaks as a voice does: a chunk as soon as there is room. */
async function speak(outbox) {
  for (const text of sentences) {
    outbox.push({ kind: 'text', text });
    for (let chunk = 0; chunk < CHUNKS_PER_SENTENCE; chunk += 1) {
      outbox.push({ kind: 'audio', bytes: sound });
      if (!outbox.hasRoom()) await new Promise((wake) => outbox.onceRoom(wake));
    }
  }
  outbox.push({ kind: 'end', message: 'COMPLETED' });
}

const gateway = {
  open({ prompt }, sink) {
    const outbox = createOutbox({
      sink,
      maxFramesPerSecond: 0,
      now: () => performance.now(),
      notify: () => sink.finish({ ok: true }),
      commandSent: () => {},
      handoverFailed: (error) => console.error(error),
    });
    if (prompt !== 'wait') void speak(outbox);
    return { cancel: () => outbox.discard() };
  },
  refuse: (_call, failure) => failure,
};

/** The time of a process that never pauses. */
const ownTime = {
  now: () => performance.now(),
  setTimeout: (callback, ms) => ({ handle: setTimeout(callback, ms) }),
  clearTimeout: (timer) => clearTimeout(timer?.handle),
};
const server = createGrpcServer({ config, gateway, usage: {}, log: createLogger('warn'), ownTime });
console.log(JSON.stringify({ decision: 'ready', ctx: { grpc_port: await server.listen() } }));
