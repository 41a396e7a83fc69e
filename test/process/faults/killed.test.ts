/** A server that is killed in the middle of two hundred streams, and one that starts over what it left. */
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { ask, connect, start } from '../../support/client.ts';
import { makeFolder } from '../../support/end-of-file.ts';
import { createLogFolder, identical, verdictOf } from '../../support/replay/log-folder.ts';
import { startServerProcess } from '../../support/server-process.ts';
import { expectGoodEnd } from '../rpc/outcomes.ts';

const STREAMS = 200;
const scenario = {
  answers: [
    { when: '^hang', steps: [{ say: 'One is here. And' }, { hang: true }] },
    { when: '', steps: [{ say: 'Good day.' }] },
  ],
  speech: { chunks_per_sentence: 1 },
};

test(`SIGKILL with ${STREAMS} streams: each has a log without an end that replays identical; what follows is told, and serves`, async () => {
  const folder = createLogFolder();
  const dataDir = makeFolder('recital-killed-');
  const env = {
    DATA_DIR: dataDir,
    EVENT_LOG_DIR: folder.dir,
    BACKPRESSURE_MAX_STREAMS: '400',
    BACKPRESSURE_MAX_STREAMS_PER_DEVICE: '0',
    MAX_STREAMS_PER_CONNECTION: '400',
  };
  const killed = await startServerProcess({ scenario, env });
  const client = connect(killed.grpcPort);
  const running = Array.from({ length: STREAMS }, () => start(client, { prompt: 'hang' }));
  await Promise.all(running.map(({ firstFrame }) => firstFrame));
  // All that was said by then is on the disk within 50 ms; a busy machine has longer.
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const gone = once(killed.process, 'exit');
  killed.process.kill('SIGKILL');
  await gone;
  for (const { code } of await Promise.all(running.map(({ outcome }) => outcome))) expect(code).toBe('UNAVAILABLE');
  client.close();

  const next = await startServerProcess({ scenario, env });
  const good = connect(next.grpcPort);
  expectGoodEnd(await ask(good, { prompt: 'good day' }));
  expect(await next.status()).toMatchObject({ active_streams: 0, health: 'ok', last_error: null });
  expect(await next.logged('event_log_unended')).toMatchObject([{ level: 40, ctx: { segments: 1 } }]);
  good.close();
  expect(await next.stop()).toBe(0);

  const logs = folder.logs();
  const [cut, whole] = [logs.filter(({ log }) => log.footer === null), logs.filter(({ log }) => log.footer !== null)];
  expect([cut.length, whole.length]).toEqual([STREAMS, 1]);
  for (const each of cut)
    expect(verdictOf(each)).toMatchObject(identical({ isIncomplete: true, turns: each.log.turns.length }));
});
