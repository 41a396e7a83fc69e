// Loaded into a server under test (NODE_OPTIONS=--import): on SIGUSR2 it collects all garbage and prints one line, in the form of
// the server's own log, with what is still alive.
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isMainThread } from 'node:worker_threads';

if (isMainThread) {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc');
  process.on('SIGUSR2', async () => {
    // Finalisers of what one collection found run before the next one.
    for (let round = 0; round < 3; round += 1) {
      collectGarbage();
      await sleep(20);
    }
    const timers = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const { heapUsed: heap_bytes, external: external_bytes, rss: resident_bytes } = process.memoryUsage();
    const ctx = { heap_bytes, external_bytes, resident_bytes, timers };
    process.stdout.write(`${JSON.stringify({ level: 30, scope: 'probe', decision: 'probe', ctx })}\n`);
  });
}
