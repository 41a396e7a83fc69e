/**
 * The local chat completions server for tests: starts it in a process of its own, and tells what it saw. It is stopped when the file
 * ends.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { atEndOfFile } from '../end-of-file.ts';

const script = fileURLToPath(new URL('chat-server.mjs', import.meta.url));

const seenShape = z.object({
  behaviour: z.string(),
  model: z.string(),
  prompt: z.string(),
  authorization: z.string().nullable(),
  acceptEncoding: z.string().nullable(),
  body: z.looseObject({
    messages: z.array(z.object({ role: z.string(), content: z.unknown() })),
    tools: z
      .array(z.object({ function: z.looseObject({ name: z.string(), parameters: z.looseObject({}) }) }))
      .optional(),
  }),
  startedAtMs: z.number(),
  endedAtMs: z.number().nullable(),
  leftAtMs: z.number().nullable(),
});

/** One question that the server was asked; times since the epoch. */
export type SeenQuestion = z.infer<typeof seenShape>;

export interface ChatServer {
  readonly port: number;
  /** What ANSWER_BASE_URL takes. */
  readonly baseUrl: string;
  /** The questions since the last `forget`, in their order. */
  seen(): Promise<readonly SeenQuestion[]>;
  /** Forgets what it saw, and which behaviour has failed already. */
  forget(): Promise<void>;
  /** SIGKILL; resolves once it is gone. */
  kill(): Promise<void>;
}

/** Starts a server; 0 = on a free port. */
export async function startChatServer({ port: wanted = 0 } = {}): Promise<ChatServer> {
  const args = [script, '--port', String(wanted)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  atEndOfFile(() => {
    child.kill();
    return ended;
  });
  const port = await new Promise<number>((resolve, reject) => {
    if (child.stdout !== null) {
      createInterface(child.stdout).once('line', (line) =>
        resolve(z.object({ port: z.int() }).parse(JSON.parse(line)).port),
      );
    }
    void ended.then(() => reject(new Error('the chat server ended before it listened')));
  });
  const control = `http://127.0.0.1:${port}/control/seen`;
  return {
    port,
    baseUrl: `http://127.0.0.1:${port}/v1`,
    seen: async () => z.array(seenShape).parse(await (await fetch(control)).json()),
    forget: async () => {
      await (await fetch(control, { method: 'DELETE' })).text();
    },
    kill: () => {
      child.kill('SIGKILL');
      return ended;
    },
  };
}
