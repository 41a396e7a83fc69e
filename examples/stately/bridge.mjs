/**
 * Shows a running server's charts in Stately's inspector: a page on this machine that has theirs in a frame and hands it what the server
 * tells (INSPECTOR_EXPORT).
 *
 *     node examples/stately/bridge.mjs                                       # prints the page's address
 *     INSPECTOR_EXPORT=ws://127.0.0.1:8090 npm start
 *
 * It listens on the loopback address alone, takes messages from programs and never from a page of another origin, and gives them to its own
 * page. It remembers who is alive (the last MAX_ACTORS), so that a page that is opened later knows them. `--port` is where it listens (8090),
 * `--tool` is the page in the frame (https://stately.ai/inspect): what the server tells is then in that page's hands.
 */
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { WebSocket, WebSocketServer } from 'ws';

const MAX_ACTORS = 500;
const MAX_MESSAGE_BYTES = 1024 * 1024;
/** A page that does not read is let go. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '8090' },
    tool: { type: 'string', default: 'https://stately.ai/inspect' },
  },
});
const tool = new URL(values.tool);
const host = '127.0.0.1';

const page = `<!doctype html>
<meta charset="utf-8"><title>Recital in Stately's inspector</title>
<style>html, body, iframe { margin: 0; border: 0; width: 100%; height: 100%; display: block }</style>
<iframe id="tool" src="${tool.href.replaceAll('&', '&amp;').replaceAll('"', '&quot;')}"></iframe>
<script>
  const target = ${JSON.stringify(tool.origin)};
  const frame = document.getElementById('tool').contentWindow;
  // Theirs says when it is there; until then the bridge keeps what it has.
  addEventListener('message', ({ source, origin, data }) => {
    if (source !== frame || origin !== target || data?.type !== '@statelyai.connected') return;
    const socket = new WebSocket(location.origin.replace('http', 'ws'));
    socket.onmessage = (message) => frame.postMessage(JSON.parse(message.data), target);
    socket.onclose = () => { document.title = 'Recital: the bridge is gone, reload this page'; };
  });
</script>
`;

/** What each actor was introduced with, in its newest state, by its id; the one that was heard of longest ago first. */
const actors = new Map();
const pages = new Set();

function remember(message) {
  const { type, sessionId, snapshot } = message;
  const known = type === '@xstate.actor' ? message : actors.get(sessionId);
  if (known === undefined || snapshot === undefined) return;
  actors.delete(sessionId);
  if (snapshot.status === 'active') actors.set(sessionId, { ...known, snapshot });
  for (const oldest of actors.keys()) {
    if (actors.size <= MAX_ACTORS) break;
    actors.delete(oldest);
  }
}

const server = createServer((request, response) => {
  if (!isOwnHost(request)) {
    response.writeHead(403).end('another name than this bridge has');
    return;
  }
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' }).end(page);
});

/** A name of somebody else's may point here, and so may a page of theirs. */
function isOwnHost({ headers }) {
  return headers.host === `${host}:${server.address().port}` || headers.host === `localhost:${server.address().port}`;
}

const sockets = new WebSocketServer({
  server,
  maxPayload: MAX_MESSAGE_BYTES,
  perMessageDeflate: false,
  verifyClient: ({ origin, req }) =>
    isOwnHost(req) && (origin === undefined || origin === `http://${req.headers.host}`),
});

sockets.on('connection', (socket, { headers }) => {
  socket.on('error', () => {});
  // A program names no origin, a page cannot help it.
  if (headers.origin === undefined) {
    socket.on('message', (data) => pass(String(data)));
    return;
  }
  pages.add(socket);
  socket.on('close', () => pages.delete(socket));
  for (const actor of actors.values()) socket.send(JSON.stringify(actor));
});

function pass(text) {
  let message;
  try {
    message = JSON.parse(text);
  } catch {
    return;
  }
  if (typeof message?.type !== 'string' || !message.type.startsWith('@xstate.')) return;
  remember(message);
  for (const each of pages) {
    if (each.readyState !== WebSocket.OPEN) continue;
    if (each.bufferedAmount > MAX_WAITING_BYTES) each.terminate();
    else each.send(text);
  }
}

server.listen(Number(values.port), host, () => {
  const { port } = server.address();
  console.log(`Open http://${host}:${port}/ and start the server with INSPECTOR_EXPORT=ws://${host}:${port}`);
});
