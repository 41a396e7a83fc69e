/**
 * The commands as a model is told of them: a name, what it does, and a JSON schema of its arguments, made of the schemas that judge what the
 * model proposes, so that the two can't differ.
 */
import { z } from 'zod';
import { argsSchemas, type CommandName } from './commands.ts';

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
  const { $schema: _dialect, ...schema } = z.toJSONSchema(argsSchemas[name], { io: 'input' });
  return schema;
}
