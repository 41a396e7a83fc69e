// npm run dev: the server on this machine with its inspector, for a person at a terminal.
//
//   npm run dev                             the embedded engines; no network, no key
//   LOG_LEVEL=info npm run dev              with what the server logs, a line each
//   HTTP_PORT=9000 ANSWER_ENGINE=openai …   whatever docs/CONFIG.md has
//
// A port that was not asked for and that somebody else holds is replaced by the next free one, which is said; one that was asked for is a
// fault, as always. Streams are not waited for: Ctrl-C ends at once.
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { styleText } from 'node:util';

const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const PORTS_TRIED = 100;
/** What comes within this time is one key. */
const ONE_KEY_MS = 250;
/** The exit code of a server that a second signal stopped at once. */
const STOPPED_BY_SIGTERM = 143;

/** What is given in the environment goes before; an empty value counts as not given. */
const given = Object.fromEntries(Object.entries(process.env).filter(([, value]) => value !== ''));
const settings = {
  INSPECTOR: 'on',
  INSPECTOR_TRY: 'on',
  BACKPRESSURE_GRACE_PERIOD: '0',
  // A person looks into the folder.
  EVENT_LOG_FILES: 'session',
  // What happens is to be seen in the inspector; here it would hide where that is.
  LOG_LEVEL: 'warn',
  ...given,
  // They are read here, and shown for people.
  LOG_FORMAT: 'json',
  LOG_LEVEL_NAMES: 'off',
};
const notes = [];
// A file of settings says itself which ports it wants.
if (given.CONFIG_FILE === undefined) {
  const grpc = await freePort('GRPC', 50_051);
  await freePort('HTTP', 8080, grpc);
}

const child = spawn(process.execPath, [cli, 'serve'], {
  env: settings,
  // Of its own group: Ctrl-C comes once, through here. Its channel closes with this process, and so does it.
  detached: true,
  stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
});
let stoppedAtMs = null;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    const now = performance.now();
    if (stoppedAtMs === null && process.stderr.isTTY) process.stderr.write('\n');
    // One Ctrl-C comes from the terminal and, once more, from npm.
    if (stoppedAtMs !== null && now - stoppedAtMs < ONE_KEY_MS) return;
    stoppedAtMs ??= now;
    // The second one means that nothing is to be waited for.
    child.kill('SIGTERM');
  });
}
child.on('exit', (code, signal) => {
  const isStopped = stoppedAtMs !== null && (signal === 'SIGTERM' || code === STOPPED_BY_SIGTERM);
  process.exitCode = isStopped ? 0 : (code ?? 1);
});

createInterface({ input: child.stdout }).on('line', showLogLine);
createInterface({ input: child.stderr }).on('line', (line) => {
  // Said with the rest, once the server is ready.
  if (!line.startsWith('Inspector: ')) process.stderr.write(`${line}\n`);
});

/** Chooses the port of one server where nobody has. */
async function freePort(name, first, taken) {
  const host = settings[`${name}_HOST`] ?? '127.0.0.1';
  if (given[`${name}_PORT`] !== undefined) return Number(given[`${name}_PORT`]);
  for (let port = first; port < first + PORTS_TRIED; port += 1) {
    if (port === taken || !(await isFree(host, port))) continue;
    if (port !== first) notes.push(`Port ${first} is taken: ${name} is at ${port}.`);
    settings[`${name}_PORT`] = String(port);
    return port;
  }
  return undefined;
}

function isFree(host, port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', ({ code }) => resolve(code !== 'EADDRINUSE' && code !== 'EACCES'));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

function showLogLine(line) {
  const entry = parsed(line);
  if (entry === null) process.stdout.write(`${line}\n`);
  else if (entry.decision === 'ready') showReady(entry.ctx);
  else process.stdout.write(`${pretty(entry)}\n`);
}

function parsed(line) {
  try {
    const value = JSON.parse(line);
    return typeof value === 'object' && value !== null && typeof value.msg === 'string' ? value : null;
  } catch {
    return null;
  }
}

function showReady({ inspector_url: url, grpc_host, grpc_port, answer_engine, speech_engine, last_error }) {
  const grpc = `${grpc_host.includes(':') ? `[${grpc_host}]` : grpc_host}:${grpc_port}`;
  const lines = [
    '',
    url === undefined
      ? '  Recital is ready, without its inspector (INSPECTOR is off).'
      : '  Recital is ready. Its inspector:',
    ...(url === undefined ? [] : ['', `    ${styled(['bold', 'cyan'], url)}`]),
    '',
    `  gRPC     ${grpc}, engines ${answer_engine} and ${speech_engine}`,
    `  Ask      npx recital ask "What can you do?" --server ${grpc}`,
    ...notes.map((note) => `  ${styled(['yellow'], 'Note')}     ${note}`),
    ...(last_error === undefined ? [] : [`  ${styled(['red'], 'Trouble')}  ${last_error}`]),
    `  ${styled(['dim'], 'Ctrl-C stops it. LOG_LEVEL=info npm run dev shows its log.')}`,
    '',
  ];
  process.stderr.write(`${lines.join('\n')}\n`);
}

/** `12:31:05 warn  server.sweep  words  name=value …`, in one line of the terminal. */
function pretty({ level, time, scope, method, msg, ctx, err }) {
  const at = new Date(time).toTimeString().slice(0, 8);
  const name = level >= 50 ? 'error' : level >= 40 ? 'warn' : level >= 30 ? 'info' : 'debug';
  const colour = { error: 'red', warn: 'yellow', info: 'green', debug: 'dim' }[name];
  const facts = Object.entries(ctx ?? {}).map(
    ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  const head = `${at} ${name.padEnd(5)} ${scope ?? ''}.${method ?? ''} `;
  const width = process.stdout.isTTY ? Math.max(40, process.stdout.columns) : Number.POSITIVE_INFINITY;
  const rest = `${msg}  ${facts.join(' ')}`.trimEnd().replace(/\p{Cc}/gu, '�');
  const shown = head.length + rest.length > width ? `${rest.slice(0, width - head.length - 1)}…` : rest;
  const stack = err?.stack === undefined ? '' : `\n${err.stack}`;
  return `${styled(['dim'], at)} ${styled([colour], name.padEnd(5))} ${scope ?? ''}.${method ?? ''} ${shown}${stack}`;
}

function styled(formats, text) {
  return process.stderr.isTTY && process.env.NO_COLOR === undefined ? styleText(formats, text) : text;
}
