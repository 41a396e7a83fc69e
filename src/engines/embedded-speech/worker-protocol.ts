/**
 * What the pool and its worker threads say to each other. Both ends are ours and of one build, so the messages are typed
 * and not validated.
 */

/** Given to a worker thread when it starts. */
export interface WorkerSetup {
  /** Compiled once in the main thread: all workers share its machine code. Absent = flite could not be loaded. */
  readonly flite?: WebAssembly.Module;
  /** The optional package to import. */
  readonly espeakPackage: string;
  /** One Int32: the id of the job to abandon. Shared memory, because a busy worker reads no messages. */
  readonly abandoned: SharedArrayBuffer;
}

/** One utterance: a clause or a short sentence, prepared for its synthesiser. */
export interface SpeakJob {
  readonly jobId: number;
  readonly synthesiser: 'flite' | 'espeak';
  /** The synthesiser's own name of the voice. */
  readonly voiceId: string;
  readonly text: string;
  readonly gain: number;
  /** Silence after the utterance. */
  readonly pauseMs: number;
}

/** Which synthesisers a worker has up. A detail is for the operator's eyes: it may hold paths. */
export interface WorkerVoices {
  readonly flite: SynthesiserStatus;
  readonly espeak: SynthesiserStatus;
}

export type SynthesiserStatus =
  | { readonly state: 'up' }
  | { readonly state: 'not installed' | 'failed to start'; readonly detail: string };

/** Messages of a job come between its SpeakJob and its end, and a worker has one job at a time. */
export type WorkerMessage =
  | { readonly kind: 'ready'; readonly voices: WorkerVoices }
  /** PCM in the format of the wire; the buffer is transferred, not copied. */
  | { readonly kind: 'sound'; readonly jobId: number; readonly pcm: ArrayBuffer }
  /** The job is over, abandoned or not. */
  | { readonly kind: 'finished'; readonly jobId: number }
  /** Without an errorCode: an exception nobody expected, whose message goes nowhere but into a log. */
  | {
      readonly kind: 'failed';
      readonly jobId: number;
      readonly errorCode: string | undefined;
      readonly message: string;
    };
