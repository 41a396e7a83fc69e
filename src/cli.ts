#!/usr/bin/env node
/** The program `recital`: cli/run.ts with the streams and signals of this process. What ends the process stands here alone. */

/** How long a server that has ended may hold its process. */
const LONGEST_END_MS = 2000;

const FAILED_EXIT_CODE = 1;

/**
 * The rest of the program. Node opens a hundred modules at once: where few files may be open, that is said in a line, and nothing of ours
 * was loaded yet that could.
 */
async function load() {
  const [{ run }, { exitCodes, stopSignals }] = await Promise.all([
    import('./cli/run.ts'),
    import('./cli/terminal/command.ts'),
  ]);
  return { run, exitCodes, stopSignals };
}

type Program = Awaited<ReturnType<typeof load>>;

/** Lets `recital ask … | head -1` end like any other call: what nobody reads is not written, and nothing else changes. */
function surviveClosedPipes(): void {
  let isTold = false;
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // EIO: the terminal has gone.
      if (error.code === 'EPIPE' || error.code === 'EIO') return;
      process.exitCode = FAILED_EXIT_CODE;
      if (!isTold && stream === process.stdout)
        process.stderr.write(`error: standard output can't be written: ${error.message}\n`);
      isTold = true;
    });
  }
}

function stopOnSignals({ exitCodes, stopSignals }: Program, stop: () => void): () => number | undefined {
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

/** Which limit of open files stopped the loading; null = something else did. Since version 22 Node says it in words, under a code of its own. */
function fileLimitIn(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  const code = 'code' in error ? error.code : null;
  if (code === 'EMFILE' || code === 'ENFILE') return code;
  return error.message.includes('too many open files') ? 'EMFILE' : null;
}

const { stdout, stderr, env, argv } = process;
const isServer = argv[2] === 'serve';
surviveClosedPipes();
if (isServer) stopWithParent();
// A terminal that closes while the server is still being loaded; from then on the server answers for itself.
if (isServer) process.on('SIGHUP', () => {});
try {
  const program = await load();
  const streams = { stdout, stderr, env, stopOnSignals: (stop: () => void) => stopOnSignals(program, stop) };
  process.exitCode = await program.run(argv.slice(2), streams);
} catch (error) {
  const code = fileLimitIn(error);
  if (code === null) throw error;
  const advice = 'allow more, for example with `ulimit -n 4096`, or LimitNOFILE= of a systemd unit';
  stderr.write(`recital could not start: too many files are open (${code}); ${advice}\n`);
  process.exitCode = FAILED_EXIT_CODE;
}
// Everything has ended; a handle that a provider's library forgot must not keep a stopped server alive.
if (isServer) setTimeout(() => process.exit(), LONGEST_END_MS).unref();
