/** The inspector of a server with workers: every session is there, live and in files, whichever worker has it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EndedRows, ListRow } from '../../../src/inspector/feed-format.ts';
import { isBadLog, readLog } from '../../../src/log/log-reader.ts';
import { sessionMachine } from '../../../src/machines/session/session.machine.ts';
import { replay } from '../../../src/replay/replayer.ts';
import { ask, type RunningCall, start, type TestClient } from '../../support/client.ts';
import { eventually } from '../../support/eventually.ts';
import { TAB_TOKEN, Tab, tabHeaders } from '../../support/inspector/tab.ts';
import { identical } from '../../support/replay/log-folder.ts';
import type { ServerProcess } from '../../support/server-process.ts';
import { pidOfWorker, serveWithTwo, twoClients, workersOf } from '../../support/workers.ts';

const scenario = {
  answers: [
    {
      when: 'long',
      steps: Array.from({ length: 40 }, () => [{ say: 'A sentence of some words. ' }, { wait_ms: 100 }]).flat(),
    },
    { when: 'hang', steps: [{ say: 'One. ' }, { hang: true }] },
    { when: 'down', steps: [{ fail: { error_code: 'UNAVAILABLE', message: 'it fell over' } }] },
    { when: '', steps: [{ say: 'Yes.' }] },
  ],
  speech: { chunks_per_sentence: 2, ms_per_chunk: 5 },
};

let server: ServerProcess;
let clients: readonly [TestClient, TestClient];
const tabs: Tab[] = [];

function open(query: string): Tab {
  const tab = new Tab(server.httpPort, query);
  tabs.push(tab);
  return tab;
}

function running(names: string, prompt = 'hang'): readonly RunningCall[] {
  return clients.map((client, at) => start(client, { prompt, session_id: `${names}-${at}`, hardware_id: 'desk-17' }));
}

async function rowsOf(tab: Tab, sessions: readonly string[], isGood: (row: ListRow) => boolean) {
  return eventually(
    () => sessions.map((session) => tab.row((row) => row.session === session)),
    (rows) => rows.every((row) => row !== undefined && isGood(row)),
  ) as Promise<readonly ListRow[]>;
}

async function fileOf(id: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${server.httpPort}/inspect/api/logs/${id}`, { headers: tabHeaders });
  return response.ok ? response.text() : '';
}

describe('a tab', () => {
  beforeAll(async () => {
    server = await serveWithTwo({ scenario, env: { INSPECTOR: 'on', INSPECTOR_TOKEN: TAB_TOKEN } });
    clients = await twoClients(server);
  });
  afterAll(async () => {
    for (const tab of tabs) tab.close();
    for (const client of clients) client.close();
    await server.stop();
  });

  test('sees the sessions of all workers live, those that ran before it came too, to their ends', async () => {
    const before = running('before');
    await Promise.all(before.map(({ firstFrame }) => firstFrame));
    expect((await workersOf(server)).map(({ active_streams: streams }) => streams)).toEqual([1, 1]);
    const tab = open('list=1');
    const after = running('after');
    const names = ['before-0', 'before-1', 'after-0', 'after-1'];
    const live = await rowsOf(tab, names, ({ isLive, state }) => isLive && state.includes('streaming'));
    expect(live.map(({ machine, device, reason }) => [machine, device, reason])).toEqual(
      names.map(() => ['session', 'desk-17', '']),
    );
    expect(tab.rows.get('supervisor')).toMatchObject({ machine: 'supervisor', isLive: true });
    // Who comes later sees them as old as they are.
    const late = open('list=1');
    const rows = await rowsOf(late, names, ({ isLive }) => isLive);
    for (const [at, { ageMs }] of rows.entries()) expect(ageMs).toBeGreaterThanOrEqual(live[at]?.ageMs ?? Infinity);
    for (const { call } of [...before, ...after]) call.cancel();
    const over = await rowsOf(tab, names, ({ isLive }) => !isLive);
    expect(over.map(({ reason, isFailed }) => [reason, isFailed])).toEqual(
      names.map(() => ['client_cancelled', false]),
    );
    const failed = await Promise.all(clients.map((client) => ask(client, { prompt: 'down' })));
    expect(failed.map(({ errorType }) => errorType)).toEqual(['answer_failed', 'answer_failed']);
    const totals = await eventually(
      () => tab.said.findLast((line) => line.kind === 'list')?.totals,
      (told) => told?.ended === 6,
    );
    expect(totals).toMatchObject({ live: 0, ended: 6, failed: 2, slots: 0 });
  });

  test('gets the lines of a log on each worker as they are made, joined with its file, which replays identical', async () => {
    const list = open('list=1');
    const calls = running('watched', 'long');
    await Promise.all(calls.map(({ firstFrame }) => firstFrame));
    const rows = await rowsOf(list, ['watched-0', 'watched-1'], ({ isLive }) => isLive);
    const ids = rows.map(({ id }) => id);
    const tab = open(ids.map((id) => `log=${id}`).join('&'));
    await Promise.all(calls.map(({ outcome }) => outcome));
    for (const id of ids) {
      const text = await eventually(
        () => fileOf(id),
        (file) => file.trimEnd().split('\n').at(-1)?.includes('"kind":"footer"') === true,
      );
      const file = text.trimEnd().split('\n');
      const got = await eventually(
        () => tab.lines.get(id) ?? [],
        (lines) => lines.at(-1) === file.at(-1),
      );
      expect(got.length).toBeGreaterThan(10);
      expect(got).toEqual(file.slice(-got.length));
      const head = tab.said.find((line) => line.kind === 'lines' && line.log === id);
      expect(head).toMatchObject({ from: file.length - got.length, count: 0 });
      const log = readLog(text);
      if (isBadLog(log)) throw new Error(log.why);
      expect(replay(log, sessionMachine)).toMatchObject(identical());
    }
    expect(tab.said.filter(({ kind }) => kind === 'gap' || kind === 'no-log')).toEqual([]);
  });

  test('is told of an id that no worker has that there is no such log, and finds what is over in the segments of both', async () => {
    const tab = open('log=nobody');
    await eventually(
      () => tab.said.find(({ kind }) => kind === 'no-log'),
      (said) => said !== undefined,
    );
    await Promise.all(clients.map((client, at) => ask(client, { prompt: 'x', session_id: `archived-${at}` })));
    const url = `http://127.0.0.1:${server.httpPort}/inspect/api/ended?before=2999-01-01T00:00:00.000Z&limit=500`;
    await eventually(
      async () => {
        const { rows }: EndedRows = await (await fetch(url, { headers: tabHeaders })).json();
        return rows.map(({ session }) => session);
      },
      (sessions) => ['archived-0', 'archived-1'].every((session) => sessions.includes(session)),
    );
  });

  test('that comes back finds what ended meanwhile, and a session of a killed worker is over', async () => {
    for (const tab of tabs.splice(0)) tab.close();
    await Promise.all(clients.map((client, at) => ask(client, { prompt: 'x', session_id: `unseen-${at}` })));
    const calls = running('killed');
    await Promise.all(calls.map(({ firstFrame }) => firstFrame));
    const tab = open('list=1');
    const names = ['killed-0', 'killed-1'];
    const rows = await rowsOf(tab, names, ({ isLive }) => isLive);
    await rowsOf(tab, ['unseen-0', 'unseen-1'], ({ isLive, reason }) => !isLive && reason === 'completed');
    process.kill(await pidOfWorker(server, 1), 'SIGKILL');
    const lost = await Promise.race(calls.map(({ outcome }, at) => outcome.then(() => at)));
    const [gone] = await rowsOf(tab, [`killed-${lost}`], ({ isLive }) => !isLive);
    expect(gone).toMatchObject({ id: rows[lost]?.id, reason: 'no_end', isFailed: true });
    // What comes to its replacement is seen, too.
    await eventually(
      () => workersOf(server),
      (workers) => workers.every(({ state }) => state === 'up'),
    );
    clients = await twoClients(server);
    const fresh = running('fresh');
    await rowsOf(tab, ['fresh-0', 'fresh-1', `killed-${1 - lost}`], ({ isLive }) => isLive);
    for (const { call } of [...fresh, ...calls]) call.cancel();
  });
});
