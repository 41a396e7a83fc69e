/** What the command line writes: to a person, or to the next program in a pipe. */

import { styleText } from 'node:util';

type TextStyle = 'bold' | 'dim' | 'red' | 'green' | 'cyan' | 'yellow';

export interface Output {
  /** Text as it is; on a terminal without the control characters that could steer it. */
  write(text: string): void;
  line(text: string): void;
  /** The same text, styled on a terminal only. */
  styled(style: TextStyle, text: string): string;
}

/** An answer is written by a model: on a terminal it must not move cursors or set titles. Tabs and line ends stay. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is what it is for
const controlCharacters = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** What could steer a terminal, break a line or turn its direction. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is what it is for
const unprintable = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** Text from a file or a stranger as a part of a line: each character that would steer the terminal becomes `\ufffd`. */
export function printable(text: string): string {
  return text.replace(unprintable, '\ufffd');
}

/** Output to one of the process's own streams; see surviveClosedPipes for a reader that goes away. */
export function createOutput(stream: NodeJS.WriteStream): Output {
  const hasColors = stream.isTTY === true && stream.hasColors();
  const write = (text: string) => {
    if (stream.writable) stream.write(text);
  };
  return {
    write: (text) => write(stream.isTTY === true ? text.replace(controlCharacters, '') : text),
    line: (text) => write(`${text}\n`),
    styled: (style, text) => (hasColors ? styleText(style, text) : text),
  };
}

/** Lets `recital ask … | head -1` end like any other call: what nobody reads is not written, and nothing else changes. */
export function surviveClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') process.exitCode = 1;
    });
  }
}
