/** A table of plain text: columns that line up, and fit where they can be shortened. */
import { type Output, printable } from './output.ts';

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
  const maxWidth = process.stdout.isTTY === true ? process.stdout.columns : Number.POSITIVE_INFINITY;
  const [heading = '', ...lines] = tableLines(columns, rows, maxWidth);
  output.line(output.styled('dim', heading));
  for (const line of lines) output.line(line);
}
