/**
 * The worker thread: one utterance at a time, synthesised, resampled to 48 kHz and posted in blocks as it comes. Knows
 * voices and samples, nothing of sentences, callers or queues. When its parent tells it to abandon the job, it stops at
 * the next block (espeak) or at the end of flite's run.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../assert.ts';
import { audioFormat } from '../../call/wire.ts';
import { EngineFailure, wordsOf } from '../../errors.ts';
import { loadResampler, type ResampledSound } from '../resampler.ts';
import { amplified, trimSilence } from './sound.ts';
import { type Espeak, espeakSampleRateHz, loadEspeak, speakWithFlite } from './synthesisers.ts';
import type { SpeakJob, SynthesiserStatus, WorkerMessage, WorkerSetup, WorkerVoices } from './worker-protocol.ts';

const setup: WorkerSetup = workerData;
assert(parentPort !== null, 'speech-worker runs in a worker thread only');
const port = parentPort;
const abandoned = new Int32Array(setup.abandoned);
const resampler = await loadResampler();
/** Samples that are resampled at a time; few, so that an abort between them is heeded within a few milliseconds. */
const BLOCK_SAMPLES = 4096;
let espeak: Espeak | undefined;

function post(message: WorkerMessage, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

function postSound(jobId: number, pcm: Uint8Array<ArrayBuffer>): void {
  if (pcm.length > 0) post({ kind: 'sound', jobId, pcm: pcm.buffer }, [pcm.buffer]);
}

/** Resamples and posts; true once the job was abandoned. */
function pushSamples({ jobId, gain }: SpeakJob, sound: ResampledSound, samples: Int16Array): boolean {
  for (let at = 0; at < samples.length; at += BLOCK_SAMPLES) {
    if (Atomics.load(abandoned, 0) === jobId) return true;
    postSound(jobId, sound.push(amplified(samples.subarray(at, at + BLOCK_SAMPLES), gain)));
  }
  return Atomics.load(abandoned, 0) === jobId;
}

function speak(job: SpeakJob): void {
  const made = job.synthesiser === 'flite' ? speakWithFlite(fliteOf(setup), job.voiceId, job.text) : null;
  const sound = resampler.open(made?.sampleRateHz ?? espeakSampleRateHz);
  try {
    let isAbandoned = false;
    if (made !== null) {
      isAbandoned = pushSamples(job, sound, trimSilence(made).samples);
    } else {
      assert(espeak !== undefined, 'an espeak job without espeak');
      espeak.speak(job.voiceId, job.text, (samples) => {
        isAbandoned = pushSamples(job, sound, samples);
        return isAbandoned;
      });
    }
    if (isAbandoned) return;
    postSound(job.jobId, sound.flush());
    const pauseSamples = Math.round((job.pauseMs * audioFormat.sampleRateHz) / 1000);
    postSound(job.jobId, new Uint8Array(pauseSamples * audioFormat.bytesPerSample));
  } finally {
    sound.close();
  }
}

function fliteOf({ flite }: WorkerSetup): WebAssembly.Module {
  assert(flite !== undefined, 'a flite job without flite');
  return flite;
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
    const { samples, sampleRateHz } = speakWithFlite(module, 'slt', 'Ready to speak.');
    const sound = resampler.open(sampleRateHz);
    sound.push(amplified(samples, 1));
    sound.close();
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
