/** Whatever becomes of the disk or of the writer, a stream goes on, what is lost is counted, it is said once, and no log has a gap: in files of their own and in segments. */
import { rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ask, connect } from '../../support/client.ts';
import { makeFolder } from '../../support/end-of-file.ts';
import { eventually } from '../../support/eventually.ts';
import { createLogFolder, identical, verdictOf } from '../../support/replay/log-folder.ts';
import { startServer } from '../../support/server.ts';
import { startServerProcess } from '../../support/server-process.ts';

const LONG_SENTENCES = 2_000;
/** What bash's `ulimit -f` counts in. */
const MAX_FILE_KIB = 128;
const scenario = {
  answers: [
    { when: '^long', steps: [{ say: 'Many words of a long answer are here. ', repeat: LONG_SENTENCES }] },
    { when: '', steps: [{ say: 'A short one is here.' }] },
  ],
  speech: { chunks_per_sentence: 0 },
};

const parent = makeFolder('recital-faults-');
const bothWays = ['segment', 'session'] as const;

test.each(bothWays)(
  '%s: a file where the folder should be: streams go on, one line says why, /status counts; once it is gone, logs are written',
  async (files) => {
    const dir = join(parent, `not-a-folder-${files}`);
    writeFileSync(dir, 'in the way');
    const server = await startServer({ scenario, env: { EVENT_LOG_DIR: dir, EVENT_LOG_FILES: files } });
    const client = connect(server.grpcPort);
    for (let call = 0; call < 4; call += 1) expect((await ask(client, { prompt: 'short' })).code).toBe('OK');
    // Four sessions and the supervisor.
    await eventually(
      () => server.status(),
      ({ event_log: counts }) => JSON.stringify(counts).includes('"files_failed":5'),
    );
    const [told, ...more] = server.logsOf('event_log_failed');
    expect(told).toMatchObject({ level: 50, scope: 'replay', ctx: { why: expect.stringContaining('not-a-folder') } });
    expect(more).toEqual([]);
    expect(await server.status()).toMatchObject({
      health: 'degraded',
      last_error: expect.stringMatching(/^event logs are being lost: .*not-a-folder/),
    });

    // Nobody asks anything meanwhile.
    rmSync(dir);
    await eventually(
      () => server.status(),
      ({ health, last_error }) => health === 'ok' && last_error === null,
    );
    expect(server.logsOf('event_log_recovered')).toHaveLength(1);
    expect((await ask(client, { prompt: 'short' })).code).toBe('OK');
    expect(await server.stop()).toBe(0);
    expect(server.logsOf('event_log_failed')).toHaveLength(1);
  },
);

test('a folder that cannot be made harms nobody', async () => {
  const server = await startServer({ scenario, env: { EVENT_LOG_DIR: '/proc/recital/event-logs' } });
  await eventually(
    () => server.status(),
    ({ health }) => health === 'degraded',
  );
  expect((await ask(connect(server.grpcPort), { prompt: 'short' })).code).toBe('OK');
  await eventually(
    () => server.logsOf('event_log_failed').length,
    (lines) => lines === 1,
  );
  expect(await server.stop()).toBe(0);
});

test.each(bothWays)(
  '%s: a disk that is full in mid-session: the answer arrives whole, the log is whole up to there and told to be cut, the next one is good',
  async (files) => {
    const folder = createLogFolder();
    // Writing on fails as it does on a full disk.
    const launcher = ['bash', '-c', `ulimit -f ${MAX_FILE_KIB}; exec "$@"`, 'bash'] as const;
    const server = await startServerProcess({
      scenario,
      env: { EVENT_LOG_DIR: folder.dir, EVENT_LOG_FILES: files },
      launcher,
    });
    const client = connect(server.grpcPort);
    const long = await ask(client, { prompt: 'long' });
    expect(long.code).toBe('OK');
    expect(long.text.length).toBe('Many words of a long answer are here. '.length * LONG_SENTENCES - 1);
    await eventually(
      () => server.logsOf('event_log_failed').length,
      (lines) => lines === 1,
    );
    expect((await ask(client, { prompt: 'short' })).code).toBe('OK');
    await eventually(
      () => server.logsOf('event_log_recovered').length,
      (lines) => lines === 1,
    );
    const { event_log: counts } = await server.status();
    expect(counts).toMatchObject({ files_failed: 1, turns_dropped: expect.any(Number) });
    expect(await server.stop()).toBe(0);

    const [cut, good, ...others] = folder.logs();
    if (cut === undefined || good === undefined) throw new Error('a log is missing');
    expect(others).toEqual([]);
    const bytes = MAX_FILE_KIB * 1024;
    // Full to the last byte, wherever in a line that is: once in some hundred runs it is a line's end.
    if (files === 'session') expect(Buffer.byteLength(cut.text)).toBe(bytes);
    // Cut back to the last whole block, and without room for its end; the next session found a segment of its own.
    else {
      expect(statSync(cut.path).size).toBeLessThanOrEqual(bytes);
      expect(folder.segments()).toMatchObject([
        { path: cut.path, lost: null },
        { path: good.path, isEnded: true },
      ]);
    }
    expect(cut.log.footer).toBeNull();
    expect(verdictOf(cut)).toMatchObject(identical({ isIncomplete: true, turns: cut.log.turns.length }));
    expect(cut.log.turns.length).toBeGreaterThan(100);
    expect(verdictOf(good)).toMatchObject(identical());
  },
);

test.each(bothWays)(
  '%s: a folder that is deleted while the server runs: what was in it is counted as lost, once, and the next session has its log again',
  async (files) => {
    const folder = createLogFolder();
    const server = await startServer({ scenario, env: { EVENT_LOG_DIR: folder.dir, EVENT_LOG_FILES: files } });
    const client = connect(server.grpcPort);
    await ask(client, { prompt: 'short' });
    await eventually(
      () => folder.logs().length,
      (logs) => logs === 1,
    );
    rmSync(folder.dir, { recursive: true });
    // A file is looked for once a second.
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await ask(client, { prompt: 'short' });
    const { event_log: counts } = await eventually(
      () => server.status(),
      ({ event_log }) => JSON.stringify(event_log).includes('"files_failed":1'),
    );
    // The turns of the supervisor in its deleted file and since.
    expect(counts).toMatchObject({ turns_dropped: expect.any(Number) });
    expect(JSON.parse(JSON.stringify(counts)).turns_dropped).toBeGreaterThanOrEqual(4);
    expect(server.logsOf('event_log_failed')).toMatchObject([
      { ctx: { why: expect.stringMatching(/(-supervisor|\.segment)\.jsonl: it was deleted while it was written$/) } },
    ]);
    await ask(client, { prompt: 'short' });
    await eventually(
      () => server.status(),
      ({ health }) => health === 'ok',
    );
    expect(await server.stop()).toBe(0);
    const logs = folder.logs();
    expect(logs.length).toBeGreaterThanOrEqual(2);
    for (const found of logs) expect(verdictOf(found)).toMatchObject(identical());
  },
);
