/** Guarantees of the session chart: every way to end early is an ordinary transition, with its one reason and its text. */

import { afterEach, describe, expect, test, vi } from 'vitest';
import { createActor, type EventObject, fromCallback } from 'xstate';
import { failure } from '../../../src/errors.ts';
import { sessionMachine } from '../../../src/machines/session/session.machine.ts';
import type { AnswerInbox, AnswerInput, SessionEvent } from '../../../src/machines/session/session.types.ts';
import type { SpeechInput } from '../../../src/machines/stream/stream.types.ts';
import type { Effect } from '../../support/machines/pure-run.ts';
import {
  askedSession,
  heard,
  idleSession,
  type SessionRun,
  saidOf,
  sessionInput,
  speakingSession,
} from '../../support/machines/session-run.ts';

const one = 'This is the first one.';
const two = 'Here is the second one.';
const openSafari = { type: 'answer.commandReceived', name: 'open_app', args: { app_name: 'Safari' } } as const;

/** Sessions in every state that something can end, and the actors that must be stopped with it. */
const situations: readonly {
  readonly name: string;
  readonly run: () => SessionRun;
  readonly stops: readonly Effect[];
}[] = [
  { name: 'idle', run: () => idleSession(), stops: [] },
  { name: 'awaitingFirstToken', run: () => askedSession(), stops: [{ stopped: 'answer' }, { stopped: 'speech' }] },
  { name: 'speaking', run: () => speakingSession([one]), stops: [{ stopped: 'answer' }, { stopped: 'speech' }] },
  {
    name: 'finishing speech',
    run: () => {
      const run = speakingSession([one]);
      run.send({ type: 'answer.finished' });
      return run;
    },
    stops: [{ stopped: 'speech' }],
  },
  {
    name: 'closing',
    run: () => {
      const run = speakingSession([one]);
      run.send({ type: 'answer.finished' });
      run.send({ type: 'speech.finished', segment: 0, audioBytes: 0 });
      return run;
    },
    stops: [{ stopped: 'speech' }],
  },
  {
    name: 'commandSent',
    run: () => {
      const run = askedSession();
      run.send(openSafari);
      run.send({ type: 'answer.finished' });
      return run;
    },
    stops: [],
  },
];

const endings: readonly { readonly event: SessionEvent; readonly failure: object }[] = [
  {
    event: { type: 'client.cancelled' },
    failure: { errorCode: 'CANCELLED', errorType: 'client_cancelled', message: 'Cancelled by the client' },
  },
  {
    event: { type: 'device.interruptRequested' },
    failure: { errorCode: 'CANCELLED', errorType: 'interrupted', message: 'Interrupted by the device' },
  },
  {
    event: { type: 'server.graceExpired' },
    failure: {
      errorCode: 'UNAVAILABLE',
      errorType: 'draining',
      message: 'The server is shutting down; the grace period is over',
    },
  },
  {
    event: { type: 'outbox.rateExceeded', framesInLastSecond: 6 },
    failure: {
      errorCode: 'RESOURCE_EXHAUSTED',
      errorType: 'rate_limit_exceeded',
      message: 'Message rate limit exceeded: 6 messages in last second (limit: 5 msg/s)',
    },
  },
  {
    event: { type: 'session.faulted', faultId: 'stream-1' },
    failure: { errorCode: 'INTERNAL', errorType: 'session_fault', message: 'Internal error (stream-1)' },
  },
];

describe.each(situations)('Session 6: in $name', ({ run: makeRun, stops }) => {
  test.each(endings)(
    '$event.type ends the session at once, says nothing more and stops every actor',
    ({ event, failure }) => {
      const run = makeRun();
      const ended = run.send(event);
      expect(ended).toEqual({ value: 'error', effects: stops, changed: { failure } });
      expect(run.output).toEqual({ reason: run.context.failure?.errorType, failure });
      expect(run.timers()).toEqual({});
    },
  );

  test('the total time ends it too', () => {
    const run = makeRun();
    const ended = run.send({ type: 'outbox.activityReported', idleMs: 0 });
    expect(ended.value).not.toBe('error');
    // The timer of the root is armed once, whatever states come and go.
    expect(run.timers()).toMatchObject({ 'sessionTimeout@session': 600_000 });
    expect(run.sendInternal({ type: 'xstate.after.sessionTimeout.session' })).toEqual({
      value: 'error',
      effects: stops,
      changed: {
        failure: {
          errorCode: 'DEADLINE_EXCEEDED',
          errorType: 'session_timeout',
          message: 'The session took longer than 600s',
        },
      },
    });
  });
});

describe('Session 4: the model', () => {
  test('that says nothing runs into the first token timeout', () => {
    const run = askedSession();
    expect(run.advance(29_999).value).not.toBe('error');
    run.advance(1);
    expect(run.output?.failure).toEqual({
      errorCode: 'DEADLINE_EXCEEDED',
      errorType: 'first_token_timeout',
      message: 'The model said nothing for 30s',
    });
  });

  test('that dribbles without finishing a sentence stalls after the stall timeout, whatever it sends meanwhile', () => {
    const run = askedSession();
    run.advance(1_000);
    run.send(heard('a', 1_000));
    for (let atMs = 1_000; atMs < 41_000; atMs += 4_000) {
      run.advanceTo(atMs);
      run.send(heard('b', atMs));
    }
    expect(run.isLive).toBe(true);
    run.advanceTo(41_000);
    expect(run.output?.failure).toEqual({
      errorCode: 'DEADLINE_EXCEEDED',
      errorType: 'answer_stalled',
      message: 'The model finished no sentence for 40s',
    });
  });

  test('that finishes sentences is given the stall timeout from its last one, to the millisecond', () => {
    const run = askedSession({ speechTimeoutMs: 0 });
    run.send(heard(`${one}\n`, 0));
    run.advanceTo(25_000);
    run.send(heard(`${two}\n`, 25_000));
    run.advanceTo(64_999);
    expect(run.isLive).toBe(true);
    run.advanceTo(65_000);
    expect(run.output?.reason).toBe('answer_stalled');
  });

  test('that has announced its end owes no sentence: its engine has the stall timeout, and the chart waits 5 s longer', () => {
    const run = askedSession({ answerStallTimeoutMs: 10_000, sessionTimeoutMs: 0, speechTimeoutMs: 0 });
    run.advance(1_000);
    run.send(heard('Some words', 1_000));
    run.advance(9_000);
    run.send({ type: 'answer.endAnnounced', atMs: 10_000 });
    run.advance(14_999);
    expect(run.output).toBeUndefined();
    run.advance(1);
    expect(run.output?.reason).toBe('answer_stalled');
  });

  test('that has announced its end without a word has the same time, and no first word to wait for', () => {
    const run = askedSession({ firstTokenTimeoutMs: 5_000, answerStallTimeoutMs: 10_000, sessionTimeoutMs: 0 });
    run.advance(4_000);
    run.send({ type: 'answer.endAnnounced', atMs: 4_000 });
    run.advance(10_000);
    run.send(openSafari);
    run.send({ type: 'answer.finished' });
    expect(run.value).toMatchObject({ commandSent: expect.anything() });
  });

  test('that goes on behind its announced end is watched as before', () => {
    const run = askedSession({ answerStallTimeoutMs: 10_000, sessionTimeoutMs: 0, speechTimeoutMs: 0 });
    run.send(heard(`${one} `, 0));
    run.send({ type: 'answer.endAnnounced', atMs: 0 });
    run.advance(2_000);
    run.send(heard(`${two} And`, 2_000));
    run.advance(9_999);
    expect(run.output).toBeUndefined();
    run.advance(1);
    expect(run.output?.reason).toBe('answer_stalled');
  });

  test('that finishes every sentence just in time never stalls', () => {
    const run = askedSession({ speechTimeoutMs: 0, sessionTimeoutMs: 0, idleTimeoutMs: 0 });
    for (let atMs = 0; atMs < 40 * 39_000; atMs += 39_000) {
      run.advanceTo(atMs);
      run.send(heard(`${one}\n`, atMs));
      run.send({ type: 'speech.finished', segment: atMs / 39_000, audioBytes: 0 });
    }
    expect(run.isLive).toBe(true);
  });

  test.each([
    ['before any word', () => askedSession()],
    ['in the middle of the words', () => speakingSession([one])],
  ])('that declares a failure %s ends the session with its words', (_when, makeRun) => {
    const run = makeRun();
    const failure = { errorCode: 'UNAVAILABLE', errorType: 'answer_failed', message: 'model is down' } as const;
    const failed = run.send({ type: 'answer.failed', failure });
    expect(failed).toEqual({
      value: 'error',
      effects: [{ stopped: 'answer' }, { stopped: 'speech' }],
      changed: { failure },
    });
    expect(run.output).toEqual({ reason: 'answer_failed', failure });
  });

  test.each([
    ['nothing', []],
    ['white space', [heard(' \n\t ')]],
    ['a command that is dropped', [{ type: 'answer.commandReceived', name: 'rm_rf', args: {} }]],
    ['an object without words and without command', [heard('{"text": "", "command": null}')]],
  ] as const)('that ends with %s has given an empty answer', (_what, events) => {
    const run = askedSession();
    for (const event of events) run.send(event);
    run.send({ type: 'answer.finished' });
    expect(run.output).toEqual({
      reason: 'empty_answer',
      failure: {
        errorCode: 'UNAVAILABLE',
        errorType: 'empty_answer',
        message: 'The model ended with nothing to say',
      },
    });
  });
});

describe('Session 6: an actor of the session that throws', () => {
  const fault = {
    errorCode: 'INTERNAL',
    errorType: 'session_fault',
    message: 'Internal error (stream-1)',
  };

  test.each(['answer', 'speech'])('%s: ends it with session_fault; the text stays inside, for the log', (actor) => {
    const run = askedSession();
    const error = new Error('secret');
    const ended = run.sendInternal({ type: `xstate.error.actor.${actor}`, error });
    expect(ended.value).toBe('error');
    expect(saidOf(ended.effects)).toEqual([{ type: 'actor.faulted', detail: error.stack }]);
    expect(run.output).toEqual({ reason: 'session_fault', failure: fault });
  });

  test('answer: also while it is held back', () => {
    const run = askedSession();
    run.send(heard(`${Array.from({ length: 70 }, () => one).join(' ')}\n`));
    expect(run.value).toMatchObject({ streaming: { answer: { running: 'held' } } });
    run.sendInternal({ type: 'xstate.error.actor.answer', error: 'no error object' });
    expect(run.output).toEqual({ reason: 'session_fault', failure: fault });
  });
});

describe('Session 1: after the end', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  const ends: readonly SessionEvent[] = [
    { type: 'client.cancelled' },
    { type: 'answer.failed', failure: { errorCode: 'INTERNAL', errorType: 'processing_error', message: 'x' } },
  ];
  const everything: readonly SessionEvent[] = [
    ...endings.map(({ event }) => event),
    ...ends,
    { type: 'request.received', prompt: 'again' },
    heard(`${one}\n`),
    { type: 'answer.fellQuiet', atMs: 1 },
    openSafari,
    { type: 'answer.finished' },
    { type: 'speech.finished', segment: 0, audioBytes: 0 },
    { type: 'speech.failed', segment: 0, retryable: true, failure: failure('speech_failed', 'x') },
    { type: 'speech.progressReported', silences: [] },
    { type: 'outbox.activityReported', idleMs: 1e9 },
    { type: 'outbox.roomFound' },
    { type: 'outbox.flushed' },
  ];

  test.each(ends)('$type: no event of any kind makes the session say or change anything', (ending) => {
    // XState's development build tells of every event that comes too late.
    vi.spyOn(console, 'warn').mockImplementation(() => {});
    const answer = fromCallback<AnswerInbox, AnswerInput>(() => {});
    const speech = fromCallback<EventObject, SpeechInput>(() => {});
    const actor = createActor(sessionMachine.provide({ actors: { answer, speech } }), { input: sessionInput() });
    const said: unknown[] = [];
    actor.on('*', (event) => said.push(event));
    actor.start();
    actor.send({ type: 'request.received', prompt: 'x' });
    actor.send(heard(`${one}\n`));
    actor.send(ending);
    const ended = actor.getSnapshot();
    expect(ended).toMatchObject({ status: 'done', value: 'error' });
    said.length = 0;
    for (const event of everything) actor.send(event);
    expect(said).toEqual([]);
    expect(actor.getSnapshot()).toBe(ended);
  });
});
