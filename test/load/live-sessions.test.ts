/**
 * 500 sessions at once, with real timers, late voices, cancels, interrupts, failures and readers that stop, recorded to files as a server does
 * it; then all of them, and the supervisor between them, replayed in another process, twice.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { sessionRecording, supervisorRecording } from '../../src/record/chart-recordings.ts';
import { EventLogs } from '../../src/record/event-logs.ts';
import { withRecorder } from '../../src/record/recorded-logic.ts';
import { logMaker } from '../../src/record/redaction.ts';
import { openHost, requestOf } from '../support/actors/hosted-supervisor.ts';
import {
  type Chance,
  chanceFrom,
  erraticAnswers,
  erraticReader,
  erraticVoice,
} from '../support/replay/erratic-engines.ts';
import { createLogFolder } from '../support/replay/log-folder.ts';
import { runBin } from '../support/run-bin.ts';

const SESSIONS = 500;
const DEVICES = 100;
/** All of them begin within this time. */
const BEGIN_MS = 2_500;

const limits = {
  idleTimeoutMs: 4_000,
  firstTokenTimeoutMs: 2_000,
  answerStallTimeoutMs: 3_000,
  speechTimeoutMs: 800,
  sessionTimeoutMs: 7_000,
  maxFramesPerSecond: 60,
  speechLookahead: 2,
};

const folder = createLogFolder();
const summarySchema = z.object({
  kind: z.literal('summary'),
  logs: z.number(),
  identical: z.number(),
  incomplete: z.number(),
  by_reason: z.record(z.string(), z.number()),
});

function recorder(): { readonly logs: EventLogs; readonly faults: string[] } {
  const faults: string[] = [];
  const logs = new EventLogs({
    retention: { dir: folder.dir, maxAgeMs: 3_600_000, maxTotalBytes: 2 ** 30 },
    now: () => performance.now(),
    date: () => new Date(),
    onFault: (why) => faults.push(why),
    onRecovery: () => {},
    onSweepFault: (why) => faults.push(why),
    onKilledFound: () => {},
    files: 'session',
    version: 'test',
    maxDescriptors: 256,
  });
  return { logs, faults };
}

/** Holds them all; resolves when the last one has ended. */
async function holdSessions(logs: EventLogs, chance: Chance): Promise<void> {
  const terms = { redaction: 'shape', build: 'test' } as const;
  const ofSession = logMaker(sessionRecording, terms);
  const ofSupervisor = logMaker(supervisorRecording, terms);
  const { host } = openHost({
    admission: { maxStreams: SESSIONS },
    limits,
    answerEngine: erraticAnswers(chance),
    speechEngine: erraticVoice(chance),
    now: () => performance.now(),
    recording: {
      ofSessions: (machine) => withRecorder(machine, (id) => logs.recorderFor(id, { name: id }, ofSession)),
      ofSupervisor: (machine) =>
        withRecorder(machine, (id) => logs.recorderFor(id, { name: 'supervisor' }, ofSupervisor)),
    },
  });
  const sessions = Array.from({ length: SESSIONS }, async (_, index) => {
    await sleep(chance() * BEGIN_MS);
    const { sink, ended } = erraticReader(chance);
    const hardwareId = `device-${index % DEVICES}`;
    const stream = host.open(requestOf(`stream-${index}`, `session-${index}`, hardwareId), sink);
    if (!('cancel' in stream)) throw new Error(`refused: ${stream.message}`);
    if (chance() < 0.1) setTimeout(() => stream.cancel(), chance() * 600);
    if (chance() < 0.02) setTimeout(() => host.interrupt(hardwareId), chance() * 600);
    await ended;
  });
  await Promise.all(sessions);
  await host.drain();
}

async function replayAll() {
  const { exitCode, stdout, stderr } = await runBin(['replay', folder.dir, '--json']);
  const lines = stdout.trim().split('\n');
  const summary = summarySchema.parse(JSON.parse(lines.at(-1) ?? ''));
  // The first that is not, in full.
  const others = lines.filter((line) => !line.includes('"verdict":"identical"')).slice(0, -1);
  return { exitCode, stderr, summary, others };
}

test('500 of 500 live sessions are identical, twice, in another process', { timeout: 120_000 }, async () => {
  const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);
  console.info(`seed ${seed}`);
  const { logs, faults } = recorder();
  await holdSessions(logs, chanceFrom(seed));
  await logs.close();
  expect(faults).toEqual([]);
  expect(folder.logs()).toHaveLength(SESSIONS);
  const [first, second] = [await replayAll(), await replayAll()];
  expect(first).toMatchObject({
    exitCode: 0,
    stderr: '',
    others: [],
    summary: { logs: SESSIONS + 1, identical: SESSIONS + 1, incomplete: 0 },
  });
  expect(second).toEqual(first);
  // What makes it worth something: they did not all go the same way.
  const { by_reason: reasons } = first.summary;
  const ended = ['completed', 'answer_failed', 'processing_error', 'client_cancelled', 'interrupted'];
  expect(Object.keys(reasons)).toEqual(expect.arrayContaining(ended));
  const timeouts = ['first_token_timeout', 'answer_stalled', 'session_timeout', 'stream_idle_timeout'];
  expect(timeouts.some((reason) => reason in reasons)).toBe(true);
  console.info(reasons);
});
