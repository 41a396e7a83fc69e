/**
 * The command line as a function: `run(argv, streams)` resolves with the exit code, writes to the streams it is given and never
 * ends the process, so that a test calls it in its own. It knows the commands and what they have in common; what each takes
 * stands in its folder. It rejects for a bug alone.
 */
import { Command, CommanderError } from 'commander';
import { packageVersion } from '../server/package-version.ts';
import { addAsk } from './ask/command.ts';
import { addChart } from './chart/command.ts';
import { addCheckConfig } from './check-config/command.ts';
import { addDemo } from './demo/command.ts';
import { addForget } from './forget/command.ts';
import { addInspect } from './inspect/command.ts';
import { addLog } from './log/command.ts';
import { addReplay } from './replay/command.ts';
import { addServe } from './serve/command.ts';
import {
  type CommandContext,
  type CommandRunner,
  type CommandStreams,
  exitCodes,
  UsageFault,
} from './terminal/command.ts';
import { createOutput, filledText } from './terminal/output.ts';
import { addUsage } from './usage/command.ts';

/** Runs the command line `argv` (without Node and script): 0 good, 1 failed, 2 bad usage or configuration, 128 + n stopped by signal n. */
export async function run(argv: readonly string[], streams: CommandStreams): Promise<number> {
  const { env, stopOnSignals } = streams;
  const stdout = createOutput(streams.stdout);
  const stderr = createOutput(streams.stderr);
  const context: CommandContext = { stdout, stderr, env, stopOnSignals };
  let exitCode: number = exitCodes.good;
  const program = createProgram(context, {
    env,
    run(command, schema, work) {
      command.action(async () => {
        exitCode = await work(schema.parse(givenTo(command)), context);
      });
    },
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has already printed its own message.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.good : exitCodes.unusable;
    if (!(error instanceof UsageFault)) throw error;
    stderr.line(`error: ${error.message}`);
    return exitCodes.unusable;
  }
}

function createProgram({ stdout, stderr }: CommandContext, runner: CommandRunner): Command {
  const program = new Command('recital')
    .description('A voice-assistant streaming server where every conversation is a statechart.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .showHelpAfterError('(--help shows what there is)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout.write(filledText(text, stdout.columns ?? UNKNOWN_WIDTH)),
      writeErr: (text) => stderr.write(text),
      getOutHelpWidth: () => stdout.columns ?? UNKNOWN_WIDTH,
      getErrHelpWidth: () => stderr.columns ?? UNKNOWN_WIDTH,
    })
    .addHelpText('after', '\nEach command has its own --help. Try "recital demo" first.');
  addServe(program, runner);
  addAsk(program, runner);
  addDemo(program, runner);
  addReplay(program, runner);
  addLog(program, runner);
  addChart(program, runner);
  addInspect(program, runner);
  addUsage(program, runner);
  addForget(program, runner);
  addCheckConfig(program, runner);
  return program;
}

/** What commander takes where the width is not known. */
const UNKNOWN_WIDTH = 80;

/** Arguments and options, by their names. */
function givenTo(command: Command): Readonly<Record<string, unknown>> {
  const named = command.registeredArguments.map((argument, index) => [argument.name(), command.processedArgs[index]]);
  return { ...Object.fromEntries(named), ...command.opts() };
}
