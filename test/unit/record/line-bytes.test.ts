/**
 * The bytes of a log, whatever is done to make them cheaply: the turns of a recording, told to the recorder, give the recording again; and every
 * line is what JSON.stringify makes of its turn, with digests that are worked out anew. A log that said the same in other bytes would
 * be another log to its chain, to diffs and to tools.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isBadLog, readLog } from '../../../src/log/log-reader.ts';
import { ActorLog } from '../../../src/record/actor-log.ts';
import { sessionRecording, supervisorRecording } from '../../../src/record/chart-recordings.ts';
import { digestOf, ListDigester } from '../../../src/record/digest.ts';
import { logMaker } from '../../../src/record/redaction.ts';
import { stateText } from '../../../src/record/turn-outcome.ts';
import { machineFor } from '../../../src/replay/machine-shelf.ts';
import { ChartRun } from '../../../src/replay/pure-chart.ts';
import type { TakenTurn } from '../../support/machines/pure-run.ts';
import { calm, stormy } from '../../support/machines/session-plans.ts';
import { runWorld } from '../../support/machines/session-world.ts';
import { bodiesOf, chainedAnew } from '../../support/replay/hand-recording.ts';

const folder = fileURLToPath(new URL('../../recordings', import.meta.url));
const recordings = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.jsonl'))
  .sort();

/** The turns of a recording, told to the recorder of its chart; lines are made after every `batch` of them. */
function recordedAnew(text: string, batch: number): string {
  const log = readLog(text);
  if (isBadLog(log)) throw new Error(`line ${log.line}, ${log.why}`);
  const { input, reason: _, ...header } = log.header;
  const machine = machineFor(header.machine, header.version);
  if (machine === undefined) throw new Error(`no chart ${header.machine}`);
  const { createRedactor, reasonOf } = header.machine === 'session' ? sessionRecording : supervisorRecording;
  // Its texts are shapes already, those that amendments settled among them.
  const redactor = createRedactor('full');
  const anew = new ActorLog({ header, redactor, maxBytes: Number.POSITIVE_INFINITY, reasonOf });
  const run = new ChartRun(machine);
  let lines = '';
  for (const { turn, atMs, event } of log.turns) {
    const given = turn === 0 ? { type: 'xstate.init', input } : event;
    const { after, actions } = turn === 0 ? run.start(input) : run.take(event);
    anew.add({ event: given, after, actions }, atMs);
    if (turn % batch === batch - 1) lines += anew.takeLines();
  }
  return lines + anew.takeLines() + anew.close();
}

/** The recording as its server wrote it: why it was recorded anew stands in its header alone. */
function asWritten(text: string): string {
  const [header = '', ...bodies] = bodiesOf(text);
  const { reason, ...written } = JSON.parse(header);
  return reason === undefined ? text : chainedAnew([JSON.stringify(written), ...bodies]);
}

test.each(recordings)('the turns of %s give its bytes', (name) => {
  const text = readFileSync(join(folder, name), 'utf8');
  expect(recordedAnew(text, 1)).toBe(asWritten(text));
  expect(recordedAnew(text, 3)).toBe(asWritten(text));
  expect(recordedAnew(text, 1_000)).toBe(asWritten(text));
});

/** How a field stands in a log, without anything that is remembered of it. */
function shownAnew(name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null)
    return typeof value === 'string' ? `#${digestOf(value, name)}` : value;
  return `#${Array.isArray(value) ? new ListDigester(name).digestOf(value) : digestOf(value, name)}`;
}

/** What of a turn's line does not depend on the texts of its event, worked out the long way. */
function turnsAnew(turns: readonly TakenTurn[]): readonly unknown[] {
  let before: Readonly<Record<string, unknown>> = {};
  let state = '';
  return turns.map(({ after }) => {
    const { context, value, status } = after;
    const known = before;
    const changed = Object.entries(context).filter(([name, field]) => known[name] !== field);
    const text = stateText(value);
    const told = {
      ...(text !== state && { state: text }),
      ...(changed.length > 0 && {
        changes: Object.fromEntries(changed.map(([name, field]) => [name, shownAnew(name, field)])),
      }),
      ...(status !== 'active' && { status }),
    };
    before = context;
    state = text;
    return told;
  });
}

describe.each(['shape', 'full'] as const)('of any session, recorded with texts in %s,', (redaction) => {
  const newLog = logMaker(sessionRecording, { redaction, build: 'test' });

  test.each([
    ['calm', calm],
    ['stormy', stormy],
  ])('%s: each line is the JSON of its turn', (_name, plans) => {
    fc.assert(
      fc.property(plans, (plan) => {
        const log = new ActorLog(newLog('2026-11-22T10:00:00.000Z'));
        const turns: TakenTurn[] = [];
        runWorld(plan, (turn, atMs) => {
          turns.push(turn);
          log.add(turn, atMs);
        });
        const text = log.takeLines() + log.close();
        const bodies = bodiesOf(text);
        expect(bodies.map((body) => JSON.stringify(JSON.parse(body)))).toEqual(bodies);
        expect(chainedAnew(bodies)).toBe(text);
        const lines = bodies.map((body) => JSON.parse(body));
        const told = lines
          .filter(({ kind }) => kind === 'turn')
          .map(({ kind: _kind, turn: _turn, atMs: _atMs, event: _event, effects: _effects, ...rest }) => rest);
        expect(told).toEqual(turnsAnew(turns));
        expect(Object.keys(lines[0]).at(-1)).toBe('input');
      }),
      { numRuns: 60, seed: 20_261_130 },
    );
  });
});
