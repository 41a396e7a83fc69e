/**
 * Model-based tests (xstate/graph): every transition that is defined in a chart is taken by some generated path, one that is not
 * is named; and from every state that was reached, time alone leads to the end.
 */

import { describe, expect, test } from 'vitest';
import type { AnyEventObject, AnyMachineSnapshot } from 'xstate';
import { getShortestPaths } from 'xstate/graph';
import { transitionsOf } from '../../../src/analysis/chart/transition-words.ts';
import { failure } from '../../../src/errors.ts';
import { bootstrapMachine } from '../../../src/machines/bootstrap.machine.ts';
import { type CollectEvent, collectMachine } from '../../../src/machines/collect.machine.ts';
import { sessionMachine } from '../../../src/machines/session/session.machine.ts';
import type { Sentence, SessionEvent } from '../../../src/machines/session/session.types.ts';
import type { SpokenSentence } from '../../../src/machines/stream/stream.types.ts';
import { lookUp } from '../../../src/machines/supervisor/persistent-table.ts';
import { supervisorMachine } from '../../../src/machines/supervisor/supervisor.machine.ts';
import type { SupervisorEvent } from '../../../src/machines/supervisor/supervisor.types.ts';
import { welcomeMachine } from '../../../src/machines/welcome/welcome.machine.ts';
import type { WelcomeEvent } from '../../../src/machines/welcome/welcome.types.ts';
import { quietWaitMs } from '../../../src/text/sentence-quiet.ts';
import { PureRun } from '../../support/machines/pure-run.ts';
import { sessionInput } from '../../support/machines/session-run.ts';
import { plainTables } from '../../support/machines/supervisor-tables.ts';
import { stuckStates, type Traversal, traverse, untakenTransitions } from '../../support/machines/traversal.ts';

const spoken = 'This is one sentence.\n';
const unspoken = '🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂\n';
const flood = spoken.repeat(64);

/** What guards look at; segments and times count from nought. */
function sessionKey({ value, context }: AnyMachineSnapshot): string {
  const { sentences, nextSegment, command, failure, lastSentenceAtMs, watch, limits } = context;
  return JSON.stringify({
    value,
    sentences: sentences
      .slice(0, 2)
      .map(({ speech, failedAttempts, failure: failed }: Sentence) => [
        speech === '',
        failedAttempts,
        failed?.errorType,
      ]),
    waiting: sentences.length,
    hasWords: nextSegment > 0,
    hasCommand: command !== null,
    failure: failure?.errorType,
    canSettle: quietWaitMs(context.cutter) !== null,
    isFinishing: lastSentenceAtMs + limits.answerStallTimeoutMs > watch.stallCheckAtMs,
  });
}

function sessionEvents({ context }: AnyMachineSnapshot): readonly SessionEvent[] {
  const { sentences, lastSentenceAtMs, limits } = context;
  const [head] = sentences;
  const last = sentences.at(-1);
  const segment = head?.segment ?? 0;
  const atMs = lastSentenceAtMs + 1;
  const timedOut = limits.speechTimeoutMs;
  return [
    { type: 'request.received', prompt: 'x' },
    { type: 'answer.textReceived', text: 'Some', atMs },
    { type: 'answer.textReceived', text: 'Quite so.', atMs },
    { type: 'answer.textReceived', text: spoken, atMs },
    { type: 'answer.textReceived', text: unspoken, atMs },
    { type: 'answer.textReceived', text: flood, atMs },
    { type: 'answer.fellQuiet', atMs },
    { type: 'answer.commandReceived', name: 'open_app', args: { app_name: 'Safari' } },
    { type: 'answer.commandReceived', name: 'rm_rf', args: {} },
    { type: 'answer.endAnnounced', atMs },
    { type: 'answer.finished' },
    { type: 'answer.finished', isCutOff: true },
    { type: 'answer.failed', failure: { errorCode: 'UNAVAILABLE', errorType: 'answer_failed', message: 'x' } },
    { type: 'speech.finished', segment, audioBytes: 2 },
    { type: 'speech.failed', segment, retryable: true, failure: failure('speech_failed', 'x') },
    { type: 'speech.failed', segment: last?.segment ?? 0, retryable: false, failure: failure('speech_failed', 'x') },
    { type: 'speech.progressReported', silences: [] },
    { type: 'speech.progressReported', silences: [{ segment, silentMs: timedOut }] },
    { type: 'outbox.activityReported', idleMs: 0 },
    { type: 'outbox.activityReported', idleMs: limits.idleTimeoutMs },
    { type: 'outbox.rateExceeded', framesInLastSecond: 6 },
    { type: 'outbox.roomFound' },
    { type: 'outbox.flushed' },
    { type: 'client.cancelled' },
    { type: 'device.interruptRequested' },
    { type: 'session.superseded' },
    { type: 'server.graceExpired' },
    { type: 'session.faulted', faultId: 'x' },
  ];
}

/** A flood comes once, in the chart that degrades, and is then worked off; apart from it two sentences wait at most. */
function isSessionEventWorthIt({ context }: AnyMachineSnapshot, event: AnyEventObject): boolean {
  const waiting: number = context.sentences.length;
  const isBetweenMarks = waiting > 3 && waiting < 64 && waiting !== 16;
  if (isBetweenMarks) return /^(speech\.finished|xstate\.after\.sessionTimeout\.session)$/.test(event.type);
  if (event.type !== 'answer.textReceived') return waiting < 4 || !event.type.startsWith('speech.failed');
  if (event.text === flood) return waiting === 1 && context.limits.speechFailure === 'degrade';
  return waiting < 2 || (waiting > 3 && event.text === 'Some');
}

function traverseSession(speechFailure: 'degrade' | 'fail'): Traversal {
  return traverse(sessionMachine, {
    input: sessionInput({ speechFailure }),
    events: sessionEvents,
    isWorthIt: isSessionEventWorthIt,
    keyOf: sessionKey,
  });
}

const degrading = traverseSession('degrade');
const failing = traverseSession('fail');

describe('the session chart', () => {
  test('takes every transition that it defines', () => {
    expect(transitionsOf(sessionMachine).length).toBeGreaterThan(50);
    expect(untakenTransitions(sessionMachine, [degrading, failing])).toEqual([]);
  });

  test('is led to its end by time alone, whatever state it is in', () => {
    expect(degrading.states.size).toBeGreaterThan(100);
    for (const traversal of [degrading, failing]) {
      expect(stuckStates(traversal, ({ status }) => status === 'done')).toEqual([]);
    }
  });

  test('ends without children, in done without a failure or in error with one', () => {
    const ends = [...degrading.states.values(), ...failing.states.values()].filter(({ status }) => status !== 'active');
    expect(ends.length).toBeGreaterThan(10);
    for (const { value, status, children, context, output } of ends) {
      expect({ status, children }).toEqual({ status: 'done', children: {} });
      expect(value).toBe(context.failure === null ? 'done' : 'error');
      expect(output).toEqual({ reason: context.failure?.errorType ?? 'completed', failure: context.failure });
    }
  });
});

describe('the welcome chart', () => {
  /** A slice without a word, two sentences, and again nothing to say. */
  const text = `${unspoken.repeat(70)}${spoken}${spoken}${unspoken.repeat(140)}`;

  const keyOf = ({ value, context }: AnyMachineSnapshot): string => {
    const { sentences, reading, failure: failed } = context;
    const attempts = sentences.map((each: SpokenSentence) => [each.failedAttempts, each.failure?.errorType]);
    return JSON.stringify({ value, attempts, readChars: reading.readChars, failure: failed?.errorType });
  };

  function events({ context }: AnyMachineSnapshot): readonly WelcomeEvent[] {
    const segment = context.sentences[0]?.segment ?? 0;
    const last = context.sentences.at(-1)?.segment ?? 0;
    const silence = (silentMs: number) =>
      ({ type: 'speech.progressReported', silences: [{ segment, silentMs }] }) as const;
    return [
      { type: 'text.received', text, voice: '', language: '' },
      { type: 'speech.finished', segment, audioBytes: 2 },
      { type: 'speech.failed', segment, retryable: true, failure: failure('answer_failed', 'x') },
      { type: 'speech.failed', segment, retryable: true, failure: failure('not_found', 'x') },
      { type: 'speech.failed', segment: last, retryable: false, failure: failure('answer_failed', 'x') },
      { type: 'speech.failed', segment: 99, retryable: false, failure: failure('answer_failed', 'x') },
      silence(0),
      silence(context.limits.speechTimeoutMs),
      { type: 'outbox.activityReported', idleMs: 0 },
      { type: 'outbox.activityReported', idleMs: context.limits.idleTimeoutMs },
      { type: 'outbox.rateExceeded', framesInLastSecond: 6 },
      { type: 'outbox.flushed' },
      { type: 'client.cancelled' },
      { type: 'device.interruptRequested' },
      { type: 'server.graceExpired' },
      { type: 'session.faulted', faultId: 'x' },
    ];
  }

  const traversal = traverse(welcomeMachine, { input: sessionInput(), events, keyOf });

  test('takes every transition that it defines', () => {
    expect(transitionsOf(welcomeMachine).length).toBeGreaterThan(25);
    expect(untakenTransitions(welcomeMachine, [traversal])).toEqual([]);
  });

  test('is led to its end by time alone, whatever state it is in', () => {
    expect(traversal.states.size).toBeGreaterThan(20);
    expect(stuckStates(traversal, ({ status }) => status === 'done')).toEqual([]);
  });

  test('ends without children, in done without a failure or in error with one', () => {
    const ends = [...traversal.states.values()].filter(({ status }) => status !== 'active');
    expect(ends.length).toBeGreaterThan(8);
    for (const { value, status, children, context, output } of ends) {
      expect({ status, children }).toEqual({ status: 'done', children: {} });
      expect(value).toBe(context.failure === null ? 'done' : 'error');
      expect(output).toEqual({ reason: context.failure?.errorType ?? 'completed', failure: context.failure });
    }
  });
});

describe('the supervisor chart', () => {
  const keyOf = ({ value, context }: AnyMachineSnapshot): string => {
    const { streams, waiting, leaving, loads } = plainTables(context);
    return JSON.stringify({ value, streams: idsIn(streams), waiting: idsIn(waiting), leaving: idsIn(leaving), loads });
  };

  function idsIn(table: unknown) {
    return Object.values(table ?? {}).map(({ kind, sessionId, hardwareId, worker }) => [
      kind,
      sessionId,
      hardwareId,
      worker,
    ]);
  }

  function events({ context }: AnyMachineSnapshot): readonly SupervisorEvent[] {
    const isKnown = (id: string) =>
      [context.streams, context.waiting, context.leaving].some((table) => lookUp(table, id) !== undefined);
    const streamId = ['call-1', 'call-2', 'call-3'].find((id) => !isKnown(id)) ?? 'call-4';
    const isRejecting = context.duplicatePolicy === 'reject';
    const reasons = [[], ['memory']] as const;
    return [
      { type: 'stream.requested', streamId, sessionId: 'session-a', hardwareId: 'device-a' },
      { type: 'stream.requested', streamId, sessionId: 'session-b', hardwareId: 'device-a' },
      { type: 'stream.requested', streamId, sessionId: 'session-a', hardwareId: 'device-c', worker: 1 },
      { type: 'stream.requested', streamId, sessionId: 'session-a', hardwareId: 'device-a', worker: 1 },
      { type: 'welcome.requested', streamId, sessionId: 'session-a' },
      { type: 'chunk.received', streamId: 'chunk', sessionId: 'session-a' },
      { type: 'stream.released', streamId: 'call-1' },
      { type: 'stream.released', streamId: 'call-2' },
      { type: 'stream.released', streamId: 'nobody' },
      { type: 'wait.expired', streamId: 'call-2' },
      { type: 'device.interruptRequested', hardwareId: 'device-a' },
      ...reasons.flatMap((each) =>
        isRejecting ? [{ type: 'load.reported' as const, worker: 'all' as const, reasons: each }] : [],
      ),
      { type: 'worker.lost', worker: 1 },
      { type: 'service.opened' },
      { type: 'drain.requested' },
    ];
  }

  const traversals = (['reject', 'supersede', 'queue', 'attach'] as const).map((duplicatePolicy) => {
    const isRejecting = duplicatePolicy === 'reject';
    const shares = { oneStreamPerDevice: isRejecting, maxStreamsPerDevice: duplicatePolicy === 'supersede' ? 1 : 0 };
    const queue = { queueTimeoutMs: 5_000, queueMax: 1 };
    const input = { maxStreams: 2, gracePeriodMs: 30_000, duplicatePolicy, ...shares, ...queue };
    return traverse(supervisorMachine, { input, events, keyOf });
  });

  test('takes every transition that it defines', () => {
    expect(transitionsOf(supervisorMachine).length).toBeGreaterThan(30);
    expect(untakenTransitions(supervisorMachine, traversals)).toEqual([]);
  });

  test('once it drains, is led to drained by time alone', () => {
    for (const traversal of traversals) {
      const drains = [...traversal.states].filter(([, state]) => state.matches('draining'));
      expect(drains.length).toBeGreaterThan(0);
      const stuck = new Set(stuckStates(traversal, (state) => state.matches('drained')));
      expect(drains.filter(([key]) => stuck.has(key))).toEqual([]);
    }
  });
});

describe('the collect chart', () => {
  const chunk = (sequence: number, text: string, bytes = 0): CollectEvent => ({
    type: 'chunk.received',
    sequence,
    text,
    ...(bytes > 0 && { screenshot: { bytes } }),
    otherScreenshotBytes: 0,
  });

  const traversal = traverse(collectMachine, {
    input: { ttlMs: 120_000, maxChars: 4, promptMaxChars: 8, maxScreenshotBytes: 100 },
    events: () => [
      chunk(1, 'some'),
      chunk(2, 'words'),
      chunk(2, ' more'),
      chunk(2, 'two', 101),
      chunk(2, 'two', 100),
      { type: 'utterance.committed' },
      { type: 'session.faulted', faultId: 'x' },
    ],
    keyOf: ({ value, context }) => JSON.stringify({ value, context }),
  });

  test('takes every transition that it defines', () => {
    expect(transitionsOf(collectMachine).length).toBeGreaterThan(9);
    expect(untakenTransitions(collectMachine, [traversal])).toEqual([]);
  });

  test('is led to its end by time alone', () => {
    expect(traversal.states.size).toBeGreaterThan(6);
    expect(stuckStates(traversal, ({ status }) => status === 'done')).toEqual([]);
  });
});

describe('the bootstrap chart', () => {
  const keyOf = ({ value, context }: AnyMachineSnapshot): string =>
    JSON.stringify({ value, lastError: context.lastError, replaced: context.replaced });

  const input = {
    forceEmergency: false,
    gracePeriodMs: 30_000,
    startFailure: 'emergency',
    engines: { answer: 'openai', speech: 'command' },
  } as const;

  const traversals = [input, { ...input, forceEmergency: true }, { ...input, startFailure: 'fail' } as const].map(
    (each) => traverse(bootstrapMachine, { input: each, events: () => [{ type: 'shutdown.requested' }], keyOf }),
  );

  test('takes every transition that it defines', () => {
    expect(transitionsOf(bootstrapMachine).length).toBeGreaterThan(12);
    expect(untakenTransitions(bootstrapMachine, traversals)).toEqual([]);
  });

  test('is led to ready or to its end by time alone', () => {
    for (const traversal of traversals) {
      const stuck = stuckStates(traversal, (state) => state.status === 'done' || state.matches('ready'));
      expect(stuck).toEqual([]);
    }
  });

  test('reaches every state by its shortest path also when the path is walked event by event', () => {
    const paths = getShortestPaths(bootstrapMachine, {
      input,
      filterEvents: ({ status }) => status === 'active',
      serializeState: keyOf,
    });
    expect(paths.length).toBeGreaterThan(8);
    for (const { steps, state } of paths) {
      const run = new PureRun(bootstrapMachine, input);
      // The first step is the start.
      for (const { event } of steps.slice(1)) run.sendInternal(event);
      expect(run.value).toEqual(state.value);
    }
  });
});

test('a transition that nothing takes is named', () => {
  const nothing: Traversal = { taken: new Set(), states: new Map(), byTime: new Map() };
  expect(untakenTransitions(bootstrapMachine, [nothing])).toContain(
    'bootstrap.starting.startingEngines.speech.startingConfigured: xstate.after.startDue.bootstrap.starting.startingEngines.speech.startingConfigured → bootstrap.starting.startingEngines.speech.startingEmbedded',
  );
  expect(untakenTransitions(sessionMachine, [nothing])).toContain(
    'session.streaming.voice.silent: always [and(isAnswered, hasNoWords)] → session.error',
  );
});
