/** From the log of a real session to what is kept of it: a test that is red or green, a new recording, a scenario for a whole server. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { ask, type CallOutcome, connect, start } from '../../support/client.ts';
import { eventually } from '../../support/eventually.ts';
import { bodiesOf, chainedAnew, goodLog } from '../../support/replay/hand-recording.ts';
import { runCli } from '../../support/run-cli.ts';
import { runCliIn } from '../../support/run-cli-in.ts';
import { startServer } from '../../support/server.ts';

const timeoutMs = 60_000;
const root = fileURLToPath(new URL('../../..', import.meta.url));

const scenario = {
  answers: [
    {
      when: '^what (is|was) it\\? \\(a\\.b\\)$',
      steps: [
        { say: 'It is here, i. e. ' },
        { wait_ms: 30 },
        { say: '5.5 km away. The mute one is not heard. "Yes!"' },
        { wait_ms: 20 },
        { command: { command: 'open_app', args: { app_name: 'Карты' } } },
      ],
    },
    {
      when: 'breaks',
      steps: [{ say: 'The first sentence. ' }, { fail: { error_code: 'UNAVAILABLE', message: 'down' } }],
    },
    { when: 'hangs', steps: [{ hang: true }] },
    { when: 'shuts', steps: [{ say: 'The stuck sentence is first.' }] },
  ],
  speech: { chunks_per_sentence: 3, ms_per_chunk: 3, fail_when: 'mute', hang_when: 'stuck' },
};

const prompts = {
  good: 'What is it? (a.b)',
  failed: 'It breaks\nin two lines',
  silent: 'It hangs',
  stuck: 'It shuts',
  left: 'It hangs and hangs',
} as const;
type Session = keyof typeof prompts;

interface Recorded {
  readonly path: string;
  readonly outcome: CallOutcome;
}
const recordings = new Map<string, Recorded>();
let folder: string;
const inputSchema = z.object({ sessionId: z.string().optional() });

function recorded(session: Session): Recorded {
  const found = recordings.get(session);
  if (found === undefined) throw new Error(`there is no log of the session ${session}`);
  return found;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'recital-keep-'));
  const logs = join(folder, 'logs');
  const recording = { EVENT_LOG_DIR: logs, EVENT_LOG_FILES: 'session', EVENT_LOG_REDACTION: 'full' };
  const env = { ...recording, FIRST_TOKEN_TIMEOUT: '0.4', SPEECH_TIMEOUT: '0.4' };
  const server = await startServer({ scenario, env: { ...env, SPEECH_FAILURE: 'degrade' } });
  const client = connect(server.grpcPort);
  const outcomes = new Map<string, CallOutcome>();
  for (const [name, prompt] of Object.entries(prompts)) {
    const { call, outcome } = start(client, { prompt, session_id: name, hardware_id: 'keeper' });
    if (name === 'left') setTimeout(() => call.cancel(), 50);
    outcomes.set(name, await outcome);
  }
  client.close();
  await server.stop();
  for (const name of readdirSync(logs, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.jsonl')) continue;
    const path = join(logs, name);
    const { sessionId } = inputSchema.parse(goodLog(readFileSync(path, 'utf8')).header.input);
    const outcome = outcomes.get(sessionId ?? '');
    if (sessionId !== undefined && outcome !== undefined) recordings.set(sessionId, { path, outcome });
  }
}, timeoutMs);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the generic test over the recordings in `into`; its exit code and what it printed. */
function runRecordings(into: string): Promise<{ code: number | null; printed: string }> {
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const child = spawn(process.execPath, [vitest, 'run', 'test/unit/replay/recordings.test.ts'], {
    cwd: root,
    env: { PATH: process.env.PATH, RECORDINGS_DIR: into, NO_COLOR: '1' },
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (part) => {
      printed += part;
    });
  }
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, printed })));
}

describe('to-test', () => {
  test('a session that failed is a red test in one command, one that is right as it is a green one', {
    timeout: timeoutMs,
  }, async () => {
    const red = join(folder, 'red');
    const made = await runCliIn(folder, ['log', 'to-test', recorded('failed').path, '--into', red]);
    expect(made).toMatchObject({ exitCode: 0, stderr: '' });
    const [copy = ''] = /\S+\.jsonl/.exec(made.stdout) ?? [];
    expect(copy).toMatch(/red\/session\/answer_failed-[0-9a-f]{8}-v2\.jsonl$/);
    expect(readFileSync(copy)).toEqual(readFileSync(recorded('failed').path));
    expect(made.stdout).toContain('the session ended as answer_failed; the test expects completed');
    expect(made.stdout).toMatch(/red today: ends as answer_failed at turn \d+, expected completed\n/);
    expect(made.stdout).toContain('word for word');

    const green = join(folder, 'green');
    const pin = ['log', 'to-test', recorded('failed').path, '--into', green, '--name', 'down', '--pin'];
    expect((await runCli(pin)).stdout).toMatch(/green today: identical \(\d+ turns, answer_failed\)/);
    expect(readdirSync(join(green, 'session'))).toEqual(['down-v2.jsonl']);

    const [redRun, greenRun] = [await runRecordings(red), await runRecordings(green)];
    expect({ code: redRun.code, printed: redRun.printed }).toMatchObject({
      code: 1,
      printed: expect.stringMatching(/ends as answer_failed at turn \d+, expected completed/),
    });
    expect(greenRun).toMatchObject({ code: 0 });
  });

  test('a good session and a cancelled one are pinned', async () => {
    const into = join(folder, 'pinned');
    for (const { path } of [recorded('good'), recorded('left')]) {
      const { exitCode, stdout } = await runCli(['log', 'to-test', path, '--into', into]);
      expect({ exitCode, stdout }).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('it pins what was') });
    }
    expect(readdirSync(join(into, 'session')).filter((name) => !name.endsWith('.jsonl'))).toEqual([]);
  });

  test('nothing is overwritten, and nothing half written stays', async () => {
    const into = join(folder, 'twice');
    const command = ['log', 'to-test', recorded('failed').path, '--into', into, '--name', 'once'];
    expect(await runCli(command)).toMatchObject({ exitCode: 0 });
    const before = readdirSync(join(into, 'session'));
    expect(await runCli(command)).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('exists') });
    rmSync(join(into, 'session/once-v2.jsonl'));
    expect(await runCli(command)).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('an expectation for') });
    expect(readdirSync(join(into, 'session'))).toEqual(before.filter((name) => !name.endsWith('.jsonl')));
  });

  test('outside of a checkout it says where a test would be replayed, and writes one where it is told to', async () => {
    const { path } = recorded('good');
    const nowhere = await runCliIn(folder, ['log', 'to-test', path]);
    expect(nowhere).toMatchObject({ exitCode: 2, stdout: '' });
    expect(nowhere.stderr).toMatch(
      /^error: this folder is in no checkout of Recital.*--into DIR writes the test elsewhere\n$/,
    );
    expect(existsSync(join(folder, 'test'))).toBe(false);
    const elsewhere = await runCliIn(folder, ['log', 'to-test', path, '--into', 'mine', '--name', 'good']);
    expect(elsewhere).toMatchObject({ exitCode: 0, stderr: '' });
    expect(elsewhere.stdout).toContain(
      `run it: in a checkout of Recital, RECORDINGS_DIR=${join(folder, 'mine')} npx vitest`,
    );
    expect(elsewhere.stdout).toContain('or anywhere: recital replay mine/session/good-v2.jsonl\n');
    expect(await runCliIn(folder, ['replay', 'mine'])).toMatchObject({ exitCode: 0 });
  });

  test('below the top of a checkout it is written to the recordings of that checkout', async () => {
    const checkout = join(folder, 'checkout');
    mkdirSync(join(checkout, 'test/unit/replay'), { recursive: true });
    mkdirSync(join(checkout, 'src/text'), { recursive: true });
    writeFileSync(join(checkout, 'test/unit/replay/recordings.test.ts'), '');
    const made = await runCliIn(join(checkout, 'src/text'), [
      'log',
      'to-test',
      recorded('good').path,
      '--name',
      'good',
    ]);
    expect(made.stdout).toContain('wrote ../../test/recordings/session/good-v2.jsonl\n');
    expect(made.stdout).toContain(`run it: in ${checkout}, npx vitest run`);
  });

  test('a folder that may not be written is an error of one line', async () => {
    const into = join(folder, 'file-in-the-way');
    writeFileSync(into, '');
    const { exitCode, stderr } = await runCli(['log', 'to-test', recorded('good').path, '--into', into]);
    expect(stderr).toBe(`error: ${into} can't be written: ENOTDIR: not a directory\n`);
    expect(exitCode).toBe(2);
  });

  test('a log that cannot be read, a wrong name and contradicting options are refused', async () => {
    const bad = join(folder, 'bad.jsonl');
    writeFileSync(bad, '{"kind":"header"}\n');
    const into = ['--into', join(folder, 'refused')];
    expect(await runCli(['log', 'to-test', bad, ...into])).toMatchObject({ exitCode: 2 });
    const { path } = recorded('good');
    expect(await runCli(['log', 'to-test', path, ...into, '--name', '../up'])).toMatchObject({ exitCode: 2 });
    expect(await runCli(['log', 'to-test', path, ...into, '--pin', '--expect', 'x'])).toMatchObject({ exitCode: 2 });
    expect(existsSync(join(folder, 'refused'))).toBe(false);
  });
});

describe('re-record', () => {
  /** As another version would have recorded it: another effect in one turn, another definition. */
  function changedLog(name: string): string {
    const path = join(folder, name);
    const bodies = bodiesOf(readFileSync(recorded('good').path, 'utf8'));
    const changed = bodies.map((body) => body.replace(/"definition":"[0-9a-f]+"/, '"definition":"0000000000000000"'));
    const last = changed.findLastIndex((body) => body.includes('"effects":["'));
    changed[last] = (changed[last] ?? '').replace('"effects":["', '"effects":["say goodbye","');
    writeFileSync(path, chainedAnew(changed));
    return path;
  }

  test('an intended change is accepted with a reason that stays in the header, and the replay is identical', async () => {
    const path = changedLog('intended.jsonl');
    expect(await runCli(['replay', path])).toMatchObject({ exitCode: 1 });
    const { exitCode, stdout } = await runCli(['log', 're-record', path, '--reason', 'it says no goodbye any more']);
    expect({ exitCode, stdout }).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/accepted: .*turn \d+: effects/),
    });
    expect(await runCli(['replay', path])).toMatchObject({ exitCode: 0, stderr: '' });
    expect(goodLog(readFileSync(path, 'utf8')).header.reason).toBe('it says no goodbye any more');
    expect((await runCli(['log', 'show', path])).stdout).toContain('it says no goodbye any more');
    expect(readdirSync(folder).filter((name) => name.endsWith('.new'))).toEqual([]);
  });

  test('without a reason nothing happens; an identical log is left alone; --out keeps the old one', async () => {
    const path = changedLog('kept.jsonl');
    const before = readFileSync(path, 'utf8');
    expect(await runCli(['log', 're-record', path])).toMatchObject({ exitCode: 2 });
    expect(await runCli(['log', 're-record', path, '--reason', ' '])).toMatchObject({ exitCode: 2 });
    const out = join(folder, 'new.jsonl');
    expect(await runCli(['log', 're-record', path, '--reason', 'why', '--out', out])).toMatchObject({ exitCode: 0 });
    expect(readFileSync(path, 'utf8')).toBe(before);
    expect(await runCli(['replay', out])).toMatchObject({ exitCode: 0 });
    const good = readFileSync(recorded('good').path, 'utf8');
    const same = await runCli(['log', 're-record', recorded('good').path, '--reason', 'why']);
    expect(same).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('nothing to accept') });
    expect(readFileSync(recorded('good').path, 'utf8')).toBe(good);
  });
});

describe('re-record of folders', () => {
  const changed = (body: string) => body.replace(/"definition":"[0-9a-f:]+"/, '"definition":"0000000000000000"');

  test('accepts each that changed, leaves the others alone, and goes on behind one that is bad or refused', async () => {
    const good = readFileSync(recorded('good').path, 'utf8');
    const other = chainedAnew(bodiesOf(good).map(changed));
    const stranger = chainedAnew(
      bodiesOf(good).map((body) => body.replace('"machine":"session"', '"machine":"toaster"')),
    );
    const files = {
      'a/same': good,
      'a/bad': 'x\n',
      'b/toaster': stranger,
      'b/changed': other,
      'b/too': other,
      one: other,
    };
    const dir = join(folder, 'accept');
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(join(dir, name, '..'), { recursive: true });
      writeFileSync(join(dir, `${name}.jsonl`), text);
    }
    const paths = ['a', 'b', 'one.jsonl'].map((name) => join(dir, name));
    const { exitCode, stdout, stderr } = await runCli(['log', 're-record', ...paths, '--reason', 'as it is now']);
    expect(stderr).toContain('a/bad.jsonl: bad log: line 1');
    expect(stderr).toContain('b/toaster.jsonl: not recorded anew: there is no chart named toaster');
    expect(stdout).toMatch(/3 recorded anew, 1 identical and left alone, 1 refused\n$/);
    expect(exitCode).toBe(2);
    expect(readFileSync(join(dir, 'a/same.jsonl'), 'utf8')).toBe(good);
    for (const name of ['b/changed', 'b/too', 'one']) {
      expect(goodLog(readFileSync(join(dir, `${name}.jsonl`), 'utf8')).header.reason).toBe('as it is now');
    }
    expect(readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.new'))).toEqual([]);
    rmSync(join(dir, 'a/bad.jsonl'));
    expect(await runCli(['log', 're-record', dir, '--reason', 'again'])).toMatchObject({ exitCode: 1 });
    rmSync(join(dir, 'b/toaster.jsonl'));
    expect(await runCli(['log', 're-record', dir, '--reason', 'again'])).toMatchObject({ exitCode: 0 });
  });
});

test('re-record says of an expectation that is none, and goes on', async () => {
  const dir = join(folder, 'expects');
  mkdirSync(dir);
  const other = chainedAnew(
    bodiesOf(readFileSync(recorded('good').path, 'utf8')).map((body) =>
      body.replace(/"definition":"[0-9a-f:]+"/, '"definition":"0000000000000000"'),
    ),
  );
  const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
  const expectations = {
    a: '{',
    b: `{"reason":${deep}}`,
    c: `{"reason":"x","more":${deep}}`,
    d: '{"reason":"completed"}',
  };
  for (const [name, text] of Object.entries(expectations)) {
    writeFileSync(join(dir, `${name}.jsonl`), other);
    writeFileSync(join(dir, `${name}.expected.json`), text);
  }
  const { exitCode, stdout, stderr } = await runCli(['log', 're-record', dir, '--reason', 'why']);
  expect(stderr.match(/error: .*[abc]\.expected\.json must be like .*; the test is left as it is\n/g)).toHaveLength(3);
  expect(stdout).toContain('4 recorded anew');
  expect(stdout).toContain('its expectation is met and gone');
  expect(exitCode).toBe(2);
});

describe('several logs', () => {
  test('are shown one behind the other, each under its path', async () => {
    const [a, b] = [recorded('good').path, recorded('failed').path];
    const { exitCode, stdout } = await runCli(['log', 'show', a, b]);
    expect(exitCode).toBe(0);
    expect(stdout.split('\n').filter((line) => line.startsWith('== '))).toEqual(
      [a, b].sort().map((path) => `== ${path}`),
    );
    const json = await runCli(['log', 'show', a, b, '--json']);
    expect(json.stdout).toContain(`"path":${JSON.stringify(b)}`);
    expect(await runCli(['log', 'show', a, join(folder, 'gone.jsonl')])).toMatchObject({ exitCode: 2 });
  });

  test('become a test and a scenario each; a name, a file and a comparison are of one', async () => {
    const logs = [recorded('good').path, recorded('failed').path];
    const into = join(folder, 'many');
    expect(await runCli(['log', 'to-test', ...logs, '--into', into])).toMatchObject({ exitCode: 0, stderr: '' });
    expect(readdirSync(join(into, 'session'))).toHaveLength(3);
    const scenarios = join(folder, 'scenarios');
    mkdirSync(scenarios);
    expect(await runCli(['log', 'to-scenario', ...logs, '--out', scenarios])).toMatchObject({
      exitCode: 0,
      stdout: '',
    });
    expect(readdirSync(scenarios).map((name) => name.replace(/.*(\.scenario)/, '$1'))).toEqual([
      '.scenario.json',
      '.scenario.json',
    ]);
    for (const [command, ...options] of [
      ['to-test', '--into', into, '--name', 'both'],
      ['to-scenario'],
      ['to-scenario', '--out', join(folder, 'both.json')],
      ['re-record', '--reason', 'why', '--out', join(folder, 'both.jsonl')],
    ]) {
      const refused = await runCli(['log', command ?? '', ...logs, ...options]);
      expect(refused).toMatchObject({
        exitCode: 2,
        stdout: '',
        stderr: expect.stringMatching(/^error: .*(for|of) one.* 2 are given/),
      });
    }
    const pair = await runCli(['log', 'diff', join(into, 'session'), logs[0] ?? '']);
    expect(pair).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('session holds 2 logs; name the one that is meant'),
    });
    const one = await runCli(['log', 'diff', logs[0] ?? '', join(folder, 'mine')]);
    expect(one).toMatchObject({ exitCode: 0, stderr: '' });
  });
});

describe('to-scenario', () => {
  test('a scenario whose folder is a file is an error of one line', async () => {
    const { path } = recorded('good');
    const { exitCode, stderr } = await runCli(['log', 'to-scenario', path, '--out', join(path, 'a.json')]);
    expect([exitCode, stderr.split('\n')]).toEqual([2, [expect.stringContaining('ENOTDIR: not a directory'), '']]);
  });

  test.each(['good', 'failed', 'silent', 'stuck'] as const)(
    'a server that plays the scenario of the %s session says the same text and command and ends the same',
    { timeout: timeoutMs },
    async (session) => {
      const { path, outcome } = recorded(session);
      const out = join(folder, `${session}.scenario.json`);
      const made = await runCli(['log', 'to-scenario', path, '--out', out]);
      expect(made).toMatchObject({ exitCode: 0, stdout: '' });
      // As a person does: the settings that the command prints.
      const env = Object.fromEntries(
        [...made.stderr.matchAll(/([A-Z_]+)=(\S+)/g)].map(([, name, value]) => [name, value]),
      );
      const { SCENARIO_FILE: file, ANSWER_ENGINE, SPEECH_ENGINE, ...settings } = env;
      expect({ file, ANSWER_ENGINE, SPEECH_ENGINE }).toEqual({
        file: out,
        ANSWER_ENGINE: 'scripted',
        SPEECH_ENGINE: 'scripted',
      });
      const server = await startServer({ scenario: JSON.parse(readFileSync(out, 'utf8')), env: settings });
      const client = connect(server.grpcPort);
      const again = await ask(client, { prompt: prompts[session], session_id: session, hardware_id: 'keeper' });
      const other = await ask(client, {
        prompt: `${prompts[session]} not`,
        session_id: 'other',
        hardware_id: 'keeper',
      });
      client.close();
      expect(told(again)).toEqual(told(outcome));
      expect(other.errorType).toBe('answer_failed');
      await eventually(
        () => server.logsOf('end').length,
        (ends) => ends > 0,
      );
    },
  );

  test('a log of shapes is refused with the reason; what the client did is told', async () => {
    const shaped = join(folder, 'shaped.jsonl');
    const bodies = bodiesOf(readFileSync(recorded('good').path, 'utf8'));
    writeFileSync(shaped, chainedAnew(bodies.map((body) => body.replace('"redaction":"full"', '"redaction":"shape"'))));
    expect(await runCli(['log', 'to-scenario', shaped])).toMatchObject({
      exitCode: 1,
      stdout: '',
      stderr: expect.stringContaining('EVENT_LOG_REDACTION=full'),
    });
    const { exitCode, stdout, stderr } = await runCli(['log', 'to-scenario', recorded('left').path]);
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('cancel the call') });
    expect(JSON.parse(stdout).answers).toEqual([{ when: '^It hangs and hangs$', steps: [{ hang: true }] }]);
  });
});

/** What a client was told, without ids and times. */
function told({ text, audioBytes, code, details, errorType, frames }: CallOutcome) {
  const commands = frames.flatMap((frame) => frame.action_message?.action_json ?? []);
  return { text, audioBytes, code, details, errorType, commands };
}
