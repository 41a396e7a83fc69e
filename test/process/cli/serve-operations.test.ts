/** `recital serve` among what an operator does to it: closed terminals, taken ports, few files, odd files, any umask. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect as connectTcp, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ask, connect } from '../../support/client.ts';
import { makeFolder } from '../../support/end-of-file.ts';
import { eventually } from '../../support/eventually.ts';
import { runBin } from '../../support/run-bin.ts';
import { startServerProcess } from '../../support/server-process.ts';

const dir = makeFolder('recital-operations-');
const scenario = { answers: [{ when: '', steps: [{ echo: true }] }], speech: { chunks_per_sentence: 1 } };

function serveToEnd(env: Readonly<Record<string, string>>) {
  return runBin(['serve'], { env: { GRPC_PORT: '0', HTTP_PORT: '0', ...env }, cwd: dir });
}

describe('a port that can not be had', () => {
  test.each(['GRPC', 'HTTP'])(
    'of %s that is taken: one line says by whom it may be, and how to take a free one',
    async (server) => {
      const holder = createServer().listen(0, '127.0.0.1');
      await once(holder, 'listening');
      const address = holder.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      const { exitCode, stderr, stdout } = await serveToEnd({ [`${server}_PORT`]: String(port), LOG_LEVEL: 'silent' });
      holder.close();
      expect({ exitCode, stdout, stderr }).toEqual({
        exitCode: 1,
        stdout: '',
        stderr:
          `Recital could not start: servers did not start: ${server}_HOST, ${server}_PORT: cannot listen on 127.0.0.1:${port}: ` +
          `the port is taken (EADDRINUSE), by ${readFileSync('/proc/self/comm', 'utf8').trim()} (process ${process.pid}). ` +
          `Stop that, or set ${server}_PORT to another port; 0 takes any free one, which the ready line names\n`,
      });
    },
  );

  test('both servers are told at once, each with its own reason', async () => {
    const { exitCode, stderr } = await serveToEnd({ GRPC_HOST: 'no-such-host.invalid', HTTP_HOST: '192.0.2.1' });
    expect(exitCode).toBe(1);
    expect(stderr.split('\n')).toHaveLength(2);
    expect(stderr).toMatch(
      /GRPC_PORT: cannot listen on no-such-host\.invalid:0: the host name "no-such-host\.invalid" is not known here/,
    );
    expect(stderr).toMatch(
      /HTTP_PORT: cannot listen on 192\.0\.2\.1:0: this machine has no such address \(EADDRNOTAVAIL\)/,
    );
  });

  test('one port for both is a fault of the configuration', async () => {
    const { exitCode, stderr } = await serveToEnd({ GRPC_PORT: '18080', HTTP_PORT: '18080', HTTP_HOST: '0.0.0.0' });
    expect([exitCode, stderr]).toEqual([
      2,
      'The configuration has a fault:\n  GRPC_PORT and HTTP_PORT are both 18080, but each server needs a port of its own\n',
    ]);
  });
});

describe('a file that a setting names', () => {
  mkdirSync(join(dir, 'folder'));
  symlinkSync('/dev/zero', join(dir, 'endless'));
  writeFileSync(join(dir, 'binary'), Buffer.from([0x7f, 0x45, 0, 1]));
  execFileSync('mkfifo', [join(dir, 'pipe')]);

  test('that never ends, is a folder, no text or far too large is a fault, all of them at once', async () => {
    const env = {
      CONFIG_FILE: '/dev/zero',
      SCENARIO_FILE: join(dir, 'endless'),
      ANSWER_API_KEY_FILE: join(dir, 'folder'),
      ANSWER_SYSTEM_PROMPT_FILE: join(dir, 'binary'),
      ANSWER_PROVIDERS_FILE: '/dev/urandom',
      SPEECH_API_KEY_FILE: '/proc/self/mem',
    };
    const { exitCode, stderr } = await serveToEnd(env);
    expect(exitCode).toBe(2);
    const said = stderr.split('\n').slice(1, -1);
    expect(said.map((line) => line.trim().split(' ')[0]).toSorted()).toEqual(Object.keys(env).toSorted());
    expect(stderr).toContain(
      'CONFIG_FILE "/dev/zero" (environment) can\'t be read: it has more bytes, but may have at most 262144',
    );
    expect(stderr).toMatch(
      /SCENARIO_FILE ".*endless" \(environment\) can't be read: it has more bytes, but may have at most 67108864/,
    );
    expect(stderr).toMatch(/ANSWER_API_KEY_FILE ".*" \(environment\) can't be read: it is a folder, not a file/);
    expect(stderr).toMatch(/ANSWER_SYSTEM_PROMPT_FILE ".*" \(environment\) can't be read: it is no text/);
  });
});

test('where few files may be open, a line says so', async () => {
  for (const files of [22, 26, 34]) {
    const child = spawn('bash', ['-c', `ulimit -n ${files}; exec "$@"`, 'bash', process.execPath, cli(), 'serve'], {
      env: { PATH: process.env.PATH, GRPC_PORT: '0', HTTP_PORT: '0', DATA_DIR: join(dir, 'few') },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    const [code] = await once(child, 'close');
    // What is the first to find none left, the program's modules or its sockets, is up to how many this Node keeps open itself.
    expect(stderr).toMatch(
      /^recital could not start: (.*: )?too many files are open \(EMFILE\); allow more, for example with `ulimit -n 4096`.*\n$/i,
    );
    expect(code).toBe(1);
  }
});

function cli(): string {
  return new URL('../../../dist/cli.js', import.meta.url).pathname;
}

/** Every folder and file below, with its mode. */
function modesBelow(folder: string): readonly (readonly [string, number])[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).map((entry) => {
    const path = join(entry.parentPath, entry.name);
    return [entry.isDirectory() ? 'folder' : 'file', statSync(path).mode & 0o777];
  });
}

/** The environment that the kernel gave to the child of `pid` that runs the store. */
function storeEnvironmentOf(pid: number): string {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
  const store = children.find((child) => readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('store-writer'));
  return readFileSync(`/proc/${store}/environ`, 'utf8');
}

test('one life: private under any umask, keys from nobody, hangups survived, files that run out, a reader of stdout that leaves', async () => {
  const dataDir = join(dir, 'deep', 'data');
  const launcher = ['bash', '-c', 'umask 0000; ulimit -n 150; exec "$@"', 'bash'] as const;
  const env = { DATA_DIR: dataDir, ANSWER_API_KEY: 'sk-secret-1', SPEECH_API_KEY: 'sk-secret-2', LOG_LEVLE: 'info' };
  const server = await startServerProcess({ scenario, env, launcher });
  const { pid = 0 } = server.process;
  const client = connect(server.grpcPort);
  const isServing = async (): Promise<void> => {
    expect((await ask(client, { prompt: 'Are you there?', hardware_id: 'd' })).text).toBe('Are you there?');
  };
  await isServing();

  // Private.
  await eventually(
    () => readdirSync(dataDir, { recursive: true }).map(String),
    (paths) => paths.filter((path) => path.endsWith('.jsonl')).length >= 2,
  );
  expect(statSync(dataDir).mode & 0o777).toBe(0o700);
  const modes = modesBelow(dataDir);
  expect(modes.length).toBeGreaterThanOrEqual(7);
  for (const [kind, mode] of modes) expect([kind, mode]).toEqual([kind, kind === 'folder' ? 0o700 : 0o600]);

  // Keys.
  expect(storeEnvironmentOf(pid)).not.toMatch(/sk-secret|API_KEY/);
  expect(server.logsOf('setting_ignored').map(({ ctx }) => ctx?.setting)).toEqual([
    'ANSWER_API_KEY',
    'SPEECH_API_KEY',
    'LOG_LEVLE',
  ]);
  expect(JSON.stringify(server.logs)).not.toContain('sk-secret');

  // Hangups.
  for (let hangup = 1; hangup <= 3; hangup += 1) {
    server.process.kill('SIGHUP');
    await eventually(
      () => server.logsOf('hangup').length,
      (lines) => lines === hangup,
    );
  }
  await isServing();

  // Files that run out: connections beyond them are not served, those that are there live on.
  const sockets = Array.from({ length: 200 }, () => connectTcp(server.httpPort, '127.0.0.1').on('error', () => {}));
  await new Promise((resolve) => setTimeout(resolve, 300));
  await isServing();
  for (const socket of sockets) socket.destroy();
  // A server that has run out of files lets HTTP connections go until it has some again.
  const statusOrNull = () => server.status().catch(() => null);
  expect((await eventually(statusOrNull, (status) => status?.state === 'ready'))?.active_streams).toBe(0);

  // A reader that leaves.
  server.process.stdout?.destroy();
  for (let call = 0; call < 5; call += 1) await isServing();
  expect((await server.status()).state).toBe('ready');

  // Also while it drains.
  server.process.kill('SIGTERM');
  server.process.kill('SIGHUP');
  expect(await server.exited).toBe(0);
  client.close();
});

test('a hangup while the server starts does not end it', async () => {
  const child = spawn(process.execPath, [cli(), 'serve'], {
    env: { PATH: process.env.PATH, GRPC_PORT: '0', HTTP_PORT: '0', DATA_DIR: join(dir, 'hangup') },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let stdout = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  // Node itself needs some 50 ms before any line of ours runs; the engines take most of the rest.
  await new Promise((resolve) => setTimeout(resolve, 300));
  const hangups = setInterval(() => child.kill('SIGHUP'), 50);
  await eventually(
    () => stdout,
    (text) => text.includes('"decision":"ready"'),
    20_000,
  );
  clearInterval(hangups);
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
});

/** Runs the server on a terminal of its own, closes that, and tells how the server is a second later and how it ends. */
const closedTerminal = `
import json, os, pty, re, signal, sys, time, urllib.request
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
said = b''
while b'"ready"' not in said:
    said += os.read(terminal, 4096)
port = int(re.search(rb'"http_port":(\\d+)', said).group(1))
os.close(terminal)
time.sleep(1)
health = json.load(urllib.request.urlopen(f'http://127.0.0.1:{port}/health'))
os.kill(pid, signal.SIGTERM)
print(json.dumps({'health': health['health'], 'status': os.waitpid(pid, 0)[1]}))
`;

test('a terminal that is closed ends neither the server nor, later, its orderly stop', async () => {
  const child = spawn('python3', ['-c', closedTerminal, process.execPath, cli(), 'serve'], {
    env: { PATH: process.env.PATH, GRPC_PORT: '0', HTTP_PORT: '0', DATA_DIR: join(dir, 'terminal') },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let stdout = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  await once(child, 'close');
  expect(JSON.parse(stdout)).toEqual({ health: 'ok', status: 0 });
});
