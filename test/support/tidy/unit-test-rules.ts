/**
 * The rule about unit tests: they run in threads that share their modules and the process, so none of them may start a server, a process
 * or a thread, or change what another one sees. It holds for a test file and for every file of test/ that it imports, however indirectly.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { importsOf, targetOf } from './import-rules.ts';
import {
  childOf,
  isNode,
  nameOf,
  nodesOf,
  parseSource,
  placeOf,
  type SourceFile,
  type SyntaxNode,
} from './source-file.ts';

/** Modules of Node with processes, threads and sockets. */
const forbiddenModules: ReadonlySet<string> = new Set(
  ['child_process', 'cluster', 'dgram', 'http', 'http2', 'https', 'net', 'tls', 'worker_threads'].flatMap((name) => [
    name,
    `node:${name}`,
  ]),
);

/** Own files that start what listens, forks or writes in a thread; as a type they may be imported. */
const starters = [
  'src/cli.ts',
  'src/server/system.ts',
  'src/server/main.ts',
  'src/rpc/server.ts',
  'src/observe/status-server.ts',
  'src/store/store-process.ts',
  'src/record/log-writer.ts',
];

/** Methods of vitest that change what every file of the thread sees, and those that undo it. */
const moduleChangers = ['mock', 'doMock', 'resetModules', 'stubEnv', 'stubGlobal'];
const undoings: ReadonlyMap<string, string> = new Map([
  ['useFakeTimers', 'useRealTimers'],
  ['spyOn', 'restoreAllMocks'],
]);

/** A file that is a unit test by its place. */
export function isUnitTest(path: string): boolean {
  return /^test\/(unit\/.*|[^/]*)\.test\.ts$/.test(path);
}

/** Every TypeScript file of test/, by its path from the root of the repository. */
export function testFiles(): ReadonlyMap<string, SourceFile> {
  const root = fileURLToPath(new URL('../../..', import.meta.url));
  const paths = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => join('test', path));
  return new Map(paths.sort().map((path) => [path, parseSource(path, readFileSync(join(root, path), 'utf8'))]));
}

/** What a unit test does, by itself or through the files it imports, that needs a process of its own. */
export function unitTestFaults(path: string, files: ReadonlyMap<string, SourceFile>): readonly string[] {
  return [...reachedFrom(path, files)].flatMap((file) => {
    const way = file.path === path ? '' : ` (imported by ${path})`;
    return ownFaults(file).map((fault) => `${fault}${way}: it belongs in test/process`);
  });
}

function reachedFrom(path: string, files: ReadonlyMap<string, SourceFile>): ReadonlySet<SourceFile> {
  const reached = new Set<SourceFile>();
  const waiting = [path];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const file = files.get(next);
    if (file === undefined || reached.has(file)) continue;
    reached.add(file);
    waiting.push(...valueTargetsOf(file).map(({ target }) => target));
  }
  return reached;
}

interface Target {
  readonly target: string;
  readonly at: SyntaxNode;
}

function valueTargetsOf(file: SourceFile): readonly Target[] {
  return importsOf(file).flatMap(({ specifier, isTypeOnly, at }) =>
    specifier === null || isTypeOnly ? [] : [{ target: targetOf(file, specifier), at }],
  );
}

function ownFaults(file: SourceFile): readonly string[] {
  const imported = valueTargetsOf(file)
    .filter(({ target }) => forbiddenModules.has(target) || starters.includes(target))
    .map(({ target, at }) => `${placeOf(file, at)}: imports ${target}`);
  const nodes = nodesOf(file);
  const calls = nodes.flatMap((node) => {
    const callee = node.type === 'CallExpression' ? childOf(node, 'callee', 'MemberExpression') : undefined;
    return callee === undefined ? [] : [{ node, name: pathOf(callee) }];
  });
  const called = new Set(calls.map(({ name }) => name));
  const changed = calls.flatMap(({ node, name }) => {
    const method = name.startsWith('vi.') ? name.slice('vi.'.length) : '';
    const undoing = undoings.get(method);
    if (undoing !== undefined && !called.has(`vi.${undoing}`)) {
      return [`${placeOf(file, node)}: ${name} without vi.${undoing}`];
    }
    return moduleChangers.includes(method) || name === 'process.chdir' ? [`${placeOf(file, node)}: ${name}`] : [];
  });
  const written = nodes.filter(writesEnv).map((node) => `${placeOf(file, node)}: changes process.env`);
  return [...imported, ...changed, ...written];
}

/** An assignment to, or a deletion of, `process.env` or a variable in it; `Object.assign` to it too. */
function writesEnv(node: SyntaxNode): boolean {
  const target = targetOfWrite(node);
  return target !== undefined && /^process\.env(\.|$)/.test(pathOf(target));
}

function targetOfWrite(node: SyntaxNode): SyntaxNode | undefined {
  if (node.type === 'AssignmentExpression') return childOf(node, 'left');
  if (node.type === 'UnaryExpression' && node.operator === 'delete') return childOf(node, 'argument');
  if (node.type !== 'CallExpression' || pathOf(childOf(node, 'callee')) !== 'Object.assign') return undefined;
  const [first] = Array.isArray(node.arguments) ? node.arguments : [];
  return isNode(first) ? first : undefined;
}

/** `a.b.c` of a chain of members; a computed name is `*`. */
function pathOf(node: SyntaxNode | undefined): string {
  if (node?.type !== 'MemberExpression') return nameOf(node);
  const property = node.computed === true ? '*' : nameOf(childOf(node, 'property'));
  return `${pathOf(childOf(node, 'object'))}.${property}`;
}
