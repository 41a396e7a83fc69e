/**
 * The document of one chart: pictures and tables from the machine, words from its notes. Both must fit exactly: a state, event,
 * guard, delay, fact, message or actor without words is an error, and so are words about something that is not there.
 */
import {
  ancestorsOf,
  type ChartState,
  type ChartTransition,
  stateAt,
  type Trigger,
} from '../../../src/analysis/chart/chart-content.ts';
import { actionWords, mermaidOf } from '../../../src/analysis/chart/mermaid.ts';
import type { DocumentedChart } from './effects.ts';
import type { ChartNotes } from './notes.ts';

/** The whole document as Markdown. */
export function documentOf(chart: DocumentedChart, notes: ChartNotes): string {
  checkNotes(chart, notes);
  const listed = withoutRepeated(chart, notes);
  const sections = [
    heading(notes),
    drawingOf(chart, notes),
    ...notes.pictures.map(({ title, text, picture }) =>
      section(title, text, `\`\`\`mermaid\n${mermaidOf(chart, picture)}\n\`\`\``),
    ),
    section('States', notes.statesText, statesTable(listed, notes)),
    section(
      'Events',
      'What the chart hears; anything else it ignores.',
      meaningTable('Event', 'What happened', notes.events),
    ),
    section('Transitions', 'In each state the first row whose condition holds is taken.', transitionsTable(listed)),
    alwaysSection(listed),
    section('Timed exits', '', timedTable(listed, notes)),
    section('Conditions', '', meaningTable('Condition', 'Holds if', notes.guards)),
    section('Emitted facts', 'What the chart says to its host, which carries it out.', factsTable(chart, notes)),
    messagesSection(chart, notes),
    actorsSection(listed, notes),
  ];
  return `${sections.filter((text) => text !== '').join('\n\n')}\n`;
}

function heading({ title, source, intro }: ChartNotes): string {
  const path = `../../${source}`;
  return [
    `# ${title}`,
    `> Generated from [\`${source}\`](${path}) by \`test/statecharts.test.ts\`, which fails when the two differ.`,
    '> Do not edit: change the chart (or the words in `test/support/statecharts/`), then run',
    '> `npx vitest run test/statecharts.test.ts -u`.',
    '',
    intro,
  ].join('\n');
}

/** The map; the drawing with every transition is too wide to stand in a text. */
function drawingOf({ id }: DocumentedChart, { title }: ChartNotes): string {
  const map = `[![${title}: its states and the ways between them](images/${id}.svg)](images/${id}.svg)`;
  return `${map}\n\nThe same with [every transition and its guard](images/${id}-full.svg).`;
}

function section(title: string, text: string, body: string): string {
  return [`## ${title}`, text, body].filter((part) => part !== '').join('\n\n');
}

function statesTable(chart: DocumentedChart, notes: ChartNotes): string {
  const rows = chart.states
    .filter(({ path }) => path !== '')
    .map((state) => [
      code(state.path),
      state.kind === 'atomic' ? '' : state.kind,
      notes.states[state.path] ?? '',
      [
        ...state.entry.map((action) => `entry ${code(actionWords(action))}`),
        ...state.exit.map((action) => `exit ${code(actionWords(action))}`),
      ].join('<br>'),
      timedWords(chart, state),
    ]);
  return table(['State', 'Kind', 'What it is, what it waits for', 'Actions', 'Timed exits (around it)'], rows);
}

function timedWords(chart: DocumentedChart, state: ChartState): string {
  if (state.kind === 'final') return '';
  const delaysOf = (path: string) =>
    unique(
      chart.transitions.flatMap(({ source, trigger }) =>
        source === path && trigger.kind === 'timed' ? [trigger.name] : [],
      ),
    );
  const around = unique(ancestorsOf(state.path).flatMap(delaysOf)).map(code).join(', ');
  return [delaysOf(state.path).map(code).join(', '), around === '' ? '' : `(${around})`]
    .filter((text) => text !== '')
    .join(' ');
}

function transitionsTable(chart: DocumentedChart): string {
  const rows = chart.transitions
    .filter(({ trigger }) => trigger.kind !== 'always' && trigger.kind !== 'timed')
    .map((transition) => [
      sourceWords(transition),
      triggerWords(transition.trigger),
      code(transition.guard ?? ''),
      targetWords(transition),
      actionsWords(transition),
    ]);
  return table(['In state', 'On', 'If', 'Leads to', 'Actions'], rows);
}

function alwaysSection(chart: DocumentedChart): string {
  const rows = chart.transitions
    .filter(({ trigger }) => trigger.kind === 'always')
    .map((transition) => [
      sourceWords(transition),
      code(transition.guard ?? ''),
      targetWords(transition),
      actionsWords(transition),
    ]);
  if (rows.length === 0) return '';
  return section(
    'On its own',
    'Taken as soon as the condition holds.',
    table(['In state', 'If', 'Leads to', 'Actions'], rows),
  );
}

function timedTable(chart: DocumentedChart, notes: ChartNotes): string {
  const timed = chart.transitions.flatMap((transition) =>
    transition.trigger.kind === 'timed' ? [{ delay: transition.trigger.name, transition }] : [],
  );
  const rows = timed.map(({ delay, transition }) => {
    const constant = chart.delays[delay];
    const value = typeof constant === 'number' ? `${constant / 1000} s: ` : '';
    return [
      sourceWords(transition),
      code(delay),
      `${value}${notes.delays[delay] ?? ''}`,
      code(transition.guard ?? ''),
      targetWords(transition),
      actionsWords(transition),
    ];
  });
  return table(['In state', 'After', 'Which is', 'If', 'Leads to', 'Actions'], rows);
}

function factsTable(chart: DocumentedChart, notes: ChartNotes): string {
  const rows = Object.entries(notes.facts).map(([fact, meaning]) => [
    code(fact),
    meaning,
    actionsThat(chart, (name) => factsOf(chart, notes, name).includes(fact)),
  ]);
  return table(['Fact', 'What the host does with it', 'Said by'], rows);
}

function messagesSection(chart: DocumentedChart, notes: ChartNotes): string {
  const rows = Object.entries(notes.messages).map(([type, { to, meaning, carriedBy }]) => [
    code(to),
    code(type),
    meaning,
    carriedBy === undefined
      ? actionsThat(chart, (name) => chart.effects[name]?.sends.some((sent) => sent.type === type) ?? false)
      : `the host, with ${carriedBy}`,
  ]);
  if (rows.length === 0) return '';
  return section('Messages to actors', '', table(['To', 'Message', 'What it says', 'Sent by'], rows));
}

function actorsSection(chart: DocumentedChart, notes: ChartNotes): string {
  const rows = Object.entries(notes.actors).map(([src, meaning]) => {
    const states = chart.states.filter(({ actors }) => actors.some((actor) => actor.src === src));
    return [code(src), meaning, states.map(({ path }) => code(path)).join('<br>')];
  });
  if (rows.length === 0) return '';
  const text =
    'Invoked on entering the state, stopped on leaving it. The chart names them; real ones are provided from outside.';
  return section('Actors', text, table(['Actor', 'What it does', 'Lives in'], rows));
}

function meaningTable(name: string, meaning: string, notes: Readonly<Record<string, string>>): string {
  return table(
    [name, meaning],
    Object.entries(notes).map(([key, words]) => [code(key), words]),
  );
}

function sourceWords({ source }: ChartTransition): string {
  return source === '' ? 'any' : code(source);
}

function targetWords({ target }: ChartTransition): string {
  return target === null ? 'stays' : code(target);
}

function actionsWords({ actions }: ChartTransition): string {
  return actions.map((action) => code(actionWords(action))).join(', ');
}

function triggerWords(trigger: Trigger): string {
  switch (trigger.kind) {
    case 'event':
    case 'timed':
      return code(trigger.name);
    case 'always':
      return '';
    case 'actorDone':
      return `actor ${code(trigger.name)} is done`;
    case 'actorFailed':
      return `actor ${code(trigger.name)} failed`;
    case 'regionsDone':
      return 'all its regions are done';
  }
}

function actionsThat(chart: DocumentedChart, isMeant: (name: string) => boolean): string {
  return Object.keys(chart.effects).filter(isMeant).map(code).join(', ');
}

function factsOf(chart: DocumentedChart, { computedFacts }: ChartNotes, action: string): readonly string[] {
  return [...(chart.effects[action]?.emits ?? []), ...(computedFacts[action] ?? [])];
}

/** The chart without the insides that another state has, too. */
function withoutRepeated(chart: DocumentedChart, { sameInside }: ChartNotes): DocumentedChart {
  const isRepeated = (path: string) => ancestorsOf(path).some((around) => Object.hasOwn(sameInside, around));
  return {
    ...chart,
    states: chart.states.filter(({ path }) => !isRepeated(path)),
    transitions: chart.transitions.filter(({ source }) => !isRepeated(source)),
  };
}

function checkNotes(chart: DocumentedChart, notes: ChartNotes): void {
  for (const [path, other] of Object.entries(notes.sameInside)) checkSameInside(chart, path, other);
  const listed = withoutRepeated(chart, notes);
  const actions = Object.keys(chart.effects);
  checkWords(
    'state',
    listed.states.flatMap(({ path }) => (path === '' ? [] : [path])),
    notes.states,
  );
  checkWords('event', namesOf(listed, 'event'), notes.events);
  checkWords('delay', namesOf(listed, 'timed'), notes.delays);
  checkWords(
    'guard',
    unique(chart.transitions.flatMap(({ guard }) => guard?.split(/ (?:and|or) /) ?? [])),
    notes.guards,
  );
  checkWords('actor', unique(chart.states.flatMap(({ actors }) => actors.map(({ src }) => src))), notes.actors);
  checkWords('fact', unique(actions.flatMap((action) => factsOf(chart, notes, action))), notes.facts);
  checkWords(
    'action with computed facts',
    actions.filter((action) => chart.effects[action]?.emitsComputed),
    notes.computedFacts,
  );
  const sent = unique(actions.flatMap((action) => chart.effects[action]?.sends.map(({ type }) => type) ?? []));
  const carried = Object.entries(notes.messages).flatMap(([type, { carriedBy }]) =>
    carriedBy === undefined ? [] : [type],
  );
  checkWords('message', [...sent, ...carried], notes.messages);
}

function checkWords(kind: string, names: readonly string[], words: Readonly<Record<string, unknown>>): void {
  const mute = names.filter((name) => !Object.hasOwn(words, name));
  const stale = Object.keys(words).filter((name) => !names.includes(name));
  if (mute.length > 0) throw new Error(`the notes have no words for the ${kind} ${mute.join(', ')}`);
  if (stale.length > 0) throw new Error(`the notes are about a ${kind} that is not in the chart: ${stale.join(', ')}`);
}

function checkSameInside(chart: DocumentedChart, path: string, other: string): void {
  if (insideOf(chart, path) !== insideOf(chart, other)) throw new Error(`the insides of ${path} and ${other} differ`);
}

/** All that is inside a state, as text that does not name the state itself. */
function insideOf(chart: DocumentedChart, path: string): string {
  stateAt(chart, path);
  const isInside = (inner: string) => ancestorsOf(inner).includes(path);
  const states = chart.states.filter((state) => isInside(state.path));
  const transitions = chart.transitions.filter(({ source }) => isInside(source));
  return JSON.stringify({ states, transitions }).replaceAll(`"${path}.`, '".').replaceAll(`"${path}"`, '""');
}

function namesOf(chart: DocumentedChart, kind: 'event' | 'timed'): readonly string[] {
  return unique(chart.transitions.flatMap(({ trigger }) => (trigger.kind === kind ? [trigger.name] : [])));
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)];
}

function code(text: string): string {
  return text === '' ? '' : `\`${text}\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`.replace(/ {2,}/g, ' ');
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}
