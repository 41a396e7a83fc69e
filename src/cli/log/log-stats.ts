/**
 * `recital log stats PATH…`: over many sessions, how often each state was entered, each transition taken and each end reason came,
 * which transitions never were, and how long states lasted; with `--svg` drawn on the statechart.
 */

import { closeSync, existsSync, openSync, readSync, statSync, writeFileSync } from 'node:fs';
import {
  type ChartFigures,
  LogStats,
  type Percentiles,
  type TransitionFigures,
} from '../../analysis/stats/log-stats.ts';
import { wordsOf } from '../../errors.ts';
import { durationText } from '../../log/duration-text.ts';
import { isBadLog } from '../../log/log-reader.ts';
import { machineFor } from '../../replay/machine-shelf.ts';
import { type CommandContext, exitCodes } from '../terminal/command.ts';
import { type Output, printable, printTable } from '../terminal/output.ts';
import { countText } from '../terminal/progress.ts';
import { Indexes, openLogs, reportBadLog } from './log-files.ts';
import { type LogSelection, selectLogs } from './log-selection.ts';

/** Logs that are left out and named one by one. */
const MAX_NAMED_LEFT_OUT = 5;

export interface LogStatsOptions {
  readonly paths: readonly string[];
  /** Only logs of this chart; undefined = each chart for itself. */
  readonly machine: string | undefined;
  readonly json: boolean;
  /** Where to draw the figures. */
  readonly svg: string | undefined;
}

interface LeftOut {
  readonly path: string;
  readonly chart: string;
  readonly why: string;
}

interface Counted {
  /** By chart and the version that replays. */
  readonly stats: ReadonlyMap<string, LogStats>;
  readonly leftOut: readonly LeftOut[];
  /** Named logs that could not be read. */
  readonly unreadable: number;
}

/**
 * Prints the figures of what `paths` name: good = counted, unusable = something that was named could not be read or written (the
 * rest is counted all the same).
 */
export async function countLogs(options: LogStatsOptions, context: CommandContext): Promise<number> {
  const selected = await selectLogs(options.paths, context);
  if (selected === null) return exitCodes.unusable;
  const { stdout, stderr } = selected;
  const { stats, leftOut, unreadable } = await count(selected, options.machine);
  const charts = [...stats.values()]
    .map((each) => each.figures())
    .sort((a, b) => rankOf(a) - rankOf(b) || b.logs - a.logs);
  for (const figures of charts) {
    const others = leftOut.filter(({ chart }) => chart === chartNameOf(figures.machine, figures.version));
    if (options.json) printJson(stdout, figures, others);
    else printText(stdout, figures, others);
  }
  if (charts.length === 0) stderr.line('there are no logs to count');
  const isDrawn = options.svg === undefined || (await draw(options.svg, { charts, stderr }));
  return unreadable > 0 || !isDrawn ? exitCodes.unusable : exitCodes.good;
}

/** Sessions are what is asked for most. */
function rankOf({ machine }: ChartFigures): number {
  return machine === 'session' ? 0 : 1;
}

async function count({ paths, faults, progress, stderr }: LogSelection, only: string | undefined): Promise<Counted> {
  const stats = new Map<string, LogStats>();
  const leftOut: LeftOut[] = [];
  let unreadable = faults;
  let looked = 0;
  const wanted = await ofChart(paths, only);
  for await (const { path, log } of openLogs(wanted)) {
    looked += 1;
    progress.tell(() => countText(looked, wanted.length, 'log'));
    if (isBadLog(log)) {
      reportBadLog(stderr, path, log);
      unreadable += 1;
      continue;
    }
    const { machine: id, version } = log.header;
    if (only !== undefined && id !== only) continue;
    const machine = machineFor(id, version);
    if (machine === undefined) {
      reportBadLog(stderr, path, { line: 1, turn: null, why: `there is no chart named ${id}` });
      unreadable += 1;
      continue;
    }
    const chart = chartNameOf(machine.id, machine.version);
    const counted = stats.get(chart) ?? new LogStats(machine);
    stats.set(chart, counted);
    const why = counted.add(log);
    if (why !== null) leftOut.push({ path, chart, why });
  }
  progress.clear();
  return { stats, leftOut, unreadable };
}

/** Without those of another chart, where the index of a segment tells it: they are not read. */
async function ofChart(paths: readonly string[], only: string | undefined): Promise<readonly string[]> {
  if (only === undefined) return paths;
  const indexes = new Indexes();
  const wanted: string[] = [];
  for (const path of paths) if (((await indexes.of(path))?.entry.machine ?? only) === only) wanted.push(path);
  return wanted;
}

/** Versions of a chart are counted apart: their states may be others. */
function chartNameOf(machine: string, version = ''): string {
  return `${machine} ${version}`;
}

interface Drawing {
  readonly charts: readonly ChartFigures[];
  readonly stderr: Output;
}

/** A drawing may take the place of another one, never of something else: behind a forgotten name stands the path of a log. */
function refuseOther(path: string): void {
  if (!existsSync(path) || !statSync(path).isFile()) return;
  const opening = '<svg ';
  const bytes = Buffer.alloc(opening.length);
  const file = openSync(path, 'r');
  const count = readSync(file, bytes);
  closeSync(file);
  if (count > 0 && bytes.toString() !== opening)
    throw new Error('there is another file, which is no SVG drawing of this command');
}

/** Draws the first chart; false if it could not be written. */
async function draw(path: string, { charts, stderr }: Drawing): Promise<boolean> {
  const [figures, ...others] = charts;
  const machine = figures === undefined ? undefined : machineFor(figures.machine, figures.version);
  if (figures === undefined || machine === undefined) return true;
  const { drawFigures } = await import('../../analysis/stats/figures-svg.ts');
  try {
    refuseOther(path);
    writeFileSync(path, drawFigures(machine, figures));
  } catch (error) {
    const what = `--svg ${printable(path)} can't be written: ${printable(wordsOf(error))}`;
    stderr.line(`${stderr.styled('red', 'error:')} ${what}`);
    return false;
  }
  const rest =
    others.length === 0 ? '' : `; --machine ${others.map(({ machine: name }) => name).join(' or ')} draws another`;
  stderr.line(`${figures.machine} is drawn in ${printable(path)}${rest}`);
  return true;
}

function printJson(output: Output, figures: ChartFigures, leftOut: readonly LeftOut[]): void {
  const { machine, version, logs, identical, ends, states, transitions } = figures;
  const line = (kind: string, fields: object) => output.line(JSON.stringify({ kind, machine, ...fields }));
  line('summary', { version, logs, identical, left_out: leftOut.length });
  for (const { path, why } of leftOut) line('left_out', { path, why });
  for (const { reason, logs: count } of ends) line('end', { reason, logs: count });
  for (const { path, entered, logs: inLogs, lastedMs } of states) {
    line('state', { state: path, entered, logs: inLogs, lasted_ms: lastedMs });
  }
  for (const { name, from, trigger, guard, targets, taken, logs: inLogs } of transitions) {
    line('transition', { transition: name, from, trigger, guard, targets, taken, logs: inLogs });
  }
}

function printText(output: Output, figures: ChartFigures, leftOut: readonly LeftOut[]): void {
  const { machine, version, logs, identical, ends, states, transitions } = figures;
  output.line(output.styled('bold', `${machine}, version ${version}: ${logs} ${logs === 1 ? 'log' : 'logs'}`));
  if (leftOut.length > 0) {
    output.line(
      output.styled('yellow', `transitions are those of the ${identical} that replay identically; left out:`),
    );
    for (const { path, why } of leftOut.slice(0, MAX_NAMED_LEFT_OUT)) {
      output.line(`  ${printable(path)}: ${printable(why)}`);
    }
    if (leftOut.length > MAX_NAMED_LEFT_OUT)
      output.line(`  and ${leftOut.length - MAX_NAMED_LEFT_OUT} more (--json names all)`);
  }
  output.line('');
  showFigures(
    output,
    ['END REASON', 'LOGS', ''],
    ends.map(({ reason, logs: count }) => [printable(reason), String(count), percent(count, logs)]),
  );
  output.line('');
  const stateRows = states.map(({ path, entered, logs: inLogs, lastedMs }) => {
    const steps = path.split('.');
    const name = `${'  '.repeat(steps.length - 1)}${steps.at(-1)}`;
    return [name, String(entered), String(inLogs), ...percentileCells(lastedMs)];
  });
  showFigures(output, ['STATE', 'ENTERED', 'LOGS', 'P50', 'P90', 'P99', 'MAX'], stateRows);
  output.line('');
  const taken = transitions.filter(({ taken: times }) => times > 0);
  showFigures(
    output,
    ['TRANSITION', 'TAKEN', 'LOGS'],
    bySource(taken, ({ taken: times, logs: inLogs }) => [times, inLogs]),
  );
  output.line('');
  const never = transitions.filter(({ taken: times }) => times === 0);
  output.line(output.styled('bold', `NEVER TAKEN: ${never.length} of ${transitions.length} transitions`));
  for (const [text = ''] of bySource(never, () => [])) output.line(output.styled('dim', text));
  output.line('');
}

/** Rows of transitions below one for each of their sources. */
function bySource(
  transitions: readonly TransitionFigures[],
  cellsOf: (transition: TransitionFigures) => readonly number[],
): string[][] {
  let source: string | null = null;
  return transitions.flatMap((each) => {
    const heading = each.from === source ? [] : [[each.from === '' ? '(in every state)' : each.from]];
    source = each.from;
    return [...heading, [`  ${transitionText(each)}`, ...cellsOf(each).map(String)]];
  });
}

function percent(part: number, whole: number): string {
  return whole === 0 ? '' : `${((100 * part) / whole).toFixed(1)} %`;
}

function percentileCells(lasted: Percentiles | null): string[] {
  if (lasted === null) return ['-', '-', '-', '-'];
  return [lasted.p50, lasted.p90, lasted.p99, lasted.max].map(durationText);
}

function transitionText({ trigger, guard, goal }: TransitionFigures): string {
  return `${trigger}${guard === null ? '' : ` [${guard}]`}${goal === '' ? '' : ` → ${goal}`}`;
}

/** A table whose first column is text and whose others are numbers. */
function showFigures(output: Output, titles: readonly string[], rows: readonly (readonly string[])[]): void {
  const columns = titles.map((title, index) => ({ title, isNumber: index > 0 }));
  printTable(output, columns, rows);
}
