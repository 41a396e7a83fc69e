/** What /metrics tells of streams adds up, and nothing that clients or proxies choose makes it larger. */
import { expect, test } from 'vitest';
import {
  addedMeters,
  durationBuckets,
  labelValuesOf,
  type MeteredStream,
  StreamMeter,
  waitBuckets,
} from '../../../src/actors/figures/stream-meter.ts';
import { histogramSamples } from '../../../src/observe/exposition.ts';

const stream: MeteredStream = {
  method: 'StreamAudio',
  reason: 'completed',
  openedAtMs: 1_000,
  endedAtMs: 3_500,
  firstTokenAtMs: 1_050,
  firstTextAtMs: 1_051,
  firstAudioAtMs: null,
};

test('a wait falls into the bucket whose bound it does not exceed', () => {
  const meter = new StreamMeter();
  meter.ended(stream);
  const { firstSeconds, sessionSeconds, sessions } = meter.report();
  expect(firstSeconds.token?.counts.indexOf(1)).toBe(waitBuckets.indexOf(0.05));
  expect(firstSeconds.text?.counts.indexOf(1)).toBe(waitBuckets.indexOf(0.1));
  expect(firstSeconds.audio?.counts.some((count) => count > 0)).toBe(false);
  expect(sessionSeconds.all?.counts.indexOf(1)).toBe(durationBuckets.indexOf(2.5));
  expect(sessionSeconds.all?.sum).toBe(2.5);
  expect(sessions).toEqual({ 'StreamAudio\tcompleted': 1 });
});

test('what took longer than all bounds is counted, too', () => {
  const meter = new StreamMeter();
  meter.called({ engine: 'answer', provider: 'slow', result: 'aborted', ms: 1e9 });
  expect(meter.report().engineSeconds.answer?.counts.at(-1)).toBe(1);
});

test('so many names of providers are told apart, the rest is "other"', () => {
  const meter = new StreamMeter();
  for (let call = 0; call < 10_000; call += 1) {
    meter.called({ engine: 'speech', provider: `name-${call}`, result: 'ok', ms: 1 });
  }
  const calls = meter.report().engineCalls;
  expect(Object.keys(calls)).toHaveLength(33);
  expect(calls['speech\tother\tok']).toBe(10_000 - 32);
  expect(labelValuesOf('speech\tother\tok')).toEqual(['speech', 'other', 'ok']);
});

test('two added are one that saw all', () => {
  const [one, other, both] = [new StreamMeter(), new StreamMeter(), new StreamMeter()];
  const feed = (meter: StreamMeter, salt: number): void => {
    meter.admitted(salt === 0 ? 'admitted' : 'attached');
    for (let frame = 0; frame <= salt; frame += 1) meter.sent('audio');
    meter.ended({
      ...stream,
      reason: `reason-${salt}`,
      endedAtMs: 1_000 + 40_000 * salt,
      firstAudioAtMs: 1_000 + salt,
    });
    meter.called({ engine: 'answer', provider: `p${salt}`, result: 'failed', ms: 10 ** salt });
  };
  for (const salt of [0, 1, 2]) {
    feed(salt === 1 ? other : one, salt);
    feed(both, salt);
  }
  expect(addedMeters(one.report(), other.report())).toEqual(both.report());
});

test('buckets of a histogram are told as Prometheus counts them: each with all below it', () => {
  const told = histogramSamples('x_seconds', { engine: 'answer' }, [1, 5], { counts: [2, 0, 3], sum: 31.5 });
  expect(told.map(({ metricName, labels, value }) => [metricName, labels.le ?? null, value])).toEqual([
    ['x_seconds_bucket', '1', 2],
    ['x_seconds_bucket', '5', 2],
    ['x_seconds_bucket', '+Inf', 5],
    ['x_seconds_sum', null, 31.5],
    ['x_seconds_count', null, 5],
  ]);
});
