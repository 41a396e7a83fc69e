/** Figures of workers as those of one server: what counts adds up, what is only so now does not, and ends with its process. */
import { expect, test } from 'vitest';
import type { FloorFigures } from '../../../src/server/stream-service.ts';
import { sumOf, withoutGauges } from '../../../src/server/workers/figure-sums.ts';

const worker = (dropped: number, lag: number): FloorFigures => ({
  ...sumOf([]),
  active_answers: 2,
  rejected: { overloaded: 3 },
  event_log: { open_files: 4, turns_dropped: dropped, lag_seconds: lag },
});

test('counts add up; of the lags of the logs the longest counts', () => {
  expect(sumOf([worker(1, 0.2), worker(2, 0.7), worker(4, 0)])).toMatchObject({
    active_answers: 6,
    rejected: { overloaded: 9 },
    event_log: { open_files: 12, turns_dropped: 7, lag_seconds: 0.7 },
  });
});

test('of a process that is gone what it counted stays, and nothing else', () => {
  expect(sumOf([withoutGauges(worker(5, 30)), worker(0, 0.1)])).toMatchObject({
    active_answers: 2,
    rejected: { overloaded: 6 },
    event_log: { open_files: 4, turns_dropped: 5, lag_seconds: 0.1 },
  });
});

test('where logs are switched off there are none', () => {
  expect(
    sumOf([
      { ...worker(0, 0), event_log: null },
      { ...worker(0, 0), event_log: null },
    ]).event_log,
  ).toBeNull();
});
