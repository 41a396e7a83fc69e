/** `recital ask` against canned answers: what it prints, what it keeps of the sound, and its exit codes. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { audioFormat } from '../../../src/call/wire.ts';
import { wavHeader } from '../../../src/cli/ask/sound.ts';
import { runBin, startBin } from '../../support/run-bin.ts';
import { type CliOptions, type CliResult, runCli, startCli } from '../../support/run-cli.ts';
import { action, audio, type CannedServer, type CannedStream, startCannedServer, text } from './canned-server.ts';

const longestCommand = '{"command":"send_message","args":{"contact":"Ann","message":"5 \\u2264 6"},"session_id":"s"}';

/** How many chunks the long answer has: more than a slow grpc-js reader keeps when the call fails. */
const manyChunks = 3000;
const soundChunks = 800;

const answers: Readonly<Record<string, (stream: CannedStream) => Promise<void>>> = {
  async good(stream) {
    await stream.send(text('It is noon. '));
    await stream.send(audio({ bytes: 4096, sample: 1 }));
    await stream.send(audio({ bytes: 904, sample: 2 }));
    await stream.send(text('Добрый день.'));
    await stream.send({ end_message: 'done' });
    stream.end();
  },
  async 'command only'(stream) {
    await stream.send(action('{"command":"close_browser","args":{},"session_id":"s"}'));
    await stream.send({ end_message: '' });
    stream.end();
  },
  async 'text and command'(stream) {
    await stream.send(text('Sending.'));
    await stream.send(action(longestCommand));
    await stream.send({ end_message: '' });
    stream.end();
  },
  async 'broken command'(stream) {
    await stream.send(action('{"command": 7'));
    await stream.send({ end_message: '' });
    stream.end();
  },
  async 'error before data'(stream) {
    await stream.send({ error_message: 'model is down' });
    stream.fail('UNAVAILABLE', 'model is down', 'answer_failed');
  },
  async 'error after data'(stream) {
    await stream.send(text('One. '));
    await stream.send(audio({ bytes: 4096 }));
    stream.fail('INTERNAL', 'Internal error (f-1)', 'session_fault');
  },
  async 'error after much data'(stream) {
    for (let index = 0; index < manyChunks; index += 1) await stream.send(text(`${index}\n`));
    stream.fail('DEADLINE_EXCEEDED', 'too late', 'session_timeout');
  },
  async 'error of a stranger'(stream) {
    stream.fail('PERMISSION_DENIED', 'go away');
  },
  async 'no end message'(stream) {
    await stream.send(text('Half.'));
    stream.end();
  },
  async 'much sound, then nothing'(stream) {
    await stream.send(text('Long. '));
    for (let index = 0; index < soundChunks; index += 1) await stream.send(audio({ bytes: 4096, sample: 3 }));
    await stream.send(text('Wait'));
  },
  async 'another format'(stream) {
    await stream.send(text('Noise.'));
    await stream.send(audio({ bytes: 4096, dtype: 'float32' }));
    await stream.send(audio({ bytes: 4095 }));
    await stream.send({ end_message: '' });
    stream.end();
  },
  async hang(stream) {
    await stream.send(text('Wait'));
    await stream.cancelled;
    cancelledCalls += 1;
  },
};

let cancelledCalls = 0;
let server: CannedServer;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'recital-ask-'));
  server = await startCannedServer(async (stream) => {
    await answers[stream.request.prompt]?.(stream);
  });
});

afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A folder whose only program is a player that does `script`. */
function pathWith(player: string, script: string): string {
  const bin = join(folder, `bin-${player}-${script.length}`);
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, player), `#!/bin/sh\n${script}\n`);
  chmodSync(join(bin, player), 0o755);
  return bin;
}

function ask(prompt: string, more: readonly string[] = [], options: CliOptions = {}): Promise<CliResult> {
  return runCli(['ask', prompt, '--server', server.address, ...more], options);
}

/** The lines of --json, parsed; a line that is not JSON throws. */
function linesOf({ stdout }: CliResult): readonly unknown[] {
  expect(stdout.endsWith('\n')).toBe(true);
  return stdout
    .slice(0, -1)
    .split('\n')
    .map((line): unknown => JSON.parse(line));
}

describe('for a person', () => {
  test('a good answer prints its text as it is, says where the sound went, and exits 0', async () => {
    const result = await ask('good');
    expect(result).toEqual({
      exitCode: 0,
      signal: null,
      stdout:
        'It is noon. Добрый день.\nsound: 0.1 s, not played: none of ffplay, aplay, paplay, pw-play, afplay, play is on the PATH; --wav FILE keeps it\n',
      stderr: '',
    });
  });

  test('text is printed while the answer is still coming', async () => {
    const running = startCli(['ask', 'hang', '--server', server.address]);
    await running.printed('Wait');
    running.interrupt();
    await running.result;
  });

  test('the command comes after the text, with its arguments', async () => {
    const { stdout, exitCode } = await ask('text and command');
    expect(stdout).toBe('Sending.\ncommand: send_message {"contact":"Ann","message":"5 ≤ 6"}\nsound: none came\n');
    expect(exitCode).toBe(0);
  });

  test('a command without words is a good answer', async () => {
    expect(await ask('command only')).toMatchObject({ exitCode: 0, stdout: 'command: close_browser {}\n', stderr: '' });
  });

  test('an action that is not a command is shown as it came', async () => {
    expect((await ask('broken command')).stdout).toBe('command: (not readable) {"command": 7\n');
  });

  test('an error before any data names the error_type and what to do, on stderr, and exits 1', async () => {
    expect(await ask('error before data')).toMatchObject({
      exitCode: 1,
      stdout: '',
      stderr:
        'error: model is down (UNAVAILABLE, answer_failed)\nhint:  Try again; the text is the words of the model engine.\n',
    });
  });

  test('an error after data keeps what had come', async () => {
    const { exitCode, stdout, stderr } = await ask('error after data');
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^One\. \nsound: 0\.0 s, not played/);
    expect(stderr).toMatch(/^error: Internal error \(f-1\) \(INTERNAL, session_fault\)\nhint: {2}Report it/);
  });

  test('nothing that was sent is lost when a long answer ends in an error', async () => {
    const { stdout, exitCode } = await ask('error after much data');
    expect(stdout).toBe(Array.from({ length: manyChunks }, (_, index) => `${index}\n`).join(''));
    expect(exitCode).toBe(1);
  });

  test('an error without an error_type is printed without a made-up hint', async () => {
    expect((await ask('error of a stranger')).stderr).toBe('error: go away (PERMISSION_DENIED)\n');
  });

  test('a stream that ends OK without an end_message is not a good end', async () => {
    const { exitCode, stderr } = await ask('no end message');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('without an end_message');
  });

  test('a server that is not there is said in plain words', async () => {
    const { exitCode, stderr } = await runCli(['ask', 'x', '--server', '127.0.0.1:1']);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('hint:  Is a server listening on 127.0.0.1:1?');
  });
});

describe('for a program (--json)', () => {
  test('a good answer is one object a line, the last one the status', async () => {
    const result = await ask('good', ['--json']);
    expect(linesOf(result)).toEqual([
      { kind: 'text_chunk', text: 'It is noon. ' },
      { kind: 'audio_chunk', bytes: 4096 },
      { kind: 'audio_chunk', bytes: 904 },
      { kind: 'text_chunk', text: 'Добрый день.' },
      { kind: 'end_message', text: 'done' },
      { kind: 'status', code: 'OK', details: 'OK', error_type: null },
    ]);
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
  });

  test('a command has its name and arguments', async () => {
    expect(linesOf(await ask('text and command', ['--json']))[1]).toEqual({
      kind: 'action_message',
      command: 'send_message',
      args: { contact: 'Ann', message: '5 ≤ 6' },
    });
  });

  test('an error before data is an error_message and the status', async () => {
    const result = await ask('error before data', ['--json']);
    expect(linesOf(result)).toEqual([
      { kind: 'error_message', text: 'model is down' },
      { kind: 'status', code: 'UNAVAILABLE', details: 'model is down', error_type: 'answer_failed' },
    ]);
    expect(result.exitCode).toBe(1);
  });

  test('an error after data is the status alone', async () => {
    const result = await ask('error after data', ['--json']);
    expect(linesOf(result)).toEqual([
      { kind: 'text_chunk', text: 'One. ' },
      { kind: 'audio_chunk', bytes: 4096 },
      { kind: 'status', code: 'INTERNAL', details: 'Internal error (f-1)', error_type: 'session_fault' },
    ]);
    expect(result.exitCode).toBe(1);
  });

  test('a server that is not there still gives a status line', async () => {
    const result = await runCli(['ask', 'x', '--json', '--server', '127.0.0.1:1']);
    expect(linesOf(result)).toEqual([
      { kind: 'status', code: 'UNAVAILABLE', details: expect.stringContaining('ECONNREFUSED'), error_type: null },
    ]);
    expect(result.exitCode).toBe(1);
  });
});

describe('the sound', () => {
  test('--wav writes exactly the samples that came, behind a true header', async () => {
    const path = join(folder, 'good.wav');
    const { stdout } = await ask('good', ['--wav', path]);
    const wav = readFileSync(path);
    expect(stdout).toContain(`sound: 0.1 s, in ${path}\n`);
    expect(wav.subarray(0, 4).toString()).toBe('RIFF');
    expect(wav.readUInt32LE(4)).toBe(wav.length - 8);
    expect(wav.subarray(8, 16).toString()).toBe('WAVEfmt ');
    expect([wav.readUInt16LE(20), wav.readUInt16LE(22), wav.readUInt32LE(24)]).toEqual([1, 1, 48_000]);
    expect([wav.readUInt32LE(28), wav.readUInt16LE(32), wav.readUInt16LE(34)]).toEqual([96_000, 2, 16]);
    expect(wav.readUInt32LE(40)).toBe(5000);
    expect(wav.subarray(44).equals(Buffer.concat([Buffer.alloc(4096, 1), Buffer.alloc(904, 2)]))).toBe(true);
  });

  test('--wav works together with --json, and the file is complete before the status line', async () => {
    const path = join(folder, 'json.wav');
    await ask('good', ['--json', '--wav', path]);
    expect(readFileSync(path).readUInt32LE(40)).toBe(5000);
  });

  test('an answer without sound leaves no file behind', async () => {
    const path = join(folder, 'silent.wav');
    expect((await ask('command only', ['--wav', path])).exitCode).toBe(0);
    expect(existsSync(path)).toBe(false);
  });

  test('sound that came before an error is kept', async () => {
    const path = join(folder, 'half.wav');
    await ask('error after data', ['--wav', path]);
    expect(readFileSync(path).readUInt32LE(40)).toBe(4096);
  });

  test('sound in another format is dropped and said', async () => {
    const path = join(folder, 'noise.wav');
    const { stdout, stderr, exitCode } = await ask('another format', ['--wav', path]);
    expect(stdout).toBe('Noise.\nsound: none came\n');
    expect(stderr).toContain('dropped 2 audio chunks');
    expect(exitCode).toBe(0);
  });

  test('a full disk is found before anything is asked', async () => {
    const before = server.requests.length;
    const { exitCode, stderr } = await ask('good', ['--wav', '/dev/full']);
    expect(stderr).toContain("--wav /dev/full can't be written: ENOSPC");
    expect(exitCode).toBe(2);
    expect(server.requests.length).toBe(before);
  });

  test('a disk that fills up on the way is a failure, since the sound was asked for', async () => {
    const path = join(folder, 'too-large.wav');
    const { exitCode, stdout, stderr } = await runBin(['ask', 'good', '--server', server.address, '--wav', path], {
      limits: 'trap "" XFSZ; ulimit -f 4',
    });
    expect(stdout).toContain('It is noon. Добрый день.');
    expect(stderr).toMatch(/^error: The sound is lost, .*too-large\.wav can't be written: EFBIG/);
    expect(exitCode).toBe(1);
  });

  test('the first player on the PATH gets the raw samples on its stdin', async () => {
    const played = join(folder, 'played.pcm');
    const bin = pathWith('aplay', `exec /bin/cat > ${played}`);
    const { stdout, exitCode } = await ask('good', [], { env: { PATH: `/nowhere:${bin}` } });
    expect(stdout).toContain('sound: 0.1 s, played by aplay\n');
    expect(readFileSync(played).equals(Buffer.concat([Buffer.alloc(4096, 1), Buffer.alloc(904, 2)]))).toBe(true);
    expect(exitCode).toBe(0);
  });

  test('a player that reads only files gets a file, which is gone afterwards', async () => {
    const played = join(folder, 'played.wav');
    const nameOfFile = join(folder, 'name-of-file');
    const bin = pathWith('afplay', `/bin/cat "$1" > ${played}; echo "$1" > ${nameOfFile}`);
    const { stdout } = await ask('good', [], { env: { PATH: bin } });
    expect(stdout).toContain('sound: 0.1 s, played by afplay\n');
    expect(readFileSync(played).readUInt32LE(40)).toBe(5000);
    expect(existsSync(readFileSync(nameOfFile, 'utf8').trim())).toBe(false);
  });

  test('a player that fails is said with its own words, and the answer stays good', async () => {
    const bin = pathWith('ffplay', 'echo "no sound card" >&2; exit 3');
    const { stdout, exitCode } = await ask('good', [], { env: { PATH: bin } });
    expect(stdout).toContain('not played, ffplay failed (no sound card); --wav FILE keeps it\n');
    expect(exitCode).toBe(0);
  });
});

describe('the request', () => {
  test('carries prompt, ids and screenshot as given', async () => {
    const screenshot = join(folder, 'screen.png');
    writeFileSync(screenshot, Buffer.from([0x89, 0x50, 0x4e, 0x47]));
    await ask('command only', ['--session', 'abc', '--hardware', 'mac-1', '--screenshot', screenshot]);
    expect(server.requests.at(-1)).toMatchObject({
      prompt: 'command only',
      session_id: 'abc',
      hardware_id: 'mac-1',
      screenshot: 'iVBORw==',
    });
  });

  test('leaves the session id to the server and names this device by default', async () => {
    await ask('command only');
    expect(server.requests.at(-1)).toEqual({ prompt: 'command only', session_id: '', hardware_id: 'recital-cli' });
  });

  test.each<[string, Readonly<Record<string, string>>]>([
    ['GRPC_HOST and GRPC_PORT', { GRPC_HOST: '127.0.0.1' }],
    ['a server on every interface', { GRPC_HOST: '0.0.0.0' }],
  ])('goes to the server of the environment: %s', async (_, env) => {
    const GRPC_PORT = server.address.split(':')[1] ?? '';
    const { exitCode } = await runCli(['ask', 'command only'], { env: { ...env, GRPC_PORT } });
    expect(exitCode).toBe(0);
  });

  test('a proxy of the environment is not asked for this very machine', async () => {
    const env = { http_proxy: 'http://127.0.0.1:1', grpc_proxy: 'http://127.0.0.1:1' };
    const result = await runBin(['ask', 'command only', '--server', server.address], { env });
    expect(result.exitCode).toBe(0);
  });
});

describe('being stopped', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s cancels the call on the server and exits %i', async (signal, exitCode) => {
    const before = cancelledCalls;
    const running = startBin(['ask', 'hang', '--server', server.address]);
    await running.printed('Wait');
    running.child.kill(signal);
    expect(await running.result).toMatchObject({ exitCode, signal: null, stdout: 'Wait\n', stderr: 'stopped\n' });
    await expect.poll(() => cancelledCalls).toBe(before + 1);
  });

  test.each([[['--wav']], [['--wav', '--json']]])(
    '%j keeps what came until then: a file with true sizes, and nothing is called lost',
    async (how) => {
      const path = join(folder, `stopped-${how.length}.wav`);
      const options = how.flatMap((option) => (option === '--wav' ? [option, path] : [option]));
      const running = startCli(['ask', 'much sound, then nothing', '--server', server.address, ...options]);
      // While frames are still on their way from the queue to the file.
      await running.printed('Long.');
      running.interrupt();
      const { exitCode, stdout, stderr } = await running.result;
      expect({ exitCode, stderr }).toEqual({ exitCode: 130, stderr: 'stopped\n' });
      expect(stdout).not.toContain('lost');
      const bytes = existsSync(path) ? readFileSync(path) : wavHeader({ ...audioFormat, dataBytes: 0 });
      expect(bytes.readUInt32LE(40)).toBe(bytes.length - 44);
      expect(bytes.subarray(44).every((byte) => byte === 3)).toBe(true);
    },
  );

  test('a player that reads only files is not started for an answer that was stopped', async () => {
    const marker = join(folder, 'was-started');
    const bin = pathWith('afplay', `echo yes > ${marker}`);
    const running = startCli(['ask', 'much sound, then nothing', '--server', server.address], { env: { PATH: bin } });
    await running.printed('Wait');
    running.interrupt();
    expect(await running.result).toMatchObject({ exitCode: 130, stderr: 'stopped\n' });
    expect(existsSync(marker)).toBe(false);
  });

  test('a stopped --json run still ends with its status line', async () => {
    const running = startCli(['ask', 'hang', '--json', '--server', server.address]);
    await running.printed('Wait');
    running.interrupt();
    const result = await running.result;
    expect(linesOf(result).at(-1)).toEqual({
      kind: 'status',
      code: 'CANCELLED',
      details: 'Cancelled on client',
      error_type: null,
    });
    expect(result.exitCode).toBe(130);
  });

  test('a reader that closes the pipe early harms nothing', async () => {
    const running = startBin(['ask', 'error after much data', '--server', server.address]);
    running.child.stdout?.destroy();
    const { stderr, exitCode } = await running.result;
    expect(stderr).toMatch(/^error: too late/);
    expect(exitCode).toBe(1);
  });
});
