/** The real buf, as a user runs it: a child process, its output and its exit code. */
import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** The package's starter of the binary for this platform. */
const starter = fileURLToPath(new URL('../../node_modules/@bufbuild/buf/bin/buf', import.meta.url));
/** Far beyond what any of its commands takes. */
const LIMIT_MS = 15_000;

export interface BufResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Why buf cannot run here, with the command that changes it; null = it can. On CI it must: there this throws. */
export function whatBufLacks(): string | null {
  const { status } = spawnSync(process.execPath, [starter, '--version'], { stdio: 'ignore' });
  if (status === 0) return null;
  const lacking = 'The proto is not checked here: the binary of buf is missing. Get it: npm ci --include=dev';
  if (process.env.CI !== undefined) throw new Error(lacking);
  return lacking;
}

/** Runs buf from the root of the repository, or from `cwd`. */
export function runBuf(args: readonly string[], { cwd = root } = {}): Promise<BufResult> {
  return new Promise((resolve, reject) => {
    const options = { cwd, encoding: 'utf8', timeout: LIMIT_MS } as const;
    execFile(process.execPath, [starter, ...args], options, (error, stdout, stderr) => {
      const exitCode = error === null ? 0 : error.code;
      if (typeof exitCode === 'number') resolve({ exitCode, stdout, stderr });
      else reject(new Error(`buf ${args.join(' ')} did not end: ${stderr}`, { cause: error }));
    });
  });
}
