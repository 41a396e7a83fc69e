/**
 * The books of the supervisor chart: who holds a slot, who has a session id, who waits for one; and how a turn changes them. Pure: a function
 * takes the books and gives other ones, with what is to be said of it. A turn that the chart decides in one transition is one call here.
 *
 * What holds, cited as "Books N":
 *  1. a session id is one stream's; who waits for it waits only while it is, and hears of its fate in the turn in which it comes free;
 *  2. a superseded stream holds nothing from that turn on; it is only known until its end is told (`leaving`);
 *  3. groups, queues and `waiting` say nothing that `streams`, `leaving` and the calls that wait do not; empty ones are not there;
 *  4. a turn costs the streams that it names, and a few steps of a table for each.
 * A field or a table that is absent is one that version 2 of the chart did not have: its logs are replayed on the same books.
 */
import {
  answersOf,
  type Claim,
  queueOf,
  type RefusalType,
  refusal,
  refusalOf,
  supersededBy,
} from './admission-rules.ts';
import { emptyTable, entriesOf, lookUp, withEntry, withoutEntry } from './persistent-table.ts';
import type {
  AdmittedStream,
  SupervisorContext,
  SupervisorEmitted,
  SupervisorEvent,
  WaitingCall,
} from './supervisor.types.ts';

/** A call that asks; a welcome stream and a COLLECT name no device. */
type Asked = Omit<Claim, 'hardwareId'> & Partial<Pick<Claim, 'hardwareId'>>;

type LoadReport = Extract<SupervisorEvent, { readonly type: 'load.reported' }>;

/** What a turn makes of the books, and what is said of it, in order. */
export interface Turn {
  readonly books: Partial<SupervisorContext>;
  readonly said: readonly SupervisorEmitted[];
  /** Those that do not wait any more, and those that begin to. */
  readonly over: readonly string[];
  readonly waits: readonly string[];
}

export const nothing: Turn = Object.freeze({ books: {}, said: [], over: [], waits: [] });

/** A turn that only says something. */
export function saying(said: SupervisorEmitted | false): Turn {
  return said === false ? nothing : { ...nothing, said: [said] };
}

/** The call has a stream: it takes a slot, and as an answer its session id. */
export function admitted(context: SupervisorContext, call: Asked, kind: AdmittedStream['kind']): Turn {
  const { streamId, sessionId } = call;
  const running = lookUp(context.inFlight, sessionId) ?? '';
  // A welcome stream names no device: it is its whose session is in flight.
  const hardwareId = call.hardwareId ?? lookUp(context.streams, running)?.hardwareId ?? '';
  const books = withStream(context, { ...call, hardwareId }, kind, kind === 'listener' ? { leader: running } : {});
  const activeStreams = books.streams.size;
  const said: SupervisorEmitted =
    kind === 'listener'
      ? { type: 'stream.attached', streamId, leader: running, activeStreams }
      : { type: 'stream.admitted', streamId, activeStreams };
  return { ...nothing, books, said: [said] };
}

/** The books with one more stream, which has a slot. */
function withStream(
  context: SupervisorContext,
  { streamId, sessionId, hardwareId, worker = 0 }: Claim,
  kind: AdmittedStream['kind'],
  more: Pick<AdmittedStream, 'leader'> = {},
) {
  const admission = context.admissions + 1;
  const stream = { kind, sessionId, hardwareId, admission, ...more, ...(worker > 0 && { worker }) };
  return {
    streams: withEntry(context.streams, streamId, stream),
    groups: joined(context.groups, groupsOf(stream), streamId, admission),
    inFlight: kind === 'answer' ? withEntry(context.inFlight, sessionId, streamId) : context.inFlight,
    admissions: admission,
  };
}

/** The newer call has the id and the slot of the older one, which is to be ended. */
export function superseded(context: SupervisorContext, call: Claim): Turn {
  const older = supersededBy(context, call);
  const held = older === undefined ? undefined : lookUp(context.streams, older);
  if (older === undefined || held === undefined) return nothing;
  const without = withoutStream(context, older, held);
  // Its process still has it.
  const groups = joined(without.groups, workerGroupOf(held), older, held.admission);
  const leaving = withEntry(context.leaving ?? emptyTable, older, held);
  const newer = admitted({ ...context, ...without, groups }, call, 'answer');
  return {
    ...newer,
    books: { groups, leaving, ...newer.books },
    said: [{ type: 'stream.superseded', streamId: older, newerStreamId: call.streamId }, ...newer.said],
  };
}

/** A stream that was superseded is over. */
export function left(context: SupervisorContext, streamId: string): Turn {
  const { leaving = emptyTable } = context;
  const held = lookUp(leaving, streamId);
  if (held === undefined) return nothing;
  const groups = parted(context.groups, workerGroupOf(held), streamId);
  const said = [{ type: 'stream.left', streamId, activeStreams: context.streams.size } as const];
  return { ...nothing, books: { groups, leaving: withoutEntry(leaving, streamId) }, said };
}

/** The call waits for its session id, behind those that came before it. */
export function queued(context: SupervisorContext, { streamId, sessionId, hardwareId, worker = 0 }: Claim): Turn {
  const arrival = (context.arrivals ?? 0) + 1;
  const call = { streamId, sessionId, hardwareId, arrival, ...(worker > 0 && { worker }) };
  const queue = [...queueOf(context, sessionId), streamId];
  const books = {
    waiting: withEntry(context.waiting ?? emptyTable, streamId, call),
    queues: withEntry(context.queues ?? emptyTable, sessionId, queue),
    groups: joined(context.groups, waitingGroupsOf(call), streamId, arrival),
    arrivals: arrival,
  };
  return { ...nothing, books, said: [{ type: 'stream.queued', streamId, place: queue.length }], waits: [streamId] };
}

/** These calls do not wait any more; `errorType` is what they are told, null = they know. */
export function unqueued(
  context: SupervisorContext,
  streamIds: readonly string[],
  errorType: RefusalType | null,
): Turn {
  const calls = streamIds.flatMap((streamId) => lookUp(context.waiting ?? emptyTable, streamId) ?? []);
  if (calls.length === 0) return nothing;
  const said = calls.map(
    (call): SupervisorEmitted =>
      errorType === null ? { type: 'stream.unqueued', streamId: call.streamId } : refusedAs(errorType, context, call),
  );
  return { ...nothing, books: withoutWaiting(context, calls), said, over: calls.map(({ streamId }) => streamId) };
}

/** The stream gives its slot back; its session id is the next one's that waits for it and may have a stream. */
export function freed(context: SupervisorContext, streamId: string): Turn {
  const held = lookUp(context.streams, streamId);
  if (held === undefined) return nothing;
  const without = withoutStream(context, streamId, held);
  const slotFreed = { type: 'slot.freed', streamId, activeStreams: without.streams.size } as const;
  if (held.kind !== 'answer') return { ...saying(slotFreed), books: without };
  const next = nextInLine({ ...context, ...without }, held.sessionId);
  return { ...next, books: { ...without, ...next.books }, said: [slotFreed, ...next.said] };
}

/** All that a process had is free: its streams, those that were leaving, and its calls that wait. */
export function workerCleared(context: SupervisorContext, worker: number): Turn {
  const gone = entriesOf(lookUp(context.groups, onWorker(worker)) ?? emptyTable);
  const forgotten = unqueued(context, waitingIn(context, waitingOn(worker)), null);
  const streamIds = inOrder(gone);
  const said: SupervisorEmitted[] = [{ type: 'worker.cleared', worker, streamIds, forgotten: forgotten.over }];
  let books: SupervisorContext = { ...context, ...forgotten.books };
  const sessionIds: string[] = [];
  for (const streamId of streamIds) {
    const held = lookUp(books.streams, streamId);
    if (held === undefined) {
      books = { ...books, ...left(books, streamId).books };
      continue;
    }
    books = { ...books, ...withoutStream(books, streamId, held) };
    said.push({ type: 'slot.freed', streamId, activeStreams: books.streams.size });
    if (held.kind === 'answer') sessionIds.push(held.sessionId);
  }
  books = { ...books, loads: withoutEntry(books.loads ?? emptyTable, String(worker)) };
  const over = [...forgotten.over];
  for (const sessionId of sessionIds) {
    const next = nextInLine(books, sessionId);
    books = { ...books, ...next.books };
    said.push(...next.said);
    over.push(...next.over);
  }
  return { ...nothing, books, said, over };
}

/** The device's streams, and the welcome streams of a session that it has in flight now or had when they came; what waits for it is over. */
export function interrupted(context: SupervisorContext, hardwareId: string): Turn {
  const { groups, streams } = context;
  const membersOf = (name: string) => entriesOf(lookUp(groups, name) ?? emptyTable);
  const streamsOfDevice = membersOf(answersOf(hardwareId));
  const welcomes = streamsOfDevice.flatMap(([streamId]) => {
    const stream = lookUp(streams, streamId);
    return stream?.kind === 'answer' ? membersOf(welcomesOf(stream.sessionId)) : [];
  });
  // A welcome stream may be found both ways.
  const named = new Map([...streamsOfDevice, ...welcomes, ...membersOf(welcomesBeside(hardwareId))]);
  const ended = unqueued(context, waitingIn(context, waitingOf(hardwareId)), 'interrupted');
  const said = [...ended.said, { type: 'device.interrupted', streamIds: inOrder(named) } as const];
  return { ...ended, said };
}

/** The load that a process, or the whole server, reports; no reason = it takes on calls again. */
export function loaded({ loads = emptyTable }: SupervisorContext, { worker, reasons }: LoadReport) {
  const key = String(worker);
  return { loads: reasons.length === 0 ? withoutEntry(loads, key) : withEntry(loads, key, reasons) };
}

export function streamsInOrder({ streams }: SupervisorContext): readonly string[] {
  return inOrder(entriesOf(streams).map(([streamId, { admission }]) => [streamId, admission]));
}

export function waitingInOrder({ waiting = emptyTable }: SupervisorContext): readonly string[] {
  return inOrder(entriesOf<WaitingCall>(waiting).map(([streamId, { arrival }]) => [streamId, arrival]));
}

/** Admits the first that waits for the session id and may have a stream; those before it hear why they may not. */
function nextInLine(context: SupervisorContext, sessionId: string): Turn {
  const calls = queueOf(context, sessionId).flatMap(
    (streamId) => lookUp(context.waiting ?? emptyTable, streamId) ?? [],
  );
  if (calls.length === 0) return nothing;
  const refusals = calls.map((call) => refusalOf(context, call));
  const place = refusals.indexOf(null);
  const decided = place < 0 ? calls : calls.slice(0, place + 1);
  const left = withoutWaiting(context, decided);
  const said: SupervisorEmitted[] = [];
  let books = left;
  for (const [index, call] of decided.entries()) {
    const errorType = refusals[index] ?? null;
    if (errorType !== null) {
      said.push(refusedAs(errorType, left, call));
      continue;
    }
    const next = admitted(left, call, 'answer');
    books = { ...left, ...next.books };
    said.push(...next.said);
  }
  return { ...nothing, books, said, over: decided.map(({ streamId }) => streamId) };
}

/** The call gets no stream. */
export function refusedAs(errorType: RefusalType, books: SupervisorContext, call: Asked): SupervisorEmitted {
  const { streamId } = call;
  return {
    type: 'stream.refused',
    streamId,
    failure: refusal(errorType, books, call),
    activeStreams: books.streams.size,
  };
}

function withoutStream(context: SupervisorContext, streamId: string, held: AdmittedStream) {
  return {
    streams: withoutEntry(context.streams, streamId),
    groups: parted(context.groups, groupsOf(held), streamId),
    inFlight: held.kind === 'answer' ? withoutEntry(context.inFlight, held.sessionId) : context.inFlight,
  };
}

/** Each queue is gone through once. */
function withoutWaiting(context: SupervisorContext, calls: readonly WaitingCall[]): SupervisorContext {
  let { queues = emptyTable, waiting = emptyTable, groups } = context;
  const gone = new Set<string>();
  for (const call of calls) {
    gone.add(call.streamId);
    waiting = withoutEntry(waiting, call.streamId);
    groups = parted(groups, waitingGroupsOf(call), call.streamId);
  }
  for (const sessionId of new Set(calls.map((call) => call.sessionId))) {
    const queue = queueOf(context, sessionId).filter((streamId) => !gone.has(streamId));
    queues = queue.length === 0 ? withoutEntry(queues, sessionId) : withEntry(queues, sessionId, queue);
  }
  return { ...context, waiting, queues, groups };
}

function waitingIn({ groups }: SupervisorContext, name: string): readonly string[] {
  return inOrder(entriesOf(lookUp(groups, name) ?? emptyTable));
}

/** The groups that a stream is in. */
function groupsOf(stream: Omit<AdmittedStream, 'admission'>): readonly string[] {
  const { kind, sessionId, hardwareId } = stream;
  if (kind !== 'welcome') return [answersOf(hardwareId), ...workerGroupOf(stream)];
  const beside = hardwareId === '' ? [] : [welcomesBeside(hardwareId)];
  return [welcomesOf(sessionId), ...beside, ...workerGroupOf(stream)];
}

function waitingGroupsOf({ hardwareId, worker }: WaitingCall): readonly string[] {
  return worker === undefined ? [waitingOf(hardwareId)] : [waitingOf(hardwareId), waitingOn(worker)];
}

/** The process of the chart is lost with it: nobody asks what it had. */
function workerGroupOf({ worker }: Pick<AdmittedStream, 'worker'>): readonly string[] {
  return worker === undefined ? [] : [onWorker(worker)];
}

/** Those that came while the device had their session in flight. */
function welcomesBeside(hardwareId: string): string {
  return `welcomes beside ${hardwareId}`;
}

function welcomesOf(sessionId: string): string {
  return `welcomes of ${sessionId}`;
}

function waitingOf(hardwareId: string): string {
  return `waiting of ${hardwareId}`;
}

function onWorker(worker: number): string {
  return `on worker ${worker}`;
}

function waitingOn(worker: number): string {
  return `waiting on worker ${worker}`;
}

type Groups = SupervisorContext['groups'];

function joined(groups: Groups, names: readonly string[], streamId: string, place: number): Groups {
  return names.reduce(
    (all, name) => withEntry(all, name, withEntry(lookUp(all, name) ?? emptyTable, streamId, place)),
    groups,
  );
}

/** A group without members is none. */
function parted(groups: Groups, names: readonly string[], streamId: string): Groups {
  return names.reduce((all, name) => {
    const its = withoutEntry(lookUp(all, name) ?? emptyTable, streamId);
    return its.size === 0 ? withoutEntry(all, name) : withEntry(all, name, its);
  }, groups);
}

/** As they came: the order is told to clients. */
function inOrder(places: Iterable<readonly [streamId: string, place: number]>): readonly string[] {
  return [...places].sort(([, a], [, b]) => a - b).map(([streamId]) => streamId);
}
