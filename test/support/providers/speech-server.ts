/** The speech services of `speech-server.mjs` in a process of their own, and what they saw. Stopped when the test file ends. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { atEndOfFile } from '../end-of-file.ts';

const script = fileURLToPath(new URL('speech-server.mjs', import.meta.url));

export interface SeenRequest {
  readonly protocol?: string;
  readonly text: string;
  readonly voice: string;
  readonly model?: string;
  readonly format?: string;
  readonly language?: string;
  readonly key?: string;
  readonly startedAtMs: number;
  /** By the wall clock, which this process shares. */
  readonly abortedAtMs?: number;
  readonly isDone: boolean;
}

export interface Seen {
  /** Requests that are being answered now, and the most that were at once. */
  readonly active: number;
  readonly peak: number;
  readonly requests: readonly SeenRequest[];
}

export interface SpeechServer {
  readonly port: number;
  /** `http://127.0.0.1:<port>` and `path`. */
  url(path?: string): string;
  seen(): Promise<Seen>;
  /** Forgets what it saw. */
  reset(): Promise<void>;
  /** SIGKILL; resolves once it is gone. */
  kill(): Promise<void>;
}

export interface SpeechServerOptions {
  /** 0 = a free one. */
  readonly port?: number;
  /** Every sentence begins and never ends, whatever its voice. */
  readonly stalls?: boolean;
}

/** Starts the services. They end with this process, too, whatever ends it. */
export async function startSpeechServer({ port: wanted = 0, stalls = false }: SpeechServerOptions = {}) {
  const args = [script, '--port', String(wanted), ...(stalls ? ['--stalls'] : [])];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore', 'ipc'] });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  atEndOfFile(() => {
    child.kill('SIGKILL');
    return ended;
  });
  const { stdout } = child;
  if (stdout === null) throw new Error('the speech server has no stdout');
  const port = await new Promise<number>((resolve, reject) => {
    createInterface(stdout).once('line', (line) => {
      const said: { readonly port: number } = JSON.parse(line);
      resolve(said.port);
    });
    child.once('exit', (code) => reject(new Error(`the speech server ended with ${code}`)));
  });
  const url = (path = '') => `http://127.0.0.1:${port}${path}`;
  const control = async (method: string): Promise<Seen> => {
    const response = await fetch(url('/control'), { method });
    const seen: Seen = JSON.parse(await response.text());
    return seen;
  };
  const server: SpeechServer = {
    port,
    url,
    seen: () => control('GET'),
    reset: async () => {
      await control('POST');
    },
    kill: () => {
      child.kill('SIGKILL');
      return ended;
    },
  };
  return server;
}
