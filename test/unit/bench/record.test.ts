/** What a run says of its samples: figures, ratios, aims, and what is refused; and that docs/PERFORMANCE.md says what the record says. */
import { describe, expect, test } from 'vitest';
import { recordAsWritten, recordInDocument } from '../../../bench/harness/document.mjs';
import { drawPage } from '../../../bench/harness/page.mjs';
import { stages } from '../../../bench/harness/stages.mjs';
import { aimsTable, digits, recordInMarkdown, summarise } from '../../../bench/harness/summary.mjs';
import { variants } from '../../../bench/harness/variants.mjs';
import { styleFaultsOf } from '../../support/svg-style.ts';

type Figures = Readonly<Record<string, unknown>>;
interface Sample {
  readonly stage: string;
  readonly round: number;
  readonly variant: string;
  readonly figures?: Figures;
  readonly failed?: string;
}

const SIZES = [1, 10, 100, 1000];
const cost: Readonly<Record<string, number>> = { recital: 8, naive: 10, tuned: 6, python: 30 };
const moods = [1, 4, 2];

/** What a server measures in each stage, this many times as dear as it is where nothing disturbs it. */
function figuresOf(stage: string, variant: string, mood: number): Figures {
  const dear = (cost[variant] ?? 9) * mood;
  switch (stage) {
    case 'frame': {
      const first = { firstFrameP50Ms: 1.2 * mood, firstFrameP99Ms: 9 * mood, firstFrameAloneMs: 0.4 };
      const loop = variant === 'python' ? {} : { loopDelayP50Ms: 0.2, loopDelayP99Ms: 2 * mood, loopDelayMaxMs: 9 };
      const speed = { callsPerSecond: 500, framesPerSecond: 110_500, megabytesPerSecond: 450 };
      return { cpuMicrosPerFrame: dear, ...speed, ...first, clientCores: 0.9, ...loop };
    }
    case 'session':
      return { cpuMsPerCall: dear / 20, callsPerSecond: 1500, firstFrameP50Ms: 4, firstFrameP99Ms: 20 };
    case 'waiting': {
      const admission = {
        admissionP50Ms: 0.5,
        admissionP99Ms: 1,
        admissionP50Beside10Ms: 0.5,
        admissionP99Beside10Ms: 1,
      };
      const heap = variant === 'python' ? {} : { heapKBPerStream: 18, heapMBBefore: 20, heapMBAfter: 20 };
      return { rssKBPerStream: 40, ...admission, ...heap };
    }
    default:
      return { sizes: SIZES, costs: SIZES.map((size) => dear * size) };
  }
}

function samplesOfAll(): Sample[] {
  return stages.flatMap(({ id: stage, variants: names }) =>
    moods.flatMap((mood, round) =>
      names.map((variant) => ({ stage, round, variant, figures: figuresOf(stage, variant, mood) })),
    ),
  );
}

function recordOf(samples: readonly Sample[]) {
  return {
    at: '2026-01-02T03:04:05.000Z',
    isQuick: false,
    seed: 7,
    commit: 'abc1234',
    loadBefore: 0.25,
    machine: { cpu: 'A <fast> processor', cores: 2 },
    versions: { node: 'v20.20.2' },
    summary: summarise(samples),
  };
}

const titleOf = (id: string) => variants.find((variant) => variant.id === id)?.title ?? id;

describe('what a run says', () => {
  test('an aim has the median of its pairs, its middle half and a verdict', () => {
    const { aims } = summarise(samplesOfAll());
    const byId = new Map(aims.map((aim) => [aim.id, aim]));
    expect(byId.get('frame-naive')).toMatchObject({ isReached: true, figure: { median: 0.8, count: 3 } });
    expect(byId.get('frame-tuned')?.figure.median).toBeCloseTo(8 / 6);
    expect(byId.get('session')).toMatchObject({ isReached: false, figure: { median: 0.8 } });
    expect(byId.get('growth-text')?.figure.median).toBeCloseTo(1);
  });

  test('an aim that must stay below its bound is not reached at the bound', () => {
    const admission = summarise(samplesOfAll()).aims.find(({ id }) => id === 'admission');
    expect(admission).toMatchObject({ isReached: false, figure: { median: 1 } });
  });

  test.each([0, 1, 2])('a server that failed in round %d has no figure, and nothing is told beside it', (round) => {
    const samples = samplesOfAll().map((sample) =>
      sample.stage === 'frame' && sample.variant === 'naive' && sample.round === round
        ? { stage: 'frame', variant: 'naive', round, failed: 'a process ended with SIGSEGV' }
        : sample,
    );
    const summary = summarise(samples);
    expect(summary.refused).toEqual([{ stage: 'frame', variant: 'naive', round, why: 'a process ended with SIGSEGV' }]);
    expect(Object.keys(summary.figures.frame)).not.toContain('naive');
    expect(summary.ratios.frame.recital).toEqual({ tuned: expect.objectContaining({ count: 3 }) });
    expect(summary.aims[0]).toMatchObject({ id: 'frame-naive', figure: null, isReached: null });
    expect(aimsTable(summary).split('\n')[1]).toMatch(/ - +no figure$/);
    expect(recordInMarkdown(recordOf(samples), titleOf)).toContain(
      'No figure for naive (frame): a process ended with SIGSEGV.',
    );
  });

  test('a run that was stopped at any sample is summed up all the same', () => {
    const samples = samplesOfAll();
    for (let kept = 0; kept < samples.length; kept += 7) {
      const record = recordOf(samples.slice(0, kept));
      expect(record.summary.aims).toHaveLength(9);
      expect(drawPage(record, variants)).toContain('</svg>');
      expect(recordInMarkdown(record, titleOf)).toContain('| aim |');
    }
  });

  test('its table fits 80 columns, for costs of any size', () => {
    for (const factor of [1e-3, 1, 1e3]) {
      const samples = samplesOfAll().map((sample) => ({
        ...sample,
        figures: Object.fromEntries(
          Object.entries(sample.figures ?? {}).map(([name, value]) => [
            name,
            typeof value === 'number' ? value * factor : value,
          ]),
        ),
      }));
      const lines = aimsTable(summarise(samples)).split('\n');
      expect(lines).toHaveLength(10);
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
    }
  });

  test.each([
    [0.98765, '0.988'],
    [1, '1.00'],
    [23.456, '23.5'],
    [999.6, '1,000'],
    [1234567.8, '1,234,568'],
    [0.0004, '0.000'],
    [0, '0.000'],
  ])('%d is told as %s', (value, told) => {
    expect(digits(value)).toBe(told);
  });
});

describe('the stages', () => {
  test('measure servers that there are, and share the time of a run', () => {
    const known = variants.map(({ id }) => id);
    for (const { id, variants: names } of stages) {
      expect(names.filter((name) => !known.includes(name))).toEqual([]);
      // Aims are those of one of them, and ratios want the other.
      expect(names, id).toEqual(expect.arrayContaining(['recital', 'naive']));
    }
    expect(stages.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1);
  });
});

describe('the page of plots', () => {
  const drawn = drawPage(recordOf(samplesOfAll()), variants);

  test('is drawn the same by renderers that know no style sheets, apart from the dark colours', () => {
    expect(styleFaultsOf(drawn)).toEqual([]);
    expect(drawn).toContain('@media (prefers-color-scheme: dark)');
  });

  test('has every number finite, every text escaped, and all inside of its bounds', () => {
    expect(drawn).not.toMatch(/NaN|Infinity|undefined|null/);
    expect(drawn).toContain('A &lt;fast&gt; processor');
    const [, width = '', height = ''] = /viewBox="0 0 (\d+) (\d+)"/.exec(drawn) ?? [];
    for (const [, x = '', y = ''] of drawn.matchAll(/[ML](-?[\d.]+) (-?[\d.]+)/g)) {
      expect(Number(x)).toBeGreaterThanOrEqual(0);
      expect(Number(x)).toBeLessThanOrEqual(Number(width));
      expect(Number(y)).toBeGreaterThanOrEqual(0);
      expect(Number(y)).toBeLessThanOrEqual(Number(height));
    }
  });

  test('names every server, every aim that a chart has, and the unit of every axis', () => {
    for (const { title } of variants) expect(drawn).toContain(`>${title}</text>`);
    for (const aim of [0.9, 2, 0.45, 20, 1]) expect(drawn).toContain(`>aim ${aim}</text>`);
    for (const unit of ['µs, all processes', 'KB after collection', 'µs of CPU a stream', 'bytes, logarithmic']) {
      expect(drawn).toContain(unit);
    }
  });

  test('a record without any figure says so in each chart', () => {
    expect(drawPage(recordOf([]), variants).match(/>no figure</g)).toHaveLength(12);
  });
});

test('docs/PERFORMANCE.md says what bench/results says', () => {
  expect(recordInDocument()).toBe(recordAsWritten().trim());
});
