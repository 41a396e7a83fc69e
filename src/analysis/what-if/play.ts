/**
 * A session chart that is played under limits of one's own choice, turn by turn: where it stands, the timers it armed
 * with the times they are due, and what of its words the world outside would have reacted to. A play is a value: to
 * take a turn makes another one, and the old one can be played on in another way.
 */
import { isDeepStrictEqual } from 'node:util';
import type { AnyEventObject, AnyMachineSnapshot } from 'xstate';
import { LONGEST_TIMER_MS } from '../../call/time.ts';
import { type AskedAction, field, saidText } from '../../record/turn-outcome.ts';
import type { ChartTurn, PureChart } from '../../replay/pure-chart.ts';

export interface Play {
  readonly snapshot: AnyMachineSnapshot;
  /** Timers that will fire, if nothing cancels them, by their id: the type of the event that they are. */
  readonly timers: ReadonlyMap<string, Timer>;
}

export interface Timer {
  readonly id: string;
  readonly armedAtMs: number;
  readonly delayMs: number;
  /** The recorded turn that armed it; null = a turn that only this play has. */
  readonly turn: number | null;
}

/** What only reads the world: to ask at another time changes nothing in it. */
export type Question = 'activity' | 'progress';

/** A fact that the voice was told. */
export interface VoiceFact {
  readonly type: string;
  readonly segment: number;
}

export interface PlayedTurn {
  readonly after: Play;
  /** What the world reacts to, in order, each in a few words. */
  readonly outward: readonly string[];
  readonly questions: readonly Question[];
  readonly voice: readonly VoiceFact[];
  /** All that the chart asked for, as it did. */
  readonly actions: readonly AskedAction[];
  /** The reason code, once the session is over. */
  readonly ended: string | null;
}

export interface When {
  readonly atMs: number;
  readonly turn: number | null;
}

/** The first turn of a play. */
export function startPlay(chart: PureChart, input: unknown): PlayedTurn {
  return playedTurn(chart.start(input), new Map(), { atMs: 0, turn: 0 });
}

/** The turn that `event` is for `play`; throws what the chart throws. */
export function take(chart: PureChart, play: Play, event: AnyEventObject, when: When): PlayedTurn {
  const timers = new Map(play.timers);
  // A timer that fired is none any more; for any other event there is no timer of that name.
  timers.delete(event.type);
  return playedTurn(chart.take(play.snapshot, event), timers, when);
}

/** A play that is told nothing. */
export function stay(play: Play): PlayedTurn {
  return { after: play, outward: [], questions: [], voice: [], actions: [], ended: endOf(play.snapshot) };
}

/** Two turns as one: what the second did comes behind what the first did. */
export function joined(first: PlayedTurn, second: PlayedTurn): PlayedTurn {
  return {
    after: second.after,
    outward: [...first.outward, ...second.outward],
    questions: [...first.questions, ...second.questions],
    voice: [...first.voice, ...second.voice],
    actions: [...first.actions, ...second.actions],
    ended: second.ended,
  };
}

type Said = Pick<PlayedTurn, 'outward' | 'questions' | 'voice'>;

const silent: Said = Object.freeze({ outward: [], questions: [], voice: [] });

/** `timers` becomes those after the turn. */
function playedTurn({ after, actions }: ChartTurn, timers: Map<string, Timer>, when: When): PlayedTurn {
  const said = actions.map((action) => noteTimer(timers, action, when) ?? saidBy(action));
  const ended = endOf(after);
  if (ended !== null) timers.clear();
  return {
    after: { snapshot: after, timers },
    outward: said.flatMap(({ outward }) => outward),
    questions: said.flatMap(({ questions }) => questions),
    voice: said.flatMap(({ voice }) => voice),
    actions,
    ended,
  };
}

/** Keeps account of a timer that is armed or cancelled, which nobody outside hears of; null = the action is about none. */
function noteTimer(timers: Map<string, Timer>, { type, params }: AskedAction, { atMs, turn }: When): Said | null {
  if (type === 'xstate.cancel') timers.delete(String(field(params, 'sendId')));
  else if (type === 'xstate.raise') {
    const id = String(field(params, 'id'));
    const delayMs = field(params, 'delay');
    if (typeof delayMs !== 'number' || delayMs >= LONGEST_TIMER_MS) timers.delete(id);
    else timers.set(id, { id, delayMs, armedAtMs: atMs, turn });
  } else return null;
  return silent;
}

function saidBy({ type, params }: AskedAction): Said {
  switch (type) {
    case 'xstate.emit':
      return saidByEvent(field(params, 'event'));
    case 'xstate.sendTo': {
      const told = String(field(field(params, 'event'), 'type'));
      return { ...silent, outward: [`tell ${String(field(params, 'targetId'))} ${told}`] };
    }
    case 'xstate.spawnChild':
      return { ...silent, outward: [`start ${String(field(params, 'id'))}`] };
    case 'xstate.stopChild':
      return { ...silent, outward: [`stop ${String(field(params, 'id'))}`] };
    default:
      return { ...silent, outward: [type] };
  }
}

function saidByEvent(event: unknown): Said {
  const voice = voiceFactsOf(event);
  const question = questionOf(event, voice);
  if (question !== null) return { outward: [], questions: [question], voice };
  return { outward: isForTheLog(event) ? [] : [saidText(event, 'shape')], questions: [], voice };
}

function questionOf(event: unknown, facts: readonly VoiceFact[]): Question | null {
  const type = field(event, 'type');
  if (type === 'activity.questioned') return 'activity';
  return type === 'speech.informed' && facts.every((fact) => fact.type === 'progress.questioned') ? 'progress' : null;
}

/** Told to the log alone: nobody outside reacts to it. */
function isForTheLog(event: unknown): boolean {
  const type = field(event, 'type');
  return type === 'command.dropped' || type === 'sentence.leftUnspoken' || type === 'actor.faulted';
}

function voiceFactsOf(event: unknown): readonly VoiceFact[] {
  const facts = field(event, 'facts');
  if (!Array.isArray(facts)) return [];
  return facts.map((fact: unknown) => ({ type: String(field(fact, 'type')), segment: Number(field(fact, 'segment')) }));
}

function endOf({ status, output }: AnyMachineSnapshot): string | null {
  if (status === 'active') return null;
  return status === 'done' ? String(field(output, 'reason')) : status;
}

/** True for the event of a timer that fired. */
export function isTimer(type: string): boolean {
  return type.startsWith('xstate.after.');
}

/** What was said, for a reader. */
export function wordsOfTurn({ outward }: PlayedTurn): string {
  return outward.map((text) => text.replace(/#[0-9a-f]+$/, '')).join(', ') || 'nothing is said';
}

/** True if the world could not tell two turns apart. */
export function isSameOutward(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, index) => text === b[index]);
}

/** Digests count a text by its length; here its letters count, too. */
export function isSameToTheLetter(a: PlayedTurn, b: PlayedTurn): boolean {
  return isDeepStrictEqual(saidOutwardIn(a), saidOutwardIn(b));
}

function saidOutwardIn({ actions }: PlayedTurn): readonly unknown[] {
  const events = actions.filter(({ type }) => type === 'xstate.emit').map(({ params }) => field(params, 'event'));
  return events.filter((event) => saidByEvent(event).outward.length > 0);
}

const FLUSH = 'say flush.awaited';

/** Nothing more will be said: no frame, no word to the model, and to the voice only what it may forget. */
export function isClosing(outward: readonly string[]): boolean {
  return outward.includes(FLUSH) && outward.every((text) => text === FLUSH || text.startsWith('say speech.informed'));
}

const END = 'say end.reached';
const COMMAND = 'say command.reached';

/** All was said in this turn, and of the two only the recorded one has a command, or it has another. */
export function isSameButForCommand(recorded: readonly string[], changed: readonly string[]): boolean {
  if (!recorded.includes(END) || !changed.includes(END)) return false;
  const isCommand = (text: string) => text.startsWith(COMMAND);
  if (changed.filter(isCommand).length > recorded.filter(isCommand).length) return false;
  // With its command a session leaves the state in which its actors run; without, it leaves it with its end.
  const isCompared = (text: string) => !isCommand(text) && !text.startsWith('stop ');
  return isSameOutward(recorded.filter(isCompared), changed.filter(isCompared));
}
