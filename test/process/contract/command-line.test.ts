/** CONTRACT §4, the command line: `ask --json` by its lines and exit codes, and the commands that there are. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type Step, says } from '../../support/contract/contract-rows.ts';
import { served } from '../../support/contract/served.ts';
import { runCli } from '../../support/run-cli.ts';

const LATER: Step = { wait_ms: 300 };
const its = served({
  scenario: {
    answers: [
      {
        when: '^good',
        steps: [...says('One is here.'), { command: { command: 'open_app', args: { app_name: 'Safari' } } }],
      },
      { when: '^down', steps: [{ fail: { error_code: 'UNAVAILABLE', message: 'model is down' } }] },
      { when: '^late', steps: [...says('One is here. Two'), LATER, { fail: { message: 'it broke' } }] },
      { when: '^open', steps: [{ command: { command: 'open_app', args: { app_name: 'Safari' } } }] },
    ],
    speech: { chunks_per_sentence: 2, chunk_bytes: 3000 },
  },
});
const dir = mkdtempSync(join(tmpdir(), 'recital-cli-'));
afterAll(() => rmSync(dir, { recursive: true }));

const status = (code: string, details: unknown, error_type: string | null) => ({
  kind: 'status',
  code,
  details,
  error_type,
});
const text = { kind: 'text_chunk', text: 'One is here.' };
const sound = [4096, 1904].map((bytes) => ({ kind: 'audio_chunk', bytes }));
const action = { kind: 'action_message', command: 'open_app', args: { app_name: 'Safari' } };
const end = { kind: 'end_message', text: expect.any(String) };

interface AskRow {
  readonly sentence: string;
  readonly args: readonly string[];
  readonly exitCode: number;
  readonly lines: readonly object[];
}

const rows: readonly AskRow[] = [
  {
    sentence: 'one object a line … the exit code is 0 only for a good end',
    args: ['good'],
    exitCode: 0,
    lines: [text, ...sound, action, end, status('OK', expect.any(String), null)],
  },
  {
    sentence: '[a command without words]',
    args: ['open'],
    exitCode: 0,
    lines: [action, end, status('OK', expect.any(String), null)],
  },
  {
    sentence: 'last {"kind":"status","code":…,"details":…,"error_type":…} [: before data]',
    args: ['down'],
    exitCode: 1,
    lines: [{ kind: 'error_message', text: 'model is down' }, status('UNAVAILABLE', 'model is down', 'answer_failed')],
  },
  {
    sentence: 'last {"kind":"status","code":…,"details":…,"error_type":…} [: after data]',
    args: ['late'],
    exitCode: 1,
    lines: [text, ...sound, status('INTERNAL', 'it broke', 'processing_error')],
  },
  {
    sentence: '--session ID [that the server refuses]',
    args: ['good', '--session', 'a b'],
    exitCode: 1,
    lines: [
      { kind: 'error_message', text: expect.stringContaining('session_id') },
      status('INVALID_ARGUMENT', expect.stringContaining('session_id'), 'invalid_session_id'),
    ],
  },
];

describe('ask PROMPT --json', () => {
  test.each(rows.map((row) => [row.sentence, row] as const))('%s', async (_, { args, exitCode, lines }) => {
    const result = await runCli(['ask', ...args, '--server', `127.0.0.1:${its.server.grpcPort}`, '--json']);
    expect(
      result.stdout
        .trimEnd()
        .split('\n')
        .map((line): unknown => JSON.parse(line)),
    ).toEqual(lines);
    expect(result.exitCode).toBe(exitCode);
  });

  test('[no server: still one status, and not 0]', async () => {
    const result = await runCli(['ask', 'hi', '--server', '127.0.0.1:1', '--json']);
    expect(JSON.parse(result.stdout)).toMatchObject({ kind: 'status', code: 'UNAVAILABLE', error_type: null });
    expect(result.exitCode).toBe(1);
  });
});

describe('ask PROMPT', () => {
  test('text as it comes, the command, where the sound went [, --session, --hardware, --wav]', async () => {
    const wav = join(dir, 'answer.wav');
    const ids = ['--session', 'from-the-shell', '--hardware', 'my-pc'];
    const { stdout, exitCode } = await runCli([
      'ask',
      'good',
      '--server',
      `127.0.0.1:${its.server.grpcPort}`,
      '--wav',
      wav,
      ...ids,
    ]);
    expect(exitCode).toBe(0);
    for (const part of ['One is here.', 'open_app', 'Safari', wav]) expect(stdout).toContain(part);
    expect(readFileSync(wav).length).toBe(44 + 6000);
    expect(its.server.logsOf('stream_acquired').at(-1)?.ctx).toMatchObject({
      session_id: 'from-the-shell',
      hardware_id: 'my-pc',
    });
  });
});

describe('`--help` on each', () => {
  test.concurrent.each(['serve', 'ask', 'demo'])('%s', async (command) => {
    const { stdout, exitCode } = await runCli([command, '--help']);
    expect(stdout).toContain(`recital ${command}`);
    expect(exitCode).toBe(0);
  });
});
