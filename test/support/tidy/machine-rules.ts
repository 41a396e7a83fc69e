/** The rule about ids in machines: without one XState makes it up from counters, which then differ between runs and replays. */
import { childOf, listOf, nameOf, nodesOf, placeOf, type SourceFile, type SyntaxNode } from './source-file.ts';

const spawners = ['spawn', 'spawnChild'];
const senders = ['raise', 'sendTo', 'sendParent', 'forwardTo'];

/** Spawns without an id and delayed sends without an id in the files of machines/. */
export function machineCallFaults(file: SourceFile): readonly string[] {
  if (!file.path.startsWith('machines/')) return [];
  return nodesOf(file)
    .filter((node) => node.type === 'CallExpression')
    .flatMap((call) => {
      const name = calleeOf(call);
      const options = listOf(call, 'arguments').at(-1);
      if (spawners.includes(name) && !hasKey(options, 'id')) {
        return [`${placeOf(file, call)}: ${name} without an explicit id`];
      }
      if (senders.includes(name) && hasKey(options, 'delay') && !hasKey(options, 'id')) {
        return [`${placeOf(file, call)}: a delayed ${name} without an explicit id`];
      }
      return [];
    });
}

/** `f` of `f(…)` and of `object.f(…)`. */
function calleeOf(call: SyntaxNode): string {
  const callee = childOf(call, 'callee');
  return nameOf(callee?.type === 'MemberExpression' ? childOf(callee, 'property') : callee);
}

function hasKey(object: SyntaxNode | undefined, key: string): boolean {
  return listOf(object, 'properties').some((property) => nameOf(childOf(property, 'key')) === key);
}
