/**
 * The rule that nothing of a request lives outside of its session: no module of the folders below has a top-level variable
 * that can change. Constant are: primitives, functions, classes, `as const`, Object.freeze, what is declared with a readonly
 * type (Readonly…, readonly […], or an interface of ours whose fields are all readonly), regular expressions without memory,
 * and a private table of which the module itself only ever reads an element. The result of any other call is not looked into.
 */
import {
  childOf,
  childrenOf,
  isNode,
  listOf,
  nameOf,
  nodesOf,
  placeOf,
  type SourceFile,
  type SyntaxNode,
} from './source-file.ts';

const statelessFolders = ['machines/', 'actors/', 'text/', 'rpc/', 'engines/'];

export interface StateExemption {
  readonly file: string;
  readonly name: string;
  readonly reason: string;
}

export const stateExemptions: readonly StateExemption[] = [
  {
    file: 'rpc/flow-control.ts',
    name: 'flows',
    reason: 'a WeakMap from a call to its flow: it holds no state of its own and dies with the call',
  },
  {
    file: 'rpc/request-size.ts',
    name: 'sizes',
    reason: 'a WeakMap from a request to its size on the wire: written once, dies with the request',
  },
  {
    file: 'engines/scripted/scenario.ts',
    name: 'verbs',
    reason: 'the schemas of the steps, handed to zod as the shape of an object while the module loads',
  },
  { file: 'rpc/proto.ts', name: 'loadOptions', reason: 'the options of a loader whose type has no readonly fields' },
  {
    file: 'engines/embedded-speech/speech-worker.ts',
    name: 'abandoned',
    reason: 'the module is the body of a worker thread: a cell it shares with its pool, one job at a time',
  },
  {
    file: 'engines/embedded-speech/speech-worker.ts',
    name: 'espeak',
    reason: 'the module is the body of a worker thread: its voice, loaded when first needed',
  },
  { file: 'actors/speech/speech.actor.ts', name: 'nothing', reason: 'no bytes: there is nothing in it to change' },
  { file: 'engines/speech-providers/sound-pipeline.ts', name: 'nothing', reason: 'no bytes, as in the actor' },
];

/** Names of interfaces and type aliases whose fields are all readonly, over all files. */
export function readonlyTypesOf(files: readonly SourceFile[]): ReadonlySet<string> {
  const declared = files.flatMap((file) => nodesOf(file).filter((node) => node.type === 'TSInterfaceDeclaration'));
  const isReadonly = (node: SyntaxNode) => {
    const members = listOf(childOf(node, 'body'), 'body');
    return (
      members.length > 0 && members.every((member) => member.type === 'TSMethodSignature' || member.readonly === true)
    );
  };
  const mutable = new Set(declared.filter((node) => !isReadonly(node)).map((node) => nameOf(childOf(node, 'id'))));
  return new Set(declared.map((node) => nameOf(childOf(node, 'id'))).filter((name) => !mutable.has(name)));
}

/** Top-level variables and static fields of `file` that can change. */
export function stateFaults(
  file: SourceFile,
  readonlyTypes: ReadonlySet<string>,
  exemptions: readonly StateExemption[] = stateExemptions,
): readonly string[] {
  if (!statelessFolders.some((folder) => file.path.startsWith(folder))) return [];
  return mutableNamesOf(file, readonlyTypes)
    .filter(({ name }) => !exemptions.some((each) => each.file === file.path && each.name === name))
    .map(({ at, name, why }) => `${placeOf(file, at)}: ${name} is module-level state: ${why}`);
}

/** Exemptions that no file needs any more. */
export function staleStateExemptions(
  files: readonly SourceFile[],
  readonlyTypes: ReadonlySet<string>,
): readonly string[] {
  return stateExemptions
    .filter(({ file, name }) => {
      const source = files.find(({ path }) => path === file);
      return source === undefined || !mutableNamesOf(source, readonlyTypes).some((each) => each.name === name);
    })
    .map(({ file, name }) => `${file} ${name}`);
}

interface MutableName {
  readonly at: SyntaxNode;
  readonly name: string;
  readonly why: string;
}

function mutableNamesOf(file: SourceFile, readonlyTypes: ReadonlySet<string>): readonly MutableName[] {
  const statements = listOf(file.program, 'body').map((node) => childOf(node, 'declaration') ?? node);
  const exported = new Set(
    listOf(file.program, 'body')
      .filter((node) => node.type === 'ExportNamedDeclaration')
      .flatMap((node) => [
        ...listOf(childOf(node, 'declaration'), 'declarations').map((each) => nameOf(childOf(each, 'id'))),
        ...listOf(node, 'specifiers').map((each) => nameOf(childOf(each, 'local'))),
      ]),
  );
  const uses = usesOf(file);
  return statements.flatMap((statement): readonly MutableName[] => {
    if (statement.type === 'VariableDeclaration') {
      return listOf(statement, 'declarations').flatMap((declarator) => {
        const name = nameOf(childOf(declarator, 'id')) || 'a destructured name';
        const isAnnotatedReadonly = isReadonlyType(
          childOf(childOf(childOf(declarator, 'id'), 'typeAnnotation'), 'typeAnnotation'),
          readonlyTypes,
        );
        const why =
          statement.kind === 'const'
            ? mutabilityOf(childOf(declarator, 'init'), {
                isAnnotatedReadonly,
                readonlyTypes,
                isSearched: uses.searched.has(name),
                isOnlyRead: !exported.has(name) && !uses.unsafe.has(name),
              })
            : `it is declared with ${String(statement.kind)}`;
        return why === null ? [] : [{ at: declarator, name, why }];
      });
    }
    if (statement.type === 'ClassDeclaration') {
      return listOf(childOf(statement, 'body'), 'body')
        .filter((member) => member.type === 'PropertyDefinition' && member.static === true && member.readonly !== true)
        .map((member) => ({
          at: member,
          name: nameOf(childOf(member, 'key')),
          why: 'it is a static field that can change',
        }));
    }
    return [];
  });
}

interface Declared {
  readonly isAnnotatedReadonly: boolean;
  readonly readonlyTypes: ReadonlySet<string>;
  /** `.test(` or `.exec(` is called on it: with flag g or y a pattern keeps a position between calls. */
  readonly isSearched: boolean;
  /** Private, and its module only reads elements of it. */
  readonly isOnlyRead: boolean;
}

/** Why the value can change; null if it can't or if nothing is known of it. */
function mutabilityOf(value: SyntaxNode | undefined, declared: Declared): string | null {
  switch (value?.type) {
    case 'TSAsExpression':
    case 'TSSatisfiesExpression': {
      const type = childOf(value, 'typeAnnotation');
      if (isConstAssertion(type) || isReadonlyType(type, declared.readonlyTypes)) return null;
      return mutabilityOf(childOf(value, 'expression'), declared);
    }
    case 'ObjectExpression':
    case 'ArrayExpression':
      if (declared.isAnnotatedReadonly || declared.isOnlyRead) return null;
      return 'a literal that is neither frozen, as const nor of a readonly type';
    case 'NewExpression':
      return declared.isAnnotatedReadonly || declared.isOnlyRead
        ? null
        : `a new ${nameOf(childOf(value, 'callee')) || 'object'}`;
    case 'Literal': {
      const flags = isNode(value.regex) || typeof value.regex === 'object' ? flagsOf(value.regex) : '';
      return /[gy]/.test(flags) && declared.isSearched
        ? 'a pattern that remembers where it stopped (flag g or y)'
        : null;
    }
    default:
      return null;
  }
}

function flagsOf(regex: unknown): string {
  return typeof regex === 'object' && regex !== null && 'flags' in regex ? String(regex.flags) : '';
}

const readingMethods =
  /^(get|has|includes|indexOf|at|find|findLast|findIndex|some|every|map|flatMap|filter|entries|keys|values|join|slice|length|size)$/;

/** How a file uses its names: which it searches with, and which it does more with than reading an element. */
function usesOf(file: SourceFile): { readonly searched: ReadonlySet<string>; readonly unsafe: ReadonlySet<string> } {
  const searched = new Set<string>();
  const unsafe = new Set<string>();
  const visit = (node: SyntaxNode, parent: SyntaxNode | undefined): void => {
    const name = node.type === 'Identifier' ? nameOf(node) : '';
    const isMember = parent?.type === 'MemberExpression' && parent.object === node;
    if (isMember && /^(test|exec)$/.test(nameOf(childOf(parent, 'property')))) searched.add(name);
    const isOwnName = (parent?.type === 'VariableDeclarator' && parent.id === node) || isKeyOf(parent, node);
    const isRead = isMember && (parent.computed === true || readingMethods.test(nameOf(childOf(parent, 'property'))));
    const isLoop = parent?.type === 'ForOfStatement' && parent.right === node;
    const isTyped = parent?.type === 'TSTypeQuery';
    const isListed = parent?.type === 'CallExpression' && isReadOfObject(childOf(parent, 'callee'));
    if (name !== '' && !isOwnName && !isRead && !isLoop && !isTyped && !isListed) unsafe.add(name);
    const target = childOf(node, 'left') ?? childOf(node, 'argument');
    if (
      /^(AssignmentExpression|UpdateExpression|UnaryExpression)$/.test(node.type) &&
      target?.type === 'MemberExpression'
    ) {
      if (node.type !== 'UnaryExpression' || node.operator === 'delete') unsafe.add(nameOf(childOf(target, 'object')));
    }
    for (const child of childrenOf(node)) visit(child, node);
  };
  visit(file.program, undefined);
  return { searched, unsafe };
}

/** `Object.keys(…)` and the like. */
function isReadOfObject(callee: SyntaxNode | undefined): boolean {
  return (
    nameOf(childOf(callee, 'object')) === 'Object' &&
    /^(keys|entries|values|hasOwn)$/.test(nameOf(childOf(callee, 'property')))
  );
}

/** `name` in `{ name: … }`, `object.name` and the like is a key and no use of a variable. */
function isKeyOf(parent: SyntaxNode | undefined, node: SyntaxNode): boolean {
  if (parent?.type === 'MemberExpression') return parent.property === node && parent.computed !== true;
  return parent?.key === node && parent.value !== node && parent.shorthand !== true && parent.computed !== true;
}

function isConstAssertion(type: SyntaxNode | undefined): boolean {
  return type?.type === 'TSTypeReference' && nameOf(childOf(type, 'typeName')) === 'const';
}

function isReadonlyType(type: SyntaxNode | undefined, readonlyTypes: ReadonlySet<string>): boolean {
  if (type === undefined) return false;
  if (type.type === 'TSTypeOperator') return type.operator === 'readonly';
  if (type.type === 'TSTypeReference') {
    const name = nameOf(childOf(type, 'typeName'));
    return name.startsWith('Readonly') || readonlyTypes.has(name);
  }
  return type.type === 'TSIntersectionType' && childrenOf(type).every((part) => isReadonlyType(part, readonlyTypes));
}
