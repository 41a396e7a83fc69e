/** `recital demo`, the real one: server, engines, client. What it prints, what it writes and what it leaves behind. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startChatServer } from '../support/providers/chat-server.ts';
import { startSpeechServer } from '../support/providers/speech-server.ts';
import { type RunningBin, startBin } from '../support/run-bin.ts';

const timeoutMs = 60_000;
let folder: string;
let temporary: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'recital-demo-test-'));
  temporary = join(folder, 'tmp');
  mkdirSync(temporary);
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Settings of the user's shell that would break a demo which let them in. */
const hostileSettings = { GRPC_PORT: '1', DATA_DIR: '/nowhere', EVENT_LOG: 'off', SCENARIO_FILE: '/nowhere.json' };

function startDemo(settings: Readonly<Record<string, string>> = hostileSettings): RunningBin {
  return startBin(['demo'], {
    cwd: folder,
    env: { ...settings, TMPDIR: temporary, PATH: process.env.PATH ?? '' },
  });
}

/** The process ids of the children of a process. */
async function childrenOf(pid: number | undefined): Promise<readonly number[]> {
  const ps = spawn('ps', ['-o', 'pid=', '--ppid', String(pid)], { stdio: ['ignore', 'pipe', 'ignore'] });
  let text = '';
  ps.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  await once(ps, 'close');
  return text.split('\n').map(Number).filter(Boolean);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Seconds and loudness (root mean square, of 32768) of a WAV file with the header this project writes. */
function measure(path: string): { readonly seconds: number; readonly loudness: number } {
  const wav = readFileSync(path);
  const samples = (wav.length - 44) / 2;
  let squares = 0;
  for (let index = 0; index < samples; index += 1) squares += wav.readInt16LE(44 + index * 2) ** 2;
  return { seconds: samples / 48_000, loudness: Math.sqrt(squares / samples) };
}

test('answers in English and Russian, opens Safari, writes speech, replays its logs, exits 0, leaves nothing else behind', {
  timeout: timeoutMs,
}, async () => {
  const { exitCode, stdout, stderr } = await startDemo().result;
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(stdout).toMatch(/› What time is it\?\n {2}\S.*\n {2}first text \d+ ms · first sound \d+ ms/);
  expect(stdout).toMatch(/› Открой сафари\n {2}.*[а-яё].*\n {2}→ open_app \{"app_name":"Safari"\}\n/i);
  expect(stdout).toContain('Done.');
  const names = ['1-what-time-is-it', '2-open-safari', '3-about-yourself'];
  const files = readdirSync(join(folder, 'recital-demo')).sort();
  expect(files).toEqual(names.flatMap((name) => [`${name}.jsonl`, `${name}.wav`]));
  const verdicts = [...stdout.matchAll(/ {2}identical \((\d+) turns, completed\) · recital-demo\/(\S+)\n/g)];
  expect(verdicts.map(([, , file]) => file)).toEqual(names.map((name) => `${name}.jsonl`));
  for (const name of names) {
    const file = `${name}.wav`;
    const { seconds, loudness } = measure(join(folder, 'recital-demo', file));
    // Someone says at least a few words, well above silence and below clipping.
    expect(seconds).toBeGreaterThan(0.5);
    expect(loudness).toBeGreaterThan(500);
    expect(loudness).toBeLessThan(16_000);
  }
  expect(readdirSync(temporary)).toEqual([]);
});

const exampleFile = fileURLToPath(new URL('../../examples/config/openai.yaml', import.meta.url));

test('asks the configured model instead, when a configuration file names one, and says so', {
  timeout: timeoutMs,
}, async () => {
  const chat = await startChatServer();
  const settings = { ...hostileSettings, CONFIG_FILE: exampleFile, ANSWER_BASE_URL: chat.baseUrl, SCENARIO_FILE: '' };
  const { exitCode, stdout, stderr } = await startDemo(settings).result;
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(stdout).toContain('As configured: openai answers, embedded speaks.');
  expect(stdout).toContain('I have no clock: I only stand in for a language model.');
  expect(stdout).toMatch(/› Открой сафари\n {2}Открываю Safari\.\n {2}→ open_app \{"app_name":"Safari"\}\n/);
  expect([...stdout.matchAll(/ {2}identical \(\d+ turns, completed\)/g)]).toHaveLength(3);
  expect((await chat.seen()).map(({ prompt }) => prompt)).toEqual([
    'What time is it?',
    'Открой сафари',
    'Tell me about yourself',
  ]);
  expect(readdirSync(temporary)).toEqual([]);
});

test('goes from a model to a voice, both in other processes and over their own protocols', {
  timeout: timeoutMs,
}, async () => {
  const [chat, voices] = await Promise.all([startChatServer(), startSpeechServer()]);
  const settings = {
    CONFIG_FILE: exampleFile,
    ANSWER_BASE_URL: chat.baseUrl,
    SPEECH_ENGINE: 'openai',
    SPEECH_BASE_URL: voices.url('/v1'),
  };
  const { exitCode, stdout, stderr } = await startDemo(settings).result;
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(stdout).toContain('As configured: openai answers, openai speaks.');
  expect([...stdout.matchAll(/ {2}identical \(\d+ turns, completed\)/g)]).toHaveLength(3);
  const spoken = (await voices.seen()).requests.map(({ text }) => text);
  expect(spoken).toContain('Открываю Safari.');
  expect(await chat.seen()).toHaveLength(3);
});

test('fails with the words of the provider when the configured model does not answer', {
  timeout: timeoutMs,
}, async () => {
  const chat = await startChatServer();
  const settings = { ANSWER_ENGINE: 'openai', ANSWER_MODEL: 'unknown-model', ANSWER_BASE_URL: chat.baseUrl };
  const { exitCode, stderr } = await startDemo(settings).result;
  expect(exitCode).toBe(1);
  expect(stderr).toContain('the model provider main does not know this model');
});

test.each([
  ['SIGINT', { exitCode: 130, signal: null }],
  ['SIGKILL', { exitCode: null, signal: 'SIGKILL' }],
] as const)('%s in the middle leaves no server behind', { timeout: timeoutMs }, async (signal, end) => {
  const demo = startDemo();
  await demo.printed('› What time is it?');
  const servers = await childrenOf(demo.child.pid);
  expect(servers).toHaveLength(1);
  demo.child.kill(signal);
  expect(await demo.result).toMatchObject(end);
  await expect.poll(() => servers.some(isAlive), { timeout: 15_000 }).toBe(false);
});
