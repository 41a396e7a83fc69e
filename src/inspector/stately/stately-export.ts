/**
 * INSPECTOR_EXPORT: tells Stately's tools what the charts of this server do, as their logs are written. Loaded only where that is set.
 *
 * What holds: actors know nothing of it (it is no inspector of theirs, which would see every event as it is sent, with all its data);
 * it is told lines that were made for the disk anyway, off the turns, and what it tells is what stands in them. While nobody listens only
 * those are read that tell a beginning, another state or an end. An actor is introduced
 * when its next turn comes, on each connection anew, and its supervisor before it: so a tool that comes late learns of whoever is alive
 * and does something, and nothing is sent in a heap.
 */
import { createInspector, type StatelyInspectionEvent } from '@statelyai/inspect';
import type { AnyStateMachine } from 'xstate';
import type { LogLine } from '../../log/log-format.ts';
import type { Logger } from '../../observe/logger.ts';
import type { LineTap, MadeLines } from '../../record/event-logs.ts';
import { type ExportCounts, ExportSocket } from './export-socket.ts';
import { definitionForTools, ToldActor } from './messages.ts';

/** Far more than can live at once: a log whose end was never told must not be kept for ever. */
const MAX_ACTORS = 200_000;

export interface StatelyExportOptions {
  /** INSPECTOR_EXPORT. */
  readonly url: string;
  readonly log: Logger;
  /** The charts that are recorded. */
  readonly machines: readonly AnyStateMachine[];
  /** The actor that starts the others, by its id in the logs. */
  readonly supervisorId: string;
  /** Tells this server from another that talks to the same tool. */
  readonly run: string;
}

/** A line with another state than the one before: a quote inside of a text is escaped, so nothing else in a line reads so. */
const STATE_FIELD = '"state":"';
const FOOTER_START = '{"kind":"footer"';

/** True for lines of which nothing needs to be known as long as nobody is connected. */
function isSkippable({ from, text }: MadeLines): boolean {
  return from > 0 && !text.includes(STATE_FIELD) && !text.includes(FOOTER_START);
}

interface ExportedActor {
  readonly told: ToldActor;
  /** The connection on which it was introduced; null = on none. */
  introducedOn: number | null;
}

export class StatelyExport implements LineTap {
  readonly #options: StatelyExportOptions;
  readonly #socket: ExportSocket;
  readonly #inspector: ReturnType<typeof createInspector<ExportSocket>>;
  readonly #definitions: ReadonlyMap<string, string>;
  readonly #rootId: string;
  readonly #actors = new Map<string, ExportedActor>();

  constructor(options: StatelyExportOptions) {
    this.#options = options;
    this.#socket = new ExportSocket(options.url, options.log);
    this.#inspector = createInspector(this.#socket);
    this.#definitions = new Map(options.machines.map((machine) => [machine.id, definitionForTools(machine)]));
    this.#rootId = `${options.supervisorId} ${options.run}`;
  }

  /** As /status tells it. */
  get counts(): ExportCounts {
    return this.#socket.counts;
  }

  start(): void {
    this.#inspector.start();
  }

  stop(): void {
    this.#inspector.stop();
    this.#actors.clear();
  }

  linesMade(lines: MadeLines): void {
    if (this.#socket.connection === null && isSkippable(lines)) this.#actors.get(lines.actorId)?.told.skip();
    else this.#takeLines(lines);
  }

  #takeLines({ actorId, text }: MadeLines): void {
    for (let from = 0, to = text.indexOf('\n'); to >= 0; from = to + 1, to = text.indexOf('\n', from)) {
      const line: LogLine = JSON.parse(text.slice(from, to));
      this.#take(actorId, line);
    }
  }

  logLost(actorId: string): void {
    this.#actors.delete(actorId);
  }

  #take(actorId: string, line: LogLine): void {
    if (line.kind === 'header') this.#begin(actorId, line);
    const actor = this.#actors.get(actorId);
    if (actor === undefined) return;
    const messages = actor.told.take(line);
    if (line.kind === 'footer') this.#actors.delete(actorId);
    if (messages.length > 0) this.#tell(actor, messages);
  }

  #begin(actorId: string, header: Extract<LogLine, { kind: 'header' }>): void {
    const isSupervisor = actorId === this.#options.supervisorId;
    const place = {
      id: isSupervisor ? this.#rootId : actorId,
      rootId: this.#rootId,
      parentId: isSupervisor ? null : this.#rootId,
      definition: this.#definitions.get(header.machine) ?? null,
    };
    if (this.#actors.size >= MAX_ACTORS) this.#forgetOldest();
    this.#actors.set(actorId, { told: new ToldActor(header, place), introducedOn: null });
  }

  #forgetOldest(): void {
    for (const id of this.#actors.keys()) {
      if (id === this.#options.supervisorId) continue;
      this.#actors.delete(id);
      return;
    }
  }

  #tell(actor: ExportedActor, messages: readonly StatelyInspectionEvent[]): void {
    const { connection } = this.#socket;
    if (connection === null) return;
    const supervisor = this.#actors.get(this.#options.supervisorId);
    if (supervisor !== undefined && supervisor !== actor) this.#introduce(supervisor, connection);
    this.#introduce(actor, connection);
    for (const message of messages) this.#inspector.adapter.send(message);
  }

  #introduce(actor: ExportedActor, connection: number): void {
    if (actor.introducedOn === connection) return;
    if (this.#socket.trySend(actor.told.introduction())) actor.introducedOn = connection;
  }
}
