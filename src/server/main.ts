/**
 * The process of a server: configuration in, signals in, exit code out.
 */

import { closeSync, openSync } from 'node:fs';
import { isatty } from 'node:tty';
import { readSmallFile } from '../config/small-file.ts';
import { type Config, ConfigFault, loadConfig } from '../config.ts';
import { wordsOf } from '../errors.ts';
import { createLogger, type Logger, pacedDestination } from '../observe/logger.ts';
import { withFilesAdvice } from './listen-fault.ts';
import { keepNewObjectsYoung } from './load-watch.ts';
import { type Surroundings, startSystem } from './system.ts';
import { workersOf } from './workers/workers-service.ts';

const FAILED_EXIT_CODE = 1;
const CONFIG_FAULT_EXIT_CODE = 2;
const STOP_SIGNALS = ['SIGTERM', 'SIGINT'] as const;
/** What this process and those it starts make is for nobody else: what people said stands in it. */
const UMASK = 0o077;

/**
 * Serves until it is told to stop. Resolves with the exit code: 0 after an orderly stop, 1 if the server could not start, 2 for
 * a faulty configuration (every fault is printed on stderr). SIGTERM and SIGINT drain; the second one does not wait. SIGHUP, which a closed
 * terminal and `systemctl reload` send, ends nothing at any time.
 */
export async function serve(env: Readonly<Record<string, string | undefined>>): Promise<number> {
  // What comes before there is a log is not worth a line.
  let log: Logger | null = null;
  const terminal = terminalDescriptors();
  const stayUp = (): void => {
    leaveClosedTerminal(terminal);
    const fields = { scope: 'server', method: 'serve', decision: 'hangup', ctx: {} };
    log?.info(fields, 'SIGHUP: there is nothing to load again, and the server goes on');
  };
  process.on('SIGHUP', stayUp);
  process.umask(UMASK);
  keepNewObjectsYoung();
  const files: Record<string, string> = {};
  const config = configOrNull(env, files);
  if (config === null) return CONFIG_FAULT_EXIT_CODE;
  const destination = pacedDestination(process.stdout);
  const count = workersOf(config);
  // The lines of workers come through a pipe, without colours.
  const isColoured = count === null && process.stdout.isTTY && !env.NO_COLOR;
  log = createLogger(config.log.level, destination, { ...config.log, isColoured });
  noteSettings(config, log);
  const workers = { count: count ?? 1, env: { ...env }, files, passOn: (lines: string) => destination.write(lines) };
  try {
    return await run(config, log, count === null ? {} : { workers });
  } finally {
    process.off('SIGHUP', stayUp);
    leaveClosedTerminal(terminal);
  }
}

/** Of stdin, stdout and stderr those that are a terminal. */
function terminalDescriptors(): readonly number[] {
  return [0, 1, 2].filter((descriptor) => isatty(descriptor));
}

/**
 * Puts /dev/null in the place of a terminal that has gone. When a process ends, Node gives each terminal back the mode it had, and aborts (SIGABRT)
 * where that fails: a server that outlived its terminal would end in a crash, however orderly it stopped.
 */
function leaveClosedTerminal(descriptors: readonly number[]): void {
  for (const descriptor of descriptors.filter((each) => !isatty(each))) {
    try {
      closeSync(descriptor);
      // The lowest number that is free: the one that was just closed.
      openSync('/dev/null', 'r+');
    } catch {
      // It was closed already.
    }
  }
}

async function run(config: Config, log: Logger, surroundings: Surroundings): Promise<number> {
  // What slips through every net is logged, not a reason to end everybody's stream.
  const survive = (error: unknown): void => {
    log.error({ scope: 'server', method: 'serve', decision: 'fault', ctx: {}, err: error }, 'an uncaught error');
  };
  process.on('uncaughtException', survive);
  process.on('unhandledRejection', survive);
  const stops = new Map<NodeJS.Signals, () => void>();
  try {
    const system = startSystem(config, log, {
      ...surroundings,
      say: (line) => process.stderr.write(`${line}\n`),
    });
    let isStopping = false;
    for (const signal of STOP_SIGNALS) {
      const stop = (): void => {
        if (isStopping) process.exit(signal === 'SIGINT' ? 130 : 143);
        isStopping = true;
        system.shutDown();
      };
      stops.set(signal, stop);
      process.on(signal, stop);
    }
    const exitCode = await system.finished;
    if (exitCode !== 0) sayFailure(system.lastError ?? 'unknown reason');
    return exitCode;
  } catch (error) {
    sayFailure(wordsOf(error));
    return FAILED_EXIT_CODE;
  } finally {
    for (const [signal, stop] of stops) process.off(signal, stop);
    process.off('uncaughtException', survive);
    process.off('unhandledRejection', survive);
  }
}

/** Said at every LOG_LEVEL: a server that is silent about why it is not there helps nobody. */
function sayFailure(reason: string): void {
  process.stderr.write(`Recital could not start: ${withFilesAdvice(reason)}\n`);
}

function noteSettings(config: Config, log: Logger): void {
  for (const { name, note } of config.notes) {
    const ctx = { setting: name, note };
    log.warn({ scope: 'server', method: 'serve', decision: 'setting_ignored', ctx }, 'a setting has no effect');
  }
}

/** `files` takes the texts that were read. */
function configOrNull(env: Readonly<Record<string, string | undefined>>, files: Record<string, string>): Config | null {
  const readFile: typeof readSmallFile = (path, maxBytes) => {
    const text = readSmallFile(path, maxBytes);
    files[path] = text;
    return text;
  };
  try {
    return loadConfig({ env, readFile });
  } catch (error) {
    if (!(error instanceof ConfigFault)) throw error;
    process.stderr.write(`${error.message}\n`);
    return null;
  }
}
