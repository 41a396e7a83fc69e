/**
 * Runs the command line in the process of the test, as `recital` does in its own: the same function, with streams that are
 * collected. For a working folder of its own see run-cli-in.ts; where signals, pipes, memory or the environment of the process are
 * what is tested, run-bin.ts.
 */
import { run } from '../../src/cli/run.ts';
import { exitCodes, type StopOnSignals } from '../../src/cli/terminal/command.ts';
import type { TextStream } from '../../src/cli/terminal/output.ts';

export interface CliResult {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Width of the terminal that both streams are; absent = they are none. */
  readonly columns?: number;
}

export interface StartedCli {
  readonly result: Promise<CliResult>;
  /** Resolves as soon as stdout holds `text`; rejects when the command ends without it. */
  printed(text: string): Promise<void>;
  stdoutSoFar(): string;
  stderrSoFar(): string;
  /** Ctrl-C. */
  interrupt(): void;
}

/** Collects what is written, and says so. */
class CollectedText implements TextStream {
  readonly writable = true;
  readonly isTTY: boolean;
  readonly columns: number | undefined;
  readonly #onText: () => void;
  text = '';

  constructor(columns: number | undefined, onText: () => void = () => undefined) {
    this.isTTY = columns !== undefined;
    this.columns = columns;
    this.#onText = onText;
  }

  write(part: string): void {
    this.text += part;
    this.#onText();
  }

  hasColors(): boolean {
    return false;
  }
}

/** Starts a command with an environment of its own: nothing of this process leaks in, and no player is on the PATH. */
export function startCli(args: readonly string[], { env, columns }: CliOptions = {}): StartedCli {
  const looks = new Set<() => void>();
  const stdout = new CollectedText(columns, () => {
    for (const look of looks) look();
  });
  const stderr = new CollectedText(columns);
  let isStopped = false;
  let stopCommand = (): void => undefined;
  const stopOnSignals: StopOnSignals = (stop) => {
    stopCommand = stop;
    return () => (isStopped ? exitCodes.SIGINT : undefined);
  };
  const streams = { stdout, stderr, env: { PATH: '/nowhere', ...env }, stopOnSignals };
  const result = run(args, streams).then((exitCode) => {
    return { exitCode, signal: null, stdout: stdout.text, stderr: stderr.text };
  });
  return {
    result,
    printed: (text) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (stdout.text.includes(text)) resolve();
        };
        looks.add(look);
        look();
        const tell = () => reject(new Error(`ended without printing "${text}":\n${stdout.text}\n${stderr.text}`));
        result.then(tell, reject);
      }),
    stdoutSoFar: () => stdout.text,
    stderrSoFar: () => stderr.text,
    interrupt() {
      isStopped = true;
      stopCommand();
    },
  };
}

/** Runs a command to its end. */
export function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  return startCli(args, options).result;
}
