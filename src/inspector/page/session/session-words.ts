/** What the views of a session say, as words: pure, so that it is tested without a page. */
import type { FieldChange, GuardAnswer, LogOverview } from '../../debugger/views.ts';
import type { Waits } from '../../feed-format.ts';

const MS_PER_SECOND = 1_000;
const SECONDS_PER_MINUTE = 60;

/** `7.5 ms`, `348 ms`, `14.8 s`, `299 s`, `12 min 4 s`, `3 h 5 min`: all of the page tells durations so. */
export function durationWords(ms: number): string {
  const seconds = ms / MS_PER_SECOND;
  if (ms < 10) return `${Math.round(ms * 10) / 10} ms`;
  if (Math.round(ms) < MS_PER_SECOND) return `${Math.round(ms)} ms`;
  if (seconds < 99.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 10 * SECONDS_PER_MINUTE) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/**
 * What is left of a timer, in at most five characters, as the chart has room for: rounded up to tenths, so that 0 is said only when it is
 * over; whole seconds from 100 s, minutes from 1,000 s.
 */
export function countdownWords(ms: number): string {
  const left = Math.max(0, ms) / MS_PER_SECOND;
  if (left < 100) return `${(Math.ceil(left * 10) / 10).toFixed(1)}s`;
  return left < 1_000 ? `${Math.ceil(left)}s` : `${Math.ceil(left / SECONDS_PER_MINUTE)}m`;
}

/** setTimeout's longest: what a chart arms where the limit is off. */
const OFF_MS = 2 ** 31 - 1;

export function isTimerOff(delayMs: number): boolean {
  return delayMs >= OFF_MS;
}

/** `after stallCheck`, of a timer: where it was armed is drawn. */
export function eventName(type: string): string {
  return type.replace(/^xstate\.after\.([^.]+).*/, 'after $1');
}

/** `streaming` holds nearly every state of a session: it is left out where room is short. */
export function shortPath(path: string): string {
  return path.replace(/^streaming\./, '');
}

export function shortWords(words: string): string {
  return words.replaceAll('streaming.', '');
}

/**
 * What an effect asks for, without what only a machine compares: digests, where a timer was armed (its state is drawn), the delay of one
 * that is off.
 */
export function effectWords(effect: string): string {
  return effect
    .replace(/#[0-9a-f]{6,}$/, '')
    .replace(/@\S+/, '')
    .replace(/ 2147483647ms$/, ' (off)')
    .replace(/ (\d+)ms$/, (_, ms: string) => ` ${durationWords(Number(ms))}`);
}

export interface GuardNode {
  readonly name: string;
  readonly answer: boolean;
  readonly parts: readonly GuardNode[];
}

/** A combined guard stands behind its parts, which are one deeper: here it holds them. In the order in which they were asked. */
export function guardTree(guards: readonly GuardAnswer[]): readonly GuardNode[] {
  const waiting: GuardNode[][] = [[]];
  const at = (depth: number): GuardNode[] => {
    while (waiting.length <= depth) waiting.push([]);
    return waiting[depth] ?? [];
  };
  for (const { name, answer, depth } of guards) {
    at(depth).push({ name, answer, parts: waiting[depth + 1] ?? [] });
    waiting.length = Math.min(waiting.length, depth + 1);
  }
  // Parts whose whole was never told, because it threw, still are answers.
  return waiting.flat();
}

export interface VerdictWords {
  readonly kind: 'identical' | 'diverged' | 'bad-log';
  readonly words: string;
  /** What is wrong, where the words leave it open; '' otherwise. */
  readonly why: string;
  /** The turn to look at; null = none. */
  readonly turn: number | null;
}

/** Of a log that has not begun to arrive, or of a file that is being read, nothing good can be said yet. */
export function isJudged({ verdict, turns, isReading }: LogOverview): boolean {
  return verdict.kind !== 'identical' || (turns > 0 && !isReading);
}

/** A file that does not begin as a log does: a sound, a picture, an empty one. */
export function isNoLog({ header, verdict }: LogOverview): boolean {
  return header === null && verdict.kind === 'bad-log' && verdict.line === 1;
}

export function verdictWords(overview: LogOverview): VerdictWords {
  const { verdict } = overview;
  switch (verdict.kind) {
    case 'identical':
      return {
        kind: 'identical',
        words: verdict.isWhole ? `✓ identical, ${plural(verdict.turns, 'turn')}` : '✓ identical so far',
        why: '',
        turn: null,
      };
    case 'diverged':
      return {
        kind: 'diverged',
        words: `✗ diverged at turn ${verdict.turn}: ${verdict.divergence.field}`,
        why: '',
        turn: verdict.turn,
      };
    case 'bad-log':
      // Without a line it is no line's fault: the log cannot be had.
      return {
        kind: 'bad-log',
        words: isNoLog(overview)
          ? '✗ no event log'
          : verdict.line === 0
            ? '✗ no log'
            : `✗ bad log: line ${verdict.line}`,
        why: verdict.why,
        turn: verdict.turn,
      };
  }
}

export function plural(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}

/** States that are active: the leaves and all that they stand in. */
export function activeStates(leaves: readonly string[]): ReadonlySet<string> {
  const active = new Set<string>();
  for (const leaf of leaves) {
    for (let end = leaf.length; end > 0; end = leaf.lastIndexOf('.', end - 1)) active.add(leaf.slice(0, end));
  }
  return active;
}

/** A moment of the log on an axis: `0 ms`, `12.5 ms`, `1.2 s`, `2:05 min`. */
export function momentWords(ms: number): string {
  if (ms < MS_PER_SECOND) return `${Number(ms.toFixed(1))} ms`;
  const seconds = ms / MS_PER_SECOND;
  if (seconds < SECONDS_PER_MINUTE) return `${Number(seconds.toFixed(3))} s`;
  const rest = Number((seconds % SECONDS_PER_MINUTE).toFixed(1));
  return `${Math.floor(seconds / SECONDS_PER_MINUTE)}:${rest < 10 ? '0' : ''}${rest} min`;
}

export interface WaitShare {
  readonly name: keyof Waits;
  readonly percent: number;
}

/** Shares of all that was waited for, as whole percents that make 100 together: the largest remainders are rounded up. */
export function waitShares(waits: Waits | null): readonly WaitShare[] {
  if (waits === null) return [];
  const names = ['start', 'model', 'voice', 'reader', 'out'] as const;
  const sum = names.reduce((all, name) => all + waits[name], 0);
  if (sum === 0) return [];
  const exact = names.map((name) => (waits[name] / sum) * 100);
  const missing = 100 - exact.reduce((all, percent) => all + Math.floor(percent), 0);
  const byRemainder = names.map((_, index) => index).sort((a, b) => remainder(exact[b]) - remainder(exact[a]));
  const raised = new Set(byRemainder.slice(0, missing));
  return names.map((name, index) => ({ name, percent: Math.floor(exact[index] ?? 0) + (raised.has(index) ? 1 : 0) }));
}

/** Without those that are nothing; what was waited for most is read first, and is not what falls off where room is short. */
export function largestFirst(shares: readonly WaitShare[]): readonly WaitShare[] {
  return shares.filter(({ percent }) => percent > 0).toSorted((a, b) => b.percent - a.percent);
}

function remainder(value = 0): number {
  return value - Math.floor(value);
}

/** As many characters in front of the first difference say where in a text it is. */
const LEAD_CHARS = 6;

/** The values of a change, without what long ones begin with alike: what differs is what is to be seen. */
export function differingParts({ before, after }: Pick<FieldChange, 'before' | 'after'>): {
  readonly before: string | undefined;
  readonly after: string | undefined;
} {
  if (before === undefined || after === undefined) return { before, after };
  let same = 0;
  while (same < before.length && same < after.length && before[same] === after[same]) same += 1;
  const cut = same - LEAD_CHARS;
  // Equal as far as they are told: their beginnings say more.
  if (cut < LEAD_CHARS || same === before.length || same === after.length) return { before, after };
  return { before: `…${before.slice(cut)}`, after: `…${after.slice(cut)}` };
}

/** A line of a diff: on both sides, or on one alone. */
export interface DiffLine {
  readonly side: 'both' | 'recorded' | 'recomputed';
  readonly text: string;
}

/** Over this many items on a side the shortest diff is not looked for: it grows with their product. */
const MAX_DIFFED = 500;

export function lineDiff(recorded: readonly string[], recomputed: readonly string[]): readonly DiffLine[] {
  if (recorded.length > MAX_DIFFED || recomputed.length > MAX_DIFFED) {
    return [
      ...recorded.map((text) => ({ side: 'recorded' as const, text })),
      ...recomputed.map((text) => ({ side: 'recomputed' as const, text })),
    ];
  }
  const width = recomputed.length + 1;
  const common = new Uint16Array((recorded.length + 1) * width);
  for (let i = recorded.length - 1; i >= 0; i -= 1) {
    for (let j = recomputed.length - 1; j >= 0; j -= 1) {
      const down = common[(i + 1) * width + j] ?? 0;
      const right = common[i * width + j + 1] ?? 0;
      const both = (common[(i + 1) * width + j + 1] ?? 0) + 1;
      common[i * width + j] = recorded[i] === recomputed[j] ? both : Math.max(down, right);
    }
  }
  const lines: DiffLine[] = [];
  let i = 0;
  let j = 0;
  while (i < recorded.length || j < recomputed.length) {
    const left = recorded[i];
    const right = recomputed[j];
    if (left !== undefined && left === right) {
      lines.push({ side: 'both', text: left });
      i += 1;
      j += 1;
    } else if (left !== undefined && (common[(i + 1) * width + j] ?? 0) >= (common[i * width + j + 1] ?? 0)) {
      lines.push({ side: 'recorded', text: left });
      i += 1;
    } else if (right !== undefined) {
      lines.push({ side: 'recomputed', text: right });
      j += 1;
    } else {
      lines.push({ side: 'recorded', text: left ?? '' });
      i += 1;
    }
  }
  return lines;
}
