/**
 * Runs client.py, the client in Python's grpcio, with stubs that protoc makes for this run. Python, grpcio and protoc come from
 * the system (Debian's packages), not from npm.
 */
import { spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { atEndOfFile } from '../end-of-file.ts';

const PYTHON = '/usr/bin/python3';
const PACKAGES = ['python3-grpcio', 'python3-protobuf', 'protobuf-compiler', 'protobuf-compiler-grpc'];
const PLUGIN = '/usr/bin/grpc_python_plugin';
const script = fileURLToPath(new URL('./client.py', import.meta.url));
const hereDir = fileURLToPath(new URL('.', import.meta.url));
const protoDir = fileURLToPath(new URL('../../../proto', import.meta.url));

/** One call of client.py; see there. */
export interface PythonCall {
  /** StreamAudio unless it says otherwise. */
  readonly rpc?: 'StreamAudio' | 'InterruptSession' | 'GenerateWelcomeAudio' | 'ReportUsage';
  readonly request: Readonly<Record<string, string | number>>;
  readonly screenshot_file?: string;
  readonly deadline?: number;
  readonly cancel_after?: number;
  readonly stall_after?: number;
  readonly stall_seconds?: number;
  readonly after?: number;
}

export interface PythonFrame {
  readonly kind: string;
  readonly text?: string;
  readonly bytes?: number;
  readonly [field: string]: unknown;
}

export interface PythonOutcome {
  readonly frames: readonly PythonFrame[];
  /** Of a unary call that was answered. */
  readonly response: Readonly<Record<string, unknown>> | null;
  readonly code: string;
  readonly details: string;
  readonly initial: Readonly<Record<string, string>>;
  readonly trailing: Readonly<Record<string, string>>;
  /** grpc-status-details-bin, unpacked by Python's protobuf. */
  readonly rich: Readonly<Record<string, unknown>> | null;
  readonly seconds: number;
}

export interface PythonRun {
  /** Resolves when the client cancels call `index`; asked for before that happens. */
  cancelled(index: number): Promise<unknown>;
  /** Outcomes by the index of their call. */
  readonly outcomes: Promise<readonly PythonOutcome[]>;
}

/**
 * Why the Python client cannot run here, with the command that changes it; null = it can. A user may do without, and reads it on the
 * console; CI may not forget it silently: there it throws.
 */
export function requirePython(): string | null {
  const lacking = whatPythonLacks();
  if (lacking !== null && process.env.CI !== undefined) throw new Error(lacking);
  if (lacking !== null) console.warn(lacking);
  return lacking;
}

function whatPythonLacks(): string | null {
  const runs = (command: string, args: string[]) => spawnSync(command, args, { stdio: 'ignore' }).status === 0;
  const lacking = [
    runs(PYTHON, ['-c', 'import grpc, google.protobuf']) ? [] : [`${PYTHON} with grpcio and protobuf`],
    runs('protoc', ['--version']) ? [] : ['protoc'],
    runs('test', ['-x', PLUGIN]) ? [] : [PLUGIN],
  ].flat();
  if (lacking.length === 0) return null;
  return `The Python client is not tested here: ${lacking.join(', ')} missing. Get it: apt-get install ${PACKAGES.join(' ')}`;
}

/** Makes the stubs that client.py needs in `dir`; throws with what protoc says. */
export function makeStubs(dir: string): void {
  const plugin = `--plugin=protoc-gen-grpc=${PLUGIN}`;
  protoc(plugin, `-I${protoDir}`, `--python_out=${dir}`, `--grpc_out=${dir}`, 'streaming.proto');
  protoc(`-I${hereDir}`, `--python_out=${dir}`, 'rich_status.proto');
}

function protoc(...args: readonly string[]): void {
  const made = spawnSync('protoc', args, { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`protoc failed: ${made.stderr}`);
}

/** Starts the calls in a process of their own, which ends with the tests of the file at the latest. */
export function startPython(stubsDir: string, port: number, calls: readonly PythonCall[]): PythonRun {
  const callsFile = join(stubsDir, `calls-${randomUUID()}.json`);
  writeFileSync(callsFile, JSON.stringify(calls));
  const child = spawn(PYTHON, [script, String(port), callsFile], {
    env: { PATH: process.env.PATH, PYTHONPATH: stubsDir, PYTHONDONTWRITEBYTECODE: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  atEndOfFile(() => child.kill('SIGKILL'));
  const ended = new Map<number, PythonOutcome>();
  const cancels = new EventEmitter();
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  createInterface(child.stdout).on('line', (line) => {
    const event: PythonOutcome & { event: string; call: number } = JSON.parse(line);
    if (event.event === 'cancelled') cancels.emit(String(event.call));
    else ended.set(event.call, event);
  });
  const outcomes = new Promise<readonly PythonOutcome[]>((resolve, reject) => {
    child.once('close', (code) => {
      const found = calls.flatMap((_, index) => ended.get(index) ?? []);
      if (found.length === calls.length) resolve(found);
      else reject(new Error(`client.py ended with ${code} after ${found.length} calls: ${stderr}`));
    });
  });
  return { cancelled: (index) => once(cancels, String(index)), outcomes };
}
