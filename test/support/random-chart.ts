/** Charts that nobody has drawn: nested, with regions, ends and transitions between anything, made from a seed. */
import { type AnyStateMachine, createMachine } from 'xstate';
import { chanceFrom } from './replay/erratic-engines.ts';

interface MadeState {
  readonly type?: 'parallel' | 'final';
  readonly initial?: string;
  readonly states?: Readonly<Record<string, MadeState>>;
  readonly after?: Readonly<Record<string, object>>;
  readonly on?: Readonly<Record<string, readonly object[]>>;
}

/** The same seed always makes the same chart. */
export function randomChart(seed: number): AnyStateMachine {
  const random = chanceFrom(seed);
  const below = (count: number) => Math.floor(random() * count);
  const paths: string[] = [];
  // Shapes first: transitions may lead to any state that there is.
  const shapeOf = (path: string, depth: number): Shape => {
    if (path !== '') paths.push(path);
    const isLeaf = depth > 2 || (depth > 0 && random() < 0.55);
    if (isLeaf) return { path, type: depth > 0 && random() < 0.12 ? 'final' : 'leaf', inner: [] };
    const type = random() < 0.25 ? 'parallel' : 'compound';
    const count = 2 + below(depth === 0 ? 5 : 3);
    const inner = Array.from({ length: count }, (_, index) =>
      shapeOf(`${path === '' ? '' : `${path}.`}${nameOf(below(9), index)}`, depth + 1),
    );
    return { path, type, inner };
  };
  const root = shapeOf('', 0);
  const goal = () => `#made.${paths[below(paths.length)]}`;
  const stateOf = ({ path, type, inner }: Shape): MadeState => {
    if (type === 'final') return { type };
    const events = Array.from({ length: below(4) }, (_, index) => [
      `event.number${below(3)}${index}`,
      [...(random() < 0.3 ? [{ guard: 'isSomething', target: goal() }] : []), random() < 0.2 ? {} : { target: goal() }],
    ]);
    const first = inner.find((each) => each.type !== 'final') ?? inner[0];
    return {
      ...(type === 'parallel' && { type }),
      ...(type === 'compound' && first !== undefined && { initial: first.path.split('.').at(-1) ?? '' }),
      ...(inner.length > 0 && {
        states: Object.fromEntries(inner.map((each) => [each.path.split('.').at(-1) ?? '', stateOf(each)])),
      }),
      ...(random() < 0.3 && path !== '' && { after: { someDelay: { target: goal() } } }),
      on: Object.fromEntries(events),
    };
  };
  return createMachine({ id: 'made', version: String(seed), ...stateOf(root) });
}

interface Shape {
  readonly path: string;
  readonly type: 'leaf' | 'final' | 'compound' | 'parallel';
  readonly inner: readonly Shape[];
}

function nameOf(length: number, index: number): string {
  return `${'waitingFor'.slice(0, length + 1)}${index}`;
}
