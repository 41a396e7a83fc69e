// The inspector's page over a feed that nobody could make by hand: a server of its own, in the process of the benchmark, that sends the list of
// so many live sessions and changes so many rows a second. The page and its worker are the built ones.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const page = fileURLToPath(new URL('../dist/inspector/', import.meta.url));
const contentTypes = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css' };
/** A list every 50 ms: as often as the server flushes, five times as often as it compares its rows. */
const PERIOD_MS = 50;

const states = [
  'idle.ready | reader.attentive',
  'streaming.answer.running.awaitingFirstToken | streaming.reader.attentive | streaming.voice.silent',
  'streaming.answer.running.receiving | streaming.reader.attentive | streaming.voice.speaking.unheard',
  'streaming.answer.running.receiving | streaming.reader.attentive | streaming.voice.speaking.unvoiced',
  'streaming.answer.answered | streaming.reader.attentive | streaming.voice.speaking.unheard',
];

function rowOf(index, ageMs) {
  const part = (share) => Math.round(ageMs * share);
  return {
    id: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
    machine: 'session',
    session: `session-${index}`,
    device: `device-${index % 97}`,
    state: states[Math.floor(ageMs / 50 + index) % states.length],
    startedAt: new Date(1_790_000_000_000 + index * 37).toISOString(),
    ageMs,
    turns: Math.floor(ageMs / 20),
    quietMs: 0,
    isLive: true,
    reason: '',
    isFailed: false,
    waits: { start: part(0.1), model: part(0.4), voice: part(0.3), reader: part(0.1), out: part(0.05) },
  };
}

function totalsOf(sessions) {
  const counts = { live: sessions, ended: 0, failed: 0, slots: sessions, maxStreams: sessions, refused: 0 };
  return { ...counts, refusedBy: {}, state: 'ready', health: 'ok' };
}

const facts = {
  version: 'bench',
  grpc: '127.0.0.1:0',
  maxStreams: 1000,
  redaction: 'shape',
  hasLogs: true,
  canTry: false,
  run: 'bench',
  settings: {},
};

/** Starts it on a free port. `sentRows` counts the rows that were sent. */
export async function startFeed({ sessions, updatesPerSecond }) {
  const counts = { sentRows: 0 };
  const server = createServer(({ url }, response) => {
    const { pathname } = new URL(url, 'http://bench');
    if (pathname === '/inspect/api/feed') sendFeed(response, { sessions, updatesPerSecond, counts });
    else if (pathname.startsWith('/inspect/api/')) response.writeHead(404).end('{"error":"not here"}');
    else sendFile(pathname.replace(/^\/inspect\/?/, '') || 'index.html', response);
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  const stop = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${server.address().port}/inspect/#token=bench`, counts, stop };
}

function sendFile(name, response) {
  try {
    const bytes = readFileSync(join(page, name));
    response.writeHead(200, { 'content-type': contentTypes[extname(name)] ?? 'application/octet-stream' }).end(bytes);
  } catch {
    response.writeHead(404).end();
  }
}

function sendFeed(response, { sessions, updatesPerSecond, counts }) {
  const totals = totalsOf(sessions);
  const ages = Array.from({ length: sessions }, (_, index) => index * 13);
  const send = (line) => response.write(`${JSON.stringify(line)}\n`);
  const list = (rows, isWhole) => send({ kind: 'list', isWhole, rows, gone: [], more: 0, totals });
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  send({ kind: 'hello', server: facts });
  list(
    ages.map((ageMs, index) => rowOf(index, ageMs)),
    true,
  );
  let next = 0;
  let lastMs = performance.now();
  const timer = setInterval(() => {
    const nowMs = performance.now();
    const count = Math.round(((nowMs - lastMs) / 1000) * updatesPerSecond);
    lastMs = nowMs;
    const rows = Array.from({ length: Math.min(count, sessions) }, () => {
      next = (next + 1) % sessions;
      ages[next] += 200;
      return rowOf(next, ages[next]);
    });
    counts.sentRows += rows.length;
    list(rows, false);
  }, PERIOD_MS);
  response.once('close', () => clearInterval(timer));
}
