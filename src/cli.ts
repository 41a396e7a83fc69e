#!/usr/bin/env node
/**
 * The command line: `recital serve`, `ask`, `demo`, `replay`, `log`, `usage` and `forget`. Exit codes: 0 good, 1 failed, 2 bad usage or configuration,
 * 128 + n stopped by signal n. Each command loads only what it needs: `ask` is a client and starts in a blink.
 */
import { readFileSync, statSync } from 'node:fs';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';
import { defaultServerText, parseServerAddress, type ServerAddress } from './cli/ask/server-address.ts';
import { addForget } from './cli/forget/forget-command.ts';
import { addLog } from './cli/log/log-commands.ts';
import { addReplay } from './cli/replay/replay-command.ts';
import { createOutput, surviveClosedPipes } from './cli/terminal/output.ts';
import { parseSince } from './cli/terminal/since.ts';
import { packageVersion } from './server/package-version.ts';

const usageExitCode = 2;

/** Larger than any server takes; the bound only keeps a slip of the finger out of memory. */
const largestScreenshotBytes = 32 * 1024 * 1024;

/** Bad usage that shows only when a command looks at its arguments. */
class UsageFault extends Error {
  override readonly name = 'UsageFault';
}

/** Runs one command line and resolves with its exit code. */
async function run(argv: readonly string[]): Promise<number> {
  let exitCode = 0;
  const program = createProgram((code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync([...argv]);
    return exitCode;
  } catch (error) {
    // Commander has already printed its own message.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : usageExitCode;
    if (!(error instanceof UsageFault)) throw error;
    createOutput(process.stderr).line(`error: ${error.message}`);
    return usageExitCode;
  }
}

function createProgram(finish: (exitCode: number) => void): Command {
  const program = new Command('recital')
    .description('A voice-assistant streaming server where every conversation is a statechart.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .showHelpAfterError('(--help shows what there is)')
    .exitOverride()
    .addHelpText('after', '\nEach command has its own --help. Try "recital demo" first.');
  addServe(program, finish);
  addAsk(program, finish);
  addDemo(program, finish);
  addReplay(program, finish);
  addLog(program, finish);
  addUsage(program, finish);
  addForget(program, finish);
  return program;
}

function addServe(program: Command, finish: (exitCode: number) => void): void {
  program
    .command('serve')
    .description('run the server until SIGTERM or Ctrl-C, which lets running streams end first')
    .addHelpText(
      'after',
      `
Configuration comes from the environment, or from a YAML file that CONFIG_FILE names; docs/CONFIG.md lists every
setting. Without any, it listens on 127.0.0.1:50051 (gRPC) and 127.0.0.1:8080 (HTTP) with the embedded engines.

Exit codes: 0 stopped in order, 1 could not start, 2 faulty configuration (every fault is printed).

Examples:
  recital serve
  GRPC_PORT=0 HTTP_PORT=0 recital serve          any free ports; the ready line names them
  CONFIG_FILE=recital.yaml LOG_LEVEL=debug recital serve`,
    )
    .action(async () => {
      stopWithParent();
      const { serve } = await import('./server/main.ts');
      finish(await serve(process.env));
      // Everything has ended; a handle that a provider's library forgot must not keep a stopped server alive.
      setTimeout(() => process.exit(), 2000).unref();
    });
}

/** A server that was started with an IPC channel (the demo's) ends with its parent, even when that is killed. */
function stopWithParent(): void {
  if (process.channel === undefined) return;
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  process.channel?.unref();
}

const askOptions = z.object({
  server: z.custom<ServerAddress>(),
  screenshot: z.string().optional(),
  session: z.string().optional(),
  hardware: z.string(),
  wav: z.string().optional(),
  json: z.boolean().default(false),
});

function addAsk(program: Command, finish: (exitCode: number) => void): void {
  const defaultServer = defaultServerText(process.env);
  program
    .command('ask')
    .description('ask a server and print its answer as it comes')
    .argument('<prompt>', 'what to ask; quote it')
    .addOption(
      new Option('-s, --server <host:port>', 'the server to ask')
        .argParser(serverOf)
        .default(serverOf(defaultServer), defaultServer),
    )
    .option('--screenshot <file>', 'an image (PNG, JPEG, WebP) to send along')
    .option('--session <id>', 'the session_id; without one the server makes it')
    .option('--hardware <id>', 'the hardware_id of this device', 'recital-cli')
    .option('--wav <file>', 'write the sound to this file instead of playing it')
    .option('--json', 'one JSON object a line for programs; plays nothing')
    .addHelpText(
      'after',
      `
Prints the text while it comes, then the command if there is one, then where the sound went: the file of --wav, or the
first player found (ffplay, aplay, paplay, pw-play, afplay, play). Without --server it asks the server that GRPC_HOST
and GRPC_PORT name. Ctrl-C cancels the call.

Exit codes: 0 a good end, 1 the call failed (the error and what to do are on stderr), 2 bad usage.

Examples:
  recital ask "What time is it?"
  recital ask "Открой сафари" --wav answer.wav
  recital ask "What is on my screen?" --screenshot screen.png --server 192.168.1.5:50051
  recital ask "Hello" --json | jq -r 'select(.kind == "text_chunk").text'`,
    )
    .action(async (prompt: string, given: unknown) => {
      const options = askOptions.parse(given);
      const { ask } = await import('./cli/ask/ask.ts');
      const question = {
        prompt,
        hardwareId: options.hardware,
        ...(options.session !== undefined && { sessionId: options.session }),
        ...(options.screenshot !== undefined && { screenshot: readScreenshot(options.screenshot) }),
      };
      const sound = await openSound(options.wav, options.json);
      finish(await ask({ server: options.server, question, sound, json: options.json }));
    });
}

function addDemo(program: Command, finish: (exitCode: number) => void): void {
  program
    .command('demo')
    .description('start a server, ask it three things, print the transcript, stop it, replay what was recorded')
    .addHelpText(
      'after',
      `
Needs no network, no key and no running server: it starts its own on free ports with the embedded engines. Where CONFIG_FILE,
ANSWER_ENGINE or SPEECH_ENGINE is set, it starts with the configured ones instead (docs/PROVIDERS.md). The sound (WAV) and the event logs are written to ./recital-demo/. Exit codes: 0 everything worked, the replay included, 1
something did not (and what).`,
    )
    .action(async () => {
      const { demo } = await import('./cli/demo/demo.ts');
      finish(await demo());
    });
}

const usageOptions = z.object({
  hardware: z.string().optional(),
  since: z.number().default(0),
  json: z.boolean().default(false),
});

function addUsage(program: Command, finish: (exitCode: number) => void): void {
  program
    .command('usage')
    .description('print the tokens that devices have reported and that the server has used itself')
    .option('--hardware <id>', 'only those of this hardware_id')
    .addOption(new Option('--since <date>', 'only those since this date (00:00 UTC) or date-time').argParser(sinceOf))
    .option('--json', 'one JSON object a line for programs: the groups, then the total')
    .addHelpText(
      'after',
      `
Reads the store in DATA_DIR, which it finds as "recital serve" does: in the environment or in the file of CONFIG_FILE.
A server may be running. The embedded answerer has no tokens: its are words.

Exit codes: 0 printed, also when there is nothing; 1 the store can't be read; 2 bad usage or configuration.

Examples:
  recital usage
  recital usage --hardware laptop-7 --since 2026-11-01
  recital usage --since 2026-11-01T09:30Z --json | jq -r 'select(.kind == "total").output_tokens'`,
    )
    .action(async (given: unknown) => {
      const { hardware, since, json } = usageOptions.parse(given);
      const { usage } = await import('./cli/usage/usage.ts');
      const whose = hardware === undefined ? {} : { hardwareId: hardware };
      finish(await usage({ env: process.env, ...whose, sinceMs: since, json }));
    });
}

function sinceOf(text: string): number {
  const sinceMs = parseSince(text);
  if (sinceMs === undefined) {
    throw new InvalidArgumentError(
      'It must be an ISO date or date-time, such as 2026-11-01 or 2026-11-01T09:30Z (UTC).',
    );
  }
  return sinceMs;
}

function serverOf(text: string): ServerAddress {
  const address = parseServerAddress(text);
  if (address === undefined) {
    throw new InvalidArgumentError('It must be HOST:PORT, such as 127.0.0.1:50051 or [::1]:50051.');
  }
  return address;
}

async function openSound(wavPath: string | undefined, isJson: boolean) {
  if (wavPath === undefined) {
    const { createPlayerSink } = await import('./cli/ask/player-sink.ts');
    const { discardSound } = await import('./cli/ask/sound.ts');
    return isJson ? discardSound('not kept') : createPlayerSink(process.env.PATH ?? '');
  }
  const { createWavSink } = await import('./cli/ask/wav-sink.ts');
  try {
    return await createWavSink(wavPath);
  } catch (error) {
    throw new UsageFault(
      `--wav ${wavPath} can't be written: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function readScreenshot(path: string): string {
  try {
    const { size } = statSync(path);
    // An empty field would count as no screenshot, and nobody would notice.
    if (size === 0) throw new Error('it is empty');
    if (size > largestScreenshotBytes) {
      throw new Error(`it has ${size} bytes, more than ${largestScreenshotBytes}`);
    }
    return readFileSync(path).toString('base64');
  } catch (error) {
    throw new UsageFault(
      `--screenshot ${path} can't be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

surviveClosedPipes();
process.exitCode = await run(process.argv);
