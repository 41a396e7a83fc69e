// Imported ahead of a server that is measured (--import, with --expose-gc): answers what only the process itself can say, over the channel to its
// parent. `heap`: bytes in use once all garbage is collected. `loop.start`, `loop.stop`: how late turns of the event loop were, in ms.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

const RESOLUTION_MS = 1;
const GC_ROUNDS = 4;
let delays = null;

const answers = {
  async heap() {
    for (let round = 0; round < GC_ROUNDS; round += 1) {
      globalThis.gc();
      await new Promise((wake) => setTimeout(wake, 50));
    }
    return process.memoryUsage().heapUsed;
  },
  'loop.start'() {
    delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    delays.enable();
    return null;
  },
  'loop.stop'() {
    delays.disable();
    // The histogram tells the time between two looks, of which one resolution is meant.
    const ms = (nanoseconds) => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS);
    return { p50Ms: ms(delays.percentile(50)), p99Ms: ms(delays.percentile(99)), maxMs: ms(delays.max) };
  },
};

// Children of the server and its threads take its arguments over, and have other things to say on their channels.
if (isMainThread && process.env.RECITAL_BENCH_PROBE === String(process.ppid)) {
  process.on('message', async (message) => {
    if (message?.probe in answers) process.send({ probe: message.probe, value: await answers[message.probe]() });
  });
  process.channel.unref();
  // A benchmark that was killed leaves no server behind.
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
}
