/** SIGTERM to a server at work: two hundred streams run, and calls keep coming. Nobody is cut off before his time, nobody is left without a word, no log is lost. */
import { expect, test } from 'vitest';
import { ask, type CallOutcome, connect, start } from '../../support/client.ts';
import { eventually } from '../../support/eventually.ts';
import { createLogFolder, identical, verdictOf } from '../../support/replay/log-folder.ts';
import { startServerProcess } from '../../support/server-process.ts';
import { expectErrorAfterData, expectErrorBeforeData, expectGoodEnd } from '../rpc/outcomes.ts';

const ENDING = 150;
const ENDLESS = 50;
const CALLERS = 8;
const GRACE_MS = 6_000;
const scenario = {
  answers: [
    { when: '^long', steps: [{ say: 'One is here. ' }, { wait_ms: 2_000 }, { say: 'Two is here.' }] },
    { when: '^endless', steps: [{ say: 'One is here. And' }, { hang: true }] },
    { when: '', steps: [{ say: 'Good day.' }] },
  ],
  speech: { chunks_per_sentence: 2 },
};

/** How a call of the callers ended, in a letter: well, told of the drain, or at a server that is gone. */
function letterOf(outcome: CallOutcome): string {
  if (outcome.code === 'OK') {
    expectGoodEnd(outcome);
    return 'G';
  }
  if (outcome.errorType === null) {
    expect(outcome).toMatchObject({ code: 'UNAVAILABLE', kinds: [] });
    return 'U';
  }
  expectErrorBeforeData(outcome, { code: 'UNAVAILABLE', errorType: 'draining' });
  return 'D';
}

test(`SIGTERM with ${ENDING + ENDLESS} streams while calls keep coming: who ends in time ends well, who does not is told, new ones are told at once, each log is whole`, async () => {
  const folder = createLogFolder();
  const server = await startServerProcess({
    scenario,
    env: {
      EVENT_LOG_DIR: folder.dir,
      BACKPRESSURE_MAX_STREAMS: '1000',
      BACKPRESSURE_GRACE_PERIOD: String(GRACE_MS / 1000),
      MAX_STREAMS_PER_CONNECTION: '400',
    },
  });
  const client = connect(server.grpcPort);
  const endless = Array.from({ length: ENDLESS }, () => start(client, { prompt: 'endless' }));
  await Promise.all(endless.map(({ firstFrame }) => firstFrame));
  const ending = Array.from({ length: ENDING }, () => start(client, { prompt: 'long' }));
  await Promise.all(ending.map(({ firstFrame }) => firstFrame));

  // Over connections of their own, one call behind the other, until nobody is there any more.
  const callers = Array.from({ length: CALLERS }, async () => {
    const caller = connect(server.grpcPort);
    let letters = '';
    while (!letters.endsWith('U')) letters += letterOf(await ask(caller, { prompt: 'good day' }));
    caller.close();
    return letters;
  });
  await eventually(
    () => server.logsOf('end').length,
    (ended) => ended >= CALLERS * 2,
  );
  server.process.kill('SIGTERM');

  for (const outcome of await Promise.all(ending.map((each) => each.outcome))) {
    expectGoodEnd(outcome);
    expect(outcome.text).toBe('One is here. Two is here.');
  }
  for (const outcome of await Promise.all(endless.map((each) => each.outcome))) {
    expectErrorAfterData(outcome, { code: 'UNAVAILABLE', errorType: 'draining' });
  }
  expect(await server.exited).toBe(0);
  const letters = await Promise.all(callers);
  // In this order, whenever the signal came; told of the drain by a server that still had streams to end.
  for (const each of letters) expect(each).toMatch(/^G+D+U$/);
  expect(server.logsOf('stopped').map(({ ctx }) => ctx)).toEqual([{ active_streams: 0 }]);
  expect(server.logs.filter(({ level }) => level > 40)).toEqual([]);
  client.close();

  const good = letters.join('').split('G').length - 1;
  const logs = folder.logs();
  expect(logs).toHaveLength(ENDING + ENDLESS + good);
  for (const each of logs) expect(verdictOf(each)).toMatchObject(identical());
  const reasons = new Map<unknown, number>();
  for (const { log } of logs) reasons.set(log.footer?.reason, (reasons.get(log.footer?.reason) ?? 0) + 1);
  expect(Object.fromEntries(reasons)).toEqual({ completed: ENDING + good, draining: ENDLESS });
  expect(folder.segments().every(({ isEnded }) => isEnded)).toBe(true);
});
