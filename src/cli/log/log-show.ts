/**
 * Event logs turn by turn, for the terminal. `recital log show FILE`: one session as a timeline. Every turn with its time, the pause before
 * it, its event, the states that were left and entered, and what the chart asked for, in words. `--wide` says each of them as it stands in
 * the log. `recital log diff A B`: where two sessions first went apart, with the turns around it.
 */
import { compareLogs, ignoredFields, type LogComparison, type LogDifference } from '../../analysis/log-difference.ts';
import { errorTable } from '../../errors.ts';
import { durationText } from '../../log/duration-text.ts';
import { type LogTurn, THREW } from '../../log/log-format.ts';
import { type EventLog, endReasonOf, isBadLog, isFailedEnd } from '../../log/log-reader.ts';
import { type CommandContext, exitCodes } from '../terminal/command.ts';
import { type Output, printable } from '../terminal/output.ts';
import { openLog, reportBadLog } from './log-files.ts';
import { theLogIn, withEachLog } from './log-selection.ts';
import { effectsText, eventText, idsOf, leavesOf, lineWidth, moveLine, statesText, wrapped } from './log-text.ts';

/** A pause that a reader's eye should find. */
const LONG_GAP_MS = 1_000;
const TIME_COLUMN_CHARS = 9;
const GAP_COLUMN_CHARS = 11;
const INDENT_CHARS = TIME_COLUMN_CHARS + GAP_COLUMN_CHARS + 2;

export interface LogShowOptions {
  readonly paths: readonly string[];
  /** Only turns in or into a state that contains this. */
  readonly state: string | undefined;
  /** Only turns whose lines match. */
  readonly grep: RegExp | undefined;
  /** Full names and texts, whatever the width of the terminal, and the changes of the context. */
  readonly wide: boolean;
  readonly json: boolean;
}

/** One turn, and what it is told against. */
interface Moment {
  readonly turn: LogTurn;
  /** Since the turn before; null for the first. */
  readonly gapMs: number | null;
  readonly before: string;
  readonly after: string;
}

/** Prints logs one behind the other: good = turns were shown, failed = no turn matches, unusable = one can't be read. */
export async function showLogs(options: LogShowOptions, context: CommandContext): Promise<number> {
  let shown = 0;
  const code = await withEachLog(options.paths, context, {
    work: ({ path, log, isOne }, { stdout, env }) => {
      const moments = momentsOf(log);
      const chosen = moments.filter((moment) => isChosen(moment, options));
      shown += chosen.length;
      const title = isOne ? null : path;
      if (options.json) showJson(stdout, log, { chosen, title });
      else
        showText(stdout, log, { ...options, moments, chosen: new Set(chosen), width: lineWidth(stdout, env), title });
      return exitCodes.good;
    },
  });
  return shown > 0 || code !== exitCodes.good ? code : exitCodes.failed;
}

function momentsOf({ turns }: EventLog): readonly Moment[] {
  let states = '';
  return turns.map((turn, index) => {
    const before = states;
    states = turn.state ?? states;
    const previous = turns[index - 1];
    return { turn, gapMs: previous === undefined ? null : turn.atMs - previous.atMs, before, after: states };
  });
}

function isChosen(moment: Moment, { state, grep }: LogShowOptions): boolean {
  if (state !== undefined && !`${moment.before} | ${moment.after}`.includes(state)) return false;
  if (grep === undefined) return true;
  return [false, true].some((isWide) => {
    const { head, details } = wordsOf(moment, isWide);
    return [`${head.name} ${head.fields}`, ...details].some((text) => grep.test(text));
  });
}

function wordsOf({ turn, before, after }: Moment, isWide: boolean) {
  const head = eventText(turn.event, isWide);
  const details: string[] = [];
  if (turn.state !== undefined) details.push(moveLine(before, after, isWide));
  const effects = turn.effects ?? [];
  if (isWide) {
    details.push(...effects.map((effect) => `· ${printable(effect)}`));
    const changes = Object.entries(turn.changes ?? {}).map(([field, value]) => `${field}=${JSON.stringify(value)}`);
    if (changes.length > 0) details.push(`changed ${printable(changes.join(' '))}`);
    if (turn.status !== undefined) details.push(`status ${printable(turn.status)}`);
  } else {
    const told = effectsText(effects);
    if (told !== '') details.push(`· ${told}`);
    if (turn.status === THREW)
      details.push('! the chart threw: a bug; the server log has it under the id of the fault');
  }
  return { head, details };
}

interface TextOptions extends LogShowOptions {
  readonly moments: readonly Moment[];
  readonly chosen: ReadonlySet<Moment>;
  readonly width: number;
  /** Which of several logs it is; null = the only one. */
  readonly title: string | null;
}

function showText(output: Output, log: EventLog, options: TextOptions): void {
  const { moments, chosen, wide, width, title } = options;
  if (title !== null) output.line(output.styled('bold', `== ${printable(title)}`));
  showHeader(output, log, width);
  let hidden = 0;
  for (const moment of moments) {
    if (!chosen.has(moment)) {
      hidden += 1;
      continue;
    }
    if (hidden > 0) {
      showHidden(output, hidden);
      const states = wide ? moment.before : statesText(leavesOf(moment.before));
      output.line(output.styled('dim', `${' '.repeat(INDENT_CHARS)}in ${printable(states)}`));
    }
    hidden = 0;
    showMoment(output, moment, wide ? Number.POSITIVE_INFINITY : width);
  }
  showHidden(output, hidden);
  showEnd(output, log, { moments, width });
  if (title !== null) output.line('');
}

function showHidden(output: Output, hidden: number): void {
  if (hidden === 0) return;
  output.line(
    output.styled('dim', `${'…'.padStart(TIME_COLUMN_CHARS)} ${hidden} ${hidden === 1 ? 'turn' : 'turns'} not shown`),
  );
}

function showHeader(output: Output, { header }: EventLog, width: number): void {
  const { machine, version, build, redaction, startedAt, reason } = header;
  const { streamId, sessionId, hardwareId } = idsOf(header.input);
  output.line(output.styled('bold', `${printable(machine)} ${sessionId}`));
  output.line(`device ${hardwareId}, stream ${streamId}`);
  output.line(`began ${printable(startedAt)}`);
  const texts = redaction === 'full' ? 'texts in full' : 'texts by their shape';
  output.line(output.styled('dim', printable(`chart version ${version}, server ${build}, ${texts}`)));
  for (const line of reason === undefined ? [] : wrapped(`recorded anew: ${printable(reason)}`, width)) {
    output.line(output.styled('yellow', line));
  }
  output.line('');
  const [time, gap] = ['seconds'.padStart(TIME_COLUMN_CHARS), 'pause'.padStart(GAP_COLUMN_CHARS)];
  output.line(output.styled('dim', `${time}${gap}  event, → states, · what the chart asked for`));
}

function showMoment(output: Output, moment: Moment, width: number): void {
  const { turn, gapMs } = moment;
  const { head, details } = wordsOf(moment, width === Number.POSITIVE_INFINITY);
  const time = (turn.atMs / 1000).toFixed(3).padStart(TIME_COLUMN_CHARS);
  const isLong = gapMs !== null && gapMs >= LONG_GAP_MS;
  const pause = `${isLong ? '! ' : ''}${gapMs === null ? '' : `+${durationText(gapMs)}`}`.padStart(GAP_COLUMN_CHARS);
  const room = width - INDENT_CHARS;
  const fields = shortened(head.fields, room - head.name.length - 1);
  output.line(
    `${time}${isLong ? output.styled('yellow', pause) : pause}  ${output.styled('cyan', head.name)} ${fields}`.trimEnd(),
  );
  for (const detail of details) {
    for (const [index, text] of wrapped(detail, room - 2).entries()) {
      const line = `${' '.repeat(INDENT_CHARS)}${index === 0 ? '' : '  '}${text}`;
      output.line(detail.startsWith('· ') || detail.startsWith('changed ') ? output.styled('dim', line) : line);
    }
  }
}

function shortened(text: string, chars: number): string {
  return text.length <= chars ? text : `${text.slice(0, Math.max(1, chars - 1))}…`;
}

function showEnd(
  output: Output,
  log: EventLog,
  { moments, width }: { readonly moments: readonly Moment[]; readonly width: number },
): void {
  output.line('');
  const { footer, turns } = log;
  const tookMs = turns.at(-1)?.atMs ?? 0;
  const count = `${turns.length} ${turns.length === 1 ? 'turn' : 'turns'} in ${durationText(tookMs)}`;
  if (footer === null) {
    output.line(`${output.styled('yellow', 'no end:')} the process was killed, or the session still runs; ${count}`);
  } else if (footer.status === 'abandoned') {
    output.line(`${output.styled('yellow', 'abandoned')} when the server stopped; ${count}`);
  } else {
    const isGood = footer.reason === 'completed' || footer.reason === '';
    const color = isFailedEnd(endReasonOf(footer)) ? 'red' : 'yellow';
    output.line(`${output.styled(isGood ? 'green' : color, printable(footer.reason || footer.status))}, ${count}`);
    if (!isGood) for (const line of failureLines(log, width)) output.line(line);
  }
  if (footer !== null && footer.dropped > 0) {
    output.line(output.styled('yellow', `${footer.dropped} turns before the end are not in the file`));
  }
  const longest = moments.reduce<Moment | null>(
    (best, each) => ((each.gapMs ?? 0) > (best?.gapMs ?? 0) ? each : best),
    null,
  );
  if (longest === null || longest.gapMs === null) return;
  const { name } = eventText(longest.turn.event, false);
  output.line(
    output.styled(
      'dim',
      `longest pause ${durationText(longest.gapMs)}, before ${name} at ${durationText(longest.turn.atMs)}`,
    ),
  );
}

/** What the last event said of the failure, and what the error table says of its kind. */
function failureLines({ turns, footer }: EventLog, width: number): string[] {
  const failure = turns.at(-1)?.event.failure;
  const message: unknown =
    typeof failure === 'object' && failure !== null ? Reflect.get(failure, 'message') : undefined;
  const said = typeof message === 'string' ? [`the engine said ${printable(JSON.stringify(message))}`] : [];
  const row = Object.entries(errorTable).find(([type]) => type === footer?.reason)?.[1];
  const known = row === undefined ? [] : [`${row.code}: ${row.when}`, `What to do: ${row.fix}`];
  return [...said, ...known].flatMap((line) => wrapped(line, width));
}

interface ChosenMoments {
  readonly chosen: readonly Moment[];
  readonly title: string | null;
}

function showJson(output: Output, { header, turns, footer }: EventLog, { chosen, title }: ChosenMoments): void {
  output.line(JSON.stringify({ ...header, ...(title !== null && { path: title }) }));
  for (const { turn, gapMs, before, after } of chosen) {
    const { kind, turn: number, atMs, event, changes, effects, status } = turn;
    const [old, now] = [leavesOf(before), leavesOf(after)];
    const left = old.filter((state) => !now.includes(state));
    const entered = now.filter((state) => !old.includes(state));
    const moves = { states: now, left, entered };
    const rest = { changes: changes ?? {}, effects: effects ?? [], status: status ?? 'active' };
    output.line(JSON.stringify({ kind, turn: number, at_ms: atMs, gap_ms: gapMs, event, ...moves, ...rest }));
  }
  const duration = turns.at(-1)?.atMs ?? 0;
  const end = footer ?? { kind: 'footer', status: null, reason: null, turns: turns.length, dropped: null };
  output.line(JSON.stringify({ ...end, duration_ms: duration }));
}

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
