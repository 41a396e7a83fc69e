/**
 * The worker thread: one utterance at a time, synthesised, resampled to 48 kHz and posted in blocks as it comes. Knows
 * voices and samples, nothing of sentences, callers or queues. When its parent tells it to abandon the job, it stops at
 * the next block (espeak) or at the end of flite's run.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../assert.ts';
import { audioFormat } from '../../call/wire.ts';
import { EngineFailure, wordsOf } from '../../errors.ts';
import { createResampler, resamplerBlockSamples, trimSilence } from './sound.ts';
import { type Espeak, espeakSampleRateHz, loadEspeak, speakWithFlite } from './synthesisers.ts';
import type { SpeakJob, SynthesiserStatus, WorkerMessage, WorkerSetup, WorkerVoices } from './worker-protocol.ts';

const setup: WorkerSetup = workerData;
assert(parentPort !== null, 'speech-worker runs in a worker thread only');
const port = parentPort;
const abandoned = new Int32Array(setup.abandoned);
const resampler = await createResampler();
let espeak: Espeak | undefined;

function post(message: WorkerMessage, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

function postSound(jobId: number, pcm: Int16Array<ArrayBuffer>): void {
  if (pcm.length > 0) post({ kind: 'sound', jobId, pcm: pcm.buffer }, [pcm.buffer]);
}

/** Resamples and posts; true once the job was abandoned. */
function pushSamples(jobId: number, samples: Int16Array): boolean {
  for (let at = 0; at < samples.length; at += resamplerBlockSamples) {
    if (Atomics.load(abandoned, 0) === jobId) return true;
    postSound(jobId, resampler.push(samples.subarray(at, at + resamplerBlockSamples)));
  }
  return Atomics.load(abandoned, 0) === jobId;
}

function speak(job: SpeakJob): void {
  let isAbandoned = false;
  if (job.synthesiser === 'flite') {
    assert(setup.flite !== undefined, 'a flite job without flite');
    const sound = trimSilence(speakWithFlite(setup.flite, job.voiceId, job.text));
    resampler.begin({ sampleRateHz: sound.sampleRateHz, gain: job.gain });
    isAbandoned = pushSamples(job.jobId, sound.samples);
  } else {
    assert(espeak !== undefined, 'an espeak job without espeak');
    resampler.begin({ sampleRateHz: espeakSampleRateHz, gain: job.gain });
    espeak.speak(job.voiceId, job.text, (samples) => {
      isAbandoned = pushSamples(job.jobId, samples);
      return isAbandoned;
    });
  }
  if (isAbandoned) return;
  postSound(job.jobId, resampler.flush());
  postSound(job.jobId, new Int16Array(Math.round((job.pauseMs * audioFormat.sampleRateHz) / 1000)));
}

function run(job: SpeakJob): void {
  try {
    if (Atomics.load(abandoned, 0) !== job.jobId) speak(job);
    post({ kind: 'finished', jobId: job.jobId });
  } catch (error) {
    const errorCode = error instanceof EngineFailure ? error.errorCode : undefined;
    post({ kind: 'failed', jobId: job.jobId, errorCode, message: messageOf(error) });
  }
}

function messageOf(error: unknown): string {
  return wordsOf(error);
}

/** Loads what is there and speaks once with each, so that the first real sentence finds compiled code. */
async function warmUp(): Promise<WorkerVoices> {
  return { flite: warmFlite(setup.flite), espeak: await warmEspeak(setup.espeakPackage) };
}

function warmFlite(module: WebAssembly.Module | undefined): SynthesiserStatus {
  if (module === undefined) return { state: 'not installed', detail: 'its file could not be read or compiled' };
  try {
    const sound = speakWithFlite(module, 'slt', 'Ready to speak.');
    resampler.begin({ sampleRateHz: sound.sampleRateHz, gain: 1 });
    resampler.push(sound.samples.subarray(0, resamplerBlockSamples));
    return { state: 'up' };
  } catch (error) {
    return { state: 'failed to start', detail: messageOf(error) };
  }
}

async function warmEspeak(packageName: string): Promise<SynthesiserStatus> {
  try {
    espeak = await loadEspeak(packageName);
    espeak.speak('ru', 'Да.', () => false);
    return { state: 'up' };
  } catch (error) {
    espeak = undefined;
    const isMissing = error instanceof Error && Reflect.get(error, 'code') === 'ERR_MODULE_NOT_FOUND';
    return { state: isMissing ? 'not installed' : 'failed to start', detail: messageOf(error) };
  }
}

const voices = await warmUp();
port.on('message', (job: SpeakJob) => run(job));
post({ kind: 'ready', voices });
