/** Events, states and effects of a log in the few words that a lane, a row or a caption has room for. */
import { durationText } from '../../log/duration-text.ts';
import type { LoggedEvent } from '../../log/log-format.ts';
import { type AskedAction, field } from '../../record/turn-outcome.ts';

const TIMER_PREFIX = 'xstate.after.';
/** A line of a lane. */
const MAX_WORDS_CHARS = 90;
const MAX_SAID_CHARS = 64;
/** Told by the time of the turn, or too long for a line. */
const leftOut: ReadonlySet<string> = new Set(['type', 'atMs', 'streamId', 'hardwareId']);

/** `after stallCheck`, `answer.textReceived "Tomorrow it xxxx"`, `speech.finished segment=0 audioBytes=12288`. */
export function eventWords(event: LoggedEvent): string {
  const fields = Object.entries(event).filter(([name]) => !leftOut.has(name));
  const words = fields.map(([name, value]) =>
    name === 'text' ? JSON.stringify(value) : `${name}=${valueWords(value)}`,
  );
  return shortened([eventName(event.type), ...words].join(' '), MAX_WORDS_CHARS);
}

/** The type of an event, a timer by its name. */
export function eventName(type: string): string {
  return type.startsWith(TIMER_PREFIX) ? `after ${timerOf(type).name}` : type;
}

/** `xstate.after.idleCheck.session.idle`: the delay's name and the state that armed it, `` for the whole chart. */
export function timerOf(type: string): { readonly name: string; readonly state: string } {
  const text = type.slice(TIMER_PREFIX.length);
  const end = text.indexOf('.');
  if (end < 0) return { name: text, state: '' };
  const place = text
    .slice(end + 1)
    .split('.')
    .slice(1);
  return { name: text.slice(0, end), state: place.join('.') };
}

/** An effect without its digest, a timer with its time: `arm idleCheck 300 s`, `say sentence.reached`. */
export function effectWords(effect: string): string {
  const armed = /^arm ([^@ ]+)\S* (\d+(?:\.\d+)?)ms$/.exec(effect);
  if (armed !== null)
    return isOff(effect) ? `arm ${armed[1]} (off)` : `arm ${armed[1]} ${durationText(Number(armed[2]))}`;
  return effect.replace(/#[0-9a-f]+$/, '').replace(/@\S+$/, '');
}

/** The same for an effect whose action is at hand: what is said in it is told, too. */
export function actionWords(effect: string, action: AskedAction | undefined): string {
  const event: unknown = action?.type === 'xstate.emit' ? field(action.params, 'event') : undefined;
  if (typeof event !== 'object' || event === null) return effectWords(effect);
  const facts = factsWords(event);
  if (field(event, 'type') === 'speech.informed' && facts !== '') return `say ${facts}`;
  const { facts: _facts, type = '', ...told } = { facts: null, type: '', ...event };
  return `say ${shortened(eventWords({ type: String(type), ...told }), MAX_SAID_CHARS)}`;
}

/** What a voice is told: `sentence.due 1, sentence.turnCame 0`; '' = nothing. */
export function factsWords(event: unknown): string {
  const facts = field(event, 'facts');
  if (!Array.isArray(facts)) return '';
  const words = facts.map((fact: unknown) => [field(fact, 'type'), field(fact, 'segment')]);
  return words.map((parts) => parts.filter((part) => part !== undefined).join(' ')).join(', ');
}

/** True for a timer that is armed for as long as timers can be: its timeout is off. */
function isOff(effect: string): boolean {
  return effect.endsWith(' 2147483647ms');
}

/** True for what the world outside of the chart cannot see. */
export function isTimerEffect(effect: string): boolean {
  return effect.startsWith('arm ') || effect.startsWith('cancel ');
}

/** The leaves of `after` that are not among those of `before`, without the state that all of them are in. */
export function newLeaves(before: string, after: string): string {
  const known = new Set(before.split(' | '));
  const leaves = after.split(' | ').filter((leaf) => !known.has(leaf));
  return leaves.map((leaf) => leaf.replace(/^streaming\./, '')).join(', ');
}

export function shortened(text: string, maxChars: number): string {
  return text.length > maxChars ? `${text.slice(0, maxChars - 1)}…` : text;
}

function valueWords(value: unknown): string {
  if (typeof value !== 'object' || value === null) return typeof value === 'string' ? value : String(value);
  const type: unknown = Reflect.get(value, 'errorType');
  return typeof type === 'string' ? type : JSON.stringify(value);
}
