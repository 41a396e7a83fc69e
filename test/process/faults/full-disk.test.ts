/** A disk that is full for a while, under everything a server keeps: nobody who speaks notices, whoever looks is told, and nothing on it is damaged. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { reportUsage } from '../../../src/store/store-errand.ts';
import { ask, connect, start, type TestClient } from '../../support/client.ts';
import { eventually } from '../../support/eventually.ts';
import { type FillableDisk, limitedFiles, smallDisk } from '../../support/full-disk.ts';
import { foundIn, identical, verdictOf } from '../../support/replay/log-folder.ts';
import { type ServerProcess, startServerProcess } from '../../support/server-process.ts';
import { expectGoodEnd } from '../rpc/outcomes.ts';

/** The store and a minute of logs have room in it. */
const DISK_MIB = 16;
const RUNNING = 20;
const WHILE_FULL = 10;
const WARNING = 40;
const SENTENCES = 40;
const scenario = {
  answers: [
    {
      when: '^long',
      steps: Array.from({ length: SENTENCES }, () => [{ say: 'One more is here. ' }, { wait_ms: 200 }]).flat(),
    },
    { when: '', steps: [{ say: 'Good day.' }] },
  ],
  speech: { chunks_per_sentence: 1 },
};

/** True if it was stored. */
function report(client: TestClient): Promise<boolean> {
  return new Promise((resolve, reject) => {
    client.ReportUsage({ hardware_id: 'reporter', input_tokens: 1 }, (error, response) => {
      if (error !== null || response === undefined) reject(error ?? new Error('no response'));
      else resolve(response.success);
    });
  });
}

const told = (server: ServerProcess) =>
  server.logs.filter(({ level, decision }) => level >= WARNING || decision?.endsWith('recovered') === true);

const disks: readonly (readonly [string, 'segment' | 'session', () => Promise<FillableDisk | null>])[] = [
  ['a small file system, logs in segments', 'segment', () => smallDisk(DISK_MIB)],
  ['a small file system, a log a file', 'session', () => smallDisk(DISK_MIB)],
  ['files that take nothing', 'segment', () => Promise.resolve(limitedFiles())],
];

test.for(disks)(
  '%s: streams go on, health says why, each fault is one line; with room again all is kept, and all that was is whole',
  { timeout: 120_000 },
  async ([_, files, makeDisk], { skip }) => {
    const disk = await makeDisk();
    // Where none is allowed the last row shows the same, on every system.
    if (disk === null) return skip('this system mounts no file system for tests: root or a user namespace is needed');
    const dataDir = join(disk.dir, 'data');
    const env = { DATA_DIR: dataDir, EVENT_LOG_FILES: files, BACKPRESSURE_MAX_STREAMS: '200' };
    const server = await startServerProcess({ scenario, env });
    const { pid = 0 } = server.process;
    const client = connect(server.grpcPort);
    expectGoodEnd(await ask(client, { prompt: 'before' }));
    expect(await report(client)).toBe(true);
    let stored = 1;
    const running = Array.from({ length: RUNNING }, () => start(client, { prompt: 'long' }));
    await Promise.all(running.map(({ firstFrame }) => firstFrame));

    disk.fill(pid);
    for (let call = 0; call < WHILE_FULL; call += 1) {
      expectGoodEnd(await ask(client, { prompt: 'while full', hardware_id: `device-${call}` }));
      if (await report(client)) stored += 1;
    }
    const full = await eventually(
      () => server.status(),
      ({ last_error }) => last_error?.includes('not stored: ') === true && last_error.includes('being lost: '),
    );
    expect(full).toMatchObject({ health: 'degraded', usage_store: 'failed', state: 'ready' });
    expect(await report(client)).toBe(false);

    disk.free(pid);
    await eventually(
      () => server.status(),
      ({ health, last_error }) => health === 'ok' && last_error === null,
      60_000,
    );
    for (const { outcome } of running) {
      const ended = await outcome;
      expectGoodEnd(ended);
      expect(ended.text).toBe('One more is here. '.repeat(SENTENCES).trim());
    }
    expectGoodEnd(await ask(client, { prompt: 'after', session_id: 'after-1', hardware_id: 'device-1' }));
    expect(await report(client)).toBe(true);
    stored += 1;
    // One line for each kind and its end, whoever wrote and however often; by chance of their timers either comes first.
    const lines = told(server).map(({ decision }) => decision);
    expect(lines.toSorted()).toEqual(['event_log_failed', 'event_log_recovered', 'store_failed', 'store_recovered']);
    client.close();
    expect(await server.stop()).toBe(0);

    const logs = filesUnder(join(dataDir, 'event-logs')).flatMap(foundIn);
    const ofSessions = logs.filter(({ log }) => log.header.machine === 'session');
    for (const each of ofSessions) {
      const isIncomplete = each.log.footer === null;
      expect(verdictOf(each)).toMatchObject(identical({ isIncomplete }));
    }
    const after = ofSessions.filter(({ log }) => JSON.stringify(log.header).includes('after-1'));
    expect(after.map(({ log }) => log.footer?.reason)).toEqual(['completed']);
    const usage = await reportUsage({ dataDir, sinceMs: 0, hardwareId: 'reporter' });
    if (usage.kind !== 'summary') throw new Error(`the store cannot be read: ${JSON.stringify(usage)}`);
    expect(usage.summary.unreadable).toBe(0);
    // What was called stored is there; what was not may be.
    expect(usage.summary.total.reports).toBeGreaterThanOrEqual(stored);
  },
);

function filesUnder(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => readFileSync(path).length > 0);
}
