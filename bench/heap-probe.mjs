// Imported ahead of a server that runs with --expose-gc. Answers `heap` with what is in use once all garbage is collected, and with how many
// timers and other handles keep or could keep it going; `{ snapshot: PATH }` with the same, behind a snapshot of the heap in that file.
import { writeHeapSnapshot } from 'node:v8';

process.on('message', async (message) => {
  if (message !== 'heap' && message?.snapshot === undefined) return;
  for (let round = 0; round < 4; round += 1) {
    globalThis.gc();
    await new Promise((wake) => setTimeout(wake, 50));
  }
  const { heapUsed } = process.memoryUsage();
  if (message !== 'heap') writeHeapSnapshot(message.snapshot);
  const resources = process.getActiveResourcesInfo();
  const timers = resources.filter((name) => name === 'Timeout').length;
  process.send({ heapUsed, timers, handles: resources.length - timers });
});
process.channel.unref();
