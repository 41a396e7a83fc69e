// A voice worker that does what the text of its job says: "crash", "hang", "fail", "bug", or a second of silence.
// With the package name "no-start" it dies before it is ready.
import { parentPort, threadId, workerData } from 'node:worker_threads';

if (workerData.espeakPackage === 'no-start') throw new Error('this worker never starts');

parentPort.on('message', ({ jobId, text }) => {
  if (text.includes('crash')) throw new Error('crashed as told');
  while (text.includes('hang'));
  if (text.includes('fail')) {
    parentPort.postMessage({ kind: 'failed', jobId, errorCode: 'UNAVAILABLE', message: 'failed as told' });
  } else if (text.includes('bug')) {
    parentPort.postMessage({ kind: 'failed', jobId, errorCode: undefined, message: 'a secret path' });
  } else {
    const pcm = new Int16Array(48_000).fill(threadId).buffer;
    parentPort.postMessage({ kind: 'sound', jobId, pcm }, [pcm]);
    parentPort.postMessage({ kind: 'finished', jobId });
  }
});
parentPort.postMessage({ kind: 'ready', voices: { flite: { state: 'up' }, espeak: { state: 'up' } } });
