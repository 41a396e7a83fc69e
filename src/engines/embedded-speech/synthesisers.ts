/**
 * The two synthesisers as WASM: flite (Carnegie Mellon, permissive licence) for English, eSpeak NG for everything else.
 * eSpeak's package is GPL-3 and therefore an optional dependency, imported only if it is installed; without it only Latin
 * text can be spoken (docs/decisions/0003-embedded-voice.md). Both are synchronous: they run in worker threads.
 */
import { ConsoleStdout, File, OpenFile, PreopenDirectory, WASI } from '@bjorn3/browser_wasi_shim';
import { EngineFailure } from '../../errors.ts';
import { readWav, type Sound } from './sound.ts';

const outputFile = 'speech.wav';

/** What a WASI command exports; the shim's `start` asks for exactly this. */
interface WasiCommand {
  readonly exports: { readonly memory: WebAssembly.Memory; readonly _start: () => unknown };
}

/**
 * Speaks `text` (ASCII, at most one line) with flite's voice `voiceId`: 'slt', 'rms', 'awb' or 'kal16'; English at 16 kHz.
 * The package is flite's command line compiled to WASI, so a text is one run of the program with an in-memory file system: a
 * fresh instance each time (about 10 ms), hence no state from one caller's text to the next, and the same text always gives
 * the same samples. The run can't be interrupted from inside: about 1 ms a character (measured, docs/decisions/0003), which is why
 * spoken-text.ts bounds the text of a run.
 * Throws EngineFailure INTERNAL if flite refuses or makes no sound file.
 */
export function speakWithFlite(module: WebAssembly.Module, voiceId: string, text: string): Sound {
  const directory = new PreopenDirectory('.', new Map());
  const lines: string[] = [];
  const console = () => ConsoleStdout.lineBuffered((line) => void lines.push(line));
  const wasi = new WASI(
    ['flite', '-voice', voiceId, '-t', text, '-o', outputFile],
    [],
    [new OpenFile(new File([])), console(), console(), directory],
    { debug: false },
  );
  const exitCode = wasi.start(commandOf(new WebAssembly.Instance(module, { wasi_snapshot_preview1: wasi.wasiImport })));
  const file = directory.dir.contents.get(outputFile);
  if (exitCode !== 0 || !(file instanceof File)) {
    throw new EngineFailure({
      errorCode: 'INTERNAL',
      message: `flite ended with exit code ${exitCode}${lines.length === 0 ? '' : `: ${lines.join(' ')}`}`,
    });
  }
  return readWav(file.data);
}

function commandOf(instance: WebAssembly.Instance): WasiCommand {
  const { memory, _start: start } = instance.exports;
  if (!(memory instanceof WebAssembly.Memory) || typeof start !== 'function') {
    throw new EngineFailure({ errorCode: 'INTERNAL', message: 'the flite package is not a WASI command' });
  }
  return { exports: { memory, _start: () => start() } };
}

/** eSpeak's sound is at this rate; flite's says its own. */
export const espeakSampleRateHz = 22_050;

/** The members of the package's worker that are used here. */
interface EspeakWorker {
  /** 0 = found. */
  set_voice(identifier: string): number;
  /** `onSamples` returns true to stop. */
  synthesize(text: string, onSamples: (samples: Int16Array | undefined) => boolean): void;
}

/**
 * eSpeak NG: some hundred languages at 22.05 kHz. Synthesis is synchronous but calls back about every 100 ms of sound, a few
 * milliseconds of work apart: sound goes out and an abort is heeded there. The instance is kept (100 ms to make), so the
 * noise of its consonants differs from run to run; the length of the sound does not.
 */
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
