/** The list of sessions, as it is kept beside the logs: rows, what was waited for, who leaves it and when. */
import { describe, expect, test } from 'vitest';
import type { ListRow } from '../../../../src/inspector/feed-format.ts';
import { MAX_ENDED, type ReadPlace, SessionList, unread } from '../../../../src/inspector/server/session-list.ts';
import { sessionRecording, supervisorRecording } from '../../../../src/record/chart-recordings.ts';
import { turn } from './recorded-turns.ts';

function make() {
  const clock = { ms: 1_000 };
  const list = new SessionList({ now: () => clock.ms, date: () => new Date(Date.UTC(2026, 0, 31) + clock.ms) });
  return { clock, list };
}

const init = { type: 'xstate.init', input: { streamId: 's1', sessionId: 'session', hardwareId: 'device' } };

function look(list: SessionList): void {
  for (const _ of list.look());
}

/** All rows since `place`. */
function read(list: SessionList, place: ReadPlace = unread) {
  const part = list.read(place, 100_000);
  const rows: ListRow[] = part.rows.map((row) => JSON.parse(row));
  return { ...part, rows };
}

test('a session is a row from its first turn to its end, with what it waited for in each state', () => {
  const { clock, list } = make();
  const recorder = list.recorderFor('s1', sessionRecording, () => null);
  recorder.record(turn(init, 'idle'));
  clock.ms += 40;
  recorder.record(turn({ type: 'request.received' }, { streaming: { answer: { running: 'awaitingFirstToken' } } }));
  clock.ms += 60;
  const receiving = { streaming: { answer: { running: 'receiving' } } };
  recorder.record(turn({ type: 'answer.textReceived' }, receiving));
  clock.ms += 500;
  look(list);
  expect(read(list).rows).toEqual([
    {
      id: 's1',
      machine: 'session',
      session: 'session',
      device: 'device',
      state: 'streaming.answer.running.receiving',
      startedAt: '2026-01-31T00:00:01.000Z',
      ageMs: 600,
      turns: 3,
      quietMs: 500,
      isLive: true,
      reason: '',
      isFailed: false,
      waits: { start: 100, model: 500, voice: 0, reader: 0, out: 0 },
    },
  ]);
  clock.ms += 100;
  recorder.record(turn({ type: 'answer.finished' }, 'done', { status: 'done' }));
  clock.ms += 10_000;
  look(list);
  expect(read(list).rows).toMatchObject([
    {
      state: 'done',
      ageMs: 700,
      turns: 4,
      quietMs: 0,
      isLive: false,
      reason: 'completed',
      isFailed: false,
      waits: { model: 600 },
    },
  ]);
  expect(list.counts).toEqual({ live: 0, ended: 1, failed: 0 });
});

test('a reader that did not fetch what was spoken is what was waited for, as soon as the voice or the outbox says so', () => {
  const { clock, list } = make();
  const recorder = list.recorderFor('s1', sessionRecording, () => null);
  const speaking = { streaming: { answer: 'answered', voice: { speaking: 'listening' }, reader: 'attentive' } };
  recorder.record(turn(init, speaking));
  clock.ms += 8_000;
  recorder.record(turn({ type: 'speech.progressReported', silences: [], fullMs: 7_000 }, speaking));
  look(list);
  expect(read(list).rows).toMatchObject([{ waits: { voice: 1_000, reader: 7_000 } }]);
  clock.ms += 1_000;
  recorder.record(turn({ type: 'outbox.activityReported', idleMs: 8_500, fullMs: 8_000 }, 'error', { status: 'done' }));
  look(list);
  expect(read(list).rows).toMatchObject([{ isLive: false, waits: { voice: 1_000, reader: 8_000 } }]);
});

test.each([
  ['answer_failed', true],
  ['interrupted', false],
])('an end with %s is failed: %s', (errorType, isFailed) => {
  const { list } = make();
  const recorder = list.recorderFor('s1', sessionRecording, () => null);
  recorder.record(turn(init, 'idle'));
  recorder.record(turn({ type: 'x' }, 'error', { status: 'done', failure: { errorType } }));
  expect(read(list).rows).toMatchObject([{ reason: errorType, isFailed }]);
  expect(list.counts.failed).toBe(isFailed ? 1 : 0);
});

test('a chart that threw and goes on behind its barrier lives; one that does not has failed', async () => {
  const { list } = make();
  const [saved, lost] = ['saved', 'lost'].map((id) => list.recorderFor(id, sessionRecording, () => null));
  for (const recorder of [saved, lost]) {
    recorder?.record(turn(init, 'idle'));
    recorder?.noteThrow({ type: 'x' });
  }
  saved?.record(turn({ type: 'session.faulted' }, 'failing'));
  await new Promise((resolve) => setImmediate(resolve));
  expect([list.isLive('saved'), list.isLive('lost')]).toEqual([true, false]);
  expect(read(list).rows.find(({ id }) => id === 'lost')).toMatchObject({ isLive: false, isFailed: true });
});

test('the log of a chart is told every turn as before', () => {
  const { list } = make();
  const told: string[] = [];
  const log = {
    record: ({ event }: { readonly event: { readonly type: string } }) => void told.push(event.type),
    noteThrow: ({ type }: { readonly type: string }) => void told.push(`threw ${type}`),
  };
  const recorder = list.recorderFor('s1', sessionRecording, () => log);
  expect(list.recorderFor('s1', sessionRecording, () => null)).toBe(recorder);
  recorder.record(turn(init, 'idle'));
  recorder.noteThrow({ type: 'x' });
  recorder.record(turn({ type: 'session.faulted' }, 'failing'));
  expect(told).toEqual(['xstate.init', 'threw x', 'session.faulted']);
});

test("the running server's supervisor is in the list, waits for nobody, and counts as no stream", () => {
  const { list } = make();
  list
    .recorderFor('supervisor', supervisorRecording, () => null)
    .record(turn({ type: 'xstate.init', input: {} }, 'open'));
  expect(read(list).rows).toMatchObject([{ id: 'supervisor', machine: 'supervisor', session: '', waits: null }]);
  expect(list.counts.live).toBe(0);
});

describe('a reader of the list', () => {
  test('gets what changed since it last read: a change of state at once, a mere turn once a second', () => {
    const { clock, list } = make();
    // XState makes a new value of the same state whenever the context changes.
    const state = () => ({ streaming: 'a' });
    const [one, two] = ['one', 'two'].map((id) => list.recorderFor(id, sessionRecording, () => null));
    for (const recorder of [one, two]) recorder?.record(turn(init, state()));
    look(list);
    const first = read(list);
    expect(first.rows.map(({ id }) => id)).toEqual(['one', 'two']);
    clock.ms += 250;
    one?.record(turn({ type: 'x' }, state()));
    look(list);
    expect(read(list, first.next).rows).toEqual([]);
    two?.record(turn({ type: 'x' }, { streaming: 'b' }));
    look(list);
    const second = read(list, first.next);
    expect(second.rows).toMatchObject([{ id: 'two', state: 'streaming.b', turns: 2 }]);
    clock.ms += 1_000;
    look(list);
    expect(read(list, second.next).rows).toMatchObject([{ id: 'one', turns: 2 }]);
  });

  test('is told which rows left the list, and gets all of it again when it is too far behind', () => {
    const { list } = make();
    const end = (id: string): void => {
      const recorder = list.recorderFor(id, sessionRecording, () => null);
      recorder.record(turn(init, 'idle'));
      recorder.record(turn({ type: 'x' }, 'done', { status: 'done' }));
    };
    for (let index = 0; index < MAX_ENDED; index += 1) end(`s${index}`);
    const first = read(list);
    expect(first.rows).toHaveLength(MAX_ENDED);
    for (let index = 0; index < 3; index += 1) end(`t${index}`);
    const second = read(list, first.next);
    expect([second.isWhole, second.gone, second.rows.map(({ id }) => id)]).toEqual([
      false,
      ['s0', 's1', 's2'],
      ['t0', 't1', 't2'],
    ]);
    expect(list.leftOut).toBe(3);
    for (let index = 0; index < 5_000; index += 1) end(`u${index}`);
    const third = read(list, second.next);
    expect([third.isWhole, third.gone, third.rows.length]).toEqual([true, [], MAX_ENDED]);
    expect(read(list, third.next)).toMatchObject({ isWhole: false, rows: [], gone: [] });
  });
});

test('rows of files take the room that is left, and go first', () => {
  const { list } = make();
  const row = (index: number): ListRow => ({
    id: `file${index}`,
    machine: 'session',
    session: '',
    device: '',
    state: 'done',
    startedAt: '2026-01-30T00:00:00.000Z',
    ageMs: 1,
    turns: 1,
    quietMs: 0,
    isLive: false,
    reason: 'completed',
    isFailed: false,
    waits: null,
  });
  const recorder = list.recorderFor('s1', sessionRecording, () => null);
  recorder.record(turn(init, 'idle'));
  recorder.record(turn({ type: 'x' }, 'done', { status: 'done' }));
  list.addRead(
    Array.from({ length: MAX_ENDED }, (_, index) => row(index)),
    7,
  );
  expect(list.leftOut).toBe(8);
  const first = read(list);
  expect(first.rows).toHaveLength(MAX_ENDED);
  const next = list.recorderFor('s2', sessionRecording, () => null);
  next.record(turn(init, 'idle'));
  next.record(turn({ type: 'x' }, 'done', { status: 'done' }));
  expect(read(list, first.next).gone).toEqual([`file${MAX_ENDED - 2}`]);
});
