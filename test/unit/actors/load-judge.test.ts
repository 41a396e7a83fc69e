/** Guarantees of the judge of a process's load ("Load N" in src/actors/hosts/load-judge.ts), by a clock and figures worked by hand. */
import { expect, test } from 'vitest';
import {
  LoadJudge,
  type LoadMoment,
  type LoadWindow,
  MAX_WAITING_BEGINNINGS,
  WINDOW_MS,
} from '../../../src/actors/hosts/load-judge.ts';
import type { LoadReason } from '../../../src/machines/supervisor/supervisor.types.ts';

const calm: LoadWindow = {
  elapsedMs: WINDOW_MS,
  meanLagMs: 1,
  maxLagMs: 3,
  processorMs: 120,
  loopShare: 0.6,
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
  // A process that was stopped for a minute, and a little behind it.
  pass(1, { ...late, ...starved, elapsedMs: 60_000 });
  pass(3, { ...late, ...starved });
  expect(judge.reasons).toEqual([]);
  pass(1, calm);
  pass(14, { ...late, ...starved });
  expect(judge.reasons).toEqual([]);
  pass(1, { ...late, ...starved });
  expect(judge.reasons).toEqual(['lag']);
});

test('a pause of the process bounds no growth, and is not one of the two late windows (Load 1)', () => {
  const { judge, pass, ask } = makeJudge();
  pass(3, calm);
  pass(1, { ...calm, ...starved, elapsedMs: 3_200, meanLagMs: 300, maxLagMs: 3_000 });
  // All that came meanwhile.
  for (let activeStreams = 100; activeStreams < 180; activeStreams += 1) expect(ask({ activeStreams })).toEqual([]);
  pass(1, late);
  expect(judge.reasons).toEqual([]);
  pass(1, late);
  expect(judge.reasons).toEqual(['lag']);
});

test('a pause counts as one of five windows where others have the processor, however long it was (Load 1)', () => {
  const { judge, pass } = makeJudge();
  pass(1, { ...late, ...starved, elapsedMs: 60_000 });
  pass(11, { ...late, ...starved });
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

test.each([
  ['uneasy', { meanLagMs: 12 }],
  ['busy', { loopShare: 0.85, processorMs: 180 }],
])(
  'while it is %s a fiftieth more streams may run than it had, and any number in the place of those that end (Load 3)',
  (_, how) => {
    const { ask, pass } = makeJudge();
    const window = { ...calm, ...how, activeStreams: 400 };
    pass(6, window);
    for (let turnover = 0; turnover < 1_000; turnover += 1)
      expect(ask({ activeStreams: 380 + (turnover % 28) })).toEqual([]);
    expect(ask({ activeStreams: 408 })).toEqual(['starts']);
    // It stands for the rest of the interval.
    expect(ask({ activeStreams: 300 })).toEqual(['starts']);
    pass(3, { ...window, activeStreams: 408 });
    expect(ask({ activeStreams: 415 })).toEqual([]);
    expect(ask({ activeStreams: 417 })).toEqual(['starts']);
  },
);

test('while it is full it may have as many as in the last two seconds, and no more (Load 3)', () => {
  const { ask, pass } = makeJudge();
  const full = { ...calm, loopShare: 1, processorMs: WINDOW_MS };
  pass(3, { ...full, activeStreams: 400 });
  pass(6, { ...full, activeStreams: 350 });
  expect(ask({ activeStreams: 399 })).toEqual([]);
  expect(ask({ activeStreams: 400 })).toEqual(['starts']);
  pass(16, { ...full, activeStreams: 350 });
  expect(ask({ activeStreams: 350 })).toEqual(['starts']);
});

test('a loop that others keep from running is not busy, and a few streams grow as they like (Load 3)', () => {
  const { ask, pass } = makeJudge();
  pass(6, { ...calm, loopShare: 1, ...starved, activeStreams: 100 });
  expect(ask({ activeStreams: 500 })).toEqual([]);
  pass(12, { ...calm, loopShare: 1, processorMs: WINDOW_MS, activeStreams: 1 });
  expect(ask({ activeStreams: 63 })).toEqual([]);
});

test('for ten seconds behind a lag it may have little more than it had then (Load 3)', () => {
  const { ask, pass } = makeJudge();
  pass(5, { ...calm, activeStreams: 1_000 });
  pass(2, { ...late, activeStreams: 800 });
  pass(6, { ...calm, activeStreams: 700 });
  expect(ask({ activeStreams: 713 })).toEqual([]);
  expect(ask({ activeStreams: 714 })).toEqual(['starts']);
  pass(50, { ...calm, activeStreams: 700 });
  expect(ask({ activeStreams: 2_000 })).toEqual([]);
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
      loopShare: chance(),
      memoryShare: chance(),
      promptShare: chance(),
      activeStreams: Math.floor(chance() * 1_000),
    });
  }
  expect(world.said.length).toBeGreaterThan(100);
  expect(world.said.length).toBeLessThan(8 * seconds);
});

/** Milliseconds of work: a frame, the start of a stream, a refusal. */
const costs = { frame: 0.15, begin: 4, refusal: 1.2 };
const PACE_MS = 4096 / 96;
const FRAMES = 188;
/** The streams that such a loop carries with nine tenths of its time. */
const ONE_X_PER_SECOND = 0.9 / ((FRAMES * costs.frame + costs.begin) / 1_000);

/** An event loop that does what is due, in turns: timers, then what came from the network, then what begins, a slice at a time. */
function simulate(callsPerSecond: number, seconds: number) {
  let nowMs = 0;
  let reasons: readonly LoadReason[] = [];
  const judge = new LoadJudge({
    maxLagMs: 100,
    now: () => nowMs,
    memoryShare: () => 0.1,
    onChange: (said) => {
      reasons = said;
    },
  });
  let live: { startedAtMs: number; sent: number }[] = [];
  const waiting: number[] = [];
  const seen = { frames: 0, inTime: 0, asked: 0, refusalMs: [] as number[] };
  let window = { fromMs: 0, lagMs: 0, maxLagMs: 0, looks: 0, busyMs: 0 };
  let probeDueMs = 20;
  const look = (): void => {
    const lagMs = nowMs - probeDueMs;
    const { fromMs, busyMs } = window;
    window = {
      ...window,
      lagMs: window.lagMs + lagMs,
      maxLagMs: Math.max(window.maxLagMs, lagMs),
      looks: window.looks + 1,
    };
    probeDueMs = nowMs + 20;
    const elapsedMs = nowMs - fromMs;
    if (elapsedMs < WINDOW_MS) return;
    judge.note({
      ...calm,
      elapsedMs,
      meanLagMs: window.lagMs / window.looks,
      maxLagMs: window.maxLagMs,
      processorMs: busyMs,
      loopShare: Math.min(1, busyMs / elapsedMs),
      activeStreams: live.length,
    });
    window = { fromMs: nowMs, lagMs: 0, maxLagMs: 0, looks: 0, busyMs: 0 };
  };
  const sendDue = (untilMs: number): void => {
    for (const stream of live) {
      for (; stream.sent < FRAMES; stream.sent += 1) {
        const dueMs = stream.startedAtMs + stream.sent * PACE_MS;
        if (dueMs > untilMs) break;
        nowMs += costs.frame;
        seen.frames += 1;
        if (nowMs - dueMs <= 40) seen.inTime += 1;
      }
    }
    live = live.filter(({ sent }) => sent < FRAMES);
  };
  const admit = (untilMs: number): void => {
    for (; (seen.asked * 1_000) / callsPerSecond <= untilMs; seen.asked += 1) {
      judge.asked({ activeStreams: live.length + waiting.length, waitingBeginnings: waiting.length });
      if (reasons.length === 0) {
        waiting.push(nowMs);
        continue;
      }
      nowMs += costs.refusal;
      seen.refusalMs.push(nowMs - (seen.asked * 1_000) / callsPerSecond);
    }
  };
  const begin = (): void => {
    for (const untilMs = nowMs + 5; waiting.length > 0 && nowMs < untilMs; waiting.shift()) {
      nowMs += costs.begin;
      live.push({ startedAtMs: nowMs, sent: 0 });
    }
  };
  while (nowMs < seconds * 1_000) {
    const turnMs = nowMs;
    if (nowMs >= probeDueMs) look();
    sendDue(nowMs);
    admit(nowMs);
    begin();
    if (nowMs === turnMs) nowMs += 0.5;
    else window.busyMs += nowMs - turnMs;
  }
  const { frames, inTime, refusalMs } = seen;
  const p99 = refusalMs.toSorted((a, b) => a - b)[Math.floor(refusalMs.length * 0.99)] ?? 0;
  return { inTimeShare: inTime / frames, framesPerSecond: frames / seconds, refusalP99Ms: p99 };
}

test.each([1.2, 2, 5])(
  'at %s times what a loop carries, nine tenths of the frames of those that it takes on are in time',
  (factor) => {
    const { inTimeShare, framesPerSecond, refusalP99Ms } = simulate(ONE_X_PER_SECOND * factor, 60);
    expect(inTimeShare).toBeGreaterThan(0.9);
    expect(refusalP99Ms).toBeLessThan(75);
    // It refuses no more than it must: what refusals leave of the loop is used.
    expect(framesPerSecond).toBeGreaterThan(ONE_X_PER_SECOND * FRAMES * 0.5);
  },
);
