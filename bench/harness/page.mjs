// The page of plots of a record: what a frame, a session and a waiting stream cost each server, how soon the first frame comes, what grows with
// what, and the aims. Which chart shows which measure is data.
import { digits } from './summary.mjs';
import { lineChart, page, rangeChart, text } from './svg.mjs';

const WIDTH = 1240;
const MARGIN = 28;
const GAP = 34;
const COLUMNS = 3;
const CHART_HEIGHT = 240;
const TOP = 84;
const CHART_WIDTH = (WIDTH - 2 * MARGIN - (COLUMNS - 1) * GAP) / COLUMNS;

/** Medians with their middle halves, or from one measure to another (`to`). */
const rangeCharts = [
  { title: 'Processor time a frame', stage: 'frame', measure: 'cpuMicrosPerFrame', unit: 'µs, all processes' },
  {
    title: 'The same, to the naive handler',
    stage: 'frame',
    ratio: 'naive',
    unit: 'ratio of pairs',
    aim: 'frame-naive',
  },
  {
    title: 'Throughput',
    stage: 'frame',
    measure: 'framesPerSecond',
    unit: 'frames/s, one connection',
    also: 'megabytesPerSecond',
  },
  {
    title: 'First frame in a burst, p50 to p99',
    stage: 'frame',
    measure: 'firstFrameP50Ms',
    to: 'firstFrameP99Ms',
    unit: 'ms',
    isLog: true,
    aim: 'first-frame',
  },
  {
    title: 'Late turns of the loop, p50 to p99',
    stage: 'frame',
    measure: 'loopDelayP50Ms',
    to: 'loopDelayP99Ms',
    unit: 'ms',
  },
  {
    title: 'A short session',
    stage: 'session',
    measure: 'cpuMsPerCall',
    unit: 'ms of CPU, all processes',
    aim: 'session',
  },
  {
    title: 'Heap of a waiting stream',
    stage: 'waiting',
    measure: 'heapKBPerStream',
    unit: 'KB after collection',
    aim: 'waiting',
  },
  { title: 'Memory (RSS) of a waiting stream', stage: 'waiting', measure: 'rssKBPerStream', unit: 'KB' },
  {
    title: 'Admission beside 1,000, p50 to p99',
    stage: 'waiting',
    measure: 'admissionP50Ms',
    to: 'admissionP99Ms',
    unit: 'ms',
    isLog: true,
    aim: 'admission',
  },
];

const lineCharts = [
  { title: 'Streams at once', stage: 'streams', unit: 'µs of CPU a stream', across: 'streams' },
  { title: 'Frames a call', stage: 'frames', unit: 'µs of CPU a frame', across: 'frames' },
  { title: 'Bytes of text', stage: 'text', unit: 'µs of CPU a byte', across: 'bytes' },
];

/**
 * @param {any} record as bench/results/bench.json has it
 * @param {readonly import('./variants.mjs').Variant[]} variants
 */
export function drawPage(record, variants) {
  const { machine, versions, summary } = record;
  const rows = Math.ceil((rangeCharts.length + lineCharts.length) / COLUMNS);
  const height = TOP + rows * (CHART_HEIGHT + GAP) + MARGIN;
  const kind = record.isQuick ? 'a quick try, no record' : 'the record';
  const about =
    `${machine.cpu}, ${machine.cores} cores, Node ${versions.node}, ${record.at.slice(0, 10)}, commit ${record.commit}, seed ${record.seed}, ` +
    `load before ${record.loadBefore.toFixed(1)}. Dots are medians of rounds, bars their middle half unless a chart says otherwise.`;
  const parts = [
    text(MARGIN, 36, `What Recital costs: ${kind}`, { size: 20, isBold: true }),
    text(MARGIN, 58, about, { size: 12, colour: 'soft' }),
  ];
  for (const [index, chart] of [...rangeCharts, ...lineCharts].entries()) {
    const place = {
      x: MARGIN + (index % COLUMNS) * (CHART_WIDTH + GAP),
      y: TOP + Math.floor(index / COLUMNS) * (CHART_HEIGHT + GAP),
      width: CHART_WIDTH,
      height: CHART_HEIGHT,
    };
    parts.push(
      'across' in chart
        ? lineChart({ ...chart, ...place, ...linesOf(chart, summary, variants) })
        : rangeChart({ ...chart, ...place, aim: aimOf(chart, summary), rows: rowsOf(chart, summary, variants) }),
    );
  }
  return page({ width: WIDTH, height, title: `What Recital costs: ${kind}` }, parts);
}

function aimOf({ aim }, { aims }) {
  return aims.find(({ id }) => id === aim)?.limit ?? null;
}

function rowsOf({ stage, measure, to, ratio, also }, { figures, ratios }, variants) {
  return variants.flatMap(({ id, title, family }) => {
    const own = figures[stage]?.[id];
    const figure = ratio === undefined ? own?.[measure] : ratios[stage]?.[id]?.[ratio];
    if (figure === undefined || figure === null) return [];
    const { median } = figure;
    const span = to === undefined ? [figure.low, figure.high] : [median, own[to].median];
    const told = also === undefined ? digits(median) : `${digits(own[also].median)} MB/s`;
    return [{ label: title, colour: family, value: median, low: span[0], high: span[1], told }];
  });
}

/** Cost of one of what grows, and the exponents beside the title. */
function linesOf({ stage }, { growth }, variants) {
  const shown = variants.filter(({ id }) => growth[stage]?.[id] !== undefined);
  const lines = shown.map(({ id, family }) => ({
    label: id,
    colour: family,
    points: growth[stage][id].points.map(({ size, cost }) => ({ size, value: (cost.median * 1e3) / size })),
  }));
  const note = shown.map(({ id }) => `${id} ${digits(growth[stage][id].exponent.median)}`).join(', ');
  return { lines, ...(note !== '' && { note: `exponent: ${note}` }) };
}
