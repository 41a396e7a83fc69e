/**
 * Flow control: a reader that stops reading makes everything behind it stop. Memory stays flat, the processor rests, the idle timeout ends
 * the stream, and nobody else notices.
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { startChildClient } from '../process/rpc/child-client.ts';
import { expectErrorAfterData, expectGoodEnd } from '../process/rpc/outcomes.ts';
import { ask, connect, start } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';

const MIB = 1024 * 1024;
const CHUNK_BYTES = 4096;
const CHUNKS = 15_000;
/** "Sixty megabytes of sound in one sentence", and as much in words. */
const AUDIO_BYTES = CHUNKS * CHUNK_BYTES;
const SENTENCE = `${'One more word of it '.repeat(30)}is here. `;
const SENTENCES = 105_000;

const STALLED = 50;
const CONNECTIONS = 5;
/**
 * 3 GB lie behind the fifty readers; a stream holds its queue and the transport's windows, some 300 KiB. Words pass through the chart and
 * leave garbage that V8 does not hurry to collect: 0.15 MiB a reader is alive (measured by heap snapshots).
 */
const maxGrowthBytes = { sound: 60 * MIB, text: 160 * MIB } as const;
/** What one stalled stream may have taken from the voice: queue, frames in flight, windows of HTTP/2 and of the socket. */
const MAX_TAKEN_BYTES = 2 * MIB;
/** Of one core, while everything stands still. */
const MAX_LOAD = 0.15;

const scenarios = {
  sound: {
    answers: [
      { when: '^sixty megabytes$', steps: [{ say: 'Loud words are here.' }] },
      { when: '', steps: [{ say: 'Mute but quick.' }] },
    ],
    speech: { chunks_per_sentence: CHUNKS, chunk_bytes: CHUNK_BYTES, fail_when: 'mute' },
  },
  text: {
    answers: [
      { when: '^sixty megabytes$', steps: [{ say: SENTENCE, repeat: SENTENCES }] },
      { when: '^four megabytes$', steps: [{ say: SENTENCE, repeat: SENTENCES / 15 }] },
      { when: '', steps: [{ say: 'Quick.' }] },
    ],
    speech: { chunks_per_sentence: 0 },
  },
} as const;
const PROMPT = 'sixty megabytes';
/** Longer than fifty sessions need to fill what they may fill, on a busy machine too: words cost 0.6 µs a character, 4 s in all. */
const idleTimeoutMs = { sound: 3_000, text: 15_000 } as const;
const PAUSE_MS = 1_000;
/** Twice the idle timeout and the way there, on a machine that is busy with other things. */
const TEST_TIMEOUT_MS = 60_000;

const envFor = (kind: keyof typeof scenarios) => ({
  BACKPRESSURE_IDLE_TIMEOUT: String(idleTimeoutMs[kind] / 1000),
  BACKPRESSURE_MAX_STREAMS: '60',
  // All of the crowd are one device, and this is not about whom a busy server refuses.
  BACKPRESSURE_MAX_STREAMS_PER_DEVICE: '0',
  OVERLOAD: 'off',
});

/** Processor time of the server so far, in seconds. */
function processorSeconds({ process }: ServerProcess): number {
  const TICKS_PER_SECOND = 100;
  const fields = readFileSync(`/proc/${process.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

test.each(['sound', 'text'] as const)(
  'fifty stalled readers of 60 MB of %s',
  { timeout: TEST_TIMEOUT_MS },
  async (kind) => {
    const server = await startServerProcess({ scenario: scenarios[kind], env: envFor(kind) });
    const client = connect(server.grpcPort);
    for (let round = 0; round < 20; round += 1) expectGoodEnd(await ask(client, { prompt: 'warm up' }));
    const residentBefore = server.residentBytes();

    const child = await startChildClient({
      port: server.grpcPort,
      prompt: PROMPT,
      mode: 'stall',
      calls: STALLED,
      connections: CONNECTIONS,
    });
    expect((await server.status()).active_streams).toBe(STALLED);

    // The server comes to rest …
    let seconds = processorSeconds(server);
    let sinceMs = performance.now();
    let residentMax = 0;
    const load = await eventually(
      async () => {
        await new Promise((wake) => setTimeout(wake, 300));
        residentMax = Math.max(residentMax, server.residentBytes());
        const [seconds_, nowMs] = [processorSeconds(server), performance.now()];
        const loadNow = (seconds_ - seconds) / ((nowMs - sinceMs) / 1000);
        [seconds, sinceMs] = [seconds_, nowMs];
        return loadNow;
      },
      (loadNow) => loadNow < MAX_LOAD,
      idleTimeoutMs[kind],
    );
    expect(await server.status()).toMatchObject({ active_streams: STALLED, idle_timeouts: 0 });

    // … and serves others meanwhile.
    for (let round = 0; round < 5; round += 1) expectGoodEnd(await ask(client, { prompt: 'quick' }));

    await eventually(
      () => server.status(),
      (status) => status.active_streams === 0,
      2 * idleTimeoutMs[kind],
    );
    residentMax = Math.max(residentMax, server.residentBytes());
    const growth = residentMax - residentBefore;
    const ends = server.logsOf('end').filter(({ ctx }) => ctx?.hardware_id === 'child');
    const takenBytes = ends.map(({ ctx }) => Number(ctx?.audio_bytes));
    console.log(
      `${kind}: ${(growth / MIB).toFixed(1)} MiB more for ${STALLED} stalled readers, at most ` +
        `${(Math.max(...takenBytes) / 1024).toFixed(0)} KiB of sound taken by one, load ${load.toFixed(2)}`,
    );
    expect(growth).toBeLessThan(maxGrowthBytes[kind]);
    expect(Math.max(...takenBytes)).toBeLessThan(MAX_TAKEN_BYTES);
    expect(ends.map(({ ctx }) => ctx?.reason)).toEqual(Array(STALLED).fill('stream_idle_timeout'));
    expect(await server.status()).toMatchObject({
      active_answers: 0,
      active_speech: 0,
      in_flight: 0,
      idle_timeouts: STALLED,
    });
    expect(child.process.exitCode).toBeNull();
    expectGoodEnd(await ask(client, { prompt: 'quick' }));
    client.close();
  },
);

test('a reader that pauses for a while gets every byte in the end', async () => {
  const server = await startServerProcess({ scenario: scenarios.sound, env: envFor('sound') });
  const client = connect(server.grpcPort);
  const running = start(client, { prompt: PROMPT });
  await running.firstFrame;
  running.call.pause();
  await new Promise((wake) => setTimeout(wake, PAUSE_MS));
  running.call.resume();
  const outcome = await running.outcome;
  expectGoodEnd(outcome);
  expect(outcome.audioBytes).toBe(AUDIO_BYTES);
  client.close();
});

test('a long answer arrives to the letter', async () => {
  const server = await startServerProcess({ scenario: scenarios.text, env: envFor('text') });
  const client = connect(server.grpcPort);
  const outcome = await ask(client, { prompt: 'four megabytes' });
  expectGoodEnd(outcome);
  expect(outcome.text === SENTENCE.repeat(SENTENCES / 15).trim()).toBe(true);
  client.close();
});

test('a stalled reader gets the status of its idle timeout as soon as it reads on', async () => {
  const server = await startServerProcess({ scenario: scenarios.sound, env: { BACKPRESSURE_IDLE_TIMEOUT: '0.5' } });
  const client = connect(server.grpcPort);
  const running = start(client, { prompt: PROMPT });
  await running.firstFrame;
  running.call.pause();
  await eventually(
    () => server.status(),
    ({ idle_timeouts }) => idle_timeouts === 1,
  );
  running.call.resume();
  expectErrorAfterData(await running.outcome, { code: 'DEADLINE_EXCEEDED', errorType: 'stream_idle_timeout' });
  client.close();
});
