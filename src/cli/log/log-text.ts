/**
 * What a log says in lines of JSON, said for a reader: durations, events, moves between states, effects. Lossy where it is short;
 * `isWide` says all.
 */
import { LONGEST_TIMER_MS } from '../../call/time.ts';
import { durationText } from '../../log/duration-text.ts';
import type { LoggedEvent } from '../../log/log-format.ts';
import type { Environment } from '../terminal/command.ts';
import { type Output, printable } from '../terminal/output.ts';

/** An event as its name and what it carries. */
export function eventText({ type, ...fields }: LoggedEvent, isWide: boolean): { name: string; fields: string } {
  const name = isWide ? type : type.replace(/^xstate\.after\.([^.]+)\..*$/, 'after $1').replace(/^xstate\./, '');
  const told = Object.entries(fields).flatMap(([field, value]) => {
    // When it came stands at the beginning of its line.
    if (!isWide && field === 'atMs') return [];
    return [isWide ? `${field}=${JSON.stringify(value)}` : fieldText(field, value)];
  });
  return { name: printable(name), fields: printable(told.join(' ')) };
}

function fieldText(field: string, value: unknown): string {
  if (field.endsWith('Ms') && typeof value === 'number') return `${field.slice(0, -2)}=${durationText(value)}`;
  if (isRecord(value) && typeof value.errorType === 'string') {
    return `${String(value.errorCode)}/${value.errorType} ${JSON.stringify(value.message)}`;
  }
  if (!Array.isArray(value) || !value.every(isRecord)) return `${field}=${JSON.stringify(value)}`;
  const each = value.map((entry) => Object.entries(entry).map(([name, inner]) => fieldText(name, inner)));
  return each.length === 0 ? `no ${field}` : `${field}: ${each.map((entry) => entry.join(' ')).join(', ')}`;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The atomic states in a log's state text. */
export function leavesOf(states: string): readonly string[] {
  return states === '' ? [] : states.split(' | ');
}

/** The states that were left and entered; those that stayed are not told. */
function movedText(before: string, after: string, isWide: boolean): string {
  const [old, now] = [leavesOf(before), leavesOf(after)];
  const left = old.filter((state) => !now.includes(state));
  const entered = now.filter((state) => !old.includes(state));
  if (isWide) return printable(left.length === 0 ? now.join(' | ') : `${left.join(' | ')} → ${entered.join(' | ')}`);
  if (left.length === 0) return printable(statesText(entered.length === 0 ? now : entered));
  const pairs = pairedMoves(left, entered);
  if (pairs !== null) return printable(pairs.join(', '));
  const prefix = commonPrefix(left);
  const from = left.length > 1 && prefix !== '' ? prefix : left.join(', ');
  return printable(`${from} → ${statesText(entered)}`);
}

/** The same as a line of its own: a state that nothing was left for has the arrow alone. */
export function moveLine(before: string, after: string, isWide: boolean): string {
  const text = movedText(before, after, isWide);
  return text.includes('→') ? text : `→ ${text}`;
}

/** `streaming (answer.answered, voice.closing)`: what all begin with is said once. */
export function statesText(leaves: readonly string[]): string {
  const prefix = leaves.length > 1 ? commonPrefix(leaves) : '';
  if (prefix === '') return leaves.join(', ');
  return `${prefix} (${leaves.map((leaf) => leaf.slice(prefix.length + 1)).join(', ')})`;
}

/** Moves within the same regions, one each: `voice: silent → closing`; null if the states are too far apart. */
function pairedMoves(left: readonly string[], entered: readonly string[]): string[] | null {
  if (left.length !== entered.length) return null;
  const moves: string[] = [];
  for (const [index, from] of left.entries()) {
    const to = entered[index] ?? '';
    const prefix = commonPrefix([from, to]);
    if (prefix === '') return null;
    const place = prefix.includes('.') ? prefix.slice(prefix.indexOf('.') + 1) : prefix;
    moves.push(`${place}: ${from.slice(prefix.length + 1)} → ${to.slice(prefix.length + 1)}`);
  }
  return moves;
}

/** The longest path that all paths lie below. */
function commonPrefix(paths: readonly string[]): string {
  const [first = [], ...rest] = paths.map((path) => path.split('.'));
  let length = Math.min(...paths.map((path) => path.split('.').length)) - 1;
  while (length > 0 && !rest.every((path) => path.slice(0, length).join('.') === first.slice(0, length).join('.'))) {
    length -= 1;
  }
  return first.slice(0, Math.max(0, length)).join('.');
}

/** Effects in words; those that follow each other and do the same to several things are told together. */
export function effectsText(effects: readonly string[]): string {
  const groups: { verb: string; objects: string[] }[] = [];
  for (const effect of effects) {
    const { verb, object } = effectWords(effect);
    const last = groups.at(-1);
    if (object === '') continue;
    if (last !== undefined && last.verb === verb) last.objects.push(object);
    else groups.push({ verb, objects: [object] });
  }
  return printable(groups.map(({ verb, objects }) => `${verb} ${objects.join(', ')}`).join('; '));
}

const verbs: Readonly<Record<string, string>> = {
  say: 'says',
  tell: 'tells',
  cancel: 'disarms',
  start: 'starts',
  stop: 'stops',
};

function effectWords(effect: string): { verb: string; object: string } {
  const short = effect.replace(/#[0-9a-f]+$/, '');
  const [first = '', ...rest] = short.split(' ');
  const armed = /^arm ([^@ ]+)(?:@\S*)? (\d+(?:\.\d+)?)ms$/.exec(short);
  if (armed !== null) {
    const delayMs = Number(armed[2]);
    return { verb: 'arms', object: delayMs >= LONGEST_TIMER_MS ? '' : `${armed[1]} (${durationText(delayMs)})` };
  }
  const verb = Object.hasOwn(verbs, first) ? verbs[first] : undefined;
  if (verb === undefined || rest.length === 0) return { verb: 'does', object: short };
  return { verb, object: rest.join(' ').replace(/@\S*$/, '') };
}

/** Whose session a log is; '-' for what its header does not say. */
export function idsOf(input: unknown): {
  readonly streamId: string;
  readonly sessionId: string;
  readonly hardwareId: string;
} {
  const idOf = (name: string): string => {
    const id: unknown = isRecord(input) ? input[name] : undefined;
    return typeof id === 'string' && id !== '' ? printable(id) : '-';
  };
  return { streamId: idOf('streamId'), sessionId: idOf('sessionId'), hardwareId: idOf('hardwareId') };
}

/** Lines of at most `width` characters, broken at spaces but not before a unit; a word that is longer stays whole. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/ (?!(?:ms|s|min|h)\b)/)) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

/** Characters a line may have: those of the terminal, or what COLUMNS says; 120 where nobody does. */
export function lineWidth(output: Output, env: Environment): number {
  const MIN_COLUMNS = 60;
  const DEFAULT_COLUMNS = 120;
  const columns = output.columns ?? Number(env.COLUMNS);
  return Math.max(MIN_COLUMNS, columns > 0 ? columns : DEFAULT_COLUMNS);
}
