/**
 * A replay finds what is not as it was: a log that somebody altered, with its hashes or made good again, and a chart that does something else. And it
 * finds nothing where nothing is.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AnyStateMachine } from 'xstate';
import type { LogLine, LogTurn } from '../../../src/log/log-format.ts';
import { type BadLog, isBadLog, readLog } from '../../../src/log/log-reader.ts';
import { sessionMachine } from '../../../src/machines/session/session.machine.ts';
import { OutcomeTeller } from '../../../src/record/turn-outcome.ts';
import { replayLive } from '../../../src/replay/live-replay.ts';
import { ChartRun } from '../../../src/replay/pure-chart.ts';
import { replay } from '../../../src/replay/replayer.ts';
import { stormy } from '../../support/machines/session-plans.ts';
import { bodiesOf, goodLog, orderlessLog } from '../../support/replay/hand-recording.ts';
import { plainPlan, recordWorld, tampered } from '../../support/replay/recorded-world.ts';
import { runs } from '../../support/runs.ts';

const recorded = recordWorld(plainPlan);
const turns = recorded.log.turns;
/** The first turn with such an event. */
const turnOf = (type: string): number => turns.findIndex(({ event }) => event.type === type);

function divergenceOf(text: string, machine: AnyStateMachine = sessionMachine) {
  return replay(orderlessLog(text), machine).divergence;
}

/** The lines with one turn changed. */
const altered = (turn: number, change: (line: LogTurn) => LogTurn) =>
  tampered(recorded.text, (lines) =>
    lines.map((line) => (line.kind === 'turn' && line.turn === turn ? change(line) : line)),
  );

describe('a log as it was recorded', () => {
  test('replays identically, whatever happened in it, by shape and in full', () => {
    fc.assert(
      fc.property(stormy, fc.constantFrom('shape' as const, 'full' as const), (plan, redaction) => {
        const { log } = recordWorld(plan, redaction);
        expect(replay(log, sessionMachine)).toEqual({
          divergence: null,
          turns: log.turns.length,
          definitionChanges: [],
          isIncomplete: false,
        });
        expect(replayLive(log, sessionMachine).divergence).toBeNull();
      }),
      { numRuns: 60 },
    );
  });

  test('is emitted again to the letter, with what is known of its sound', () => {
    const command = { afterMs: 50, command: { name: 'open_app', args: { app_name: 'Safari' } } };
    const { log, run } = recordWorld({ ...plainPlan, answer: [...plainPlan.answer, command] });
    const { frames, divergence } = replayLive(log, sessionMachine);
    expect(divergence).toBeNull();
    expect(frames.map(({ kind }) => kind)).toEqual(run.frames.map(({ kind }) => wireNames[kind]));
    expect(frames.map((frame) => (frame.kind === 'text_chunk' ? frame.text : '')).join('')).toBe(
      run.frames.map((frame) => (frame.kind === 'text' ? frame.text : '')).join(''),
    );
    expect(frames.at(-2)).toMatchObject({ kind: 'action_message', command: 'open_app', args: { app_name: 'Safari' } });
  });

  test('by shape is emitted with texts of the same length and none of the words', () => {
    const { log } = recordWorld(plainPlan, 'shape');
    const { frames, divergence } = replayLive(log, sessionMachine);
    expect(divergence).toBeNull();
    const text = frames.map((frame) => (frame.kind === 'text_chunk' ? frame.text : '')).join('');
    expect(text).toHaveLength(
      'The first sentence is said. Here comes the second one. And that is all there is to say.'.length,
    );
  });
});

const wireNames = { text: 'text_chunk', audio: 'audio_chunk', command: 'action_message', end: 'end_message' } as const;

/** The file with its lines changed and no hash made good. */
function damaged(change: (lines: string[]) => string[]): BadLog {
  const read = readLog(`${change(recorded.text.trimEnd().split('\n')).join('\n')}\n`);
  if (!isBadLog(read)) throw new Error('it was read');
  return read;
}

describe('a file that was damaged is a bad log, with the line and the turn', () => {
  const AT = 6;

  test('one altered event', () => {
    const bad = damaged((lines) => lines.map((line, at) => (at === AT ? line.replace('"atMs":', '"atMs":1') : line)));
    expect(bad).toMatchObject({ line: AT + 1, turn: AT - 1 });
  });

  test('a swapped pair', () => {
    const bad = damaged((lines) => lines.toSpliced(AT, 2, lines[AT + 1] ?? '', lines[AT] ?? ''));
    expect(bad).toMatchObject({ line: AT + 1, turn: AT - 1 });
  });

  test('a dropped turn', () => {
    expect(damaged((lines) => lines.toSpliced(AT, 1))).toMatchObject({ line: AT + 1, turn: AT - 1 });
  });

  test('an altered hash', () => {
    const bad = damaged((lines) =>
      lines.map((line, at) =>
        at === AT ? line.replace(/"hash":"(.)/, (_, digit) => `"hash":"${digit === '0' ? '1' : '0'}`) : line,
      ),
    );
    expect(bad).toMatchObject({ line: AT + 1, turn: AT - 1 });
  });

  test('any character of any line', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (lineSeed, charSeed) => {
        const lines = recorded.text.trimEnd().split('\n');
        const at = lineSeed % lines.length;
        const line = lines[at] ?? '';
        const char = charSeed % line.length;
        const other = line.charAt(char) === '7' ? '8' : '7';
        const bad = damaged((all) => all.with(at, line.slice(0, char) + other + line.slice(char + 1)));
        expect(bad.line).toBe(at + 1);
      }),
      { numRuns: runs(100) },
    );
  });
});

describe('a log that was altered and made good again diverges, at the turn where it matters', () => {
  test('an event with other words', () => {
    const turn = turnOf('answer.textReceived');
    const divergence = divergenceOf(altered(turn, (line) => ({ ...line, event: { ...line.event, text: 'Short.' } })));
    expect(divergence).toMatchObject({ turn, event: { type: 'answer.textReceived', text: 'Short.' } });
  });

  test('words of the same length, in a full log, where they are said', () => {
    const turn = turnOf('answer.textReceived');
    const text = 'The first sentence is sung. ';
    const divergence = divergenceOf(altered(turn, (line) => ({ ...line, event: { ...line.event, text } })));
    expect(divergence?.field).toBe('effects');
    expect(divergence?.turn).toBeGreaterThanOrEqual(turn);
    const live = replayLive(
      goodLog(altered(turn, (line) => ({ ...line, event: { ...line.event, text } }))),
      sessionMachine,
    );
    expect(live.divergence).toMatchObject({ field: 'emitted', turn: divergence?.turn });
  });

  test('a small value, with what it was and is', () => {
    const turn = turns.findIndex(({ changes }) => changes?.nextSegment === 2);
    const divergence = divergenceOf(
      altered(turn, (line) => ({ ...line, changes: { ...line.changes, nextSegment: 7 } })),
    );
    expect(divergence).toMatchObject({ turn, field: 'context.nextSegment', recorded: 7, now: 2 });
  });

  test('a digest, with its field and the present value', () => {
    const turn = turnOf('request.received');
    const request = '#000000000000';
    const divergence = divergenceOf(altered(turn, (line) => ({ ...line, changes: { ...line.changes, request } })));
    expect(divergence).toMatchObject({ turn, field: 'context.request', recorded: request, present: { prompt: 'x' } });
  });

  test('a field that changed then alone, now alone, or both, told in the order of the log', () => {
    const at = turnOf('answer.textReceived');
    const { changes = {} } = turns[at] ?? {};
    const [first = '', ...others] = Object.keys(changes);
    expect(others.length).toBeGreaterThan(0);
    const withChanges = (made: Readonly<Record<string, unknown>>) =>
      divergenceOf(altered(at, (line) => ({ ...line, changes: made })));
    const { [first]: _, ...withoutFirst } = changes;
    expect(withChanges(withoutFirst)).toMatchObject({ turn: at, field: `context.${first}`, recorded: 'as before' });
    expect(withChanges({ ...changes, nextSegment: 99 })).toMatchObject({ field: 'context.nextSegment', recorded: 99 });
    expect(withChanges({ constructor: 7, ...withoutFirst })).toMatchObject({
      field: 'context.constructor',
      recorded: 7,
      now: 'as before',
    });
    expect(withChanges({})).toMatchObject({ field: `context.${first}`, recorded: 'as before' });
  });

  test('an effect more, one less, or another', () => {
    const at = turnOf('speech.finished');
    const { effects = [] } = turns[at] ?? {};
    expect(effects.length).toBeGreaterThan(0);
    for (const made of [[...effects, 'tell answer hold'], effects.slice(0, -1), effects.with(0, 'stop answer')]) {
      const divergence = divergenceOf(altered(at, (line) => ({ ...line, effects: made })));
      expect(divergence).toMatchObject({ turn: at, field: 'effects', recorded: made, now: effects });
    }
  });

  test('a swapped pair', () => {
    const turn = turnOf('speech.finished');
    const swapped = tampered(recorded.text, (lines) => {
      const at = lines.findIndex((line) => line.kind === 'turn' && line.turn === turn);
      return lines.toSpliced(at - 1, 2, ...[lines[at], lines[at - 1]].filter((line) => line !== undefined));
    });
    expect(divergenceOf(swapped)).toMatchObject({ turn: turn - 1 });
  });

  test('a dropped turn', () => {
    const turn = turnOf('answer.textReceived');
    const dropped = tampered(recorded.text, (lines) =>
      lines.filter((line) => line.kind !== 'turn' || line.turn !== turn),
    );
    expect(divergenceOf(dropped)).toMatchObject({ turn });
  });

  test('a dropped end', () => {
    const dropped = tampered(recorded.text, (lines) => lines.toSpliced(-2, 1));
    const last = turns.length - 2;
    expect(divergenceOf(dropped)).toMatchObject({
      turn: last,
      field: 'end',
      recorded: 'done: completed',
      now: 'active',
    });
  });

  test('another reason in the footer', () => {
    const footer = (lines: LogLine[]) =>
      lines.map((line) => (line.kind === 'footer' ? { ...line, reason: 'session_timeout' } : line));
    expect(divergenceOf(tampered(recorded.text, footer))).toMatchObject({
      field: 'end',
      recorded: 'done: session_timeout',
      now: 'done: completed',
    });
  });

  test('a turn behind the end', () => {
    const longer = tampered(recorded.text, (lines) => {
      const late: LogTurn = { kind: 'turn', turn: 0, atMs: 9e6, event: { type: 'client.cancelled' } };
      return lines.toSpliced(-1, 0, late);
    });
    expect(divergenceOf(longer)).toMatchObject({ turn: turns.length, field: 'status' });
  });

  test('an event that the chart can only throw at', () => {
    const turn = turnOf('answer.textReceived');
    const divergence = divergenceOf(altered(turn, (line) => ({ ...line, event: { ...line.event, text: null } })));
    expect(divergence).toMatchObject({ turn, field: 'status', recorded: 'active' });
    expect(divergence?.now).toContain('the chart threw');
  });

  test('other limits than those it ran under', () => {
    const other = tampered(recorded.text, (lines) =>
      lines.map((line) => (line.kind === 'header' ? { ...line, input: { limits: {} } } : line)),
    );
    expect(divergenceOf(other)).toMatchObject({ turn: 0 });
  });
});

describe('a chart that does something else', () => {
  test('because a guard was relaxed diverges where that guard first decided', () => {
    const stalling = recordWorld({ ...plainPlan, readerStallsAtMs: 1_000 });
    const relaxed = sessionMachine.provide({ guards: { isReaderIdle: () => false } });
    const verdict = replay(stalling.log, relaxed);
    const last = stalling.log.turns.length - 1;
    expect(verdict.divergence).toMatchObject({
      turn: last,
      field: 'state',
      recorded: 'error',
      event: { type: 'outbox.activityReported' },
    });
    expect(verdict.divergence?.now).toContain('reader.attentive');
  });

  test('because an action does less diverges in the field that it changed', () => {
    const forgetful = sessionMachine.provide({ actions: { planStallCheck: () => {}, takeRequest: () => {} } });
    expect(replay(recorded.log, forgetful).divergence).toMatchObject({
      turn: turnOf('request.received'),
      field: 'context.request',
      now: 'as before',
    });
  });

  test('is named before its differences: its version and its definition', () => {
    const [header = ''] = bodiesOf(recorded.text);
    expect(header).toContain('"version":"2"');
    const older = tampered(recorded.text, (lines) =>
      lines.map((line) => (line.kind === 'header' ? { ...line, version: '0', definition: 'abcdef' } : line)),
    );
    const { definitionChanges, divergence } = replay(goodLog(older), sessionMachine);
    expect(divergence).toBeNull();
    expect(definitionChanges).toEqual([
      'version 0 was recorded, 2 replays',
      expect.stringMatching(/^the definition of the chart was abcdef and is 2:[0-9a-f]{16}$/),
    ]);
  });
});

test('runs of one chart know nothing of each other, be they played by turns, and one of them thrown out of its chart', () => {
  const { input } = recorded.log.header;
  const play = (run: ChartRun, { turn, event }: LogTurn) => {
    const { after, actions } = turn === 0 ? run.start(input) : run.take(event);
    return { context: after.context, ...new OutcomeTeller('full').tell(after, actions) };
  };
  const alone = turns.map(
    (
      (run) => (turn: LogTurn) =>
        play(run, turn)
    )(new ChartRun(sessionMachine)),
  );
  const runsOfIt = [new ChartRun(sessionMachine), new ChartRun(sessionMachine)];
  const textTurn = turnOf('answer.textReceived');
  const broken = new ChartRun(sessionMachine);
  for (const turn of turns.slice(0, textTurn)) play(broken, turn);
  const event = turns[textTurn]?.event;
  const byTurns = turns.map((turn) => {
    const [one, other] = runsOfIt.map((run) => play(run, turn));
    expect(() => broken.take({ type: 'answer.textReceived', ...event, text: null })).toThrow();
    expect(other).toEqual(one);
    return one;
  });
  expect(byTurns).toEqual(alone);
});

test('a log whose process was killed is told to be incomplete, and what is there is compared', () => {
  const cut = `${recorded.text.split('\n').slice(0, 7).join('\n')}\n{"kind":"turn","tur`;
  expect(replay(goodLog(cut), sessionMachine)).toMatchObject({ divergence: null, turns: 6, isIncomplete: true });
});
