/** The two generations of clients as processes: what each is told to do, and what it saw. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const fileOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** What a client saw of one stream. */
export interface Seen {
  readonly kinds: readonly string[];
  readonly text: string;
  readonly audioBytes: number;
  readonly end: string | null;
  readonly code: string;
  readonly details: string;
  readonly sessionId: string | null;
  readonly errorType?: string | null;
}

/** One StreamRequest of the older client. */
export interface OldUtterance {
  readonly prompt: string;
  readonly screenshot: string;
  readonly hardware_id?: string;
}

export interface Chunk {
  readonly chunk_seq: number;
  readonly chunk_text?: string;
  readonly screenshot?: string;
}

/** See modern-client.mjs. */
export interface ModernUtterance {
  readonly ids: { readonly hardware_id: string; readonly session_id: string };
  readonly chunks: readonly Chunk[];
  readonly prompt: string;
  readonly leave?: 'interrupt' | 'cancel';
  readonly late?: Chunk;
  readonly welcome: { readonly text: string; readonly language: string };
  readonly usage: { readonly source: string; readonly input_tokens: number; readonly output_tokens: number };
}

export interface ModernSeen {
  readonly collected: readonly Seen[];
  readonly answer: Seen;
  readonly interrupted: { readonly code: string; readonly interrupted_sessions?: readonly string[] } | null;
  readonly spoken: Seen;
  readonly reported: { readonly code: string; readonly success?: boolean; readonly details?: string };
}

export interface OldClientOptions {
  readonly port: number;
  readonly stubsDir: string;
  readonly pauseMs: number;
  readonly plan: readonly OldUtterance[];
}

/** Runs the plan in Python; resolves with one outcome for each utterance. */
export function runOldClient({ port, stubsDir, pauseMs, plan }: OldClientOptions): Promise<readonly Seen[]> {
  const args = [fileOf('old-client.py'), String(port), String(pauseMs / 1000)];
  return run('/usr/bin/python3', args, plan, { PYTHONPATH: stubsDir, PYTHONDONTWRITEBYTECODE: '1' });
}

export interface ModernClientOptions {
  readonly port: number;
  readonly collectEveryMs: number;
  readonly plan: readonly ModernUtterance[];
}

/** Runs the plan in a Node process of its own. */
export function runModernClient({ port, collectEveryMs, plan }: ModernClientOptions): Promise<readonly ModernSeen[]> {
  return run(process.execPath, [fileOf('modern-client.mjs'), String(port), String(collectEveryMs)], plan, {});
}

function run<T>(program: string, args: string[], plan: readonly object[], env: Record<string, string>): Promise<T[]> {
  const child = spawn(program, args, { env: { PATH: process.env.PATH, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  child.stdin.end(JSON.stringify(plan));
  const seen: T[] = [];
  let stderr = '';
  createInterface(child.stdout).on('line', (line) => seen.push(JSON.parse(line)));
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    stderr += part;
  });
  return new Promise((resolve, reject) => {
    child.once('close', (code) => {
      if (code === 0 && seen.length === plan.length) resolve(seen);
      else reject(new Error(`${program} ended with ${code} after ${seen.length} of ${plan.length}: ${stderr}`));
    });
  });
}
