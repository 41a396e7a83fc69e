/** What devices say is remembered over restarts, told to nobody else, forgotten when asked, and keeps no call waiting: over the wire. */
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ask, connect, start, type TestClient, welcome } from '../../support/client.ts';
import { makeFolder } from '../../support/end-of-file.ts';
import { eventually } from '../../support/eventually.ts';
import { startChatServer } from '../../support/providers/chat-server.ts';
import { runCliIn } from '../../support/run-cli-in.ts';
import { startServer } from '../../support/server.ts';
import { startServerProcess } from '../../support/server-process.ts';
import type { TestServer } from '../../support/test-server.ts';

const dir = makeFolder('recital-memory-');

/** A voice that costs nothing: this is about words. */
const scenario = { answers: [{ when: '', steps: [{ echo: true }] }], speech: { chunks_per_sentence: 1 } };
const question = 'What is my favourite colour?';
const notTold = 'I do not know that: I do not remember that you told me.';

const MAX_TRIES = 5;

interface Talk {
  readonly server: TestServer;
  readonly client: TestClient;
  say(prompt: string, hardwareId?: string): Promise<string>;
  end(): Promise<void>;
}

/** A server with the embedded answerer on the data folder `name`. */
const optionsOf = (name: string, env: Readonly<Record<string, string>> = {}) => ({
  scenario,
  env: { DATA_DIR: join(dir, name), ANSWER_ENGINE: 'embedded', ...env },
});

/** Such a server, and somebody to talk to it. */
async function talk(name: string, env: Readonly<Record<string, string>> = {}): Promise<Talk> {
  return talkTo(await startServer(optionsOf(name, env)));
}

function talkTo(server: TestServer): Talk {
  const client = connect(server.grpcPort);
  return {
    server,
    client,
    say: async (prompt, hardwareId = 'device-1') => {
      for (let tries = 1; ; tries += 1) {
        const lateBefore = await lateLookupsOf(server);
        const { text, code, details } = await ask(client, { prompt, hardware_id: hardwareId });
        // A question without its history, because the machine was busy, is asked again: it changes nothing.
        const isWithHistory = !prompt.endsWith('?') || (await lateLookupsOf(server)) === lateBefore;
        if (isWithHistory || tries === MAX_TRIES) return code === 'OK' ? text : `${code}: ${details}`;
      }
    },
    end: async () => {
      client.close();
      server.shutDown();
      await server.exited;
    },
  };
}

/** Questions for a history that the store did not give in time (350 ms). */
async function lateLookupsOf(server: TestServer): Promise<number> {
  const { memory } = await server.status();
  return Number(Object(memory).lookups_late ?? 0);
}

/** The store's process of a server that runs here. */
function storePidOf({ dataDir }: TestServer): number {
  const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8').trim().split(' ');
  const ofServer = children.filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(dataDir));
  expect(ofServer).toHaveLength(1);
  return Number(ofServer[0]);
}

const forget = (name: string, ...args: readonly string[]) =>
  runCliIn(dir, ['forget', ...args], { env: { DATA_DIR: name } });

describe('what a device said', { timeout: 120_000 }, () => {
  test.each(['SIGTERM', 'SIGKILL'] as const)(
    'is known after a restart (%s), in English and Russian',
    async (signal) => {
      const server = await startServerProcess(optionsOf(`restart-${signal}`));
      const before = talkTo(server);
      expect(await before.say('My favourite colour is purple.')).toBe('I see. Your favourite colour is purple.');
      expect(await before.say('Мой любимый цвет фиолетовый.', 'device-2')).toBe(
        'Понятно. Ваш любимый цвет фиолетовый.',
      );
      before.client.close();
      server.process.kill(signal);
      await server.exited;
      const after = await talk(`restart-${signal}`);
      expect(await after.say(question)).toBe('Your favourite colour is purple.');
      expect(await after.say('Какой мой любимый цвет?', 'device-2')).toBe('Ваш любимый цвет фиолетовый.');
      await after.end();
    },
  );

  test('is known to its very next call, and never to another device or to one without an id', async () => {
    const { say, end } = await talk('parallel');
    const devices = Array.from({ length: 12 }, (_, index) => `device-${index}`);
    const heard = await Promise.all(
      devices.map(async (device) => {
        const answers: string[] = [];
        for (const round of [1, 2, 3]) {
          await say(`My favourite colour is ${device} ${round}`, device);
          answers.push(await say(question, device));
        }
        return answers;
      }),
    );
    expect(heard).toEqual(
      devices.map((device) => [1, 2, 3].map((round) => `Your favourite colour is ${device} ${round}.`)),
    );
    await say('My favourite colour is secret', 'unknown');
    for (const stranger of ['device-99', 'unknown', ''])
      expect(await say(question, stranger)).not.toMatch(/secret|device-/);
    await end();
  });

  test('is remembered as far as it was heard, also where the client left; a welcome is no part of it', async () => {
    const { server, client, say, end } = await talk('left');
    const running = start(client, { prompt: `Repeat after me: One. ${'word '.repeat(190)}`, hardware_id: 'device-1' });
    await running.firstFrame;
    running.call.cancel();
    await running.outcome;
    await welcome(client, { text: 'Good morning, everybody.' });
    await eventually(
      () => server.status(),
      ({ memory }) => JSON.stringify(memory).includes('"remembered":1'),
    );
    expect(await say('What did I say before?')).toMatch(/^You said: “Repeat after me: One\. word .*…”$/);
    await end();
  });

  test('stands in no log line, event log or status, and in files that nobody else may read', async () => {
    const { server, say, end } = await talk('private', { LOG_LEVEL: 'trace' });
    await say('My favourite colour is xanadulike.');
    expect(await say(question)).toContain('xanadulike');
    const status = JSON.stringify(await server.status());
    await end();
    const logs = readdirSync(join(dir, 'private', 'event-logs'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'));
    expect(logs.length).toBeGreaterThan(1);
    for (const text of [...logs, status, JSON.stringify(server.logs)]) expect(text).not.toContain('xanadulike');
    const store = join(dir, 'private', 'store');
    const modes = [store, join(store, 'data.mdb'), join(store, 'lock.mdb')].map((path) => statSync(path).mode & 0o777);
    expect(modes).toEqual([0o700, 0o600, 0o600]);
  });
});

test('a language model is told it as messages of their own, after a restart as well, and never in the prompt', {
  timeout: 60_000,
}, async () => {
  const chat = await startChatServer();
  const env = { ANSWER_ENGINE: 'openai', ANSWER_MODEL: 'demo', ANSWER_BASE_URL: chat.baseUrl, ANSWER_RETRIES: '0' };
  const before = await talk('model', env);
  const answer = await before.say('Open Safari');
  expect(answer).toBe('Opening Safari.');
  await before.end();
  await chat.forget();
  const after = await talk('model', env);
  await after.say('And now?');
  await after.say('And now?', 'device-2');
  const asked = (await chat.seen()).map(({ body }) => body.messages.filter(({ role }) => role !== 'system'));
  expect(asked).toEqual([
    [
      { role: 'user', content: 'Open Safari' },
      { role: 'assistant', content: answer },
      { role: 'user', content: 'And now?' },
    ],
    [{ role: 'user', content: 'And now?' }],
  ]);
  await after.end();
});

describe('recital forget', { timeout: 120_000 }, () => {
  test('forgets one device while the server runs and while it does not; nothing brings it back', async () => {
    const first = await talk('forget');
    await first.say('My favourite colour is purple.');
    await first.say('My favourite colour is green.', 'device-2');
    const running = start(first.client, {
      prompt: `Repeat after me: my favourite colour is orange. ${'word '.repeat(190)}`,
      hardware_id: 'device-1',
    });
    await running.firstFrame;
    expect(await forget('forget', '--hardware', 'device-1')).toEqual({
      exitCode: 0,
      signal: null,
      // On a busy machine the running answer may be over before the command has begun.
      stdout: expect.stringMatching(
        /^Forgot (1 exchange|2 exchanges) of "device-1" in forget\. Used tokens and quotas stay\.\n$/,
      ),
      stderr: '',
    });
    running.call.cancel();
    await running.outcome;
    expect(await first.say('What did I say before?')).toBe('You have said nothing to me before this.');
    expect(await first.say(question)).toBe(notTold);
    expect(await first.say(question, 'device-2')).toBe('Your favourite colour is green.');
    await first.say('My favourite colour is blue.');
    expect(await first.say(question)).toBe('Your favourite colour is blue.');
    await first.end();
    expect(await forget('forget', '--hardware', 'device-2', '--json')).toMatchObject({
      exitCode: 0,
      stdout: '{"kind":"forgotten","hardware_id":"device-2","devices":1,"exchanges":2}\n',
    });
    const second = await talk('forget');
    expect(await second.say(question, 'device-2')).toBe(notTold);
    expect(await second.say(question)).toBe('Your favourite colour is blue.');
    await second.end();
    const usage = await runCliIn(dir, ['usage', '--hardware', 'device-2'], { env: { DATA_DIR: 'forget' } });
    expect(usage.stdout).toContain('device-2');
  });

  test('--all --yes forgets everybody', async () => {
    const { say, end } = await talk('all');
    for (const device of ['a', 'b']) await say('My favourite colour is purple.', device);
    const { stdout } = await forget('all', '--all', '--yes');
    expect(stdout).toBe('Forgot 2 exchanges of 2 devices in all. Used tokens and quotas stay.\n');
    for (const device of ['a', 'b']) expect(await say(question, device)).toBe(notTold);
    await end();
  });

  test.each([
    ['nowhere', ['--hardware', 'device-1']],
    ['nowhere/deeper', ['--all', '--yes']],
    // A folder of somebody else, or one below or above the server's.
    ['.', ['--hardware', 'device-1', '--json']],
    ['all/store', ['--hardware', 'device-1']],
  ])('is an error where there is no store, and makes nothing: DATA_DIR=%s', async (name, args) => {
    const { exitCode, stdout, stderr } = await forget(name, ...args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toBe(
      `error: Nothing was forgotten: there is no store in DATA_DIR ${name} (${join(dir, name)}). Is that the DATA_DIR of your server?\n`,
    );
    expect(existsSync(join(dir, 'nowhere'))).toBe(false);
    expect(existsSync(join(dir, name, 'store'))).toBe(false);
  });

  test('of a device that nothing is remembered of says so, and so does a second time', async () => {
    await forget('all', '--all', '--yes');
    for (const [args, whose] of [
      [['--hardware', 'device-l'], 'Nothing of "device-l"'],
      [['--all', '--yes'], 'Nothing'],
    ] as const) {
      expect(await forget('all', ...args)).toMatchObject({
        exitCode: 0,
        stdout: `${whose} was remembered in all, so nothing was forgotten.\n`,
      });
    }
    expect(JSON.parse((await forget('all', '--hardware', 'device-l', '--json')).stdout)).toEqual({
      kind: 'forgotten',
      hardware_id: 'device-l',
      devices: 0,
      exchanges: 0,
    });
  });

  test.each<[readonly string[], string]>([
    [[], '--hardware <id> or --all is required'],
    [['--all'], '--all forgets every device; say --yes as well'],
    [['--all', '--yes', '--hardware', 'x'], "option '--all' cannot be used with option '--hardware <id>'"],
    [['--hardware', 'a b'], 'It must be 1 to 128 characters of 0x21 to 0x7E.'],
    [['--hardware', ''], 'It must be 1 to 128 characters of 0x21 to 0x7E.'],
  ])('%j: exit code 2, and why', async (args, why) => {
    const { exitCode, stdout, stderr } = await forget('usage', ...args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain(why);
  });
});

describe('the memory', { timeout: 120_000 }, () => {
  test('is bounded in exchanges and devices as set', async () => {
    const { say, end } = await talk('bounded', { MEMORY_MAX_EXCHANGES: '2', MEMORY_MAX_DEVICES: '2' });
    for (const said of ['My favourite colour is purple.', 'one', 'two']) await say(said);
    expect(await say(question)).toBe(notTold);
    for (const device of ['a', 'b', 'c']) await say('My favourite colour is green.', device);
    expect(await say(question, 'c')).toBe('Your favourite colour is green.');
    expect(await say(question, 'a')).toBe(notTold);
    await end();
  });

  test('switched off is neither read nor written', async () => {
    const before = await talk('off');
    await before.say('My favourite colour is purple.');
    await before.end();
    const off = await talk('off', { MEMORY: 'off' });
    expect(await off.say(question)).toBe(notTold);
    await off.say('My favourite colour is green.');
    expect(await off.server.status()).toMatchObject({ memory: 'off' });
    await off.end();
    const after = await talk('off');
    expect(await after.say(question)).toBe('Your favourite colour is purple.');
    await after.end();
  });

  test('that hangs delays an answer by at most 350 ms, and is told once and counted', async () => {
    const { server, client, say, end } = await talk('hangs', { EVENT_LOG: 'off' });
    await say('My favourite colour is green.', 'device-0');
    const store = storePidOf(server);
    process.kill(store, 'SIGSTOP');
    // On its way to a store that hangs: only the store can tell what it has of the device.
    await ask(client, { prompt: 'My favourite colour is purple.', hardware_id: 'device-1' });
    const delays: number[] = [];
    for (let call = 0; call < 3; call += 1) {
      const running = start(client, { prompt: question, hardware_id: 'device-1' });
      await running.firstFrame;
      running.call.cancel();
      const { frameTimesMs } = await running.outcome;
      delays.push(frameTimesMs[0] ?? 0);
    }
    // The rest is this machine's; a lookup without a bound would take 10 s.
    expect(Math.max(...delays)).toBeLessThan(5_000);
    expect(Math.min(...delays)).toBeGreaterThan(250);
    expect(server.logsOf('history_missing')).toHaveLength(1);
    expect(await server.status()).toMatchObject({ memory: { lookups_late: 3, lookups_failed: 0 } });
    process.kill(store, 'SIGCONT');
    await eventually(
      () => say(question),
      (answer) => answer === 'Your favourite colour is purple.',
    );
    await end();
  });

  test('that crashes costs memories and no call; it comes back', async () => {
    const { server, say, end } = await talk('crashes', { EVENT_LOG: 'off' });
    await say('My favourite colour is purple.');
    // What is on its way is lost with the process.
    await eventually(
      () => server.status(),
      ({ memory }) => JSON.stringify(memory).includes('"remembered":1'),
    );
    process.kill(storePidOf(server), 'SIGKILL');
    expect(await say(question)).toMatch(/^(Your favourite colour is purple\.|I do not know that)/);
    await eventually(
      () => say(question),
      (answer) => answer === 'Your favourite colour is purple.',
      20_000,
    );
    await end();
  });

  test('whose folder is deleted under a running server is gone', async () => {
    const { say, end } = await talk('deleted');
    await say('My favourite colour is purple.');
    rmSync(join(dir, 'deleted', 'store'), { recursive: true });
    expect(await say(question)).toBe(notTold);
    await end();
  });
});
