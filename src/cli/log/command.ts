/**
 * `recital log …` as it is typed: the commands that look into logs, and those that make something that is kept out of a log (a
 * test, a new recording, a scenario). What they do is loaded when one runs.
 */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';
import { wordsOf } from '../../errors.ts';
import type { CommandRunner } from '../terminal/command.ts';
import { parseTime, timeWords } from '../terminal/times.ts';

/** Adds `log` and its commands to `program`. */
export function addLog(program: Command, runner: CommandRunner): void {
  const log = program.command('log').helpCommand(false).description('look into event logs, and keep something of them');
  addList(log, runner);
  addShow(log, runner);
  addDiff(log, runner);
  addStats(log, runner);
  addExtract(log, runner);
  addToTest(log, runner);
  addReRecord(log, runner);
  addToScenario(log, runner);
}

const listOptions = z.object({
  path: z.array(z.string()),
  failed: z.boolean().default(false),
  reason: z.string().optional(),
  session: z.string().optional(),
  hardware: z.string().optional(),
  since: z.number().optional(),
  until: z.number().optional(),
  machine: z.string().optional(),
  check: z.boolean().default(false),
  json: z.boolean().default(false),
});

function addList(log: Command, runner: CommandRunner): void {
  const command = log
    .command('list')
    .description('one line a session, newest last: when, end reason, how long, whose, which file')
    .argument('[path...]', 'event logs: files, segments, folders, or quoted glob patterns')
    .option('--failed', 'only sessions that failed: not those that ended well or as somebody asked for')
    .option('--reason <reason>', 'only this end reason (its beginning is enough); also no_end, abandoned, bad_log')
    .option('--session <id>', 'only session or stream ids that begin with this')
    .option('--hardware <id>', 'only devices whose id begins with this')
    .addOption(new Option('--since <time>', 'only sessions that began then or later').argParser(timeOf))
    .addOption(new Option('--until <time>', 'only sessions that began before').argParser(timeOf))
    .option('--machine <name>', 'only this chart: session, welcome or supervisor (which is not listed otherwise)')
    .option('--check', 'read every log, also where the index of its segment tells of it: a damaged one is bad_log')
    .option('--json', 'one JSON object a session')
    .addHelpText(
      'after',
      `
Without a path: the folder that EVENT_LOG_DIR or DATA_DIR names, else ./data/event-logs. Times are UTC, as in the names
of the logs: 2026-11-22, 2026-11-22T14:30, today, yesterday, now, or so long ago: 90m, 12h, 3d.
Asked for are client_cancelled, interrupted, draining and abandoned (the server was told to stop first).
no_end: the process was killed or the session still runs. A log that can't be read is listed unless --reason or what
its header says rules it out.

Of a segment with an end its index is believed: its logs are not opened, and one whose lines were damaged or altered
is listed as it ended. --check opens them; all that no index tells of is opened anyway. "recital replay" executes them.

Exit codes: 0 something is listed, 1 nothing matches, 2 a path names no event log or can't be read, or bad usage.

Examples:
  recital log list --failed --since yesterday
  recital log list --reason answer_failed --since yesterday --until today
  recital log list /var/lib/recital/event-logs --session 9269120c
  recital log list --check --reason bad_log
  recital log list --failed --json | jq -r .path`,
    );
  runner.run(command, listOptions, async ({ path, since, until, ...given }, context) => {
    const { listLogs } = await import('./log-list.ts');
    return listLogs({ ...given, paths: path, sinceMs: since, untilMs: until }, context);
  });
}

function timeOf(text: string): number {
  const ms = parseTime(text, Date.now());
  if (ms !== undefined) return ms;
  throw new InvalidArgumentError(`It must be ${timeWords}.`);
}

const showOptions = z.object({
  path: z.array(z.string()),
  state: z.string().optional(),
  grep: z.instanceof(RegExp).optional(),
  wide: z.boolean(),
  json: z.boolean().default(false),
  follow: z.boolean().default(false),
});

function addShow(log: Command, runner: CommandRunner): void {
  const command = log
    .command('show')
    .description('print a session as a timeline; several one behind the other')
    .argument('<path...>', 'event logs: files, segments, folders, or quoted glob patterns')
    .option('--state <text>', 'only turns in a state whose name contains this')
    .addOption(new Option('--grep <pattern>', 'only turns that match this regular expression').argParser(patternOf))
    .option(
      '--wide',
      'full state names, effects and changes as they stand in the log; nothing is cut or wrapped',
      false,
    )
    .option('--json', 'one JSON object a line: the header, each turn, the footer')
    .option('-f, --follow', 'a log that is still written: each turn as it comes, until the session ends')
    .addHelpText(
      'after',
      `
Each turn: its time, the pause before it (! from a second on), its event, the states that were left and entered, and
what the chart asked for. The end comes with its failure and what to do about it.
--follow takes one log and waits for one that is not there yet; Ctrl-C ends it. A file that was replaced or became
shorter is told from its beginning.

Exit codes: 0 shown, 1 no turn matches, 2 the log can't be read.

Examples:
  recital log show data/event-logs/2026-11-22/233851.568-ce7392a6.jsonl
  recital log show session.jsonl --state voice.speaking
  recital log show session.jsonl --grep 'speech.failed|after ' --wide
  recital log show session.jsonl --json | jq 'select(.gap_ms > 1000)'
  recital log show --follow session.jsonl`,
    );
  runner.run(command, showOptions, async ({ path, follow, ...given }, context) => {
    const { followLog, showLogs } = await import('./log-show.ts');
    const options = { ...given, paths: path, state: given.state, grep: given.grep };
    return follow ? followLog(options, context) : showLogs(options, context);
  });
}

const diffOptions = z.object({
  a: z.string(),
  b: z.string(),
  flow: z.boolean(),
  json: z.boolean().default(false),
});

function addDiff(log: Command, runner: CommandRunner): void {
  const command = log
    .command('diff')
    .description('the first difference of two sessions, with the turns around it')
    .argument('<a>', 'an event log, or a folder that holds one')
    .argument('<b>', 'another')
    .option(
      '--flow',
      'compare names of events, states and names of effects only: not what was said, or how much',
      false,
    )
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      `
Compares what the sessions were started with, then turn by turn: event, states, context, effects, end. What differs
between any two sessions is not compared; the output says what that is.

Exit codes: 0 the same, 1 different, 2 one can't be read.

Examples:
  recital log diff good.jsonl failed.jsonl
  recital log diff good.jsonl failed.jsonl --flow
  recital log diff good.jsonl failed.jsonl --json | jq .difference`,
    );
  runner.run(command, diffOptions, async ({ a, b, flow, json }, context) => {
    const { diffLogs } = await import('./log-diff.ts');
    return diffLogs({ paths: [a, b], flow, json }, context);
  });
}

const statsOptions = z.object({
  path: z.array(z.string()),
  machine: z.string().optional(),
  svg: z.string().optional(),
  json: z.boolean().default(false),
});

function addStats(log: Command, runner: CommandRunner): void {
  const command = log
    .command('stats')
    .description('how often each state, transition and end reason came, what never did, and how long states lasted')
    .argument('[path...]', 'event logs: files, segments, folders, or quoted glob patterns')
    .option('--machine <name>', 'only logs of this chart; otherwise each chart for itself')
    .option('--svg <file>', 'draw the figures on the statechart')
    .option('--json', 'one JSON object a line: summary, left_out, end, state, transition')
    .addHelpText(
      'after',
      `
Without a path: the folder that EVENT_LOG_DIR or DATA_DIR names, else ./data/event-logs. Transitions come from
replaying: a log that does not replay identically with this version is left out of them, and named.

Exit codes: 0 counted, 2 something that was named can't be read (the rest is counted all the same), or bad usage.

Examples:
  recital log stats data/event-logs/2026-11-22
  recital log stats --svg chart.svg
  recital log stats --json | jq -r 'select(.kind == "transition" and .taken == 0).transition'`,
    );
  runner.run(command, statsOptions, async ({ path, machine, svg, json }, context) => {
    const { countLogs } = await import('./log-stats.ts');
    return countLogs({ paths: path, machine, svg, json }, context);
  });
}

const extractOptions = z.object({ id: z.string(), path: z.array(z.string()), out: z.string().optional() });

function addExtract(log: Command, runner: CommandRunner): void {
  const command = log
    .command('extract')
    .description('the file of one session, out of a segment or a folder, byte for byte')
    .argument(
      '<id>',
      'a session id, a stream id or the name of a log, of which the beginning is enough; or the path of a log',
    )
    .argument('[path...]', 'segments, event logs, folders of both, or quoted glob patterns')
    .option('--out <file>', 'write it there instead of to stdout; into this folder if it is one')
    .addHelpText(
      'after',
      `
Without a path: the folder that EVENT_LOG_DIR or DATA_DIR names, else ./data/event-logs. Several logs that match go into
a folder alone. Nothing is overwritten.

Exit codes: 0 written, 1 nothing matches, 2 several match, a file is in the way, or something can't be read.

Examples:
  recital log extract 9269120c --out session.jsonl
  recital log extract 9269120c data/event-logs/2026-11-22 | jq .`,
    );
  runner.run(command, extractOptions, async ({ id, path, out }, context) => {
    const { extractLogs } = await import('./keep.ts');
    return extractLogs({ id, paths: path, out }, context);
  });
}

const toTestOptions = z.object({
  path: z.array(z.string()),
  name: z.string().optional(),
  into: z.string().optional(),
  expect: z.string().optional(),
  pin: z.boolean(),
});

function addToTest(log: Command, runner: CommandRunner): void {
  const command = log
    .command('to-test')
    .description('make a regression test of each log')
    .argument('<path...>', 'event logs: files, segments, folders, or quoted glob patterns')
    .addOption(
      new Option('--name <name>', 'of the test of one log; else the end reason and the stream id').argParser(nameOf),
    )
    .option('--into <dir>', 'the folder of the recordings; else test/recordings of the checkout of Recital one is in')
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

Outside of a checkout there is nothing that would replay it: --into is needed, and a pinned one is checked by
"recital replay".

Exit codes: 0 written, 1 there is such a test already, 2 a log can't be read, no checkout and no --into, or bad usage.

Examples:
  recital log to-test data/event-logs/2026-11-22/233851.568-ce7392a6.jsonl
  recital log to-test failed.jsonl --name weather-stalls --expect completed
  recital log to-test limit.jsonl --pin                     this failure is right: it must stay so`,
    );
  runner.run(command, toTestOptions, async ({ path, name, into, expect, pin }, context) => {
    const { logToTest } = await import('./keep.ts');
    return logToTest({ paths: path, name, into, expect, pin }, context);
  });
}

const reRecordOptions = z.object({
  path: z.array(z.string()),
  reason: z.string(),
  out: z.string().optional(),
});

function addReRecord(log: Command, runner: CommandRunner): void {
  const command = log
    .command('re-record')
    .description("accept an intended change: the recorded events, with what today's chart does")
    .argument('<path...>', 'event logs: files, segments, folders, or quoted glob patterns')
    .addOption(
      new Option('--reason <why>', 'why the change is right; stays in the header')
        .argParser(reasonOf)
        .makeOptionMandatory(),
    )
    .option('--out <file>', 'keep the old log, write the new one of it there')
    .addHelpText(
      'after',
      `
The events stay as they came then; only what the chart did with them is new. Says what is accepted. A log that replays
identically is left alone. Of several logs each is treated for itself: one that is refused or can't be read stops no other.

Exit codes: 0 recorded anew or nothing to accept, 1 one was refused (today's chart throws), 2 one can't be read or written,
or no reason.

Examples:
  recital log re-record test/recordings --reason "a heading ends a sentence"
  recital log re-record test/recordings/session/interrupted-9269120c-v1.jsonl --reason "first segment may be 3 words"`,
    );
  runner.run(command, reRecordOptions, async ({ path, reason, out }, context) => {
    const { reRecordLogs } = await import('./re-record.ts');
    return reRecordLogs({ paths: path, reason, out }, context);
  });
}

const toScenarioOptions = z.object({ path: z.array(z.string()), out: z.string().optional() });

function addToScenario(log: Command, runner: CommandRunner): void {
  const command = log
    .command('to-scenario')
    .description('make a scenario file of a full log, for the scripted engines of a whole server')
    .argument('<path...>', 'event logs that were recorded with EVENT_LOG_REDACTION=full')
    .option('--out <file>', 'write the scenario there instead of to stdout; of several logs into this folder')
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
  runner.run(command, toScenarioOptions, async ({ path, out }, context) => {
    const { logToScenario } = await import('./keep.ts');
    return logToScenario({ paths: path, out }, context);
  });
}

function patternOf(text: string): RegExp {
  try {
    return new RegExp(text, 'iu');
  } catch (error) {
    throw new InvalidArgumentError(wordsOf(error));
  }
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
