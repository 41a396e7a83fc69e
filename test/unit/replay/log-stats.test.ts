/** What is counted over many logs, and that only what is sure counts. */
import { describe, expect, test } from 'vitest';
import { statesOf, transitionsOf } from '../../../src/analysis/chart/transition-words.ts';
import { drawFigures } from '../../../src/analysis/stats/figures-svg.ts';
import { type ChartFigures, LogStats } from '../../../src/analysis/stats/log-stats.ts';
import { sessionMachine } from '../../../src/machines/session/session.machine.ts';
import { failedEvents, goodEvents, readMadeLog } from '../../support/replay/made-log.ts';
import { styleFaultsOf } from '../../support/svg-style.ts';

const good = readMadeLog({ events: goodEvents });
const failed = readMadeLog({ events: failedEvents });

function figuresOf(...logs: Parameters<LogStats['add']>[0][]): ChartFigures {
  const stats = new LogStats(sessionMachine);
  for (const log of logs) stats.add(log);
  return stats.figures();
}

function takenIn(figures: ChartFigures): Record<string, number> {
  const taken = figures.transitions.filter((each) => each.taken > 0);
  return Object.fromEntries(
    taken.map(({ from, trigger, guard, goal, taken: times }) => [
      `${from}: ${trigger}${guard === null ? '' : ` [${guard}]`} → ${goal}`,
      times,
    ]),
  );
}

describe('over two good sessions and a failed one', () => {
  const figures = figuresOf(good, good, failed);

  test('each end reason is counted, most frequent first', () => {
    expect(figures.ends).toEqual([
      { reason: 'completed', logs: 2 },
      { reason: 'answer_failed', logs: 1 },
    ]);
  });

  test('every transition that was taken is counted, also those inside of a turn', () => {
    expect(takenIn(figures)).toEqual({
      'idle: request.received → streaming': 3,
      'streaming.answer.running.awaitingFirstToken: answer.textReceived → receiving': 3,
      'streaming.answer.running: answer.finished → answered': 2,
      'streaming.answer.running: answer.failed → error': 1,
      'streaming.voice.silent: always [hasSentence] → speaking': 2,
      'streaming.voice.speaking: speech.finished [isHead] → silent': 2,
      'streaming.voice.silent: always [isAnswered] → closing': 2,
      'streaming.voice.closing: outbox.flushed → done': 2,
    });
  });

  test('every transition of the chart is listed, taken or not', () => {
    expect(figures.transitions).toHaveLength(transitionsOf(sessionMachine).length);
    expect(figures.states).toHaveLength(statesOf(sessionMachine).length - 1);
  });

  test('a state counts each time it was entered, and lasts from turn to turn', () => {
    const speaking = figures.states.find(({ path }) => path === 'streaming.voice.speaking');
    const lasted = { count: 2, p50: 1600, p90: 1600, p99: 1600, max: 1600 };
    expect(speaking).toEqual({ path: 'streaming.voice.speaking', entered: 2, logs: 2, lastedMs: lasted });
    const idle = figures.states.find(({ path }) => path === 'idle');
    expect(idle).toMatchObject({ entered: 3, logs: 3, lastedMs: { count: 3, max: 2 } });
  });

  test('a state that a turn only passes through was entered, and lasted nothing', () => {
    const silent = figures.states.find(({ path }) => path === 'streaming.voice.silent');
    expect(silent).toMatchObject({ entered: 5, logs: 3, lastedMs: { count: 3 } });
  });

  test('final states last no time', () => {
    expect(figures.states.find(({ path }) => path === 'done')).toMatchObject({ entered: 2, lastedMs: null });
  });
});

test('a log that does not replay identically is left out of the transitions, not of the states and ends', () => {
  const stats = new LogStats(sessionMachine);
  const diverging = readMadeLog({ events: failedEvents, falseState: { turn: 2, state: 'commandSent.attentive' } });
  expect(stats.add(diverging)).toBe('diverged at turn 2: state');
  const figures = stats.figures();
  expect(figures).toMatchObject({ logs: 1, identical: 0, ends: [{ reason: 'answer_failed', logs: 1 }] });
  expect(takenIn(figures)).toEqual({});
  expect(figures.states.find(({ path }) => path === 'commandSent')).toMatchObject({ entered: 1, logs: 1 });
});

test('a killed session counts as one without an end, its last state lasts no known time', () => {
  const figures = figuresOf(readMadeLog({ events: goodEvents.slice(0, 2), hasFooter: false }));
  expect(figures.ends).toEqual([{ reason: 'no_end', logs: 1 }]);
  expect(figures.states.find(({ path }) => path === 'streaming')).toMatchObject({ entered: 1, lastedMs: null });
});

describe('the drawing', () => {
  const svg = drawFigures(sessionMachine, figuresOf(good, good, failed));

  test('has every state and every transition of the chart', () => {
    const states = [...svg.matchAll(/data-state="([^"]*)"/g)].map(([, path]) => path);
    expect(states.sort()).toEqual(
      statesOf(sessionMachine)
        .map(({ path }) => path.join('.'))
        .filter((path) => path !== '')
        .sort(),
    );
    expect(svg.match(/data-transition="/g)).toHaveLength(transitionsOf(sessionMachine).length);
  });

  test('marks what never came, and says the numbers of the rest', () => {
    const never = svg.match(/<g data-transition="[^"]*" data-never="true">/g);
    expect(never).toHaveLength(transitionsOf(sessionMachine).length - 8);
    expect(svg).toContain('voice.speaking: entered 2 times in 2 logs; p50 1.6 s, p90 1.6 s, p99 1.6 s, max 1.6 s');
  });

  test('has each colour as a literal of its shape, also where no style sheet is read', () => {
    expect(styleFaultsOf(svg)).toEqual([]);
    expect(styleFaultsOf('<svg><style>.a { fill: #000000; }</style><rect class="a"/></svg>')).toEqual([
      'no fill of its own: <rect class="a"/>',
    ]);
    expect(styleFaultsOf('<svg><path fill="var(--ink)"/></svg>')).toContain('computed: var(--ink)');
    expect(styleFaultsOf('<svg><path fill="none" stroke="red"/></svg>')).toEqual(['no literal: red']);
  });

  test('needs nothing from outside: no script, no link, no font', () => {
    expect(svg).not.toMatch(/<script|href|url\((?!#)|@import/);
  });
});
