/**
 * What one turn of a chart did, said alike by the recorder and by the replayer: the new state, the digests of the context fields that
 * changed, and the effects in their order. Both go through this file, so that a difference is a difference of the chart.
 */
import { hash } from 'node:crypto';
import type { AnyMachineSnapshot, ExecutableActionObject, StateValue } from 'xstate';
import type { Changes, TurnOutcome } from '../log/log-format.ts';
import { isTable } from '../machines/supervisor/persistent-table.ts';
import { digestOf, ListDigester, TableDigester } from './digest.ts';

/** An action as XState hands it to its executor. */
export type AskedAction = Pick<ExecutableActionObject, 'type' | 'params'>;

/** Where a turn left the chart. */
export type TurnEnd = Pick<AnyMachineSnapshot, 'value' | 'context' | 'status'>;

/** Longer values are told by their digest. */
const SHOWN_MAX_CHARS = 24;

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** How the text of a frame counts: by its length, or to the letter, which only a log in full can promise. */
export type FrameTexts = 'shape' | 'full';

/** What the chart says that becomes a frame for the client and carries a text. */
const textFrames: ReadonlySet<string> = new Set(['sentence.reached', 'command.reached']);
const LETTERS_DIGEST_CHARS = 12;

/** Tells the outcomes of one actor's turns, in their order. */
export class OutcomeTeller {
  readonly #frameTexts: FrameTexts;
  #value: StateValue | null = null;
  #state = '';
  readonly #fields = new ContextFields();
  #context: unknown = null;

  constructor(frameTexts: FrameTexts) {
    this.#frameTexts = frameTexts;
  }

  /** The next turn that is told follows upon `after`: for who goes back to an earlier turn, or begins at one. */
  standAt(after: TurnEnd): void {
    this.#value = after.value;
    this.#state = stateText(after.value);
    this.#context = after.context;
  }

  /** The outcome of the next turn, which led to `after`. */
  tell(after: TurnEnd, actions: readonly AskedAction[]): TurnOutcome {
    const outcome: Mutable<TurnOutcome> = {};
    if (!isSameState(after.value, this.#value)) {
      const state = stateText(after.value);
      if (state !== this.#state) outcome.state = state;
      this.#state = state;
    }
    this.#value = after.value;
    const changes = this.#fields.changesOf(this.#context, after.context);
    this.#context = after.context;
    if (changes !== null) outcome.changes = changes;
    if (actions.length > 0) outcome.effects = effectsOf(actions, this.#frameTexts);
    if (after.status !== 'active') outcome.status = after.status;
    return outcome;
  }
}

/** True for two values that have one text: XState makes a new one in every turn, and most turns stay in their state. */
function isSameState(value: StateValue, known: StateValue | null): boolean {
  if (value === known) return true;
  if (known === null || typeof value === 'string' || typeof known === 'string') return false;
  for (const key in value) {
    const inner = value[key];
    const other = known[key];
    if (inner !== other && (inner === undefined || other === undefined || !isSameState(inner, other))) return false;
  }
  for (const key in known) if (value[key] === undefined && known[key] !== undefined) return false;
  return true;
}

/** `streaming.answer.receiving | streaming.voice.silent`: the atomic states, in the order of the chart. */
export function stateText(value: StateValue): string {
  return leavesOf(value, '', '');
}

/** `text` with the leaves of `value` behind it, each after `prefix`. */
function leavesOf(value: StateValue, prefix: string, text: string): string {
  if (typeof value === 'string') {
    const leaf = prefix + value;
    return text === '' ? leaf : `${text} | ${leaf}`;
  }
  let all = text;
  for (const key in value) {
    const inner = value[key];
    if (inner === undefined) continue;
    // A region without states inside is a leaf itself.
    all = isEmpty(inner) ? leavesOf(key, prefix, all) : leavesOf(inner, `${prefix}${key}.`, all);
  }
  return all;
}

function isEmpty(value: StateValue): boolean {
  if (typeof value === 'string') return value === '';
  for (const key in value) if (value[key] !== undefined) return false;
  return true;
}

/** Field names of charts, the newest value that an actor began with under each, and how it is told. */
const firstValues = new Map<string, { readonly value: object; readonly shown: unknown }>();
const MAX_FIRST_VALUES = 64;

/** The fields of one actor's context. */
class ContextFields {
  #lists: Map<string, ListDigester> | null = null;
  #tables: Map<string, TableDigester> | null = null;

  changesOf(before: unknown, after: Readonly<Record<string, unknown>>): Changes | null {
    if (before === after) return null;
    const known = isRecord(before) ? before : null;
    let changes: Record<string, unknown> | null = null;
    for (const name in after) {
      const value = after[name];
      if (known !== null && known[name] === value) continue;
      changes ??= {};
      changes[name] = known === null ? this.#shownFirst(name, value) : this.#shown(name, value);
    }
    return changes;
  }

  /** Of the first turn: limits, buffers that are still empty are the same objects for all actors of a chart. */
  #shownFirst(name: string, value: unknown): unknown {
    if (!isRecord(value) || isTable(value) || Array.isArray(value)) return this.#shown(name, value);
    const first = firstValues.get(name);
    if (first?.value === value) return first.shown;
    const shown = this.#shown(name, value);
    if (firstValues.size < MAX_FIRST_VALUES || first !== undefined) firstValues.set(name, { value, shown });
    return shown;
  }

  #shown(name: string, value: unknown): unknown {
    if (typeof value === 'number' || typeof value === 'boolean' || value === null) return value;
    if (isTable(value)) {
      this.#tables ??= new Map();
      return `#${keptUnder(this.#tables, name, () => new TableDigester()).digestOf(value)}`;
    }
    if (!Array.isArray(value)) return `#${digestOf(value, name)}`;
    this.#lists ??= new Map();
    return `#${keptUnder(this.#lists, name, () => new ListDigester(name)).digestOf(value)}`;
  }
}

const noFields: Readonly<Record<string, unknown>> = Object.freeze({});

/** What a log has of a field with this value: itself if it is small and ours, else `#` and its digest. */
export function fieldAsLogged(name: string, value: unknown): unknown {
  return new ContextFields().changesOf(noFields, { [name]: value })?.[name];
}

function keptUnder<T>(kept: Map<string, T>, name: string, make: () => T): T {
  let value = kept.get(name);
  if (value === undefined) {
    value = make();
    kept.set(name, value);
  }
  return value;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/** What a turn asked for, in the words of a log. */
export function effectsOf(actions: readonly AskedAction[], frameTexts: FrameTexts): readonly string[] {
  const effects: string[] = [];
  for (const action of actions) effects.push(effectText(action, frameTexts));
  return effects;
}

/** One effect in a few words; what it carries is told by its digest. */
function effectText({ type, params }: AskedAction, frameTexts: FrameTexts): string {
  switch (type) {
    case 'xstate.emit':
      return saidText(field(params, 'event'), frameTexts);
    case 'xstate.sendTo':
      return `tell ${String(field(params, 'targetId'))} ${eventText(field(params, 'event'))}`;
    case 'xstate.raise':
      return armText(timerOf(field(params, 'id')), field(params, 'delay'));
    case 'xstate.cancel':
      return timerOf(field(params, 'sendId')).cancelled;
    case 'xstate.spawnChild':
      return `start ${String(field(params, 'id'))}`;
    case 'xstate.stopChild':
      return `stop ${String(field(params, 'id'))}`;
    default:
      return type.slice(0, SHOWN_MAX_CHARS * 2);
  }
}

/** The effect by which the chart says `event` to the outside. */
export function saidText(event: unknown, frameTexts: FrameTexts): string {
  const type = field(event, 'type');
  if (frameTexts === 'full' && typeof type === 'string' && textFrames.has(type)) {
    return `say ${type}#${hash('sha1', JSON.stringify(event)).slice(0, LETTERS_DIGEST_CHARS)}`;
  }
  return `say ${eventText(event)}`;
}

const TIMER_PREFIX = 'xstate.after.';

/** The words of what happens to a timer. */
interface TimerTexts {
  readonly name: string;
  readonly cancelled: string;
  /** With the delay that it was armed with last: mostly it has but one. */
  delay: unknown;
  armed: string;
}

/** A chart has as many as it has delays; what anybody else chose need not be remembered. */
const MAX_REMEMBERED_TIMERS = 256;
const timers = new Map<unknown, TimerTexts>();

/** `xstate.after.idleCheck.session.idle` as `idleCheck@session.idle`. */
function timerOf(id: unknown): TimerTexts {
  const known = timers.get(id);
  if (known !== undefined) return known;
  const name = shortTimer(String(id));
  const texts: TimerTexts = { name, cancelled: `cancel ${name}`, delay: null, armed: '' };
  if (typeof id === 'string' && timers.size < MAX_REMEMBERED_TIMERS) timers.set(id, texts);
  return texts;
}

function armText(texts: TimerTexts, delay: unknown): string {
  if (texts.delay !== delay || texts.armed === '') {
    texts.delay = delay;
    texts.armed = `arm ${texts.name} ${String(delay)}ms`;
  }
  return texts.armed;
}

function shortTimer(text: string): string {
  const nameEnd = text.startsWith(TIMER_PREFIX) ? text.indexOf('.', TIMER_PREFIX.length) : -1;
  return nameEnd < 0 ? text : `${text.slice(TIMER_PREFIX.length, nameEnd)}@${text.slice(nameEnd + 1)}`;
}

function eventText(event: unknown): string {
  if (typeof event !== 'object' || event === null) return 'nothing';
  const type = String(field(event, 'type'));
  return hasFields(event) ? `${type}#${digestOf(event)}` : type;
}

/** More than a type. */
function hasFields(event: object): boolean {
  for (const name in event) if (name !== 'type') return true;
  return false;
}

/** A field of what may have none. */
export function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
