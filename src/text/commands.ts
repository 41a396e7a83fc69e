/**
 * The commands a model may propose, and the verdict on a proposal: its name normalised, its arguments checked against a schema. Bad input
 * is answered, never thrown. What somebody said (a contact, a message) is never part of a verdict's `detail`: it names fields and bounds
 * only, so that it can be logged.
 *
 * Arguments beyond the schema are dropped: clients act on what the contract names, and a model invents the rest; those of a subscription
 * have no schema and go on as they are. Models are sloppy with types, and nobody's message should be lost over it: a number where a text
 * is wanted counts as its digits, a limit is brought into its bounds. A JSON string in place of the arguments object (tool calls are often
 * encoded twice) is parsed strictly, never repaired.
 *
 * A model is told of the commands by name, what each does, and a JSON schema of its arguments, made of the schemas that judge what the
 * model proposes, so that the two can't differ.
 */
import * as z from 'zod/mini';
import { parsedJson } from '../model-json.ts';

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

/** Names of apps and people. */
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

const nameText = cleaned(withDigits, z.string().check(z.trim(), z.minLength(1), z.maxLength(nameMaxChars)));
const freeText = cleaned(withDigits, z.string().check(z.trim(), z.minLength(1), z.maxLength(textMaxChars)));
const optionalName = optional(nameText);
const optionalText = optional(freeText);
const optionalLimit = cleaned(limitOf, z.optional(z.int().check(z.minimum(1), z.maximum(limitMax))));

/** zod's `preprocess`, which its small build, a third of the other, does not name. */
function cleaned<T extends z.core.$ZodType>(clean: (value: unknown) => unknown, schema: T) {
  return new z.core.$ZodPreprocess({ type: 'pipe', in: z.transform(clean), out: schema });
}

/** Absent, null and blank are the same to a model that must fill every field. */
function optional(text: typeof nameText) {
  return cleaned((value) => (isBlank(value) ? undefined : value), z.optional(text));
}

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

const messageArgs = z.object({ contact: nameText, message: freeText });
const readArgs = z.object({ contact: optionalName, limit: optionalLimit });
const noArgs = z.object({});
const freeArgs = z.looseObject({}).check(
  z.superRefine((args, context) => {
    if (isDeeper(args, freeArgsMaxDepth)) context.addIssue(`args must be at most ${freeArgsMaxDepth} objects deep`);
    else if (JSON.stringify(args).length > freeArgsMaxChars) {
      context.addIssue(`args must be at most ${freeArgsMaxChars} characters of JSON`);
    }
  }),
);

function isDeeper(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return depth === 0 || Object.values(value).some((item) => isDeeper(item, depth - 1));
}

/** What the arguments of each command must be. */
export const argsSchemas = Object.freeze({
  open_app: z.object({ app_name: nameText }),
  close_app: z.object({ app_name: nameText }),
  send_message: messageArgs,
  read_messages: readArgs,
  find_contact: z.object({ query: freeText }),
  send_whatsapp_message: messageArgs,
  read_whatsapp_messages: readArgs,
  browser_use: z.object({ task: freeText, url: optionalText, model: optionalName, config_preset: optionalName }),
  close_browser: noArgs,
  buy_subscription: freeArgs,
  manage_subscription: freeArgs,
} satisfies Record<CommandName, z.ZodMiniType<Record<string, unknown>>>);

/** The names of all arguments that some command has; a proposal's others are never looked at. */
export const argumentNames: readonly string[] = Object.freeze([
  ...new Set(Object.values(argsSchemas).flatMap((schema) => Object.keys(schema.shape))),
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
  const parsed = argsSchemas[name].safeParse(args);
  if (!parsed.success) return refuse('invalid_args', detailOf(parsed.error));
  const given = Object.entries(parsed.data).filter(([, value]) => value !== undefined);
  return { accepted: true, command: name, args: Object.fromEntries(given) };
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

/** The first fault, in words of ours: zod's own messages are not promised to leave the value out. */
function detailOf(error: z.core.$ZodError): string {
  const issue = error.issues[0];
  const field = issue?.path.map(String).join('.') || 'args';
  switch (issue?.code) {
    case 'invalid_type':
      return `${field} must be ${issue.expected}${field === 'limit' ? `, 1..${limitMax}` : ', not blank'}`;
    case 'too_small':
      return issue.origin === 'string' ? `${field} must not be blank` : `${field} must be at least ${issue.minimum}`;
    case 'too_big':
      return `${field} must be at most ${issue.maximum}${issue.origin === 'string' ? ' characters' : ''}`;
    case 'custom':
      return issue.message;
    default:
      return `${field} is not valid`;
  }
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

function parametersOf(name: CommandName): Readonly<Record<string, unknown>> {
  // What goes in, not what comes out: a provider's own checks of a schema know nothing of our spelling mistakes.
  // Other arguments are allowed where nothing is said of them, and some providers know no word for it.
  const {
    $schema: _dialect,
    additionalProperties: _others,
    ...schema
  } = z.toJSONSchema(argsSchemas[name], { io: 'input' });
  return schema;
}
