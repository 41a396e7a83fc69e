/** A small heap and thousands of streams that stay: the server refuses more, and lives. */
import { expect, test } from 'vitest';
import { connect, start } from '../support/client.ts';
import { startServerProcess } from '../support/server-process.ts';

const CONNECTIONS = 40;
const STREAMS = 8_000;
const AT_ONCE = 200;

test('with a heap of 128 MB it refuses thousands of streams and ends for none', async () => {
  const server = await startServerProcess({
    scenario: { answers: [{ when: '', steps: [{ say: 'One is here. Two' }, { hang: true }] }] },
    env: {
      NODE_OPTIONS: '--max-old-space-size=128',
      OVERLOAD: 'on',
      BACKPRESSURE_MAX_STREAMS: '100000',
      BACKPRESSURE_MAX_STREAMS_PER_DEVICE: '0',
      FIRST_TOKEN_TIMEOUT: '0',
      ANSWER_STALL_TIMEOUT: '0',
    },
  });
  const clients = Array.from({ length: CONNECTIONS }, () => connect(server.grpcPort));
  const refusals = new Set<unknown>();
  let refused = 0;
  const running: ReturnType<typeof start>[] = [];
  for (let asked = 0; asked < STREAMS; asked += AT_ONCE) {
    const wave = Array.from({ length: AT_ONCE }, (_, index) => {
      const client = clients[(asked + index) % CONNECTIONS];
      if (client === undefined) throw new Error('no client');
      return start(client, { prompt: 'stay', hardware_id: 'crowd' });
    });
    await Promise.all(wave.map((each) => Promise.race([each.firstFrame, each.outcome])));
    for (const each of wave) {
      running.push(each);
      each.outcome.then(({ code, errorType }) => {
        if (code === 'CANCELLED') return;
        refused += 1;
        refusals.add(errorType);
      });
    }
    await new Promise((wake) => setTimeout(wake, 50));
    expect(server.process.exitCode).toBeNull();
  }
  expect(refused).toBeGreaterThan(0);
  expect([...refusals]).toEqual(['overloaded']);
  for (const { call } of running) call.cancel();
  for (const client of clients) client.close();
  expect(await server.stop()).toBe(0);
});
