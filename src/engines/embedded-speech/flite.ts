/**
 * flite (Carnegie Mellon, permissive licence) as WASM: English voices at 16 kHz. The package is flite's command line
 * compiled to WASI, so a text is one run of the program with an in-memory file system: a fresh instance each time
 * (about 10 ms), hence no state from one caller's text to the next, and the same text always gives the same samples.
 *
 * The run is synchronous and can't be interrupted from inside: about 1 ms a character (measured, DESIGN §4), which is why
 * spoken-text.ts bounds the text of a run.
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
 * Speaks `text` (ASCII, at most one line) with flite's voice `voiceId`: 'slt', 'rms', 'awb' or 'kal16'.
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
