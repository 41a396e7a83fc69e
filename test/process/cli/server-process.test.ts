/** The demo's server process: found ready, stopped in order, and never left behind. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startServerProcess } from '../../../src/cli/demo/server-process.ts';

const engines = { answer_engine: 'openai', speech_engine: 'embedded' };
const readyLine = JSON.stringify({
  level: 30,
  decision: 'ready',
  ctx: { grpc_port: 1234, http_port: 5678, ...engines },
});

/** Stand-ins for `recital serve`, each a way in which a server can behave. */
const scripts = {
  good: `process.on('SIGTERM', () => process.exit(0)); console.log(${JSON.stringify(readyLine)}); setInterval(() => {}, 1000);`,
  settings: `process.on('SIGTERM', () => process.exit(0)); console.log(JSON.stringify({ decision: 'ready', ctx: { grpc_port: Number(process.env.GRPC_PORT), http_port: process.env.KILL_SWITCHES === undefined && process.env.HOME === '/home/kept' ? 1 : 0, ...${JSON.stringify(engines)} } })); setInterval(() => {}, 1000);`,
  faulty: `console.log('{"decision":"ready"'); console.error('The configuration has a fault'); process.exit(2);`,
  dying: `console.log(${JSON.stringify(readyLine)}); setTimeout(() => { console.error('out of memory'); process.exit(7); }, 50);`,
  unclean: `process.on('SIGTERM', () => process.exit(3)); console.log(${JSON.stringify(readyLine)}); setInterval(() => {}, 1000);`,
} as const;

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'recital-process-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function scriptOf(name: keyof typeof scripts) {
  const script = join(folder, `${name}.cjs`);
  writeFileSync(script, scripts[name]);
  return { script, env: process.env };
}

test('ports and engines come from the ready line, and a stop waits for the exit', async () => {
  const server = await startServerProcess({}, scriptOf('good'));
  expect([server.grpcPort, server.httpPort]).toEqual([1234, 5678]);
  expect([server.answerEngine, server.speechEngine]).toEqual(['openai', 'embedded']);
  await server.stop();
  await expect(server.died).rejects.toThrow('exit code 0');
  await server.stop();
});

test("the caller's settings do not leak into the server, the rest of the environment does", async () => {
  const env = { KILL_SWITCHES: 'disable_module_coordinator', GRPC_PORT: '1', HOME: '/home/kept' };
  const server = await startServerProcess({ GRPC_PORT: '7' }, { ...scriptOf('settings'), env });
  expect([server.grpcPort, server.httpPort]).toEqual([7, 1]);
  await server.stop();
});

test('a server that exits before it is ready is an error with its last words', async () => {
  await expect(startServerProcess({}, scriptOf('faulty'))).rejects.toThrow(
    /ended with exit code 2\.\n[\s\S]*The configuration has a fault/,
  );
});

test('a server that dies later says so, and a stop does not hide it', async () => {
  const server = await startServerProcess({}, scriptOf('dying'));
  await expect(server.died).rejects.toThrow('ended with exit code 7');
  expect(server.lastLines()).toEqual([readyLine, 'out of memory']);
  await expect(server.stop()).rejects.toThrow('already ended with exit code 7');
});

test('a server that does not stop with exit code 0 is an error', async () => {
  const server = await startServerProcess({}, scriptOf('unclean'));
  await expect(server.stop()).rejects.toThrow('did not stop cleanly: exit code 3');
});

test('an owner that exits without stopping its server takes it along', async () => {
  const module = new URL('../../../dist/cli/demo/server-process.js', import.meta.url).href;
  const { script } = scriptOf('good');
  const owner = spawn(process.execPath, [
    '--input-type=module',
    '--eval',
    `import { startServerProcess } from ${JSON.stringify(module)};
     import { spawn } from 'node:child_process';
     await startServerProcess({}, { env: process.env, script: ${JSON.stringify(script)} });
     process.exit(0);`,
  ]);
  // The server holds a copy of neither pipe, so the owner's end is all that this waits for.
  await once(owner, 'close');
  await expect.poll(() => isRunning(script), { timeout: 5000 }).toBe(false);
});

/** Whether a process with this script on its command line is there. */
async function isRunning(script: string): Promise<boolean> {
  const ps = spawn('ps', ['-eo', 'args'], { stdio: ['ignore', 'pipe', 'ignore'] });
  let text = '';
  ps.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  await once(ps, 'close');
  return text.split('\n').some((line) => line.includes(`${script} serve`));
}
