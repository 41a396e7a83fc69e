/** Guarantees of the session chart about its reader: asked only when the timeout may have passed, re-armed with what is left. */
import { describe, expect, test } from 'vitest';
import {
  askedSession,
  idleSession,
  type SessionRun,
  saidOf,
  speakingSession,
} from '../../support/machines/session-run.ts';

const idleFailure = {
  errorCode: 'DEADLINE_EXCEEDED',
  errorType: 'stream_idle_timeout',
  message: 'Stream closed due to idle timeout: session-1 (idle: 100.5s)',
};

const off = { firstTokenTimeoutMs: 0, answerStallTimeoutMs: 0, speechTimeoutMs: 0, sessionTimeoutMs: 0 } as const;

const places: readonly { readonly name: string; readonly run: () => SessionRun; readonly state: string }[] = [
  { name: 'idle', run: () => idleSession(off), state: 'session.idle' },
  { name: 'streaming', run: () => askedSession(off), state: 'session.streaming.reader' },
  {
    name: 'closing',
    run: () => {
      const run = speakingSession(['This is the first one.'], off);
      run.send({ type: 'answer.finished' });
      run.send({ type: 'speech.finished', segment: 0, audioBytes: 0 });
      return run;
    },
    state: 'session.streaming.reader',
  },
  {
    name: 'commandSent',
    run: () => {
      const run = askedSession(off);
      run.send({ type: 'answer.commandReceived', name: 'open_app', args: { app_name: 'Safari' } });
      run.send({ type: 'answer.finished' });
      // It looks at once, see below.
      run.advance(1);
      run.send({ type: 'outbox.activityReported', idleMs: 0 });
      return run;
    },
    state: 'session.commandSent',
  },
];

describe.each(places)('Session 4: in $name', ({ run: makeRun, state }) => {
  test('the outbox is asked after the idle timeout, not a millisecond earlier', () => {
    const run = makeRun();
    expect(run.advance(99_999).effects).toEqual([]);
    expect(saidOf(run.advance(1).effects)).toEqual([{ type: 'activity.questioned' }]);
    expect(run.timers()).toEqual({ [`replyDue@${state}.questioned`]: 5_000 });
  });

  test('a reader that took a frame meanwhile is looked at again after exactly what is left', () => {
    const run = makeRun();
    run.advance(100_000);
    const calm = run.send({ type: 'outbox.activityReported', idleMs: 30_000 });
    expect(calm).toMatchObject({ effects: [], changed: { watch: { idleCheckInMs: 70_000 } } });
    expect(run.timers()).toEqual({ [`idleCheck@${state}.attentive`]: 70_000 });
    run.advance(70_000);
    expect(saidOf(run.send({ type: 'outbox.activityReported', idleMs: 0 }).effects)).toEqual([]);
    expect(run.timers()).toEqual({ [`idleCheck@${state}.attentive`]: 100_000 });
  });

  test('a reader that took none ends the session, with the time in the text', () => {
    const run = makeRun();
    run.advance(100_000);
    run.send({ type: 'outbox.activityReported', idleMs: 100_500 });
    expect(run.output).toEqual({ reason: 'stream_idle_timeout', failure: idleFailure });
  });

  test('a look that comes a moment early is repeated, never skipped', () => {
    const run = makeRun();
    run.advance(100_000);
    run.send({ type: 'outbox.activityReported', idleMs: 99_999 });
    expect(run.timers()).toEqual({ [`idleCheck@${state}.attentive`]: 1 });
  });

  test('a reader that took none for exactly the timeout ends the session, too', () => {
    const run = makeRun();
    run.advance(100_000);
    run.send({ type: 'outbox.activityReported', idleMs: 100_000 });
    expect(run.output?.reason).toBe('stream_idle_timeout');
  });

  test('an outbox that does not answer for 5 s is a bug and ends the session', () => {
    const run = makeRun();
    run.advance(100_000);
    run.advance(4_999);
    expect(run.isLive).toBe(true);
    run.advance(1);
    expect(run.output?.reason).toBe('session_fault');
  });
});

test('with BACKPRESSURE_IDLE_TIMEOUT=0 nobody is ever asked', () => {
  const run = askedSession({ ...off, idleTimeoutMs: 0 });
  expect(run.timers()).toEqual({});
  expect(run.advance(10_000_000).effects).toEqual([]);
});

test('with BACKPRESSURE_IDLE_TIMEOUT=0 a reader that is looked at all the same is never too idle', () => {
  const run = askedSession({ ...off, idleTimeoutMs: 0 });
  run.sendInternal({ type: 'xstate.after.idleCheck.session.streaming.reader.attentive' });
  run.send({ type: 'outbox.activityReported', idleMs: 1e9 });
  expect(run.isLive).toBe(true);
  expect(run.timers()).toEqual({});
});

test('a new state begins a new wait: the check in streaming does not inherit a timer of idle', () => {
  const run = idleSession(off);
  run.advance(60_000);
  run.send({ type: 'request.received', prompt: 'x' });
  expect(run.timers()).toEqual({ 'idleCheck@session.streaming.reader.attentive': 100_000 });
});

test('a command does not give an idle reader a second timeout: the reader is looked at as soon as it is sent', () => {
  const run = askedSession(off);
  run.send({ type: 'answer.commandReceived', name: 'open_app', args: { app_name: 'Safari' } });
  run.advance(90_000);
  run.send({ type: 'answer.finished' });
  expect(saidOf(run.advance(1).effects)).toEqual([{ type: 'activity.questioned' }]);
  run.send({ type: 'outbox.activityReported', idleMs: 90_001 });
  expect(run.timers()).toEqual({ 'idleCheck@session.commandSent.attentive': 9_999 });
});
