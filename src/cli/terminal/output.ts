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
  /** False once its reader has gone away: what is written goes nowhere. */
  readonly isOpen: boolean;
  /** Text as it is; on a terminal without the control characters that could steer it. */
  write(text: string): void;
  line(text: string): void;
  /** On a terminal a line that the next one takes the place of, cut to its width; '' takes it away. */
  transient(text: string): void;
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
    get isOpen() {
      return stream.writable;
    },
    write: (text) => write(isTerminal ? text.replace(controlCharacters, '') : text),
    line: (text) => write(`${text}\n`),
    transient: (text) => {
      const CLEAR_LINE = '\r\u001b[2K';
      if (isTerminal) write(`${CLEAR_LINE}${cut(text, (stream.columns ?? UNKNOWN_WIDTH) - 1)}`);
    },
    styled: (style, text) => (hasColors ? styleText(style, text) : text),
  };
}

/** What nearly every terminal has, where it does not say. */
const UNKNOWN_WIDTH = 80;

/** Characters that take two columns of a terminal: East Asian ones and most emoji. */
const wide =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3ffff}]|\p{Emoji_Presentation}/u;
/** Characters that stand on the one before them. */
const combining = /\p{Mn}|\p{Me}|\u200d/u;

/** Columns of a terminal that a text takes. */
export function widthOf(text: string): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII
  if (/^[\u0000-\u007f]*$/.test(text)) return text.length;
  let width = 0;
  for (const char of text) width += charWidthOf(char);
  return width;
}

function charWidthOf(char: string): number {
  if (wide.test(char)) return 2;
  return combining.test(char) ? 0 : 1;
}

/** The beginning of a text in at most `width` columns; what is cut ends with an ellipsis. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let kept = '';
  let room = width - 1;
  for (const char of text) {
    room -= charWidthOf(char);
    if (room < 0) break;
    kept += char;
  }
  return width < 1 ? '' : `${kept}…`;
}

/** A path in at most `width` columns: folders go first, then the segment before a log's name, then the end of its name. */
export function cutPath(path: string, width: number): string {
  if (widthOf(path) <= width) return path;
  for (let slash = path.indexOf('/', 1); slash >= 0; slash = path.indexOf('/', slash + 1)) {
    const rest = `…${path.slice(slash)}`;
    if (widthOf(rest) <= width) return rest;
  }
  // A log in a segment is told from others there by its own name alone.
  const member = path.lastIndexOf('#');
  if (member > 0) return cut(`…${path.slice(member)}`, width);
  const name = path.slice(path.lastIndexOf('/') + 1);
  return name === path ? cut(path, width) : cut(`…/${name}`, width);
}

export interface Column {
  readonly title: string;
  /** Numbers line up at their right. */
  readonly isNumber?: boolean;
  /** How narrow it may become when the table is too wide, in columns of the terminal; absent = it may not while others may. */
  readonly shrinksTo?: number;
  /** Where the narrowest columns are too wide together, those with a number are left out, 1 first. */
  readonly leftOut?: number;
  /** Says in fewer columns what stands in a cell; absent = its beginning. */
  readonly cut?: (cell: string, width: number) => string;
  /** Colours a cell that is laid out already, by what stands in it. */
  readonly paint?: (laidOut: string, cell: string) => string;
}

const GAP = '  ';
/** Three characters and an ellipsis. */
const SHORTEST_TEXT = 4;

/** The heading and the rows, each one line of at most `maxWidth` columns of the terminal as long as each cell can have one. */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  maxWidth: number,
): string[] {
  const cells = [columns.map(({ title }) => title), ...rows.map((row) => row.map(printable))];
  const widths = columns.map((_, index) => cells.reduce((max, row) => Math.max(max, widthOf(row[index] ?? '')), 0));
  const shown = shownColumns(columns, widths, maxWidth);
  return cells.map((row, line) =>
    shown
      .map((index) => {
        const { isNumber = false, paint, cut: shorten = cut } = columns[index] ?? {};
        const [cell = '', width = 0] = [row[index], widths[index]];
        const laidOut = padded(shorten(cell, width), width, isNumber);
        return line === 0 || paint === undefined ? laidOut : paint(laidOut, cell);
      })
      .join(GAP)
      .trimEnd(),
  );
}

/** Which columns are shown, by their place; brings `widths` down to what fits. */
function shownColumns(columns: readonly Column[], widths: number[], maxWidth: number): readonly number[] {
  let shown = columns.map((_, index) => index);
  const narrowest = (index: number) =>
    Math.min(widths[index] ?? 0, columns[index]?.shrinksTo ?? Number.POSITIVE_INFINITY);
  const total = (of: (index: number) => number) =>
    shown.reduce((sum, index) => sum + of(index), GAP.length * (shown.length - 1));
  const next = () => {
    const optional = shown.filter((index) => columns[index]?.leftOut !== undefined);
    return optional.toSorted((a, b) => (columns[a]?.leftOut ?? 0) - (columns[b]?.leftOut ?? 0))[0];
  };
  for (let index = next(); total(narrowest) > maxWidth && index !== undefined; index = next()) {
    const gone = index;
    shown = shown.filter((each) => each !== gone);
  }
  // What still does not fit can only lose more of each text; a number that is cut is another number.
  const leastOf = (index: number) =>
    columns[index]?.isNumber === true ? (widths[index] ?? 0) : Math.min(narrowest(index), SHORTEST_TEXT);
  const least = total(narrowest) <= maxWidth ? narrowest : leastOf;
  for (let excess = total((index) => widths[index] ?? 0) - maxWidth; excess > 0; excess -= 1) {
    const givers = shown.filter((index) => (widths[index] ?? 0) > least(index));
    const [widest] = givers.toSorted((one, other) => (widths[other] ?? 0) - (widths[one] ?? 0));
    if (widest === undefined) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return shown;
}

function padded(cell: string, width: number, isNumber: boolean): string {
  const padding = ' '.repeat(Math.max(0, width - widthOf(cell)));
  return isNumber ? padding + cell : cell + padding;
}

/** Prints a table no wider than the terminal; what is no terminal gets all of it. */
export function printTable(output: Output, columns: readonly Column[], rows: readonly (readonly string[])[]): void {
  const [heading = '', ...lines] = tableLines(columns, rows, output.columns ?? Number.POSITIVE_INFINITY);
  output.line(output.styled('dim', heading));
  for (const line of lines) output.line(line);
}

/**
 * Help as its author has written it, for lines of `columns`: lines without an indent are paragraphs and are filled anew, an
 * indented one stands for itself. What is typed as it stands goes on in the next line only where a shell lets it: in front of
 * the program, an option or a pipe.
 */
export function filledText(text: string, columns: number): string {
  const filled: string[] = [];
  let paragraph: string[] = [];
  const endParagraph = () => {
    if (paragraph.length > 0) filled.push(...packed(paragraph.join(' ').split(/ +/), columns, { end: '', indent: '' }));
    paragraph = [];
  };
  for (const line of text.split('\n')) {
    if (/^\S/.test(line)) {
      paragraph.push(line);
      continue;
    }
    endParagraph();
    const isTooLong = widthOf(line) > columns;
    const parts = isTooLong ? line.split(/(?<=\S) (?=--\w|\| |recital )/) : [line];
    filled.push(...packed(parts, columns, { end: ' \\', indent: '      ' }));
  }
  endParagraph();
  return filled.join('\n');
}

/** As many parts a line as there is room for; `end` stands behind each line but the last, `indent` in front of each but the first. */
function packed(parts: readonly string[], columns: number, { end, indent }: { end: string; indent: string }): string[] {
  const [first = '', ...rest] = parts;
  const lines: string[] = [];
  let line = first;
  for (const part of rest) {
    if (widthOf(line) + 1 + widthOf(part) + widthOf(end) <= columns) {
      line += ` ${part}`;
      continue;
    }
    lines.push(line + end);
    line = indent + part;
  }
  return [...lines, line];
}
