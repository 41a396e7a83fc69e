/**
 * The process of a server: configuration in, signals in, exit code out.
 */
import { readFileSync } from 'node:fs';
import { type Config, ConfigFault, loadConfig } from '../config.ts';
import { createLogger } from '../observe/logger.ts';
import { startSystem } from './system.ts';

const CONFIG_FAULT_EXIT_CODE = 2;
const STOP_SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/**
 * Serves until it is told to stop. Resolves with the exit code: 0 after an orderly stop, 1 if the server could not start, 2 for
 * a faulty configuration (every fault is printed on stderr). SIGTERM and SIGINT drain; the second one does not wait.
 */
export async function serve(env: Readonly<Record<string, string | undefined>>): Promise<number> {
  const config = configOrNull(env);
  if (config === null) return CONFIG_FAULT_EXIT_CODE;
  const log = createLogger(config.log.level);
  const system = startSystem(config, log);

  let isStopping = false;
  const stop = (signal: (typeof STOP_SIGNALS)[number]): void => {
    if (isStopping) process.exit(signal === 'SIGINT' ? 130 : 143);
    isStopping = true;
    system.shutDown();
  };
  // What slips through every net is logged, not a reason to end everybody's stream.
  const survive = (error: unknown): void => {
    log.error({ scope: 'server', method: 'serve', decision: 'fault', ctx: {}, err: error }, 'an uncaught error');
  };
  for (const signal of STOP_SIGNALS) process.on(signal, stop);
  process.on('uncaughtException', survive);
  process.on('unhandledRejection', survive);
  try {
    const exitCode = await system.finished;
    // Said at every LOG_LEVEL: a server that is silent about why it is not there helps nobody.
    if (exitCode !== 0) process.stderr.write(`Recital could not start: ${system.lastError ?? 'unknown reason'}\n`);
    return exitCode;
  } finally {
    for (const signal of STOP_SIGNALS) process.off(signal, stop);
    process.off('uncaughtException', survive);
    process.off('unhandledRejection', survive);
  }
}

function configOrNull(env: Readonly<Record<string, string | undefined>>): Config | null {
  try {
    return loadConfig({ env, readFile: (path) => readFileSync(path, 'utf8') });
  } catch (error) {
    if (!(error instanceof ConfigFault)) throw error;
    process.stderr.write(`${error.message}\n`);
    return null;
  }
}
