/** Runs the built program as a user does: a child process, its output and its exit code. Most tests do with run-cli.ts. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { CliResult } from './run-cli.ts';

export const binPath = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

export interface RunningBin {
  readonly child: ChildProcess;
  readonly result: Promise<CliResult>;
  /** Resolves as soon as stdout holds `text`; rejects when the command ends without it. */
  printed(text: string): Promise<void>;
  stdoutSoFar(): string;
}

export interface BinOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Shell commands that limit the process before it starts: "ulimit -f 4". */
  readonly limits?: string;
  /** Without the rights of root, which may read everything; as any other user it has none anyway. */
  readonly isUnprivileged?: boolean;
}

/** Root without its capabilities stays the owner of its files, as any user is of theirs. */
const withoutRights = ['setpriv', '--bounding-set=-all', '--inh-caps=-all'];

/** Starts the command with an environment of its own: nothing of this process leaks in, and no player is on the PATH. */
export function startBin(args: readonly string[], options: BinOptions = {}): RunningBin {
  if (!existsSync(binPath)) throw new Error('dist/cli.js is missing: run "npm run build" first');
  const isBound = options.isUnprivileged === true && process.getuid?.() === 0;
  const command = [...(isBound ? withoutRights : []), process.execPath, binPath, ...args];
  const [program = '', ...rest] =
    options.limits === undefined ? command : ['/bin/sh', '-c', `${options.limits}; exec "$0" "$@"`, ...command];
  const child = spawn(program, rest, {
    env: { PATH: (isBound && process.env.PATH) || '/nowhere', ...options.env },
    ...(options.cwd !== undefined && { cwd: options.cwd }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    stdout += part;
  });
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    stderr += part;
  });
  const result = new Promise<CliResult>((resolve) => {
    child.once('close', (exitCode, signal) => resolve({ exitCode, signal, stdout, stderr }));
  });
  const printed = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (stdout.includes(text)) resolve();
      };
      child.stdout.on('data', look);
      look();
      void result.then(() => reject(new Error(`ended without printing "${text}":\n${stdout}\n${stderr}`)));
    });
  return { child, result, printed, stdoutSoFar: () => stdout };
}

/** Runs the command to its end. */
export function runBin(args: readonly string[], options: BinOptions = {}): Promise<CliResult> {
  return startBin(args, options).result;
}
