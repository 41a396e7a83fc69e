/**
 * A real server for tests: `dist/cli.js serve` in a process of its own, on free ports, with scripted engines. `npm test` builds
 * dist/ first. Every server that a test file starts is stopped when the file ends.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';

const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

export interface LogLine {
  readonly level: number;
  readonly scope?: string;
  readonly decision?: string;
  readonly ctx?: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

export interface ServerStatus {
  readonly state: string;
  readonly health: string;
  readonly last_error: string | null;
  readonly active_streams: number;
  readonly max_streams: number;
  readonly in_flight: number;
  readonly active_answers: number;
  readonly active_speech: number;
  readonly rejected: Readonly<Record<string, number>>;
  readonly idle_timeouts: number;
  readonly commands_sent: number;
  readonly [field: string]: unknown;
}

export interface TestServer {
  readonly grpcPort: number;
  readonly httpPort: number;
  readonly process: ChildProcess;
  /** Every log line so far. */
  readonly logs: readonly LogLine[];
  /** The lines with this decision. */
  logsOf(decision: string): readonly LogLine[];
  status(): Promise<ServerStatus>;
  /** Resident memory in bytes. */
  residentBytes(): number;
  /** Resolves with the exit code of the process. */
  readonly exited: Promise<number | null>;
  stop(): Promise<number | null>;
}

export interface TestServerOptions {
  /** CONTRACT §3; absent = the embedded engines. */
  readonly scenario?: object;
  readonly env?: Readonly<Record<string, string>>;
  /** A program and its arguments that start the server, whose command line follows them. */
  readonly launcher?: readonly [string, ...string[]];
}

const running = new Set<TestServer>();
afterAll(async () => {
  await Promise.all([...running].map((server) => server.stop()));
});

/** Starts a server and waits for its ready line; rejects with what it printed if it does not become ready. */
export async function startServer({ scenario, env = {}, launcher }: TestServerOptions = {}): Promise<TestServer> {
  const dir = mkdtempSync(join(tmpdir(), 'recital-test-'));
  const scripted: Record<string, string> = {};
  if (scenario !== undefined) {
    const file = join(dir, 'scenario.json');
    writeFileSync(file, JSON.stringify(scenario));
    Object.assign(scripted, { ANSWER_ENGINE: 'scripted', SPEECH_ENGINE: 'scripted', SCENARIO_FILE: file });
  }
  const [program, ...args] = [...(launcher ?? []), process.execPath, cli, 'serve'];
  const child = spawn(program ?? process.execPath, args, {
    env: { PATH: process.env.PATH, GRPC_PORT: '0', HTTP_PORT: '0', DATA_DIR: join(dir, 'data'), ...scripted, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const logs: LogLine[] = [];
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const ports = await new Promise<{ grpc: number; http: number }>((resolve, reject) => {
    createInterface(child.stdout).on('line', (text) => {
      const line: LogLine = JSON.parse(text);
      logs.push(line);
      if (line.decision === 'ready') {
        resolve({ grpc: Number(line.ctx?.grpc_port), http: Number(line.ctx?.http_port) });
      }
    });
    void exited.then((code) => reject(new Error(`the server ended with ${code}: ${stderr}${JSON.stringify(logs)}`)));
  });
  const server: TestServer = {
    grpcPort: ports.grpc,
    httpPort: ports.http,
    process: child,
    logs,
    logsOf: (decision) => logs.filter((line) => line.decision === decision),
    status: async () => {
      const response = await fetch(`http://127.0.0.1:${ports.http}/status`);
      const status: ServerStatus = JSON.parse(await response.text());
      return status;
    },
    residentBytes: () => {
      const pages = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1];
      return Number(pages) * 1024;
    },
    exited,
    stop: async () => {
      running.delete(server);
      child.kill('SIGTERM');
      const code = await exited;
      rmSync(dir, { recursive: true, force: true });
      return code;
    },
  };
  running.add(server);
  return server;
}

/** Polls `probe` until it is true; rejects after `withinMs` with the last value seen. */
export async function eventually<T>(probe: () => Promise<T> | T, isGood: (value: T) => boolean, withinMs = 5_000) {
  const deadlineMs = performance.now() + withinMs;
  for (;;) {
    const value = await probe();
    if (isGood(value)) return value;
    if (performance.now() > deadlineMs) throw new Error(`not within ${withinMs} ms: ${JSON.stringify(value)}`);
    await new Promise((wake) => setTimeout(wake, 10));
  }
}
