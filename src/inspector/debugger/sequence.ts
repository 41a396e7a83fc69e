/**
 * Who said what to whom, in the order in which it happened: the events that a chart was told and what it said, as messages between lanes. What
 * came from the supervisor and went to it is added where its log is there, too: found by the stream id, put in its place by the two clocks.
 *
 * Only what a log holds is drawn. Frames to the client are not in it: they pass beside the chart (docs/ARCHITECTURE.md).
 */
import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import { isTimer, type Play, type PlayedTurn, startPlay, take } from '../../analysis/what-if/play.ts';
import type { LoggedEvent, LogTurn } from '../../log/log-format.ts';
import type { EventLog } from '../../log/log-reader.ts';
import { type AskedAction, field } from '../../record/turn-outcome.ts';
import { PureChart } from '../../replay/pure-chart.ts';
import { eventName, eventWords, factsWords, shortened } from './event-words.ts';
import { STRETCH_TURNS } from './view-questions.ts';

export type Lane = 'client' | 'rpc' | 'supervisor' | 'session' | 'answer' | 'speech' | 'outbox';

export interface SequenceMessage {
  readonly from: Lane;
  /** The same as `from`: a timer, or what a chart tells the log alone. */
  readonly to: Lane;
  readonly label: string;
  /** On the clock of the shown log; of a run, of its first. */
  readonly atMs: number;
  readonly toMs: number;
  /** Of the shown log, the first and the last of a run; null = of the supervisor's. */
  readonly fromTurn: number | null;
  readonly toTurn: number | null;
  /** Events that this one stands for. */
  readonly count: number;
  readonly tone: 'model' | 'voice' | 'reader' | 'out' | 'error' | 'plain';
}

export interface Sequence {
  /** Those that have a message, in their order. */
  readonly lanes: readonly { readonly lane: Lane; readonly label: string }[];
  readonly messages: readonly SequenceMessage[];
  /** The turns that are told, both included; a long log is told in stretches. */
  readonly fromTurn: number;
  readonly toTurn: number;
  /** The supervisor's log was there, and has this stream. */
  readonly hasSupervisor: boolean;
}

const laneOrder: readonly Lane[] = ['client', 'rpc', 'supervisor', 'session', 'answer', 'speech', 'outbox'];
/** Told on both sides of a stretch. */
const BESIDE_TURNS = 500;
const MAX_LABEL_CHARS = 64;

/** What of a log is told. */
export interface SequenceStretch {
  /** A turn in it. */
  readonly around: number;
  /** Where its chart stood after a turn; null = it did not come so far. */
  readonly snapshotAfter: (turn: number) => AnyMachineSnapshot | null;
}

/** The messages of a log around a turn; `supervisor` is the log of the server that it ran in, if it is at hand. */
export function sequenceOf(
  log: EventLog,
  machine: AnyStateMachine,
  supervisor: EventLog | null,
  { around, snapshotAfter }: SequenceStretch,
): Sequence {
  const { machine: chart } = log.header;
  const begin = Math.floor(Math.max(0, around) / STRETCH_TURNS) * STRETCH_TURNS;
  const fromTurn = Math.max(0, begin - BESIDE_TURNS);
  const toTurn = Math.min(log.turns.length - 1, begin + STRETCH_TURNS + BESIDE_TURNS);
  const before = fromTurn === 0 ? null : snapshotAfter(fromTurn - 1);
  const self = chart === 'supervisor' ? 'supervisor' : 'session';
  const turns = log.turns.slice(fromTurn, toTurn + 1);
  const own = messagesIn({ ...log, turns }, machine, self, before && { snapshot: before, timers: new Map() });
  const others = supervisor === null || chart === 'supervisor' ? [] : messagesOfSupervisor(log, supervisor);
  const messages = folded(merged(own, others));
  const used = new Set(messages.flatMap(({ from, to }) => [from, to]));
  const lanes = laneOrder.filter((lane) => used.has(lane));
  return {
    lanes: lanes.map((lane) => ({ lane, label: lane === 'session' && chart !== 'supervisor' ? chart : lane })),
    messages,
    fromTurn,
    toTurn,
    hasSupervisor: others.length > 0,
  };
}

interface Message extends Omit<SequenceMessage, 'toMs' | 'count' | 'fromTurn' | 'toTurn'> {
  readonly turn: number | null;
  /** Events alone are folded; a text's length is added up. */
  readonly eventType: string | null;
  readonly chars: number | null;
}

function messagesIn(log: EventLog, machine: AnyStateMachine, self: Lane, before: Play | null): readonly Message[] {
  const chart = new PureChart(machine);
  const messages: Message[] = [];
  let play = before;
  for (const turn of log.turns) {
    messages.push(toldIn(turn, self));
    const played = playedIn(chart, play, turn, log.header.input);
    if (played === null) {
      messages.push({ ...saying(turn, self), to: self, label: 'the chart threw', tone: 'error' });
      continue;
    }
    play = played.after;
    messages.push(...played.actions.flatMap((action) => saidBy(action, turn, self)));
    if (played.ended !== null) {
      const tone = played.ended === 'completed' ? 'out' : 'error';
      messages.push({ ...saying(turn, self), to: 'rpc', label: `ended: ${played.ended}`, tone });
    }
    if (played.ended !== null) break;
  }
  return messages;
}

/** null = the chart threw. */
function playedIn(
  chart: PureChart,
  play: Play | null,
  { turn, atMs, event }: LogTurn,
  input: unknown,
): PlayedTurn | null {
  try {
    return play === null ? startPlay(chart, input) : take(chart, play, event, { atMs, turn });
  } catch {
    return null;
  }
}

function toldIn({ turn, atMs, event }: LogTurn, self: Lane): Message {
  const text = event.text;
  return {
    from: senderOf(event, self),
    to: self,
    label: event.type === 'xstate.init' ? 'start' : shortened(eventWords(event), MAX_LABEL_CHARS),
    atMs,
    turn,
    tone: toneOf(event),
    eventType: event.type,
    chars: typeof text === 'string' ? text.length : null,
  };
}

const senders: readonly { readonly prefix: string; readonly from: Lane }[] = [
  { prefix: 'answer.', from: 'answer' },
  { prefix: 'speech.', from: 'speech' },
  { prefix: 'outbox.', from: 'outbox' },
  { prefix: 'client.', from: 'client' },
  { prefix: 'device.', from: 'client' },
  { prefix: 'server.', from: 'supervisor' },
  { prefix: 'xstate.init', from: 'supervisor' },
  { prefix: 'stream.released', from: 'session' },
  { prefix: 'request.', from: 'rpc' },
  { prefix: 'text.', from: 'rpc' },
  { prefix: 'stream.', from: 'rpc' },
  { prefix: 'welcome.', from: 'rpc' },
  { prefix: 'chunk.', from: 'rpc' },
];

/** Timers, faults and whatever nobody else sends are the chart's own. */
function senderOf({ type }: LoggedEvent, self: Lane): Lane {
  return senders.find(({ prefix }) => type.startsWith(prefix))?.from ?? self;
}

function toneOf({ type }: LoggedEvent): SequenceMessage['tone'] {
  if (/failed|faulted|cancelled|interrupt|Exceeded|Expired|refused/.test(type)) return 'error';
  if (type.startsWith('answer.')) return 'model';
  if (type.startsWith('speech.')) return 'voice';
  if (type.startsWith('outbox.')) return 'reader';
  return 'plain';
}

type Saying = Pick<Message, 'from' | 'atMs' | 'turn' | 'tone' | 'eventType' | 'chars'>;

function saying({ turn, atMs }: LogTurn, self: Lane): Saying {
  return { from: self, atMs, turn, tone: 'plain', eventType: null, chars: null };
}

const actorLanes: Readonly<Record<string, Lane>> = { answer: 'answer', speech: 'speech' };

/** What an action is to the others; timers are nobody else's. */
function saidBy({ type, params }: AskedAction, turn: LogTurn, self: Lane): readonly Message[] {
  const base = saying(turn, self);
  const toActor = (id: unknown, label: string): readonly Message[] => {
    const to = actorLanes[String(id)] ?? self;
    return [{ ...base, to, label, tone: to === 'answer' ? 'model' : to === 'speech' ? 'voice' : 'plain' }];
  };
  switch (type) {
    case 'xstate.spawnChild':
      return toActor(field(params, 'id'), 'start');
    case 'xstate.stopChild':
      return toActor(field(params, 'id'), 'stop');
    case 'xstate.sendTo':
      return toActor(field(params, 'targetId'), String(field(field(params, 'event'), 'type')));
    case 'xstate.emit':
      return emittedAs(field(params, 'event'), base);
    default:
      return [];
  }
}

const receivers: Readonly<Record<string, { readonly to: Lane; readonly tone: SequenceMessage['tone'] }>> = {
  'sentence.reached': { to: 'outbox', tone: 'out' },
  'command.reached': { to: 'outbox', tone: 'out' },
  'end.reached': { to: 'outbox', tone: 'out' },
  'flush.awaited': { to: 'outbox', tone: 'reader' },
  'room.awaited': { to: 'outbox', tone: 'reader' },
  'activity.questioned': { to: 'outbox', tone: 'reader' },
  'stream.admitted': { to: 'rpc', tone: 'out' },
  'chunk.admitted': { to: 'rpc', tone: 'out' },
  'stream.attached': { to: 'rpc', tone: 'out' },
  'stream.queued': { to: 'rpc', tone: 'plain' },
  'stream.refused': { to: 'rpc', tone: 'error' },
  'stream.superseded': { to: 'session', tone: 'error' },
  'stream.left': { to: 'session', tone: 'plain' },
  'slot.freed': { to: 'session', tone: 'plain' },
  'slot.alreadyFreed': { to: 'session', tone: 'plain' },
  'device.interrupted': { to: 'session', tone: 'error' },
  'grace.expired': { to: 'session', tone: 'error' },
};

function emittedAs(event: unknown, base: Saying): readonly Message[] {
  const type = String(field(event, 'type'));
  const facts = factsWords(event);
  const informed: readonly Message[] =
    facts === '' ? [] : [{ ...base, to: 'speech', label: shortened(facts, MAX_LABEL_CHARS), tone: 'voice' }];
  if (type === 'speech.informed') return informed;
  const receiver = receivers[type] ?? { to: base.from, tone: base.tone };
  return [{ ...base, ...receiver, label: shortened(labelOf(type, event), MAX_LABEL_CHARS) }, ...informed];
}

function labelOf(type: string, event: unknown): string {
  if (typeof event !== 'object' || event === null) return type;
  const streamIds = field(event, 'streamIds');
  if (Array.isArray(streamIds)) return `${type} ${streamIds.length} streams`;
  const { facts: _facts, ...told } = { facts: null, ...event, type };
  return eventWords(told);
}

/** What the supervisor heard and said of this stream, on the clock of its log. */
function messagesOfSupervisor({ header }: EventLog, supervisor: EventLog): readonly Message[] {
  const streamId = field(header.input, 'streamId');
  if (typeof streamId !== 'string' || streamId === '') return [];
  const shiftMs = Date.parse(supervisor.header.startedAt) - Date.parse(header.startedAt);
  const at = (turn: LogTurn): Saying => ({ ...saying(turn, 'supervisor'), atMs: turn.atMs + shiftMs, turn: null });
  return supervisor.turns
    .filter(({ event }) => event.streamId === streamId)
    .flatMap((turn): readonly Message[] => {
      const told = { ...toldIn(turn, 'supervisor'), ...at(turn), from: senderOf(turn.event, 'supervisor') };
      const said = (turn.effects ?? [])
        .filter((effect) => effect.startsWith('say '))
        .map((effect): Message => {
          const type = effect.slice('say '.length).replace(/#[0-9a-f]+$/, '');
          const receiver = receivers[type];
          return {
            ...at(turn),
            to: receiver?.to ?? 'supervisor',
            label: eventName(type),
            tone: receiver?.tone ?? 'plain',
          };
        });
      return [{ ...told, eventType: null }, ...said];
    });
}

/** By time; what has the same stays in its order, the supervisor's first. */
function merged(own: readonly Message[], others: readonly Message[]): readonly Message[] {
  if (others.length === 0) return own;
  return [...others, ...own].sort((a, b) => a.atMs - b.atMs);
}

/** A run of turns in which the chart was told the same and said nothing becomes one message. */
function folded(messages: readonly Message[]): readonly SequenceMessage[] {
  const all: SequenceMessage[] = [];
  for (let place = 0; place < messages.length; ) {
    const first = messages[place];
    if (first === undefined) break;
    let end = place + 1;
    while (isSilentRun(messages, first, end)) end += 1;
    const run = messages.slice(place, end);
    all.push(oneOf(first, run));
    place = end;
  }
  return all;
}

/** True if the message at `place` goes on with the run that `first` begins: between them nothing was said. */
function isSilentRun(messages: readonly Message[], first: Message, place: number): boolean {
  const next = messages[place];
  return first.eventType !== null && !isTimer(first.eventType) && next?.eventType === first.eventType;
}

function oneOf(first: Message, run: readonly Message[]): SequenceMessage {
  const { from, to, label, atMs, turn, tone, eventType } = first;
  const last = run.at(-1) ?? first;
  const texts = run.filter(({ chars }) => chars !== null);
  const chars = texts.reduce((sum, message) => sum + (message.chars ?? 0), 0);
  const text = texts.length > 0 ? `, ${chars} characters` : '';
  return {
    from,
    to,
    label: run.length === 1 ? label : `${run.length} × ${eventName(eventType ?? '')}${text}`,
    atMs,
    toMs: last.atMs,
    fromTurn: turn,
    toTurn: last.turn,
    count: run.length,
    tone,
  };
}
