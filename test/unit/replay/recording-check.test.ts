/** What a recording promises as a test: pinned, or expected to end otherwise; and what becomes of both when the chart changes. */
import { expect, test } from 'vitest';
import { assign, setup } from 'xstate';
import { endReasonOf, isFailedEnd } from '../../../src/log/log-reader.ts';
import { checkRecording, reRecord } from '../../../src/replay/keep/recording-check.ts';
import { replay } from '../../../src/replay/replayer.ts';
import { goodLog, recordByHand } from '../../support/replay/hand-recording.ts';

type Fault = 'none' | 'throws' | 'ends early' | 'ends otherwise' | 'hangs';

/** A kettle that should whistle once it heard three times that it is hot. */
function kettle(fault: Fault) {
  const failure = (errorType: string) => ({ errorCode: 'INTERNAL', errorType, message: '' });
  const limit = fault === 'hangs' ? 99 : 2;
  return setup({
    types: {
      context: {} as { heard: number; failure: object | null },
      events: {} as { type: 'hot' } | { type: 'session.faulted'; faultId: string },
      output: {} as { reason: string },
    },
    actions: {
      hear: assign({
        heard: ({ context }) => {
          if (fault === 'throws' && context.heard === 1) throw new Error('a bug');
          return context.heard + 1;
        },
      }),
      fault: assign({ failure: failure('session_fault') }),
      giveUp: assign({ failure: failure(fault === 'ends otherwise' ? 'empty_answer' : 'answer_stalled') }),
    },
    guards: {
      isEarly: ({ context }) => ['ends early', 'ends otherwise'].includes(fault) && context.heard === 1,
      isEnough: ({ context }) => context.heard >= limit,
    },
  }).createMachine({
    id: 'kettle',
    version: '1',
    context: { heard: 0, failure: null },
    initial: 'heating',
    states: {
      heating: {
        on: {
          hot: [
            { guard: 'isEarly', target: 'failed', actions: 'giveUp' },
            { guard: 'isEnough', target: 'whistling' },
            { actions: 'hear' },
          ],
          'session.faulted': { target: 'failed', actions: 'fault' },
        },
      },
      whistling: { type: 'final' },
      failed: { type: 'final' },
    },
    output: ({ context }) => ({
      reason: context.failure === null ? 'completed' : String(Reflect.get(context.failure, 'errorType')),
    }),
  });
}

const hot = { type: 'hot' };
const recordedWith = (fault: Fault) => goodLog(recordByHand(kettle(fault), [hot, hot, hot, hot]));

function check(fault: Fault, recorded: Fault, expected: string | null) {
  return checkRecording(recordedWith(recorded), expected === null ? null : { reason: expected }, [kettle(fault)]);
}

test('a recording without an expectation is met by the same behaviour alone, and names the first difference', () => {
  expect(check('none', 'none', null)).toEqual({ isMet: true, words: 'identical (4 turns, completed)' });
  const { isMet, words } = check('ends early', 'none', null);
  expect(isMet).toBe(false);
  expect(words).toBe('diverged at turn 2: state, recorded as before, now failed, event {"type":"hot"}');
});

test('a session that failed is red while the chart fails it, and green once it takes the event that ended it', () => {
  expect(check('ends early', 'ends early', 'completed')).toEqual({
    isMet: false,
    words: 'ends as answer_stalled at turn 2, expected completed',
  });
  const fixed = check('none', 'ends early', 'completed');
  expect(fixed.isMet).toBe(true);
  expect(fixed.words).toMatch(/^no longer ends as answer_stalled at turn 2 \(hot\); what would have come then is not/);
});

test('another failure than the recorded one is no repair', () => {
  expect(check('ends otherwise', 'ends early', 'completed')).toMatchObject({ isMet: false });
  expect(check('ends otherwise', 'ends early', 'empty_answer')).toMatchObject({ isMet: true });
});

test('an expected failure must be reached: to be still alive is not enough, nor is it for a session that ended well', () => {
  expect(check('none', 'ends early', 'empty_answer').isMet).toBe(false);
  expect(check('hangs', 'none', 'completed').isMet).toBe(false);
});

test('a bug that threw is recorded with its event: red while it throws, green once it does not', () => {
  const log = recordedWith('throws');
  expect(log.turns.map(({ event, status }) => [event.type, status ?? 'active'])).toEqual([
    ['xstate.init', 'active'],
    ['hot', 'active'],
    ['hot', 'threw'],
    ['session.faulted', 'done'],
  ]);
  expect(log.footer).toMatchObject({ status: 'done', reason: 'session_fault', turns: 4 });
  expect(isFailedEnd(endReasonOf(log.footer))).toBe(true);
  expect(replay(log, kettle('throws')).divergence).toBeNull();
  expect(replay(log, kettle('none')).divergence).toMatchObject({ turn: 2, field: 'status', now: 'it does not' });
  expect(check('throws', 'throws', 'completed')).toMatchObject({ isMet: false });
  expect(check('none', 'throws', 'completed')).toMatchObject({ isMet: true });
});

test('a throw that is new is red, whatever is expected', () => {
  expect(check('throws', 'ends early', 'completed').isMet).toBe(false);
  expect(check('throws', 'none', null).words).toContain('the chart threw: a bug');
});

test('recorded anew, a session has the new outcomes, the events of then and the reason of the change', () => {
  const log = recordedWith('ends early');
  const terms = { machine: kettle('none'), reason: 'a kettle needs three', build: 'next' };
  const once = reRecord(log, terms);
  const anew = goodLog(once.text);
  expect(anew.header).toMatchObject({ build: 'next', reason: 'a kettle needs three' });
  expect(anew.turns.map(({ event, atMs }) => ({ event, atMs }))).toEqual(
    log.turns.map(({ event, atMs }) => ({ event, atMs })),
  );
  expect(anew.footer).toMatchObject({ status: 'abandoned', reason: '' });
  expect(replay(anew, kettle('none')).divergence).toBeNull();
  expect(goodLog(reRecord(anew, { ...terms, reason: 'again' }).text).header.reason).toBe('a kettle needs three; again');
});

test('recorded anew, a session that ends earlier loses the events behind its end; one whose chart throws is refused', () => {
  const anew = reRecord(recordedWith('none'), { machine: kettle('ends early'), reason: 'why', build: '' });
  expect(anew).toMatchObject({ leftOut: 1, reason: 'answer_stalled' });
  expect(replay(goodLog(anew.text), kettle('ends early')).divergence).toBeNull();
  const thrown = () => reRecord(recordedWith('none'), { machine: kettle('throws'), reason: 'why', build: '' });
  expect(thrown).toThrow('the chart throws at turn 2: a bug');
});

test('recorded anew after a bug is fixed, the fault is gone', () => {
  const { text, leftOut } = reRecord(recordedWith('throws'), { machine: kettle('none'), reason: 'fixed', build: '' });
  expect(leftOut).toBe(1);
  expect(goodLog(text).turns.map(({ event }) => event.type)).toEqual(['xstate.init', 'hot', 'hot']);
});
