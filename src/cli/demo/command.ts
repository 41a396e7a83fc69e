/** `recital demo` as it is typed, and the frame of a run: a folder that is gone afterwards, signals, and how it ends. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { z } from 'zod';
import { wordsOf } from '../../errors.ts';
import { type CommandContext, type CommandRunner, exitCodes } from '../terminal/command.ts';
import type { RunningDemo } from './demo.ts';

/** Adds the command to `program`. */
export function addDemo(program: Command, runner: CommandRunner): void {
  const command = program
    .command('demo')
    .description('start a server, ask it three things, print the transcript, stop it, replay what was recorded')
    .addHelpText(
      'after',
      `
Needs no network, no key and no running server: it starts its own on free ports with
the embedded engines. Where CONFIG_FILE, ANSWER_ENGINE, SPEECH_ENGINE or KILL_SWITCHES
is set, it starts as configured instead (docs/PROVIDERS.md). The sound (WAV) and the
event logs are written to ./recital-demo/.

Exit codes: 0 everything worked, the replay included, 1 something did not (and what).`,
    );
  runner.run(command, z.object({}), (_, context) => demo(context));
}

/** Whatever fails is said and makes the exit code 1; the server never stays behind. */
async function demo(context: CommandContext): Promise<number> {
  const { runDemo } = await import('./demo.ts');
  const { stderr } = context;
  const dataFolder = mkdtempSync(join(tmpdir(), 'recital-demo-'));
  const running: RunningDemo = { call: undefined, isStopped: false };
  const stopped = context.stopOnSignals(() => {
    running.isStopped = true;
    running.call?.cancel();
  });
  try {
    await runDemo(context, dataFolder, running);
    return stopped() ?? exitCodes.good;
  } catch (error) {
    const signalCode = stopped();
    if (signalCode !== undefined) return signalCode;
    stderr.line(`${stderr.styled('red', 'The demo failed:')} ${wordsOf(error)}`);
    return exitCodes.failed;
  } finally {
    rmSync(dataFolder, { recursive: true, force: true });
  }
}
