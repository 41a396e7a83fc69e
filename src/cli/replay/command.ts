/** `recital replay` as it is typed: what it takes, with `--with` and without. */
import type { Command } from 'commander';
import { z } from 'zod';
import { type CommandRunner, exitCodes } from '../terminal/command.ts';

/** A setting as `--with` takes it; anything else behind the option is a path. */
const settingPattern = /^[A-Za-z_][A-Za-z0-9_]*=/;

const replayOptions = z.object({
  path: z.array(z.string()),
  verbose: z.boolean(),
  quiet: z.boolean(),
  json: z.boolean(),
  emit: z.boolean(),
  with: z.array(z.string()).optional(),
});

/** Adds the command to `program`. */
export function addReplay(program: Command, runner: CommandRunner): void {
  const command = program
    .command('replay')
    .description('execute recorded sessions again and say which went the same way, or would have under other settings')
    .argument('[path...]', 'event logs: files, folders, or quoted glob patterns')
    .option('--verbose', 'name every log, however many there are', false)
    .option('--quiet', 'name only logs that diverged or are unreadable', false)
    .option('--json', 'one JSON object a log, then one for the summary', false)
    .option('--emit', 'say the frames again with a live actor, and compare them with what was recorded', false)
    .option('--with <KEY=VALUE...>', 'what if: how would the sessions have ended under these settings?')
    .addHelpText(
      'after',
      `
The verdict on each log is "identical", the first turn that went another way, or what is wrong with the file. Changes of
the chart since the recording are named first. More than 20 identical logs are only counted.

--with takes names and values as the configuration does: BACKPRESSURE_IDLE_TIMEOUT, BACKPRESSURE_MAX_RATE,
FIRST_TOKEN_TIMEOUT, ANSWER_STALL_TIMEOUT, SPEECH_TIMEOUT, SESSION_TIMEOUT, SPEECH_LOOKAHEAD, SPEECH_FAILURE, COMMANDS,
KILL_SWITCHES=disable_forward_assistant_actions. It lists the sessions that would have ended otherwise, and those of
which the recorded facts do not tell (docs/REPLAY.md says when they do).

Exit codes: 0 all identical, 1 one diverged, 2 one could not be read. With --with: 0 every log was looked at, 2 one
could not be read, or bad settings.

Examples:
  recital replay data/event-logs/2026-11-22
  recital replay session.jsonl --emit
  recital replay 'data/event-logs/*/*.jsonl' --json | jq 'select(.verdict == "diverged")'
  recital replay data/event-logs --with SESSION_TIMEOUT=20 SPEECH_FAILURE=fail`,
    );
  runner.run(command, replayOptions, async ({ path, with: withGiven, emit, ...listing }, context) => {
    const isSetting = (text: string) => withGiven !== undefined && settingPattern.test(text);
    const all = [...path, ...(withGiven ?? [])];
    const paths = all.filter((text) => !isSetting(text));
    const settings = all.filter(isSetting);
    if (withGiven === undefined) {
      const { replayLogs } = await import('./replay.ts');
      return replayLogs({ ...listing, paths, emit }, context);
    }
    if (emit) command.error('error: --emit and --with exclude each other', { exitCode: exitCodes.unusable });
    const { whatIfLogs } = await import('./what-if.ts');
    return whatIfLogs({ ...listing, paths, settings }, context);
  });
}
