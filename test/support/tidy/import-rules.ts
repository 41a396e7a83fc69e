/** The rules about imports: the table, the one place of ids, the one place of gRPC statuses. */
import { posix } from 'node:path';
import { computedImports, type Deviation, deviations, type ImportRow, importTable } from './import-table.ts';
import { childOf, listOf, nameOf, nodesOf, placeOf, type SourceFile, type SyntaxNode } from './source-file.ts';

export interface Import {
  readonly at: SyntaxNode;
  /** As written; null if it is computed. */
  readonly specifier: string | null;
  readonly isTypeOnly: boolean;
  /** Names as the other module exports them; '*' for all. */
  readonly names: readonly string[];
}

/** Every import of a file: declarations, `export … from`, `import()`, `require`, and types by `import('…')`. */
export function importsOf(file: SourceFile): readonly Import[] {
  const known = imports.get(file) ?? findImports(file);
  imports.set(file, known);
  return known;
}

const imports = new WeakMap<SourceFile, readonly Import[]>();

function findImports(file: SourceFile): readonly Import[] {
  return nodesOf(file).flatMap((node): readonly Import[] => {
    switch (node.type) {
      case 'ImportDeclaration':
      case 'ExportNamedDeclaration':
      case 'ExportAllDeclaration':
        return childOf(node, 'source') === undefined ? [] : [declaredImport(node)];
      case 'ImportExpression':
        return [{ at: node, specifier: literalOf(childOf(node, 'source')), isTypeOnly: false, names: ['*'] }];
      case 'TSImportType':
        return [
          {
            at: node,
            specifier: literalOf(childOf(node, 'source') ?? childOf(node, 'argument')),
            isTypeOnly: true,
            names: ['*'],
          },
        ];
      case 'TSImportEqualsDeclaration':
        return [{ at: node, specifier: null, isTypeOnly: false, names: ['*'] }];
      case 'CallExpression':
        if (nameOf(childOf(node, 'callee')) !== 'require') return [];
        return [{ at: node, specifier: literalOf(listOf(node, 'arguments')[0]), isTypeOnly: false, names: ['*'] }];
      default:
        return [];
    }
  });
}

function declaredImport(node: SyntaxNode): Import {
  const specifiers = listOf(node, 'specifiers');
  const isTypeOnly =
    node.importKind === 'type' ||
    node.exportKind === 'type' ||
    (specifiers.length > 0 && specifiers.every((each) => each.importKind === 'type' || each.exportKind === 'type'));
  const names = specifiers.map((each) =>
    node.type === 'ImportDeclaration' ? nameOf(childOf(each, 'imported')) || '*' : nameOf(childOf(each, 'local')),
  );
  return {
    at: node,
    specifier: literalOf(childOf(node, 'source')),
    isTypeOnly,
    names: node.type === 'ExportAllDeclaration' ? ['*'] : names,
  };
}

function literalOf(node: SyntaxNode | undefined): string | null {
  if (node?.type === 'TSLiteralType') return literalOf(childOf(node, 'literal'));
  return node?.type === 'Literal' && typeof node.value === 'string' ? node.value : null;
}

/** A file of ours relative to src/, a package without its sub-path, or a module of Node. */
export function targetOf(file: SourceFile, specifier: string): string {
  if (specifier.startsWith('.')) return posix.normalize(posix.join(posix.dirname(file.path), specifier));
  if (specifier.startsWith('node:')) return specifier;
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

/** Imports that neither the table nor a deviation allows. */
export function importFaults(
  file: SourceFile,
  table: readonly ImportRow[] = importTable,
  exceptions: readonly Deviation[] = deviations,
): readonly string[] {
  const row = table.find(({ from }) => file.path.startsWith(from));
  if (row === undefined) return [`${file.path}: no row of the import table is about this file`];
  return importsOf(file).flatMap((each) => {
    if (each.specifier === null) {
      return computedImports.some(({ from }) => from === file.path)
        ? []
        : [`${placeOf(file, each.at)}: an import whose target is computed`];
    }
    const target = targetOf(file, each.specifier);
    if (isAllowed(row, target, each) || exceptions.some(({ from, to }) => from === file.path && to === target))
      return [];
    return [`${placeOf(file, each.at)}: ${row.from} may not import ${each.isTypeOnly ? 'types of ' : ''}${target}`];
  });
}

function isAllowed(row: ImportRow, target: string, { specifier, isTypeOnly }: Import): boolean {
  if (target.startsWith('node:')) return row.node.some((pattern) => matches(pattern, target));
  if (specifier?.startsWith('.') !== true) return row.packages.includes(target);
  return [...row.ours, ...(isTypeOnly ? row.types : [])].some((pattern) => matches(pattern, target));
}

function matches(pattern: string, target: string): boolean {
  if (pattern.endsWith('*')) return target.startsWith(pattern.slice(0, -1));
  return pattern.endsWith('/') ? target.startsWith(pattern) : target === pattern;
}

/** Deviations and computed imports that no file needs any more. */
export function staleDeviations(
  files: readonly SourceFile[],
  exceptions: readonly Deviation[] = deviations,
): readonly string[] {
  const used = new Set(
    files.flatMap((file) =>
      importsOf(file).map(({ specifier }) =>
        specifier === null ? `${file.path} computed` : `${file.path} ${targetOf(file, specifier)}`,
      ),
    ),
  );
  return [
    ...exceptions.filter(({ from, to }) => !used.has(`${from} ${to}`)).map(({ from, to }) => `${from} → ${to}`),
    ...computedImports.filter(({ from }) => !used.has(`${from} computed`)).map(({ from }) => `${from} → computed`),
  ];
}

const idMakers = ['randomUUID', 'randomBytes', 'randomInt', 'getRandomValues'];
/** Session and stream ids are made here and nowhere else (CONTRACT §1, Identity). */
const idPlace = 'rpc/identity.ts';
/** What opens the inspector, and what tells one process from the next there: neither is an id of a call. */
const tokenPlace = 'inspector/server/access.ts';

/** Places that make random ids or numbers, by an import, by `crypto.…` or by Math.random. */
export function idFaults(file: SourceFile): readonly string[] {
  if (file.path === idPlace || file.path === tokenPlace) return [];
  const imported = importsOf(file)
    .filter(({ specifier, isTypeOnly }) => !isTypeOnly && /^(node:)?crypto$/.test(specifier ?? ''))
    // A hash of what is there makes nothing up.
    .filter(({ names }) => !names.every((name) => name === 'hash'))
    .map(({ at }) => `${placeOf(file, at)}: imports crypto; ids are made in ${idPlace} alone`);
  const used = nodesOf(file)
    .filter((node) => node.type === 'MemberExpression')
    .filter((node) => {
      const [object, property] = [nameOf(childOf(node, 'object')), nameOf(childOf(node, 'property'))];
      return idMakers.includes(property) || (object === 'Math' && property === 'random');
    })
    .map((node) => `${placeOf(file, node)}: makes something random; ids are made in ${idPlace} alone`);
  return [...imported, ...used];
}

/** gRPC statuses are made here and nowhere else (CONTRACT §1, the one error rule). */
const statusPlace = 'rpc/status.ts';
/** It reads the names of statuses that a server sent; it makes none. */
const statusReader = 'cli/ask/client.ts';

/** Places that import grpc-js's `status`, or all of grpc-js under one name. */
export function statusFaults(file: SourceFile): readonly string[] {
  if (file.path === statusPlace || file.path === statusReader) return [];
  return importsOf(file)
    .filter(({ specifier, names }) => specifier === '@grpc/grpc-js' && names.some((name) => /^(status|\*)$/.test(name)))
    .map(({ at }) => `${placeOf(file, at)}: imports gRPC's status; statuses are made in ${statusPlace} alone`);
}
