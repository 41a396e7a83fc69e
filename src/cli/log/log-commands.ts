/** The declarations of `recital log …`: what each command takes, its help, and the code that is loaded only when it runs. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { addLogKeepers } from './log-keep-commands.ts';
import { parseTime } from './log-times.ts';

/** Adds `log` and its commands; `finish` is told the exit code. */
export function addLog(program: Command, finish: (exitCode: number) => void): void {
  const log = program.command('log').helpCommand(false).description('look into event logs, and keep something of them');
  addList(log, finish);
  addShow(log, finish);
  addDiff(log, finish);
  addStats(log, finish);
  addLogKeepers(log, finish);
}

interface ListGiven {
  readonly reason?: string;
  readonly session?: string;
  readonly hardware?: string;
  readonly since?: number;
  readonly until?: number;
  readonly failed?: boolean;
  readonly machine?: string;
  readonly json?: boolean;
}

function addList(log: Command, finish: (exitCode: number) => void): void {
  log
    .command('list')
    .description('one line a session, newest last: when, end reason, how long, whose, which file')
    .argument('[path...]', 'event logs: files, folders, or quoted glob patterns')
    .option('--failed', 'only sessions that did not end as completed')
    .option('--reason <reason>', 'only this end reason (its beginning is enough); also no_end, abandoned, bad_log')
    .option('--session <id>', 'only session or stream ids that begin with this')
    .option('--hardware <id>', 'only devices whose id begins with this')
    .addOption(new Option('--since <time>', 'only sessions that began then or later').argParser(timeOf))
    .addOption(new Option('--until <time>', 'only sessions that began before').argParser(timeOf))
    .option('--machine <name>', 'only this chart: session, welcome or supervisor (which is not listed otherwise)')
    .option('--json', 'one JSON object a session')
    .addHelpText(
      'after',
      `
Without a path: the folder that EVENT_LOG_DIR or DATA_DIR names, else ./data/event-logs. Times are UTC, as in the names
of the logs: 2026-11-22, 2026-11-22T14:30, today, yesterday, now, or so long ago: 90m, 12h, 3d.
no_end: the process was killed or the session still runs. A log that can't be read is listed unless --reason or what
its header says rules it out.

Exit codes: 0 something is listed, 1 nothing matches, 2 a path names no event log, or bad usage.

Examples:
  recital log list --failed --since yesterday
  recital log list --reason answer_failed --since yesterday --until today
  recital log list /var/lib/recital/event-logs --session 9269120c
  recital log list --failed --json | jq -r .path`,
    )
    .action(async (paths: string[], given: ListGiven) => {
      const { listLogs } = await import('./log-list.ts');
      const { since: sinceMs, until: untilMs, reason, session, hardware, failed, machine, json } = given;
      const filters = { reason, session, hardware, sinceMs, untilMs, failed: failed === true, machine };
      finish(await listLogs({ paths: orDefaultFolder(paths), ...filters, json: json === true }));
    });
}

/** Where a server that is started with this environment keeps its logs. */
function orDefaultFolder(paths: readonly string[]): readonly string[] {
  if (paths.length > 0) return paths;
  const { EVENT_LOG_DIR: dir, DATA_DIR: dataDir } = process.env;
  return [dir || `${dataDir || './data'}/event-logs`];
}

function timeOf(text: string): number {
  const ms = parseTime(text, Date.now());
  if (ms !== undefined) return ms;
  throw new InvalidArgumentError('It must be like 2026-11-22, 2026-11-22T14:30, today, yesterday, 90m, 12h or 3d.');
}

function addShow(log: Command, finish: (exitCode: number) => void): void {
  log
    .command('show')
    .description('print one session as a timeline')
    .argument('<file>', 'an event log')
    .option('--state <text>', 'only turns in a state whose name contains this')
    .addOption(new Option('--grep <pattern>', 'only turns that match this regular expression').argParser(patternOf))
    .option(
      '--wide',
      'full state names, effects and changes as they stand in the log; nothing is cut or wrapped',
      false,
    )
    .option('--json', 'one JSON object a line: the header, each turn, the footer')
    .addHelpText(
      'after',
      `
Each turn: its time, the pause before it (! from a second on), its event, the states that were left and entered, and
what the chart asked for. The end comes with its failure and what to do about it.

Exit codes: 0 shown, 1 no turn matches, 2 the log can't be read.

Examples:
  recital log show data/event-logs/2026-11-22/233851.568-ce7392a6.jsonl
  recital log show session.jsonl --state voice.speaking
  recital log show session.jsonl --grep 'speech.failed|after ' --wide
  recital log show session.jsonl --json | jq 'select(.gap_ms > 1000)'`,
    )
    .action(async (path: string, given: ShowGiven) => {
      const { showLog } = await import('./log-show.ts');
      finish(
        await showLog({
          path,
          state: given.state,
          grep: given.grep,
          wide: given.wide === true,
          json: given.json === true,
        }),
      );
    });
}

interface ShowGiven {
  readonly state?: string;
  readonly grep?: RegExp;
  readonly wide?: boolean;
  readonly json?: boolean;
}

function addDiff(log: Command, finish: (exitCode: number) => void): void {
  log
    .command('diff')
    .description('the first difference of two sessions, with the turns around it')
    .argument('<a>', 'an event log')
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
    )
    .action(async (a: string, b: string, given: { readonly flow?: boolean; readonly json?: boolean }) => {
      const { diffLogs } = await import('./log-diff.ts');
      finish(await diffLogs({ paths: [a, b], flow: given.flow === true, json: given.json === true }));
    });
}

interface StatsGiven {
  readonly machine?: string;
  readonly svg?: string;
  readonly json?: boolean;
}

function addStats(log: Command, finish: (exitCode: number) => void): void {
  log
    .command('stats')
    .description('how often each state, transition and end reason came, what never did, and how long states lasted')
    .argument('[path...]', 'event logs: files, folders, or quoted glob patterns')
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
    )
    .action(async (paths: string[], { machine, svg, json }: StatsGiven) => {
      const { countLogs } = await import('./log-stats.ts');
      finish(await countLogs({ paths: orDefaultFolder(paths), machine, svg, json: json === true }));
    });
}

function patternOf(text: string): RegExp {
  try {
    return new RegExp(text, 'iu');
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}
