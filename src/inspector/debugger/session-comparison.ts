/**
 * Two sessions beside each other: where they first went apart, what only one of them did, how long each waited for what, and both courses
 * aligned by what they were told and where it led. Times are never compared, only shown: no two sessions have the same.
 */
import type { AnyStateMachine } from 'xstate';
import { transitionIdOf, transitionWordsOf } from '../../analysis/chart/transition-words.ts';
import { compareLogs, type LogDifference } from '../../analysis/log-difference.ts';
import { type EventLog, endReasonOf } from '../../log/log-reader.ts';
import { replay } from '../../replay/replayer.ts';
import type { Waits } from '../feed-format.ts';
import { waitsOf } from '../waits.ts';
import { eventName, eventWords, newLeaves } from './event-words.ts';
import { toldOf } from './watched-chart.ts';

/** One value of each session. */
export interface Pair<T> {
  readonly a: T;
  readonly b: T;
}

export interface Comparison {
  readonly machine: Pair<string>;
  /** null = nothing that counts is different: ids, times and digests of them do not. */
  readonly difference: LogDifference | null;
  /** Where the course itself is another one: events, states and effects by their names, whatever the words. */
  readonly flowDifference: LogDifference | null;
  readonly notes: readonly string[];
  readonly ends: Pair<string>;
  readonly durationMs: Pair<number>;
  readonly turns: Pair<number>;
  readonly waits: Pair<Waits>;
  /** By type; the greatest difference first. */
  readonly events: readonly (Pair<number> & { readonly type: string })[];
  /** Of the whole chart; those that only one took first. Empty where a log does not replay or is very long, or the charts are two. */
  readonly transitions: readonly (Pair<number> & { readonly id: string; readonly words: string })[];
  readonly rows: readonly ComparedRow[];
  /** Rows at the end that are left out. */
  readonly more: number;
}

/** A step of both, or of one. */
export interface ComparedRow {
  readonly a: ComparedStep | null;
  readonly b: ComparedStep | null;
}

/** One turn that led somewhere, or a run of turns with one kind of event that led nowhere. */
export interface ComparedStep {
  readonly fromTurn: number;
  readonly toTurn: number;
  readonly atMs: number;
  readonly words: string;
  /** '' = it stayed. */
  readonly led: string;
}

interface Side {
  readonly log: EventLog;
  readonly machine: AnyStateMachine;
}

/** Steps of each session that are aligned: the work grows with their product. */
const MAX_STEPS = 1_000;
/** Both are executed again for what they took: a second's work. Logs of supervisors may have a million. */
const MAX_REPLAYED_TURNS = 80_000;

/** Compares two sessions, or two logs of another chart. */
export function compareSessions(a: Side, b: Side): Comparison {
  const full = compareLogs(a.log, b.log, false);
  const flow = compareLogs(a.log, b.log, true);
  const steps = { a: stepsOf(a.log), b: stepsOf(b.log) };
  const rows = aligned(steps.a.slice(0, MAX_STEPS), steps.b.slice(0, MAX_STEPS));
  const isReplayed = a.log.turns.length + b.log.turns.length <= MAX_REPLAYED_TURNS;
  const isOneChart = a.log.header.machine === b.log.header.machine;
  return {
    machine: { a: a.log.header.machine, b: b.log.header.machine },
    difference: full.difference,
    flowDifference: flow.difference,
    notes: full.notes,
    ends: { a: endReasonOf(a.log.footer), b: endReasonOf(b.log.footer) },
    durationMs: { a: a.log.turns.at(-1)?.atMs ?? 0, b: b.log.turns.at(-1)?.atMs ?? 0 },
    turns: { a: a.log.turns.length, b: b.log.turns.length },
    waits: { a: waitsOf(a.log.turns), b: waitsOf(b.log.turns) },
    events: eventCounts(a.log, b.log),
    transitions: isOneChart && isReplayed ? transitionCounts(a, b) : [],
    rows,
    more: Math.max(0, steps.a.length - MAX_STEPS, steps.b.length - MAX_STEPS),
  };
}

function eventCounts(a: EventLog, b: EventLog): Comparison['events'] {
  const counted = new Map<string, { a: number; b: number }>();
  for (const [side, { turns }] of [
    ['a', a],
    ['b', b],
  ] as const) {
    for (const { event } of turns) {
      const name = eventName(event.type);
      const counts = counted.get(name) ?? { a: 0, b: 0 };
      counts[side] += 1;
      counted.set(name, counts);
    }
  }
  return [...counted]
    .map(([type, counts]) => ({ type, ...counts }))
    .sort((x, y) => Math.abs(y.a - y.b) - Math.abs(x.a - x.b));
}

function transitionCounts(a: Side, b: Side): Comparison['transitions'] {
  const counted = new Map<string, { words: string; a: number; b: number }>();
  for (const [side, { log, machine }] of [
    ['a', a],
    ['b', b],
  ] as const) {
    const words = new Map(transitionWordsOf(machine).map((told) => [told.id, toldOf(told).words]));
    const { divergence } = replay(log, machine, (_turn, { transitions }) => {
      for (const transition of transitions) {
        const id = transitionIdOf(transition);
        const counts = counted.get(id) ?? { words: words.get(id) ?? id, a: 0, b: 0 };
        counts[side] += 1;
        counted.set(id, counts);
      }
    });
    if (divergence !== null) return [];
  }
  const isOfOne = (counts: Pair<number>) => counts.a === 0 || counts.b === 0;
  return [...counted]
    .map(([id, counts]) => ({ id, ...counts }))
    .sort((x, y) => Number(isOfOne(y)) - Number(isOfOne(x)));
}

interface Step extends ComparedStep {
  /** What is aligned: what it was told, and where that led. */
  readonly key: string;
}

function stepsOf({ turns }: EventLog): readonly Step[] {
  const steps: Step[] = [];
  let run = 0;
  let stood = '';
  for (const { turn, atMs, event, state, status } of turns) {
    const led = state === undefined ? '' : newLeaves(stood, state);
    stood = state ?? stood;
    const key = `${event.type} → ${led}${status ?? ''}`;
    const last = steps.at(-1);
    if (led === '' && last?.key === key) {
      run += 1;
      steps[steps.length - 1] = { ...last, toTurn: turn, words: `${run} × ${eventName(event.type)}` };
      continue;
    }
    run = 1;
    steps.push({ fromTurn: turn, toTurn: turn, atMs, words: eventWords(event), led, key });
  }
  return steps;
}

/** The longest common course of both, and between its steps what only one has: what was taken away before what came in its place. */
function aligned(a: readonly Step[], b: readonly Step[]): readonly ComparedRow[] {
  const width = b.length + 1;
  // The length of the longest common course of what stands from a step on, in both.
  const longest = new Uint16Array((a.length + 1) * width);
  const at = (i: number, j: number) => longest[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      const isSame = a[i]?.key === b[j]?.key;
      longest[i * width + j] = isSame ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const rows: ComparedRow[] = [];
  for (let i = 0, j = 0; i < a.length || j < b.length; ) {
    const [ofA = null, ofB = null] = [a[i], b[j]];
    if (ofA !== null && ofB !== null && ofA.key === ofB.key) {
      rows.push({ a: told(ofA), b: told(ofB) });
      i += 1;
      j += 1;
    } else if (ofA !== null && (ofB === null || at(i + 1, j) >= at(i, j + 1))) {
      rows.push({ a: told(ofA), b: null });
      i += 1;
    } else if (ofB !== null) {
      rows.push({ a: null, b: told(ofB) });
      j += 1;
    }
  }
  return rows;
}

function told({ key: _key, ...step }: Step): ComparedStep {
  return step;
}
