/**
 * One turn as a line of JSON, put together by hand: the recorder writes thousands a second, and `JSON.stringify` of the same object costs three
 * times as much. What it writes is what `JSON.stringify` would.
 */
import type { Changes, LoggedEvent, TurnOutcome } from './log-format.ts';

/** States, timers and children have few names; texts with a digest in them are not remembered. */
const MAX_REMEMBERED_TEXTS = 1024;
const MAX_REMEMBERED_CHARS = 256;

export interface TurnLine {
  readonly turn: number;
  /** Milliseconds since the first turn, in tenths. */
  readonly atMs: number;
  readonly event: LoggedEvent;
  readonly outcome: TurnOutcome;
}

/** The turn as JSON, without a hash and without a line feed. */
export function turnLine({ turn, atMs, event, outcome }: TurnLine): string {
  const { state, changes, effects, status } = outcome;
  let line = `{"kind":"turn","turn":${turn},"atMs":${atMs},"event":${JSON.stringify(event)}`;
  if (state !== undefined) line += `,"state":${quoted(state)}`;
  if (changes !== undefined) line += `,"changes":{${changesText(changes)}}`;
  if (effects !== undefined) line += `,"effects":[${effectsText(effects)}]`;
  if (status !== undefined) line += `,"status":${quoted(status)}`;
  return `${line}}`;
}

function changesText(changes: Changes): string {
  let text = '';
  for (const field in changes) {
    const value = changes[field];
    const shown = typeof value === 'number' && Number.isFinite(value) ? String(value) : JSON.stringify(value);
    text += `${text === '' ? '' : ','}${quoted(field)}:${shown}`;
  }
  return text;
}

function effectsText(effects: readonly string[]): string {
  let text = '';
  for (const effect of effects) {
    const shown = effect.includes('#') ? JSON.stringify(effect) : quoted(effect);
    text += text === '' ? shown : `,${shown}`;
  }
  return text;
}

const remembered = new Map<string, string>();

function quoted(text: string): string {
  const known = remembered.get(text);
  if (known !== undefined) return known;
  const json = JSON.stringify(text);
  if (remembered.size < MAX_REMEMBERED_TEXTS && text.length <= MAX_REMEMBERED_CHARS) remembered.set(text, json);
  return json;
}
