/** The rule about sizes: where a file or a function is longer than one looks through, there is a reason or it is split. */
import { childOf, nameOf, nodesOf, placeOf, type SourceFile, type SyntaxNode } from './source-file.ts';

/** Aimed at are 60 to 250 lines a file and 40 a function; these are the end. `npm run house` prints where the sources stand. */
export const maxFileLines = 400;
export const maxFunctionLines = 70;

export interface SizeExemption {
  /** A file, or `file function`. */
  readonly what: string;
  readonly reason: string;
}

export const sizeExemptions: readonly SizeExemption[] = [];

const functionTypes = ['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'];

/** Files and functions that are too long, as `what: lines`. */
export function sizeFaults(file: SourceFile, exemptions: readonly SizeExemption[] = sizeExemptions): readonly string[] {
  return tooLongIn(file)
    .filter(({ what }) => !exemptions.some((each) => each.what === what))
    .map(({ at, what, lines, max }) => `${at} ${what}: ${lines} lines, at most ${max}`);
}

/** Exemptions that no file needs any more. */
export function staleSizeExemptions(files: readonly SourceFile[]): readonly string[] {
  const tooLong = new Set(files.flatMap(tooLongIn).map(({ what }) => what));
  return sizeExemptions.filter(({ what }) => !tooLong.has(what)).map(({ what }) => what);
}

interface TooLong {
  readonly at: string;
  readonly what: string;
  readonly lines: number;
  readonly max: number;
}

function tooLongIn(file: SourceFile): readonly TooLong[] {
  const fileLines = file.text.trimEnd().split('\n').length;
  const functions = namedFunctionsOf(file).map(({ node, name }) => ({
    at: placeOf(file, node),
    what: `${file.path} ${name}`,
    lines: file.text.slice(node.start, node.end).split('\n').length,
    max: maxFunctionLines,
  }));
  return [{ at: file.path, what: file.path, lines: fileLines, max: maxFileLines }, ...functions].filter(
    ({ lines, max }) => lines > max,
  );
}

/** A function is named by its declaration, its method, or the constant or property that it is put in. */
function namedFunctionsOf(file: SourceFile): readonly { readonly node: SyntaxNode; readonly name: string }[] {
  return nodesOf(file).flatMap((node) => {
    if (functionTypes.includes(node.type)) {
      const name = nameOf(childOf(node, 'id'));
      return name === '' ? [] : [{ node, name }];
    }
    const value = childOf(node, 'value', ...functionTypes) ?? childOf(node, 'init', ...functionTypes);
    const key = childOf(node, 'key') ?? childOf(node, 'id');
    return value === undefined ? [] : [{ node: value, name: nameOf(key) || 'without a name' }];
  });
}
