/**
 * What-if replays against the truth: the simulated world can really be run under other limits, so whatever a what-if says of its log must be what
 * then happens.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { assign } from 'xstate';
import type { WhatIfVerdict } from '../../../src/analysis/what-if/standing.ts';
import { whatIf } from '../../../src/analysis/what-if/what-if.ts';
import { THREW } from '../../../src/log/log-format.ts';
import { sessionMachine } from '../../../src/machines/session/session.machine.ts';
import type { SessionLimits } from '../../../src/machines/session/session.types.ts';
import { stormy } from '../../support/machines/session-plans.ts';
import { sessionInput } from '../../support/machines/session-run.ts';
import { runWorld, type WorldPlan } from '../../support/machines/session-world.ts';
import { goodLog, recordByHand } from '../../support/replay/hand-recording.ts';
import { endOf, plainPlan, recordWorld, tampered } from '../../support/replay/recorded-world.ts';
import { runs } from '../../support/runs.ts';

function verdictOn(plan: WorldPlan, change: Partial<SessionLimits>, redaction: 'shape' | 'full' = 'full') {
  const { log } = recordWorld(plan, redaction);
  return whatIf(log, sessionMachine, (recorded) => ({ ...recorded, ...change }));
}

const planned = (change: Partial<WorldPlan>): WorldPlan => ({ ...plainPlan, ...change });
const asRecorded = (to: string): Partial<WhatIfVerdict> => ({ verdict: 'same_end', to, turn: null, atMs: null });

describe('a timeout', () => {
  const talk = plainPlan;

  test('What-if 3: that is shorter than the session ends it, when it is over', () => {
    expect(verdictOn(talk, { sessionTimeoutMs: 3_000 })).toMatchObject({
      verdict: 'other_end',
      to: 'session_timeout',
      atMs: 3_000,
    });
  });

  test('What-if 1: that is longer than the session changes nothing', () => {
    expect(verdictOn(talk, { sessionTimeoutMs: 20_000, idleTimeoutMs: 90_000 })).toMatchObject(asRecorded('completed'));
    expect(verdictOn(talk, { sessionTimeoutMs: 0, idleTimeoutMs: 0, speechTimeoutMs: 0 })).toMatchObject(
      asRecorded('completed'),
    );
  });

  test('What-if 3: for the first token ends a session whose model takes longer', () => {
    expect(verdictOn(talk, { firstTokenTimeoutMs: 200 })).toMatchObject({
      verdict: 'other_end',
      to: 'first_token_timeout',
      atMs: 200,
    });
    expect(verdictOn(talk, { firstTokenTimeoutMs: 600 })).toMatchObject(asRecorded('completed'));
  });

  test('What-if 3: that is over at about the time of what would have stopped it decides nothing', () => {
    expect(verdictOn(talk, { firstTokenTimeoutMs: 399 })).toMatchObject({ verdict: 'undetermined', to: null });
    expect(verdictOn(talk, { firstTokenTimeoutMs: 370 })).toMatchObject({ verdict: 'undetermined', to: null });
  });

  test('What-if 3: that is over amid other facts ends the session all the same, if none of them stops it', () => {
    // The third delta comes at 1,000 ms.
    expect(verdictOn(talk, { sessionTimeoutMs: 990 })).toMatchObject({ verdict: 'other_end', to: 'session_timeout' });
    expect(verdictOn(talk, { sessionTimeoutMs: 1_000 })).toMatchObject({ verdict: 'other_end', to: 'session_timeout' });
  });

  test('What-if 3: for a model that stalls is judged by when sentences were finished', () => {
    const dribble = planned({
      limits: { ...talk.limits, answerStallTimeoutMs: 20_000 },
      answer: [
        { afterMs: 100, say: 'One. ' },
        { afterMs: 9_000, say: 'Two is later. Three is here.' },
      ],
    });
    expect(verdictOn(dribble, { answerStallTimeoutMs: 5_000 })).toMatchObject({ to: 'answer_stalled' });
    expect(verdictOn(dribble, { answerStallTimeoutMs: 12_000 })).toMatchObject(asRecorded('completed'));
  });

  test('What-if 7: that ended the session and is longer now leaves open what would have come', () => {
    const hanging = planned({
      answerHangs: true,
      limits: { ...talk.limits, sessionTimeoutMs: 8_000, answerStallTimeoutMs: 0 },
    });
    const verdict = verdictOn(hanging, { sessionTimeoutMs: 30_000 });
    expect(verdict).toMatchObject({ verdict: 'undetermined', isOutlived: true, atMs: 8_000 });
    expect(verdict.why).toContain('would not have ended with session_timeout');
  });

  test('What-if 3: that ended the session and is shorter now ends it earlier', () => {
    const hanging = planned({
      answerHangs: true,
      limits: { ...talk.limits, sessionTimeoutMs: 30_000, answerStallTimeoutMs: 0 },
    });
    expect(verdictOn(hanging, { sessionTimeoutMs: 8_000 })).toMatchObject({
      verdict: 'same_end',
      to: 'session_timeout',
      atMs: 8_000,
    });
  });
});

describe('the idle timeout', () => {
  const stalled = planned({ readerStallsAtMs: 1_000, limits: { ...plainPlan.limits, idleTimeoutMs: 50_000 } });

  test('What-if 4, 7: is decided where the chart once asked how long the reader had taken nothing', () => {
    expect(endOf(recordWorld(stalled).run)).toBe('stream_idle_timeout');
    const shorter = verdictOn(stalled, { idleTimeoutMs: 20_000 });
    expect(shorter).toMatchObject({ verdict: 'same_end', to: 'stream_idle_timeout' });
    expect(shorter.atMs).toBeLessThan(22_000);
    expect(verdictOn(stalled, { idleTimeoutMs: 80_000 })).toMatchObject({ verdict: 'undetermined', isOutlived: true });
  });

  test('What-if 4: is undetermined where frames went out and it never asked', () => {
    const verdict = verdictOn(plainPlan, { idleTimeoutMs: 2_500 });
    expect(verdict).toMatchObject({ verdict: 'undetermined', isOutlived: false });
    expect(verdict.why).toContain('the reader had taken nothing');
  });

  test('What-if 4: is decided while there was nothing to take', () => {
    const slow = planned({ answer: [{ afterMs: 9_000, say: 'Here I am at last.' }] });
    expect(verdictOn(slow, { idleTimeoutMs: 5_000 })).toMatchObject({ to: 'stream_idle_timeout', atMs: 5_000 });
  });
});

describe('the voice', () => {
  const broken = planned({
    speech: [{ soundAfterMs: 100, lastsMs: 500, failures: 3, breaksInSound: false, hangs: false }],
  });
  const hanging = planned({
    speech: [{ soundAfterMs: 100, lastsMs: 500, failures: 0, breaksInSound: false, hangs: true }],
  });

  test('What-if 5, 6: that breaks is fatal or not as SPEECH_FAILURE says', () => {
    expect(verdictOn(broken, { speechFailure: 'fail' })).toMatchObject({ verdict: 'other_end', to: 'speech_failed' });
    const strict = { ...broken, limits: { ...broken.limits, speechFailure: 'fail' as const } };
    expect(verdictOn(strict, { speechFailure: 'degrade' })).toMatchObject({ verdict: 'undetermined', to: null });
  });

  test('What-if 6: that breaks is not decided where the client left before all was out', () => {
    const left = planned({ speech: broken.speech, intrusions: [{ atMs: 1_050, event: { type: 'client.cancelled' } }] });
    expect(verdictOn(left, { speechFailure: 'fail' })).toMatchObject({ verdict: 'undetermined', to: null });
  });

  test('What-if 5: that is silent is given up earlier, and what comes then is of another world', () => {
    expect(verdictOn(hanging, { speechTimeoutMs: 5_000 })).toMatchObject({ verdict: 'undetermined', to: null });
    expect(verdictOn(hanging, { speechTimeoutMs: 5_000, speechFailure: 'fail' })).toMatchObject({
      to: 'speech_failed',
    });
  });

  test('What-if 5: that synthesises further ahead is of another world, if there was anything to synthesise', () => {
    const verdict = verdictOn(plainPlan, { speechLookahead: 0 });
    expect(verdict).toMatchObject({ verdict: 'undetermined', isOutlived: false });
    const single = planned({ answer: [{ afterMs: 100, say: 'One sentence is all.' }] });
    expect(verdictOn(single, { speechLookahead: 0 })).toMatchObject(asRecorded('completed'));
  });
});

describe('a command', () => {
  const open = { afterMs: 100, command: { name: 'open_app', args: { app_name: 'Safari' } } };

  test('What-if 6: that is not allowed leaves the words, or an empty answer', () => {
    const withWords = planned({ answer: [...plainPlan.answer, open] });
    const left = verdictOn(withWords, { allowedCommands: [] });
    expect(left).toMatchObject({ verdict: 'same_end', to: 'completed' });
    expect(left.turn).not.toBeNull();
    expect(verdictOn(planned({ answer: [open] }), { allowedCommands: [] })).toMatchObject({
      verdict: 'other_end',
      to: 'empty_answer',
    });
  });

  test('What-if 6, 7: that is allowed now is a frame more, which nobody took', () => {
    const plan = planned({ answer: [...plainPlan.answer, open], limits: { ...plainPlan.limits, allowedCommands: [] } });
    expect(verdictOn(plan, { allowedCommands: ['open_app'] })).toMatchObject({ verdict: 'undetermined' });
    const alone = planned({ answer: [open], limits: { ...plainPlan.limits, allowedCommands: [] } });
    expect(verdictOn(alone, { allowedCommands: ['open_app'] })).toMatchObject({
      verdict: 'undetermined',
      isOutlived: true,
    });
  });

  test('What-if 1: that was sent is sent as before where another one is forbidden', () => {
    expect(verdictOn(planned({ answer: [open] }), { allowedCommands: ['open_app'] })).toMatchObject(
      asRecorded('completed'),
    );
  });
});

describe('a rate limit', () => {
  const quick = planned({
    answer: [{ afterMs: 10, say: 'One is said. Two is said too. Three is the last one.' }],
    limits: { ...plainPlan.limits, maxFramesPerSecond: 0 },
    speech: [{ soundAfterMs: 10, lastsMs: 20, failures: 0, breaksInSound: false, hangs: false }],
  });

  test('What-if 8: is kept by a session with fewer frames, and broken by one that had more within a second', () => {
    // Three texts, three chunks of sound, the end.
    expect(verdictOn(quick, { maxFramesPerSecond: 7 })).toMatchObject(asRecorded('completed'));
    expect(verdictOn(quick, { maxFramesPerSecond: 6 })).toMatchObject({
      verdict: 'other_end',
      to: 'rate_limit_exceeded',
    });
  });

  test('What-if 8: is undetermined where it counts when frames left', () => {
    const paced = planned({ limits: { ...plainPlan.limits, speechLookahead: 0 } });
    expect(verdictOn(paced, { maxFramesPerSecond: 2 })).toMatchObject({ verdict: 'undetermined', to: null });
  });

  test('What-if 7, 8: that was broken is not any more when it is raised, and is broken as well when it is lowered', () => {
    const flood = planned({
      limits: { ...plainPlan.limits, maxFramesPerSecond: 5 },
      intrusions: [{ atMs: 1_500, event: { type: 'outbox.rateExceeded', framesInLastSecond: 6 } }],
    });
    expect(verdictOn(flood, { maxFramesPerSecond: 0 })).toMatchObject({ verdict: 'undetermined', isOutlived: true });
    expect(verdictOn(flood, { maxFramesPerSecond: 50 })).toMatchObject({ verdict: 'undetermined', isOutlived: true });
    expect(verdictOn(flood, { maxFramesPerSecond: 4 })).toMatchObject({
      verdict: 'same_end',
      to: 'rate_limit_exceeded',
    });
  });
});

describe('a log that can decide nothing', () => {
  test('What-if 2: because it does not replay says so', () => {
    const altered = tampered(recordWorld(plainPlan).text, (lines) =>
      lines.map((line) => (line.kind === 'turn' && line.turn === 1 ? { ...line, state: 'idle.attentive' } : line)),
    );
    const verdict = whatIf(goodLog(altered), sessionMachine, (recorded) => recorded);
    expect(verdict).toMatchObject({ verdict: 'undetermined', to: null });
    expect(verdict.why).toContain('diverges at turn 1');
  });

  test('What-if 2: because its limits are missing says so', () => {
    const bare = tampered(recordWorld(plainPlan).text, (lines) =>
      lines.map((line) => (line.kind === 'header' ? { ...line, input: {} } : line)),
    );
    expect(whatIf(goodLog(bare), sessionMachine, (recorded) => recorded).why).toContain('under which limits');
  });

  test('What-if 2: because its chart threw then or would throw now says so', () => {
    /** A chart with a bug that shows under one setting only. */
    const buggyUnder = (sessionTimeoutMs: number) =>
      sessionMachine.provide({
        actions: {
          takeRequest: assign(({ context }) => {
            if (context.limits.sessionTimeoutMs === sessionTimeoutMs) throw new Error('a bug');
            return {};
          }),
        },
      });
    const events = [{ type: 'request.received', prompt: 'Who?' }, { type: 'client.cancelled' }];
    const verdictWith = (bugAtMs: number, sessionTimeoutMs: number, replayedBugAtMs = bugAtMs) => {
      const log = goodLog(recordByHand(buggyUnder(bugAtMs), events, sessionInput({ sessionTimeoutMs: 5_000 })));
      expect(log.turns.some(({ status }) => status === THREW)).toBe(bugAtMs === 5_000);
      return whatIf(log, buggyUnder(replayedBugAtMs), (recorded) => ({ ...recorded, sessionTimeoutMs }));
    };
    expect(verdictWith(5_000, 5_000)).toMatchObject(asRecorded('session_fault'));
    expect(verdictWith(5_000, 9_000)).toMatchObject({ verdict: 'undetermined', to: null, turn: 1 });
    expect(verdictWith(5_000, 9_000).why).toContain('threw here and would not have');
    expect(verdictWith(9_000, 8_000)).toMatchObject(asRecorded('session_fault'));
    expect(verdictWith(9_000, 9_000)).toMatchObject({ verdict: 'undetermined', to: null });
    expect(verdictWith(9_000, 9_000).why).toContain('the chart threw');
    expect(verdictWith(5_000, 9_000, 9_000).why).toContain('does not replay');
  });

  test('What-if 2: because its process was killed is undetermined, unless the session would have been over by then', () => {
    const cut = tampered(recordWorld(plainPlan).text, (lines) => lines.slice(0, -3));
    const session = (change: Partial<SessionLimits>) =>
      whatIf(goodLog(cut), sessionMachine, (recorded) => ({ ...recorded, ...change }));
    expect(session({})).toMatchObject({ verdict: 'undetermined' });
    expect(session({ sessionTimeoutMs: 700 })).toMatchObject({ verdict: 'other_end', to: 'session_timeout' });
  });
});

const anyChange: fc.Arbitrary<Partial<SessionLimits>> = fc.record(
  {
    idleTimeoutMs: fc.constantFrom(0, 300, 2_000, 7_000, 15_000, 40_000, 150_000),
    firstTokenTimeoutMs: fc.constantFrom(0, 50, 200, 900, 45_000),
    answerStallTimeoutMs: fc.constantFrom(0, 100, 700, 3_000, 12_000, 60_000),
    speechTimeoutMs: fc.constantFrom(0, 200, 3_000, 9_000, 25_000),
    sessionTimeoutMs: fc.constantFrom(0, 500, 4_000, 20_000, 45_000, 300_000),
    speechLookahead: fc.integer({ min: 0, max: 5 }),
    speechFailure: fc.constantFrom('degrade' as const, 'fail' as const),
    allowedCommands: fc.subarray(['open_app', 'close_app', 'find_contact'] as const).map((names) => [...names]),
  },
  { requiredKeys: [] },
);
const seed = Math.floor(Math.random() * 2 ** 31);

describe('over random sessions', () => {
  test('What-if 1: what is decided is what the same world does under those limits', () => {
    const decided = { same_end: 0, other_end: 0, undetermined: 0 };
    fc.assert(
      fc.property(stormy, anyChange, fc.constantFrom('shape' as const, 'full' as const), (plan, change, redaction) => {
        const verdict = verdictOn(plan, change, redaction);
        decided[verdict.verdict] += 1;
        const real = endOf(runWorld({ ...plan, limits: { ...plan.limits, ...change } }));
        if (verdict.to !== null) expect(verdict.to).toBe(real);
        if (verdict.isOutlived) expect(verdict.to).toBeNull();
      }),
      { seed, numRuns: runs(300) },
    );
    // Else the property above would say nothing.
    expect(decided.other_end).toBeGreaterThan(runs(300) / 10);
    expect(decided.same_end).toBeGreaterThan(runs(300) / 10);
  });

  test('What-if 1: the recorded limits themselves change nothing', () => {
    fc.assert(
      fc.property(stormy, (plan) => {
        expect(verdictOn(plan, {})).toMatchObject(asRecorded(endOf(recordWorld(plan).run)));
      }),
      { seed, numRuns: runs(150) },
    );
  });
});
