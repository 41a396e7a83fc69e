/** Guarantees of the judge of a process's load ("Load N" in src/actors/hosts/load-judge.ts), by a clock and figures worked by hand. */
import { expect, test } from 'vitest';
import {
  LoadJudge,
  type LoadMoment,
  type LoadReason,
  type LoadWindow,
  MAX_WAITING_BEGINNINGS,
  WINDOW_MS,
} from '../../../src/actors/hosts/load-judge.ts';

const calm: LoadWindow = {
  elapsedMs: WINDOW_MS,
  meanLagMs: 1,
  maxLagMs: 3,
  processorMs: 190,
  memoryShare: 0.3,
  promptShare: 0,
  activeStreams: 100,
};
const late: LoadWindow = { ...calm, meanLagMs: 40, maxLagMs: 90 };
const starved = { processorMs: 40 };

function makeJudge() {
  const world = { nowMs: 0, memoryShare: 0.3, said: [] as (readonly LoadReason[])[] };
  const judge = new LoadJudge({
    maxLagMs: 100,
    now: () => world.nowMs,
    memoryShare: () => world.memoryShare,
    onChange: (reasons) => world.said.push(reasons),
  });
  const pass = (count: number, window: LoadWindow): void => {
    for (let each = 0; each < count; each += 1) {
      world.nowMs += WINDOW_MS;
      judge.note(window);
    }
  };
  const ask = (moment: Partial<LoadMoment> = {}): readonly LoadReason[] => {
    judge.asked({ activeStreams: 100, waitingBeginnings: 0, ...moment });
    return judge.reasons;
  };
  return { world, judge, pass, ask };
}

test('one long turn or a pause between calm windows is no reason (Load 1)', () => {
  const { world, pass } = makeJudge();
  for (let turn = 0; turn < 20; turn += 1) {
    pass(1, { ...calm, meanLagMs: 300, maxLagMs: 3_000 });
    pass(1, calm);
  }
  expect(world.said).toEqual([]);
});

test.each([
  ['on average', { ...late, maxLagMs: 41 }],
  ['at its worst', { ...calm, maxLagMs: 100 }],
])('two late windows in a row are one, late %s (Load 1)', (_, window) => {
  const { judge, pass } = makeJudge();
  pass(1, window);
  expect(judge.reasons).toEqual([]);
  pass(1, window);
  expect(judge.reasons).toEqual(['lag']);
});

test('where others have the processor it must last for three seconds (Load 1)', () => {
  const { judge, pass } = makeJudge();
  pass(14, { ...late, ...starved });
  expect(judge.reasons).toEqual([]);
  pass(1, { ...late, ...starved });
  expect(judge.reasons).toEqual(['lag']);
});

test('it goes when the loop was on time for a second, and a window between that is neither begins that second anew (Load 2)', () => {
  const { world, judge, pass } = makeJudge();
  pass(2, late);
  pass(4, calm);
  pass(1, { ...calm, meanLagMs: 15 });
  pass(4, calm);
  expect(judge.reasons).toEqual(['lag']);
  pass(1, calm);
  expect(world.said).toEqual([['lag'], []]);
});

test('while the loop is calm any number of streams may begin (Load 3)', () => {
  const { ask, pass } = makeJudge();
  pass(3, calm);
  expect(ask({ activeStreams: 5_000 })).toEqual([]);
});

test('while it is uneasy a twentieth more streams may begin every half second, and any number in the place of those that end (Load 3)', () => {
  const { ask, pass } = makeJudge();
  const uneasy = { ...calm, meanLagMs: 12, activeStreams: 400 };
  pass(3, uneasy);
  expect(ask({ activeStreams: 400 })).toEqual([]);
  for (let turnover = 0; turnover < 1_000; turnover += 1) expect(ask({ activeStreams: 419 })).toEqual([]);
  expect(ask({ activeStreams: 420 })).toEqual(['starts']);
  // It stands for the rest of the interval.
  expect(ask({ activeStreams: 300 })).toEqual(['starts']);
  pass(3, { ...uneasy, activeStreams: 420 });
  expect(ask({ activeStreams: 440 })).toEqual([]);
  expect(ask({ activeStreams: 441 })).toEqual(['starts']);
});

test('so they may for ten seconds behind a lag, which a full house alone is not (Load 3)', () => {
  const { ask, pass } = makeJudge();
  pass(2, late);
  pass(6, { ...calm, activeStreams: 10 });
  expect(ask({ activeStreams: 10 })).toEqual([]);
  expect(ask({ activeStreams: 20 })).toEqual(['starts']);
  pass(50, { ...calm, activeStreams: 20 });
  expect(ask({ activeStreams: 500 })).toEqual([]);
});

test('of calls that come in one turn, no more are admitted than may wait to begin (Load 4)', () => {
  const { ask, pass } = makeJudge();
  pass(1, calm);
  expect(ask({ waitingBeginnings: MAX_WAITING_BEGINNINGS - 1 })).toEqual([]);
  expect(ask({ waitingBeginnings: MAX_WAITING_BEGINNINGS })).toEqual(['starts']);
  pass(3, calm);
  expect(ask()).toEqual([]);
});

test('memory is a reason when its lowest share of a second is high, and goes a second after it is low (Load 1, 2)', () => {
  const { judge, pass } = makeJudge();
  for (let round = 0; round < 10; round += 1) {
    pass(4, { ...calm, memoryShare: 0.9 });
    pass(1, { ...calm, memoryShare: 0.6 });
  }
  expect(judge.reasons).toEqual([]);
  pass(5, { ...calm, memoryShare: 0.86 });
  expect(judge.reasons).toEqual(['memory']);
  pass(20, { ...calm, memoryShare: 0.8 });
  expect(judge.reasons).toEqual(['memory']);
  pass(5, { ...calm, memoryShare: 0.7 });
  expect(judge.reasons).toEqual([]);
});

test('memory that is nearly used up is one at once, also between two windows (Load 4)', () => {
  const { world, ask, pass } = makeJudge();
  pass(1, calm);
  world.memoryShare = 0.95;
  for (let call = 0; call < 31; call += 1) expect(ask()).toEqual([]);
  expect(ask()).toEqual(['memory']);
});

test('where no stream runs, memory refuses nobody unless it is nearly used up (Load 5)', () => {
  const { judge, pass } = makeJudge();
  pass(10, { ...calm, memoryShare: 0.9 });
  expect(judge.reasons).toEqual(['memory']);
  pass(1, { ...calm, memoryShare: 0.9, activeStreams: 0 });
  expect(judge.reasons).toEqual([]);
  pass(1, { ...calm, memoryShare: 0.94, activeStreams: 0 });
  expect(judge.reasons).toEqual(['memory']);
});

test('the bytes of requests are one from nine tenths, until seven (Load 2)', () => {
  const { world, pass } = makeJudge();
  pass(1, { ...calm, promptShare: 0.89 });
  pass(1, { ...calm, promptShare: 0.9 });
  pass(10, { ...calm, promptShare: 0.75 });
  pass(5, { ...calm, promptShare: 0.5 });
  expect(world.said).toEqual([['prompts'], []]);
});

test('whatever comes, the reasons change at most eight times a second (Load 6)', () => {
  const { world, judge } = makeJudge();
  // A seeded walk over windows and calls of ten minutes.
  let seed = 7;
  const chance = (): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return seed / 2 ** 31;
  };
  const seconds = 600;
  for (let window = 0; window < seconds * 5; window += 1) {
    for (let call = 0; call < 40; call += 1) {
      world.nowMs += WINDOW_MS / 40;
      world.memoryShare = chance();
      judge.asked({ activeStreams: Math.floor(chance() * 1_000), waitingBeginnings: Math.floor(chance() * 110) });
    }
    judge.note({
      ...calm,
      meanLagMs: chance() * 60,
      maxLagMs: chance() * 150,
      processorMs: chance() * WINDOW_MS,
      memoryShare: chance(),
      promptShare: chance(),
      activeStreams: Math.floor(chance() * 1_000),
    });
  }
  expect(world.said.length).toBeGreaterThan(100);
  expect(world.said.length).toBeLessThan(8 * seconds);
});
