import { expect, test } from 'vitest';
import { connect, start } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { png } from '../support/images.ts';
import { startServerProcess } from '../support/server-process.ts';

/** Kept for as long as a failed call may linger, sixty of them would be 700 MiB (measured). */
const CALLS = 60;
const SCREENSHOT_PIXELS = { width: 3000, height: 2000 };
const MAX_GROWTH_BYTES = 300 * 1024 * 1024;

test('a cancelled call takes its screenshot with it', { timeout: 60_000 }, async () => {
  const server = await startServerProcess({
    scenario: { answers: [{ when: '', steps: [{ say: 'A first sentence. And' }, { hang: true }] }] },
  });
  const client = connect(server.grpcPort);
  const before = server.residentBytes();
  const screenshot = png(SCREENSHOT_PIXELS, { noise: true }).toString('base64');
  for (let call = 0; call < CALLS; call += 1) {
    const running = start(client, { prompt: 'go', screenshot });
    expect((await running.firstFrame).content).toBe('text_chunk');
    running.call.cancel();
    await running.outcome;
  }
  await eventually(server.status, ({ active_streams }) => active_streams === 0);
  client.close();
  expect(server.residentBytes() - before).toBeLessThan(MAX_GROWTH_BYTES);
});
