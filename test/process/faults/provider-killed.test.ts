/** A model and a voice in other processes that are killed in the middle of twenty streams, stay away for a while and come back where they were. */
import { readdirSync, readlinkSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ask, connect, start } from '../../support/client.ts';
import { eventually } from '../../support/eventually.ts';
import { startChatServer } from '../../support/providers/chat-server.ts';
import { startSpeechServer } from '../../support/providers/speech-server.ts';
import { type ServerProcess, startServerProcess } from '../../support/server-process.ts';
import { expectErrorAfterData, expectErrorBeforeData, expectGoodEnd } from '../rpc/outcomes.ts';

const [IN_MID_ANSWER, BEFORE_A_WORD, IN_MID_SPEECH] = [8, 6, 6];
/** Of a breaker. */
const FAILURES_TO_OPEN = 5;
/** Far below the waits for a model that is there and says nothing, which are 30 s. */
const FAST_MS = 10_000;
const away = { code: 'UNAVAILABLE', errorType: 'answer_failed' } as const;
const probe = new URL('../../load/soak/probe.mjs', import.meta.url).href;

/** Timers that keep the process busy while nothing runs. */
async function timersOf(server: ServerProcess): Promise<number> {
  const told = server.logsOf('probe').length;
  server.process.kill('SIGUSR2');
  const [line] = await eventually(
    () => server.logsOf('probe').slice(told),
    (lines) => lines.length === 1,
  );
  return Number(line?.ctx?.timers);
}

/** Its descriptors, without the files that it keeps: logs are opened as they begin. */
function descriptorsOf({ process: { pid }, dataDir }: ServerProcess): number {
  const open = readdirSync(`/proc/${pid}/fd`).map((each) => linkOf(`/proc/${pid}/fd/${each}`));
  return open.filter((link) => link !== null && !link.startsWith(dataDir)).length;
}

/** null = it was closed just now. */
function linkOf(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}

const breakerOf = (status: { readonly [field: string]: unknown }) =>
  JSON.stringify(status.answer_providers).match(/"breaker":"(\w+)"/)?.[1];

test('kill -9 of model and voice: each stream ends as the table of errors says or goes on without sound; new calls fail fast; when both are back so are answers, and nothing is left', async () => {
  const chat = await startChatServer();
  const voice = await startSpeechServer({ stalls: true });
  const env = {
    ANSWER_ENGINE: 'openai',
    ANSWER_MODEL: 'demo',
    ANSWER_BASE_URL: chat.baseUrl,
    ANSWER_RETRIES: '1',
    SPEECH_ENGINE: 'openai',
    SPEECH_BASE_URL: voice.url('/v1'),
    SPEECH_API_KEY: 'key',
    SPEECH_RETRIES: '1',
    NODE_OPTIONS: `--import=${probe}`,
  };
  const server = await startServerProcess({ env });
  const client = connect(server.grpcPort);
  expectErrorBeforeData(await ask(client, { prompt: '' }), { code: 'INVALID_ARGUMENT', errorType: 'empty_prompt' });
  const before = { timers: await timersOf(server), descriptors: descriptorsOf(server) };

  const of = (count: number, prompt: string) => Array.from({ length: count }, () => start(client, { prompt }));
  const answering = of(IN_MID_ANSWER, 'behave:stall');
  const silent = of(BEFORE_A_WORD, 'behave:silent-stream');
  const speaking = of(IN_MID_SPEECH, 'behave:good');
  await Promise.all([...answering, ...speaking].map(({ firstFrame }) => firstFrame));
  await eventually(
    () => chat.seen(),
    (seen) => seen.length === IN_MID_ANSWER + BEFORE_A_WORD + IN_MID_SPEECH,
  );
  await Promise.all([chat.kill(), voice.kill()]);

  for (const { outcome } of answering) expectErrorAfterData(await outcome, away);
  for (const { outcome } of silent) expectErrorBeforeData(await outcome, away);
  for (const { outcome } of speaking) {
    const ended = await outcome;
    expectGoodEnd(ended);
    expect(ended.text).toBe('One is said. Two is said.');
  }
  for (let call = 0; call <= FAILURES_TO_OPEN; call += 1) {
    const refused = await ask(client, { prompt: 'behave:good' });
    expectErrorBeforeData(refused, away);
    expect(refused.endedWithinMs).toBeLessThan(FAST_MS);
  }
  expect(breakerOf(await server.status())).toBe('open');
  expect(await server.logged('breaker_open')).toHaveLength(1);

  const [chatAgain, voiceAgain] = await Promise.all([
    startChatServer({ port: chat.port }),
    startSpeechServer({ port: voice.port }),
  ]);
  expect([chatAgain.port, voiceAgain.port]).toEqual([chat.port, voice.port]);
  for (let call = 0; call < 3; call += 1) {
    const good = await ask(client, { prompt: 'behave:good' });
    expectGoodEnd(good);
    expect(good.text).toBe('One is said. Two is said.');
    expect(good.audioBytes).toBeGreaterThan(0);
  }
  const status = await server.status();
  expect(breakerOf(status)).toBe('closed');
  expect(status).toMatchObject({ health: 'ok', active_streams: 0, in_flight: 0, active_answers: 0, active_speech: 0 });
  expect(await server.logged('breaker_closed')).toHaveLength(1);
  expect(server.logsOf('fault')).toEqual([]);
  // Connections that are kept for the next question close by themselves.
  await eventually(
    () => descriptorsOf(server),
    (count) => count <= before.descriptors,
    60_000,
  );
  expect(await timersOf(server)).toBeLessThanOrEqual(before.timers);
  client.close();
  expect(await server.stop()).toBe(0);
}, 120_000);
