/** Those commands of `recital log …` that make something that is kept out of a log: a test, a new recording, a scenario. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';
import type { CommandRunner } from '../terminal/command.ts';

/** Where one generic test replays every recording. */
const recordings = 'test/recordings';

/** Adds to-test, re-record and to-scenario to `log`. */
export function addLogKeepers(log: Command, runner: CommandRunner): void {
  addToTest(log, runner);
  addReRecord(log, runner);
  addToScenario(log, runner);
}

const toTestOptions = z.object({
  file: z.string(),
  name: z.string().optional(),
  into: z.string(),
  expect: z.string().optional(),
  pin: z.boolean(),
});

function addToTest(log: Command, runner: CommandRunner): void {
  const command = log
    .command('to-test')
    .description('make a regression test of a log')
    .argument('<file>', 'an event log')
    .addOption(new Option('--name <name>', 'of the test; else the end reason and the stream id').argParser(nameOf))
    .option('--into <dir>', 'the folder of the recordings', recordings)
    .addOption(
      new Option('--expect <reason>', 'how the session should have ended').argParser(reasonOf).conflicts('pin'),
    )
    .option('--pin', 'its end was right, whatever it was', false)
    .addHelpText(
      'after',
      `
Copies the log to <dir>/<chart>/<name>-v<version>.jsonl, where test/unit/replay/recordings.test.ts replays it.

A session that ended well, or as somebody asked for (completed, client_cancelled, interrupted, draining), is pinned: the
test is green while a replay is identical. One that failed is expected to end as completed: the test is red while the
chart, given the recorded events, fails; and green once it completes, or takes the event that ended it without failing.
(What the world would have said then is not recorded, so no test can know it.) Nothing is overwritten.

Exit codes: 0 written, 1 there is such a test already, 2 the log can't be read, or bad usage.

Examples:
  recital log to-test data/event-logs/2026-11-22/233851.568-ce7392a6.jsonl
  recital log to-test failed.jsonl --name weather-stalls --expect completed
  recital log to-test limit.jsonl --pin                     this failure is right: it must stay so`,
    );
  runner.run(command, toTestOptions, async ({ file, name, into, expect, pin }, context) => {
    const { logToTest } = await import('./keep.ts');
    return logToTest({ path: file, name, into, expect, pin }, context);
  });
}

const reRecordOptions = z.object({ file: z.string(), reason: z.string(), out: z.string().optional() });

function addReRecord(log: Command, runner: CommandRunner): void {
  const command = log
    .command('re-record')
    .description("accept an intended change: the recorded events, with what today's chart does")
    .argument('<file>', 'an event log')
    .addOption(
      new Option('--reason <why>', 'why the change is right; stays in the header')
        .argParser(reasonOf)
        .makeOptionMandatory(),
    )
    .option('--out <file>', 'keep the old log, write the new one there')
    .addHelpText(
      'after',
      `
The events stay as they came then; only what the chart did with them is new. Says what is accepted. A log that replays
identically is left alone.

Exit codes: 0 recorded anew or nothing to accept, 1 refused (today's chart throws), 2 the log can't be read, or no reason.

Example:
  recital log re-record test/recordings/session/interrupted-9269120c-v1.jsonl --reason "first segment may be 3 words"`,
    );
  runner.run(command, reRecordOptions, async ({ file, reason, out }, context) => {
    const { reRecordLog } = await import('./keep.ts');
    return reRecordLog({ path: file, reason, out }, context);
  });
}

const toScenarioOptions = z.object({ file: z.string(), out: z.string().optional() });

function addToScenario(log: Command, runner: CommandRunner): void {
  const command = log
    .command('to-scenario')
    .description('make a scenario file of a full log, for the scripted engines of a whole server')
    .argument('<file>', 'an event log that was recorded with EVENT_LOG_REDACTION=full')
    .option('--out <file>', 'write the scenario there instead of to stdout')
    .addHelpText(
      'after',
      `
The scenario goes to stdout, or to --out (never over a file); the settings the session ran under, and what a scenario
can't say, to stderr.

Exit codes: 0 written, 1 refused and why, 2 the log can't be read.

Example:
  recital log to-scenario session.jsonl --out scenario.json
  ANSWER_ENGINE=scripted SPEECH_ENGINE=scripted SCENARIO_FILE=scenario.json recital serve`,
    );
  runner.run(command, toScenarioOptions, async ({ file, out }, context) => {
    const { logToScenario } = await import('./keep.ts');
    return logToScenario({ path: file, out }, context);
  });
}

function nameOf(text: string): string {
  if (/^[\w][\w.-]{0,99}$/.test(text)) return text;
  throw new InvalidArgumentError(
    'It must be 1 to 100 letters, digits, "_", "-" or ".", and not begin with "-" or ".".',
  );
}

function reasonOf(text: string): string {
  const reason = text.trim();
  if (reason !== '') return reason;
  throw new InvalidArgumentError('It must say something.');
}
