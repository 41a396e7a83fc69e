/**
 * A session chart that is played under limits of one's own choice: its pure turns, the timers it armed with the times they are due, and what of
 * its words the world outside would have reacted to.
 */
import type { AnyEventObject, AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import { LONGEST_TIMER_MS } from '../../call/time.ts';
import { type AskedAction, saidText } from '../../record/turn-outcome.ts';
import { InertRun, type InertTurn } from '../../replay/inert-run.ts';

/** What only reads the world: to ask at another time changes nothing in it. */
export type Question = 'activity' | 'progress';

export interface Timer {
  readonly id: string;
  readonly armedAtMs: number;
  readonly delayMs: number;
  /** The recorded turn that armed it; null = a turn that only this play has. */
  readonly turn: number | null;
}

/** A fact that the voice was told. */
export interface VoiceFact {
  readonly type: string;
  readonly segment: number;
}

export interface PlayedTurn {
  /** What the world reacts to, in order, each in a few words. */
  readonly outward: readonly string[];
  readonly questions: readonly Question[];
  readonly voice: readonly VoiceFact[];
  /** The reason code, once the session is over. */
  readonly ended: string | null;
}

export interface When {
  readonly atMs: number;
  readonly turn: number | null;
}

export class Play {
  readonly #run: InertRun;
  readonly #timers: Map<string, Timer>;

  private constructor(run: InertRun, timers: ReadonlyMap<string, Timer>) {
    this.#run = run;
    this.#timers = new Map(timers);
  }

  /** A play of `machine` before its first turn. */
  static of(machine: AnyStateMachine): Play {
    return new Play(new InertRun(machine, 'what-if'), new Map());
  }

  fork(): Play {
    return new Play(this.#run.fork(), this.#timers);
  }

  /** Timers that will fire, if nothing cancels them. */
  get timers(): ReadonlyMap<string, Timer> {
    return this.#timers;
  }

  start(input: unknown): PlayedTurn {
    return this.#played(this.#run.start(input), { atMs: 0, turn: 0 });
  }

  take(event: AnyEventObject, when: When): PlayedTurn {
    // A timer that fired is none any more; for any other event there is no timer of that name.
    this.#timers.delete(event.type);
    return this.#played(this.#run.take(event), when);
  }

  #played({ after, actions }: InertTurn, when: When): PlayedTurn {
    const heard = { outward: [] as string[], questions: [] as Question[], voice: [] as VoiceFact[] };
    for (const action of actions) this.#hear(action, when, heard);
    const ended = endOf(after);
    if (ended !== null) this.#timers.clear();
    return { ...heard, ended };
  }

  #hear(
    { type, params }: AskedAction,
    when: When,
    heard: { readonly outward: string[]; readonly questions: Question[]; readonly voice: VoiceFact[] },
  ): void {
    switch (type) {
      case 'xstate.raise': {
        const id = String(field(params, 'id'));
        const delayMs = field(params, 'delay');
        if (typeof delayMs !== 'number' || delayMs >= LONGEST_TIMER_MS) this.#timers.delete(id);
        else this.#timers.set(id, { id, delayMs, armedAtMs: when.atMs, turn: when.turn });
        return;
      }
      case 'xstate.cancel':
        this.#timers.delete(String(field(params, 'sendId')));
        return;
      case 'xstate.emit': {
        const event = field(params, 'event');
        const question = questionOf(event);
        if (question !== null) heard.questions.push(question);
        else if (!isForTheLog(event)) heard.outward.push(saidText(event, 'shape'));
        heard.voice.push(...voiceFactsOf(event));
        return;
      }
      case 'xstate.sendTo':
        heard.outward.push(
          `tell ${String(field(params, 'targetId'))} ${String(field(field(params, 'event'), 'type'))}`,
        );
        return;
      case 'xstate.spawnChild':
        heard.outward.push(`start ${String(field(params, 'id'))}`);
        return;
      case 'xstate.stopChild':
        heard.outward.push(`stop ${String(field(params, 'id'))}`);
        return;
      default:
        heard.outward.push(type);
    }
  }
}

/** What was said, for a reader. */
export function wordsOf({ outward }: PlayedTurn): string {
  return outward.map((text) => text.replace(/#[0-9a-f]+$/, '')).join(', ') || 'nothing is said';
}

/** True if the world could not tell two turns apart. */
export function isSameOutward(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, index) => text === b[index]);
}

const FLUSH = 'say flush.awaited';

/** Nothing more will be said: no frame, no word to the model, and to the voice only whom it may forget. */
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

function endOf({ status, output }: AnyMachineSnapshot): string | null {
  if (status === 'active') return null;
  return status === 'done' ? String(field(output, 'reason')) : status;
}

function questionOf(event: unknown): Question | null {
  const type = field(event, 'type');
  if (type === 'activity.questioned') return 'activity';
  const facts = voiceFactsOf(event);
  return type === 'speech.informed' && facts.every((fact) => fact.type === 'progress.questioned') ? 'progress' : null;
}

/** Told to the log alone: nobody outside reacts to it. */
function isForTheLog(event: unknown): boolean {
  const type = field(event, 'type');
  return type === 'command.dropped' || type === 'sentence.leftUnspoken' || type === 'actor.faulted';
}

function voiceFactsOf(event: unknown): VoiceFact[] {
  const facts = field(event, 'facts');
  if (!Array.isArray(facts)) return [];
  return facts.map((fact: unknown) => ({ type: String(field(fact, 'type')), segment: Number(field(fact, 'segment')) }));
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
