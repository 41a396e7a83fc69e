/**
 * `recital log diff A B`: where two sessions first went apart, with the turns around it.
 */
import { compareLogs, ignoredFields, type LogComparison, type LogDifference } from '../../analysis/log-difference.ts';
import type { LogTurn } from '../../log/log-format.ts';
import { type EventLog, isBadLog } from '../../log/log-reader.ts';
import { type CommandContext, exitCodes } from '../terminal/command.ts';
import { type Output, printable } from '../terminal/output.ts';
import { openLog, reportBadLog } from './log-files.ts';
import { theLogIn } from './log-selection.ts';
import { effectsText, eventText, idsOf, lineWidth, moveLine, wrapped } from './log-text.ts';

/** Turns that are shown before the difference, and after it in each session. */
const CONTEXT_TURNS = 3;
const FOLLOWING_TURNS = 2;

export interface LogDiffOptions {
  readonly paths: readonly [string, string];
  /** Only what happened, not what was said. */
  readonly flow: boolean;
  readonly json: boolean;
}

/** Compares two logs: good = the same, failed = different, unusable = one can't be read. */
export async function diffLogs({ paths: given, flow, json }: LogDiffOptions, context: CommandContext): Promise<number> {
  const { stdout, stderr, env } = context;
  const [pathOfA, pathOfB] = [await theLogIn(given[0], context), await theLogIn(given[1], context)];
  if (pathOfA === null || pathOfB === null) return exitCodes.unusable;
  const paths = [pathOfA, pathOfB] as const;
  const [a, b] = [await openLog(pathOfA), await openLog(pathOfB)];
  if (isBadLog(a)) reportBadLog(stderr, paths[0], a);
  if (isBadLog(b)) reportBadLog(stderr, paths[1], b);
  if (isBadLog(a) || isBadLog(b)) return exitCodes.unusable;
  const comparison = compareLogs(a, b, flow);
  if (json) stdout.line(JSON.stringify(comparisonJson(comparison, paths)));
  else showComparison(stdout, { comparison, paths, logs: [a, b], width: lineWidth(stdout, env) });
  return comparison.difference === null ? exitCodes.good : exitCodes.failed;
}

function comparisonJson({ difference, sameTurns, notes }: LogComparison, [a, b]: readonly [string, string]) {
  const verdict = difference === null ? 'same' : 'different';
  return { kind: 'diff', a, b, verdict, same_turns: sameTurns, difference, notes, ignored: ignoredFields };
}

interface ShownComparison {
  readonly comparison: LogComparison;
  readonly paths: readonly [string, string];
  readonly logs: readonly [EventLog, EventLog];
  readonly width: number;
}

function showComparison(output: Output, { comparison, paths, logs, width }: ShownComparison): void {
  const { difference, sameTurns, notes } = comparison;
  const [a, b] = logs;
  output.line(output.styled('red', `- ${printable(paths[0])}  (${idsOf(a.header.input).sessionId})`));
  output.line(output.styled('green', `+ ${printable(paths[1])}  (${idsOf(b.header.input).sessionId})`));
  for (const note of notes) output.line(output.styled('yellow', `note: ${printable(note)}`));
  output.line('');
  if (difference === null) {
    output.line(`${output.styled('green', 'same:')} ${sameTurns} turns`);
  } else {
    showDifference(output, difference);
    showTurns(output, { logs, turn: difference.turn, width });
  }
  output.line('');
  for (const line of wrapped(`Not compared: ${ignoredFields.join(', ')}.`, width)) {
    output.line(output.styled('dim', line));
  }
}

function showDifference(output: Output, { turn, field, a, b }: LogDifference): void {
  output.line(`${output.styled('bold', `different at turn ${turn}:`)} ${printable(field)}`);
  output.line(output.styled('red', `  - ${valueText(a)}`));
  output.line(output.styled('green', `  + ${valueText(b)}`));
  output.line('');
}

function valueText(value: unknown): string {
  return printable(typeof value === 'string' ? value : JSON.stringify(value));
}

interface TurnsAround {
  readonly logs: readonly [EventLog, EventLog];
  readonly turn: number;
  readonly width: number;
}

function showTurns(output: Output, { logs: [a, b], turn, width }: TurnsAround): void {
  const from = Math.max(0, turn - CONTEXT_TURNS);
  if (from > 0) output.line(output.styled('dim', `  … ${from} ${from === 1 ? 'turn' : 'turns'} before`));
  const print = (log: EventLog, index: number, mark: ' ' | '-' | '+') => {
    for (const line of turnLines(log, index, width)) {
      const text = `${mark} ${line}`;
      if (mark === ' ') output.line(output.styled('dim', text));
      else output.line(output.styled(mark === '-' ? 'red' : 'green', text));
    }
  };
  for (let index = from; index < turn; index += 1) print(a, index, ' ');
  for (let index = turn; index <= turn + FOLLOWING_TURNS; index += 1) print(a, index, '-');
  for (let index = turn; index <= turn + FOLLOWING_TURNS; index += 1) print(b, index, '+');
}

function turnLines({ turns, footer }: EventLog, index: number, width: number): string[] {
  const turn = turns[index];
  if (turn === undefined) {
    if (index !== turns.length) return [];
    return [`     (${footer === null ? 'the log ends here' : printable(footer.reason || footer.status)})`];
  }
  const NUMBER_CHARS = 5;
  const { name, fields } = eventText(turn.event, false);
  const indent = ' '.repeat(NUMBER_CHARS + 2);
  const details: string[] = [];
  if (turn.state !== undefined) details.push(moveLine(stateBefore(turns, index), turn.state, false));
  const effects = effectsText(turn.effects ?? []);
  if (effects !== '') details.push(`· ${effects}`);
  const room = width - indent.length - 2;
  const head = `${name} ${fields}`.trimEnd();
  return [
    `${String(turn.turn).padStart(NUMBER_CHARS)}  ${head.length > room ? `${head.slice(0, room - 1)}…` : head}`,
    ...details.flatMap((detail) => wrapped(detail, room).map((line) => `${indent}${line}`)),
  ];
}

function stateBefore(turns: readonly LogTurn[], index: number): string {
  return turns.slice(0, index).findLast(({ state }) => state !== undefined)?.state ?? '';
}
