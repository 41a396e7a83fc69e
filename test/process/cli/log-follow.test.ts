/** `recital log show --follow`: a log that is written while it is read, whatever becomes of its file meanwhile. */
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { connect, start } from '../../support/client.ts';
import { eventually } from '../../support/eventually.ts';
import { goodEvents, madeLog } from '../../support/replay/made-log.ts';
import { startBin } from '../../support/run-bin.ts';
import { runCli, type StartedCli, startCli } from '../../support/run-cli.ts';
import { startServer } from '../../support/server.ts';

const dir = mkdtempSync(join(tmpdir(), 'recital-follow-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const whole = madeLog({ events: goodEvents });
const lines = whole.split(/(?<=\n)/);

function file(name: string): string {
  return join(dir, `${name}.jsonl`);
}

function follow(path: string, ...more: readonly string[]): StartedCli {
  return startCli(['log', 'show', '--follow', path, ...more]);
}

const headed = 'event, → states';

describe('recital log show --follow', () => {
  test('tells each turn when it comes, in the words of log show, and ends at the footer with 0', async () => {
    const path = file('grows');
    writeFileSync(path, lines.slice(0, 2).join(''));
    const following = follow(path);
    for (const [index, line] of lines.slice(2, -1).entries()) {
      appendFileSync(path, line);
      const { event } = JSON.parse(line);
      await following.printed(index === 0 ? headed : event.type);
    }
    appendFileSync(path, lines.at(-1) ?? '');
    const { exitCode, stdout, stderr } = await following.result;
    expect(exitCode).toBe(0);
    expect(stderr).toBe('');
    expect(stdout).toBe((await runCli(['log', 'show', path])).stdout);
  });

  test('a line is told when it is whole, wherever it is cut', async () => {
    const path = file('halves');
    writeFileSync(path, '');
    const following = follow(path, '--json');
    const bytes = Buffer.from(whole);
    for (let from = 0; from < bytes.length; from += 97) {
      appendFileSync(path, bytes.subarray(from, from + 97));
      await new Promise(setImmediate);
    }
    const { exitCode, stdout } = await following.result;
    expect(exitCode).toBe(0);
    expect(stdout).toBe((await runCli(['log', 'show', '--json', path])).stdout);
  });

  test('waits for a file that is not there yet, be it a folder that is missing', async () => {
    const path = join(dir, 'later', 'session.jsonl');
    const following = startBin(['log', 'show', '-f', path]);
    let said = '';
    following.child.stderr?.on('data', (part: string) => {
      said += part;
    });
    await eventually(
      () => said,
      (text) => text.includes('session.jsonl is not there yet: waiting for it'),
    );
    mkdirSync(join(dir, 'later'));
    writeFileSync(path, whole);
    const { exitCode, stdout } = await following.result;
    expect(exitCode).toBe(0);
    expect(stdout).toContain('completed, 6 turns');
  });

  test('Ctrl-C ends it with what there is so far, and 130', async () => {
    const path = file('stopped');
    writeFileSync(path, lines.slice(0, 4).join(''));
    const following = startBin(['log', 'show', '--follow', path]);
    await following.printed('answer.textReceived');
    following.child.kill('SIGINT');
    const { exitCode, stdout } = await following.result;
    expect(exitCode).toBe(130);
    expect(stdout).toContain('no end: the process was killed, or the session still runs; 3 turns');
  });

  test.each([
    [
      'replaced',
      'is another file now',
      (path: string, text: string) => {
        writeFileSync(`${path}.new`, text);
        renameSync(`${path}.new`, path);
      },
    ],
    [
      'shortened',
      'became shorter',
      (path: string, text: string) => {
        truncateSync(path, 0);
        appendFileSync(path, text);
      },
    ],
    [
      'removed and written anew',
      /* Its number may be given to the next file. */ '(is another file now|became shorter)',
      (path: string, text: string) => {
        unlinkSync(path);
        writeFileSync(path, text);
      },
    ],
  ])('a log that is %s is told from its beginning, and that it is', async (name, words, change) => {
    const path = file(name.replaceAll(' ', '-'));
    writeFileSync(path, lines.slice(0, -1).join(''));
    const following = follow(path);
    await following.printed('outbox.flushed');
    change(path, madeLog({ events: goodEvents.slice(0, 1), sessionId: 'session-2' }));
    const { exitCode, stdout, stderr } = await following.result;
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(new RegExp(`^${path} ${words}: from its beginning\\n$`));
    expect(stdout.indexOf('session session-2')).toBeGreaterThan(stdout.indexOf('no end:'));
    expect(stdout).toContain('abandoned when the server stopped; 2 turns');
  });

  test.each([
    [
      'altered',
      lines.with(3, (lines[3] ?? '').replace('"atMs":', '"atMs":1')).join(''),
      'bad log: line 4 (turn 2), the line was altered',
    ],
    ['no log', 'hello\n', 'bad log: line 1, the file is no event log'],
    [
      'no text',
      Buffer.concat([Buffer.from(lines[0] ?? ''), Buffer.from([0xff, 0x0a])]),
      'bad log: line 2 (turn 0), it is no UTF-8',
    ],
  ])('a file that is %s ends it with 2 and the line', async (name, content, words) => {
    const path = file(name.replaceAll(' ', '-'));
    writeFileSync(path, content);
    const { exitCode, stderr } = await follow(path).result;
    expect(stderr).toContain(`${path}: ${words}`);
    expect(exitCode).toBe(2);
  });

  test('several logs, a folder of several and a pattern without any are refused; a folder of one is that one', async () => {
    const [one, two] = [join(dir, 'one'), join(dir, 'two')];
    for (const folder of [one, two]) mkdirSync(folder);
    for (const path of [join(one, 'a'), join(two, 'a'), join(two, 'b')]) writeFileSync(`${path}.jsonl`, whole);
    for (const given of [[two], [join(two, 'a.jsonl'), join(two, 'b.jsonl')]]) {
      const { exitCode, stdout, stderr } = await runCli(['log', 'show', '--follow', ...given]);
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
      expect(stderr).toContain('--follow is for one log; 2 are given: name the one that is meant');
    }
    const none = await runCli(['log', 'show', '--follow', join(dir, 'none-*.jsonl')]);
    expect(none).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('names no event log') });
    expect(await runCli(['log', 'show', '--follow', one])).toMatchObject({ exitCode: 0 });
  });

  test('what is left out is counted as log show counts it, and nothing that matches is 1', async () => {
    const path = file('chosen');
    writeFileSync(path, whole);
    const given = ['log', 'show', path, '--grep', 'speech\\.finished'];
    const followed = await runCli([...given, '--follow']);
    expect(followed.stdout.match(/turns? not shown/g)).toHaveLength(2);
    expect(followed.stdout).toBe((await runCli(given)).stdout);
    expect((await follow(path, '--state', 'nowhere').result).exitCode).toBe(1);
  });

  test('ends when nobody reads stdout any more', async () => {
    const path = file('unread');
    writeFileSync(path, lines.slice(0, 2).join(''));
    const following = startBin(['log', 'show', '--follow', path]);
    await following.printed(headed);
    following.child.stdout?.destroy();
    // The system tells it at its next line.
    appendFileSync(path, lines[2] ?? '');
    expect(await following.result).toMatchObject({ exitCode: 0, signal: null });
  });

  test('costs next to nothing while nothing comes', async () => {
    const path = file('quiet');
    writeFileSync(path, lines.slice(0, 2).join(''));
    const following = follow(path);
    await following.printed(headed);
    const before = process.cpuUsage();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const { user, system } = process.cpuUsage(before);
    following.interrupt();
    expect((await following.result).exitCode).toBe(130);
    expect((user + system) / 1000).toBeLessThan(300);
  });

  test.each([
    ['in a file of its own', 'session', /-[0-9a-f-]{36}\.jsonl$/],
    ['in its segment', 'segment', /\.segment\.jsonl$/],
  ])('follows a live session of a server to its end, %s', async (_, files, pattern) => {
    const server = await startServer({
      scenario: { answers: [{ when: '', steps: [{ say: 'One. ' }, { wait_ms: 600 }, { say: 'Two.' }] }] },
      env: { EVENT_LOG_FILES: files },
    });
    const client = connect(server.grpcPort);
    const { outcome } = start(client, { prompt: 'hello' });
    const logs = join(server.dataDir, 'event-logs');
    const live = await eventually(
      () =>
        readdirSync(logs, { recursive: true, encoding: 'utf8' }).filter(
          (name) => pattern.test(name) && readFileSync(join(logs, name), 'utf8').includes('"kind":"turn"'),
        ),
      (names) => names.length > 0,
    );
    const following = follow(join(logs, live[0] ?? ''));
    await following.printed('answer.textReceived');
    const { exitCode, stdout } = await following.result;
    await outcome;
    expect(exitCode).toBe(0);
    expect(stdout).toContain('completed, ');
    client.close();
    await server.stop();
  });
});
