/**
 * What stands in an object that the model closed: its text, command and arguments (Envelope 4). One strict parse, then one try at repair.
 * The original server sent an action as a text, `__MCP__{"event": "mcp.command_request", "payload": {"command", "args"}}`, and models that
 * have seen it write it still; so the payload counts as the object, and behind the mark an event of another name is the command itself.
 */
import { parsedJson, repairedObject } from '../model-json.ts';

/** The fields that matter, of whatever type the model gave them. */
export interface EnvelopeFields {
  readonly text?: unknown;
  readonly command?: unknown;
  readonly args?: unknown;
}

interface ActionFields extends EnvelopeFields {
  readonly event?: unknown;
  readonly payload?: unknown;
}

/** What the words of an action are besides the keys of an envelope. */
export const actionWords: readonly string[] = Object.freeze(['mcp', 'request', 'event', 'payload']);
const actionEvent = 'mcp.command_request';

/** An answer has one command: what comes after it, or after an object that was beyond repair, is not worth one (`mayRepair`). */
export function parsedObject(
  source: string,
  { isMarked, mayRepair }: { isMarked: boolean; mayRepair: boolean },
): EnvelopeFields | null {
  const strict = parsedJson(source);
  const fields = objectOrNull(strict === undefined && mayRepair ? repairedObject(source) : strict);
  if (fields === null || fields.command !== undefined) return fields;
  const action = actionOf(fields, isMarked);
  return action === null ? fields : { text: fields.text, ...action };
}

/** The action of an object that has no key of an envelope, or null. */
export function parsedAction(source: string, isMarked: boolean): EnvelopeFields | null {
  if (!source.includes('"payload"')) return null;
  const fields = objectOrNull(parsedJson(source));
  return fields === null ? null : actionOf(fields, isMarked);
}

function actionOf({ event, payload }: ActionFields, isMarked: boolean): EnvelopeFields | null {
  const fields = objectOrNull(payload);
  if (fields === null || typeof event !== 'string' || (!isMarked && event !== actionEvent)) return null;
  if (typeof fields.command === 'string') return fields;
  return event === actionEvent ? null : { command: event, args: payload };
}

function objectOrNull(value: unknown): ActionFields | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
}

/** What of a `text` that is no string can be said: a number, or the parts of a list. */
export function spokenValue(value: unknown): string {
  if (Array.isArray(value)) return value.map(spokenValue).join(' ').trim();
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
