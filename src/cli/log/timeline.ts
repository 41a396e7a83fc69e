/**
 * A session as a timeline for the terminal, told as it comes: its header, turn by turn, its end. Every turn with its time, the pause before
 * it, its event, the states that were left and entered, and what the chart asked for, in words; `wide` says each of them as it stands in
 * the log, `json` as one object a line. A log that is read whole and one that still grows are told by the same words, and nothing is kept
 * of a turn that was told but what the next one and the end need.
 */
import { errorWords } from '../../error-words.ts';
import { errorTable, isErrorType } from '../../errors.ts';
import { durationText } from '../../log/duration-text.ts';
import { type LogFooter, type LogHeader, type LogTurn, THREW } from '../../log/log-format.ts';
import { endReasonOf, isFailedEnd } from '../../log/log-reader.ts';
import type { Environment } from '../terminal/command.ts';
import { type Output, printable } from '../terminal/output.ts';
import { effectsText, eventText, idsOf, leavesOf, lineWidth, moveLine, statesText, wrapped } from './log-text.ts';

/** A pause that a reader's eye should find. */
const LONG_GAP_MS = 1_000;
const TIME_COLUMN_CHARS = 9;
const GAP_COLUMN_CHARS = 11;
const INDENT_CHARS = TIME_COLUMN_CHARS + GAP_COLUMN_CHARS + 2;

/** Which turns are told, and how. */
export interface TimelineOptions {
  /** Only turns in or into a state that contains this. */
  readonly state: string | undefined;
  /** Only turns whose lines match. */
  readonly grep: RegExp | undefined;
  /** Full names and texts, whatever the width of the terminal, and the changes of the context. */
  readonly wide: boolean;
  readonly json: boolean;
}

export interface TimelinePlace {
  readonly output: Output;
  readonly env: Environment;
  /** Which of several logs it is; null = the only one. */
  readonly title: string | null;
}

/** One turn, and what it is told against. */
interface Moment {
  readonly turn: LogTurn;
  /** Since the turn before; null for the first. */
  readonly gapMs: number | null;
  readonly before: string;
  readonly after: string;
}

/** Tells one log: `begin`, then `add` for each of its turns, then `end`. */
export class Timeline {
  readonly #options: TimelineOptions;
  readonly #place: TimelinePlace;
  #turns = 0;
  #shown = 0;
  /** Turns that were left out since the last that was shown. */
  #hidden = 0;
  #states = '';
  #last: LogTurn | null = null;
  #longest: Moment | null = null;

  constructor(options: TimelineOptions, place: TimelinePlace) {
    this.#options = options;
    this.#place = place;
  }

  /** Turns that were told. */
  get shown(): number {
    return this.#shown;
  }

  begin(header: LogHeader): void {
    const { output, title } = this.#place;
    if (this.#options.json) {
      output.line(JSON.stringify({ ...header, ...(title !== null && { path: title }) }));
      return;
    }
    if (title !== null) output.line(output.styled('bold', `== ${printable(title)}`));
    showHeader(output, header, this.#width);
  }

  add(turn: LogTurn): void {
    const moment = this.#momentOf(turn);
    if (!isChosen(moment, this.#options)) {
      this.#hidden += 1;
      return;
    }
    this.#shown += 1;
    const { output } = this.#place;
    if (this.#options.json) {
      output.line(momentJson(moment));
      return;
    }
    const { wide } = this.#options;
    if (this.#hidden > 0) {
      this.#showHidden();
      const states = wide ? moment.before : statesText(leavesOf(moment.before));
      output.line(output.styled('dim', `${' '.repeat(INDENT_CHARS)}in ${printable(states)}`));
    }
    showMoment(output, moment, wide ? Number.POSITIVE_INFINITY : this.#width);
  }

  /** null = the log has no end, or none yet. */
  end(footer: LogFooter | null): void {
    const { output, title } = this.#place;
    if (this.#options.json) {
      const noEnd = { kind: 'footer', status: null, reason: null, turns: this.#turns, dropped: null };
      output.line(JSON.stringify({ ...(footer ?? noEnd), duration_ms: this.#last?.atMs ?? 0 }));
      return;
    }
    this.#showHidden();
    this.#showEnd(footer);
    if (title !== null) output.line('');
  }

  get #width(): number {
    return lineWidth(this.#place.output, this.#place.env);
  }

  #momentOf(turn: LogTurn): Moment {
    const before = this.#states;
    this.#states = turn.state ?? before;
    const gapMs = this.#last === null ? null : turn.atMs - this.#last.atMs;
    const moment = { turn, gapMs, before, after: this.#states };
    this.#turns += 1;
    this.#last = turn;
    if ((gapMs ?? 0) > (this.#longest?.gapMs ?? 0)) this.#longest = moment;
    return moment;
  }

  #showHidden(): void {
    const { output } = this.#place;
    const hidden = this.#hidden;
    this.#hidden = 0;
    if (hidden === 0) return;
    const what = `${hidden} ${hidden === 1 ? 'turn' : 'turns'} not shown`;
    output.line(output.styled('dim', `${'…'.padStart(TIME_COLUMN_CHARS)} ${what}`));
  }

  #showEnd(footer: LogFooter | null): void {
    const { output } = this.#place;
    const turns = this.#turns;
    output.line('');
    const count = `${turns} ${turns === 1 ? 'turn' : 'turns'} in ${durationText(this.#last?.atMs ?? 0)}`;
    if (footer === null) {
      output.line(`${output.styled('yellow', 'no end:')} the process was killed, or the session still runs; ${count}`);
    } else if (footer.status === 'abandoned') {
      output.line(`${output.styled('yellow', 'abandoned')} when the server stopped; ${count}`);
    } else {
      const isGood = footer.reason === 'completed' || footer.reason === '';
      const color = isFailedEnd(endReasonOf(footer)) ? 'red' : 'yellow';
      output.line(`${output.styled(isGood ? 'green' : color, printable(footer.reason || footer.status))}, ${count}`);
      if (!isGood) for (const line of failureLines(this.#last, footer, this.#width)) output.line(line);
    }
    if (footer !== null && footer.dropped > 0) {
      output.line(output.styled('yellow', `${footer.dropped} turns before the end are not in the file`));
    }
    if (this.#longest !== null) output.line(output.styled('dim', longestText(this.#longest)));
  }
}

function longestText({ turn, gapMs }: Moment): string {
  const { name } = eventText(turn.event, false);
  return `longest pause ${durationText(gapMs ?? 0)}, before ${name} at ${durationText(turn.atMs)}`;
}

function isChosen(moment: Moment, { state, grep }: TimelineOptions): boolean {
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

function showHeader(output: Output, header: LogHeader, width: number): void {
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

/** What the last event said of the failure, and what the error table says of its kind. */
function failureLines(last: LogTurn | null, { reason }: LogFooter, width: number): string[] {
  const failure = last?.event.failure;
  const message: unknown =
    typeof failure === 'object' && failure !== null ? Reflect.get(failure, 'message') : undefined;
  const said = typeof message === 'string' ? [`the engine said ${printable(JSON.stringify(message))}`] : [];
  const known = isErrorType(reason)
    ? [`${errorTable[reason].code}: ${errorWords[reason].when}`, `What to do: ${errorWords[reason].fix}`]
    : [];
  return [...said, ...known].flatMap((line) => wrapped(line, width));
}

/** A turn as one line of JSON. */
function momentJson({ turn, gapMs, before, after }: Moment): string {
  const { kind, turn: number, atMs, event, changes, effects, status } = turn;
  const [old, now] = [leavesOf(before), leavesOf(after)];
  const left = old.filter((state) => !now.includes(state));
  const entered = now.filter((state) => !old.includes(state));
  const moves = { states: now, left, entered };
  const rest = { changes: changes ?? {}, effects: effects ?? [], status: status ?? 'active' };
  return JSON.stringify({ kind, turn: number, at_ms: atMs, gap_ms: gapMs, event, ...moves, ...rest });
}
