/**
 * A chat completions endpoint in the process of the test, which answers each request as the test's function says and keeps what it was asked.
 * For endpoints with habits of their own; chat-server.mjs has those that need a process of their own.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { atEndOfFile } from '../end-of-file.ts';

const bodyShape = z.looseObject({
  model: z.string(),
  stream: z.boolean().optional(),
  messages: z.array(z.object({ role: z.string(), content: z.unknown() })),
  temperature: z.number().optional(),
  tools: z.array(z.unknown()).optional(),
  max_tokens: z.number().optional(),
  max_completion_tokens: z.number().optional(),
  stream_options: z.unknown().optional(),
});

export type AskedBody = z.infer<typeof bodyShape>;

/** A response as it goes out; the body is JSON unless it is a text. */
export interface EndpointReply {
  readonly status: number;
  readonly body: unknown;
  readonly type?: string;
  /** The Content-Encoding that it claims. */
  readonly encoding?: string;
}

/** A good answer that says `text`. */
export function answering(text = 'One is said.'): EndpointReply {
  const chunk = (delta: object, reason: string | null) =>
    `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: reason }] })}\n\n`;
  return events(`${chunk({ content: text }, null)}${chunk({}, 'stop')}data: [DONE]\n\n`);
}

/** A stream of events as they are. */
export function events(body: string): EndpointReply {
  return { status: 200, body, type: 'text/event-stream' };
}

/** A refusal in OpenAI's shape. */
export function refusing(status: number, message: string, more: object = {}): EndpointReply {
  return { status, body: { error: { message, ...more } } };
}

/** True if a picture was sent. */
export function hasImage({ messages }: AskedBody): boolean {
  return messages.some(({ content }) => Array.isArray(content));
}

export interface ScriptedEndpoint {
  /** What ANSWER_BASE_URL takes. */
  readonly baseUrl: string;
  /** What it was asked since the last `reply`, in its order. */
  readonly asked: readonly AskedBody[];
  /** How it answers from now on. */
  reply(answer: (body: AskedBody, earlier: number) => EndpointReply): void;
}

/** Starts one on a free port; it stops at the end of the file. */
export async function startScriptedEndpoint(): Promise<ScriptedEndpoint> {
  let asked: AskedBody[] = [];
  let answer: (body: AskedBody, earlier: number) => EndpointReply = () => answering();
  const server = createServer((request, response) => {
    const chunks: Uint8Array[] = [];
    request.on('data', (chunk: Uint8Array) => chunks.push(chunk));
    request.on('end', () => {
      const body = bodyShape.parse(JSON.parse(Buffer.concat(chunks).toString()));
      const reply = answer(body, asked.length);
      asked.push(body);
      const packing = reply.encoding === undefined ? {} : { 'content-encoding': reply.encoding };
      response.writeHead(reply.status, { 'content-type': reply.type ?? 'application/json', ...packing });
      response.end(typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEndOfFile(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const port = portOf(server.address());
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    get asked() {
      return asked;
    },
    reply(next) {
      asked = [];
      answer = next;
    },
  };
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('a listening server has a port');
  return address.port;
}
