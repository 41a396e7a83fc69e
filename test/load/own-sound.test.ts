/** What test/process/rpc/own-sound.test.ts shows, with a crowd. */
import { expect, test } from 'vitest';
import { hearOwnSound } from '../support/own-sound.ts';

const TEST_TIMEOUT_MS = 180_000;

test('nine hundred streams at once, each with bytes of its own, hear them in order and nothing else', {
  timeout: TEST_TIMEOUT_MS,
}, async () => {
  const { wrong, whole, cancelled, audioBytes } = await hearOwnSound({ streams: 900, connections: 9, chunks: 120 });
  console.log(`${(audioBytes / 2 ** 20).toFixed(0)} MiB heard, each byte compared`);
  expect({ wrong, whole, cancelled }).toEqual({ wrong: [], whole: 600, cancelled: 300 });
});
