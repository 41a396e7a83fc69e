/**
 * What Stately's tools are told of an actor, made of the lines of its event log: pure, a line in, messages out.
 *
 * Three kinds (the protocol of @statelyai/inspect 0.7.2): `@xstate.actor` introduces an actor with its chart, `@xstate.event` is what it
 * was given, `@xstate.snapshot` where that led. Each snapshot is whole: a tool that missed some is right again at the next one.
 *
 * What holds: nothing is told that the log does not say. So texts are as the log has them (by their shape, unless it is recorded in full),
 * and the context is what its turns changed: values that are small and ours as they are, any other by its digest.
 */
import type {
  StatelyActorEvent,
  StatelyEventEvent,
  StatelyInspectionEvent,
  StatelySnapshotEvent,
} from '@statelyai/inspect';
import type { AnyStateMachine, StateValue } from 'xstate';
import { chartDefinition, type Json, type JsonObject } from '../../log/chart-definition.ts';
import type { LogFooter, LogHeader, LogLine, LogTurn } from '../../log/log-format.ts';

/** Of the package; its messages carry it, and it does not export it. */
export const PROTOCOL_VERSION = '0.7.2';

/** Where an actor stands among the others. */
export interface ActorPlace {
  readonly id: string;
  /** The supervisor of its server; its own id for that one. */
  readonly rootId: string;
  /** null = nobody started it. */
  readonly parentId: string | null;
  /** Its chart, as `definitionForTools` gives it; null = a chart that is not known here. */
  readonly definition: string | null;
}

/** What every message has. */
type CommonFields = Pick<StatelyEventEvent, 'sessionId' | 'rootId' | 'id' | 'createdAt' | '_version'>;

type Status = 'active' | 'done' | 'error' | 'stopped';

/** One actor, as far as the lines of its log have told. */
export class ToldActor {
  readonly #header: LogHeader;
  readonly #place: ActorPlace;
  #context: Record<string, unknown> = {};
  #value: StateValue = {};
  #status: Status = 'active';
  #atMs = 0;

  constructor(header: LogHeader, place: ActorPlace) {
    this.#header = header;
    this.#place = place;
  }

  /** Introduces the actor, in the state that it has now: what a tool must have before it is told of a turn. */
  introduction(): StatelyActorEvent {
    const { definition, parentId } = this.#place;
    return {
      type: '@xstate.actor',
      ...this.#common('actor'),
      name: nameOf(this.#header),
      parentId: parentId ?? undefined,
      definition: definition ?? undefined,
      snapshot: this.#snapshot(),
    };
  }

  /** Turns came that changed no state, and were not looked at: of the context nothing is known any more but what comes. */
  skip(): void {
    this.#context = {};
  }

  /** What is to be told of a line: nothing of a header and an amendment, a turn's event and snapshot, an end that no turn told. */
  take(line: LogLine): readonly StatelyInspectionEvent[] {
    switch (line.kind) {
      case 'header':
      case 'amendment':
        return [];
      case 'turn':
        return this.#takeTurn(line);
      case 'footer':
        return this.#takeFooter(line);
    }
  }

  #takeTurn({ turn, atMs, event, state, changes, status }: LogTurn): readonly StatelyInspectionEvent[] {
    this.#atMs = atMs;
    if (state !== undefined) this.#value = stateValueOf(state);
    Object.assign(this.#context, changes);
    // One in which the chart threw changed nothing; what ends the actor says so itself.
    if (status === 'done' || status === 'error') this.#status = status;
    const common = this.#common(String(turn));
    const given: StatelyEventEvent = { type: '@xstate.event', ...common, event, sourceId: undefined };
    return [given, this.#snapshotEvent(event, common)];
  }

  #takeFooter({ status }: LogFooter): readonly StatelyInspectionEvent[] {
    const ended = status === 'abandoned' ? 'stopped' : status;
    if (ended === this.#status) return [];
    this.#status = ended;
    return [this.#snapshotEvent({ type: 'xstate.stop' }, this.#common('end'))];
  }

  #snapshotEvent(event: LogTurn['event'], common: CommonFields): StatelySnapshotEvent {
    const snapshot = { ...this.#snapshot(), output: undefined, error: undefined };
    return { type: '@xstate.snapshot', ...common, event, snapshot };
  }

  #snapshot() {
    return { status: this.#status, value: this.#value, context: { ...this.#context } };
  }

  #common(name: string): CommonFields {
    const { id, rootId } = this.#place;
    const atMs = Date.parse(this.#header.startedAt) + this.#atMs;
    return {
      sessionId: id,
      rootId,
      id: `${id}/${name}`,
      createdAt: String(Math.round(atMs)),
      _version: PROTOCOL_VERSION,
    };
  }
}

/** `session 9269120c-…`: of a hundred sessions each has a name of its own. */
function nameOf({ machine, input }: LogHeader): string {
  const sessionId: unknown = typeof input === 'object' && input !== null ? Reflect.get(input, 'sessionId') : undefined;
  return typeof sessionId === 'string' && sessionId !== '' ? `${machine} ${sessionId}` : machine;
}

interface Branch {
  readonly [key: string]: Branch;
}

/** XState's value of the state that a log tells as `a.b | a.c.d`. */
export function stateValueOf(state: string): StateValue {
  const tree: Record<string, Branch> = {};
  for (const leaf of state.split(' | ')) {
    let level: Record<string, Branch> = tree;
    for (const key of leaf.split('.')) {
      const next: Record<string, Branch> = level[key] ?? {};
      level[key] = next;
      level = next;
    }
  }
  return branchValue(tree);
}

function branchValue(branch: Branch): StateValue {
  const [first, ...others] = Object.entries(branch);
  if (first !== undefined && others.length === 0 && Object.keys(first[1]).length === 0) return first[0];
  return Object.fromEntries(Object.entries(branch).map(([key, inner]) => [key, branchValue(inner)]));
}

/**
 * A chart as a tool reads it: the JSON of a config for createMachine. Guards that are put together are named by what they are of (the JSON of
 * a config has no other place for that), and what code computes at run time is left out.
 */
export function definitionForTools(machine: AnyStateMachine): string {
  return JSON.stringify(forTools(chartDefinition(machine)));
}

function forTools(value: Json): Json {
  if (Array.isArray(value)) return value.map(forTools);
  if (!isObject(value)) return value;
  const fields: Record<string, Json> = {};
  for (const [name, inner] of Object.entries(value)) {
    if (isObject(inner) && inner.computed === true) continue;
    fields[name] = name === 'guard' ? { type: guardWords(inner) } : forTools(inner);
  }
  return fields;
}

/** `isLast and not (hasText or isSpeaking)`. */
function guardWords(guard: Json): string {
  if (!isObject(guard)) return String(guard);
  const { type, guards, stateValue } = guard;
  if (type === 'xstate.stateIn')
    return `in ${typeof stateValue === 'string' ? stateValue : JSON.stringify(stateValue)}`;
  const parts = Array.isArray(guards) ? guards.map(partWords) : [];
  if (type === 'xstate.not') return `not ${parts.join('')}`;
  if (type === 'xstate.and') return parts.join(' and ');
  return type === 'xstate.or' ? parts.join(' or ') : String(type);
}

function partWords(guard: Json): string {
  const words = guardWords(guard);
  const isPutTogether = isObject(guard) && (guard.type === 'xstate.and' || guard.type === 'xstate.or');
  return isPutTogether ? `(${words})` : words;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
