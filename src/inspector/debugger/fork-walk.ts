/**
 * Plays a recorded session in another way, turn by turn, and notes what each of the two did: the lanes of a what-if.
 *
 * What the chart does is computed. What the world would have said to it is taken from the log, as long as it could have said so:
 *  1. A fact counts only if its cause is there: a voice tells of a sentence that it was given and whose turn came, a model speaks while it
 *     runs, an answer comes to a question, a flush to an end. Any other is left out, and the row says why.
 *  2. A timer that both have fires when it was recorded to; one that this play alone has, when it is due.
 *  3. A question that only this play asks is answered by what the log tells, else by an assumption, which stands in the row: there is
 *     room, all is out, the voice is at work, the reader takes what it is given.
 *  4. Behind the end of the log nothing comes any more but its timers; where none is armed, it waits for ever.
 * How much of that is certain is not judged here (analysis/what-if).
 */
import type { AnyStateMachine } from 'xstate';
import { isShared } from '../../analysis/what-if/own-timers.ts';
import { isTimer, type Play, type PlayedTurn, startPlay, type Timer, take } from '../../analysis/what-if/play.ts';
import { readerIdleMs, silencesIn, voiceSilences } from '../../analysis/what-if/recorded-facts.ts';
import type { Deviation } from '../../analysis/what-if/standing.ts';
import { takeBehindBarrier, withoutTimer } from '../../analysis/what-if/what-if.ts';
import { type LoggedEvent, type LogTurn, THREW } from '../../log/log-format.ts';
import type { EventLog } from '../../log/log-reader.ts';
import { type AskedAction, OutcomeTeller } from '../../record/turn-outcome.ts';
import { PureChart } from '../../replay/pure-chart.ts';
import { recordedInputOf } from '../../replay/recorded-limits.ts';
import { actionWords, eventName, eventWords, isTimerEffect, newLeaves } from './event-words.ts';
import { World } from './fork-world.ts';

/** What one of the two did in a row. */
export interface LaneSide {
  /** The states that it led to; '' = it stayed. */
  readonly led: string;
  /** What it asked for, in words. */
  readonly effects: readonly string[];
}

/** As it is compared: states whole, effects as a log has them. */
interface ComparedSide extends LaneSide {
  readonly asLogged: readonly string[];
}

interface ComparedRow extends Omit<ForkRow, 'recorded' | 'forked'> {
  readonly recorded: ComparedSide | null;
  readonly forked: ComparedSide | null;
}

export interface ForkRow {
  /** The recorded turn; null = only the fork has it. */
  readonly turn: number | null;
  readonly atMs: number;
  readonly event: string;
  /** null = it has no such turn. */
  readonly recorded: LaneSide | null;
  readonly forked: LaneSide | null;
  /** Why the two do not both have it, or what was assumed; '' = nothing to say. */
  readonly note: string;
  /** Both did the same, as far as the world outside can see. */
  readonly isSame: boolean;
  /** False from where the log does not tell: what follows holds if the world had gone on as recorded. */
  readonly isCertain: boolean;
}

export interface ForkEnd {
  readonly reason: string;
  readonly turn: number | null;
  readonly atMs: number;
}

export interface ForkWalk {
  readonly rows: readonly ForkRow[];
  /** null = it is not over: the log goes no further, or it waits. */
  readonly end: ForkEnd | null;
  /** It is not over, and no timer of it is armed: nothing would ever end it. */
  readonly isStuck: boolean;
}

export interface ForkTerms {
  readonly log: EventLog;
  readonly machine: AnyStateMachine;
  /** What the fork is started with; as recorded, or with other limits. */
  readonly input: unknown;
  readonly deviation: Deviation | null;
}

/** The note of a row that was asked for. */
export const SUPPOSED = 'what if';

/** Timers and assumed answers behind the end of a log: enough for any chart to end or to show that it goes round. */
const MAX_TURNS_AFTER = 60;
/** Turns of the fork's own between two recorded ones. */
const MAX_OWN_TURNS = 200;

/** Both lanes, from the first turn on. */
export function walkFork(terms: ForkTerms): ForkWalk {
  return new Walk(terms).walk();
}

class Walk {
  readonly #terms: ForkTerms;
  readonly #chart: PureChart;
  readonly #teller: OutcomeTeller;
  readonly #silences;
  readonly #timeouts;
  readonly #rows: ComparedRow[] = [];
  readonly #forkWorld = new World();
  readonly #recordedWorld = new World();
  #recorded: Play | null = null;
  #forked: Play | null = null;
  #end: ForkEnd | null = null;
  /** The fork's chart did not throw where the recorded one did: nobody tells of a fault. */
  #isFaultStale = false;

  constructor(terms: ForkTerms) {
    this.#terms = terms;
    this.#chart = new PureChart(terms.machine);
    this.#teller = new OutcomeTeller(terms.log.header.redaction);
    this.#silences = silencesIn(terms.log.turns);
    const limits = recordedInputOf(terms.input)?.limits;
    this.#timeouts = { idleMs: limits?.idleTimeoutMs ?? 0, speechMs: limits?.speechTimeoutMs ?? 0 };
  }

  walk(): ForkWalk {
    const { log } = this.#terms;
    for (const turn of log.turns) {
      if (turn.turn > 0) this.#fireOwnTimers(turn.atMs);
      this.#takeRecorded(turn);
      this.#answerOwn(turn.atMs);
    }
    const isOver = log.footer?.status === 'done';
    if (isOver) this.#runOut(log.turns.at(-1)?.atMs ?? 0);
    const isStuck = isOver && this.#end === null && this.#forked?.timers.size === 0;
    return { rows: readableRows(this.#rows), end: this.#end, isStuck };
  }

  #takeRecorded(turn: LogTurn): void {
    const { event, atMs } = turn;
    const recordedPlayed = this.#playRecorded(turn);
    const recorded = sideOf(turn.state, turn.effects, recordedPlayed?.actions ?? [], turn.status === THREW);
    const row = { turn: turn.turn, atMs, event: eventWords(event), recorded };
    const { deviation } = this.#terms;
    const isDeviating = deviation?.turn === turn.turn;
    if (this.#end !== null) {
      this.#note({ ...row, forked: null, note: 'it was over by then' });
    } else if (isDeviating && !deviation.isHeard) {
      this.#forked = this.#forked && withoutTimer(this.#forked, event.type);
      // The world has told it, and tells it no more.
      this.#forkWorld.hear(event);
      this.#note({ ...row, forked: null, note: deviation.others.length > 0 ? 'replaced' : 'lost' });
    } else {
      const why = turn.turn === 0 ? null : this.#whyLeftOut(event);
      if (why !== null) this.#note({ ...row, forked: null, note: why });
      else this.#takeBoth(row, turn);
    }
    // The questions that were open when the fork heard the event are those of before.
    this.#recordedWorld.hear(event);
    if (recordedPlayed !== null) this.#recordedWorld.note(recordedPlayed, atMs);
    if (isDeviating) for (const other of deviation.others) this.#hearOther(other, atMs);
  }

  #hearOther(event: LoggedEvent, atMs: number): void {
    if (this.#forked === null || this.#end !== null) return;
    this.#forkWorld.hear(event);
    const played = takeBehindBarrier(this.#chart, this.#forked, event, { atMs, turn: null });
    this.#note({
      turn: null,
      atMs,
      event: eventWords(event),
      recorded: null,
      forked: this.#settle(played, atMs, null),
      note: SUPPOSED,
    });
  }

  /** The recorded play's own turn; null = its chart threw. */
  #playRecorded({ turn, event, atMs, status }: LogTurn): PlayedTurn | null {
    if (status === THREW) return null;
    const { header } = this.#terms.log;
    const played =
      this.#recorded === null
        ? startPlay(this.#chart, header.input)
        : take(this.#chart, this.#recorded, event, { atMs, turn });
    this.#recorded = played.after;
    return played;
  }

  #takeBoth(
    row: Omit<ComparedRow, 'forked' | 'note' | 'isSame' | 'isCertain'>,
    { turn, event, atMs, status }: LogTurn,
  ): void {
    this.#forkWorld.hear(event);
    let played: PlayedTurn | null = null;
    try {
      const when = { atMs, turn };
      played =
        this.#forked === null
          ? startPlay(this.#chart, this.#terms.input)
          : take(this.#chart, this.#forked, event, when);
    } catch {
      played = null;
    }
    this.#isFaultStale = status === THREW && played !== null;
    const forked = played === null ? sideOf(undefined, [], [], true) : this.#settle(played, atMs, turn);
    this.#note({ ...row, forked, note: '' });
  }

  /** The fork stands where `played` led; what it did. */
  #settle(played: PlayedTurn, atMs: number, turn: number | null): ComparedSide {
    this.#forked = played.after;
    this.#forkWorld.note(played, atMs);
    if (played.ended !== null) this.#end = { reason: played.ended, turn, atMs };
    const { state, effects } = this.#teller.tell(played.after.snapshot, played.actions);
    return sideOf(state, effects, played.actions, false);
  }

  /** Why an event of the log makes no sense for the fork; null = it does. */
  #whyLeftOut({ type, ...event }: LoggedEvent): string | null {
    if (type === 'session.faulted' && this.#isFaultStale) return 'it tells of a fault that did not come';
    if (!isTimer(type)) {
      const heard = { type, ...event };
      // What had no cause in the recorded session either came too late for it, and may come so here.
      return this.#recordedWorld.whyUnheard(heard) === null ? this.#forkWorld.whyUnheard(heard) : null;
    }
    const timer = this.#forked?.timers.get(type);
    if (timer === undefined) return 'its timer is not armed here';
    return this.#isShared(timer) ? null : 'its timer is due at another time here';
  }

  /** Asked before the recorded play takes the turn in which it fires. */
  #isShared(timer: Timer): boolean {
    return this.#sharedTimers.has(timer.id) && this.#sharedTimers.get(timer.id) === timer.armedAtMs + timer.delayMs;
  }

  #sharedTimers: ReadonlyMap<string, number> = new Map();

  /** Notes which timers both plays have, then lets those of the fork alone fire. */
  #fireOwnTimers(untilMs: number): void {
    for (let turns = 0; turns < MAX_OWN_TURNS; turns += 1) {
      const [own] = this.#ownTimers();
      if (own === undefined || dueAtMs(own) > untilMs) break;
      this.#fire(own);
    }
    const { recorded, forked } = { recorded: this.#recorded, forked: this.#forked };
    const shared = [...(forked?.timers.values() ?? [])].filter(
      (timer) => recorded !== null && isShared(timer, recorded),
    );
    this.#sharedTimers = new Map(shared.map((timer) => [timer.id, dueAtMs(timer)]));
  }

  #ownTimers(): readonly Timer[] {
    const { recorded, forked } = { recorded: this.#recorded, forked: this.#forked };
    if (forked === null || recorded === null || this.#end !== null) return [];
    const isOver = recorded.snapshot.status !== 'active';
    const own = [...forked.timers.values()].filter((timer) => isOver || !isShared(timer, recorded));
    return own.sort((a, b) => dueAtMs(a) - dueAtMs(b));
  }

  #fire(timer: Timer): void {
    if (this.#forked === null) return;
    const atMs = dueAtMs(timer);
    const played = takeBehindBarrier(this.#chart, this.#forked, { type: timer.id }, { atMs, turn: null });
    const row = { turn: null, atMs, event: eventName(timer.id), recorded: null };
    this.#note({ ...row, forked: this.#settle(played, atMs, null), note: 'a timer of its own' });
    this.#answerOwn(atMs);
  }

  /** Answers what the fork alone asked. */
  #answerOwn(atMs: number): void {
    for (let turns = 0; turns < MAX_OWN_TURNS && this.#end === null && this.#forked !== null; turns += 1) {
      const { log } = this.#terms;
      const isUnanswered = log.footer?.status === 'done' && this.#recorded?.snapshot.status !== 'active';
      const question = this.#forkWorld.openQuestion(isUnanswered ? null : this.#recordedWorld);
      if (question === null) return;
      const { event, note } = this.#answerTo(question, atMs);
      this.#forkWorld.hear(event);
      const played = takeBehindBarrier(this.#chart, this.#forked, event, { atMs, turn: null });
      const row = { turn: null, atMs, event: eventWords(event), recorded: null };
      this.#note({ ...row, forked: this.#settle(played, atMs, null), note });
    }
  }

  #answerTo(question: 'room' | 'flush' | 'activity' | 'progress', atMs: number): { event: LoggedEvent; note: string } {
    switch (question) {
      case 'room':
        return { event: { type: 'outbox.roomFound' }, note: 'assumed: there is room' };
      case 'flush':
        return { event: { type: 'outbox.flushed' }, note: 'assumed: all that was said is out' };
      case 'activity': {
        const { lastGivenAtMs } = this.#forkWorld;
        const known = lastGivenAtMs === null ? atMs : readerIdleMs(this.#silences, atMs, this.#timeouts.idleMs);
        const idleMs = known ?? Math.max(0, atMs - (lastGivenAtMs ?? 0));
        const note = known === null ? 'assumed: the reader took all that it was given at once' : 'as the log tells';
        return { event: { type: 'outbox.activityReported', idleMs }, note };
      }
      case 'progress': {
        const when = { atMs, timeoutMs: this.#timeouts.speechMs };
        const known = voiceSilences(this.#silences, this.#forkWorld.voiceJobs(), when);
        const atWork = [...this.#forkWorld.voiceJobs().keys()].map((segment) => ({ segment, silentMs: 0 }));
        const note = known === null ? 'assumed: the voice is at work' : 'as the log tells';
        return { event: { type: 'speech.progressReported', silences: known ?? atWork }, note };
      }
    }
  }

  /** Nothing is recorded any more: its timers are all that comes. */
  #runOut(fromMs: number): void {
    this.#answerOwn(fromMs);
    for (let turns = 0; turns < MAX_TURNS_AFTER && this.#end === null; turns += 1) {
      const [timer] = this.#ownTimers();
      if (timer === undefined) return;
      this.#fire(timer);
    }
  }

  #note(row: Omit<ComparedRow, 'isSame' | 'isCertain'>): void {
    this.#rows.push({ ...row, isSame: row.note === '' && isSameSide(row.recorded, row.forked), isCertain: true });
  }
}

function dueAtMs({ armedAtMs, delayMs }: Timer): number {
  return armedAtMs + delayMs;
}

function sideOf(
  state: string | undefined,
  asLogged: readonly string[] = [],
  actions: readonly AskedAction[] = [],
  hasThrown = false,
): ComparedSide {
  const effects = asLogged.map((effect, place) => actionWords(effect, actions[place]));
  return { led: hasThrown ? 'the chart threw' : (state ?? ''), effects, asLogged };
}

/** Timers are the chart's own: the world does not see them. */
function isSameSide(a: ComparedSide | null, b: ComparedSide | null): boolean {
  if (a === null || b === null || a.led !== b.led) return false;
  const [ofA, ofB] = [a, b].map(({ asLogged }) => asLogged.filter((effect) => !isTimerEffect(effect)).join('\n'));
  return ofA === ofB;
}

/** The rows as people read them: of each state what is new in it. */
function readableRows(rows: readonly ComparedRow[]): readonly ForkRow[] {
  const stood = { recorded: '', forked: '' };
  const readable = (row: ComparedRow, lane: 'recorded' | 'forked'): LaneSide | null => {
    const side = row[lane];
    if (side === null) return null;
    const led = side.led === '' ? '' : newLeaves(stood[lane], side.led);
    stood[lane] = side.led || stood[lane];
    return { led, effects: side.effects };
  };
  return rows.map((row) => ({ ...row, recorded: readable(row, 'recorded'), forked: readable(row, 'forked') }));
}

/** Where a recorded session stands behind a turn, with what is under way around it. */
export function standBehind(log: EventLog, machine: AnyStateMachine, turn: number): { play: Play; world: World } {
  const chart = new PureChart(machine);
  const world = new World();
  let play: Play | null = null;
  for (const { event, atMs, turn: at, status } of log.turns.slice(0, turn + 1)) {
    if (status === THREW) continue;
    world.hear(event);
    const played: PlayedTurn =
      play === null ? startPlay(chart, log.header.input) : take(chart, play, event, { atMs, turn: at });
    world.note(played, atMs);
    play = played.after;
  }
  if (play === null) throw new Error('the log has no turn that its chart took');
  return { play, world };
}
