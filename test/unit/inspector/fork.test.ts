/**
 * What-ifs from a turn on: what is decided must be what the forked lane, and the simulated world with the same deed in it, comes to; what is
 * not is said to be open.
 */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createSettingReader } from '../../../src/config/setting-reader.ts';
import { settingNames } from '../../../src/config/settings-table.ts';
import { type Fork, type ForkChange, fork, forkOptions } from '../../../src/inspector/debugger/fork.ts';
import { changeOfLimits, forkSettingNames } from '../../../src/inspector/debugger/fork-limits.ts';
import type { EventLog } from '../../../src/log/log-reader.ts';
import { sessionMachine } from '../../../src/machines/session/session.machine.ts';
import { machineFor } from '../../../src/replay/machine-shelf.ts';
import { commandNames } from '../../../src/text/commands.ts';
import { stormy } from '../../support/machines/session-plans.ts';
import { runWorld } from '../../support/machines/session-world.ts';
import { goodLog } from '../../support/replay/hand-recording.ts';
import { endOf, plainPlan, recordWorld, tampered } from '../../support/replay/recorded-world.ts';
import { runs } from '../../support/runs.ts';

function recording(name: string, chart = 'session'): EventLog {
  return goodLog(readFileSync(new URL(`../../recordings/${chart}/${name}.jsonl`, import.meta.url), 'utf8'));
}

function forked(log: EventLog, turn: number, change: ForkChange): Fork {
  const machine = machineFor(log.header.machine, log.header.version);
  const result = machine === undefined ? { fault: 'no chart' } : fork(log, machine, turn, change);
  if ('fault' in result) throw new Error(result.fault);
  return result;
}

const faultOf = (log: EventLog, turn: number, change: ForkChange) => {
  const result = fork(log, sessionMachine, turn, change);
  return 'fault' in result ? result.fault : null;
};

describe('an event', () => {
  test('Fork 1: that comes twice and changes nothing is told so', () => {
    const log = recording('completed-many-v1');
    expect(forked(log, 40, { kind: 'repeated' })).toMatchObject({
      verdict: 'same_end',
      change: 'behind turn 40: speech.finished segment=35 audioBytes=8192 once more',
      forkedEnd: { reason: 'completed', turn: 85 },
      isEndCertain: true,
    });
  });

  test('Fork 1: that is lost is undetermined from the turn at which it would have been heard', () => {
    const lost = forked(recording('completed-plain-v1'), 4, { kind: 'lost' });
    expect(lost).toMatchObject({ verdict: 'undetermined', isEndCertain: false, firstDifference: 0 });
    expect(lost.words).toMatch(/^Undetermined from turn 6 on: it would have gone another way/);
    const certain = lost.rows.map(({ turn, isCertain }) => [turn, isCertain]);
    expect(certain.slice(0, 4)).toEqual([
      [4, true],
      [5, true],
      [6, true],
      [7, false],
    ]);
  });

  test('Fork 1: that is lost, and waited for under no timeout, leaves a session that waits for ever', () => {
    const { words, forkedEnd } = forked(recording('completed-plain-v1'), 16, { kind: 'lost' });
    expect(words).toContain('it would wait for ever: no timer is armed');
    expect(forkedEnd).toBeNull();
  });

  test('Fork 1: that is lost, and waited for under a timeout, ends with it', () => {
    const { log } = recordWorld(plainPlan);
    const asked = { ...plainPlan, limits: { ...plainPlan.limits, idleTimeoutMs: 1_000 } };
    const { log: idle } = recordWorld(asked);
    const answer = idle.turns.find(({ event }) => event.type === 'outbox.activityReported');
    expect(forked(idle, answer?.turn ?? 0, { kind: 'lost' })).toMatchObject({
      verdict: 'undetermined',
      forkedEnd: { reason: 'session_fault' },
    });
    const flush = log.turns.length - 1;
    expect(forked(log, flush, { kind: 'lost' }).forkedEnd?.reason).toMatch(/stream_idle_timeout|session_timeout/);
  });

  test('What-if 9: that says other words of the same length is another world', () => {
    const { log } = recordWorld(plainPlan);
    const text = 'The first sentence is sung. ';
    const turn = log.turns.find(({ event }) => event.text === 'The first sentence is said. ')?.turn ?? 0;
    const event = JSON.stringify({ ...log.turns[turn]?.event, text });
    const edited = forked(log, turn, { kind: 'edited', event });
    expect(edited).toMatchObject({ verdict: 'undetermined', isEndCertain: false });
    expect(edited.words).toContain('it would have gone another way');
  });

  test('Fork 1: whose command is lost ends as it did, without it', () => {
    const { verdict, words } = forked(recording('completed-command-v1'), 3, { kind: 'lost' });
    expect(verdict).toBe('same_end');
    expect(words).toContain('its command would not have been the same, or none');
  });

  test('Fork 1: of a supervisor can be lost, too', () => {
    const released = forked(recording('race-v2', 'supervisor'), 6, { kind: 'lost' });
    expect(released).toMatchObject({ verdict: 'undetermined', firstDifference: 0 });
  });

  test('that is none, or no JSON, is a fault that says so', () => {
    const log = recording('completed-plain-v1');
    expect(faultOf(log, 4, { kind: 'edited', event: '{"type"' })).toContain('the event is no JSON');
    expect(faultOf(log, 4, { kind: 'edited', event: '[]' })).toBe('an event is an object');
    expect(faultOf(log, 4, { kind: 'heard', event: '{"fault":"x"}' })).toContain('an event has a type');
    expect(faultOf(log, 0, { kind: 'lost' })).toContain('it is the beginning');
    expect(faultOf(log, 17, { kind: 'lost' })).toBe('turn 17 must be 0..16');
    expect(faultOf(log, 4, { kind: 'heard', event: `"${'x'.repeat(70_000)}"` })).toContain('is longer than 65536');
  });
});

describe('a turn', () => {
  test('offers its timers, its sentences and its facts, and a timer that fires now ends what it guards', () => {
    const { log } = recordWorld(plainPlan);
    const options = forkOptions(log, sessionMachine, 1);
    if ('fault' in options) throw new Error(options.fault);
    expect(options.timers.map(({ name }) => name)).toEqual(['firstTokenTimeout', 'idleCheck', 'sessionTimeout']);
    expect(options.settings).toMatchObject({ SPEECH_TIMEOUT: '15', SESSION_TIMEOUT: '600' });
    expect(options.facts.map(({ label }) => label)).toContain('the client cancels');
    const id = options.timers.find(({ name }) => name === 'sessionTimeout')?.id ?? '';
    expect(forked(log, 1, { kind: 'timer', id })).toMatchObject({
      verdict: 'other_end',
      forkedEnd: { reason: 'session_timeout' },
      isEndCertain: true,
    });
    expect(faultOf(log, 1, { kind: 'timer', id: 'xstate.after.stallCheck.session.x' })).toContain('is not armed');
  });

  test('that the chart cannot be brought to is told so, not thrown', () => {
    const { text } = recordWorld(plainPlan);
    const noLimits = goodLog(
      tampered(text, (lines) => lines.map((line) => (line.kind === 'header' ? { ...line, input: {} } : line))),
    );
    const oddEvent = goodLog(
      tampered(text, (lines) =>
        lines.map((line) =>
          line.kind === 'turn' && line.turn === 3 ? { ...line, event: { type: 'answer.textReceived' } } : line,
        ),
      ),
    );
    for (const [log, turn] of [
      [noLimits, 1],
      [oddEvent, 3],
      [oddEvent, 5],
    ] as const) {
      const words = `this page's chart cannot play the log up to turn ${turn}, it threw: `;
      expect(forkOptions(log, sessionMachine, turn)).toEqual({ fault: expect.stringContaining(words) });
      expect(faultOf(log, turn, { kind: 'repeated' })).toContain(words);
    }
  });

  test('whose voice fails goes on by what is assumed, and says what that is', () => {
    const log = recording('completed-command-v1');
    const failing = forked(log, 4, { kind: 'speech-fails', segment: 0, isRetryable: false });
    expect(failing).toMatchObject({ verdict: 'undetermined', isEndCertain: false, forkedEnd: { reason: 'completed' } });
    expect(failing.rows.map(({ note }) => note)).toEqual([
      '',
      'what if',
      'assumed: there is room',
      'assumed: all that was said is out',
      'it was over by then',
      'it was over by then',
    ]);
    expect(faultOf(log, 1, { kind: 'speech-fails', segment: 7, isRetryable: false })).toContain('not at sentence 7');
  });

  test('Fork 3: of a log that still grows says what is so far', () => {
    const log = recording('completed-many-v1');
    const live = { ...log, turns: log.turns.slice(0, 50), footer: null };
    const words = 'So far nothing that the world can see would have been different.';
    expect(forked(live, 40, { kind: 'repeated' })).toMatchObject({ verdict: 'none', words, recordedEnd: null });
    const same = forked(live, 40, { kind: 'settings', settings: { SESSION_TIMEOUT: '9' } });
    expect(same).toMatchObject({ verdict: 'none', words });
    const other = forked(live, 40, { kind: 'heard', event: '{"type":"client.cancelled"}' });
    expect(other).toMatchObject({ verdict: 'other_end', isEndCertain: true });
  });

  test('of a log that does not replay here is not forked', () => {
    const altered = tampered(recordWorld(plainPlan).text, (lines) =>
      lines.map((line) => (line.kind === 'turn' && line.turn === 1 ? { ...line, state: 'idle.attentive' } : line)),
    );
    const fault = faultOf(goodLog(altered), 2, { kind: 'lost' });
    expect(fault).toContain('the log itself does not replay: it diverges at turn 1 (state)');
  });

  test('Fork 4: runs of rows that are the same are one', () => {
    const { rows } = forked(recording('completed-many-v1'), 40, { kind: 'repeated' });
    expect(rows.length).toBeLessThan(10);
    expect(rows.reduce((sum, { count }) => sum + count, 0)).toBe(47);
  });
});

describe('another limit', () => {
  test('Fork 2: is judged as the command line judges it, which is named', () => {
    const change: ForkChange = { kind: 'settings', settings: { ANSWER_STALL_TIMEOUT: '0.1' } };
    expect(forked(recording('answer-stalled-v1'), 3, change)).toMatchObject({
      verdict: 'same_end',
      forkedEnd: { reason: 'answer_stalled', turn: null },
      command: 'recital replay PATH --with ANSWER_STALL_TIMEOUT=0.1',
    });
  });

  test('Fork 2: is read as the configuration reads it', () => {
    const texts = ['0', '0.0001', '1e2', '3', '2147483', '2147484', '-1', '1.5', 'x', '0x10', '100001', '16', '17'];
    const words = ['fail', 'FAIL', 'degrade', 'open_app,', 'open_app, Close_App', 'nope', ','];
    const read = (name: string, text: string) => {
      const settings = new Map(
        settingNames.filter((each) => each === name).map((each) => [each, { text, origin: 'x' }]),
      );
      const values = createSettingReader(settings);
      const ms = [
        'BACKPRESSURE_IDLE_TIMEOUT',
        'FIRST_TOKEN_TIMEOUT',
        'ANSWER_STALL_TIMEOUT',
        'SPEECH_TIMEOUT',
        'SESSION_TIMEOUT',
      ] as const;
      const found = ms.find((each) => each === name);
      let value: unknown;
      if (found !== undefined) value = values.milliseconds(found);
      else if (name === 'BACKPRESSURE_MAX_RATE' || name === 'SPEECH_LOOKAHEAD') value = values.integer(name);
      else if (name === 'SPEECH_FAILURE') value = values.choice(name, ['degrade', 'fail']);
      else if (name === 'COMMANDS') value = values.list(name, commandNames);
      return values.faults.length > 0 ? 'fault' : value;
    };
    for (const name of forkSettingNames.filter((each) => each !== 'KILL_SWITCHES')) {
      for (const text of [...texts, ...words]) {
        const ours = changeOfLimits({ [name]: text });
        const value = 'fault' in ours ? 'fault' : Object.values(ours.change)[0];
        expect({ name, text, value }).toEqual({ name, text, value: read(name, text) });
      }
    }
    expect(changeOfLimits({})).toHaveProperty('fault');
    expect(changeOfLimits({ GRPC_PORT: '1' })).toEqual({
      fault: expect.stringContaining('"GRPC_PORT" changes nothing'),
    });
    expect(changeOfLimits({ COMMANDS: 'open_app', KILL_SWITCHES: 'disable_forward_assistant_actions' })).toEqual({
      change: { allowedCommands: [] },
    });
  });
});

const seed = Math.floor(Math.random() * 2 ** 31);
const anyDeed = fc.constantFrom(
  { type: 'client.cancelled' } as const,
  { type: 'outbox.rateExceeded', framesInLastSecond: 9 } as const,
  { type: 'device.interruptRequested' } as const,
  { type: 'answer.fellQuiet', atMs: 0, quietMs: 0 } as const,
);

describe('over random sessions', () => {
  test('What-if 9: what is decided is what the same world comes to with that deed in it', () => {
    let decided = 0;
    fc.assert(
      fc.property(stormy, fc.nat(), anyDeed, (plan, place, deed) => {
        const { log } = recordWorld(plan);
        const turn = 1 + (place % Math.max(1, log.turns.length - 1));
        const at = log.turns[turn];
        const next = log.turns[turn + 1];
        // Only where the clock moves on can the same world be made to do it right behind the turn.
        if (at === undefined || (next !== undefined && next.atMs <= at.atMs)) return;
        const intrusion = { atMs: next === undefined ? at.atMs + 1 : (at.atMs + next.atMs) / 2, event: deed };
        const real = endOf(runWorld({ ...plan, intrusions: [...plan.intrusions, intrusion] }));
        const { verdict, forkedEnd, isEndCertain } = forked(log, turn, { kind: 'heard', event: JSON.stringify(deed) });
        if (verdict === 'undetermined') return;
        decided += 1;
        expect(isEndCertain).toBe(true);
        if (deed.type !== 'answer.fellQuiet') expect(forkedEnd?.reason ?? endOf(runWorld(plan))).toBe(real);
      }),
      { seed, numRuns: runs(200) },
    );
    expect(decided).toBeGreaterThan(runs(200) / 4);
  });

  test('Fork 1: a decided end is the one that the forked lane comes to', () => {
    const kinds = fc.constantFrom('lost', 'repeated', 'timer', 'quiet', 'limit');
    const decided = { none: 0, same_end: 0, other_end: 0, undetermined: 0 };
    fc.assert(
      fc.property(stormy, fc.nat(), kinds, (plan, place, kind) => {
        const { log } = recordWorld(plan);
        const turn = 1 + (place % Math.max(1, log.turns.length - 1));
        const options = forkOptions(log, sessionMachine, turn);
        if ('fault' in options) return;
        const [timer] = options.timers;
        const change: ForkChange =
          kind === 'timer' && timer !== undefined
            ? { kind: 'timer', id: timer.id }
            : kind === 'limit'
              ? { kind: 'settings', settings: { SESSION_TIMEOUT: String(((log.turns[turn]?.atMs ?? 0) + 1) / 1000) } }
              : kind === 'quiet'
                ? { kind: 'heard', event: '{"type":"outbox.roomFound"}' }
                : { kind: kind === 'repeated' ? 'repeated' : 'lost' };
        const result = forked(log, turn, change);
        decided[result.verdict] += 1;
        if (result.verdict === 'same_end') expect(result.forkedEnd?.reason).toBe(log.footer?.reason);
        if (result.verdict === 'other_end') expect(result.words).toContain(`ended with ${result.forkedEnd?.reason}`);
        if (result.verdict !== 'undetermined') expect(result.rows.every(({ isCertain }) => isCertain)).toBe(true);
      }),
      { seed, numRuns: runs(300) },
    );
    expect(decided.same_end + decided.none).toBeGreaterThan(runs(300) / 20);
    expect(decided.other_end).toBeGreaterThan(runs(300) / 20);
  });
});
