/**
 * A Recital server in a process of its own, for the demo. It can't outlive its owner: it is stopped in order on the good
 * way, killed when the owner exits otherwise, and told by the closing IPC channel when the owner is killed.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { settingNames } from '../../config/settings-table.ts';
import type { Environment } from '../terminal/command.ts';

/** Warming voices takes a second or two; a machine under load ten times that. */
const longestStartMs = 60_000;
/** Longer than a drain takes with nothing running. */
const longestStopMs = 10_000;
const keptLogLines = 20;

const cliPath = fileURLToPath(new URL('../../cli.js', import.meta.url));

const readyLine = z.object({
  decision: z.literal('ready'),
  ctx: z.object({
    grpc_port: z.number(),
    http_port: z.number(),
    answer_engine: z.string(),
    speech_engine: z.string(),
    replaced: z.object({ answer: z.string().optional(), speech: z.string().optional() }).default({}),
  }),
});

/** What the ready line tells. */
interface ReadyServer {
  readonly grpcPort: number;
  readonly httpPort: number;
  /** The names of the engines that are really in use. */
  readonly answerEngine: string;
  readonly speechEngine: string;
  /** Why an embedded engine stands in the place of a configured one. */
  readonly replaced: { readonly answer?: string | undefined; readonly speech?: string | undefined };
}

export interface ServerProcess extends ReadyServer {
  /** Rejects when the server ends without having been asked to. */
  readonly died: Promise<never>;
  /** The end of its log and of its stderr, for a fault report. */
  lastLines(): readonly string[];
  /** SIGTERM, then the wait for its exit; throws unless that was clean. Idempotent. */
  stop(): Promise<void>;
}

/** The settings that stand in an environment; empty ones count as not set. */
export function settingsIn(env: Environment): Readonly<Record<string, string>> {
  const given = settingNames.flatMap((name) => {
    const text = env[name]?.trim() ?? '';
    return text === '' ? [] : [[name, text] as const];
  });
  return Object.fromEntries(given);
}

export interface ServerProcessOptions {
  /** What it inherits of is no setting. */
  readonly env: Environment;
  /** What runs instead of the command line, for tests. */
  readonly script?: string;
}

/**
 * Starts `recital serve` with exactly the given settings: those of the caller's environment do not leak in.
 * Rejects, with the last lines of its log, when it exits or isn't ready within a minute.
 */
export async function startServerProcess(
  settings: Readonly<Record<string, string>>,
  { env, script = cliPath }: ServerProcessOptions,
): Promise<ServerProcess> {
  const others = Object.entries(env).filter(([name]) => !settingNames.some((setting) => setting === name));
  const child = spawn(process.execPath, [script, 'serve'], {
    env: { ...Object.fromEntries(others), ...settings },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const killAtExit = () => child.kill('SIGKILL');
  process.once('exit', killAtExit);
  const exited = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(code === null ? `signal ${signal}` : `exit code ${code}`));
  });
  void exited.then(() => process.off('exit', killAtExit));

  const log: string[] = [];
  let isStopping = false;
  const died = exited.then((how): never => {
    throw new Error(`The server ended with ${how}.`);
  });
  died.catch(() => undefined);

  const ready = await Promise.race([watchForReadyLine(child, log), died]).catch((error: Error) => {
    killAtExit();
    throw new Error([error.message, ...log].join('\n'), { cause: error });
  });
  return {
    ...ready,
    died,
    lastLines: () => [...log],
    async stop() {
      const endedByItself = !isStopping && child.exitCode !== null;
      // To a server that is stopping, a second signal means "don't wait".
      if (!isStopping) child.kill('SIGTERM');
      isStopping = true;
      const timer = setTimeout(killAtExit, longestStopMs);
      const how = await exited;
      clearTimeout(timer);
      if (endedByItself) throw new Error(`The server had already ended with ${how}.`);
      if (how !== 'exit code 0') throw new Error(`The server did not stop cleanly: ${how}.`);
    },
  };
}

/** Keeps the last lines of both streams in `log`, for as long as the server lives. */
function watchForReadyLine(child: ChildProcess, log: string[]): Promise<ReadyServer> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`The server was not ready within ${longestStartMs / 1000} s.`)),
      longestStartMs,
    );
    child.once('close', () => clearTimeout(timer));
    const onLine = (line: string) => {
      log.push(line);
      if (log.length > keptLogLines) log.shift();
      const ready = readyServerOf(line);
      if (ready === undefined) return;
      clearTimeout(timer);
      resolve(ready);
    };
    for (const stream of [child.stdout, child.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on('line', onLine);
    }
  });
}

function readyServerOf(line: string): ReadyServer | undefined {
  if (!line.includes('"ready"')) return undefined;
  try {
    const { ctx } = readyLine.parse(JSON.parse(line));
    return {
      grpcPort: ctx.grpc_port,
      httpPort: ctx.http_port,
      answerEngine: ctx.answer_engine,
      speechEngine: ctx.speech_engine,
      replaced: ctx.replaced,
    };
  } catch {
    return undefined;
  }
}
