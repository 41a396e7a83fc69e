/** `recital ask` as it is typed: its options, what they may be, and what of them is looked at before anything is asked. */

import { readFileSync, statSync } from 'node:fs';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';
import { wordsOf } from '../../errors.ts';
import { type CommandRunner, type Environment, UsageFault } from '../terminal/command.ts';
import { defaultServerText, parseServerAddress, type ServerAddress } from './server-address.ts';
import type { SoundSink } from './sound.ts';

/** Larger than any server takes; the bound only keeps a slip of the finger out of memory. */
const MAX_SCREENSHOT_BYTES = 32 * 1024 * 1024;

const askOptions = z.object({
  prompt: z.string(),
  server: z.custom<ServerAddress>(),
  screenshot: z.string().optional(),
  session: z.string().optional(),
  hardware: z.string(),
  wav: z.string().optional(),
  json: z.boolean().default(false),
});

/** Adds the command to `program`. */
export function addAsk(program: Command, runner: CommandRunner): void {
  const defaultServer = defaultServerText(runner.env);
  const command = program
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
    );
  runner.run(command, askOptions, async ({ prompt, server, wav, json, ...options }, context) => {
    const { ask } = await import('./ask.ts');
    const question = {
      prompt,
      hardwareId: options.hardware,
      ...(options.session !== undefined && { sessionId: options.session }),
      ...(options.screenshot !== undefined && { screenshot: readScreenshot(options.screenshot) }),
    };
    const sound = await openSound(wav, json, context.env);
    return ask({ server, question, sound, json }, context);
  });
}

function serverOf(text: string): ServerAddress {
  const address = parseServerAddress(text);
  if (address === undefined) {
    throw new InvalidArgumentError('It must be HOST:PORT, such as 127.0.0.1:50051 or [::1]:50051.');
  }
  return address;
}

async function openSound(wavPath: string | undefined, isJson: boolean, env: Environment): Promise<SoundSink> {
  const { createPlayerSink, createWavSink, discardSound } = await import('./sound.ts');
  if (wavPath === undefined) return isJson ? discardSound('not kept') : createPlayerSink(env.PATH ?? '');
  try {
    return await createWavSink(wavPath);
  } catch (error) {
    throw new UsageFault(`--wav ${wavPath} can't be written: ${wordsOf(error)}`);
  }
}

function readScreenshot(path: string): string {
  try {
    const { size } = statSync(path);
    // An empty field would count as no screenshot, and nobody would notice.
    if (size === 0) throw new Error('it is empty');
    if (size > MAX_SCREENSHOT_BYTES) throw new Error(`it has ${size} bytes, more than ${MAX_SCREENSHOT_BYTES}`);
    return readFileSync(path).toString('base64');
  } catch (error) {
    throw new UsageFault(`--screenshot ${path} can't be read: ${wordsOf(error)}`);
  }
}
