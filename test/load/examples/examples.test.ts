/** The two examples do what docs/CLIENTS.md says, as processes of their own against a real server. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, start } from '../../support/client.ts';
import { eventually } from '../../support/eventually.ts';
import { png } from '../../support/images.ts';
import { requirePython } from '../../support/python/python-client.ts';
import { startServer } from '../../support/server.ts';
import { type ServerProcess, startServerProcess } from '../../support/server-process.ts';
import {
  compileDocumented,
  type Example,
  makeDir,
  makeDocumentedStubs,
  type RunningExample,
  startExample,
} from './run-example.ts';

const lacking = requirePython();
const examples: readonly Example[] = lacking === null ? ['Python', 'TypeScript'] : ['TypeScript'];

const CHUNKS_PER_SENTENCE = 3;
const CHUNK_BYTES = 4096;
const WAV_HEADER_BYTES = 44;
const uuidV4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const down = { fail: { error_code: 'UNAVAILABLE', message: 'the model is down' } };
const scenario = {
  answers: [
    {
      when: '^weather',
      steps: [
        { say: 'Сегодня солнечно и тепло. ' },
        { say: 'Take no coat!' },
        { command: { command: 'open_app', args: { app_name: 'Погода' } } },
      ],
    },
    { when: '^half', steps: [{ say: 'Half an answer is here. And' }, { wait_ms: 50 }, down] },
    { when: '^down', steps: [down] },
    { when: '^odd', steps: [{ fail: { message: 'nobody knows' } }] },
    { when: '^hang', steps: [{ say: 'One is here. Two is here. And' }, { hang: true }] },
    { when: '^long', steps: [{ say: 'A sentence of a long answer. ', repeat: 30 }, { say: 'The last words.' }] },
    { when: '', steps: [{ echo: true }] },
  ],
  speech: { chunks_per_sentence: CHUNKS_PER_SENTENCE, chunk_bytes: CHUNK_BYTES },
};

let stubsDir: string;
let server: ServerProcess;
beforeAll(async () => {
  stubsDir = mkdtempSync(join(tmpdir(), 'recital-stubs-'));
  if (lacking === null) makeDocumentedStubs(stubsDir);
  compileDocumented();
  server = await startServerProcess({ scenario, env: { LOG_LEVEL: 'debug' } });
});
afterAll(() => rmSync(stubsDir, { recursive: true, force: true }));

interface Given {
  readonly at?: ServerProcess;
  readonly dir?: string;
  readonly player?: string;
}
const say = (example: Example, text: string, { at = server, ...options }: Given = {}): RunningExample =>
  startExample(example, [`127.0.0.1:${at.grpcPort}`, text], { stubsDir, ...options });

/** The streams of the device that was made in `dir`. */
function streamsOf(dir: string, at = server) {
  const device = readFileSync(join(dir, 'device-id'), 'utf8').trim();
  return at.logsOf('stream_acquired').filter((line) => line.ctx?.hardware_id === device);
}

function wavOf(dir: string): Buffer {
  return readFileSync(join(dir, 'answer.wav'));
}

const isLoud = (wav: Buffer) => wav.subarray(WAV_HEADER_BYTES).some((byte) => byte !== 0);

describe.each(examples)('the %s example', (example) => {
  test('prints the words as they are and the command, writes the sound, ends with 0', async () => {
    const run = say(example, 'weather for today');
    expect({ exitCode: await run.exitCode, stderr: run.stderr() }).toEqual({ exitCode: 0, stderr: '' });
    const [words, command = '', sound] = run.stdout().trimEnd().split('\n');
    expect({ words, sound }).toEqual({
      words: 'Сегодня солнечно и тепло. Take no coat!',
      sound: 'sound: answer.wav',
    });
    expect(command).toMatch(/^command: open_app \{"app_name": ?"Погода"\}$/);
    const wav = wavOf(run.dir);
    expect(wav.length).toBe(WAV_HEADER_BYTES + 2 * CHUNKS_PER_SENTENCE * CHUNK_BYTES);
    expect(wav.readUInt32LE(24)).toBe(48_000);
    expect(wav.readUInt32LE(40)).toBe(wav.length - WAV_HEADER_BYTES);
    expect(isLoud(wav)).toBe(true);
  });

  test('is the same device after every start, and each utterance has an id of its own', async () => {
    const dir = makeDir();
    for (const text of ['first', 'second']) expect(await say(example, text, { dir }).exitCode).toBe(0);
    const sessions = streamsOf(dir).map((line) => line.ctx?.session_id);
    expect(sessions).toHaveLength(2);
    expect(new Set(sessions).size).toBe(2);
    for (const session of sessions) expect(session).toMatch(uuidV4);
  });

  test('collects ever longer hypotheses while somebody speaks, the screenshot with the first, and uses them up', async () => {
    const dir = makeDir();
    const image = png({ width: 64, height: 64 });
    writeFileSync(join(dir, 'screen.png'), image);
    const text = 'one two three';
    const run = startExample(example, [`127.0.0.1:${server.grpcPort}`, text, 'screen.png'], { stubsDir, dir });
    expect(await run.exitCode).toBe(0);
    expect(run.stdout()).toContain(`${text}\n`);
    const session_id = streamsOf(dir)[0]?.ctx?.session_id;
    const chunks = server.logsOf('collect').filter(({ ctx }) => ctx?.session_id === session_id);
    expect(chunks.map(({ ctx }) => [ctx?.chunk_seq, ctx?.text_chars, ctx?.screenshot_bytes])).toEqual([
      [1, 'one'.length, image.length],
      [2, 'one two'.length, 0],
      [3, text.length, 0],
    ]);
    expect(await server.status()).toMatchObject({ collect_buffers: 0 });
  });

  test('refused by a full house, it waits and tries again with the same id', async () => {
    const small = await startServerProcess({ scenario, env: { BACKPRESSURE_MAX_STREAMS: '1' } });
    const holder = start(connect(small.grpcPort), { prompt: 'hang' });
    await holder.firstFrame;
    const run = say(example, 'good morning', { at: small });
    await eventually(run.stderr, (text) => text.includes('trying again'));
    holder.call.cancel();
    expect(await run.exitCode).toBe(0);
    expect(run.stdout()).toContain('good morning\n');
    expect(run.stderr()).toMatch(/^error: RESOURCE_EXHAUSTED, stream_limit_exceeded: .*\ntrying again in 1\.\d s\n$/);
    const [admitted] = streamsOf(run.dir, small);
    const refused = small.logsOf('reject').filter((line) => line.ctx?.reason === 'stream_limit_exceeded');
    expect(refused.map((line) => line.ctx?.session_id)).toEqual([admitted?.ctx?.session_id]);
    await small.stop();
  });

  test('an answer that fails after its first words is not asked for again, and what was heard is kept', async () => {
    const run = say(example, 'half of it');
    expect(await run.exitCode).toBe(1);
    expect(run.stderr()).toBe('\nerror: UNAVAILABLE, answer_failed: the model is down\n');
    expect(run.stdout()).toBe('Half an answer is here.sound: answer.wav\n');
    expect(wavOf(run.dir).length).toBe(WAV_HEADER_BYTES + CHUNKS_PER_SENTENCE * CHUNK_BYTES);
    expect(streamsOf(run.dir)).toHaveLength(1);
  });

  test('an error without RetryInfo is not worth another attempt', async () => {
    const run = say(example, 'odd');
    expect({ exitCode: await run.exitCode, stderr: run.stderr() }).toEqual({
      exitCode: 1,
      stderr: 'error: INTERNAL, processing_error: nobody knows\n',
    });
    expect(streamsOf(run.dir)).toHaveLength(1);
  });

  test('with nobody at the address it says so, waits for somebody, four times in all, and ends with 1', async () => {
    const run = startExample(example, ['127.0.0.1:1', 'hello'], { stubsDir });
    expect({ exitCode: await run.exitCode, stdout: run.stdout() }).toEqual({ exitCode: 1, stdout: '' });
    const waits = run.stderr().match(/^waiting for a server at 127\.0\.0\.1:1, trying again in \d\.\d s$/gm);
    expect(waits).toHaveLength(3);
    expect(run.stderr().match(/^error: UNAVAILABLE, transport: .*refused/gim)).toHaveLength(4);
  });

  test('a server that comes up meanwhile answers it, all that was said', async () => {
    const gone = await startServer({ scenario });
    await gone.stop();
    const run = startExample(example, [`127.0.0.1:${gone.grpcPort}`, 'good morning'], { stubsDir });
    await eventually(run.stderr, (text) => text.includes('waiting for a server at'));
    const back = await startServer({ scenario, env: { GRPC_PORT: String(gone.grpcPort) } });
    expect(await run.exitCode).toBe(0);
    expect(run.stdout()).toContain('good morning\n');
    await back.stop();
  });

  test('a server that is killed in mid-answer costs the rest of the answer, not what was heard', async () => {
    const victim = await startServerProcess({ scenario });
    const run = say(example, 'hang', { at: victim });
    await eventually(run.stdout, (text) => text.includes('Two is here.'));
    victim.process.kill('SIGKILL');
    expect(await run.exitCode).toBe(1);
    expect(run.stderr()).toMatch(/^\nerror: UNAVAILABLE, transport: .+\n$/);
    expect(isLoud(wavOf(run.dir))).toBe(true);
    await victim.stop();
  });

  test('Ctrl-C silences the device on the server, too, and ends with 130 and without an error', async () => {
    const run = say(example, 'hang');
    await eventually(run.stdout, (text) => text.includes('Two is here.'));
    run.child.kill('SIGINT');
    expect(await run.exitCode).toBe(130);
    expect(run.stderr()).toBe('');
    // What was heard may be kept, and it may say where.
    expect(run.stdout()).toMatch(/^One is here\. Two is here\.(sound: answer\.wav\n)?$/);
    const device = readFileSync(join(run.dir, 'device-id'), 'utf8');
    await eventually(
      () => server.logsOf('end').filter((line) => line.ctx?.hardware_id === device),
      (ends) => ends.length === 1,
    );
    expect(await server.status()).toMatchObject({ active_streams: 0, active_answers: 0, active_speech: 0 });
  });

  test('a player gets every byte of the sound, in order', async () => {
    const run = say(example, 'weather', { player: 'exec /bin/cat > played.raw' });
    expect({ exitCode: await run.exitCode, stderr: run.stderr() }).toEqual({ exitCode: 0, stderr: '' });
    const asWav = say(example, 'weather');
    await asWav.exitCode;
    expect(readFileSync(join(run.dir, 'played.raw')).equals(wavOf(asWav.dir).subarray(WAV_HEADER_BYTES))).toBe(true);
  });

  test('a player that plays nothing does not keep the words back', async () => {
    const run = say(example, 'long story', { player: 'exec /bin/sleep 60' });
    await eventually(run.stdout, (text) => text.includes('The last words.'));
    run.child.kill('SIGINT');
    expect(await run.exitCode).toBe(130);
  });

  test('a player that dies costs the sound, not the words', async () => {
    const run = say(example, 'long story', { player: 'exit 1' });
    expect(await run.exitCode).toBe(0);
    expect(run.stdout()).toContain('The last words.');
  });
});

test('the examples give up after the fourth attempt, each wait longer than the one before', async () => {
  const runs = examples.map((example) => say(example, 'down'));
  for (const run of runs) {
    expect(await run.exitCode).toBe(1);
    const waits = [...run.stderr().matchAll(/trying again in ([\d.]+) s/g)].map(([, seconds]) => Number(seconds));
    expect(waits).toHaveLength(3);
    for (const [attempt, wait] of waits.entries()) {
      expect(wait).toBeGreaterThanOrEqual(2 ** attempt);
      expect(wait).toBeLessThanOrEqual(1.5 * 2 ** attempt);
    }
    expect(run.stderr().match(/answer_failed/g)).toHaveLength(4);
    expect(streamsOf(run.dir)).toHaveLength(4);
  }
});

test('the examples hear the embedded voice', async () => {
  const embedded = await startServerProcess();
  for (const run of examples.map((example) => say(example, 'Open Safari', { at: embedded }))) {
    expect(await run.exitCode).toBe(0);
    expect(run.stdout()).toMatch(/^Opening Safari\.\ncommand: open_app /);
    const QUARTER_SECOND_BYTES = 24_000;
    expect(wavOf(run.dir).length).toBeGreaterThan(QUARTER_SECOND_BYTES);
    expect(isLoud(wavOf(run.dir))).toBe(true);
  }
  await embedded.stop();
});
