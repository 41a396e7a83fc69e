// The servers that benchmarks compare: this one, a naive handler and a tuned one. Each is a process of its own on a free port.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startServer } from './measure.mjs';
import { scenario } from './workload.mjs';

const here = (file) => fileURLToPath(new URL(file, import.meta.url));

/** This server with engines that cost nothing; its data in `dir`, settings of its own in `env`. */
export async function startRecital(dir, { name = 'recital', env = {}, ...rest } = {}) {
  mkdirSync(dir, { recursive: true });
  const scenarioFile = join(dir, 'scenario.json');
  writeFileSync(scenarioFile, JSON.stringify(rest.scenario ?? scenario));
  const settings = {
    GRPC_PORT: '0',
    HTTP_PORT: '0',
    ANSWER_ENGINE: 'scripted',
    SPEECH_ENGINE: 'scripted',
    SCENARIO_FILE: scenarioFile,
    DATA_DIR: join(dir, 'data'),
    // Logging to a pipe that a benchmark reads would measure the pipe.
    LOG_LEVEL: 'warn',
    ...env,
  };
  const args = [...(rest.nodeArgs ?? []), here('../dist/cli.js'), 'serve'];
  return startServer(name, args, settings, 'inherit', rest.onLine, rest.hasChannel);
}

/** A plain grpc-js handler with proto-loader. */
export function startNaive(nodeArgs = []) {
  return startServer('naive', [...nodeArgs, here('./bare-server.mjs')], {});
}

/** The same frames, as cheaply as grpc-js can send them. */
export function startTuned(nodeArgs = []) {
  return startServer('tuned', [...nodeArgs, here('./tuned-server.mjs')], {});
}
