/**
 * What if: how would a recorded session have ended under other limits? The pure chart is played twice over the recorded
 * facts, once under the recorded limits and once under the others, and the second play counts only as long as the world
 * outside could not have told the two apart.
 *
 * What-if 1 (certain). An end is named only where the same world would have ended the session so under the other
 *   limits. Everything else is "undetermined", with the turn from which on nothing is known. Who compares settings by
 *   these counts relies on it.
 * What-if 2 (own log). Nothing is named for a log that does not tell its limits, does not replay identically, or whose
 *   chart throws where it did not then, or no longer where it did. A log that was cut names an end only if it comes
 *   before the cut.
 * What-if 3 (timers). A timer that both plays armed in the same turn with the same delay fires when it was recorded to
 *   fire. Any other fires from EARLY_MS before its delay is over until LATE_MS (or LATE_SHARE of the delay) after.
 *   Where a recorded fact or another timer falls into that time and their order matters, nothing is named.
 * What-if 4 (questions). How long has the reader taken nothing, how long has the voice been silent: to ask changes
 *   nothing outside, so it may be asked at another time. It is answered where the log tells it, or where even the
 *   longest possible answer makes no difference; else nothing is named.
 * What-if 5 (another world). From the turn on in which the second play says, asks of an actor or starts something that
 *   the first did not, the facts are of another world: unless it is over by then, nothing is named.
 * What-if 6 (all is said). The one exception to 5: when the second play has said all it has to say (it leaves out or
 *   exchanges its command, all else being the same; or it fails for a sentence that has no sound), it ends as soon as
 *   that is out. It has no more frames to hand over than the recorded session had, so when those are out, its are, too;
 *   unless something came first that could have ended it.
 * What-if 7 (outlived). A session that goes on beyond its recorded end would not have ended so; what would have come
 *   then is not in the log.
 * What-if 8 (rate). The outbox counts frames, not the chart. A looser rate limit takes a recorded breach away; a
 *   stricter one leaves an end named only if no second can have had more frames than it allows, and makes a breach of
 *   it only if some second must have had more.
 * What-if 9 (deviation). The same is asked of one turn at which the chart hears something else. Up to there both plays are
 *   one; what they say is then compared to the letter, since other words make another sound. A fact of a voice that has
 *   finished or failed in the second play alone is of another world (5). A chart that throws hears what its barrier tells.
 *
 * Bounds: each recorded turn is taken once by each play, and each timer of the second play once for
 * every time it is due; nothing waits.
 */

import type { AnyStateMachine } from 'xstate';
import { wordsOf } from '../../errors.ts';
import { type LoggedEvent, type LogTurn, THREW } from '../../log/log-format.ts';
import type { EventLog } from '../../log/log-reader.ts';
import type { SessionLimits } from '../../machines/session/session.types.ts';
import { PureChart } from '../../replay/pure-chart.ts';
import { recordedInputOf } from '../../replay/recorded-limits.ts';
import { replay } from '../../replay/replayer.ts';
import { fireOwnTimers, isShared, settled } from './own-timers.ts';
import {
  isClosing,
  isSameButForCommand,
  isSameOutward,
  isSameToTheLetter,
  isTimer,
  joined,
  type Play,
  type PlayedTurn,
  type Question,
  startPlay,
  stay,
  take,
  type When,
  wordsOfTurn,
} from './play.ts';
import {
  framesAfterEvent,
  framesAfterFacts,
  framesAfterSaid,
  jobsAfterEvent,
  jobsAfterFacts,
  noFrames,
  silencesIn,
} from './recorded-facts.ts';
import {
  type Closed,
  type Deviation,
  endedApart,
  endedInTurn,
  isDecided,
  type JudgedLimits,
  type Moment,
  openOrder,
  outlived,
  rateChangeOf,
  type Standing,
  type Step,
  undetermined,
  type WhatIfTerms,
  type WhatIfVerdict,
} from './standing.ts';

/** Of a log about which nothing can be told: why begins so. */
export const NOT_REPLAYING = 'the log itself does not replay';

/** Up to the end of the log the world could not have told the two apart, and their end is not in it. */
export const NO_END = 'the log does not hold the end of its session';

const atBegin: Moment = { turn: 0, atMs: 0 };

/** How the session of `log` would have ended if `change` had been made to its limits. */
export function whatIf(
  log: EventLog,
  machine: AnyStateMachine,
  change: (recorded: SessionLimits) => SessionLimits,
): WhatIfVerdict {
  const input = recordedInputOf(log.header.input);
  if (input === null) return undetermined(atBegin, 'the log does not say under which limits it was recorded');
  const recorded = input.limits;
  const changed = change(recorded);
  const inputs = { recorded: input, changed: { ...input, limits: changed } };
  return judged({ log, machine, limits: { recorded, changed }, deviation: null }, inputs);
}

/** How it would have ended if its chart had been told something else at one turn (What-if 9). Of any chart. */
export function whatIfHeard(log: EventLog, machine: AnyStateMachine, deviation: Deviation): WhatIfVerdict {
  const recorded = recordedInputOf(log.header.input)?.limits ?? noJudgedLimits;
  const { input } = log.header;
  return judged(
    { log, machine, limits: { recorded, changed: recorded }, deviation },
    { recorded: input, changed: input },
  );
}

const noJudgedLimits: JudgedLimits = Object.freeze({ idleTimeoutMs: 0, speechTimeoutMs: 0, maxFramesPerSecond: 0 });

interface Inputs {
  readonly recorded: unknown;
  readonly changed: unknown;
}

function judged(
  { machine, ...about }: Pick<WhatIfTerms, 'log' | 'limits' | 'deviation'> & { readonly machine: AnyStateMachine },
  inputs: Inputs,
): WhatIfVerdict {
  const { log } = about;
  const { divergence } = replay(log, machine);
  if (divergence !== null) {
    const where = `it diverges at turn ${divergence.turn} (${divergence.field})`;
    return undetermined(atBegin, `${NOT_REPLAYING}: ${where}`);
  }
  const terms: WhatIfTerms = { ...about, chart: new PureChart(machine), silences: silencesIn(log.turns) };
  try {
    return playBoth(terms, inputs);
  } catch (error) {
    // A chart that throws is a bug of its own; here it only means that nothing can be told.
    return undetermined(atBegin, `the chart threw: ${wordsOf(error)}`);
  }
}

/** Both plays, turn by turn, until it is decided or the log is over. */
function playBoth(terms: WhatIfTerms, inputs: Inputs): WhatIfVerdict {
  const [first, ...others] = terms.log.turns;
  if (first === undefined) return undetermined(atBegin, 'the log has no turn');
  let step = begun(terms, first, inputs);
  for (const turn of others) {
    if (!isDecided(step)) step = fireOwnTimers(terms, step, turn);
    if (!isDecided(step)) step = takeTurn(terms, step, turn);
    if (isDecided(step)) return step;
  }
  return isDecided(step) ? step : undetermined(others.at(-1) ?? first, NO_END);
}

function begun(terms: WhatIfTerms, turn: LogTurn, inputs: Inputs): Step {
  const recorded = startPlay(terms.chart, inputs.recorded);
  const started = startPlay(terms.chart, inputs.changed);
  const changed =
    terms.deviation?.turn === turn.turn ? heardInstead(terms.chart, started, terms.deviation.others, turn) : started;
  const standing: Standing = {
    recorded: recorded.after,
    changed: changed.after,
    asked: { activity: [], progress: [] },
    jobs: new Map(),
    frames: noFrames,
    possibleEnd: null,
    closed: null,
  };
  return compared(terms, standing, { turn, recorded, changed });
}

function takeTurn(terms: WhatIfTerms, before: Standing, turn: LogTurn): Step {
  const { event, atMs } = turn;
  const isDeviating = terms.deviation?.turn === turn.turn;
  if (turn.status === THREW && isDeviating)
    return undetermined(turn, 'the chart threw here, and what followed is its own');
  if (turn.status === THREW) return takeThrow(terms, before, turn);
  if (isOfAnotherWorld(terms, turn)) {
    return undetermined(turn, `it would not have been told this: ${event.type} is of a world without the change`);
  }
  const { isOfBoth, asked } = sharing(terms, before, event.type);
  const recorded = take(terms.chart, before.recorded, event, { atMs, turn: turn.turn });
  const standing = { ...before, asked, recorded: recorded.after };
  if (standing.closed !== null) return takeClosed(terms, standing, { turn, recorded, isOfBoth });
  if (!isOfBoth) return takeRecordedOnly(standing, turn, recorded);
  const heard = {
    ...standing,
    jobs: jobsAfterEvent(standing.jobs, event),
    frames: framesAfterEvent(standing.frames, event),
  };
  if (terms.deviation?.turn === turn.turn) return takeDeviating(terms, heard, { turn, recorded }, terms.deviation);
  const changed = take(terms.chart, heard.changed, rateFactFor(terms, event), { atMs, turn: turn.turn });
  return compared(terms, { ...heard, changed: changed.after }, { turn, recorded, changed });
}

/** The turn at which the second play hears something else. */
function takeDeviating(
  terms: WhatIfTerms,
  standing: Standing,
  { turn, recorded }: RecordedTurn,
  { isHeard, others }: Deviation,
): Step {
  const { changed } = standing;
  const when = { atMs: turn.atMs, turn: turn.turn };
  const first = isHeard ? take(terms.chart, changed, turn.event, when) : stay(withoutTimer(changed, turn.event.type));
  const played = heardInstead(terms.chart, first, others, turn);
  const jobs = others.reduce(jobsAfterEvent, standing.jobs);
  return compared(terms, { ...standing, jobs, changed: played.after }, { turn, recorded, changed: played });
}

/** What is heard behind `played`, as long as it is not over. */
export function heardInstead(
  chart: PureChart,
  played: PlayedTurn,
  others: readonly LoggedEvent[],
  { atMs, turn }: Moment,
): PlayedTurn {
  let all = played;
  for (const event of others) {
    if (all.ended !== null) break;
    all = joined(all, takeBehindBarrier(chart, all.after, event, { atMs, turn }));
  }
  return all;
}

/** One turn; where the chart throws, the one that its barrier makes of it (actors/hosts/fault-barrier.ts). */
export function takeBehindBarrier(chart: PureChart, play: Play, event: LoggedEvent, when: When): PlayedTurn {
  try {
    return take(chart, play, event, when);
  } catch {
    return take(chart, play, { type: 'session.faulted', faultId: '' }, when);
  }
}

/** A timer that is told not to have fired does not fire a moment later. */
export function withoutTimer(play: Play, type: string): Play {
  return isTimer(type) ? { ...play, timers: new Map([...play.timers].filter(([id]) => id !== type)) } : play;
}

/** True for a fact of a voice whose job is over by the deviation. */
function isOfAnotherWorld({ deviation }: WhatIfTerms, { turn, event }: LogTurn): boolean {
  if (deviation === null || turn <= deviation.turn) return false;
  return deviation.others.some(({ type, segment }) => {
    if (type !== 'speech.finished' && type !== 'speech.failed') return false;
    if (event.type === 'speech.finished' || event.type === 'speech.failed') return event.segment === segment;
    return event.type === 'speech.progressReported' && JSON.stringify(event).includes(`"segment":${String(segment)},`);
  });
}

const questionAnsweredBy: Readonly<Record<string, Question>> = {
  'outbox.activityReported': 'activity',
  'speech.progressReported': 'progress',
};

/** Whether the second play hears an event, too: facts of the world, answers to questions of both, timers of both. */
function sharing(terms: WhatIfTerms, { changed, recorded, asked }: Standing, type: string) {
  const question = questionAnsweredBy[type];
  if (question !== undefined) {
    const [isOfBoth = false, ...rest] = asked[question];
    return { isOfBoth, asked: { ...asked, [question]: rest } };
  }
  const timer = changed.timers.get(type);
  const isOfBoth = isTimer(type)
    ? timer !== undefined && isShared(timer, recorded)
    : type !== 'outbox.rateExceeded' || rateChangeOf(terms) !== 'looser';
  return { isOfBoth, asked };
}

/** The limit that was broken is named in the failure. */
function rateFactFor({ limits }: WhatIfTerms, event: LogTurn['event']): LogTurn['event'] {
  if (event.type !== 'outbox.rateExceeded') return event;
  return { ...event, framesInLastSecond: limits.changed.maxFramesPerSecond + 1 };
}

/** A bug of the chart: nothing was changed, and what came of it is recorded next. */
function takeThrow(terms: WhatIfTerms, standing: Standing, turn: LogTurn): Step {
  try {
    take(terms.chart, standing.changed, turn.event, { atMs: turn.atMs, turn: turn.turn });
  } catch {
    return standing;
  }
  return undetermined(turn, 'the chart threw here and would not have');
}

/** A turn that only the recorded play has: a timer of its own, or the answer to a question of its own. */
function takeRecordedOnly(standing: Standing, turn: LogTurn, played: PlayedTurn): Step {
  if (played.ended !== null) return outlived(standing, turn, played.ended);
  if (played.outward.length > 0) {
    return undetermined(turn, `it would not have gone on as recorded: ${wordsOfTurn(played)}`);
  }
  return { ...standing, asked: askedAfter(standing.asked, played.questions, []) };
}

interface RecordedTurn {
  readonly turn: LogTurn;
  readonly recorded: PlayedTurn;
}

/** All that the second play said is out when all that the recorded one said is; until then something else may end it (What-if 6). */
function takeClosed(
  terms: WhatIfTerms,
  standing: Standing,
  { turn, recorded, isOfBoth }: RecordedTurn & { readonly isOfBoth: boolean },
): Step {
  const { event, atMs } = turn;
  const isFlushed = event.type === 'outbox.flushed';
  if (recorded.ended !== null && !isFlushed) return undetermined(turn, closingWords);
  const isHeard = isFlushed || event.type.startsWith('answer.') || (isTimer(event.type) && isOfBoth);
  if (!isHeard) return standing;
  const changed = take(terms.chart, standing.changed, event, { atMs, turn: turn.turn });
  if (changed.ended !== null && isFlushed) return ended(terms, standing, { turn, recorded }, changed.ended);
  // The model may still be at work, and stop when it is done.
  const isQuiet = changed.questions.length === 0 && changed.outward.every((text) => text.startsWith('stop '));
  return isQuiet && changed.ended === null ? { ...standing, changed: changed.after } : undetermined(turn, closingWords);
}

/** A recorded turn that both plays took, or both began with. */
function compared(
  terms: WhatIfTerms,
  standing: Standing,
  { turn, recorded, changed }: RecordedTurn & { readonly changed: PlayedTurn },
): Step {
  if (changed.ended !== null) return ended(terms, standing, { turn, recorded }, changed.ended);
  if (recorded.ended !== null) return outlived(standing, turn, recorded.ended);
  const { atMs } = turn;
  let closed: Closed | null = null;
  const isCheckedByLetter = terms.deviation !== null && turn.turn >= terms.deviation.turn;
  const isSame = isCheckedByLetter ? isSameToTheLetter(recorded, changed) : true;
  if (!isSame || !isSameOutward(recorded.outward, changed.outward)) {
    const isOtherCommand = isSameButForCommand(recorded.outward, changed.outward);
    if (!isOtherCommand && !isClosing(changed.outward)) {
      return undetermined(turn, `it would have gone another way: ${wordsOfTurn(changed)}`);
    }
    if (standing.possibleEnd !== null) return openOrder(turn, standing.possibleEnd);
    closed = { turn: turn.turn, atMs, why: isOtherCommand ? commandWords : null };
  }
  const frames = framesAfterFacts(standing.frames, changed.voice, atMs);
  const after: Standing = {
    ...standing,
    closed,
    asked: askedAfter(standing.asked, recorded.questions, changed.questions),
    jobs: jobsAfterFacts(standing.jobs, changed.voice, atMs),
    frames: framesAfterSaid(frames, changed.outward, atMs),
  };
  const own = changed.questions.filter((question) => !recorded.questions.includes(question));
  return own.length === 0 ? after : answerOwn(terms, after, turn, own);
}

function ended(
  terms: WhatIfTerms,
  standing: Standing,
  { turn, recorded }: RecordedTurn,
  reason: string,
): WhatIfVerdict {
  const isFlushed = turn.event.type === 'outbox.flushed';
  return endedInTurn(terms, standing, {
    turn: turn.turn,
    atMs: turn.atMs,
    reason,
    recordedReason: recorded.ended,
    isFlushed,
  });
}

/** Questions of both plays wait for the recorded answer; one of the recorded play alone lets its answer pass. */
function askedAfter(
  asked: Standing['asked'],
  recorded: readonly Question[],
  changed: readonly Question[],
): Standing['asked'] {
  if (recorded.length === 0) return asked;
  const added = (which: Question) =>
    recorded.filter((question) => question === which).map((question) => changed.includes(question));
  return {
    activity: [...asked.activity, ...added('activity')],
    progress: [...asked.progress, ...added('progress')],
  };
}

/** Questions of the second play alone are answered at once. */
function answerOwn(terms: WhatIfTerms, standing: Standing, turn: LogTurn, questions: readonly Question[]): Step {
  const { atMs } = turn;
  const asking: PlayedTurn = { ...stay(standing.changed), questions, ended: null };
  const firing = settled(terms, standing, asking, { atMs, turn: null });
  if (firing.kind === 'open') return undetermined(turn, firing.why);
  if (firing.kind === 'ends') return endedApart(terms, standing, { reason: firing.reason, turn: turn.turn, atMs });
  const closed = firing.kind === 'closes' ? { turn: turn.turn, atMs, why: null } : standing.closed;
  return { ...standing, changed: firing.after, closed };
}

const closingWords = 'it had said all it would say, and what is recorded then is of another world';
const commandWords = 'its command would not have been the same, or none';
