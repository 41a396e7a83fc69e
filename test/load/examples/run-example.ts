/** Runs the examples as their readers do: a process, an address, a sentence. No player is on the PATH unless a test puts one there. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { codeOf, readDocument } from '../../support/docs/markdown.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

export type Example = 'Python' | 'TypeScript';

const programs: Readonly<Record<Example, readonly string[]>> = {
  Python: ['/usr/bin/python3', join(root, 'examples/python/client.py')],
  TypeScript: [process.execPath, join(root, 'examples/typescript/client.js')],
};

export interface RunningExample {
  readonly child: ChildProcess;
  /** Where it was started; the only place it writes to. */
  readonly dir: string;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Resolves with the exit code once all output is here. */
  readonly exitCode: Promise<number | null>;
}

export interface ExampleOptions {
  readonly stubsDir: string;
  readonly dir?: string;
  /** The body of a shell script that stands for aplay. */
  readonly player?: string;
}

/** Makes the Python stubs in `dir` by the very command that the documentation gives for Debian. */
export function makeDocumentedStubs(dir: string): void {
  runDocumented('protoc ', (command) => command.replaceAll('examples/python', dir));
}

/** Compiles the TypeScript example as the documentation says for a Node that does not run it as it is: beside its sources. */
export function compileDocumented(): void {
  runDocumented('npx tsc ');
}

function runDocumented(start: string, adapt = (command: string) => command): void {
  const command = codeOf(readDocument('docs/CLIENTS.md')).find((line) => line.startsWith(start));
  if (command === undefined) throw new Error(`docs/CLIENTS.md has no command that starts with "${start}"`);
  const made = spawnSync('/bin/sh', ['-c', adapt(command)], { cwd: root, encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`${command}: ${made.stdout}${made.stderr}`);
}

/** An empty folder that is gone when the test ends. */
export function makeDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'recital-example-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** Starts an example; it ends with the test at the latest. */
export function startExample(example: Example, args: readonly string[], options: ExampleOptions): RunningExample {
  const { stubsDir, dir = makeDir(), player } = options;
  const [program = '', script = ''] = programs[example];
  const child = spawn(program, [script, ...args], {
    cwd: dir,
    env: {
      PATH: player === undefined ? '/nowhere' : makePlayer(dir, player),
      PYTHONPATH: stubsDir,
      PYTHONDONTWRITEBYTECODE: '1',
      RECITAL_DEVICE_FILE: join(dir, 'device-id'),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    stdout += part;
  });
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    stderr += part;
  });
  const exitCode = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  return { child, dir, stdout: () => stdout, stderr: () => stderr, exitCode };
}

/** The PATH that leads to it. */
function makePlayer(dir: string, body: string): string {
  const bin = join(dir, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'aplay'), `#!/bin/sh\n${body}\n`);
  chmodSync(join(bin, 'aplay'), 0o755);
  return bin;
}
