/**
 * A server in a process of its own: `dist/cli.js serve`, as it is in production. For tests of what belongs to the process: signals, exit
 * codes, memory, stdout, crashes, load. It costs three times the CPU of `startServer`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Journal, makePlace, servingServer, type TestServer, type TestServerOptions } from './test-server.ts';

/** Of a process that has ended, that its last lines may be on their way. */
const READ_WITHIN_MS = 1_000;
const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

export interface ServerProcess extends TestServer {
  readonly process: ChildProcess;
  /** Resident memory in bytes. */
  residentBytes(): number;
}

export interface ServerProcessOptions extends TestServerOptions {
  /** A program and its arguments that start the server, whose command line follows them. */
  readonly launcher?: readonly [string, ...string[]];
}

/** Starts a server and waits for its ready line; rejects with what it printed if it does not become ready. */
export async function startServerProcess(options: ServerProcessOptions = {}): Promise<ServerProcess> {
  const place = makePlace(options);
  const [program, ...args] = [...(options.launcher ?? []), process.execPath, cli, 'serve'];
  const child = spawn(program ?? process.execPath, args, {
    env: { PATH: process.env.PATH, ...place.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const journal = new Journal();
  const read = createInterface(child.stdout).on('line', (text) => journal.take(text));
  const allRead = new Promise<void>((resolve) => read.once('close', resolve));
  const server = await servingServer({
    place,
    journal,
    exited: new Promise((resolve) => {
      // What it logged last is read behind its end; a child that outlives it may hold its stdout open.
      child.once('exit', (code) => void Promise.race([allRead, sleep(READ_WITHIN_MS)]).then(() => resolve(code)));
    }),
    faultText: () => stderr,
    shutDown: () => child.kill('SIGTERM'),
  });
  const residentBytes = (): number => {
    const pages = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1];
    return Number(pages) * 1024;
  };
  return { ...server, process: child, residentBytes };
}
