/** No stream hears a byte of another, though they share buffers and a connection, while some pause and others leave midway. */
import { expect, test } from 'vitest';
import { hearOwnSound } from '../../support/own-sound.ts';

test('sixty streams at once, each with bytes of its own, hear them in order and nothing else', async () => {
  const { wrong, whole, cancelled } = await hearOwnSound({ streams: 60, connections: 3, chunks: 60 });
  expect({ wrong, whole, cancelled }).toEqual({ wrong: [], whole: 40, cancelled: 20 });
});
