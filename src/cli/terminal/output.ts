/** What the command line writes: lines and tables, to a person or to the next program in a pipe. */
import { styleText } from 'node:util';

/** As much of a writable stream as is used: process.stdout is one, and so is what a test collects lines with. */
export interface TextStream {
  /** False once nobody reads it any more. */
  readonly writable: boolean;
  /** True for a terminal. */
  readonly isTTY?: boolean | undefined;
  /** Characters a line of the terminal has. */
  readonly columns?: number | undefined;
  write(text: string): unknown;
  hasColors?(): boolean;
}

type TextStyle = 'bold' | 'dim' | 'red' | 'green' | 'cyan' | 'yellow';

export interface Output {
  /** Characters a line of the terminal has; undefined = it is no terminal. */
  readonly columns: number | undefined;
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

/** Output to `stream`; once its reader has gone away, nothing is written. */
export function createOutput(stream: TextStream): Output {
  const isTerminal = stream.isTTY === true;
  const hasColors = isTerminal && stream.hasColors?.() === true;
  const write = (text: string) => {
    if (stream.writable) stream.write(text);
  };
  return {
    get columns() {
      return isTerminal ? stream.columns : undefined;
    },
    write: (text) => write(isTerminal ? text.replace(controlCharacters, '') : text),
    line: (text) => write(`${text}\n`),
    styled: (style, text) => (hasColors ? styleText(style, text) : text),
  };
}

export interface Column {
  readonly title: string;
  /** Numbers line up at their right. */
  readonly isNumber?: boolean;
  /** How narrow it may become when the table is too wide, in characters; absent = it may not. */
  readonly shrinksTo?: number;
  /** Colours a cell that is laid out already, by what stands in it. */
  readonly paint?: (laidOut: string, cell: string) => string;
}

const GAP = '  ';

/** The heading and the rows, each one line of at most `maxWidth` characters if the shrinking columns allow it. */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  maxWidth: number,
): string[] {
  const cells = [columns.map(({ title }) => title), ...rows.map((row) => row.map(printable))];
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => charsOf(row[index]).length)));
  shrink(columns, widths, maxWidth);
  return cells.map((row, line) =>
    row
      .map((cell, index) => {
        const { isNumber = false, paint } = columns[index] ?? {};
        const laidOut = fitted(cell, widths[index] ?? 0, isNumber);
        return line === 0 || paint === undefined ? laidOut : paint(laidOut, cell);
      })
      .join(GAP)
      .trimEnd(),
  );
}

/** Takes from the widest column that may give. */
function shrink(columns: readonly Column[], widths: number[], maxWidth: number): void {
  const spare = (index: number): number =>
    (widths[index] ?? 0) - (columns[index]?.shrinksTo ?? Number.POSITIVE_INFINITY);
  for (;;) {
    const total = widths.reduce((sum, width) => sum + width, GAP.length * (widths.length - 1));
    const givers = widths.map((_, index) => index).filter((index) => spare(index) > 0);
    const [widest] = givers.toSorted((one, other) => (widths[other] ?? 0) - (widths[one] ?? 0));
    if (total <= maxWidth || widest === undefined) return;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
}

function fitted(cell: string, width: number, isNumber: boolean): string {
  const chars = charsOf(cell);
  if (chars.length > width) return `${chars.slice(0, width - 1).join('')}…`;
  const padding = ' '.repeat(width - chars.length);
  return isNumber ? padding + cell : cell + padding;
}

function charsOf(cell: string | undefined): string[] {
  return [...(cell ?? '')];
}

/** Prints a table no wider than the terminal, if its shrinking columns allow it; what is no terminal gets all of it. */
export function printTable(output: Output, columns: readonly Column[], rows: readonly (readonly string[])[]): void {
  const [heading = '', ...lines] = tableLines(columns, rows, output.columns ?? Number.POSITIVE_INFINITY);
  output.line(output.styled('dim', heading));
  for (const line of lines) output.line(line);
}
