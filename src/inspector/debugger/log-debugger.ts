/**
 * One log, as it was recorded and as the page executes it again: lines go in as they come, answers to the page's questions come out. The
 * verdict is the replayer's own, reached here; nobody is believed.
 *
 * A log that can't be executed (no chart of its name) or only up to a line (one that was altered) is still shown, as far as it was read.
 */
import type { AnyStateMachine } from 'xstate';
import type { ChartGeometry, ChartLevel } from '../../analysis/chart/chart-geometry.ts';
import type { LogTurn } from '../../log/log-format.ts';
import { type BadLog, endReasonOf, LogReader } from '../../log/log-reader.ts';
import { machineFor } from '../../replay/machine-shelf.ts';
import { definitionChangesOf } from '../../replay/replayer.ts';
import { waitsOf } from '../waits.ts';
import { contextLevel, pathParts, valueAt, wholeJson } from './context-view.ts';
import { Execution } from './execution.ts';
import type { Answers, LogEntry, LogQuestion } from './messages.ts';
import { timelineOf } from './timeline.ts';
import { TurnTeller } from './turn-teller.ts';
import type { DebuggedLog } from './view-questions.ts';
import type { LogOverview, Verdict } from './views.ts';

/**
 * What a tab holds of a log: four times a session's own bound. A supervisor's may be larger; its first 64 MiB are some 200,000 turns, and
 * take about 400 MiB of memory.
 */
const MAX_CHARS = 64 * 1024 * 1024;

type SeekQuestion = Extract<LogQuestion, { readonly kind: 'seek' }>;
type EntriesQuestion = Extract<LogQuestion, { readonly kind: 'entries' }>;

export interface LogDebuggerOptions {
  readonly id: string;
  /** For people; a log that tells its session is named by that. */
  readonly title: string;
  readonly shelf?: Parameters<typeof machineFor>[2];
  readonly maxSnapshots?: number;
  /** For tests; MAX_CHARS. */
  readonly maxChars?: number;
}

export class LogDebugger {
  readonly #options: LogDebuggerOptions;
  readonly #reader = new LogReader();
  readonly #lines: string[] = [];
  /** Place of each turn's line, from 0: amendments stand between them. */
  readonly #turnLines: number[] = [];
  #execution: Execution | null = null;
  #teller: TurnTeller | null = null;
  #definitionChanges: readonly string[] = [];
  #fault: BadLog | null = null;
  #isLive = true;
  #isEmpty = false;
  #missingLines = 0;
  #isReading = false;
  #chars = 0;
  #isFull = false;
  #whyLost: string | null = null;

  constructor(options: LogDebuggerOptions) {
    this.#options = options;
  }

  get id(): string {
    return this.#options.id;
  }

  /** Lines that it has; the next one that it takes is this one, from 0. */
  get lines(): number {
    return this.#lines.length;
  }

  /** False: it holds as much as it may, or a line was bad, and nothing behind it is believed. */
  get takesMore(): boolean {
    return !this.#isFull && this.#fault === null;
  }

  /** It has its footer: there is nothing behind it. */
  get hasEnd(): boolean {
    return this.#reader.footer !== null;
  }

  get isLive(): boolean {
    return this.#isLive;
  }

  /** Takes the next lines, each without its line feed, and executes what they bring. */
  take(lines: readonly string[]): void {
    for (const line of lines) this.#takeLine(line);
    const { footer } = this.#reader;
    this.#execution?.catchUp();
    if (footer === null || this.#fault !== null) return;
    this.#execution?.end(footer);
    this.#isLive = false;
  }

  /** There will be no more lines: the file ends here (`isEmpty`: it has not a byte), or its server is gone. */
  close(isEmpty = false): void {
    this.#isEmpty = isEmpty;
    this.#isLive = false;
    this.#missingLines = 0;
    this.#isReading = false;
  }

  /** The next line can't be read, and why; nothing behind it is believed. */
  spoil(why: string): void {
    this.#fault ??= {
      line: this.#lines.length + 1,
      turn: this.#reader.header === null ? null : this.#turnLines.length,
      why,
    };
  }

  /** Lines that are known to be, and are being fetched. */
  miss(lines: number): void {
    this.#missingLines = lines;
  }

  /** Its file begins to be read from the beginning, or all of it was. */
  reading(isReading: boolean): void {
    this.#isReading = isReading;
  }

  /** The log can't be had now, and why; null = it can. Said only where there is nothing of it to show. */
  lost(why: string | null): void {
    this.#whyLost = why;
  }

  overview(): LogOverview {
    const { header, turns, footer } = this.#reader;
    const isOver = !this.#isLive && !this.#isReading;
    return {
      id: this.#options.id,
      title: titleOf(header?.input) ?? this.#options.title,
      header,
      isLive: this.#isLive,
      reason: header === null || (footer === null && this.#isLive) ? '' : endReasonOf(footer),
      turns: turns.length,
      lines: this.#lines.length,
      lastMs: turns.at(-1)?.atMs ?? 0,
      state: turns.findLast(({ state }) => state !== undefined)?.state ?? '',
      ...(isOver && turns.length > 0 && header?.machine !== 'supervisor' && { waits: waitsOf(turns) }),
      verdict: this.#verdict(),
      definitionChanges: this.#definitionChanges,
      ...(this.#isFull && { note: `The page holds the beginning of this log, ${turns.length} turns; it is longer.` }),
      missingLines: this.#missingLines,
      isReading: this.#isReading,
    };
  }

  /** Throws, or rejects with, what a person can do something about: there is no such turn, no such chart. */
  answer(question: LogQuestion): Answers[keyof Answers] | Promise<ChartGeometry | readonly LogEntry[] | number | null> {
    switch (question.kind) {
      case 'turn': {
        const turn = this.#turn(question.turn);
        return this.#told().tell(turn, this.#turnLines[turn.turn] ?? 0);
      }
      case 'chart':
        return this.#chart(question.level);
      case 'timeline':
        return timelineOf(this.#reader.turns, (turn, segment) => this.#sentence(turn, segment), question.toMs);
      case 'entries':
        return this.#entries(question);
      case 'raw':
        return this.#lines.slice(Math.max(0, question.from), Math.max(0, question.from) + question.count);
      case 'seek':
        return this.#seek(question);
      case 'value': {
        const parts = pathParts(question.path);
        const at = (turn: number) => (parts === null ? null : wholeJson(valueAt(this.#context(turn), parts)));
        return { before: at(question.turn - 1), after: at(question.turn) };
      }
      case 'context':
        return contextLevel(this.#context(this.#turn(question.turn).turn), question.path);
    }
  }

  async #seek(question: SeekQuestion): Promise<number | null> {
    // As with the entries below.
    const { seekTurn } = await import('./seek.ts');
    return seekTurn(question, { turns: this.#reader.turns, execution: this.#execution });
  }

  async #entries({ isGrouped, fromTurn, toTurn }: EntriesQuestion): Promise<readonly LogEntry[]> {
    const turns = this.#reader.turns.slice(Math.max(0, fromTurn), toTurn + 1);
    const before = this.#told().leavesAt(fromTurn - 1);
    // Not part of the worker's first code, which is executed before anything is drawn.
    const { logEntries } = await import('./log-entries.ts');
    return logEntries(turns, { isGrouped, diverged: this.#execution?.divergence?.turn ?? null, before });
  }

  /** The log so far, for views over the whole of it; throws why there is none. */
  debugged(): DebuggedLog {
    const { header, turns, footer } = this.#reader;
    const execution = this.#execution;
    if (header === null || turns.length === 0) throw new Error('the log has no turn yet');
    const machine = machineFor(header.machine, header.version, this.#options.shelf);
    if (execution === null || machine === undefined) {
      throw new Error(whyNoChart(header.machine));
    }
    return { log: { header, turns, footer }, machine, snapshotAfter: (turn) => execution.snapshotAfter(turn) };
  }

  #takeLine(line: string): void {
    if (this.#fault !== null || this.#isFull) return;
    this.#chars += line.length;
    if (this.#chars > (this.#options.maxChars ?? MAX_CHARS)) {
      this.#isFull = true;
      return;
    }
    this.#lines.push(line);
    this.#fault = this.#reader.take(line);
    if (this.#fault !== null) return;
    const { header, amended, turns } = this.#reader;
    if (turns.length > this.#turnLines.length) this.#turnLines.push(this.#lines.length - 1);
    if (amended !== null) this.#execution?.amend(amended);
    if (header === null || this.#teller !== null) return;
    const machine = machineFor(header.machine, header.version, this.#options.shelf);
    if (machine !== undefined) {
      this.#execution = new Execution(header, machine, turns, this.#options.maxSnapshots);
      this.#definitionChanges = definitionChangesOf({ header }, machine);
    }
    this.#teller = new TurnTeller(turns, this.#execution);
  }

  #verdict(): Verdict {
    const { header, turns, footer, disorder } = this.#reader;
    const bad = this.#fault ?? disorder ?? this.#whyNone();
    if (bad !== null) return { kind: 'bad-log', line: bad.line, turn: bad.turn, why: bad.why };
    if (header !== null && this.#execution === null) {
      return { kind: 'bad-log', line: 1, turn: null, why: whyNoChart(header.machine) };
    }
    const divergence = this.#execution?.divergence ?? null;
    if (divergence !== null) {
      // Told with every report, however large the field is: the turn itself tells all of it.
      const { present: _present, items: _items, ...told } = divergence;
      return { kind: 'diverged', turn: told.turn, divergence: told };
    }
    return { kind: 'identical', turns: turns.length, isWhole: footer !== null && footer.dropped === 0 };
  }

  /** A log that ended before it began. */
  #whyNone(): BadLog | null {
    const { header, turns } = this.#reader;
    if (header === null && this.#whyLost !== null) return { line: 0, turn: null, why: this.#whyLost };
    if (this.#isLive) return null;
    if (header === null) {
      return { line: 1, turn: null, why: this.#isEmpty ? 'the file is empty' : 'there is no header' };
    }
    return turns.length === 0 ? { line: 2, turn: 0, why: 'there is no turn' } : null;
  }

  #told(): TurnTeller {
    if (this.#teller === null) throw new Error('the log has no header yet');
    return this.#teller;
  }

  #turn(number: number): LogTurn {
    const { turns } = this.#reader;
    const turn = turns[number];
    if (turn === undefined) throw new Error(`there is no turn ${number}: the log has ${turns.length}, counted from 0`);
    return turn;
  }

  #context(turn: number): unknown {
    return this.#execution?.snapshotAfter(turn)?.context;
  }

  #chart(level: ChartLevel): Promise<ChartGeometry> {
    const { header } = this.#reader;
    if (header === null) throw new Error('the log has no header yet');
    if (this.#execution === null) throw new Error(whyNoChart(header.machine));
    return laidOut(this.#execution.chart.original, level);
  }

  #sentence(turn: number, segment: number): string {
    const sentences = valueAt(this.#context(turn), ['sentences']);
    const found = Array.isArray(sentences)
      ? sentences.findLast((each) => valueAt(each, ['segment']) === segment)
      : undefined;
    const text = valueAt(found, ['text']) ?? valueAt(found, ['speech']);
    return typeof text === 'string' ? text.trim().slice(0, 80) : '';
  }
}

function whyNoChart(name: string): string {
  return `there is no chart ${JSON.stringify(name)} here: its turns are shown as they were recorded`;
}

function titleOf(input: unknown): string | null {
  const session = valueAt(input, ['sessionId']);
  return typeof session === 'string' && session !== '' ? session : null;
}

/** The code that draws a chart is no part of the worker: it comes when the first one is asked for. */
export async function laidOut(machine: AnyStateMachine, level: ChartLevel): Promise<ChartGeometry> {
  const { layOutChart } = await import('../../analysis/chart/chart-layout.ts');
  return layOutChart(machine, level);
}
