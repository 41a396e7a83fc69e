/**
 * A chart as Mermaid stateDiagram-v2 pictures that GitHub renders: the whole with some states closed, and close-ups of those.
 * Mermaid can't draw an arrow between the insides of two composite states, so such an arrow is drawn between the two states
 * themselves and says where it begins and ends. Arrows into a crowded state (`gathered`) become one per state around their
 * sources, with their number: the tables beside the picture have them all.
 */
import {
  ancestorsOf,
  type Chart,
  type ChartAction,
  type ChartState,
  type ChartTransition,
  stateAt,
} from './chart-content.ts';

export interface Picture {
  /** The state whose inside is drawn; '' = the whole chart. */
  readonly inside: string;
  /** Composite states drawn as plain ones. */
  readonly closed: readonly string[];
  /** States with so many ways in that each drawn arrow would hide the rest. */
  readonly gathered: readonly string[];
}

/** All of a chart in one picture; of arrows into a state from more than three others there is the number alone. */
export function wholePicture(chart: Chart): Picture {
  const MAX_ARROWS = 3;
  const sourcesOf = (path: string) =>
    new Set(chart.transitions.flatMap(({ source, target }) => (target === path ? [source] : [])));
  const crowded = chart.states.filter(({ path }) => sourcesOf(path).size > MAX_ARROWS);
  return { inside: '', closed: [], gathered: crowded.map(({ path }) => path) };
}

interface Arrow {
  readonly from: string;
  readonly to: string;
  /** The state inside which it is drawn. */
  readonly inside: string;
  readonly label: string;
}

/** The text of the diagram, without the fence. */
export function mermaidOf(chart: Chart, picture: Picture): string {
  const arrows = arrowsOf(chart, picture);
  const outside = [...new Set(arrows.map(({ to }) => to))].filter((path) => !isInside(path, picture.inside));
  const outsideLines = outside.map((path) => `    ${idOf(path)}: ${nameOf(path)}`);
  const lines = childLines({ chart, picture, arrows }, picture.inside, 1);
  return ['stateDiagram-v2', ...outsideLines, ...lines.map(checked), ...classLines(chart, lines, outside)].join('\n');
}

/** Every line is an id or an arrow, then perhaps a label after `: `, in which some characters would end the diagram. */
function checked(line: string): string {
  const label = line.split(': ').slice(1).join(': ').replaceAll('<br/>', '');
  if (/[:;#"{}<>%]/.test(label)) throw new Error(`Mermaid can't read this label: ${label}`);
  return line;
}

interface Drawing {
  readonly chart: Chart;
  readonly picture: Picture;
  readonly arrows: readonly Arrow[];
}

function childLines(drawing: Drawing, parent: string, depth: number): string[] {
  const { chart, arrows } = drawing;
  const indent = '    '.repeat(depth);
  const isParallel = stateAt(chart, parent).kind === 'parallel';
  const blocks = chart.states
    .filter((state) => state.parent === parent)
    .map((child) => [
      ...(child.isInitial && !isParallel ? [`${indent}[*] --> ${idOf(child.path)}`] : []),
      ...stateLines(drawing, child, depth),
    ]);
  const separated = blocks.flatMap((block, index) => (isParallel && index > 0 ? [`${indent}--`, ...block] : block));
  const own = arrows.filter((arrow) => arrow.inside === parent);
  return [...separated, ...own.map(({ from, to, label }) => `${indent}${idOf(from)} --> ${idOf(to)}: ${label}`)];
}

function stateLines(drawing: Drawing, state: ChartState, depth: number): string[] {
  const indent = '    '.repeat(depth);
  const id = idOf(state.path);
  if (isOpen(state, drawing.picture)) {
    const inner = childLines(drawing, state.path, depth + 1);
    return [`${indent}state "${state.name}" as ${id} {`, ...inner, `${indent}}`];
  }
  const details = detailLines(drawing.chart, state).map((line) => `${indent}${id}: ${line}`);
  const end = state.kind === 'final' ? [`${indent}${id} --> [*]`] : [];
  return [`${indent}${id}: ${state.name}`, ...details, ...end];
}

function isOpen(state: ChartState, { closed }: Picture): boolean {
  return (state.kind === 'compound' || state.kind === 'parallel') && !closed.includes(state.path);
}

/** What a state does besides leading elsewhere, as the lines under its name. */
function detailLines(chart: Chart, state: ChartState): string[] {
  const staying = chart.transitions.filter(({ source, target }) => source === state.path && isLoop(source, target));
  return [
    ...state.actors.map(({ id }) => `invoke ${id}`),
    ...(state.entry.length > 0 ? [`entry / ${state.entry.map(actionWords).join(', ')}`] : []),
    ...(state.exit.length > 0 ? [`exit / ${state.exit.map(actionWords).join(', ')}`] : []),
    ...staying.map((transition) => `${labelOf(transition)} / ${transition.actions.map(actionWords).join(', ')}`),
  ];
}

/** It leads nowhere else; as an arrow its words would lie on those of others. */
function isLoop(source: string, target: string | null): boolean {
  return target === null || target === source;
}

function arrowsOf(chart: Chart, picture: Picture): Arrow[] {
  const groups = new Map<string, { readonly ends: Ends; readonly transitions: ChartTransition[] }>();
  for (const transition of chart.transitions) {
    const ends = drawableEnds(transition, picture);
    if (ends === null) continue;
    const key = `${ends.from} ${ends.to}`;
    const group = groups.get(key) ?? { ends, transitions: [] };
    group.transitions.push(transition);
    groups.set(key, group);
  }
  const isGathered = ({ to }: Ends) => picture.gathered.includes(to);
  // Mermaid lays out in the order given: the crowded state goes to the side when its arrows come last.
  const ordered = [...groups.values()].sort((a, b) => Number(isGathered(a.ends)) - Number(isGathered(b.ends)));
  return ordered.map(({ ends, transitions }) => ({
    ...ends,
    label: isGathered(ends)
      ? waysIn(transitions.length)
      : transitions.map((transition) => arrowLabelOf(chart, ends, transition)).join('<br/>'),
  }));
}

type Ends = Omit<Arrow, 'label'>;

/** The two states between which a transition is drawn; null if it is no arrow of this picture. */
function drawableEnds({ source, target }: ChartTransition, picture: Picture): Ends | null {
  if (target === null || isLoop(source, target)) return null;
  if (source === picture.inside || !isInside(source, picture.inside)) return null;
  if (!isInside(target, picture.inside)) {
    return { from: childOn(source, picture.inside), to: target, inside: picture.inside };
  }
  const aroundSource = ancestorsOf(source);
  const inside = ancestorsOf(target).find((path) => aroundSource.includes(path)) ?? '';
  const isHidden = picture.closed.some((path) => inside === path || isInside(inside, path));
  return isHidden ? null : { from: childOn(source, inside), to: childOn(target, inside), inside };
}

function isInside(path: string, around: string): boolean {
  return ancestorsOf(path).includes(around);
}

/** The state on the way from `path` up to `ancestor` that is its child. */
function childOn(path: string, ancestor: string): string {
  const depth = ancestor === '' ? 1 : ancestor.split('.').length + 1;
  return path.split('.').slice(0, depth).join('.');
}

function waysIn(count: number): string {
  return count === 1 ? 'one way' : `${count} ways`;
}

function arrowLabelOf(chart: Chart, { from, to }: Ends, transition: ChartTransition): string {
  const { source, target } = transition;
  const begin = source === from ? '' : `${nameOf(source)} · `;
  const end = target === null || target === to || stateAt(chart, target).isInitial ? '' : ` → ${nameOf(target)}`;
  return `${begin}${labelOf(transition)}${end}`;
}

function labelOf({ trigger, guard }: ChartTransition): string {
  const condition = guard === null ? '' : `[${guard}]`;
  switch (trigger.kind) {
    case 'event':
      return `${trigger.name} ${condition}`.trim();
    case 'timed':
      return `after ${trigger.name} ${condition}`.trim();
    case 'always':
      return condition === '' ? 'else' : condition;
    case 'actorDone':
      return `actor ${trigger.name} done ${condition}`.trim();
    case 'actorFailed':
      return `actor ${trigger.name} failed ${condition}`.trim();
    case 'regionsDone':
      return `all done ${condition}`.trim();
  }
}

/** An action as it stands in pictures and tables: its name and the values it is given. */
export function actionWords({ name, params }: ChartAction): string {
  const values = Object.values(params);
  return values.length === 0 ? name : `${name}(${values.join(', ')})`;
}

/** Strokes only: the fill stays with the reader's light or dark theme. */
function classLines(chart: Chart, lines: readonly string[], outside: readonly string[]): string[] {
  const isDrawn = ({ path }: ChartState) => lines.some((line) => line.trim() === `${idOf(path)}: ${nameOf(path)}`);
  const ends = chart.states.filter((state) => state.kind === 'final' && isDrawn(state));
  const bad = ends.filter(({ name }) => name === 'error' || name === 'failed').map(({ path }) => path);
  const good = ends.map(({ path }) => path).filter((path) => !bad.includes(path));
  return [
    ...classOf('good', 'stroke:#2da44e,stroke-width:2px', good),
    ...classOf('bad', 'stroke:#cf222e,stroke-width:2px', bad),
    ...classOf('outside', 'stroke-dasharray:4 4', outside),
  ];
}

function classOf(name: string, style: string, paths: readonly string[]): string[] {
  if (paths.length === 0) return [];
  return [`    classDef ${name} ${style}`, `    class ${paths.map(idOf).join(', ')} ${name}`];
}

/** Mermaid ids are plain words; `end`, `state` and the like are taken, so every id is more than a word. */
function idOf(path: string): string {
  return `${path.replaceAll('.', '_')}_`;
}

function nameOf(path: string): string {
  return path.split('.').at(-1) ?? path;
}
