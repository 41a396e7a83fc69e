// What the rounds of a run say: a figure for each measure of each server, ratios of pairs, exponents of growth, and the aims beside what was
// measured. Pure. A server that failed in any round of a stage has no figure there: a median of the rounds that went well would be a figure of
// another server.
import { middle, pairedRatios, steepestExponent } from './statistics.mjs';

/** Servers whose figures are told as ratios, and to what. */
const yardsticks = ['naive', 'tuned'];

/**
 * The aims, in the order in which they are told. `of` finds the figure; `goal` is what is hoped for beyond the aim.
 * @type {readonly { id: string, title: string, unit: string, limit: number, isBelow?: boolean, goal?: number, of: (summary: any) => any }[]}
 */
const aims = [
  {
    id: 'frame-naive',
    title: 'CPU a frame, to the naive handler',
    unit: '×',
    limit: 0.9,
    goal: 0.75,
    of: ({ ratios }) => ratios.frame?.recital?.naive,
  },
  {
    id: 'frame-tuned',
    title: 'CPU a frame, to the tuned handler',
    unit: '×',
    limit: 1.5,
    of: ({ ratios }) => ratios.frame?.recital?.tuned,
  },
  {
    id: 'session',
    title: 'a short session, all processes',
    unit: 'ms',
    limit: 0.45,
    of: ({ figures }) => figures.session?.recital?.cpuMsPerCall,
  },
  {
    id: 'first-frame',
    title: 'first frame in a burst, p50',
    unit: 'ms',
    limit: 2,
    goal: 1.5,
    of: ({ figures }) => figures.frame?.recital?.firstFrameP50Ms,
  },
  {
    id: 'waiting',
    title: 'heap of a waiting stream',
    unit: 'KB',
    limit: 20,
    goal: 15,
    of: ({ figures }) => figures.waiting?.recital?.heapKBPerStream,
  },
  {
    id: 'admission',
    title: 'admission beside 1,000 live, p99',
    unit: 'ms',
    limit: 1,
    isBelow: true,
    of: ({ figures }) => figures.waiting?.recital?.admissionP99Ms,
  },
  {
    id: 'growth-streams',
    title: 'growth over streams at once',
    unit: 'exp.',
    limit: 1.1,
    of: ({ growth }) => growth.streams?.recital?.exponent,
  },
  {
    id: 'growth-frames',
    title: 'growth over frames a call',
    unit: 'exp.',
    limit: 1.1,
    of: ({ growth }) => growth.frames?.recital?.exponent,
  },
  {
    id: 'growth-text',
    title: 'growth over bytes of an answer',
    unit: 'exp.',
    limit: 1.1,
    of: ({ growth }) => growth.text?.recital?.exponent,
  },
];

/** The one measure of a stage that is told as a ratio. */
const ratioMeasures = { frame: 'cpuMicrosPerFrame', session: 'cpuMsPerCall' };

/**
 * @param {readonly { stage: string, round: number, variant: string, figures?: Record<string, any>, failed?: string }[]} samples
 * @returns {{ figures: any, ratios: any, growth: any, refused: any[], aims: any[] }}
 */
export function summarise(samples) {
  const told = { figures: {}, ratios: {}, growth: {}, refused: [] };
  for (const stage of new Set(samples.map((sample) => sample.stage))) {
    const byVariant = grouped(
      samples.filter((sample) => sample.stage === stage),
      ({ variant }) => variant,
    );
    for (const [variant, rounds] of byVariant) {
      const failure = rounds.find(({ failed }) => failed !== undefined);
      if (failure === undefined) continue;
      told.refused.push({ stage, variant, round: failure.round, why: failure.failed });
      byVariant.delete(variant);
    }
    for (const [variant, rounds] of byVariant) {
      if (rounds[0].figures.costs === undefined) note(told.figures, stage, variant, figuresOf(rounds));
      else note(told.growth, stage, variant, growthOf(rounds));
    }
    if (stage in ratioMeasures) noteRatios(told.ratios, stage, byVariant);
  }
  return { ...told, aims: aims.map((aim) => judged(aim, told)) };
}

function note(table, stage, variant, value) {
  table[stage] ??= {};
  table[stage][variant] = value;
}

function noteRatios(ratios, stage, byVariant) {
  for (const [variant, rounds] of byVariant) {
    const others = yardsticks.filter((yardstick) => yardstick !== variant && byVariant.has(yardstick));
    const pairs = others.map((yardstick) => [
      yardstick,
      middle(pairedRatios(...pairsOf(rounds, byVariant.get(yardstick), ratioMeasures[stage]))),
    ]);
    note(ratios, stage, variant, Object.fromEntries(pairs.filter(([, ratio]) => ratio !== null)));
  }
}

/** Map.groupBy, which Node 20 does not have. */
function grouped(items, keyOf) {
  const groups = new Map();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

function figuresOf(rounds) {
  const measures = Object.keys(rounds[0].figures);
  return Object.fromEntries(measures.map((name) => [name, middle(rounds.map((round) => round.figures[name]))]));
}

function pairsOf(rounds, others, measure) {
  const numbers = [...new Set([...rounds, ...others].map(({ round }) => round))];
  const valuesOf = (samples) =>
    numbers.map((number) => samples.find(({ round }) => round === number)?.figures[measure] ?? null);
  return [valuesOf(rounds), valuesOf(others)];
}

/** The medians of the rounds by size, and how the exponents of the rounds lie. */
function growthOf(rounds) {
  const { sizes } = rounds[0].figures;
  const pointsOf = ({ figures }) => sizes.map((size, index) => ({ size, cost: figures.costs[index] }));
  return {
    points: sizes.map((size, index) => ({ size, cost: middle(rounds.map(({ figures }) => figures.costs[index])) })),
    exponent: middle(rounds.map((round) => steepestExponent(pointsOf(round)))),
  };
}

function judged({ of, isBelow = false, ...aim }, told) {
  const figure = of(told) ?? null;
  const isReached = figure === null ? null : isBelow ? figure.median < aim.limit : figure.median <= aim.limit;
  return { ...aim, isBelow, figure, isReached };
}

const sign = ({ isBelow }) => (isBelow ? '<' : '≤');
const verdictOf = ({ isReached }) => (isReached === null ? 'no figure' : isReached ? 'reached' : 'not reached');

/** Three significant digits, without an exponent. */
export function digits(value) {
  const places = Math.max(0, 2 - Math.floor(Math.log10(Math.max(Math.abs(value), 1e-9))));
  return value.toFixed(Math.min(places, 3)).replace(/\B(?=(\d{3})+$)/g, places === 0 ? ',' : '');
}

const halfOf = (figure) => (figure === null ? '' : `${digits(figure.low)} to ${digits(figure.high)}`);

/** The aims in at most 80 columns. */
export function aimsTable(summary) {
  const row = ([title, aim, measured, half, verdict]) =>
    `${title.padEnd(32)}${aim.padStart(10)}${measured.padStart(8)}  ${half.padEnd(13)} ${verdict}`.trimEnd();
  const rows = summary.aims.map((aim) => [
    aim.title,
    `${sign(aim)} ${aim.limit} ${aim.unit}`,
    aim.figure === null ? '-' : digits(aim.figure.median),
    halfOf(aim.figure),
    verdictOf(aim),
  ]);
  return [['', 'aim', 'median', 'middle half', ''], ...rows].map(row).join('\n');
}

/** The measures of a stage that are told for every server: name, heading. */
const columns = {
  frame: [
    ['cpuMicrosPerFrame', 'CPU a frame, µs'],
    ['callsPerSecond', 'calls/s'],
    ['framesPerSecond', 'frames/s'],
    ['megabytesPerSecond', 'MB/s'],
    ['firstFrameP50Ms', 'first frame p50, ms'],
    ['firstFrameP99Ms', 'p99'],
    ['firstFrameAloneMs', 'alone'],
    ['loopDelayP99Ms', 'loop delay p99, ms'],
  ],
  session: [
    ['cpuMsPerCall', 'CPU a session, ms'],
    ['callsPerSecond', 'sessions/s'],
    ['firstFrameP50Ms', 'first frame p50, ms'],
    ['firstFrameP99Ms', 'p99'],
  ],
  waiting: [
    ['heapKBPerStream', 'heap a stream, KB'],
    ['rssKBPerStream', 'RSS a stream, KB'],
    ['admissionP50Ms', 'admission p50, ms'],
    ['admissionP99Ms', 'p99'],
    ['admissionP99Beside10Ms', 'p99 beside 10'],
  ],
};

const headings = { frame: '221 frames a call', session: 'a short session', waiting: '1,000 waiting streams' };
const growthUnits = { streams: 'streams at once', frames: 'frames a call', text: 'bytes of text' };

/** What docs/PERFORMANCE.md says of a run, between its markers; `record` null: that there is none. */
export function recordInMarkdown(record, titleOf) {
  if (record === null)
    return 'There is no record yet: `npm run bench` makes one, and writes it here with `-- --write-doc`.';
  const { summary, machine, versions } = record;
  const head =
    `${machine.cpu}, ${machine.cores} cores, Node ${versions.node}, ${record.at.slice(0, 10)}, seed ${record.seed}, load before ` +
    `${record.loadBefore.toFixed(1)}. Medians; in brackets the middle half.`;
  const aimRows = summary.aims.map((aim) => [
    aim.title,
    `${sign(aim)} ${aim.limit} ${aim.unit}`,
    aim.figure === null ? '' : `${digits(aim.figure.median)} (${halfOf(aim.figure)})`,
    verdictOf(aim),
  ]);
  const parts = [head, markdownTable(['aim', 'at most', 'measured', ''], aimRows)];
  for (const [stage, measures] of Object.entries(columns)) {
    const byVariant = summary.figures[stage];
    if (byVariant !== undefined)
      parts.push(stageTable(stage, measures, byVariant, summary.ratios[stage] ?? {}, titleOf));
  }
  parts.push(growthTable(summary.growth));
  if (summary.refused.length > 0) {
    parts.push(summary.refused.map((one) => `No figure for ${one.variant} (${one.stage}): ${one.why}.`).join('\n'));
  }
  return parts.join('\n\n');
}

function stageTable(stage, measures, byVariant, ratios, titleOf) {
  const shown = measures.filter(([name]) => Object.values(byVariant).some((figures) => figures[name] !== undefined));
  const rows = Object.entries(byVariant).map(([variant, figures]) => [
    titleOf(variant),
    ...shown.map(([name]) => (figures[name] === undefined ? '' : digits(figures[name].median))),
    ...(stage in ratioMeasures
      ? [ratios[variant]?.naive === undefined ? '' : digits(ratios[variant].naive.median)]
      : []),
  ]);
  const ratioHead = stage in ratioMeasures ? ['CPU to naive'] : [];
  return markdownTable([headings[stage], ...shown.map(([, heading]) => heading), ...ratioHead], rows);
}

function growthTable(growth) {
  const rows = Object.entries(growth).flatMap(([stage, byVariant]) =>
    Object.entries(byVariant).map(([variant, { points, exponent }]) => [
      `${growthUnits[stage]}, ${variant}`,
      points.map(({ size, cost }) => `${size.toLocaleString('en')}: ${digits((cost.median * 1e3) / size)}`).join(' · '),
      digits(exponent.median),
    ]),
  );
  return markdownTable(['growth', 'size: CPU of one of it, µs', 'exponent'], rows);
}

function markdownTable(head, rows) {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
