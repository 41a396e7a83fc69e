/**
 * Rows of the contract as data: a sentence quoted from it, what is given (what the model does, what the client asks), what the client
 * must see. One scenario plays all rows of a table, so that a table needs one server.
 */
import { expect } from 'vitest';
import type { StreamRequest } from '../../../src/rpc/generated/streaming/StreamRequest.ts';
import { ask, type CallOutcome, type TestClient } from '../client.ts';
import { inShort, streamFaultsOf } from './stream-rules.ts';

/** One step of a scenario's answer (CONTRACT §3). */
export type Step = Readonly<Record<string, unknown>>;

/** What a client sees of a stream, short enough to stand in a table. */
export interface SeenStream {
  /** `text audio×3 action end`. */
  readonly frames: string;
  readonly text: string;
  /** The command without the session's id; null = none came. */
  readonly action: { readonly command: unknown; readonly args: unknown } | null;
  readonly code: string;
  readonly errorType: string | null;
  readonly details: string;
  readonly sessionId: string | null;
}

export interface StreamRow {
  /** Quoted from the contract; words of ours stand in [brackets]. */
  readonly sentence: string;
  readonly given: {
    /** What the model says and does. */
    readonly model?: readonly Step[];
    /** Beside the prompt, which the table makes. */
    readonly request?: StreamRequest;
  };
  readonly expect: Partial<Record<keyof SeenStream, unknown>>;
}

/** Each delta as one step. */
export function says(...deltas: readonly string[]): Step[] {
  return deltas.map((say) => ({ say }));
}

/** A scenario whose answer to `promptOf(table, n)` is what the model does in row n of the table. */
export function answersOf(tables: Readonly<Record<string, readonly StreamRow[]>>): object[] {
  return Object.entries(tables).flatMap(([table, rows]) =>
    rows.map(({ given }, index) => ({
      when: `^${promptOf(table, index)}$`,
      steps: given.model ?? says('Hello there.'),
    })),
  );
}

function promptOf(table: string, index: number): string {
  return `${table} ${index}`;
}

/** The rows as arguments of `test.each`: the title in full, and the row with its prompt. */
export function titled(table: string, rows: readonly StreamRow[]): [string, StreamRow & { readonly prompt: string }][] {
  return rows.map((row, index) => [row.sentence, { ...row, prompt: promptOf(table, index) }]);
}

/** What a client saw. */
export function seenIn(outcome: CallOutcome): SeenStream {
  const { kinds, text, code, errorType, details, sessionId, frames } = outcome;
  const json = frames.find(({ action_message }) => action_message)?.action_message?.action_json;
  const parsed: { readonly command: unknown; readonly args: unknown } | null =
    json === undefined ? null : JSON.parse(json);
  const action = parsed === null ? null : { command: parsed.command, args: parsed.args };
  return { frames: inShort(kinds), text, action, code, errorType, details, sessionId };
}

/** The stream is what the row says, and what the contract says of every stream. */
export function expectSeen(outcome: CallOutcome, expected: StreamRow['expect']): void {
  expect(seenIn(outcome)).toMatchObject(expected);
  expect(streamFaultsOf(outcome)).toEqual([]);
}

/** Asks what the row gives and checks what it expects. */
export async function checkRow(client: TestClient, row: StreamRow & { readonly prompt: string }): Promise<CallOutcome> {
  const outcome = await ask(client, { prompt: row.prompt, ...row.given.request });
  expectSeen(outcome, row.expect);
  return outcome;
}
