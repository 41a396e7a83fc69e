/**
 * eSpeak NG as WASM: some hundred languages at 22.05 kHz. The package is GPL-3 and therefore an optional dependency,
 * imported only if it is installed; without it only Latin text can be spoken (docs/decisions/0003-embedded-voice.md).
 *
 * Synthesis is synchronous but calls back about every 100 ms of sound, a few milliseconds of work apart: sound goes out
 * and an abort is heeded there. The instance is kept (100 ms to make), so the noise of its consonants differs from run
 * to run; the length of the sound does not.
 */
import { EngineFailure } from '../../errors.ts';

export const espeakSampleRateHz = 22_050;

/** The members of the package's worker that are used here. */
interface EspeakWorker {
  /** 0 = found. */
  set_voice(identifier: string): number;
  /** `onSamples` returns true to stop. */
  synthesize(text: string, onSamples: (samples: Int16Array | undefined) => boolean): void;
}

export interface Espeak {
  /**
   * Speaks `text`, which must hold no markup, with the voice of `language`; `onSamples` gets the sound as it comes and
   * returns true to stop. Throws EngineFailure NOT_FOUND if there is no such voice.
   */
  speak(language: string, text: string, onSamples: (samples: Int16Array) => boolean): void;
}

/** Imports the package named `specifier` and starts it. Rejects if it is not there or not what it should be. */
export async function loadEspeak(specifier: string): Promise<Espeak> {
  const imported: unknown = await import(specifier);
  const factory = memberOf(imported, 'default');
  if (!isFactory(factory)) throw new Error(`${specifier} has no default export to call`);
  const quiet = () => {};
  const module = await factory({ print: quiet, printErr: quiet });
  const Worker = memberOf(module, 'eSpeakNGWorker');
  if (!isWorkerClass(Worker)) throw new Error(`${specifier} has no eSpeakNGWorker`);
  const worker = new Worker();
  let language = '';
  return {
    speak(wanted, text, onSamples) {
      // Choosing a voice reloads its dictionary (5 ms), so not again for the same one.
      if (wanted !== language) {
        if (worker.set_voice(wanted) !== 0) {
          throw new EngineFailure({ errorCode: 'NOT_FOUND', message: `espeak-ng has no voice for "${wanted}"` });
        }
        language = wanted;
      }
      worker.synthesize(text, (samples) => (samples === undefined ? false : onSamples(samples)));
    },
  };
}

function memberOf(value: unknown, key: string): unknown {
  return (typeof value === 'object' || typeof value === 'function') && value !== null
    ? Reflect.get(value, key)
    : undefined;
}

function isFactory(value: unknown): value is (options: object) => Promise<unknown> {
  return typeof value === 'function';
}

function isWorkerClass(value: unknown): value is new () => EspeakWorker {
  return typeof value === 'function';
}
