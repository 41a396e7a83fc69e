/** Timed exits, as a client sees them: each ends what it names, in time, and nothing else; 0 switches it off. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, type CallOutcome, connect, start, type TestClient } from '../../support/client.ts';
import { startServer } from '../../support/server.ts';
import type { TestServer } from '../../support/test-server.ts';
import { expectErrorAfterData, expectErrorBeforeData, expectGoodEnd } from './outcomes.ts';

/** CONTRACT §1: within 10 % or 250 ms. */
const TOLERANCE_MS = 250;
/** On a busy machine a frame is seen this much later than it was sent: what is counted from it seems shorter or longer. */
const DELIVERY_MS = 200;

const letters = Array.from({ length: 100 }, () => [{ say: 'B' }, { wait_ms: 40 }]).flat();
const sentences = (count: number, wait_ms: number) =>
  Array.from({ length: count }, () => [{ say: 'Mute one is here. ' }, { wait_ms }]).flat();
const scenario = {
  answers: [
    { when: '^silent$', steps: [{ hang: true }] },
    { when: '^one sentence$', steps: [{ say: 'Mute one is here. And' }, { hang: true }] },
    { when: '^keeps sending$', steps: sentences(10, 250) },
    { when: '^dribbles$', steps: letters },
    { when: '^dribbles later$', steps: [{ say: 'Mute one is here. ' }, ...letters] },
    { when: '^pauses$', steps: sentences(5, 350) },
    { when: '^hangs in the middle$', steps: [{ say: 'Mute one is here. Hang two is here. Mute three is here.' }] },
    { when: '^hangs at once$', steps: [{ say: 'Hang one is here.' }] },
    { when: '^fails in the middle$', steps: [{ say: 'Mute one is here. Spoken two is here.' }] },
    { when: '^fails ahead$', steps: [{ say: 'Spoken one is here. Spoken two is here. Mute three is here.' }] },
    { when: '^spoken$', steps: [{ say: 'Spoken one is here. Spoken two is here. Spoken three is here.' }] },
  ],
  speech: { chunks_per_sentence: 4, ms_per_chunk: 100, fail_when: 'mute', hang_when: 'hang' },
};

const off = {
  BACKPRESSURE_IDLE_TIMEOUT: '0',
  FIRST_TOKEN_TIMEOUT: '0',
  ANSWER_STALL_TIMEOUT: '0',
  SPEECH_TIMEOUT: '0',
  SESSION_TIMEOUT: '0',
};

/** What differs from `off`, by the name of the server. All servers start together: their start is most of the time. */
const settings = {
  idle: { BACKPRESSURE_IDLE_TIMEOUT: '0.6' },
  firstToken: { FIRST_TOKEN_TIMEOUT: '0.5' },
  stall: { ANSWER_STALL_TIMEOUT: '0.5' },
  degrade: { SPEECH_TIMEOUT: '0.5' },
  fail: { SPEECH_TIMEOUT: '0.5', SPEECH_FAILURE: 'fail' },
  session: { SESSION_TIMEOUT: '0.7' },
  none: {},
} as const;
type ServerName = keyof typeof settings;

const servers = new Map<string, { readonly server: TestServer; readonly client: TestClient }>();
beforeAll(async () => {
  const starting = Object.entries(settings).map(async ([name, env]) => {
    const server = await startServer({ scenario, env: { ...off, ...env } });
    servers.set(name, { server, client: connect(server.grpcPort) });
  });
  await Promise.all(starting);
});
afterAll(() => {
  for (const { client } of servers.values()) client.close();
});

function of(name: ServerName) {
  const found = servers.get(name);
  if (found === undefined) throw new Error(`${name} has not started`);
  return found;
}

/** Fails if a call did not end `dueMs` after its start, or after `sinceMs` of it. */
function expectAfter({ endedAfterMs, endedWithinMs }: CallOutcome, dueMs: number, sinceMs = 0): void {
  expect(endedAfterMs - sinceMs).toBeGreaterThan(dueMs - DELIVERY_MS);
  expect(endedWithinMs - sinceMs).toBeLessThan(dueMs + Math.max(TOLERANCE_MS, dueMs / 10) + DELIVERY_MS);
}

describe.concurrent('the idle timeout (0.6 s)', () => {
  test('ends a stream on which nothing was sent, with the error frame', async () => {
    const outcome = await ask(of('idle').client, { prompt: 'silent', session_id: 'session-1' });
    expectErrorBeforeData(outcome, { code: 'DEADLINE_EXCEEDED', errorType: 'stream_idle_timeout' });
    // The server's own measure keeps the bound without any allowance.
    expect(outcome.details).toMatch(/^Stream closed due to idle timeout: session-1 \(idle: 0\.[6-8]s\)$/);
    expectAfter(outcome, 600);
  });

  test('counts from the last frame that was taken', async () => {
    const outcome = await ask(of('idle').client, { prompt: 'one sentence', session_id: 'session-2' });
    expectErrorAfterData(outcome, { code: 'DEADLINE_EXCEEDED', errorType: 'stream_idle_timeout' });
    expect(outcome.details).toMatch(/^Stream closed due to idle timeout: session-2 \(idle: 0\.[6-8]s\)$/);
    expectAfter(outcome, 600, outcome.frameTimesMs.at(-1) ?? 0);
  });

  test('is outlived by a stream that keeps sending', async () => {
    const outcome = await ask(of('idle').client, { prompt: 'keeps sending' });
    expectGoodEnd(outcome);
    expect(outcome.endedAfterMs).toBeGreaterThan(1_500);
  });
});

describe.concurrent('the first token timeout (0.5 s)', () => {
  test('ends a stream whose model says nothing', async () => {
    const outcome = await ask(of('firstToken').client, { prompt: 'silent' });
    expectErrorBeforeData(outcome, {
      code: 'DEADLINE_EXCEEDED',
      errorType: 'first_token_timeout',
      details: 'The model said nothing for 0.5s',
    });
    expectAfter(outcome, 500);
  });

  test('does not concern a model that has begun', async () => {
    const running = start(of('firstToken').client, { prompt: 'one sentence' });
    expect(await endedWithin(running.outcome, 1_000)).toBe(false);
    running.call.cancel();
    await running.outcome;
  });
});

describe.concurrent('the stall timeout (0.5 s)', () => {
  const stalled = {
    code: 'DEADLINE_EXCEEDED',
    errorType: 'answer_stalled',
    details: 'The model finished no sentence for 0.5s',
  };

  test('ends an answer that dribbles letters and finishes no sentence', async () => {
    const outcome = await ask(of('stall').client, { prompt: 'dribbles' });
    expectErrorBeforeData(outcome, stalled);
    expectAfter(outcome, 500);
  });

  test('ends an answer that begins to dribble later', async () => {
    const outcome = await ask(of('stall').client, { prompt: 'dribbles later' });
    expectErrorAfterData(outcome, stalled);
    expect(outcome.text).toBe('Mute one is here.');
  });

  test('is outlived by an answer that finishes a sentence now and then', async () => {
    const outcome = await ask(of('stall').client, { prompt: 'pauses' });
    expectGoodEnd(outcome);
    expect(outcome.endedAfterMs).toBeGreaterThan(1_000);
  });

  test('does not concern a model that has not begun', async () => {
    const running = start(of('stall').client, { prompt: 'silent' });
    expect(await endedWithin(running.outcome, 1_000)).toBe(false);
    running.call.cancel();
    await running.outcome;
  });
});

describe.concurrent('the speech timeout (0.5 s)', () => {
  test('lets the text go on without the sound of a sentence that hangs', async () => {
    const outcome = await ask(of('degrade').client, { prompt: 'hangs in the middle' });
    expectGoodEnd(outcome);
    expect(outcome.kinds).toEqual(['text_chunk', 'text_chunk', 'text_chunk', 'end_message']);
    expect(outcome.text).toBe('Mute one is here. Hang two is here. Mute three is here.');
    expectAfter(outcome, 500);
  });

  test('lets the text go on without the sound of a sentence that fails', async () => {
    const outcome = await ask(of('degrade').client, { prompt: 'fails in the middle' });
    expectGoodEnd(outcome);
    expect(outcome.text).toBe('Mute one is here. Spoken two is here.');
    expect(outcome.kinds).toEqual(['text_chunk', 'text_chunk', ...Array(4).fill('audio_chunk'), 'end_message']);
  });

  test('does not concern a voice that takes longer in all but gives sound', async () => {
    const outcome = await ask(of('degrade').client, { prompt: 'spoken' });
    expectGoodEnd(outcome);
    expect(outcome.kinds.filter((kind) => kind === 'audio_chunk')).toHaveLength(12);
  });
});

describe.concurrent('SPEECH_FAILURE=fail', () => {
  test('ends the stream of a sentence that hangs', async () => {
    const outcome = await ask(of('fail').client, { prompt: 'hangs at once' });
    expectErrorAfterData(outcome, {
      code: 'UNAVAILABLE',
      errorType: 'speech_failed',
      details: 'No sound for 0.5s',
    });
    expectAfter(outcome, 500);
  });

  test('ends the stream of a sentence that fails, with the words of the voice', async () => {
    const outcome = await ask(of('fail').client, { prompt: 'fails in the middle' });
    expectErrorAfterData(outcome, {
      code: 'UNAVAILABLE',
      errorType: 'speech_failed',
      details: 'scripted speech failure: the sentence matches fail_when',
    });
  });

  test('ends it after all text and sound before that sentence, whose own text is not sent', async () => {
    const outcome = await ask(of('fail').client, { prompt: 'fails ahead' });
    expectErrorAfterData(outcome, {
      code: 'UNAVAILABLE',
      errorType: 'speech_failed',
      details: 'scripted speech failure: the sentence matches fail_when',
    });
    expect(outcome.text).toBe('Spoken one is here. Spoken two is here.');
    const spoken = ['text_chunk', ...Array(4).fill('audio_chunk')];
    expect(outcome.kinds).toEqual([...spoken, ...spoken]);
  });

  test('does not touch a stream whose sentences are spoken', async () => {
    expectGoodEnd(await ask(of('fail').client, { prompt: 'spoken' }));
  });
});

describe.concurrent('the session timeout (0.7 s)', () => {
  const expired = {
    code: 'DEADLINE_EXCEEDED',
    errorType: 'session_timeout',
    details: 'The session took longer than 0.7s',
  };

  test('ends a stream that keeps sending', async () => {
    const outcome = await ask(of('session').client, { prompt: 'keeps sending' });
    expectErrorAfterData(outcome, expired);
    expectAfter(outcome, 700);
  });

  test('ends a stream on which nothing was sent', async () => {
    const outcome = await ask(of('session').client, { prompt: 'silent' });
    expectErrorBeforeData(outcome, expired);
    expectAfter(outcome, 700);
  });
});

describe.concurrent('all timeouts at 0', () => {
  /** Half as long again as the longest timeout above. */
  const LONGER_MS = 1_050;

  test.each(['silent', 'one sentence', 'dribbles', 'hangs at once'])('"%s" goes on', async (prompt) => {
    const running = start(of('none').client, { prompt });
    expect(await endedWithin(running.outcome, LONGER_MS)).toBe(false);
    running.call.cancel();
    expect((await running.outcome).code).toBe('CANCELLED');
  });
});

test('every idle timeout was counted, once', async () => {
  expect((await of('idle').server.status()).idle_timeouts).toBe(2);
});

/** Whether `outcome` comes before `ms` have passed. */
function endedWithin(outcome: Promise<unknown>, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), ms);
    void outcome.then(() => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}
