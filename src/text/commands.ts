/**
 * The commands a model may propose, and the verdict on a proposal: its name normalised, its arguments checked against a schema. Bad input
 * is answered, never thrown. What somebody said (a contact, a message) is never part of a verdict's `detail`: it names fields and bounds
 * only, so that it can be logged.
 *
 * Arguments beyond the rules are dropped: clients act on what the contract names, and a model invents the rest; those of a subscription
 * have no rules and go on as they are. Models are sloppy with types, and nobody's message should be lost over it: a number where a text
 * is wanted counts as its digits, a limit is brought into its bounds. A JSON string in place of the arguments object (tool calls are often
 * encoded twice) is parsed strictly, never repaired.
 *
 * A model is told of the commands by name, what each does, and a JSON schema of its arguments, made of the rules that judge what the
 * model proposes, so that the two can't differ.
 */
import { parsedJson } from '../model-json.ts';
import { isLongerThan } from './hypothesis.ts';

export const commandNames = [
  'open_app',
  'close_app',
  'send_message',
  'read_messages',
  'find_contact',
  'send_whatsapp_message',
  'read_whatsapp_messages',
  'browser_use',
  'close_browser',
  'buy_subscription',
  'manage_subscription',
] as const;

export type CommandName = (typeof commandNames)[number];

/** Those that are allowed unless the configuration says otherwise. */
export const defaultCommands: readonly CommandName[] = Object.freeze([
  'open_app',
  'close_app',
  'send_message',
  'read_messages',
  'find_contact',
]);

/** What the model said, unchecked. */
export interface ProposedCommand {
  readonly name: string;
  readonly args: unknown;
}

type CommandRejection = 'unknown_command' | 'disabled_command' | 'invalid_args';

export type CommandVerdict =
  | { readonly accepted: true; readonly command: CommandName; readonly args: Record<string, unknown> }
  | {
      readonly accepted: false;
      /** The normalised name, printable and bounded; still the model's word. */
      readonly name: string;
      readonly reason: CommandRejection;
      readonly detail: string;
    };

/** Names of apps and people, in characters as a JSON schema counts them (code points). */
const nameMaxChars = 200;
/** Messages, queries and browser tasks. */
const textMaxChars = 8000;
/** More messages than anybody lets be read aloud. */
const limitMax = 100;
/** Arguments that are encoded as a string; two texts with every character escaped fit. */
const encodedArgsMaxChars = 131_072;
const shownNameMaxChars = 64;

/** Arguments without a schema: what a client can still be asked to read. */
const freeArgsMaxDepth = 16;
const freeArgsMaxChars = 65_536;

/** What one argument must be. */
type ArgRule =
  | { readonly kind: 'text'; readonly maxChars: number; readonly isOptional: boolean }
  | { readonly kind: 'limit'; readonly isOptional: true };

const nameText = { kind: 'text', maxChars: nameMaxChars, isOptional: false } as const;
const freeText = { kind: 'text', maxChars: textMaxChars, isOptional: false } as const;
const optionalName = { ...nameText, isOptional: true } as const;
const optionalText = { ...freeText, isOptional: true } as const;
const optionalLimit = { kind: 'limit', isOptional: true } as const;

/** A contact's number, a message of one: `5551234567`. Of a larger one than doubles hold the last digits are not known. */
function withDigits(value: unknown): unknown {
  if (typeof value !== 'number') return value;
  return Number.isSafeInteger(value) || /^-?\d+\.\d+$/.test(String(value)) ? String(value) : value;
}

/** `"5"`, `10.7` and `500` are what models write for a limit; `"all"` is none. */
function limitOf(value: unknown): unknown {
  const isNumber = typeof value === 'string' && /^\s*[+-]?\d{1,400}(?:\.\d{1,400})?\s*$/.test(value);
  const limit = isNumber ? Number(value) : value;
  if (typeof limit === 'number') return Math.min(Math.max(Math.trunc(limit), 1), limitMax);
  return typeof limit === 'string' || limit === null ? undefined : limit;
}

type ArgRules = Readonly<Record<string, ArgRule>>;

const messageArgs = { contact: nameText, message: freeText } as const;
const readArgs = { contact: optionalName, limit: optionalLimit } as const;

/** What the arguments of each command must be; `free` = any object, within bounds. */
const argRules: Readonly<Record<CommandName, ArgRules | 'free'>> = Object.freeze({
  open_app: { app_name: nameText },
  close_app: { app_name: nameText },
  send_message: messageArgs,
  read_messages: readArgs,
  find_contact: { query: freeText },
  send_whatsapp_message: messageArgs,
  read_whatsapp_messages: readArgs,
  browser_use: { task: freeText, url: optionalText, model: optionalName, config_preset: optionalName },
  close_browser: {},
  buy_subscription: 'free',
  manage_subscription: 'free',
});

function isDeeper(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return depth === 0 || Object.values(value).some((item) => isDeeper(item, depth - 1));
}

/** The names of all arguments that some command has; a proposal's others are never looked at. */
export const argumentNames: readonly string[] = Object.freeze([
  ...new Set(Object.values(argRules).flatMap((rules) => (rules === 'free' ? [] : Object.keys(rules)))),
]);

/** True if `name` is exactly one of the table's (no normalising). */
function isCommandName(name: string): name is CommandName {
  return commandNames.some((known) => known === name);
}

/** Trims, lower-cases, and turns each run of `-`, `.`, `_` and spaces into one `_`. */
export function normaliseCommandName(name: string): string {
  return name
    .trim()
    .toLowerCase()
    .replaceAll(/[-. _]+/g, '_');
}

/** Judges what the model proposed against the commands that are `allowed`; absent arguments count as none. */
export function judgeCommand(proposed: ProposedCommand, allowed: readonly CommandName[]): CommandVerdict {
  // Bounded first: a name can be as long as an answer.
  const name = normaliseCommandName(proposed.name.trim().slice(0, shownNameMaxChars + 1));
  const refuse = (reason: CommandRejection, detail: string): CommandVerdict => {
    return { accepted: false, name: printableName(name), reason, detail };
  };
  if (!isCommandName(name)) return refuse('unknown_command', `not one of the ${commandNames.length} known commands`);
  if (!allowed.includes(name)) return refuse('disabled_command', 'switched off in the configuration');
  const args = argsObject(proposed.args);
  if (args === null) return refuse('invalid_args', 'args must be a JSON object');
  const rules = argRules[name];
  const judged = rules === 'free' ? judgedFreely(args) : judgedBy(rules, args);
  return typeof judged === 'string' ? refuse('invalid_args', judged) : { accepted: true, command: name, args: judged };
}

function isBlank(value: unknown): boolean {
  return value === null || (typeof value === 'string' && value.trim() === '');
}

function argsObject(args: unknown): object | null {
  if (args === undefined || isBlank(args)) return {};
  const isTooLong = typeof args === 'string' && args.length > encodedArgsMaxChars;
  const decoded = typeof args === 'string' && !isTooLong ? parsedJson(args) : args;
  return typeof decoded === 'object' && decoded !== null && !Array.isArray(decoded) ? decoded : null;
}

function printableName(name: string): string {
  return name
    .replaceAll(/[^\p{L}\p{N}_]/gu, '?')
    .slice(0, shownNameMaxChars)
    .toWellFormed();
}

/** The arguments that the rules know, brought into shape; or the first fault, which names the field and its bound and never the value. */
function judgedBy(rules: ArgRules, args: object): Record<string, unknown> | string {
  const kept: Record<string, unknown> = {};
  for (const [field, rule] of Object.entries(rules)) {
    const given: unknown = Reflect.get(args, field);
    // Absent, null and blank are the same to a model that must fill every field.
    if (rule.isOptional && (given === undefined || isBlank(given))) continue;
    const value = rule.kind === 'limit' ? limitOf(given) : withDigits(given);
    if (rule.kind === 'limit') {
      if (value === undefined) continue;
      if (typeof value !== 'number' || Number.isNaN(value)) return `${field} must be number, 1..${limitMax}`;
      kept[field] = value;
    } else {
      if (typeof value !== 'string') return `${field} must be string, not blank`;
      const text = value.trim();
      if (text === '') return `${field} must not be blank`;
      if (isLongerThan(text, rule.maxChars)) return `${field} must be at most ${rule.maxChars} characters`;
      kept[field] = text;
    }
  }
  return kept;
}

function judgedFreely(args: object): Record<string, unknown> | string {
  // Who copies an object field by field loses it.
  const fields = Object.entries(args).filter(([name, value]) => name !== '__proto__' && value !== undefined);
  const kept = Object.fromEntries(fields);
  if (isDeeper(kept, freeArgsMaxDepth)) return `args must be at most ${freeArgsMaxDepth} objects deep`;
  if (JSON.stringify(kept).length > freeArgsMaxChars)
    return `args must be at most ${freeArgsMaxChars} characters of JSON`;
  return kept;
}

// What a model is told of them.

/** One command for a model. */
export interface CommandTool {
  readonly name: CommandName;
  readonly description: string;
  /** A JSON schema of type object. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

const descriptions: Readonly<Record<CommandName, string>> = Object.freeze({
  open_app: "Opens an application on the user's computer.",
  close_app: "Closes an application on the user's computer.",
  send_message: "Sends a message to one of the user's contacts.",
  read_messages: "Reads the user's latest messages aloud, all or those of one contact.",
  find_contact: "Looks somebody up in the user's contacts.",
  send_whatsapp_message: "Sends a WhatsApp message to one of the user's contacts.",
  read_whatsapp_messages: "Reads the user's latest WhatsApp messages aloud, all or those of one contact.",
  browser_use: 'Carries out a task in the web browser, told in words.',
  close_browser: 'Closes the web browser.',
  buy_subscription: 'Opens the way to buy a subscription to this assistant.',
  manage_subscription: "Opens the settings of the user's subscription to this assistant.",
});

/** The tools for the commands that are allowed, in their order. */
export function commandTools(allowed: readonly CommandName[]): readonly CommandTool[] {
  return allowed.map((name) => ({ name, description: descriptions[name], parameters: parametersOf(name) }));
}

/**
 * What goes in, not what comes out: a provider's own checks of a schema know nothing of our spelling mistakes. Other arguments are allowed
 * where nothing is said of them, and some providers know no word for it.
 */
function parametersOf(name: CommandName): Readonly<Record<string, unknown>> {
  const rules = argRules[name];
  if (rules === 'free') return { type: 'object', properties: {} };
  const fields = Object.entries(rules);
  const required = fields.flatMap(([field, { isOptional }]) => (isOptional ? [] : [field]));
  return {
    type: 'object',
    properties: Object.fromEntries(fields.map(([field, rule]) => [field, schemaOf(rule)])),
    ...(required.length > 0 && { required }),
  };
}

function schemaOf(rule: ArgRule): Readonly<Record<string, unknown>> {
  if (rule.kind === 'limit') return { type: 'integer', minimum: 1, maximum: limitMax };
  return { type: 'string', minLength: 1, maxLength: rule.maxChars };
}
