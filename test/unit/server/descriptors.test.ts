/** What each part of a server may take of its descriptors. */
import { expect, test } from 'vitest';
import { descriptorShares, limitIn } from '../../../src/server/descriptors.ts';

test.each([
  { limit: 150, logFiles: 18, connections: 68, httpConnections: 16 },
  { limit: 256, logFiles: 32, connections: 160, httpConnections: 16 },
  { limit: 1_024, logFiles: 128, connections: 640, httpConnections: 64 },
  { limit: 4_096, logFiles: 256, connections: 1_000, httpConnections: 128 },
  { limit: null, logFiles: 256, connections: 1_000, httpConnections: 128 },
])('of $limit: $logFiles log files, $connections of 1000 connections', (shares) => {
  expect(descriptorShares(shares.limit, 1_000)).toEqual(shares);
});

test('whatever the limit, the parts together stay below it and leave the process its own', () => {
  for (let limit = 80; limit < 20_000; limit += 7) {
    const { logFiles, connections } = descriptorShares(limit, 100_000);
    expect(limit - logFiles - connections).toBeGreaterThanOrEqual(64);
  }
});

test.each([
  [
    'Limit                     Soft Limit           Hard Limit           Units     \nMax open files            256                  4096                 files     \n',
    256,
  ],
  ['Max open files            unlimited            unlimited            files     \n', null],
  ['', null],
])('the limit in the words of the system: %j', (words, limit) => {
  expect(limitIn(words)).toBe(limit);
});
