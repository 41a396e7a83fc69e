/**
 * A source file as the house rules see it: its syntax tree, walked without knowing every node type. The parser is the one
 * that ships with vitest (TypeScript 7 has no JavaScript API), so a rule sees code and never a comment or a string.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAst } from 'vitest/node';

export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

export interface SourceFile {
  /** Relative to src/, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly program: SyntaxNode;
}

const srcDir = fileURLToPath(new URL('../../../src', import.meta.url));

/** Every hand-written file of src/; generated types are proto-loader's business. */
export function sourceFiles(): readonly SourceFile[] {
  return readdirSync(srcDir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && !entry.name.endsWith('.d.ts'))
    .map((entry) => relative(srcDir, join(entry.parentPath, entry.name)))
    .filter((path) => !path.startsWith('rpc/generated'))
    .sort()
    .map((path) => parseSource(path, readFileSync(join(srcDir, path), 'utf8')));
}

export function parseSource(path: string, text: string): SourceFile {
  const program: unknown = parseAst(text, { lang: path.endsWith('.tsx') ? 'tsx' : 'ts', sourceType: 'module' });
  if (!isNode(program)) throw new Error(`${path}: no syntax tree`);
  return { path, text, program };
}

export function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

/** The nodes that `node` consists of, in the order of the source. */
export function childrenOf(node: SyntaxNode): readonly SyntaxNode[] {
  return Object.values(node).flatMap((field) =>
    Array.isArray(field) ? field.filter(isNode) : isNode(field) ? [field] : [],
  );
}

/** `node` and everything below it. */
export function* walk(node: SyntaxNode): Generator<SyntaxNode> {
  yield node;
  for (const child of childrenOf(node)) yield* walk(child);
}

const nodes = new WeakMap<SourceFile, readonly SyntaxNode[]>();

/** Every node of a file, in the order of `walk`; many rules ask for them. */
export function nodesOf(file: SourceFile): readonly SyntaxNode[] {
  const known = nodes.get(file) ?? [...walk(file.program)];
  nodes.set(file, known);
  return known;
}

/** The child in `field`, if it is a node of one of the types. */
export function childOf(
  node: SyntaxNode | undefined,
  field: string,
  ...types: readonly string[]
): SyntaxNode | undefined {
  const child = node?.[field];
  if (!isNode(child)) return undefined;
  return types.length === 0 || types.includes(child.type) ? child : undefined;
}

export function listOf(node: SyntaxNode | undefined, field: string): readonly SyntaxNode[] {
  const list = node?.[field];
  return Array.isArray(list) ? list.filter(isNode) : [];
}

/** The name of an identifier node, or ''. */
export function nameOf(node: SyntaxNode | undefined): string {
  return typeof node?.name === 'string' ? node.name : '';
}

export function lineOf(file: SourceFile, node: SyntaxNode): number {
  return file.text.slice(0, node.start).split('\n').length;
}

export function placeOf(file: SourceFile, node: SyntaxNode): string {
  return `${file.path}:${lineOf(file, node)}`;
}
