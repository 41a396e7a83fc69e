/** Starts child-client.mjs: a client in another process, which a test can kill or leave stalled. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { eventually } from '../../support/eventually.ts';

const script = fileURLToPath(new URL('./child-client.mjs', import.meta.url));

export interface ChildClient {
  readonly process: ChildProcess;
  /** Calls that got their first frame. */
  readonly begun: () => number;
  /** Calls that got their status. */
  readonly ended: () => number;
}

export interface ChildClientOptions {
  readonly port: number;
  readonly prompt: string;
  /** `stall`: takes the first frame of every call and no more. */
  readonly mode: 'read' | 'stall';
  readonly calls: number;
  readonly connections?: number;
}

/** Resolves when every call has got its first frame. The process ends with the test at the latest. */
export async function startChildClient(options: ChildClientOptions): Promise<ChildClient> {
  const { port, prompt, mode, calls, connections = 1 } = options;
  const args = [script, String(port), mode, String(calls), String(connections), prompt];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const events: string[] = [];
  createInterface(child.stdout).on('line', (line) => {
    const { event }: { event: string } = JSON.parse(line);
    events.push(event);
  });
  const count = (name: string) => events.filter((event) => event === name).length;
  await eventually(
    () => count('first'),
    (begun) => begun === calls,
    10_000,
  );
  return { process: child, begun: () => count('first'), ended: () => count('status') };
}
