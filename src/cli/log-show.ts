/**
 * `recital log show FILE`: one session as a timeline for the terminal. Every turn with its time, the gap before it, its event, the states that
 * were entered and left, and what the chart asked for.
 */
import type { LoggedEvent, LogTurn } from '../replay/log-format.ts';
import { type EventLog, isBadLog } from '../replay/log-reader.ts';
import { openLog } from './log-files.ts';
import { createOutput, type Output } from './output.ts';

const exitCodes = { good: 0, unreadable: 2 } as const;
/** A pause that a reader's eye should find. */
const LONG_GAP_MS = 1_000;
const EVENT_COLUMN_CHARS = 44;

export interface LogShowOptions {
  readonly path: string;
  /** Only turns in or into a state that contains this. */
  readonly state: string | undefined;
  /** Only turns whose line matches. */
  readonly grep: RegExp | undefined;
}

/** Prints one log; resolves with the exit code. */
export async function showLog({ path, state, grep }: LogShowOptions): Promise<number> {
  const stdout = createOutput(process.stdout);
  const log = await openLog(path);
  if (isBadLog(log)) {
    const stderr = createOutput(process.stderr);
    stderr.line(`${path}: ${stderr.styled('red', 'bad log:')} line ${log.line}, ${log.why}`);
    return exitCodes.unreadable;
  }
  showHeader(stdout, log);
  let before: LogTurn | null = null;
  let states = '';
  let hidden = 0;
  for (const turn of log.turns) {
    const entered = turn.state ?? states;
    const lines = linesOf(stdout, turn, { before, states });
    const isShown =
      (state === undefined || states.includes(state) || entered.includes(state)) &&
      (grep === undefined || lines.some((line) => grep.test(line)));
    if (isShown) {
      if (hidden > 0) stdout.line(stdout.styled('dim', `           … ${hidden} turns`));
      hidden = 0;
      for (const line of lines) stdout.line(line);
    } else {
      hidden += 1;
    }
    before = turn;
    states = entered;
  }
  if (hidden > 0) stdout.line(stdout.styled('dim', `           … ${hidden} turns`));
  showFooter(stdout, log);
  return exitCodes.good;
}

function showHeader(output: Output, { header }: EventLog): void {
  const { machine, version, build, redaction, startedAt, reason } = header;
  const ids = idsOf(header.input);
  output.line(`${output.styled('bold', `${machine} ${ids.streamId}`)}`);
  output.line(`session ${ids.sessionId}, device ${ids.hardwareId}, began ${startedAt}`);
  output.line(
    output.styled(
      'dim',
      `chart version ${version}, server ${build}, texts ${redaction === 'full' ? 'in full' : 'by shape'}`,
    ),
  );
  if (reason !== undefined) output.line(output.styled('yellow', `recorded anew: ${reason}`));
  output.line('');
  output.line(output.styled('dim', `   at ms      gap  ${'event'.padEnd(EVENT_COLUMN_CHARS)} state`));
}

function showFooter(output: Output, { footer }: EventLog): void {
  output.line('');
  if (footer === null) {
    output.line(
      output.styled('yellow', 'The log ends here without an end: its process was killed, or the session still runs.'),
    );
    return;
  }
  const { status, reason, turns, dropped } = footer;
  const color = reason === 'completed' || reason === '' ? 'green' : 'red';
  output.line(
    `${output.styled(color, status === 'abandoned' ? 'abandoned when the server stopped' : reason)}, ${turns} turns`,
  );
  if (dropped > 0) output.line(output.styled('yellow', `${dropped} turns before the end are not in the file`));
}

function linesOf(
  output: Output,
  turn: LogTurn,
  { before, states }: { readonly before: LogTurn | null; readonly states: string },
): string[] {
  const gapMs = before === null ? 0 : turn.atMs - before.atMs;
  const gap = before === null ? '' : `+${gapMs.toFixed(1)}`;
  const shownGap = gapMs >= LONG_GAP_MS ? output.styled('yellow', gap.padStart(8)) : gap.padStart(8);
  const event = eventText(turn.event);
  const moved = turn.state === undefined ? '' : movedText(states, turn.state);
  const time = turn.atMs.toFixed(1).padStart(8);
  const head = `${time} ${shownGap}  ${output.styled('cyan', event.padEnd(EVENT_COLUMN_CHARS))} ${moved}`.trimEnd();
  const effects = (turn.effects ?? []).map((effect) =>
    output.styled('dim', `${' '.repeat(19)}  ${withoutDigest(effect)}`),
  );
  return [head, ...effects];
}

/** The states that were left and entered; those that stayed are not told. */
function movedText(before: string, after: string): string {
  const old = before === '' ? [] : before.split(' | ');
  const now = after.split(' | ');
  const left = old.filter((state) => !now.includes(state));
  const entered = now.filter((state) => !old.includes(state));
  return left.length === 0 ? entered.join(' | ') : `${left.join(' | ')} → ${entered.join(' | ')}`;
}

function withoutDigest(effect: string): string {
  return effect.replace(/#[0-9a-f]{12}$/, '');
}

function eventText({ type, ...fields }: LoggedEvent): string {
  const name = type.replace(/^xstate\.after\.([^.]+)\..*$/, 'after $1').replace(/^xstate\./, '');
  const told = Object.entries(fields).map(([field, value]) => `${field}=${shownField(value)}`);
  return [name, ...told].join(' ');
}

function shownField(value: unknown): string {
  const MAX_SHOWN_CHARS = 80;
  const text = JSON.stringify(value) ?? '';
  return text.length > MAX_SHOWN_CHARS ? `${text.slice(0, MAX_SHOWN_CHARS)}…` : text;
}

function idsOf(input: unknown): { readonly streamId: string; readonly sessionId: string; readonly hardwareId: string } {
  const idOf = (name: string): string => {
    const id: unknown = typeof input === 'object' && input !== null ? Reflect.get(input, name) : undefined;
    return typeof id === 'string' ? id : '-';
  };
  return { streamId: idOf('streamId'), sessionId: idOf('sessionId'), hardwareId: idOf('hardwareId') };
}
