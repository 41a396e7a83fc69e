// A writer thread that obeys its test: the names of the files say how it behaves.
import { parentPort, workerData } from 'node:worker_threads';

const { shared, isReplacement } = workerData;
const DONE_CHARS = 0;
parentPort.on('message', (message) => {
  if (message.kind === 'stop') {
    parentPort.postMessage({ kind: 'stopped' });
    parentPort.close();
    return;
  }
  for (const { path, lines } of message.orders) {
    if (path.includes('deadly')) throw new Error('out of order');
    if (path.includes('stuck')) continue;
    Atomics.add(shared, DONE_CHARS, lines.length);
    if (isReplacement) parentPort.postMessage({ kind: 'recovered' });
  }
});
