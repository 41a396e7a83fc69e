/**
 * The template of SPEECH_COMMAND as an argument list. There is no shell: quotes group words and nothing else has a meaning, so no
 * sentence and no name of a voice can add an argument, a redirection or a second command. Pure.
 */

/** The program and its arguments, with {text}, {voice} and {language} where they stood. */
export interface CommandTemplate {
  readonly program: string;
  readonly args: readonly string[];
  /** The sentence is an argument; else it goes to the standard input. */
  readonly takesTextAsArgument: boolean;
  readonly needsVoice: boolean;
}

/** Thrown for a template that can't be meant; the message completes "SPEECH_COMMAND … ". */
export class CommandTemplateFault extends Error {
  override readonly name = 'CommandTemplateFault';
}

const placeholders: readonly string[] = ['text', 'voice', 'language'];

/** Splits at white space; "…" and '…' keep it, and a backslash inside "…" or outside of quotes takes the next character as it is. */
export function parseCommandTemplate(template: string): CommandTemplate {
  const [program = '', ...args] = wordsOf(template);
  if (program === '') throw new CommandTemplateFault('names no program');
  const unknown = /\{([a-z_]+)\}/i.exec(template)?.[0];
  const isKnown = (word: string) =>
    [...word.matchAll(/\{([a-z_]+)\}/gi)].every(([, name = '']) => placeholders.includes(name));
  if (unknown !== undefined && ![program, ...args].every(isKnown)) {
    throw new CommandTemplateFault(
      `has a placeholder other than ${placeholders.map((name) => `{${name}}`).join(', ')}`,
    );
  }
  if (/\{[a-z_]+\}/i.test(program)) throw new CommandTemplateFault('must name its program without a placeholder');
  return {
    program,
    args,
    takesTextAsArgument: args.some((arg) => arg.includes('{text}')),
    needsVoice: args.some((arg) => arg.includes('{voice}')),
  };
}

/** The arguments for one sentence; what is put in is never looked at again, whatever it contains. */
export function fillCommandTemplate(
  { args }: CommandTemplate,
  values: { readonly text: string; readonly voice: string; readonly language: string },
): readonly string[] {
  return args.map((arg) =>
    arg.replace(/\{(text|voice|language)\}/g, (_, name: string, at: number) => {
      const value = name === 'text' ? values.text : name === 'voice' ? values.voice : values.language;
      // At the start of an argument a dash would make an option of it.
      return at === 0 && value.startsWith('-') ? ` ${value}` : value;
    }),
  );
}

function wordsOf(template: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  let quote = '';
  for (let at = 0; at < template.length; at++) {
    const character = template[at] ?? '';
    if (character === '\\' && quote !== "'") {
      at += 1;
      if (at === template.length) throw new CommandTemplateFault('ends with a backslash');
      word = (word ?? '') + (template[at] ?? '');
    } else if (quote === '' && /\s/.test(character)) {
      if (word !== null) words.push(word);
      word = null;
    } else if (quote === '' && (character === '"' || character === "'")) {
      quote = character;
      word ??= '';
    } else if (character === quote) {
      quote = '';
    } else {
      word = (word ?? '') + character;
    }
  }
  if (quote !== '') throw new CommandTemplateFault(`has a ${quote} that is never closed`);
  if (word !== null) words.push(word);
  return words;
}
