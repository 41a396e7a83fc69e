/** Where a log has digests only: the items that differ, with what was recorded, as far as the side that is executed again can tell. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sessionMachine } from '../../../src/machines/session/session.machine.ts';
import { digestOf } from '../../../src/record/digest.ts';
import { fieldAsLogged } from '../../../src/record/turn-outcome.ts';
import { differingItems } from '../../../src/replay/differing-items.ts';
import { replay } from '../../../src/replay/replayer.ts';
import { bodiesOf, chainedAnew, goodLog } from '../../support/replay/hand-recording.ts';
import { plainPlan, recordWorld, tampered } from '../../support/replay/recorded-world.ts';
import { runCli } from '../../support/run-cli.ts';

interface Case {
  readonly name: string;
  readonly before: unknown;
  readonly now: unknown;
  readonly recorded: unknown;
  readonly items: readonly unknown[];
}

const sentence = { segment: 3, speech: 'xxx', failedAttempts: 0 };
const cases: readonly Case[] = [
  {
    name: 'a number',
    before: { idle: 40, speech: 70 },
    now: { idle: 80, speech: 70 },
    recorded: { idle: 85, speech: 70 },
    items: [{ item: 'idle', recorded: 85, now: 80 }],
  },
  {
    name: 'one of two changes that did not come then',
    before: { idle: 40, speech: 70, mode: 'plain' },
    now: { idle: 9000, speech: 500, mode: 'json' },
    recorded: { idle: 9000, speech: 500, mode: 'plain' },
    items: [{ item: 'mode', recorded: 'plain', now: 'json' }],
  },
  {
    name: 'a flag deep inside',
    before: { a: { b: [{ isFenced: false }] } },
    now: { a: { b: [{ isFenced: false }] } },
    recorded: { a: { b: [{ isFenced: true }] } },
    items: [{ item: 'a.b[0].isFenced', recorded: true, now: false }],
  },
  {
    name: 'a text, by its length',
    before: { pending: 'Xxx xx' },
    now: { pending: 'Xxx xx xxxx' },
    recorded: { pending: 'Xxx xx xxxx xx' },
    items: [{ item: 'pending', recorded: 'a text of 14 characters', now: 'Xxx xx xxxx' }],
  },
  {
    name: 'an item that was not there',
    before: [sentence],
    now: [sentence, { ...sentence, segment: 4 }],
    recorded: [sentence],
    items: [{ item: '[1]', recorded: 'none', now: { ...sentence, segment: 4 } }],
  },
  {
    name: 'an item that was still there',
    before: [sentence, { ...sentence, segment: 4 }],
    now: [{ ...sentence, segment: 4 }],
    recorded: [sentence, { ...sentence, segment: 4 }],
    items: [{ item: '[0]', recorded: sentence, now: 'none' }],
  },
  {
    name: 'a failure that there was not',
    before: null,
    now: { errorType: 'answer_failed', message: 'xx' },
    recorded: null,
    items: [{ item: '', recorded: null, now: { errorType: 'answer_failed', message: 'xx' } }],
  },
];

describe('what was recorded is found by its digest', () => {
  test.each(cases)('$name', ({ before, now, recorded, items }) => {
    const digest = digestOf(recorded);
    expect(differingItems({ before, now, isRecorded: (value) => digestOf(value) === digest })).toEqual(items);
  });
});

test('what is not found is not made up: the items that the turn changed are told', () => {
  const items = differingItems({ before: { a: 1, b: 2 }, now: { a: 1, b: 500, c: 'x' }, isRecorded: () => false });
  expect(items).toEqual([
    { item: 'b', before: 2, now: 500 },
    { item: 'c', before: 'none', now: 'x' },
  ]);
});

test('a large value is looked at a bounded number of times', () => {
  let looks = 0;
  const isRecorded = () => {
    looks += 1;
    return false;
  };
  const large = Array.from({ length: 5000 }, (_, index) => ({ index, text: 'x'.repeat(index % 50) }));
  expect(differingItems({ before: [], now: large, isRecorded }).length).toBeLessThanOrEqual(12);
  expect(looks).toBeLessThanOrEqual(300);
  looks = 0;
  differingItems({ before: { a: 1 }, now: { a: 2 }, isRecorded });
  expect(looks).toBeLessThanOrEqual(3000);
});

describe('a replay', () => {
  const recorded = recordWorld(plainPlan);

  /** Divergence of the log in which a field of a turn was recorded as `digest`. */
  const divergenceWith = (turn: number, field: string, digest: string) => {
    const text = tampered(recorded.text, (lines) =>
      lines.map((line) =>
        line.kind === 'turn' && line.turn === turn ? { ...line, changes: { ...line.changes, [field]: digest } } : line,
      ),
    );
    return { text, divergence: replay(goodLog(text), sessionMachine).divergence };
  };

  test('tells the item of a context that differs, recorded and now, and prints it', async () => {
    const turn = recorded.log.turns.findIndex(({ event }) => event.type === 'answer.textReceived');
    const { divergence } = divergenceWith(turn, 'watch', '#000000000000');
    const watch = divergence?.present;
    if (typeof watch !== 'object' || watch === null) throw new Error('the watch is not told');
    const other = { ...watch, idleCheckInMs: Number(Reflect.get(watch, 'idleCheckInMs')) + 7 };
    const found = divergenceWith(turn, 'watch', String(fieldAsLogged('watch', other)));
    const now = Reflect.get(watch, 'idleCheckInMs');
    expect(found.divergence?.items).toEqual([{ item: 'idleCheckInMs', recorded: now + 7, now }]);
    const path = join(mkdtempSync(join(tmpdir(), 'recital-items-')), 'x.jsonl');
    writeFileSync(path, found.text);
    const { stdout } = await runCli(['replay', path]);
    expect(stdout).toContain(`    item      idleCheckInMs: recorded ${now + 7}, now ${now}\n`);
    rmSync(dirname(path), { recursive: true });
  });

  test('tells the event of an effect that carries something else', () => {
    const turn = recorded.log.turns.findIndex(({ effects }) =>
      effects?.some((effect) => effect.includes('stream.') || effect.startsWith('say speech.informed#')),
    );
    const effects = recorded.log.turns[turn]?.effects ?? [];
    const other = effects.map((effect) => effect.replace(/(say speech\.informed)#.*/, '$1#000000000000'));
    const text = tampered(recorded.text, (lines) =>
      lines.map((line) => (line.kind === 'turn' && line.turn === turn ? { ...line, effects: other } : line)),
    );
    const { divergence } = replay(goodLog(text), sessionMachine);
    expect(divergence).toMatchObject({
      field: 'effects',
      present: { type: 'speech.informed', facts: expect.any(Array) },
    });
    const said = divergence?.present;
    if (typeof said !== 'object' || said === null) throw new Error('the event is not told');
    const [fact, ...facts] = Reflect.get(said, 'facts');
    const digest = digestOf({ ...said, facts: [{ ...fact, segment: fact.segment + 4 }, ...facts] });
    const near = text.replaceAll('000000000000', digest);
    const again = replay(goodLog(chainedAnew(bodiesOf(near))), sessionMachine).divergence;
    expect(again?.items).toEqual([{ item: 'facts[0].segment', recorded: fact.segment + 4, now: fact.segment }]);
  });

  test('tells what a turn changes now and did not then', () => {
    const turn = recorded.log.turns.findIndex(
      ({ changes }) => changes?.sentences !== undefined && changes.nextSegment === 1,
    );
    const text = tampered(recorded.text, (lines) =>
      lines.map((line) => {
        if (line.kind !== 'turn' || line.turn !== turn) return line;
        const { sentences: _, ...changes } = line.changes ?? {};
        return { ...line, changes };
      }),
    );
    const { divergence } = replay(goodLog(text), sessionMachine);
    expect(divergence).toMatchObject({ field: 'context.sentences', recorded: 'as before' });
    expect(divergence?.items).toEqual([
      { item: '[0]', recorded: 'none', now: expect.objectContaining({ segment: 0 }) },
    ]);
  });
});
