#!/usr/bin/env node
/** The program `recital`: cli/run.ts with the streams and signals of this process. What ends the process stands here alone. */
import { run } from './cli/run.ts';
import { exitCodes, stopSignals } from './cli/terminal/command.ts';

/** How long a server that has ended may hold its process. */
const LONGEST_END_MS = 2000;

/** Lets `recital ask … | head -1` end like any other call: what nobody reads is not written, and nothing else changes. */
function surviveClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') process.exitCode = 1;
    });
  }
}

function stopOnSignals(stop: () => void): () => number | undefined {
  let exitCode: number | undefined;
  for (const signal of stopSignals) {
    process.on(signal, () => {
      if (exitCode !== undefined) process.exit(exitCodes[signal]);
      exitCode = exitCodes[signal];
      stop();
    });
  }
  return () => exitCode;
}

/** A server that was started with an IPC channel (the demo's) ends with its parent, even when that is killed. */
function stopWithParent(): void {
  if (process.channel === undefined) return;
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  process.channel?.unref();
}

const { stdout, stderr, env, argv } = process;
const isServer = argv[2] === 'serve';
surviveClosedPipes();
if (isServer) stopWithParent();
process.exitCode = await run(argv.slice(2), { stdout, stderr, env, stopOnSignals });
// Everything has ended; a handle that a provider's library forgot must not keep a stopped server alive.
if (isServer) setTimeout(() => process.exit(), LONGEST_END_MS).unref();
