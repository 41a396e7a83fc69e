/**
 * A chat completions server in a process of its own, on loopback: `node test/support/providers/chat-server.mjs --port 0` prints its port as
 * one JSON line. It is the model server of the demo, and every way in which a real one can go wrong (chat-behaviours.mjs).
 *   POST /v1/chat/completions   answers
 *   GET /control/seen           what it was asked, and how each answer ended: by itself, or by a client that left, and when
 *   DELETE /control/seen        forgets that
 */
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { behaviours } from './chat-behaviours.mjs';

const { values } = parseArgs({ options: { port: { type: 'string', default: '0' } } });

/** Requests that are kept for /control/seen. */
const mostSeen = 500;
let seen = [];
/** Questions per behaviour and model, so that one can fail first and go well later. */
let counts = new Map();

const server = createServer((request, response) => {
  request.on('error', () => {});
  response.on('error', () => {});
  void answer(request, response).catch((error) => {
    process.stderr.write(`${error.stack}\n`);
    response.destroy();
  });
});

async function answer(request, response) {
  const path = request.url.split('?', 1)[0];
  if (path === '/control/seen' && request.method === 'GET') return sendJson(response, 200, seen);
  if (path === '/control/seen' && request.method === 'DELETE') {
    seen = [];
    counts = new Map();
    return sendJson(response, 200, {});
  }
  if (path !== '/v1/chat/completions' || request.method !== 'POST') {
    return sendJson(response, 404, { error: { message: `no such path: ${request.method} ${path}` } });
  }
  const body = JSON.parse(await textOf(request));
  await complete(request, response, body);
}

async function complete(request, response, body) {
  const last = body.messages.at(-1);
  const parts = typeof last.content === 'string' ? [{ type: 'text', text: last.content }] : last.content;
  const prompt = parts.map(({ text }) => text ?? '').join('');
  const wanted = /\bbehave:([a-z-]+)/.exec(prompt)?.[1] ?? body.model;
  const name = Object.hasOwn(behaviours, wanted) ? wanted : 'demo';
  const key = `${name} ${body.model}`;
  const earlier = counts.get(key) ?? 0;
  counts.set(key, earlier + 1);
  const record = {
    behaviour: name,
    model: body.model,
    prompt,
    authorization: request.headers.authorization ?? null,
    acceptEncoding: request.headers['accept-encoding'] ?? null,
    body,
    startedAtMs: Date.now(),
    /** When its answer ended in order; null = not yet, or never. */
    endedAtMs: null,
    /** When the client closed the connection before that. */
    leftAtMs: null,
  };
  seen = [...seen, record].slice(-mostSeen);
  const left = new Promise((resolve) => {
    response.once('close', () => {
      if (!response.writableFinished) record.leftAtMs = Date.now();
      resolve();
    });
  });
  const hasImage = parts.some(({ type }) => type === 'image_url');
  const { authorization } = record;
  const steps = behaviours[name]({ prompt, body, messages: body.messages, hasImage, earlier, authorization });
  await play(steps, response, left);
  if (response.destroyed) return;
  response.end();
  record.endedAtMs = Date.now();
}

/** Carries out the steps for as long as somebody reads. */
async function play(steps, response, left) {
  for (const step of steps) {
    if (response.destroyed) return;
    if (step.head !== undefined) {
      response.writeHead(step.head, step.headers);
      response.flushHeaders();
    }
    const bytes = step.event === undefined ? step.raw : `data: ${JSON.stringify(step.event)}\n\n`;
    if (bytes !== undefined && !response.write(bytes)) {
      await Promise.race([new Promise((resolve) => response.once('drain', resolve)), left]);
    }
    if (step.wait !== undefined) await Promise.race([new Promise((resolve) => setTimeout(resolve, step.wait)), left]);
    if (step.hang === true) await left;
    if (step.cut === true) response.destroy();
  }
}

async function textOf(request) {
  const chunks = [];
  for await (const part of request) chunks.push(part);
  return Buffer.concat(chunks).toString();
}

function sendJson(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

// A parent that is killed can't stop us, but it closes the pipe.
if (process.channel !== undefined) process.once('disconnect', () => process.exit(0));
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => process.exit(0));
server.listen(Number(values.port), '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ port: server.address().port })}\n`);
});
