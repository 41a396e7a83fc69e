/** What the inspector's debugger says of a log as its lines come: its own verdict, the replayer's, at every line. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { type AnyStateMachine, fromCallback } from 'xstate';
import { LogDebugger } from '../../../src/inspector/debugger/log-debugger.ts';
import type { TurnView } from '../../../src/inspector/debugger/views.ts';
import { isBadLog, readLog } from '../../../src/log/log-reader.ts';
import { sessionMachine, sessionMachineV1 } from '../../../src/machines/session/session.machine.ts';
import { machineFor } from '../../../src/replay/machine-shelf.ts';
import { replay } from '../../../src/replay/replayer.ts';
import { sessionInput } from '../../support/machines/session-run.ts';
import { bodiesOf, chainedAnew, goodLog, recordByHand } from '../../support/replay/hand-recording.ts';
import { goodEvents, madeLog } from '../../support/replay/made-log.ts';
import { plainPlan, recordWorld } from '../../support/replay/recorded-world.ts';

const folder = fileURLToPath(new URL('../../recordings', import.meta.url));
const recordings = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.jsonl'))
  .sort();
const textOf = (name: string) => readFileSync(join(folder, name), 'utf8');
const linesIn = (text: string) => text.trimEnd().split('\n');

function debuggerOf(text: string, options: { shelf?: AnyStateMachine[]; maxSnapshots?: number } = {}): LogDebugger {
  const log = new LogDebugger({ id: 'x', title: 'x', ...options });
  log.take(linesIn(text));
  return log;
}

function turnsOf(log: LogDebugger): readonly TurnView[] {
  return Array.from({ length: log.overview().turns }, (_, turn) => turnOf(log, turn));
}

function turnOf(log: LogDebugger, turn: number): TurnView {
  const view = log.answer({ kind: 'turn', log: 'x', turn });
  if (view === null || typeof view !== 'object' || !('steps' in view)) throw new Error('no turn view');
  return view;
}

describe('every recording', () => {
  test.each(recordings)(
    '%s is identical at every line, and in every turn what was recorded is what is shown',
    (name) => {
      const lines = linesIn(textOf(name));
      const log = new LogDebugger({ id: 'x', title: name });
      for (const line of lines) {
        log.take([line]);
        const { verdict, turns, isLive } = log.overview();
        expect(verdict).toEqual({ kind: 'identical', turns, isWhole: line === lines.at(-1) });
        expect(isLive).toBe(line !== lines.at(-1));
      }
      const { turns, header } = goodLog(textOf(name));
      let leaves = '';
      for (const [index, view] of turnsOf(log).entries()) {
        leaves = turns[index]?.state ?? leaves;
        expect(view.leaves.join(' | ')).toBe(leaves);
        expect(view.effects).toEqual(turns[index]?.effects ?? []);
        expect(view).toMatchObject({ turn: index, sides: null, divergence: null, moreChanges: 0 });
        // Whatever the recorder saw change is told, and nothing else.
        const fields = new Set(view.changes.map(({ path }) => path.split(/[.[]/, 1)[0]));
        if (index > 0) for (const field of fields) expect(Object.keys(turns[index]?.changes ?? {})).toContain(field);
      }
      expect(replay(goodLog(textOf(name)), machineOf(header)).divergence).toBeNull();
    },
  );

  test.each(recordings)('%s is told alike in batches of any size, and with every fourth snapshot alone', (name) => {
    const whole = debuggerOf(textOf(name));
    const sparse = debuggerOf(textOf(name), { maxSnapshots: 3 });
    const inThrees = new LogDebugger({ id: 'x', title: 'x' });
    const lines = linesIn(textOf(name));
    for (let from = 0; from < lines.length; from += 3) inThrees.take(lines.slice(from, from + 3));
    expect(turnsOf(sparse)).toEqual(turnsOf(whole));
    expect(turnsOf(inThrees)).toEqual(turnsOf(whole));
    expect(inThrees.overview()).toEqual(whole.overview());
  });
});

function machineOf(header: { readonly machine: string; readonly version: string }) {
  const machine = machineFor(header.machine, header.version);
  if (machine === undefined) throw new Error(`no chart ${header.machine}`);
  return machine;
}

test('one altered byte is a bad log at its line, the turns before it are shown and nothing behind is believed', () => {
  const text = textOf('session/completed-plain-v1.jsonl');
  const lines = linesIn(text);
  for (const [place, line] of lines.entries()) {
    const at = Math.floor(line.length / 2);
    const altered = `${line.slice(0, at)}${line[at] === 'x' ? 'y' : 'x'}${line.slice(at + 1)}`;
    const log = debuggerOf(lines.with(place, altered).join('\n'));
    const read = readLog(`${lines.with(place, altered).join('\n')}\n`);
    if (!isBadLog(read)) expect.fail('it was read');
    expect(log.overview().verdict).toEqual({ kind: 'bad-log', line: place + 1, turn: read.turn, why: read.why });
    expect(log.overview().turns).toBe(Math.max(0, Math.min(place, goodLog(text).turns.length + 1) - 1));
  }
});

test('a chart whose guard was changed diverges at the turn in which it is asked, and goes on from there', () => {
  const text = textOf('session/completed-command-v1.jsonl');
  const changed = sessionMachineV1.provide({ guards: { hasCommand: () => false } });
  const log = debuggerOf(text, { shelf: [changed] });
  const { verdict, definitionChanges } = log.overview();
  expect(verdict).toMatchObject({ kind: 'diverged', turn: 5, divergence: { turn: 5, field: 'state' } });
  // A guard's code is no definition: the first word is the divergence's.
  expect(definitionChanges).toEqual([]);
  const [before, at, behind] = [4, 5, 6].map((turn) => turnOf(log, turn));
  expect(before?.sides).toBeNull();
  expect(at?.divergence?.turn).toBe(5);
  expect(at?.leaves).toEqual(['commandSent.attentive']);
  expect(at?.sides).toMatchObject({
    recorded: { state: 'commandSent.attentive' },
    leaves: ['streaming.answer.answered', 'streaming.voice.closing', 'streaming.reader.attentive'],
  });
  expect(at?.steps.flatMap(({ guards }) => guards).find(({ name }) => name === 'hasCommand')?.answer).toBe(false);
  // What came is answered first; what needs no event is asked behind it, also where it takes nothing.
  expect(at?.steps.map(({ isAlways }) => isAlways)).toEqual([false, true]);
  expect(behind?.divergence).toBeNull();
  expect(behind?.leaves).toEqual(['done']);
  expect(behind?.sides?.recomputed).toMatchObject({ state: 'done', status: 'done' });
});

test('the whole value of a field that differs is told with its turn, not with every report of the log', () => {
  const bodies = bodiesOf(textOf('session/completed-command-v1.jsonl'));
  const log = debuggerOf(chainedAnew(bodies.map((body) => body.replace('"cutter":"#115da4b732c8"', '"cutter":"#0"'))));
  const { verdict } = log.overview();
  expect(verdict).toMatchObject({ kind: 'diverged', turn: 2, divergence: { field: 'context.cutter', recorded: '#0' } });
  expect(verdict.kind === 'diverged' && Object.keys(verdict.divergence)).not.toContain('present');
  expect(turnOf(log, 2).divergence?.present).toBeDefined();
});

test('a chart that is over before the log is goes no further, and what was recorded is shown', () => {
  const early = sessionMachine.provide({ guards: { isAnswered: () => true } });
  const log = debuggerOf(textOf('session/completed-plain-v1.jsonl'), { shelf: [early] });
  const { verdict, turns } = log.overview();
  expect(verdict.kind).toBe('diverged');
  const last = turnOf(log, turns - 1);
  expect(last).toMatchObject({ leaves: ['done'], steps: [], sides: { recomputed: null, leaves: ['error'] } });
});

test('a log of another definition says so before anything differs', () => {
  const [header = '', ...rest] = bodiesOf(textOf('session/completed-plain-v1.jsonl'));
  const other = header.replace(/"definition":"[^"]+"/, '"definition":"2:0000000000000000"');
  const log = debuggerOf(chainedAnew([other, ...rest]));
  expect(log.overview()).toMatchObject({
    verdict: { kind: 'identical' },
    definitionChanges: [expect.stringContaining('2:0000')],
  });
});

test('a log of an unknown chart is shown as it was recorded, and said to be one', () => {
  const [header = '', ...rest] = bodiesOf(textOf('session/completed-plain-v1.jsonl'));
  const log = debuggerOf(chainedAnew([header.replace('"machine":"session"', '"machine":"kettle"'), ...rest]));
  expect(log.overview().verdict).toMatchObject({ kind: 'bad-log', why: expect.stringContaining('no chart "kettle"') });
  const turns = turnsOf(log);
  expect(turns.at(-1)).toMatchObject({ leaves: ['done'], steps: [], visits: {}, sides: null });
  expect(() => log.answer({ kind: 'chart', log: 'x', level: 'map' })).toThrow('no chart "kettle"');
});

test('a turn in which the chart threw is identical where it throws again, and tells what was asked until then', () => {
  const silent = fromCallback(() => {});
  const machine: AnyStateMachine = sessionMachine;
  const throws = machine.provide({
    actors: { answer: silent, speech: silent },
    guards: {
      hasCommand: () => {
        throw new Error('boom');
      },
    },
  });
  const events = [...goodEvents.map(([, event]) => event)];
  const text = recordByHand(throws, events, sessionInput());
  const threw = goodLog(text).turns.findIndex(({ status }) => status === 'threw');
  expect(threw).toBeGreaterThan(0);
  const log = debuggerOf(text, { shelf: [throws] });
  expect(log.overview().verdict.kind).toBe('identical');
  expect(turnOf(log, threw)).toMatchObject({ hasThrown: true, changes: [], sides: null });
  expect(turnOf(log, threw).leaves).toEqual(turnOf(log, threw - 1).leaves);
  expect(debuggerOf(text).overview().verdict).toMatchObject({
    kind: 'diverged',
    turn: threw,
    divergence: { field: 'status' },
  });
});

describe('an end', () => {
  const lines = linesIn(textOf('session/completed-plain-v1.jsonl'));

  test('that is missing is no bad log: the session still runs, or was killed', () => {
    const log = debuggerOf(lines.slice(0, -1).join('\n'));
    expect(log.overview()).toMatchObject({ isLive: true, reason: '', verdict: { kind: 'identical', isWhole: false } });
    log.close();
    expect(log.overview()).toMatchObject({ isLive: false, reason: 'no_end', verdict: { isWhole: false } });
  });

  test('that says something else than the chart came to is a divergence', () => {
    const bodies = bodiesOf(lines.join('\n'));
    const footer = bodies.at(-1)?.replace('"reason":"completed"', '"reason":"draining"') ?? '';
    const log = debuggerOf(chainedAnew([...bodies.slice(0, -1), footer]));
    expect(log.overview().verdict).toMatchObject({ kind: 'diverged', divergence: { field: 'end' } });
  });

  test('of a file without a line, or without a turn, is a bad log', () => {
    const empty = new LogDebugger({ id: 'x', title: 'x' });
    expect(empty.overview().verdict.kind).toBe('identical');
    empty.close(true);
    expect(empty.overview().verdict).toMatchObject({ kind: 'bad-log', line: 1, why: 'the file is empty' });
    const bare = debuggerOf(lines[0] ?? '');
    bare.close();
    expect(bare.overview().verdict).toMatchObject({ kind: 'bad-log', line: 2, why: 'there is no turn' });
  });
});

describe('an amendment', () => {
  const say = ['The first wor', 'd is cut in tw', 'o. And so i', 's the next o', 'ne, of cou', 'rse. Bye.'];
  const answer = say.map((text) => ({ afterMs: 120, say: text }));
  const { text } = recordWorld({ ...plainPlan, answer }, 'shape');
  const amended = linesIn(text).filter((line) => line.startsWith('{"kind":"amendment"'));

  test('changes the text of its turn, and what follows is executed anew: the same at every line as if it had been there', () => {
    expect(amended.length).toBeGreaterThan(0);
    const lines = linesIn(text);
    const log = new LogDebugger({ id: 'x', title: 'x' });
    for (const [place, line] of lines.entries()) {
      log.take([line]);
      if (!line.startsWith('{"kind":"amendment"')) continue;
      expect(turnsOf(log)).toEqual(turnsOf(debuggerOf(lines.slice(0, place + 1).join('\n'))));
    }
    expect(log.overview().verdict.kind).toBe('identical');
  });

  test('may stand as far behind its turn as it likes, whatever the batches', () => {
    const bodies = bodiesOf(madeLog({ events: goodEvents }));
    const late = [...bodies.slice(0, -1), '{"kind":"amendment","turn":2,"tail":"zzzzz. "}', bodies.at(-1) ?? ''];
    const lines = linesIn(chainedAnew(late));
    const whole = debuggerOf(lines.join('\n'));
    const byLine = new LogDebugger({ id: 'x', title: 'x' });
    for (const line of lines) byLine.take([line]);
    expect(turnsOf(byLine)).toEqual(turnsOf(whole));
    expect(turnOf(byLine, 2).event.text).toBe('Xx xx x xxxzzzzz. ');
    expect(byLine.overview().verdict).toEqual({ kind: 'identical', turns: 6, isWhole: true });
    const value = byLine.answer({ kind: 'value', log: 'x', turn: 3, path: 'sentences[0].text' });
    expect(value).toEqual({ before: null, after: '"Xx xx x xxxzzzzz."' });
  });

  test('that mends a difference takes the verdict back', () => {
    const bodies = bodiesOf(madeLog({ events: goodEvents }));
    // Without its full stop the text is no sentence yet: the recording says that it was one.
    const cut = bodies.map((body) => body.replace('xxxxxxxx. "', 'xxxxxxxxxx"'));
    const lines = linesIn(
      chainedAnew([...cut.slice(0, -1), '{"kind":"amendment","turn":2,"tail":". "}', cut.at(-1) ?? '']),
    );
    const log = new LogDebugger({ id: 'x', title: 'x' });
    log.take(lines.slice(0, -2));
    expect(log.overview().verdict).toMatchObject({ kind: 'diverged', turn: 2 });
    log.take(lines.slice(-2));
    expect(log.overview().verdict).toEqual({ kind: 'identical', turns: 6, isWhole: true });
  });
});

test('a question for what is not there is answered with why', () => {
  const log = debuggerOf(textOf('session/completed-plain-v1.jsonl'));
  expect(() => turnOf(log, 9_999)).toThrow(/no turn 9999: the log has \d+/);
  expect(() => turnOf(new LogDebugger({ id: 'x', title: 'x' }), 0)).toThrow('there is no turn 0: the log has 0');
});

test('a log that is longer than a tab may hold is executed as far as that, says so, and takes no more', () => {
  const lines = linesIn(textOf('session/completed-plain-v1.jsonl'));
  const maxChars = lines.slice(0, 5).join('').length;
  const log = new LogDebugger({ id: 'x', title: 'x', maxChars });
  for (const line of lines) log.take([line]);
  expect(log.takesMore).toBe(false);
  expect(log.overview()).toMatchObject({
    turns: 4,
    note: expect.stringContaining('4 turns'),
    verdict: { kind: 'identical' },
  });
});
